extension Graph {
  /// Takes out of loops over time what need not wait for the step before: what depends on elements alone is computed for all steps at once
  /// before the loop, sums over the steps and results that no carry needs for all steps at once after it. What stays is the recursion.
  ///
  /// Only where a step is small, so that the work per instruction and not the memory decides, and where the stacked values fit a cache.
  var splittingScans: Graph {
    let source = self
    var moved: [Int: [Int: Int]] = [:]
    return rewritten { entry, place, graph in
      switch entry.operation {
      case .project(let index): return moved[source.entries[place].inputs[0]]?[index]
      case .scan(let body):
        var wanted = Set<Int>()
        for user in source.entries where user.inputs.first == place {
          if case .project(let index) = user.operation { wanted.insert(index) }
        }
        guard var splitter = ScanSplitter(body, outer: entry.inputs, wanted: wanted), let parts = splitter.split(&graph) else { return nil }
        moved[place] = parts.outputs
        return parts.scan
      default: return nil
      }
    }.withoutDeadEntries
  }
}

/// Divides the body of one scan.
private struct ScanSplitter {
  static let largestStep = 64
  static let largestStack = 1 << 16

  let body: ScanBody
  let outer: [Int]
  let wanted: Set<Int>
  let nodes: [Node]
  private let usersCount: [Node: Int]
  /// The carries that are not mere sums, and the terms of those that are.
  private var carries: [Int] = []
  private var terms: [Int: Node] = [:]
  private var core: Set<Node> = []
  /// What varies with the carries, and what varies with carries or elements.
  private var sequential: Set<Node> = []
  private var stepwise: Set<Node> = []
  /// Values of a step that are kept for after the loop.
  private var stored: [Node] = []
  private var places: [Node: Int] = [:]

  private var k: Int { body.carries.count }
  private var r: Int { body.results.count }

  init?(_ body: ScanBody, outer: [Int], wanted: Set<Int>) {
    self.body = body
    self.outer = outer
    self.wanted = wanted
    nodes = Node.reachable(from: body.nextCarries + body.results)
    let largest = nodes.map(\.count).max() ?? 0
    guard largest <= ScanSplitter.largestStep, largest * body.length <= ScanSplitter.largestStack else { return nil }
    for node in nodes {
      switch node.operation {
      case .draw, .custom, .scan, .project, .invalid: return nil
      default: break
      }
    }
    var count: [Node: Int] = [:]
    for node in nodes { for input in node.inputs { count[input, default: 0] += 1 } }
    for output in body.nextCarries + body.results { count[output, default: 0] += 1 }
    usersCount = count
    stepwise = Set(body.carries + body.elements)
    for node in nodes where node.inputs.contains(where: stepwise.contains) { stepwise.insert(node) }
    sequential = Set(body.carries)
    for node in nodes where node.inputs.contains(where: sequential.contains) { sequential.insert(node) }
    for index in 0..<body.carries.count {
      if let term = sumTerm(index) { terms[index] = term } else { carries.append(index) }
    }
    core = Set(Node.reachable(from: carries.map { body.nextCarries[$0] }))
  }

  /// What a carry that is only summed up adds at each step.
  private func sumTerm(_ index: Int) -> Node? {
    let carry = body.carries[index]
    let next = body.nextCarries[index]
    guard case .binary(.add) = next.operation, usersCount[carry] == 1, usersCount[next] == 1, !wanted.contains(k + r + index) else {
      return nil
    }
    guard next.inputs.contains(carry) else { return nil }
    let term = next.inputs[0] === carry ? next.inputs[1] : next.inputs[0]
    return (sequential.contains(term) ? isParallel(term) : isWhollyParallel(term)) ? term : nil
  }

  /// Whether a node can be computed for all steps at once from its inputs for all steps.
  private func isParallel(_ node: Node) -> Bool {
    switch node.operation {
    case .input, .constant, .fill, .unary, .binary, .ternary, .broadcast, .reduce, .reshape, .transpose, .slice, .pad, .concatenate,
      .contract,
      .cumulativeSum:
      true
    case .gather(let axis):
      !stepwise.contains(node.inputs[1]) || (axis == 0 && !stepwise.contains(node.inputs[0]))
    default: false
    }
  }

