import Differentiation
import Foundation
import Inference

/// A plot that is put together from layers, for a notebook: colours that people with any kind of colour vision tell apart, a dash pattern
/// for each series, and the page's own colour scheme.
///
/// ```swift
/// show(
///   Plot("Bias", x: "probability", y: "density")
///     .histogram("draws", try posterior.bias.draws.values())
///     .line("exact", x: grid, y: grid.map(density)))
/// ```
///
/// Numbers that are not finite are left out, or interrupt a line. Where the lengths of a layer's lists differ, the plot says so in place of the layer.
public struct Plot: Sendable {
  /// What of an axis is shown; nil for all that the layers have.
  public var xRange: ClosedRange<Double>?
  public var yRange: ClosedRange<Double>?
  public let title: String
  private let xLabel: String
  private let yLabel: String
  private var layers: [Layer] = []
  private var problems: [String] = []
  /// Names in place of numbers along the vertical axis, from the top.
  private var rows: [String] = []

  private enum Shape: Sendable {
    case line, points
    case band([Double])
    /// Low and high ends at each place; horizontal ones where the plot has rows.
    case intervals([Double], [Double], isHorizontal: Bool)
    case bars(width: Double)
    case vertical, horizontal
  }

  private struct Layer: Sendable {
    var name: String
    var shape: Shape
    var x: [Double]
    var y: [Double]
  }

  /// An empty plot with the names of its axes.
  public init(_ title: String, x: String = "", y: String = "") {
    self.title = title
    xLabel = x
    yLabel = y
  }

  // MARK: - Layers

  /// A line through points in the order given.
  public func line(_ name: String, x: [Double], y: [Double]) -> Plot { adding(name, .line, x, y, lengths: [y.count]) }

  /// Dots.
  public func points(_ name: String, x: [Double], y: [Double]) -> Plot { adding(name, .points, x, y, lengths: [y.count]) }

  /// A shaded band between two lines.
  public func band(_ name: String, x: [Double], low: [Double], high: [Double]) -> Plot {
    adding(name, .band(high), x, low, lengths: [low.count, high.count])
  }

  /// Dots with vertical intervals.
  public func intervals(_ name: String, x: [Double], middle: [Double], low: [Double], high: [Double]) -> Plot {
    adding(name, .intervals(low, high, isHorizontal: false), x, middle, lengths: [middle.count, low.count, high.count])
  }

  /// The density of numbers: counts over the number of values and the width of a bar. Whole numbers within a range of 60 have a bar each, others as many
  /// bars as Freedman and Diaconis (1981) advise, from 5 to 60.
  /// - Parameter bins: nil for that.
  public func histogram(_ name: String, _ values: [Double], bins: Int? = nil) -> Plot {
    let finite = values.filter(\.isFinite)
    guard let least = finite.min(), let largest = finite.max() else {
      return withProblem("\(name) has no finite values.")
    }
    var low = least
    var width = 1.0
    var count = 1
    if bins == nil, finite.allSatisfy({ $0 == $0.rounded() }), largest - least <= 60, abs(least) < 1e9 {
      low = least - 0.5
      count = Int(largest - least) + 1
    } else {
      count = min(max(bins ?? Self.bins(finite), 1), 500)
      width = largest > least ? (largest - least) / Double(count) : max(1, abs(least)) / Double(count)
      if largest == least { low = least - width * Double(count) / 2 }
    }
    var counts = [Int](repeating: 0, count: count)
    for value in finite { counts[min(max(Int((value - low) / width), 0), count - 1)] += 1 }
    let centres = (0..<count).map { low + (Double($0) + 0.5) * width }
    return adding(
      name, .bars(width: width), centres, counts.map { Double($0) / (Double(finite.count) * width) }, lengths: [count])
  }

  /// A dashed line across the plot.
  public func vertical(_ name: String, at x: Double) -> Plot { adding(name, .vertical, [x], [], lengths: [1]) }

  /// A dashed line along the plot.
  public func horizontal(_ name: String, at y: Double) -> Plot { adding(name, .horizontal, [], [y], lengths: [0]) }

  /// Intervals in rows, from the top, with the rows' names at the side.
  public static func rows(
    _ title: String, x: String = "", _ rows: [(name: String, low: Double, middle: Double, high: Double)]
  ) -> Plot {
    var plot = Plot(title, x: x)
    plot.rows = rows.map(\.name)
    return plot.adding(
      "", .intervals(rows.map(\.low), rows.map(\.high), isHorizontal: true), rows.map(\.middle),
      rows.indices.map { Double(rows.count - 1 - $0) }, lengths: [rows.count])
  }

  /// Medians of a posterior's variables with intervals from the 5 % to the 95 % quantile, a row for each element.
  public static func intervals<Output>(_ title: String, _ posterior: Posterior<Output>, _ names: [String]) -> Plot {
    var entries: [(name: String, low: Double, middle: Double, high: Double)] = []
    for name in names {
      guard let variable = posterior.summaries.first(where: { $0.name == name }) else { continue }
      guard let low = variable.quantiles.first, let high = variable.quantiles.last else { continue }
      for element in 0..<variable.size {
        entries.append(
          (name + Nesting.suffix(element, shape: variable.shape), low.value[element], variable.median[element], high.value[element]))
      }
    }
    return rows(title, entries)
  }

