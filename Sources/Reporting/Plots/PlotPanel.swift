import Foundation

/// One frame with two axes and what is drawn in it, as a picture of its own or as a part of a figure.
package struct PlotPanel: Sendable {
  /// One thing that is drawn. Points whose coordinates are not finite are left out, or interrupt a line.
  package enum Layer: Sendable {
    case path(PlotMark, [(x: Double, y: Double)])
    /// Vertical or horizontal pieces and all others that are no long line.
    case segments(PlotMark, [(x0: Double, y0: Double, x1: Double, y1: Double)])
    case points(PlotMark, [(x: Double, y: Double)])
    case crosses(PlotMark, [(x: Double, y: Double)])
    /// Between two curves over the same places.
    case between(PlotMark, [(x: Double, low: Double, high: Double)])
    /// Boxes from (x0, y0) to (x1, y1).
    case boxes(PlotMark, [(x0: Double, y0: Double, x1: Double, y1: Double)])
    case words(String, x: Double, y: Double, anchor: String)
  }

  package var title: String
  package var x: PlotAxis
  package var y: PlotAxis
  package var size: (width: Double, height: Double)
  package internal(set) var layers: [Layer] = []
  /// A sentence in the middle of the panel, where there is nothing to draw.
  package var remark: String?
  /// Room on the right of the frame and, where it is not what the title needs, above it.
  var rightMargin = 14.0
  var topMargin: Double?
  /// An empty cell of a matrix.
  var isBlank = false

  package init(_ title: String, x: PlotAxis, y: PlotAxis, size: (width: Double, height: Double) = (420, 240)) {
    self.title = title
    self.x = x
    self.y = y
    self.size = size
  }

  /// Left, top, right and bottom of the frame.
  var frame: (left: Double, top: Double, right: Double, bottom: Double) {
    let labels = y.ticks.map { SVG.width($0.text) }.max() ?? 0
    let left = 10 + (y.label.isEmpty ? 0 : 20) + (labels > 0 ? min(labels, size.width * 0.42) + 8 : 0)
    // A label in the middle of the last tick needs room on the other side too.
    let lastLabel = x.ticks.last.map { SVG.width($0.text) / 2 * x.part($0.place) + 3 } ?? 0
    let bottom = size.height - 6 - (x.ticks.isEmpty ? 0 : 18) - (x.label.isEmpty ? 0 : 20)
    return (left, topMargin ?? (title.isEmpty ? 10 : 30), size.width - max(rightMargin, lastLabel), bottom)
  }

  /// The elements of the panel with its upper left corner at the origin.
  var elements: [String] {
    guard !isBlank else { return [] }
    let frame = frame
    let (width, height) = (frame.right - frame.left, frame.bottom - frame.top)
    var lines: [String] = []
    if !title.isEmpty {
      let shown = SVG.fitted(title, size.width - 16, size: 14)
      let hint = shown == title ? "" : "<title>\(SVG.escaped(title))</title>"
      lines.append(
        "<text class=\"panel-title\" x=\"\(SVG.coordinate(min(frame.left, 40)))\" y=\"18\">\(hint)\(SVG.escaped(shown))</text>")
    }
    // Beside each other numbers need room: every other one goes where they would touch.
    let widest = x.ticks.map { SVG.width($0.text) + 8 }.max() ?? 0
    let every = max(1, Int((widest * Double(x.ticks.count) / max(width, 1)).rounded(.up)))
    for (index, tick) in x.ticks.enumerated() {
      let place = frame.left + x.part(tick.place) * width
      if x.hasGrid { lines.append(SVG.line("grid", place, frame.top, place, frame.bottom)) }
      if index % every == 0 { lines.append(SVG.label("tick", place, frame.bottom + 17, "middle", tick.text)) }
    }
    for tick in y.ticks {
      let place = frame.bottom - y.part(tick.place) * height
      if y.hasGrid { lines.append(SVG.line("grid", frame.left, place, frame.right, place)) }
      lines.append(SVG.label("tick", frame.left - 7, place + 4.5, "end", SVG.fitted(tick.text, size.width * 0.42)))
    }
    // A picture within the picture cuts what is drawn at the frame.
    lines.append(
      "<svg x=\"\(SVG.coordinate(frame.left))\" y=\"\(SVG.coordinate(frame.top))\" width=\"\(SVG.coordinate(width))\" height=\"\(SVG.coordinate(height))\">"
    )
    for layer in layers { if let element = element(layer, width, height) { lines.append(element) } }
    lines.append("</svg>")
    lines.append(SVG.line("axis", frame.left, frame.bottom, frame.right, frame.bottom))
    if !y.ticks.isEmpty { lines.append(SVG.line("axis", frame.left, frame.top, frame.left, frame.bottom)) }
    if !x.label.isEmpty {
      lines.append(SVG.label("axis-name", (frame.left + frame.right) / 2, size.height - 8, "middle", SVG.fitted(x.label, size.width - 8)))
    }
    if !y.label.isEmpty {
      lines.append(
        "<text class=\"axis-name\" transform=\"translate(16 \(SVG.coordinate((frame.top + frame.bottom) / 2))) rotate(-90)\" text-anchor=\"middle\">\(SVG.escaped(SVG.fitted(y.label, height + 20)))</text>"
      )
    }
    let sentences: [String] = remark.map { SVG.wrapped($0, width - 16) } ?? []
    let middle = (x: (frame.left + frame.right) / 2, y: (frame.top + frame.bottom) / 2 - 4)
    for (index, line) in sentences.enumerated() {
      lines.append(SVG.label("note", middle.x, middle.y + 16 * Double(index), "middle", line))
    }
    return lines
  }

  // MARK: - Layers

  private func element(_ layer: Layer, _ width: Double, _ height: Double) -> String? {
    func at(_ a: Double, _ b: Double) -> (x: Double, y: Double) { (x.part(a) * width, (1 - y.part(b)) * height) }
    func words(_ a: Double, _ b: Double) -> String {
      let place = at(a, b)
      // Far outside of the frame numbers would grow without end.
      return "\(SVG.coordinate(min(max(place.x, -2000), 6000))) \(SVG.coordinate(min(max(place.y, -2000), 6000)))"
    }
    func path(_ mark: PlotMark, _ text: String) -> String? { text.isEmpty ? nil : "<path class=\"\(mark.name)\" d=\"\(text)\"/>" }
    switch layer {
    case .path(let mark, let points):
      var text = ""
      var isOpen = false
      for point in points {
        guard point.x.isFinite, point.y.isFinite else {
          isOpen = false
          continue
        }
        text += (isOpen ? "L" : "M") + words(point.x, point.y)
        isOpen = true
      }
      return path(mark, text)
    case .segments(let mark, let pieces):
      return path(
        mark,
        pieces.filter { [$0.x0, $0.y0, $0.x1, $0.y1].allSatisfy(\.isFinite) }.map { "M\(words($0.x0, $0.y0))L\(words($0.x1, $0.y1))" }
          .joined())
    case .points(let mark, let points):
      return path(mark, points.filter { $0.x.isFinite && $0.y.isFinite }.map { "M\(words($0.x, $0.y))h0" }.joined())
    case .crosses(let mark, let points):
      let text = points.filter { $0.x.isFinite && $0.y.isFinite }.map { point -> String in
        let place = at(point.x, point.y)
        return "M\(SVG.coordinate(place.x - 3)) \(SVG.coordinate(place.y - 3))l6 6m0 -6l-6 6"
      }.joined()
      return path(mark, text)
    case .between(let mark, let points):
      let finite = points.filter { $0.x.isFinite && $0.low.isFinite && $0.high.isFinite }
      guard finite.count > 1 else { return nil }
      let there = finite.map { words($0.x, $0.high) }.joined(separator: "L")
      let back = finite.reversed().map { words($0.x, $0.low) }.joined(separator: "L")
      return path(mark, "M\(there)L\(back)Z")
    case .boxes(let mark, let boxes):
      let text = boxes.filter { [$0.x0, $0.y0, $0.x1, $0.y1].allSatisfy(\.isFinite) }.map { box in
        "M\(words(box.x0, box.y0))L\(words(box.x1, box.y0))L\(words(box.x1, box.y1))L\(words(box.x0, box.y1))Z"
      }.joined()
      return path(mark, text)
    case .words(let text, let a, let b, let anchor):
      guard a.isFinite, b.isFinite else { return nil }
      let place = at(a, b)
      return SVG.label("note", place.x, place.y, anchor, text)
    }
  }
}
