/// The body of a sequential loop: one step as a graph of its own.
///
/// Node inputs: initial carries, then stacked elements [T, …], then captured values. Outputs, by `project`: final carries, then stacked
/// results [T, …], then the carries before each step, stacked [T, …] (read by the reverse sweep; not stored where nobody reads them).
package final class ScanBody: Sendable {
  package let length: Int
  /// Whether steps run from the last element to the first. Stacked arrays keep their positions.
  package let isReversed: Bool
  package let carries: [Node]
  package let elements: [Node]
  package let captured: [Node]
  package let nextCarries: [Node]
  package let results: [Node]

  package init(
    length: Int, isReversed: Bool, carries: [Node], elements: [Node], captured: [Node], nextCarries: [Node], results: [Node]
  ) {
    self.length = length
    self.isReversed = isReversed
    self.carries = carries
    self.elements = elements
    self.captured = captured
    self.nextCarries = nextCarries
    self.results = results
  }

  package var outputShapes: [[Int]] {
    carries.map(\.shape) + results.map { [length] + $0.shape } + carries.map { [length] + $0.shape }
  }
}

extension ScanBody: Hashable {
  package static func == (a: ScanBody, b: ScanBody) -> Bool { a === b }
  package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

extension Node {
  /// Runs `step` on (carries, elements at t) for t = 0…T−1 (T−1…0 when reversed). Values that do not depend on the step are computed once,
  /// outside, and captured.
  package static func scan(
    length: Int, isReversed: Bool = false, initial: [Node], elements: [Node],
    step: (_ carries: [Node], _ elements: [Node]) throws -> (carries: [Node], results: [Node])
  ) rethrows -> (carries: [Node], results: [Node], before: [Node]) {
    let carries = initial.map { Node.input("carry", shape: $0.shape) }
    let items = elements.map { Node.input("element", shape: Array($0.shape.dropFirst())) }
    let next = try step(carries, items)
    return scan(
      length: length, isReversed: isReversed, initial: initial, elements: elements, carryInputs: carries, elementInputs: items,
      nextCarries: next.carries, results: next.results)
  }

  static func scan(
    length: Int, isReversed: Bool, initial: [Node], elements: [Node], carryInputs: [Node], elementInputs: [Node],
    nextCarries: [Node], results: [Node]
  ) -> (carries: [Node], results: [Node], before: [Node]) {
    let (captured, inner, outputs) = capturing(outputs: nextCarries + results, inputs: carryInputs + elementInputs)
    let body = ScanBody(
      length: length, isReversed: isReversed, carries: carryInputs, elements: elementInputs, captured: inner,
      nextCarries: Array(outputs[..<nextCarries.count]), results: Array(outputs[nextCarries.count...]))
    let node = Node(.scan(body), initial + elements + captured, shape: [])
    let parts = body.outputShapes.enumerated().map { Node(.project($0.offset), [node], shape: $0.element) }
    let k = initial.count
    return (Array(parts[..<k]), Array(parts[k..<(k + results.count)]), Array(parts[(k + results.count)...]))
  }

  /// Cuts a body out of the surrounding graph: the largest parts that do not depend on `inputs` become captured inputs of the body.
  private static func capturing(outputs: [Node], inputs: [Node]) -> (captured: [Node], inner: [Node], outputs: [Node]) {
    let all = reachable(from: outputs)
    var varies = Set(inputs)
    for node in all where node.inputs.contains(where: varies.contains) { varies.insert(node) }
    var replacement: [Node: Node] = [:]
    var captured: [Node] = []
    var inner: [Node] = []
    func inside(_ node: Node) -> Node {
      if let known = replacement[node] { return known }
      if node.splat != nil || inputs.contains(node) { return node }
      let input = Node.input("captured", shape: node.shape)
      captured.append(node)
      inner.append(input)
      replacement[node] = input
      return input
    }
    for node in all where varies.contains(node) && !node.inputs.isEmpty {
      replacement[node] = Node(
        node.operation, node.inputs.map { varies.contains($0) ? replacement[$0] ?? $0 : inside($0) }, shape: node.shape)
    }
    let mapped = outputs.map { varies.contains($0) ? replacement[$0] ?? $0 : inside($0) }
    return (captured, inner, mapped)
  }
}

extension ScanBody {
  private func split<T>(_ all: [T]) -> (carries: [T], elements: [T], captured: [T]) {
    let k = carries.count
    let e = k + elements.count
    return (Array(all[..<k]), Array(all[k..<e]), Array(all[e...]))
  }

