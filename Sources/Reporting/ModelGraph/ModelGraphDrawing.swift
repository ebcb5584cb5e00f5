import Foundation

extension ModelGraph {
  /// The picture; at most the first 200 nodes are drawn.
  package var drawing: ModelGraphDrawing { ModelGraphDrawing(self) }
}

/// A model graph as SVG.
package struct ModelGraphDrawing: Sendable {
  private static let limit = 200
  private let title: String
  private let body: [String]
  private let size: (width: Double, height: Double)
  /// What is to be seen, in sentences.
  package let description: String

  init(_ whole: ModelGraph) {
    var graph = whole
    var sentences = [
      "Sites in the order in which they depend on each other: observed ones are filled, data are square, outputs are dashed, plates are boxes."
    ]
    if graph.nodes.count > Self.limit {
      sentences.append("The first \(Self.limit) of \(graph.nodes.count) nodes are shown; DOT has all of them.")
      graph.nodes = Array(graph.nodes.prefix(Self.limit))
      graph.edges = graph.edges.filter { $0.from < Self.limit && $0.to < Self.limit }
    }
    description = (sentences + graph.notes).joined(separator: " ")
    title = "Graph of \(graph.model)"
    let layout = ModelGraphLayout(graph)
    var lines: [String] = []
    for (label, box) in layout.plates {
      lines.append(SVG.rectangle("plate", box.x, box.y, box.width, box.height, radius: 6))
      lines.append(SVG.label("plate-name", box.x + box.width - 7, box.y + box.height - 6, "end", label))
    }
    for edge in graph.edges where edge.from != edge.to { lines.append(Self.edge(layout.nodes[edge.from], layout.nodes[edge.to])) }
    for (node, box) in zip(graph.nodes, layout.nodes) { lines += Self.node(node, box) }
    body = lines
    size = layout.size
  }

  private static func node(_ node: ModelGraph.Node, _ box: ModelGraphLayout.Box) -> [String] {
    let kind =
      switch node.role {
      case .latent, .parameter: "node"
      case .observed: "node observed"
      case .factor: "node data"
      case .output: "node output"
      case .data: "node data"
      }
    let isSquare = node.role == .data || node.role == .factor || node.role == .parameter
    let middle = box.y + box.height / 2
    var lines = [
      "<g><title>\(SVG.escaped("\(node.name): \(node.role.rawValue)\(node.law.isEmpty ? "" : ", \(node.law)")"))</title>",
      SVG.rectangle(kind, box.x, box.y, box.width, box.height, radius: isSquare ? 2 : box.height / 2),
      SVG.label("node-name", box.middle, node.law.isEmpty ? middle + 4.5 : middle - 2, "middle", node.name),
    ]
    if !node.law.isEmpty { lines.append(SVG.label("node-law", box.middle, middle + 13, "middle", node.law)) }
    lines.append("</g>")
    return lines
  }

  private static func edge(_ from: ModelGraphLayout.Box, _ to: ModelGraphLayout.Box) -> String {
    let (x0, y0) = (from.middle, from.y + from.height)
    let (x1, y1) = (to.middle, to.y - 7)
    let bend = max(14, 0.4 * abs(y1 - y0))
    func at(_ x: Double, _ y: Double) -> String { "\(SVG.coordinate(x)) \(SVG.coordinate(y))" }
    return
      "<path class=\"edge\" d=\"M\(at(x0, y0))C\(at(x0, y0 + bend)) \(at(x1, y1 - bend)) \(at(x1, y1))\"/><path class=\"arrow\" d=\"M\(at(x1 - 3.5, y1))h7l-3.5 7Z\"/>"
  }

  /// A file of its own.
  package var svg: String {
    let width = max(size.width, 300)
    var top = 14.0
    var head: [String] = []
    for line in SVG.wrapped(title, width - 24, size: 17) {
      head.append(SVG.label("title", 14, top + 17, "start", line))
      top += 22
    }
    let group = ["<g transform=\"translate(0 \(SVG.coordinate(top)))\">"] + body + ["</g>"]
    return PlotFigure.file(title, description, (width, size.height + top), head + group)
  }

  /// A part of a page that has ``PlotStyle/sheet``.
  package var inline: String {
    let (width, height) = (SVG.coordinate(size.width.rounded(.up)), SVG.coordinate(size.height.rounded(.up)))
    return
      "<svg class=\"plot\" viewBox=\"0 0 \(width) \(height)\" width=\"\(width)\" height=\"\(height)\" role=\"img\" aria-label=\"\(SVG.escaped(title))\">\(body.joined())</svg>"
  }
}
