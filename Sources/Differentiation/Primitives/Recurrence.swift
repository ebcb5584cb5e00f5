/// Recurrences over time of K states, a primitive each: T steps along the first axis, states along the next ones, and a batch along all others.
/// They are closed under differentiation, to any order, in both directions.
package enum Recurrence: Hashable, Sendable {
  /// (pairs [T or 1, a, b, …], singles [T, a, …], end [a, …]) ↦ m [T + 1, b, …] with m[T] = end and
  /// m[t, b] = log Σ_a exp(pairs[t, a, b] + singles[t, a] + m[t + 1, a]): the messages of a hidden Markov chain from its end to its start.
  case logSumExp
  /// (pairs, singles, m) ↦ p [T, a, b, …] = exp(pairs[t, a, b] + singles[t, a] + m[t + 1, a] − m[t, b]), 0 where m[t, b] is −∞: the
  /// probabilities of state a after step t given state b before it.
  case weights
  /// (A [T, out, in, …], g [T, k, …], first [k, …]) ↦ y [T + 1, k, …] with y[0] = first and y[t + 1] = A[t] y[t] + g[t]; reversed: y[T] = first
  /// and y[t] = A[t] y[t + 1] + g[t]. Transposed: A stands as [T, in, out, …].
  case linear(transposed: Bool, reversed: Bool)

  var name: String {
    switch self {
    case .logSumExp: "logSumExpRecurrence"
    case .weights: "recurrenceWeights"
    case .linear(let transposed, let reversed): "linearRecurrence[\(transposed ? "transposed" : "plain")\(reversed ? ",reversed" : "")]"
    }
  }

  /// The shape of the value, nil where those of the inputs do not fit.
  func shape(_ x: [[Int]]) -> [Int]? {
    guard x.count == 3, x[0].count >= 3, x[1].count + 1 == x[0].count else { return nil }
    let (steps, states, batch) = (x[1][0], x[1][1], Array(x[1].dropFirst(2)))
    let messages = [steps + 1, states] + batch
    guard x[0].dropFirst() == [states, states] + batch, x[0][0] == steps || (x[0][0] == 1 && !isLinear) else { return nil }
    switch self {
    case .logSumExp, .linear: return x[2] == [states] + batch ? messages : nil
    case .weights: return x[2] == messages ? [steps, states, states] + batch : nil
    }
  }

  private var isLinear: Bool { if case .linear = self { true } else { false } }
}

extension Node {
  package static func recurrence(_ operation: Recurrence, _ a: Node, _ b: Node, _ c: Node) -> Node {
    let shape = operation.shape([a.shape, b.shape, c.shape])
    precondition(shape != nil, "the inputs of a recurrence have shapes that fit")
    return Node(.recurrence(operation), [a, b, c], shape: shape!)
  }

  /// Some neighbouring indices of the first axis.
  fileprivate func steps(_ range: Range<Int>) -> Node {
    sliced(starts: [range.lowerBound] + shape.dropFirst().map { _ in 0 }, shape: [range.count] + shape.dropFirst())
  }
  /// One index of the first axis, without that axis.
  package func step(_ index: Int) -> Node { steps(index..<(index + 1)).reshaped(to: Array(shape.dropFirst())) }

  /// [T, k, …] along the second or the third axis of a shape [T, a, b, …].
  fileprivate func repeated(_ shape: [Int], along axis: Int) -> Node {
    broadcast(to: shape, axes: [0, axis] + Array(3..<Swift.max(3, shape.count)))
  }

  /// [1, …] or [T, …] as [T, …].
  fileprivate func everyStep(_ shape: [Int]) -> Node {
    self.shape[0] == shape[0] ? self : step(0).broadcast(to: shape, axes: Array(1..<shape.count))
  }
  fileprivate func summed(like pairs: Node) -> Node {
    pairs.shape[0] == shape[0] ? self : reduced(.sum, axes: [0]).reshaped(to: pairs.shape)
  }
}

extension Recurrence {
  /// VJP.
  func pullback(_ node: Node, _ c: Node, needed: [Bool]) -> [Node?] {
    let x = node.inputs
    let steps = x[1].shape[0]
    switch self {
    case .logSumExp:
      // What arrives at m[t, b] goes on to the states after it by their probabilities.
      let p = Node.recurrence(.weights, x[0], x[1], node)
      let later = c.steps(1..<(steps + 1))
      let y = Node.recurrence(.linear(transposed: false, reversed: false), p, later, c.step(0))
      let share = p * y.steps(0..<steps).repeated(p.shape, along: 2)
      let passed = later.splat == 0 ? y.steps(1..<(steps + 1)) : share.reduced(.sum, axes: [2])
      return [needed[0] ? share.summed(like: x[0]) : nil, needed[1] ? passed : nil, needed[2] ? y.step(steps) : nil]
    case .weights:
      let share = c * node
      let after = share.reduced(.sum, axes: [2])
      let before = share.reduced(.sum, axes: [1])
      let shape = x[2].shape
      let start = [Int](repeating: 0, count: shape.count)
      return [
        share.summed(like: x[0]), after,
        after.padded(starts: [1] + start.dropFirst(), shape: shape) - before.padded(starts: start, shape: shape),
      ]
    case .linear(let transposed, let reversed):
      // λ is the cotangent of all that comes later.
      let terms = c.steps(reversed ? 1..<(steps + 1) : 0..<steps)
      let back = Node.recurrence(.linear(transposed: !transposed, reversed: !reversed), x[0], terms, c.step(reversed ? 0 : steps))
      let arrived = back.steps(reversed ? 0..<steps : 1..<(steps + 1))
      let from = node.steps(reversed ? 1..<(steps + 1) : 0..<steps)
      let out = arrived.repeated(x[0].shape, along: transposed ? 2 : 1)
      return [
        needed[0] ? out * from.repeated(x[0].shape, along: transposed ? 1 : 2) : nil, arrived, back.step(reversed ? steps : 0),
      ]
    }
  }

  /// JVP.
  func pushforward(_ node: Node, _ t: [Node?]) -> Node? {
    let x = node.inputs
    let steps = x[1].shape[0]
    func zero(_ index: Int) -> Node { t[index] ?? .fill(0, shape: x[index].shape) }
    switch self {
    case .logSumExp:
      let p = Node.recurrence(.weights, x[0], x[1], node)
      let change = zero(0).everyStep(p.shape) + zero(1).repeated(p.shape, along: 1)
      return .recurrence(.linear(transposed: true, reversed: true), p, (p * change).reduced(.sum, axes: [1]), zero(2))
    case .weights:
      let (after, before) = (zero(1) + zero(2).steps(1..<(steps + 1)), zero(2).steps(0..<steps))
      return node * (zero(0).everyStep(node.shape) + after.repeated(node.shape, along: 1) - before.repeated(node.shape, along: 2))
    case .linear(let transposed, let reversed):
      let from = node.steps(reversed ? 1..<(steps + 1) : 0..<steps).repeated(x[0].shape, along: transposed ? 1 : 2)
      let change = t[0].map { ($0 * from).reduced(.sum, axes: [transposed ? 1 : 2]) }
      return .recurrence(self, x[0], change.map { zero(1) + $0 } ?? zero(1), zero(2))
    }
  }
}
