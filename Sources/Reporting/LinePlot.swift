import Foundation

/// Curves over one axis, as SVG (1.1, no scripts, no fonts of its own), in the colours and dashes of ``PlotStyle``.
///
/// A name stands at the end of every curve in place of a legend. Points that are not finite interrupt a curve.
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
  /// Where the frame ends and the names begin.
  private static let right = 640.0
  private static let lineHeight = 17.0

  private var finite: [(x: Double, y: Double)] { curves.flatMap(\.points).filter { $0.x.isFinite && $0.y.isFinite } }

  private var xSpan: ClosedRange<Double> { PlotScale.range(finite.map(\.x)) }

  private var ySpan: ClosedRange<Double> {
    if let yRange { return yRange }
    let all = xSpan
    let start = all.lowerBound + 0.1 * (all.upperBound - all.lowerBound)
    let late = finite.filter { $0.x >= start }.map(\.y)
    return PlotScale.range(late.isEmpty ? finite.map(\.y) : late, margin: 0.04)
  }

  // MARK: - The file

  /// The whole file.
  package var svg: String {
    // Names stand to the right of the frame: characters of 13 px are 7.2 px wide on average.
    let width = max(LinePlot.size.width, (LinePlot.right + 50 + 7.2 * Double(curves.map(\.name.count).max() ?? 0)).rounded(.up))
    var panel = PlotPanel(
      "", x: PlotAxis(xLabel, xSpan, limit: 7), y: PlotAxis(yLabel, ySpan, limit: 7), size: (width, LinePlot.size.height - 20))
    panel.rightMargin = width - LinePlot.right
    panel.topMargin = 48
    panel.layers = curves.enumerated().map { .path(.curve($0), $1.points) }
    let body = [SVG.label("title", panel.frame.left, 28, "start", title)] + panel.elements + names(panel)
    let description = "\(yLabel) against \(xLabel): \(curves.map(\.name).joined(separator: ", "))"
    return PlotFigure.file(title, description, (width, LinePlot.size.height), body)
  }

  /// The curves' names beside their ends, pushed apart where they would overlap, each with a line to its curve.
  private func names(_ panel: PlotPanel) -> [String] {
    let frame = panel.frame
    var ends = curves.enumerated().compactMap { index, curve -> (index: Int, x: Double, from: Double, at: Double)? in
      guard let last = curve.points.last(where: { $0.x.isFinite && $0.y.isFinite }) else { return nil }
      let height = min(max(frame.bottom - panel.y.part(last.y) * (frame.bottom - frame.top), frame.top), frame.bottom)
      return (index, frame.left + panel.x.part(last.x) * (frame.right - frame.left), height, height)
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
      let (start, stop) = (frame.right + 6, frame.right + 34)
      let (from, at) = (SVG.coordinate(end.from), SVG.coordinate(end.at))
      return [
        "<path class=\"leader\" d=\"M\(SVG.coordinate(end.x)) \(from)L\(SVG.coordinate(start)) \(at)\"/>",
        "<path class=\"\(PlotMark.curve(end.index).name)\" d=\"M\(SVG.coordinate(start)) \(at)L\(SVG.coordinate(stop)) \(at)\"/>",
        SVG.label("name", stop + 6, end.at + 4.5, "start", curves[end.index].name),
      ]
    }
  }
}
