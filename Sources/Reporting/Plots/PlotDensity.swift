import Foundation
import Inference

extension PlotKind {
  /// Density estimates of each chain; frequencies where all draws are whole numbers.
  static func density(_ material: PlotMaterial) throws -> PlotFigure {
    let draws = try material.needDraws("a density")
    let selection = try PlotSelection(material, draws, limit: 12)
    var figure = PlotFigure("Density", "Density of the draws, by chain. Chains that agree lie on each other.")
    figure.notes = [selection.note, gapNote(selection.quantities), PlotQuantity.chainNote(draws.chains)].compactMap { $0 }
    figure.legend = chainLegend(draws.chains) { .curve($0) }
    figure.panels = selection.quantities.map { densityPanel($0) }
    return figure
  }

  static func densityPanel(_ quantity: PlotQuantity, size: (width: Double, height: Double) = (420, 220)) -> PlotPanel {
    if quantity.isWhole { return frequencyPanel(quantity, size: size) }
    let densities = quantity.shown.map { KernelDensity($0) }
    let top = densities.flatMap(\.heights).max() ?? 1
    var panel = PlotPanel(
      quantity.name, x: PlotAxis("", PlotScale.range(densities.flatMap(\.places), margin: 0.02), limit: 5),
      y: .unmarked("", 0...(1.06 * top)),
      size: size)
    for (chain, density) in densities.enumerated() where !density.points.isEmpty {
      if densities.count == 1 { panel.layers.append(.between(.area(0), density.points.map { ($0.x, 0, $0.y) })) }
      panel.layers.append(.path(.curve(chain), density.points))
    }
    if panel.layers.isEmpty {
      panel.x = PlotAxis("", PlotScale.range(quantity.finite, margin: 0.02), limit: 5)
      panel.remark = emptiness(quantity) ?? "too few draws for a density"
      panel.layers = [.segments(.bar(0), quantity.finite.prefix(1).map { ($0, 0, $0, 0.35 * top) })]
    }
    return panel
  }

  /// Stems at whole numbers, those of several chains beside each other.
  private static func frequencyPanel(_ quantity: PlotQuantity, size: (width: Double, height: Double)) -> PlotPanel {
    let range = PlotScale.range(quantity.finite)
    let values = Array(Int(range.lowerBound)...Int(range.upperBound))
    let chains = quantity.shown.count
    var stems: [[(x0: Double, y0: Double, x1: Double, y1: Double)]] = []
    for (chain, draws) in quantity.shown.enumerated() {
      var counts = [Int: Int]()
      for draw in draws where draw.isFinite { counts[Int(draw), default: 0] += 1 }
      let shift = chains > 1 ? 0.6 * (Double(chain) / Double(chains - 1) - 0.5) : 0
      stems.append(
        values.map { value in (Double(value) + shift, 0, Double(value) + shift, Double(counts[value] ?? 0) / Double(max(draws.count, 1))) })
    }
    let top = stems.flatMap { $0.map(\.y1) }.max() ?? 1
    let step = max(1, PlotScale.ticks(range, limit: 8).step)
    let ticks = values.filter { Double($0).remainder(dividingBy: step) == 0 }.map { (Double($0), PlotScale.number(Double($0), step: 1)) }
    var panel = PlotPanel(
      quantity.name, x: PlotAxis("", (range.lowerBound - 0.6)...(range.upperBound + 0.6), ticks: ticks, hasGrid: false),
      y: PlotAxis("frequency", 0...(1.06 * max(top, 1e-9)), limit: 4), size: size)
    panel.layers = stems.enumerated().map { .segments(.bar($0), $1) }
    return panel
  }
}
