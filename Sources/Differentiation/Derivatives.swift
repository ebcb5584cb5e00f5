/// Forward and reverse differentiation as transforms from graph to graph: the result is again made of primitives, so that derivatives
/// compose to any order.
package enum Derivatives {
  /// Cotangents of `targets`: Σ over outputs of cᵢᵀ ∂outputᵢ/∂target; nil where an output does not depend on the target.
  ///
  /// Targets are the independent variables: any nodes, not only inputs, each held fixed while another varies.
  package static func pullback(of outputs: [Node], cotangents: [Node], to targets: [Node]) -> [Node?] {
    let targetSet = Set(targets)
    // Only nodes between targets and outputs carry a cotangent.
    let all = Node.reachable(from: outputs)
    var varies = targetSet
    for node in all where node.inputs.contains(where: varies.contains) { varies.insert(node) }
    varies.formUnion(outputs.filter(targetSet.contains))
    var sums: [Node: [Node]] = [:]
    for (output, cotangent) in zip(outputs, cotangents) { sums[output, default: []].append(cotangent) }
    var parts: [Node: [Int: Node]] = [:]
    for node in all.reversed() where varies.contains(node) {
      if let wanted = parts[node] {
        let count = outputCount(node)
        distribute(node, tuplePullback(node, (0..<count).map { wanted[$0] }), varies, &sums)
        continue
      }
      guard let arrived = sums[node], !node.inputs.isEmpty else { continue }
      let cotangent = sum(arrived)
      sums[node] = [cotangent]
      if cotangent.splat == 0 { continue }
      if case .project(let index) = node.operation {
        let source = node.inputs[0]
        parts[source, default: [:]][index] = parts[source]?[index].map { $0 + cotangent } ?? cotangent
        continue
      }
      // Targets are independent variables: what one passes on to another is not counted.
      if targetSet.contains(node) { continue }
      distribute(node, pullback(node, cotangent, needed: node.inputs.map(varies.contains)), varies, &sums)
    }
    return targets.map { target in sums[target].map(sum) }
  }

  /// Adds balanced, not in a chain, so that a value used k times costs depth log k.
  private static func sum(_ terms: [Node]) -> Node {
    var terms = terms
    while terms.count > 1 {
      terms = stride(from: 0, to: terms.count, by: 2).map { $0 + 1 < terms.count ? terms[$0] + terms[$0 + 1] : terms[$0] }
    }
    return terms[0]
  }

  private static func distribute(_ node: Node, _ cotangents: [Node?], _ varies: Set<Node>, _ sums: inout [Node: [Node]]) {
    for (input, cotangent) in zip(node.inputs, cotangents) {
      if let cotangent, varies.contains(input) { sums[input, default: []].append(cotangent) }
    }
  }

  private static func outputCount(_ node: Node) -> Int {
    switch node.operation {
    case .scan(let body): body.outputShapes.count
    case .custom(let reference): reference.outputShapes.count
    default: 1
    }
  }

  private static func tuplePullback(_ node: Node, _ cotangents: [Node?]) -> [Node?] {
    switch node.operation {
    case .scan(let body): body.pullback(node, cotangents)
    case .custom(let reference): reference.pullback(node, cotangents)
    default: preconditionFailure("only scan and custom nodes have several outputs")
    }
  }

  /// Tangents of `outputs` along the given tangents of some nodes; nil where an output does not depend on them.
  package static func pushforward(of outputs: [Node], along seeds: [(node: Node, tangent: Node)]) -> [Node?] {
    var tangents: [Node: Node] = Dictionary(seeds.map { ($0.node, $0.tangent) }, uniquingKeysWith: { a, b in a + b })
    var tuples: [Node: [Node]] = [:]
    for node in Node.reachable(from: outputs) where tangents[node] == nil {
      if case .project(let index) = node.operation {
        if let parts = tuples[node.inputs[0]] { tangents[node] = parts[index] }
        continue
      }
      let incoming = node.inputs.map { tangents[$0] }
      guard incoming.contains(where: { $0 != nil }) else { continue }
      switch node.operation {
      case .scan(let body): tuples[node] = body.pushforward(node, incoming)
      case .custom(let reference): tuples[node] = reference.pushforward(node, incoming)
      default: tangents[node] = pushforward(node, incoming)
      }
    }
    return outputs.map { tangents[$0] }
  }

  // MARK: - The table

  /// The VJP of one node. Inputs that are not needed may get nil.
  private static func pullback(_ node: Node, _ c: Node, needed: [Bool]) -> [Node?] {
    let x = node.inputs
    switch node.operation {
    case .unary(let operation): return [operation.derivative(x: x[0], y: node).map { c * $0 }]
    case .binary(.divide):
      let left = c / x[1]
      return [left, needed[1] ? -(left * node) : nil]
    case .binary(let operation):
      let d = operation.derivatives(x[0], x[1], y: node)
      return [needed[0] ? d.0.map { c * $0 } : nil, needed[1] ? d.1.map { c * $0 } : nil]
    case .ternary(.select):
      let zero = Node.fill(0, shape: node.shape)
      return [nil, .select(x[0], c, zero), .select(x[0], zero, c)]
    case .ternary(let operation): return operation.derivatives(x, y: node, needed: needed).map { $0.map { c * $0 } }
    case .broadcast(let axes):
      let repeated = node.shape.indices.filter { !axes.contains($0) }
      return [c.reduced(.sum, axes: repeated)]
    case .reduce(let reducer, let axes): return [reducePullback(node, c, reducer, axes)]
    case .reshape: return [c.reshaped(to: x[0].shape)]
    case .transpose(let permutation): return [c.transposed(inverse(permutation))]
    case .slice(let starts): return [c.padded(starts: starts, shape: x[0].shape)]
    case .pad(let starts): return [c.sliced(starts: starts, shape: x[0].shape)]
    case .concatenate(let axis):
      var offset = 0
      return x.map { part in
        var starts = [Int](repeating: 0, count: part.shape.count)
        starts[axis] = offset
        offset += part.shape[axis]
        return c.sliced(starts: starts, shape: part.shape)
      }
    case .gather(let axis): return [c.scatterAdded(x[1], axis: axis, size: x[0].shape[axis]), nil]
    case .scatterAdd(let axis): return [c.gathered(x[1], axis: axis), nil]
    case .contract(let spec):
      return [
        needed[0] ? .contract(c, x[1], Contraction(spec.out, spec.b, spec.a)) : nil,
        needed[1] ? .contract(x[0], c, Contraction(spec.a, spec.out, spec.b)) : nil,
      ]
    case .cumulativeSum(let axis, let reversed): return [c.cumulativeSum(axis: axis, reversed: !reversed)]
    case .recurrence(let operation): return operation.pullback(node, c, needed: needed)
    case .linearAlgebra(let operation): return operation.pullback(node, c)
    case .draw(let draw): return x.indices.map { $0 == 0 ? draw.parameterDerivative(node).map { c * $0 } : nil }
    case .input, .constant, .fill, .scan, .custom, .project, .invalid: return []
    }
  }

  /// The JVP of one node, not all tangents nil.
  private static func pushforward(_ node: Node, _ t: [Node?]) -> Node? {
    let x = node.inputs
    func add(_ a: Node?, _ b: Node?) -> Node? { a.map { a in b.map { a + $0 } ?? a } ?? b }
    switch node.operation {
    case .unary(let operation): return operation.derivative(x: x[0], y: node).map { t[0]! * $0 }
    case .binary(let operation):
      let d = operation.derivatives(x[0], x[1], y: node)
      return add(
        t[0].flatMap { t in d.0.map { t * $0 } }, t[1].flatMap { t in d.1.map { t * $0 } })
    case .ternary(.select):
      if t[1] == nil, t[2] == nil { return nil }
      let zero = Node.fill(0, shape: node.shape)
      return .select(x[0], t[1] ?? zero, t[2] ?? zero)
    case .ternary(let operation):
      let d = operation.derivatives(x, y: node, needed: t.map { $0 != nil })
      return zip(t, d).reduce(nil) { sum, pair in add(sum, pair.0.flatMap { t in pair.1.map { t * $0 } }) }
    case .broadcast(let axes): return t[0]!.broadcast(to: node.shape, axes: axes)
    case .reduce(.sum, let axes): return t[0]!.reduced(.sum, axes: axes)
    case .reduce(let reducer, let axes):
      let share = reducePullback(node, .fill(1, shape: node.shape), reducer, axes)
      return (t[0]! * share).reduced(.sum, axes: axes)
    case .reshape: return t[0]!.reshaped(to: node.shape)
    case .transpose(let permutation): return t[0]!.transposed(permutation)
    case .slice(let starts): return t[0]!.sliced(starts: starts, shape: node.shape)
    case .pad(let starts): return t[0]!.padded(starts: starts, shape: node.shape)
    case .concatenate(let axis):
      return .concatenate(zip(x, t).map { $1 ?? .fill(0, shape: $0.shape) }, axis: axis)
    case .gather(let axis): return t[0].map { $0.gathered(x[1], axis: axis) }
    case .scatterAdd(let axis): return t[0].map { $0.scatterAdded(x[1], axis: axis, size: node.shape[axis]) }
    case .contract(let spec):
      return add(t[0].map { .contract($0, x[1], spec) }, t[1].map { .contract(x[0], $0, spec) })
    case .cumulativeSum(let axis, let reversed): return t[0]!.cumulativeSum(axis: axis, reversed: reversed)
    case .recurrence(let operation): return operation.pushforward(node, t)
    case .linearAlgebra(let operation): return operation.pushforward(node, t)
    case .draw(let draw): return t[0].flatMap { t in draw.parameterDerivative(node).map { t * $0 } }
    case .input, .constant, .fill, .scan, .custom, .project, .invalid: return nil
    }
  }

  /// Sum: the cotangent repeated. Maximum and minimum: shared equally among the elements that attain it.
  private static func reducePullback(_ node: Node, _ c: Node, _ reducer: Reducer, _ axes: [Int]) -> Node {
    let x = node.inputs[0]
    let kept = x.shape.indices.filter { !axes.contains($0) }
    let spread = c.broadcast(to: x.shape, axes: kept)
    if reducer == .sum { return spread }
    let attains = Node.binary(.equal, x, node.broadcast(to: x.shape, axes: kept))
    let ties = attains.reduced(.sum, axes: axes).broadcast(to: x.shape, axes: kept)
    return spread * (attains / ties)
  }

  private static func inverse(_ permutation: [Int]) -> [Int] {
    var result = permutation
    for (index, axis) in permutation.enumerated() { result[axis] = index }
    return result
  }
}
