import Foundation
import Inference

extension PlotKind {
  /// Marginal energies, centred, and changes of energy from draw to draw, a panel a chain. Where the second are much narrower, the sampler moves
  /// through the energies too slowly (Betancourt 2016).
  static func energy(_ material: PlotMaterial) throws -> PlotFigure {
    let draws = try material.needDraws("an energy plot")
    guard let energies = draws.sampleStats["energy"], !energies.isEmpty else {
      throw PlotError("the draws have no energies: those of Hamiltonian samplers have (infer --method nuts --draws-output FILE).")
    }
    var figure = PlotFigure(
      "Energy",
      "Centred energies and their changes between neighbouring draws, by chain. E-BFMI below 0.3 says that the chain moves through energies too slowly."
    )
    let shown = energies.prefix(8)
    if energies.count > shown.count { figure.notes.append("The first \(shown.count) of \(energies.count) chains are shown.") }
    figure.legend = [("energy", .curve(0)), ("change of energy", .curve(1))]
    figure.panels = shown.enumerated().map { chain, energies in
      let finite = energies.filter(\.isFinite)
      let mean = finite.reduce(0, +) / Double(max(finite.count, 1))
      let curves = [finite.map { $0 - mean }, zip(finite.dropFirst(), finite).map { $0 - $1 }].map { KernelDensity($0) }
      let fraction = Diagnostics.energyFraction(energies)
      let word = fraction.isFinite ? "E-BFMI \(NumberText.significant(fraction, 2))" : "E-BFMI not defined"
      var panel = PlotPanel(
        "chain \(chain + 1): \(word)", x: PlotAxis("", PlotScale.range(curves.flatMap(\.places), margin: 0.02), limit: 5),
        y: .unmarked("", 0...(1.06 * (curves.flatMap(\.heights).max() ?? 1))), size: (420, 220))
      for (index, curve) in curves.enumerated() where !curve.points.isEmpty {
        panel.layers += [.between(.area(index), curve.points.map { ($0.x, 0, $0.y) }), .path(.curve(index), curve.points)]
      }
      if panel.layers.isEmpty { panel.remark = "there are no two different energies" }
      return panel
    }
    return figure
  }

  /// Autocorrelations of each chain up to lag 50, with the band of independent draws, ±1.96/√S.
  static func autocorrelation(_ material: PlotMaterial) throws -> PlotFigure {
    let draws = try material.needDraws("an autocorrelation plot")
    let selection = try PlotSelection(material, draws, limit: 12)
    var figure = PlotFigure(
      "Autocorrelation",
      "Correlation of draws with those so many iterations before, by chain. The grey band holds 95 % of the values of independent draws.")
    figure.notes = [selection.note, PlotQuantity.chainNote(draws.chains)].compactMap { $0 }
    figure.legend = chainLegend(draws.chains) { .curve($0) } + [("95 % band", .band)]
    let lags = min(50, max(draws.drawsPerChain - 1, 1))
    figure.panels = selection.quantities.map { quantity in
      let curves = quantity.shown.map { autocorrelations($0, lags: lags) }
      let half = 1.96 / Double(max(draws.drawsPerChain, 1)).squareRoot()
      let range = PlotScale.range(curves.joined() + [0, 1, -half, half], margin: 0.03)
      var panel = PlotPanel(
        quantity.name, x: PlotAxis("lag", 0...Double(lags), hasGrid: false), y: PlotAxis("", range, limit: 5), size: (420, 220))
      panel.layers = [.between(.band, [(0, -half, half), (Double(lags), -half, half)]), .segments(.rule, [(0, 0, Double(lags), 0)])]
      panel.layers += curves.enumerated().map { chain, curve in
        .path(.curve(chain), curve.enumerated().map { (Double($0.offset), $0.element) })
      }
      panel.remark = curves.allSatisfy(\.isEmpty) ? (quantity.isFinite ? emptiness(quantity) : "not all draws are finite") : nil
      return panel
    }
    return figure
  }

  /// ρ_t for the lags 0…; empty where they are not defined.
  static func autocorrelations(_ draws: [Double], lags: Int) -> [Double] {
    guard draws.count > 1, draws.allSatisfy(\.isFinite) else { return [] }
    let mean = draws.reduce(0) { $0 + $1 / Double(draws.count) }
    let centred = draws.map { $0 - mean }
    let variance = centred.reduce(0) { $0 + $1 * $1 }
    guard variance > 0, variance.isFinite else { return [] }
    return (0...min(lags, draws.count - 1)).map { lag in
      zip(centred.dropFirst(lag), centred).reduce(0) { $0 + $1.0 * $1.1 } / variance
    }
  }

  /// Bulk and tail effective sample size of the first part of the draws, for growing parts; they should grow in proportion.
  static func effectiveSize(_ material: PlotMaterial) throws -> PlotFigure {
    let draws = try material.needDraws("the evolution of effective sample sizes")
    let selection = try PlotSelection(material, draws, limit: 12)
    var figure = PlotFigure(
      "Effective sample size",
      "Effective sample sizes of the first draws, all chains together. They grow in proportion to the draws where the chains are stationary; 100 a chain are the least for the diagnostics themselves."
    )
    figure.notes = [selection.note].compactMap { $0 }
    figure.legend = [("bulk", .curve(0)), ("tail", .curve(1)), ("100 a chain", .rule)]
    // Each point sorts all draws so far.
    let steps = min(draws.chains * draws.drawsPerChain > 100_000 ? 5 : 20, draws.drawsPerChain / 4)
    figure.panels = selection.quantities.map { quantity in
      let counts = steps > 0 ? (1...steps).map { $0 * draws.drawsPerChain / steps } : []
      let points = counts.map { count -> (count: Double, bulk: Double, tail: Double) in
        let report = DrawReport(quantity.chains.map { Array($0.prefix(count)) })
        return (Double(count * draws.chains), report.essBulk, report.essTail)
      }
      let floor = 100 * Double(draws.chains)
      let range = PlotScale.range(points.flatMap { [$0.bulk, $0.tail] } + [0, 1.1 * floor], margin: 0.04)
      let last = Double(max(draws.chains * draws.drawsPerChain, 1))
      var panel = PlotPanel(
        quantity.name, x: PlotAxis("draws", 0...last), y: PlotAxis("ESS", max(range.lowerBound, 0)...range.upperBound, limit: 5))
      panel.layers = [
        .segments(.rule, [(0, floor, last, floor)]), .path(.curve(0), points.map { ($0.count, $0.bulk) }),
        .path(.curve(1), points.map { ($0.count, $0.tail) }), .points(.dots(0), points.map { ($0.count, $0.bulk) }),
      ]
      if !points.contains(where: { $0.bulk.isFinite }) {
        panel.remark = !quantity.isFinite ? "not all draws are finite" : emptiness(quantity) ?? "too few draws"
      }
      return panel
    }
    return figure
  }
}
