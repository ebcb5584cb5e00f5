import Foundation

/// Panels in a grid under one title, with a legend and sentences: what one plot is.
package struct PlotFigure: Sendable {
  package var title: String
  /// What is to be seen, for those who do not see it.
  package var description: String
  /// Sentences under the title: what was left out, and what the figure says.
  package var notes: [String] = []
  package var legend: [(name: String, mark: PlotMark)] = []
  package var panels: [PlotPanel] = []
  /// Panels beside each other.
  package var columns: Int
  /// Whether the panels only make sense in their grid, so that a narrow page scrolls instead of stacking them.
  package var isMatrix = false
  /// Whether every two panels belong together, so that they stand beside each other or below each other and never in threes.
  package var isPaired = false

  package init(_ title: String, _ description: String, columns: Int = 2) {
    self.title = title
    self.description = description
    self.columns = columns
  }

  private static let margin = 14.0
  private static let gap = 12.0

  /// A file of its own.
  package var svg: String {
    let margin = Self.margin
    let shown = panels.isEmpty ? [] : (0..<panels.count).map { $0 }
    let columns = max(1, min(self.columns, panels.count))
    let rows = stride(from: 0, to: shown.count, by: columns).map { Array(shown[$0..<min($0 + columns, shown.count)]) }
    let widths = (0..<columns).map { column in
      rows.compactMap { $0.indices.contains(column) ? panels[$0[column]].size.width : nil }.max() ?? 0
    }
    let inner = max(460, widths.reduce(0, +) + Self.gap * Double(columns - 1))
    let titles = SVG.wrapped(title, inner - 10, size: 17)
    var body: [String] = []
    var top = margin
    for line in titles {
      body.append(SVG.label("title", margin, top + 17, "start", line))
      top += 22
    }
    for note in notes {
      for line in SVG.wrapped(note, inner - 10) {
        body.append(SVG.label("note", margin, top + 14, "start", line))
        top += 17
      }
    }
    if !legend.isEmpty {
      top += 6
      var left = margin
      for (name, mark) in legend {
        let width = 34 + SVG.width(name) + 18
        if left > margin, left + width > margin + inner {
          left = margin
          top += 20
        }
        body.append(mark.sample(left, top + 9))
        body.append(SVG.label("tick", left + 34, top + 13.5, "start", name))
        left += width
      }
      top += 22
    }
    top += 6
    for row in rows {
      var left = margin
      for (column, index) in row.enumerated() {
        body.append("<g transform=\"translate(\(SVG.coordinate(left)) \(SVG.coordinate(top)))\">")
        body += panels[index].elements
        body.append("</g>")
        left += widths[column] + Self.gap
      }
      top += (row.map { panels[$0].size.height }.max() ?? 0) + Self.gap
    }
    let size = (inner + 2 * margin, top + margin - Self.gap)
    return Self.file(title, description, size, body)
  }

  /// A whole SVG file around elements.
  static func file(_ title: String, _ description: String, _ size: (width: Double, height: Double), _ body: [String]) -> String {
    let (width, height) = (SVG.coordinate(size.width.rounded(.up)), SVG.coordinate(size.height.rounded(.up)))
    let head = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" viewBox=\"0 0 \(width) \(height)\" width=\"\(width)\" height=\"\(height)\" role=\"img\" aria-label=\"\(SVG.escaped(title))\">",
      "<title>\(SVG.escaped(title))</title>", "<desc>\(SVG.escaped(description))</desc>", "<style>\(PlotStyle.sheet)</style>",
      "<rect class=\"page\" width=\"100%\" height=\"100%\"/>",
    ]
    return (head + body + ["</svg>"]).joined(separator: "\n") + "\n"
  }

  /// A part of a page that has ``PlotStyle/sheet`` and the classes `figure`, `legend`, `panels` and `matrix`: each panel is a picture of its own, so that
  /// they stand beside or below each other as there is room.
  package var html: String {
    var text = "<figure class=\"figure\">\n<figcaption>\(SVG.escaped(description))"
    if !notes.isEmpty { text += " " + notes.map { SVG.escaped($0) }.joined(separator: " ") }
    text += "</figcaption>\n"
    if !legend.isEmpty {
      let items = legend.map { name, mark in
        "<li><svg class=\"plot\" viewBox=\"0 0 26 14\" width=\"26\" height=\"14\" aria-hidden=\"true\">\(mark.sample(0, 7))</svg>\(SVG.escaped(name))</li>"
      }
      text += "<ul class=\"legend\">\(items.joined())</ul>\n"
    }
    let columns = max(1, min(self.columns, panels.count))
    let width = panels.map(\.size.width).max() ?? 0
    text +=
      isMatrix
      ? "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"\(SVG.escaped(title))\"><div class=\"matrix\" style=\"grid-template-columns:repeat(\(columns),minmax(\(SVG.coordinate(width * 0.8))px,1fr))\">\n"
      : "<div class=\"panels\(isPaired ? " paired" : "")\" style=\"--panel:\(SVG.coordinate(min(width, 400)))px\">\n"
    for panel in panels {
      let (width, height) = (SVG.coordinate(panel.size.width), SVG.coordinate(panel.size.height))
      let name = panel.title.isEmpty ? title : "\(title): \(panel.title)"
      let inner = panel.elements.joined()
      text +=
        inner.isEmpty
        ? "<span></span>\n"
        : "<svg class=\"plot\" viewBox=\"0 0 \(width) \(height)\" width=\"\(width)\" height=\"\(height)\" role=\"img\" aria-label=\"\(SVG.escaped(name))\">\(inner)</svg>\n"
    }
    return text + (isMatrix ? "</div></div>\n" : "</div>\n") + "</figure>\n"
  }
}
