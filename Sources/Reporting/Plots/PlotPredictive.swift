import Foundation
import Inference

extension PlotKind {
  /// A panel an observed variable: few elements with the intervals of their replications; many whole numbers by frequency; many others by density.
  static func predictiveCheck(_ material: PlotMaterial) throws -> PlotFigure {
    let checks = try material.checks(asked: "posterior predictive checks") { $0.replications != nil }
    var figure = PlotFigure(
      "Posterior predictive check",
      "Observed values against replications that the fitted model makes: where the model fits, the observed ones look like any of them."
    )
    let shown = checks.prefix(8)
    if checks.count > shown.count { figure.notes.append("The first \(shown.count) of \(checks.count) observed variables are shown.") }
    figure.legend = [("observed", .ink), ("replications", .thin(0))]
    for check in shown {
      if check.size <= 40 {
        figure.panels.append(intervals(check))
        figure.legend = [("observed", .inkDots), ("replications: 50 % and 90 %", .bar(0))]
      } else {
        figure.panels.append(
          check.isWhole && (PlotQuantity(name: "", chains: [check.observed]).isWhole) ? frequencies(check) : overlay(check))
      }
    }
    if Set(shown.map { $0.size <= 40 }).count > 1 {
      figure.legend = [("observed", .inkDots), ("replications", .bar(0))]
    }
    if shown.count == 1 { figure.columns = 1 }
    return figure
  }

  private static func intervals(_ check: PredictiveCheck) -> PlotPanel {
    let quantiles = (0..<check.size).map { element -> [Double] in
      let sorted = check.replications(of: element).filter(\.isFinite).sorted()
      guard let last = sorted.indices.last else { return [Double](repeating: .nan, count: 5) }
      return Summary.probabilities.map { sorted[Int(($0 * Double(last)).rounded())] }
    }
    let places = check.observed.indices.map(Double.init)
    let range = PlotScale.range(check.observed + quantiles.joined(), margin: 0.05)
    let every = max(1, check.size / 20)
    let ticks = stride(from: 0, to: check.size, by: every).map { (place: Double($0), text: String($0)) }
    var panel = PlotPanel(
      check.name, x: PlotAxis("element", -0.6...(Double(check.size) - 0.4), ticks: ticks, hasGrid: false), y: PlotAxis("", range),
      size: (460, 250))
    panel.layers = [
      .segments(.bar(0), places.map { ($0, quantiles[Int($0)][0], $0, quantiles[Int($0)][4]) }),
      .segments(.thick(0), places.map { ($0, quantiles[Int($0)][1], $0, quantiles[Int($0)][3]) }),
      .points(.inkDots, places.map { ($0, check.observed[Int($0)]) }),
    ]
    return panel
  }

  /// Which replications are shown: [draw over all chains].
  private static func replicated(_ check: PredictiveCheck, limit: Int) -> [[Double]] {
    let size = check.size
    let all = (check.replications ?? []).flatMap { chain in (0..<(chain.count / size)).map { Array(chain[$0 * size..<($0 + 1) * size]) } }
    return Thinning.places(all.count, limit: limit).map { all[$0] }
  }

  private static func overlay(_ check: PredictiveCheck) -> PlotPanel {
    let curves = replicated(check, limit: 40).map { KernelDensity($0, count: 64) }
    let own = KernelDensity(check.observed)
    // Heavy tails of a few replications would squeeze the rest.
    let pooled = (curves.flatMap(\.places) + own.places).sorted()
    let core = pooled.isEmpty ? [] : [pooled[pooled.count / 50], pooled[pooled.count - 1 - pooled.count / 50]]
    var panel = PlotPanel(
      check.name, x: PlotAxis("", PlotScale.range(core + check.observed, margin: 0.03)),
      y: .unmarked("density", 0...(1.06 * max(own.heights.max() ?? 0, curves.flatMap(\.heights).max() ?? 0, 1e-300))), size: (460, 250))
    panel.layers = curves.map { .path(.faint(0), $0.points) } + [.path(.ink, own.points)]
    if own.points.isEmpty { panel.layers.append(.segments(.ink, check.observed.prefix(1).map { ($0, 0, $0, panel.y.range.upperBound) })) }
    return panel
  }

  private static func frequencies(_ check: PredictiveCheck) -> PlotPanel {
    let samples = replicated(check, limit: 400)
    let range = PlotScale.range(check.observed + samples.flatMap { [$0.min() ?? 0, $0.max() ?? 0] })
    let lowest = Int(range.lowerBound)
    let count = min(Int(range.upperBound) - lowest + 1, 120)
    func table(_ values: [Double]) -> [Double] {
      var counts = [Double](repeating: 0, count: count)
      for value in values where value.isFinite && value - Double(lowest) >= 0 && value - Double(lowest) < Double(count) {
        counts[Int(value) - lowest] += 1
      }
      return counts
    }
    let own = table(check.observed)
    let tables = samples.map(table)
    let sorted = (0..<count).map { place in tables.map { $0[place] }.sorted() }
    func at(_ place: Int, _ p: Double) -> Double {
      sorted[place].isEmpty ? .nan : sorted[place][Int((p * Double(sorted[place].count - 1)).rounded())]
    }
    let top = max(own.max() ?? 1, (0..<count).map { at($0, 0.95) }.max() ?? 1)
    let step = max(1, PlotScale.ticks(range, limit: 10).step)
    let ticks = (0..<count).map { Double($0 + lowest) }.filter { $0.remainder(dividingBy: step) == 0 }.map {
      ($0, PlotScale.number($0, step: 1))
    }
    var panel = PlotPanel(
      check.name, x: PlotAxis("value", (Double(lowest) - 0.7)...(Double(lowest + count) - 0.3), ticks: ticks, hasGrid: false),
      y: PlotAxis("elements", 0...(1.06 * max(top, 1)), limit: 5), size: (460, 250))
    let places = (0..<count).map { Double($0 + lowest) }
    panel.layers = [
      .boxes(.inkArea, zip(places, own).map { ($0 - 0.4, 0, $0 + 0.4, $1) }),
      .segments(.bar(0), places.enumerated().map { ($0.element, at($0.offset, 0.05), $0.element, at($0.offset, 0.95)) }),
      .segments(.thick(0), places.enumerated().map { ($0.element, at($0.offset, 0.25), $0.element, at($0.offset, 0.75)) }),
      .points(.inkDots, zip(places, own).map { ($0, $1) }),
    ]
    return panel
  }

