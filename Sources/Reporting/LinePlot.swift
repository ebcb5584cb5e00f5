import Foundation

/// Curves over one axis, as SVG (1.1, no scripts, no fonts of its own).
///
/// Eight colours that people with any kind of colour vision tell apart (Okabe and Ito 2008), each with a dash pattern of its own, and a name at
/// the end of every curve in place of a legend. The page's own colour scheme decides between dark ink on white and light ink on black.
/// Ticks are at 1, 2 or 5 times powers of ten. Points that are not finite interrupt a curve.
package struct LinePlot: Sendable {
  package struct Curve: Sendable {
    package var name: String
    /// In order of x.
    package var points: [(x: Double, y: Double)]
    package init(_ name: String, _ points: [(x: Double, y: Double)]) {
      self.name = name
      self.points = points
    }
  }

  package var title: String
  package var xLabel: String
  package var yLabel: String
  package var curves: [Curve]
  /// What of the vertical axis is shown; nil for everything that the curves have after the first tenth of the horizontal axis, so that what
  /// happens in the first steps does not flatten the rest. Curves are cut at the frame.
  package var yRange: ClosedRange<Double>?

  package init(title: String, xLabel: String, yLabel: String, curves: [Curve], yRange: ClosedRange<Double>? = nil) {
    self.title = title
    self.xLabel = xLabel
    self.yLabel = yLabel
    self.curves = curves
    self.yRange = yRange
  }

  // MARK: - Where things stand

  private static let size = (width: 860.0, height: 480.0)
  private static let frame = (left: 84.0, top: 48.0, right: 640.0, bottom: 416.0)
  private static let lineHeight = 17.0

  private var finite: [(x: Double, y: Double)] { curves.flatMap(\.points).filter { $0.x.isFinite && $0.y.isFinite } }

  private var xSpan: ClosedRange<Double> { LinePlot.span(finite.map(\.x)) }

  private var ySpan: ClosedRange<Double> {
    if let yRange { return yRange }
    let all = xSpan
    let start = all.lowerBound + 0.1 * (all.upperBound - all.lowerBound)
    let late = finite.filter { $0.x >= start }.map(\.y)
    let span = LinePlot.span(late.isEmpty ? finite.map(\.y) : late)
    let margin = 0.04 * (span.upperBound - span.lowerBound)
    return (span.lowerBound - margin)...(span.upperBound + margin)
  }

  /// From the least to the largest; of width one about a single value.
  private static func span(_ values: [Double]) -> ClosedRange<Double> {
    guard let least = values.min(), let largest = values.max() else { return 0...1 }
    return least < largest ? least...largest : (least - 0.5)...(least + 0.5)
  }

  /// Multiples of 1, 2 or 5 times a power of ten inside a range: at most `limit`, and the step between them.
  package static func ticks(_ range: ClosedRange<Double>, limit: Int = 7) -> (places: [Double], step: Double) {
    let width = range.upperBound - range.lowerBound
    guard width.isFinite, width > 0, limit > 1 else { return ([range.lowerBound], 1) }
    var power = pow(10, (log10(width / Double(limit))).rounded(.down))
    while true {
      for factor in [1.0, 2, 5] {
        let step = factor * power
        let first = (range.lowerBound / step).rounded(.up)
        let last = (range.upperBound / step).rounded(.down)
        guard last - first < Double(limit) else { continue }
        // A sum of nothing, so that no tick is −0.
        return (stride(from: first, through: last, by: 1).map { $0 * step + 0 }, step)
      }
      power *= 10
    }
  }

  // MARK: - The file

  /// The whole file.
  package var svg: String {
    let frame = LinePlot.frame
    let (xs, ys) = (xSpan, ySpan)
    func x(_ value: Double) -> Double {
      frame.left + (value - xs.lowerBound) / (xs.upperBound - xs.lowerBound) * (frame.right - frame.left)
    }
    func y(_ value: Double) -> Double {
      frame.bottom - (value - ys.lowerBound) / (ys.upperBound - ys.lowerBound) * (frame.bottom - frame.top)
    }
    // Names stand to the right of the frame: characters of 13 px are 7.2 px wide on average.
    let width = max(LinePlot.size.width, (frame.right + 50 + 7.2 * Double(curves.map(\.name.count).max() ?? 0)).rounded(.up))
    let middle = (x: (frame.left + frame.right) / 2, y: (frame.top + frame.bottom) / 2)
    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(LinePlot.text(width)) \(LinePlot.text(LinePlot.size.height))\" role=\"img\" aria-label=\"\(LinePlot.escaped(title))\">",
      LinePlot.style,
      "<rect class=\"page\" width=\"100%\" height=\"100%\"/>",
      "<text class=\"title\" x=\"\(LinePlot.text(frame.left))\" y=\"28\">\(LinePlot.escaped(title))</text>",
    ]
    let (xTicks, xStep) = LinePlot.ticks(xs)
    for tick in xTicks {
      lines.append(LinePlot.line("grid", x(tick), frame.top, x(tick), frame.bottom))
      lines.append(LinePlot.label("tick", x(tick), frame.bottom + 20, "middle", LinePlot.number(tick, step: xStep)))
    }
    let (yTicks, yStep) = LinePlot.ticks(ys)
    for tick in yTicks {
      lines.append(LinePlot.line("grid", frame.left, y(tick), frame.right, y(tick)))
      lines.append(LinePlot.label("tick", frame.left - 8, y(tick) + 4.5, "end", LinePlot.number(tick, step: yStep)))
    }
    lines.append(LinePlot.line("axis", frame.left, frame.bottom, frame.right, frame.bottom))
    lines.append(LinePlot.line("axis", frame.left, frame.top, frame.left, frame.bottom))
    lines.append(LinePlot.label("axis-name", middle.x, frame.bottom + 46, "middle", xLabel))
    lines.append(
      "<text class=\"axis-name\" transform=\"translate(22 \(LinePlot.text(middle.y))) rotate(-90)\" text-anchor=\"middle\">\(LinePlot.escaped(yLabel))</text>"
    )
    lines.append(
      "<clipPath id=\"frame\"><rect x=\"\(LinePlot.text(frame.left))\" y=\"\(LinePlot.text(frame.top))\" width=\"\(LinePlot.text(frame.right - frame.left))\" height=\"\(LinePlot.text(frame.bottom - frame.top))\"/></clipPath>"
    )
    for (index, curve) in curves.enumerated() {
      let path = LinePlot.path(curve.points.map { ($0.x.isFinite && $0.y.isFinite) ? (x($0.x), y($0.y)) : nil })
      lines.append("<path class=\"curve c\(index % LinePlot.colours.count)\" clip-path=\"url(#frame)\" d=\"\(path)\"/>")
    }
    lines += names(x, y)
    lines.append("</svg>")
    return lines.joined(separator: "\n") + "\n"
  }

  /// The curves' names beside their ends, pushed apart where they would overlap, each with a line to its curve.
  private func names(_ x: (Double) -> Double, _ y: (Double) -> Double) -> [String] {
    let frame = LinePlot.frame
    var ends = curves.enumerated().compactMap { index, curve -> (index: Int, x: Double, from: Double, at: Double)? in
      guard let last = curve.points.last(where: { $0.x.isFinite && $0.y.isFinite }) else { return nil }
      let height = min(max(y(last.y), frame.top), frame.bottom)
      return (index, x(last.x), height, height)
    }.sorted { ($0.from, $0.index) < ($1.from, $1.index) }
    for place in ends.indices.dropFirst() { ends[place].at = max(ends[place].at, ends[place - 1].at + LinePlot.lineHeight) }
    let overflow = max(0, (ends.last?.at ?? 0) - frame.bottom)
    if overflow > 0 {
      var limit = frame.bottom
      for place in ends.indices.reversed() {
        ends[place].at = min(ends[place].at, limit)
        limit = ends[place].at - LinePlot.lineHeight
      }
    }
    return ends.flatMap { end in
      let colour = end.index % LinePlot.colours.count
      let (start, stop) = (frame.right + 6, frame.right + 34)
      return [
        "<path class=\"leader\" d=\"M\(LinePlot.text(end.x)) \(LinePlot.text(end.from))L\(LinePlot.text(start)) \(LinePlot.text(end.at))\"/>",
        "<path class=\"curve c\(colour)\" d=\"M\(LinePlot.text(start)) \(LinePlot.text(end.at))L\(LinePlot.text(stop)) \(LinePlot.text(end.at))\"/>",
        LinePlot.label("name", stop + 6, end.at + 4.5, "start", curves[end.index].name),
      ]
    }
  }

  // MARK: - Parts

  /// On white and on black, with a dash pattern.
  private static let colours: [(light: String, dark: String, dash: String)] = [
    ("#0072b2", "#4fb0e8", "none"), ("#d55e00", "#ff8a3c", "8 3"), ("#00805e", "#2fc795", "2 2.5"), ("#b0528a", "#e59cc6", "11 3 2 3"),
    ("#b37700", "#f0b429", "5 5"), ("#3b3b3b", "#d0d0d0", "14 4"), ("#2f7fb8", "#8fd0f5", "3 5"), ("#8a7d00", "#f0e442", "9 2 2 2 2 2"),
  ]

  private static var style: String {
    var rules = [
      "text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;font-size:13px;fill:#222}",
      ".title{font-size:16px;font-weight:600}", ".page{fill:#fff}", ".grid{stroke:#e3e3e3;stroke-width:1}",
      ".axis{stroke:#555;stroke-width:1}",
      ".leader{stroke:#999;stroke-width:0.75;fill:none}", ".curve{fill:none;stroke-width:2;stroke-linejoin:round}",
    ]
    var dark = [
      "text{fill:#e6e6e6}", ".page{fill:#15171a}", ".grid{stroke:#2e3238}", ".axis{stroke:#9aa0a6}", ".leader{stroke:#7a8087}",
    ]
    for (index, colour) in colours.enumerated() {
      rules.append(".c\(index){stroke:\(colour.light);stroke-dasharray:\(colour.dash)}")
      dark.append(".c\(index){stroke:\(colour.dark)}")
    }
    return "<style>\(rules.joined())@media(prefers-color-scheme:dark){\(dark.joined())}</style>"
  }

  private static func path(_ points: [(Double, Double)?]) -> String {
    var text = ""
    var isOpen = false
    for point in points {
      guard let (x, y) = point else {
        isOpen = false
        continue
      }
      // Far outside of the frame numbers would grow without end.
      text += "\(isOpen ? "L" : "M")\(LinePlot.text(x)) \(LinePlot.text(min(max(y, -2000), 4000)))"
      isOpen = true
    }
    return text
  }

  private static func line(_ kind: String, _ x0: Double, _ y0: Double, _ x1: Double, _ y1: Double) -> String {
    "<line class=\"\(kind)\" x1=\"\(text(x0))\" y1=\"\(text(y0))\" x2=\"\(text(x1))\" y2=\"\(text(y1))\"/>"
  }

  private static func label(_ kind: String, _ x: Double, _ y: Double, _ anchor: String, _ words: String) -> String {
    "<text class=\"\(kind)\" x=\"\(text(x))\" y=\"\(text(y))\" text-anchor=\"\(anchor)\">\(escaped(words))</text>"
  }

  /// A coordinate in at most one decimal.
  private static func text(_ value: Double) -> String {
    let tenths = (value * 10).rounded()
    return tenths.remainder(dividingBy: 10) == 0 ? String(Int(tenths / 10)) : String(tenths / 10)
  }

  /// A tick in as many decimals as tell it from its neighbours.
  static func number(_ value: Double, step: Double) -> String {
    if abs(value) >= 1e7 || (value != 0 && step < 1e-5) { return String(format: "%.3g", value) }
    let decimals = max(0, Int((-log10(step) - 1e-9).rounded(.up)))
    return String(format: "%.\(decimals)f", value).replacingOccurrences(of: "-", with: "−")
  }

  private static func escaped(_ words: String) -> String {
    words.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;").replacingOccurrences(
      of: ">", with: "&gt;"
    )
    .replacingOccurrences(of: "\"", with: "&quot;")
  }
}