  /// JVP: a scan whose carry is (carry, tangent).
  func pushforward(_ node: Node, _ tangents: [Node?]) -> [Node] {
    let outer = split(node.inputs)
    let zeroed = zip(node.inputs, tangents).map { $1 ?? .fill(0, shape: $0.shape) }
    let t = split(zeroed)
    let innerInputs = carries + elements
    let tangentInputs = innerInputs.map { Node.input("tangent", shape: $0.shape) }
    let k = carries.count
    // Captured values stand for themselves outside, so the new body may refer to them directly.
    let bodyMap = Dictionary(uniqueKeysWithValues: zip(captured, outer.captured))
    let outputs = Node.substitute(nextCarries + results, bodyMap)
    let pushed = Derivatives.pushforward(
      of: outputs, along: zip(innerInputs, tangentInputs).map { ($0, $1) } + zip(outer.captured, t.captured).map { ($0, $1) })
    let n = nextCarries.count
    let full = zip(outputs, pushed).map { ($0, $1 ?? Node.fill(0, shape: $0.shape)) }
    let scanned = Node.scan(
      length: length, isReversed: isReversed, initial: outer.carries + t.carries, elements: outer.elements + t.elements,
      carryInputs: carries + tangentInputs[..<k], elementInputs: elements + tangentInputs[k...],
      nextCarries: full[..<n].map(\.0) + full[..<n].map(\.1), results: full[n...].map(\.1))
    return Array(scanned.carries[n...]) + scanned.results + Array(scanned.before[n...])
  }

  /// VJP: the loop backwards, carrying the carries' cotangents and the sums of the captured values' cotangents.
  func pullback(_ node: Node, _ cotangents: [Node?]) -> [Node?] {
    let outer = split(node.inputs)
    let k = carries.count
    let r = results.count
    let before = outputShapes.enumerated().dropFirst(k + r).map { Node(.project($0.offset), [node], shape: $0.element) }
    let filled = zip(outputShapes, cotangents).map { $1 ?? .fill(0, shape: $0) }
    let final = Array(filled[..<k])
    let resultBars = Array(filled[k..<(k + r)])
    let beforeBars = Array(filled[(k + r)...])
    let usesBefore = cotangents[(k + r)...].contains { $0 != nil }
    let carryBars = carries.map { Node.input("carry-cotangent", shape: $0.shape) }
    let sums = captured.map { Node.input("captured-cotangent", shape: $0.shape) }
    // A result that nobody reads has no cotangent to carry along.
    let isRead = cotangents[k..<(k + r)].map { $0 != nil }
    let resultBarInputs = results.map { Node.input("result-cotangent", shape: $0.shape) }
    let resultCotangents = zip(resultBarInputs, isRead).map { $1 ? $0 : .fill(0, shape: $0.shape) }
    func read(_ all: [Node]) -> [Node] { zip(all, isRead).filter(\.1).map(\.0) }
    let beforeBarInputs = usesBefore ? carries.map { Node.input("before-cotangent", shape: $0.shape) } : []
    let bodyMap = Dictionary(uniqueKeysWithValues: zip(captured, outer.captured))
    let outputs = Node.substitute(nextCarries + results, bodyMap)
    let pulled = Derivatives.pullback(
      of: outputs, cotangents: carryBars + resultCotangents, to: carries + elements + outer.captured)
    let e = elements.count
    var nextBars = (0..<k).map { pulled[$0] ?? .fill(0, shape: carries[$0].shape) }
    if usesBefore { nextBars = zip(nextBars, beforeBarInputs).map(+) }
    let elementBars = (0..<e).map { pulled[k + $0] ?? .fill(0, shape: elements[$0].shape) }
    let capturedBars = captured.indices.map { sums[$0] + (pulled[k + e + $0] ?? .fill(0, shape: sums[$0].shape)) }
    let scanned = Node.scan(
      length: length, isReversed: !isReversed,
      initial: final + captured.map { .fill(0, shape: $0.shape) },
      elements: before + outer.elements + read(resultBars) + (usesBefore ? beforeBars : []),
      carryInputs: carryBars + sums, elementInputs: carries + elements + read(resultBarInputs) + beforeBarInputs,
      nextCarries: nextBars + capturedBars, results: elementBars)
    return scanned.carries[..<k].map { $0 } + scanned.results.map { $0 } + scanned.carries[k...].map { $0 }
  }
}

extension Node {
  /// The outputs rebuilt with some nodes replaced. Nodes that do not depend on a replaced one are kept.
  package static func substitute(_ outputs: [Node], _ map: [Node: Node]) -> [Node] {
    if map.isEmpty { return outputs }
    var replaced = map
    for node in reachable(from: outputs) where replaced[node] == nil {
      if node.inputs.contains(where: { replaced[$0] != nil }) {
        replaced[node] = Node(node.operation, node.inputs.map { replaced[$0] ?? $0 }, shape: node.shape)
      }
    }
    return outputs.map { replaced[$0] ?? $0 }
  }
}