  private func adding(_ name: String, _ shape: Shape, _ x: [Double], _ y: [Double], lengths: [Int]) -> Plot {
    if let other = lengths.first(where: { $0 != x.count }) {
      return withProblem("\(name) has \(x.count) places and \(other) values.")
    }
    var plot = self
    plot.layers.append(Layer(name: name, shape: shape, x: x, y: y))
    return plot
  }

  private func withProblem(_ sentence: String) -> Plot {
    var plot = self
    plot.problems.append(sentence)
    return plot
  }

  private static func bins(_ values: [Double]) -> Int {
    let sorted = values.sorted()
    func quantile(_ p: Double) -> Double { sorted[Int(p * Double(sorted.count - 1))] }
    let width = 2 * (quantile(0.75) - quantile(0.25)) / pow(Double(sorted.count), 1.0 / 3)
    guard width > 0 else { return 20 }
    return min(max(Int(((quantile(1) - quantile(0)) / width).rounded(.up).clamped(to: 1...1000)), 5), 60)
  }

  // MARK: - The picture

  /// The whole picture.
  package var svg: String {
    var figure = PlotFigure(title, description, columns: 1)
    let height = rows.isEmpty ? 320 : 60 + 22 * Double(rows.count)
    var panel = PlotPanel("", x: PlotAxis(xLabel, xSpan, limit: 7), y: yAxis, size: (640, height))
    var series = 0
    for layer in layers {
      let isRule = if case .vertical = layer.shape { true } else if case .horizontal = layer.shape { true } else { false }
      panel.layers += pieces(layer, series)
      if !layer.name.isEmpty { figure.legend.append((layer.name, mark(layer.shape, series))) }
      if !isRule { series += 1 }
    }
    if !problems.isEmpty { panel.remark = problems.joined(separator: " ") }
    // One series needs no legend beside the title.
    if figure.legend.count == 1 { figure.legend = [] }
    figure.panels = [panel]
    return figure.svg
  }

  private var description: String {
    let names = layers.map(\.name).filter { !$0.isEmpty }
    return
      "\(yLabel.isEmpty ? "plot" : yLabel) against \(xLabel.isEmpty ? "values" : xLabel)\(names.isEmpty ? "" : ": " + names.joined(separator: ", "))"
  }

  private var xSpan: ClosedRange<Double> {
    if let xRange { return xRange }
    let places = layers.flatMap { layer -> [Double] in
      switch layer.shape {
      case .bars(let width): layer.x.flatMap { [$0 - width / 2, $0 + width / 2] }
      case .intervals(let low, let high, isHorizontal: true): layer.x + low + high
      default: layer.x
      }
    }
    let isOpen = layers.contains { if case .line = $0.shape { false } else if case .band = $0.shape { false } else { true } }
    return PlotScale.range(places, margin: isOpen ? 0.03 : 0)
  }

  private var yAxis: PlotAxis {
    guard rows.isEmpty else {
      let ticks = rows.enumerated().map { (place: Double(rows.count - 1 - $0.offset), text: $0.element) }
      return PlotAxis("", -0.6...(Double(rows.count) - 0.4), ticks: ticks, hasGrid: false)
    }
    var hasBars = false
    let heights = layers.flatMap { layer -> [Double] in
      switch layer.shape {
      case .bars:
        hasBars = true
        return layer.y
      case .band(let high): return layer.y + high
      case .intervals(let low, let high, _): return layer.y + low + high
      default: return layer.y
      }
    }
    var range = yRange ?? PlotScale.range(hasBars ? heights + [0] : heights, margin: 0.05)
    if yRange == nil, hasBars, heights.allSatisfy({ !($0 < 0) }) { range = 0...max(range.upperBound, 1e-12) }
    return PlotAxis(yLabel, range, limit: 6)
  }

  private func mark(_ shape: Shape, _ series: Int) -> PlotMark {
    switch shape {
    case .line: .curve(series)
    case .points: .dots(series)
    case .band, .bars: .area(series)
    case .intervals: .bar(series)
    case .vertical, .horizontal: .rule
    }
  }

  private func pieces(_ layer: Layer, _ series: Int) -> [PlotPanel.Layer] {
    let mark = mark(layer.shape, series)
    let points = zip(layer.x, layer.y).map { (x: $0, y: $1) }
    switch layer.shape {
    case .line: return [.path(mark, points)]
    case .points: return [.points(points.count > 400 ? .cloud(series) : mark, points)]
    case .band(let high): return [.between(mark, zip(points, high).map { ($0.x, $0.y, $1) })]
    case .intervals(let low, let high, isHorizontal: true):
      return [.segments(mark, zip(points, zip(low, high)).map { ($1.0, $0.y, $1.1, $0.y) }), .points(.inkDots, points)]
    case .intervals(let low, let high, isHorizontal: false):
      return [.segments(mark, zip(points, zip(low, high)).map { ($0.x, $1.0, $0.x, $1.1) }), .points(.dots(series), points)]
    case .bars(let width):
      // Thin gaps tell neighbours apart.
      return [.boxes(mark, points.map { ($0.x - 0.47 * width, 0, $0.x + 0.47 * width, $0.y) })]
    case .vertical: return layer.x.map { .segments(mark, [($0, -1e12, $0, 1e12)]) }
    case .horizontal: return layer.y.map { .segments(mark, [(-1e12, $0, 1e12, $0)]) }
    }
  }
}

extension Double {
  fileprivate func clamped(to range: ClosedRange<Double>) -> Double { Swift.min(Swift.max(self, range.lowerBound), range.upperBound) }
}
