import Foundation

/// Where nodes and plates stand: rows by the longest path from the top, and for every plate a stretch of the width that belongs to nothing else, so
/// that boxes never cross.
struct ModelGraphLayout {
  struct Box {
    var x: Double
    var y: Double
    var width: Double
    var height: Double
    var middle: Double { x + width / 2 }
  }

  private(set) var nodes: [Box]
  /// Outer plates first.
  private(set) var plates: [(label: String, box: Box)] = []
  private(set) var size = (width: 0.0, height: 0.0)

  private let graph: ModelGraph
  private let rows: [Int]
  private static let nodeHeight = 42.0
  private static let gap = 22.0
  private static let padding = 16.0

  init(_ graph: ModelGraph) {
    self.graph = graph
    rows = Self.rows(graph)
    nodes = graph.nodes.map { node in
      let width = max(SVG.width(node.name, size: 13.5) + 26, SVG.width(node.law, size: 11.5) + 26, 62)
      return Box(x: 0, y: 0, width: width, height: node.law.isEmpty ? 32 : Self.nodeHeight)
    }
    let tree = PlateTree(graph.nodes)
    let depth = Double(tree.depth)
    let rowHeight = Self.nodeHeight + 52 + 2 * (depth > 0 ? 12 + 8 * (depth - 1) : 0)
    for index in nodes.indices {
      nodes[index].y = 24 + depth * Self.padding + Double(rows[index]) * rowHeight + (Self.nodeHeight - nodes[index].height) / 2
    }
    // The second time nodes stand in the order of the middles of what they are connected with.
    var order: [Int: Double] = [:]
    for _ in 0..<3 {
      plates = []
      let width = place(tree, left: 16, order)
      let bottom = (nodes + plates.map(\.box)).map { $0.y + $0.height }.max() ?? 0
      size = (width + 32, bottom + 16)
      for index in nodes.indices {
        let near = graph.edges.compactMap { $0.from == index ? $0.to : $0.to == index ? $0.from : nil }
        order[index] = near.isEmpty ? nodes[index].middle : near.reduce(0) { $0 + nodes[$1].middle / Double(near.count) }
      }
    }
  }

  /// Rows from the longest path; sources go down to just above what they enter.
  private static func rows(_ graph: ModelGraph) -> [Int] {
    var rows = [Int](repeating: 0, count: graph.nodes.count)
    // Edges go from earlier to later in a model, so this ends after as many rounds as the longest path has nodes.
    for _ in graph.nodes.indices {
      var hasChanged = false
      for edge in graph.edges where edge.from != edge.to && rows[edge.to] < rows[edge.from] + 1 && rows[edge.from] + 1 < graph.nodes.count {
        rows[edge.to] = rows[edge.from] + 1
        hasChanged = true
      }
      if !hasChanged { break }
    }
    for index in graph.nodes.indices where !graph.edges.contains(where: { $0.to == index && $0.from != index }) {
      if let first = graph.edges.filter({ $0.from == index && $0.to != index }).map({ rows[$0.to] }).min() {
        rows[index] = max(first - 1, 0)
      }
    }
    return rows
  }

  /// Places a level of the tree from `left` on; gives its width.
  private mutating func place(_ tree: PlateTree, left: Double, _ order: [Int: Double]) -> Double {
    let below = Set(tree.children.flatMap(\.tree.all).map { rows[$0] })
    let lowest = below.min() ?? .max
    let highest = below.max() ?? .min
    let byRow = Dictionary(grouping: tree.nodes) { rows[$0] }.mapValues { row in
      row.sorted { (order[$0] ?? 0, $0) < (order[$1] ?? 0, $1) }
    }
    func width(_ row: [Int]) -> Double { row.reduce(0) { $0 + nodes[$1].width } + Self.gap * Double(row.count - 1) }
    // Rows beside the inner plates need room of their own; the others may stand above or below them.
    let beside = byRow.filter { $0.key >= lowest && $0.key <= highest }.values.map(width).max() ?? 0
    var x = left + beside + (beside > 0 && !tree.children.isEmpty ? Self.gap : 0)
    var isFirst = true
    let children = tree.children.sorted { a, b in Self.middle(a.tree, order) < Self.middle(b.tree, order) }
    for (name, child) in children {
      if !isFirst { x += Self.gap }
      isFirst = false
      let place = plates.count
      plates.append((graph.label(name), Box(x: x, y: 0, width: 0, height: 0)))
      let inner = max(self.place(child, left: x + Self.padding, order), SVG.width(graph.label(name)) + 4)
      let members = child.all
      let reach = 12 + 8 * Double(child.depth)
      let top = (members.map { nodes[$0].y }.min() ?? 0) - reach
      let bottom = (members.map { nodes[$0].y + nodes[$0].height }.max() ?? 0) + reach + 12
      plates[place].box = Box(x: x, y: top, width: inner + 2 * Self.padding, height: bottom - top)
      x += inner + 2 * Self.padding
    }
    let whole = max(x - left, byRow.values.map(width).max() ?? 0)
    // What stands beside keeps to its own stretch; what stands above and below is centred over everything.
    for (row, members) in byRow {
      let isBeside = row >= lowest && row <= highest
      var start = left + ((isBeside ? beside : whole) - width(members)) / 2
      for index in members {
        nodes[index].x = start
        start += nodes[index].width + Self.gap
      }
    }
    return whole
  }

  private static func middle(_ tree: PlateTree, _ order: [Int: Double]) -> Double {
    let known = tree.all.compactMap { order[$0] }
    return known.isEmpty ? 0 : known.reduce(0, +) / Double(known.count)
  }
}