  /// Whether the node and all that it is made of are parallel.
  private func isWhollyParallel(_ node: Node) -> Bool { Node.reachable(from: [node]).allSatisfy(isParallel) }

  /// Arithmetic that is as soon done again as kept.
  private func isCheap(_ node: Node) -> Bool {
    switch node.operation {
    case .binary(let operation): [.add, .subtract, .multiply, .maximum, .minimum].contains(operation)
    case .unary(let operation): [.negate, .square, .absolute].contains(operation)
    case .broadcast, .reshape, .transpose, .slice, .input, .fill, .constant, .ternary(.select): true
    default: false
    }
  }

  // MARK: - The division

  mutating func split(_ graph: inout Graph) -> (scan: Int, outputs: [Int: Int])? {
    guard !carries.isEmpty else { return nil }
    let roots = (0..<r).filter { wanted.contains(k + $0) }.map { body.results[$0] }
    for root in roots where !body.carries.contains(root) {
      if sequential.contains(root) ? core.contains(root) : !isWhollyParallel(root) { keep(root) }
    }
    var visited = Set<Node>()
    for root in roots + terms.values.sorted(by: { $0.order < $1.order }) { decide(root, &visited) }
    let frontier = earlyParts()
    guard !frontier.isEmpty || !terms.isEmpty || stored.count < r else { return nil }

    for (index, node) in body.elements.enumerated() { places[node] = outer[k + index] }
    for (index, node) in body.captured.enumerated() { places[node] = outer[k + body.elements.count + index] }
    let early = frontier.map { (node: $0, input: Node.input("element", shape: $0.shape), place: parallel($0, &graph)) }
    let rest = Node.substitute(
      carries.map { body.nextCarries[$0] } + stored, Dictionary(uniqueKeysWithValues: early.map { ($0.node, $0.input) }))
    let needed = Set(Node.reachable(from: rest))
    let elements = body.elements.filter(needed.contains)
    let captured = body.captured.filter(needed.contains)
    let earlyElements = early.filter { stepwise.contains($0.node) }
    let earlyCaptured = early.filter { !stepwise.contains($0.node) }
    let smaller = ScanBody(
      length: body.length, isReversed: body.isReversed, carries: carries.map { body.carries[$0] },
      elements: elements + earlyElements.map(\.input), captured: captured + earlyCaptured.map(\.input),
      nextCarries: Array(rest[..<carries.count]), results: Array(rest[carries.count...]))
    let inputs =
      carries.map { outer[$0] } + elements.map { places[$0]! } + earlyElements.map(\.place) + captured.map { places[$0]! }
      + earlyCaptured.map(\.place)
    let scan = graph.intern(Graph.Entry(operation: .scan(smaller), inputs: inputs, shape: []))
    func part(_ index: Int) -> Int {
      graph.intern(Graph.Entry(operation: .project(index), inputs: [scan], shape: smaller.outputShapes[index]))
    }
    let (s, t) = (carries.count, stored.count)
    var outputs: [Int: Int] = [:]
    for (index, carry) in carries.enumerated() {
      if wanted.contains(carry) { outputs[carry] = part(index) }
      if wanted.contains(k + r + carry) { outputs[k + r + carry] = part(s + t + index) }
      if visited.contains(body.carries[carry]) { places[body.carries[carry]] = part(s + t + index) }
    }
    for (index, node) in stored.enumerated() { places[node] = part(s + index) }
    for index in 0..<r where wanted.contains(k + index) { outputs[k + index] = stacked(body.results[index], &graph) }
    for (index, term) in terms.sorted(by: { $0.key < $1.key }) where wanted.contains(index) {
      let sum = graph.intern(
        Graph.Entry(operation: .reduce(.sum, axes: [0]), inputs: [stacked(term, &graph)], shape: body.carries[index].shape))
      outputs[index] = graph.intern(Graph.Entry(operation: .binary(.add), inputs: [outer[index], sum], shape: body.carries[index].shape))
    }
    return (scan, outputs)
  }