  /// PSIS-LOO probability integral transforms (Vehtari, Gelman and Gabry 2017): for each element the weight of the replications below the observed
  /// value, half of those equal to it, under the smoothed leave-one-out weights.
  static func looPIT(_ material: PlotMaterial) throws -> PlotFigure {
    let checks = try material.checks(asked: "LOO-PIT") { $0.replications != nil && $0.logLikelihoods != nil }
    var figure = PlotFigure(
      "LOO-PIT",
      "Distribution function of the leave-one-out probability integral transforms minus the uniform one; calibrated predictions stay in the grey band with probability 95 %. A hump to the left of a dip is over-confidence, the reverse the opposite."
    )
    figure.legend = [("LOO-PIT", .curve(0)), ("95 % band", .band)]
    let shown = checks.prefix(8)
    if checks.count > shown.count { figure.notes.append("The first \(shown.count) of \(checks.count) observed variables are shown.") }
    for check in shown {
      let outcome = PITs(check)
      if let note = outcome.note { figure.notes.append("\(check.name): \(note)") }
      figure.panels.append(pitPanel(check.name, outcome.values))
    }
    if shown.count == 1 { figure.columns = 1 }
    return figure
  }

  private static func pitPanel(_ name: String, _ values: [Double]) -> PlotPanel {
    guard values.count >= 2 else {
      var panel = PlotPanel(name, x: PlotAxis("PIT", 0...1), y: .unmarked("", 0...1), size: (460, 250))
      panel.remark = "too few elements for a distribution"
      return panel
    }
    let kept = Thinning.places(values.count, limit: 2000).map { values[$0] }
    let band = ECDFBand(sample: kept.count)
    let curve = Ranks.difference(kept, band.places)
    let bounds = band.places.indices.map {
      (x: band.places[$0], low: band.low[$0] - band.places[$0], high: band.high[$0] - band.places[$0])
    }
    let range = PlotScale.range(curve + bounds.map(\.low) + bounds.map(\.high), margin: 0.08)
    var panel = PlotPanel(
      name, x: PlotAxis("PIT", 0...1, hasGrid: false), y: PlotAxis("ECDF difference", range, limit: 5), size: (460, 250))
    panel.layers = [
      .between(.band, [(0, 0, 0)] + bounds + [(1, 0, 0)]), .segments(.rule, [(0, 0, 1, 0)]),
      .path(.curve(0), [(0, 0)] + zip(band.places, curve).map { ($0, $1) } + [(1, 0)]),
    ]
    return panel
  }
}

/// Leave-one-out probability integral transforms of one observed variable.
struct PITs {
  /// [element].
  var values: [Double]
  var note: String?

  init(_ check: PredictiveCheck) {
    let limit = 5000
    let elements = Thinning.places(check.size, limit: limit)
    var bad = 0
    var gaps = 0
    var values: [Double] = []
    for element in elements {
      let replications = check.replications(of: element)
      let likelihoods = check.logLikelihoods(of: element).flatMap { $0 }
      guard replications.count == likelihoods.count, replications.allSatisfy(\.isFinite), likelihoods.allSatisfy(\.isFinite),
        check.observed[element].isFinite
      else {
        gaps += 1
        continue
      }
      let transform = LeaveOneOut.integralTransform(
        of: check.observed[element], predictive: replications, logLikelihood: likelihoods, logRatios: check.logRatios)
      if !transform.isReliable { bad += 1 }
      values.append(transform.value)
    }
    self.values = values
    var notes: [String] = []
    if elements.count < check.size { notes.append("\(limit) of \(check.size) elements are used.") }
    if bad > 0 { notes.append("k̂ is too high for \(bad) of \(values.count) elements, whose values are unreliable.") }
    if gaps > 0 { notes.append("\(gaps) elements with numbers that are not finite are left out.") }
    if check.isWhole { notes.append("Half of the weight of replications equal to the observed value counts as below it.") }
    note = notes.isEmpty ? nil : notes.joined(separator: " ")
  }
}

extension PlotMaterial {
  /// The observed variables that have what a plot needs, or the sentence that says how to get them.
  func checks(asked kind: String, _ isComplete: (PredictiveCheck) -> Bool) throws -> [PredictiveCheck] {
    var complete = checks.filter(isComplete)
    if !variables.isEmpty {
      complete = complete.filter { variables.contains($0.name) }
      if complete.isEmpty, !checks.isEmpty {
        throw PlotError(
          "--variable: there is no observed variable \"\(variables[0])\"; there are \(checks.map(\.name).joined(separator: ", ")).")
      }
    }
    guard !complete.isEmpty else {
      throw PlotError(
        "\(kind) need\(kind == "LOO-PIT" ? "s" : "") observed values with their replications\(kind == "LOO-PIT" ? " and log likelihoods" : ""), and the file has none: infer --include log-likelihood,predictive --draws-output FILE.json writes them."
      )
    }
    return complete
  }
}
