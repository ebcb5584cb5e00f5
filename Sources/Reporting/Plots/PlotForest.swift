import Foundation
import Inference

extension PlotKind {
  /// Medians with 50 % and 90 % intervals, a row each, from the quantiles of a result or, without one, of the draws. Variables of very different scales
  /// have panels of their own.
  static func forest(_ material: PlotMaterial) throws -> PlotFigure {
    let rows = try ForestRow.rows(material)
    var figure = PlotFigure(
      "Intervals", "Posterior medians (dots), 50 % intervals (thick) and 90 % intervals (thin).", columns: 1)
    figure.notes = [rows.note].compactMap { $0 }
    for group in ForestRow.groups(rows.rows) { figure.panels.append(forestPanel(group)) }
    return figure
  }

  private static func forestPanel(_ rows: [ForestRow]) -> PlotPanel {
    let count = Double(rows.count)
    let ends = rows.flatMap(\.quantiles)
    let range = PlotScale.range(ends, margin: 0.04)
    let ticks = rows.enumerated().map { (place: count - 1 - Double($0.offset), text: $0.element.name) }
    var panel = PlotPanel(
      "", x: PlotAxis("", range, limit: 7), y: PlotAxis("", -0.6...(count - 0.4), ticks: ticks, hasGrid: false),
      size: (480, 50 + 21 * count))
    if range.contains(0) { panel.layers.append(.segments(.rule, [(0, -1, 0, count)])) }
    func intervals(_ low: Int, _ high: Int) -> [(x0: Double, y0: Double, x1: Double, y1: Double)] {
      zip(rows, ticks).map { ($0.quantiles[low], $1.place, $0.quantiles[high], $1.place) }
    }
    panel.layers.append(.segments(.bar(0), intervals(0, 4)))
    panel.layers.append(.segments(.thick(0), intervals(1, 3)))
    panel.layers.append(.points(.inkDots, zip(rows, ticks).map { ($0.quantiles[2], $1.place) }))
    for (row, tick) in zip(rows, ticks) where !row.quantiles.allSatisfy(\.isFinite) {
      panel.layers.append(
        .words("not all draws are finite", x: range.lowerBound / 2 + range.upperBound / 2, y: tick.place, anchor: "middle"))
    }
    return panel
  }
}

/// One row of a forest plot: the quantiles at 0.05, 0.25, 0.5, 0.75 and 0.95.
private struct ForestRow {
  var name: String
  /// The variable it belongs to.
  var variable: Int
  var quantiles: [Double]

  static func rows(_ material: PlotMaterial) throws -> (rows: [ForestRow], note: String?) {
    let probabilities = Summary.probabilities
    if let result = material.result, result.variables.contains(where: { !$0.quantiles.isEmpty }) {
      let variables = result.variables.filter { variable in probabilities.allSatisfy { variable.quantile($0) != nil } }
      let chosen = try PlotSelection.elements(material, variables, limit: 60)
      return (
        chosen.places.map { place in
          let variable = variables[place.variable]
          return ForestRow(
            name: variable.name + Nesting.suffix(place.element, shape: variable.shape), variable: place.variable,
            quantiles: probabilities.map { variable.quantile($0)?[place.element] ?? .nan })
        }, chosen.note
      )
    }
    guard let draws = material.draws else {
      throw PlotError("a forest plot needs quantiles, and the result has none: a mode has no intervals.")
    }
    let reports = draws.variables.map { VariableReport(name: $0.name, kind: $0.kind, shape: $0.shape, statistics: [], quantiles: []) }
    let chosen = try PlotSelection.elements(material, reports, limit: 60)
    return (
      chosen.places.map { place in
        let variable = draws.variables[place.variable]
        let sorted = variable.values.flatMap { chain in stride(from: place.element, to: chain.count, by: variable.size).map { chain[$0] } }
          .sorted()
        return ForestRow(
          name: variable.name + Nesting.suffix(place.element, shape: variable.shape), variable: place.variable,
          quantiles: probabilities.map { quantile(sorted, $0) })
      }, chosen.note
    )
  }

  /// Linear between order statistics.
  private static func quantile(_ sorted: [Double], _ p: Double) -> Double {
    guard let last = sorted.indices.last, sorted.allSatisfy(\.isFinite) else { return .nan }
    let place = Double(last) * p
    let low = Int(place)
    return low == last ? sorted[last] : sorted[low] + (place - Double(low)) * (sorted[low + 1] - sorted[low])
  }

  /// All rows together where one axis can show them: no interval is less than a fortieth of the axis. Else a group for each variable, neighbours
  /// of similar scale together.
  static func groups(_ rows: [ForestRow]) -> [[ForestRow]] {
    guard !rows.isEmpty else { return [] }
    if isLegible(rows) { return [rows] }
    var groups: [[ForestRow]] = []
    for row in rows {
      if let last = groups.last, last[0].variable == row.variable || isLegible(last + [row]) {
        groups[groups.count - 1].append(row)
      } else {
        groups.append([row])
      }
    }
    return groups
  }

  private static func isLegible(_ rows: [ForestRow]) -> Bool {
    let range = PlotScale.range(rows.flatMap(\.quantiles))
    let widths = rows.map { $0.quantiles[4] - $0.quantiles[0] }.filter { $0.isFinite && $0 > 0 }
    return (widths.min() ?? .infinity) > (range.upperBound - range.lowerBound) / 40
  }
}
