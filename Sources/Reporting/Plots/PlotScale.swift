import Foundation

/// Ranges, ticks and the numbers beside them.
package enum PlotScale {
  /// From the least to the largest finite value, with a margin (a part of the width) on both sides. A single value gets a range of width one
  /// (or a tenth of its size, where that is more) about it; nothing at all gives 0…1.
  package static func range(_ values: some Sequence<Double>, margin: Double = 0) -> ClosedRange<Double> {
    var least = Double.infinity
    var largest = -Double.infinity
    for value in values where value.isFinite {
      least = min(least, value)
      largest = max(largest, value)
    }
    guard least <= largest else { return 0...1 }
    return widened(least, largest, margin: margin)
  }

  private static func widened(_ least: Double, _ largest: Double, margin: Double) -> ClosedRange<Double> {
    // Beyond this, sums and differences of the bounds would overflow.
    let (low, high) = (max(least, -1e300), min(largest, 1e300))
    let size = max(abs(low), abs(high))
    // Less than this and neighbouring doubles, or denormal numbers, would be drawn.
    guard high - low > max(1e-11 * size, 1e-280) else {
      let middle = low / 2 + high / 2
      let half = max(0.5, 0.05 * size)
      return (middle - half)...(middle + half)
    }
    let room = margin * (high - low)
    return (low - room)...(high + room)
  }

  /// Multiples of 1, 2 or 5 times a power of ten inside a range: at most `limit`, and the step between them.
  package static func ticks(_ range: ClosedRange<Double>, limit: Int = 7) -> (places: [Double], step: Double) {
    let width = range.upperBound - range.lowerBound
    let size = max(abs(range.lowerBound), abs(range.upperBound))
    guard width.isFinite, width > max(1e-12 * size, 1e-290), limit > 1 else { return ([range.lowerBound], 1) }
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

  /// A tick in as many decimals as tell it from its neighbours.
  static func number(_ value: Double, step: Double) -> String {
    if value == 0, step < 1e-4 || step >= 1 { return "0" }
    let text: String
    if abs(value) >= 1e6 || (value != 0 && step < 1e-4) {
      let digits = value == 0 ? 1 : max(1, Int(log10(abs(value)).rounded(.down)) - Int((log10(step) + 1e-9).rounded(.down)) + 1)
      text = scientific(value, digits: min(digits, 15))
    } else {
      let decimals = max(0, Int((-log10(step) - 1e-9).rounded(.up)))
      text = String(format: "%.\(min(decimals, 12))f", value)
    }
    return text.replacingOccurrences(of: "-", with: "−")
  }

  /// `1.2e8`, without needless zeros.
  private static func scientific(_ value: Double, digits: Int) -> String {
    let parts = String(format: "%.\(digits - 1)e", value).split(separator: "e")
    guard parts.count == 2, let exponent = Int(parts[1]) else { return value.description }
    var mantissa = String(parts[0])
    if mantissa.contains(".") {
      while mantissa.hasSuffix("0") { mantissa.removeLast() }
      if mantissa.hasSuffix(".") { mantissa.removeLast() }
    }
    return exponent == 0 ? mantissa : "\(mantissa)e\(exponent)"
  }
}

/// One axis of a panel: a range, and where it is marked.
package struct PlotAxis: Sendable {
  package var label: String
  package var range: ClosedRange<Double>
  package var ticks: [(place: Double, text: String)]
  /// Whether lines go from the ticks through the panel.
  package var hasGrid: Bool

  package init(_ label: String, _ range: ClosedRange<Double>, ticks: [(place: Double, text: String)], hasGrid: Bool = true) {
    self.label = label
    self.range = range
    self.ticks = ticks
    self.hasGrid = hasGrid
  }

  /// Numbers at 1-2-5 steps.
  package init(_ label: String, _ range: ClosedRange<Double>, limit: Int = 6, hasGrid: Bool = true) {
    let (places, step) = PlotScale.ticks(range, limit: limit)
    self.init(label, range, ticks: places.map { ($0, PlotScale.number($0, step: step)) }, hasGrid: hasGrid)
  }

  /// An axis that is not marked, for heights that mean nothing by themselves.
  package static func unmarked(_ label: String, _ range: ClosedRange<Double>) -> PlotAxis {
    PlotAxis(label, range, ticks: [], hasGrid: false)
  }

  /// 0 at the lower end of the range, 1 at the upper.
  func part(_ value: Double) -> Double {
    let width = range.upperBound / 2 - range.lowerBound / 2
    return width > 0 ? (value / 2 - range.lowerBound / 2) / width : 0.5
  }
}
