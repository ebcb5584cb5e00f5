import Differentiation

/// Logarithms of probabilities that are exactly 0 for some values of a summed-out site: `Bernoulli(probability: phi * alive[t])`.
///
/// There the log density is −∞ and the configuration has no weight; its derivative would be 0·∞. The logarithm's argument is replaced where it
/// is 0, so that the derivative is 0, which is right for probabilities that are 0 whatever the parameters are.
enum ImpossibleValues {
  /// The nodes with guarded logarithms of what is computed from variables, but for logarithms of exponentials.
  static func guarded(_ nodes: [Node]) -> [Node] {
    var replaced: [Node: Node] = [:]
    for node in Node.reachable(from: nodes) where !node.isData && !node.inputs.isEmpty {
      let x = node.inputs.map { replaced[$0] ?? $0 }
      if let safe = logarithm(node, x[0]) {
        replaced[node] = safe
      } else if zip(x, node.inputs).contains(where: { $0 !== $1 }) {
        replaced[node] = Node(node.operation, x, shape: node.shape)
      }
    }
    return nodes.map { replaced[$0] ?? $0 }
  }

  private static func logarithm(_ node: Node, _ x: Node) -> Node? {
    switch node.operation {
    case .unary(.log): logarithm(.log, zero: 0, x)
    case .unary(.log1p): logarithm(.log1p, zero: -1, x)
    default: nil
    }
  }

  /// Of few numbers that are repeated or chosen from it is taken before that: `Poisson(rate: select(…, early, late))`.
  private static func logarithm(_ operation: UnaryOperation, zero: Double, _ x: Node) -> Node? {
    func part(_ x: Node) -> Node { logarithm(operation, zero: zero, x) ?? .unary(operation, x) }
    func isRepeated(_ x: Node) -> Bool {
      if case .broadcast = x.operation { return true }
      return x.splat != nil
    }
    switch x.operation {
    case .unary(.exp): return nil
    case .broadcast(let axes): return part(x.inputs[0]).broadcast(to: x.shape, axes: axes)
    case .ternary(.select) where isRepeated(x.inputs[1]) && isRepeated(x.inputs[2]):
      return .select(x.inputs[0], part(x.inputs[1]), part(x.inputs[2]))
    default: break
    }
    let isZero = Node.binary(.equal, x, .fill(zero, shape: x.shape))
    let inside = Node.select(isZero, .fill(1, shape: x.shape), x)
    return .select(isZero, .fill(-.infinity, shape: x.shape), .unary(operation, inside))
  }
}
