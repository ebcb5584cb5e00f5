import Differentiation

/// A cost as the sum of all elements of several arrays, each as little summed as the graph allows.
///
/// What a draw does not reach is another term than what it does: the finer the terms, the less enters the learning signal of a draw
/// (Rao–Blackwellization by reachability: Schulman, Heess, Weber & Abbeel 2015, arXiv:1506.05254).
package enum CostTerms {
  /// The terms whose elements add up to a scalar node: sums, differences, multiples by known numbers and by scalars, and sums over axes are
  /// taken apart, down to the draws.
  package static func split(_ cost: Node, draws: [Node] = []) -> [Node] {
    let draws = Set(draws)
    precondition(cost.shape.isEmpty, "a cost is one number")
    var terms: [Node] = []
    var pending: [(node: Node, factor: Node)] = [(cost, .fill(1))]
    while let (node, factor) = pending.popLast() {
      let x = node.inputs
      if draws.contains(node) {
        terms.append(factor.splat == 1 ? node : factor * node)
        continue
      }
      switch node.operation {
      case .binary(.add): pending += [(x[0], factor), (x[1], factor)]
      case .binary(.subtract): pending += [(x[0], factor), (x[1], -factor)]
      case .unary(.negate): pending.append((x[0], -factor))
      case .binary(.multiply) where isNumber(x[1]): pending.append((x[0], number(x[1]) * factor))
      case .binary(.multiply) where isNumber(x[0]): pending.append((x[1], number(x[0]) * factor))
      case .reduce(.sum, _): pending.append((x[0], factor))
      case .reshape where node.shape.isEmpty: pending.append((x[0], factor))
      case .broadcast:
        // Every element of the source stands in `repeats` places.
        let repeats = x[0].count == 0 ? 0 : node.count / x[0].count
        pending.append((x[0], Double(repeats) * factor))
      case .fill(let bits) where Double(bitPattern: bits) == 0: break
      default: terms.append(factor.splat == 1 ? node : factor * node)
      }
    }
    return terms.reversed()
  }

  private static func isNumber(_ node: Node) -> Bool {
    if node.shape.isEmpty { return true }
    if node.splat != nil { return true }
    if case .broadcast(let axes) = node.operation { return axes.isEmpty }
    return false
  }

  private static func number(_ node: Node) -> Node {
    if let value = node.splat { return .fill(value) }
    return node.shape.isEmpty ? node : node.inputs[0]
  }

  /// The one number that terms add up to.
  package static func total(_ terms: [Node]) -> Node { terms.map(\.total).reduce(.fill(0), +) }
}
