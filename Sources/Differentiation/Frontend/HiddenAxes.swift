// Hidden axes: the values of a site that is summed out stand side by side along an axis of their own, which everything that is computed from
// the site carries along, as it carries the axes of plates.

extension PlateAxis {
  /// The axis of a summed-out site's values.
  package init(hidden name: String, id: UInt64, size: Int, home: Set<UInt64>) {
    self.id = id
    self.name = name
    self.size = size
    depth = -1
    self.home = home
  }

  package var isHidden: Bool { home != nil }

  /// Axes in nesting order, hidden ones first.
  package static func ordered(_ axes: some Sequence<PlateAxis>) -> [PlateAxis] { axes.sorted { ($0.depth, $0.id) < ($1.depth, $1.id) } }

  /// The numbers in a table over these axes; nil above 2⁶².
  package static func tableSize(_ axes: [PlateAxis]) -> Int? {
    var size = 1
    for axis in axes {
      let (next, overflow) = size.multipliedReportingOverflow(by: max(1, axis.size))
      if overflow || next > 1 << 62 { return nil }
      size = next
    }
    return size
  }

  /// Above how many numbers a value that depends on summed-out sites is not even written down.
  private static let largestTable = 1 << 31

  /// The end of a sentence where a value depends on so many summed-out sites at once that it cannot be written down.
  static func excess(_ axes: [PlateAxis]) -> String? {
    let hidden = axes.filter(\.isHidden)
    guard !hidden.isEmpty, (tableSize(axes) ?? .max) > largestTable else { return nil }
    let shown = hidden.prefix(6).map { "\"\($0.name)\"" }.joined(separator: ", ") + (hidden.count > 6 ? ", …" : "")
    return
      "depends on \(hidden.count) summed-out sites at once (\(shown)): a table of \(hidden.prefix(6).map { "\($0.size)" }.joined(separator: " × "))\(hidden.count > 6 ? " × …" : "") numbers"
  }

  static func withoutExcess(_ axes: [PlateAxis]) -> [PlateAxis] { excess(axes) == nil ? axes : axes.filter { !$0.isHidden } }
}

extension Tensor {
  /// What is left of a value that depends on a site of each element of a closing plate: outside it would stand for all combinations of all
  /// elements' values. It may be returned, to ask for the site; any other use is a mistake.
  func closedHidden(_ plate: PlateAxis) -> Tensor? {
    let rest = plates.filter { $0 != plate && !$0.isHidden }
    func closed(_ sentence: String, _ inputs: [Node]) -> Tensor {
      Tensor(Node(.invalid(sentence), inputs, shape: [plate.size] + shape + rest.map(\.size)), plates: rest)
    }
    if case .invalid(let sentence) = node.operation { return closed(sentence, node.inputs) }
    guard let hidden = plates.first(where: { $0.home?.contains(plate.id) == true }) else { return nil }
    return closed(
      "site \"\(hidden.name)\" is summed out for each element of \"\(plate.name)\" by itself, and has no single value outside of it; use it inside, or return the site itself for the probabilities of its values",
      [node])
  }

  /// The same numbers with some axes under other identities, of equal sizes and none of them there already.
  package func relabelled(_ map: [PlateAxis: PlateAxis]) -> Tensor {
    let named = plates.map { map[$0] ?? $0 }
    let sorted = PlateAxis.ordered(named)
    let order = Array(0..<rank) + sorted.map { rank + named.firstIndex(of: $0)! }
    return Tensor(node.transposed(order), plates: sorted)
  }

  /// Σ over a hidden axis.
  package func summed(over axis: PlateAxis) -> Tensor {
    let place = rank + plates.firstIndex(of: axis)!
    return Tensor(node.reduced(.sum, axes: [place]), plates: plates.filter { $0 != axis })
  }

  /// 1 where an element is the largest along a hidden axis, 0 elsewhere.
  package func isLargest(over axis: PlateAxis) -> Tensor {
    let place = rank + plates.firstIndex(of: axis)!
    let kept = node.shape.indices.filter { $0 != place }
    let largest = node.reduced(.maximum, axes: [place]).broadcast(to: node.shape, axes: kept)
    return Tensor(.binary(.equal, node, largest), plates: plates)
  }

  /// log Σ exp over a hidden axis. Where all is −∞ the value is −∞ and the derivative zero.
  package func logSumExp(over axis: PlateAxis) -> Tensor {
    let place = rank + plates.firstIndex(of: axis)!
    let largest = Node.unary(.stopGradient, node.reduced(.maximum, axes: [place]))
    let isInfinite = Node.binary(.equal, .unary(.absolute, largest), .fill(.infinity, shape: largest.shape))
    let shift = Node.select(isInfinite, .fill(0, shape: largest.shape), largest)
    let kept = node.shape.indices.filter { $0 != place }
    let sum = Node.unary(.exp, node - shift.broadcast(to: node.shape, axes: kept)).reduced(.sum, axes: [place])
    // The largest term adds 1, so that the bound matters only where all terms are −∞: there it keeps the derivative from being 0/0.
    let bounded = Node.binary(.maximum, sum, .fill(0.5, shape: sum.shape))
    return Tensor(Node.unary(.log, bounded) + largest, plates: plates.filter { $0 != axis })
  }
}
