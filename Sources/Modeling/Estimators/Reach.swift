import Differentiation

/// Which elements of one array the elements of others depend on, as far as the axes of the graph show.
///
/// For an axis a of the source and a node that depends on it, `axes(of:)[a]` is the axis p of the node such that the elements at place i along p
/// depend on nothing but elements at place i along a; nil where they may depend on all of them. Plates and elementwise operations keep axes
/// apart, sums and products of matrices mix those that they sum over.
package struct Reach {
  /// The lengths of the source's axes that are told apart.
  package let shape: [Int]
  private var axes: [Node: [Int?]]

  /// Looks at everything that the terms depend on.
  /// - Parameter elements: the axes of the source that are told apart; nil for all.
  package init(of source: Node, elements: [Int]? = nil, in terms: [Node]) {
    let own = elements ?? Array(source.shape.indices)
    shape = own.map { source.shape[$0] }
    axes = [source: own]
    for node in Node.reachable(from: terms) where node !== source {
      let incoming = node.inputs.map { axes[$0] }
      if incoming.contains(where: { $0 != nil }) { axes[node] = Reach.passed(node, incoming, rank: own.count) }
    }
  }

  /// Whether a node depends on the source.
  package func reaches(_ node: Node) -> Bool { axes[node] != nil }

  /// Where each axis of the source stands in a node that depends on it; nil for axes that are mixed.
  package func axes(of node: Node) -> [Int?]? { axes[node] }

  /// The sum over all axes of a term but those that are axes of the source, in order of the source's axes.
  package func reduced(_ term: Node, _ map: [Int?]) -> Node {
    let kept = Set(map.compactMap { $0 })
    let rest = term.shape.indices.filter(kept.contains)
    let sum = term.reduced(.sum, axes: term.shape.indices.filter { !kept.contains($0) })
    return sum.transposed(map.compactMap { $0 }.map { rest.firstIndex(of: $0)! })
  }

  /// What `reduced` gives, repeated along the axes that the term mixes: for each element of the source the sum of what it reaches.
  package func placed(_ node: Node, _ map: [Int?]) -> Node {
    node.broadcast(to: shape, axes: map.indices.filter { map[$0] != nil })
  }

  /// An array with an element for each of the source's, summed over the axes that the term mixes.
  package func summed(_ node: Node, _ map: [Int?]) -> Node { node.reduced(.sum, axes: map.indices.filter { map[$0] == nil }) }

  // MARK: - The table

  private static func passed(_ node: Node, _ incoming: [[Int?]?], rank: Int) -> [Int?] {
    let x = node.inputs
    func mapped(_ input: Int, _ rule: (Int) -> Int?) -> [Int?]? { incoming[input].map { $0.map { $0.flatMap(rule) } } }
    switch node.operation {
    case .unary, .binary, .ternary, .draw: return agreed(incoming, rank)
    case .broadcast(let axes): return mapped(0) { axes[$0] }!
    case .reduce(_, let axes): return mapped(0) { p in axes.contains(p) ? nil : p - axes.count { $0 < p } }!
    case .reshape: return mapped(0) { reshapedAxis($0, from: x[0].shape, to: node.shape) }!
    case .transpose(let permutation): return mapped(0) { permutation.firstIndex(of: $0) }!
    case .slice, .pad: return mapped(0) { x[0].shape[$0] == node.shape[$0] ? $0 : nil }!
    case .concatenate(let axis): return agreed(x.indices.map { mapped($0) { $0 == axis ? nil : $0 } }, rank)
    case .gather(let axis):
      let length = x[1].shape.count
      return agreed(
        [mapped(0) { $0 < axis ? $0 : $0 > axis ? $0 - 1 + length : nil }, mapped(1) { axis + $0 }], rank)
    case .scatterAdd(let axis):
      let length = x[1].shape.count
      return agreed([mapped(0) { $0 < axis ? $0 : $0 >= axis + length ? $0 - length + 1 : nil }, mapped(1) { _ in nil }], rank)
    case .contract(let spec):
      return agreed([mapped(0) { spec.out.firstIndex(of: spec.a[$0]) }, mapped(1) { spec.out.firstIndex(of: spec.b[$0]) }], rank)
    case .cumulativeSum(let axis, _): return mapped(0) { $0 == axis ? nil : $0 }!
    case .input, .constant, .fill, .linearAlgebra, .scan, .recurrence, .custom, .project, .invalid:
      return [Int?](repeating: nil, count: rank)
    }
  }

  /// The axis on which all operands that depend on the source agree.
  private static func agreed(_ maps: [[Int?]?], _ rank: Int) -> [Int?] {
    let known = maps.compactMap { $0 }
    return (0..<rank).map { axis in known.allSatisfy { $0[axis] == known[0][axis] } ? known[0][axis] : nil }
  }

  /// The axis of the same length with as many elements before it.
  static func reshapedAxis(_ axis: Int, from: [Int], to: [Int]) -> Int? {
    let before = from[..<axis].reduce(1, *)
    return to.indices.first { to[$0] == from[axis] && to[..<$0].reduce(1, *) == before }
  }
}
