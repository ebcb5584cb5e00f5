import Differentiation

/// A graph over whole numbers as a graph over weights of classes: where a class z stood, weights y₀ … y_{K−1} of the classes stand.
///
/// An index `x[z]` becomes Σₖ yₖ x[k], also where the index is a function of the class and of data; a choice `select(z, a, b)` becomes
/// y-weighted parts of both, a comparison its weighted truth, and the number z itself Σₖ yₖ k, with which arithmetic goes on. Where y is one of
/// the corners (one weight 1, the others 0) the values are those of the graph over whole numbers.
struct Relaxation {
  /// What stands for a node: a function of the class and data (its values at the classes, where the axes of z stand, and what it is as a
  /// number), or a number.
  private enum Form {
    case index(table: [Node], axes: [Int], value: Node)
    case real(Node)
  }
  private let weights: Node
  private let classes: Int
  private var forms: [Node: Form]

  /// - Parameters:
  ///   - site: z, of any shape S.
  ///   - weights: y, of shape [K] + S.
  static func apply(_ terms: [Node], site: Node, weights: Node) -> [Node] {
    var relaxation = Relaxation(site: site, weights: weights)
    for node in Node.reachable(from: terms) where node !== site {
      if let form = relaxation.form(of: node) { relaxation.forms[node] = form }
    }
    return terms.map { relaxation.realized($0) }
  }

  private init(site: Node, weights: Node) {
    self.weights = weights
    classes = weights.shape[0]
    forms = [:]
    let table = (0..<classes).map { Node.fill(Double($0), shape: site.shape) }
    let axes = Array(site.shape.indices)
    forms = [site: .index(table: table, axes: axes, value: mixed(table, axes))]
  }

  /// yₖ in an array of this shape, the axes of z standing at `axes`.
  private func weight(_ k: Int, _ shape: [Int], _ axes: [Int]) -> Node {
    let starts = [k] + [Int](repeating: 0, count: weights.shape.count - 1)
    let own = weights.sliced(starts: starts, shape: [1] + weights.shape.dropFirst()).reshaped(to: Array(weights.shape.dropFirst()))
    let order = axes.indices.sorted { axes[$0] < axes[$1] }
    return own.transposed(order).broadcast(to: shape, axes: axes.sorted())
  }

  private func mixed(_ table: [Node], _ axes: [Int]) -> Node {
    if let first = table.first?.splat, table.allSatisfy({ $0.splat == first }) { return table[0] }
    return table.enumerated().map { weight($0, $1.shape, axes) * $1 }.reduce(.fill(0, shape: table[0].shape), +)
  }

  private func realized(_ node: Node) -> Node {
    switch forms[node] {
    case nil: node
    case .real(let value): value
    case .index(_, _, let value): value
    }
  }

  private func form(of node: Node) -> Form? {
    guard node.inputs.contains(where: { forms[$0] != nil }) else { return nil }
    let isIndex = node.inputs.map { input in
      if case .index = forms[input] { true } else { false }
    }
    guard isIndex.contains(true) else { return .real(Node(node.operation, node.inputs.map(realized), shape: node.shape)) }
    if let index = tabulated(node) { return index }
    switch node.operation {
    case .ternary(.select):
      guard case .index(let table, let axes, _) = forms[node.inputs[0]] else { break }
      let (a, b) = (realized(node.inputs[1]), realized(node.inputs[2]))
      let chosen = table.map { Node.select($0, .fill(1, shape: node.shape), .fill(0, shape: node.shape)) }
      if chosen.allSatisfy({ $0.splat == 1 }) { return .real(a) }
      if chosen.allSatisfy({ $0.splat == 0 }) { return .real(b) }
      let share = mixed(chosen, axes)
      return .real(share * a + (1 - share) * b)
    case .gather(let axis):
      guard case .index(let table, let axes, _) = forms[node.inputs[1]] else { break }
      let x = realized(node.inputs[0])
      let parts = table.enumerated().map { weight($0, node.shape, axes.map { axis + $0 }) * x.gathered($1, axis: axis) }
      return .real(parts.reduce(.fill(0, shape: node.shape), +))
    default: break
    }
    return .real(Node(node.operation, node.inputs.map(realized), shape: node.shape))
  }

  /// The node as a function of the class, if it is one: elementwise in the class and in data.
  private func tabulated(_ node: Node) -> Form? {
    var axes: [Int]?
    var tables: [[Node]] = []
    for input in node.inputs {
      switch forms[input] {
      case .index(let table, let own, _):
        guard axes == nil || axes == own else { return nil }
        axes = own
        tables.append(table)
      case .real: return nil
      case nil:
        guard input.isData else { return nil }
        tables.append([Node](repeating: input, count: classes))
      }
    }
    guard let axes else { return nil }
    func each(_ build: ([Node]) -> Node) -> [Node] { (0..<classes).map { k in build(tables.map { $0[k] }) } }
    let numbers = node.inputs.map(realized)
    switch node.operation {
    case .unary(let operation):
      let table = each { .unary(operation, $0[0]) }
      return .index(table: table, axes: axes, value: Relaxation.isSmooth(operation) ? .unary(operation, numbers[0]) : mixed(table, axes))
    case .binary(let operation):
      let table = each { .binary(operation, $0[0], $0[1]) }
      let value: Node = Relaxation.isSmooth(operation) ? .binary(operation, numbers[0], numbers[1]) : mixed(table, axes)
      return .index(table: table, axes: axes, value: value)
    case .ternary(.select):
      let table = each { .select($0[0], $0[1], $0[2]) }
      return .index(table: table, axes: axes, value: mixed(table, axes))
    case .broadcast(let target):
      return .index(
        table: each { $0[0].broadcast(to: node.shape, axes: target) }, axes: axes.map { target[$0] },
        value: numbers[0].broadcast(to: node.shape, axes: target))
    case .transpose(let permutation):
      return .index(
        table: each { $0[0].transposed(permutation) }, axes: axes.map { permutation.firstIndex(of: $0)! },
        value: numbers[0].transposed(permutation))
    case .reshape:
      let moved = axes.compactMap { Reach.reshapedAxis($0, from: node.inputs[0].shape, to: node.shape) }
      guard moved.count == axes.count, Set(moved).count == moved.count else { return nil }
      return .index(table: each { $0[0].reshaped(to: node.shape) }, axes: moved, value: numbers[0].reshaped(to: node.shape))
    default: return nil
    }
  }

  private static func isSmooth(_ operation: UnaryOperation) -> Bool {
    switch operation {
    case .sign, .floor, .ceiling, .rounded, .isNaN: false
    default: true
    }
  }

  private static func isSmooth(_ operation: BinaryOperation) -> Bool {
    switch operation {
    case .less, .lessOrEqual, .equal, .maximum, .minimum: false
    default: true
    }
  }
}