  private mutating func keep(_ node: Node) { if !stored.contains(node) { stored.append(node) } }

  /// Decides for everything that a value of after the loop is made of whether it is kept from the loop or computed again.
  private mutating func decide(_ node: Node, _ visited: inout Set<Node>) {
    guard visited.insert(node).inserted, sequential.contains(node), !stored.contains(node), !node.inputs.isEmpty else { return }
    if !isParallel(node) || (core.contains(node) && !isCheap(node)) { return keep(node) }
    for input in node.inputs {
      if !sequential.contains(input), !isWhollyParallel(input) { return keep(node) }
    }
    for input in node.inputs { decide(input, &visited) }
  }

  /// The largest parts of what stays in the loop that do not depend on the carries.
  private func earlyParts() -> [Node] {
    var found: [Node] = []
    var seen = Set<Node>()
    func reach(_ node: Node) {
      if sequential.contains(node) || node.inputs.isEmpty || !seen.insert(node).inserted { return }
      if case .broadcast = node.operation { return reach(node.inputs[0]) }
      if isWhollyParallel(node) { found.append(node) } else { node.inputs.forEach(reach) }
    }
    let roots = carries.map { body.nextCarries[$0] } + stored
    for node in Node.reachable(from: roots) where sequential.contains(node) { node.inputs.forEach(reach) }
    roots.forEach(reach)
    return found
  }

  // MARK: - All steps at once

  /// The place of a value for all steps, with the steps as first axis where it varies by step.
  private mutating func parallel(_ node: Node, _ graph: inout Graph) -> Int {
    if let known = places[node] { return known }
    let steps = body.length
    var place: Int
    if !stepwise.contains(node) {
      let inputs = node.inputs.map { parallel($0, &graph) }
      place = graph.intern(Graph.Entry(operation: node.operation, inputs: inputs, shape: node.shape))
    } else {
      let shape = [steps] + node.shape
      var operation = node.operation
      var inputs: [Int] = []
      switch node.operation {
      case .broadcast(let axes): operation = .broadcast(axes: [0] + axes.map { $0 + 1 })
      case .reduce(let reducer, let axes): operation = .reduce(reducer, axes: axes.map { $0 + 1 })
      case .transpose(let permutation): operation = .transpose([0] + permutation.map { $0 + 1 })
      case .slice(let starts): operation = .slice(starts: [0] + starts)
      case .pad(let starts): operation = .pad(starts: [0] + starts)
      case .concatenate(let axis): operation = .concatenate(axis: axis + 1)
      case .cumulativeSum(let axis, let reversed): operation = .cumulativeSum(axis: axis + 1, reversed: reversed)
      case .gather(let axis):
        operation = .gather(axis: stepwise.contains(node.inputs[0]) ? axis + 1 : axis)
        inputs = node.inputs.map { parallel($0, &graph) }
      case .contract(let spec):
        let step = (spec.a + spec.b + spec.out).max().map { $0 + 1 } ?? 0
        operation = .contract(
          Contraction(
            (stepwise.contains(node.inputs[0]) ? [step] : []) + spec.a, (stepwise.contains(node.inputs[1]) ? [step] : []) + spec.b,
            [step] + spec.out))
        inputs = node.inputs.map { parallel($0, &graph) }
      default: break
      }
      if inputs.isEmpty { inputs = node.inputs.map { stacked($0, &graph) } }
      place = graph.intern(Graph.Entry(operation: operation, inputs: inputs, shape: shape))
    }
    places[node] = place
    return place
  }

  /// The same with the steps as first axis in any case.
  private mutating func stacked(_ node: Node, _ graph: inout Graph) -> Int {
    let shape = [body.length] + node.shape
    if case .fill(let bits) = node.operation { return graph.intern(Graph.Entry(operation: .fill(bits), inputs: [], shape: shape)) }
    let place = parallel(node, &graph)
    if stepwise.contains(node) { return place }
    return graph.intern(
      Graph.Entry(operation: .broadcast(axes: Array(1..<shape.count)), inputs: [place], shape: shape))
  }
}
