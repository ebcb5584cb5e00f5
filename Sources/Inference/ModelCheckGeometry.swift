import Foundation
import Modeling

extension ModelCheck {
  /// The largest dimension whose curvature is taken apart.
  private static var curvatureLimit: Int { 200 }
  /// Against the curvature along coordinates: below this a direction is flat, and below that all but flat.
  private static var flat: Double { 1e-10 }
  private static var nearlyFlat: Double { 1e-6 }

  /// Directions at the mode of the posterior along which it does not fall.
  func flatDirections() throws -> CheckFinding {
    let name = "flat directions"
    let n = compiled.dimension
    guard n > 0 else { return CheckFinding(name, .ok, "none.") }
    guard n <= Self.curvatureLimit, !compiled.isReexecuted else {
      let reason = compiled.isReexecuted ? "the body is run anew for each point" : "there are \(n) coordinates"
      return CheckFinding(name, .note, "not looked for: \(reason).")
    }
    guard let evaluator = try compiled.makeHessian() else {
      return CheckFinding(name, .note, "not looked for: the density has no second derivative.")
    }
    let stop = stop
    let mode: MAPResult
    do {
      mode = try runMAP(compiled, seed: seed, threads: threads, hessian: evaluator.hessian(at:)) { _, _, _ in
        stop.isRaised ? .stop : .proceed
      }
    } catch let error as InferenceError {
      return CheckFinding(name, .caution, "not looked for: \(error.status.text)")
    }
    try checkStop()
    let curvature = evaluator.hessian(at: mode.location)
    guard mode.status != .unbounded, curvature.allSatisfy(\.isFinite) else {
      return noMode(name)
    }
    return try describe(precision: curvature.map { -$0 }, at: mode.location, name)
  }

  private func describe(precision: [Double], at mode: [Double], _ name: String) throws -> CheckFinding {
    let n = compiled.dimension
    let names = compiled.coordinateNames
    let largest = (0..<n).reduce(0) { max($0, precision[$1 * n + $1]) }
    let level = (0..<n).filter { precision[$0 * n + $0] <= Self.flat * max(largest, 1) }
    // A curvature that is small beside others may be that of a density without a mode, at the point where the search gave up.
    let flat = try level.filter { k in try isLevel(along: (0..<n).map { $0 == k ? 1 : 0 }, at: mode) }
    if flat.count < level.count { return noMode(name) }
    if !level.isEmpty {
      let list = level.prefix(5).map { names[$0] }.joined(separator: ", ") + (level.count > 5 ? ", …" : "")
      return CheckFinding(
        name, .fail,
        "the posterior does not fall along \(list): neither the prior nor the data say anything there. Give \(level.count == 1 ? "it" : "them") a prior."
      )
    }
    let scale = (0..<n).map { 1 / precision[$0 * n + $0].squareRoot() }
    let (values, vectors) = SymmetricEigen.decompose((0..<(n * n)).map { precision[$0] * scale[$0 / n] * scale[$0 % n] })
    guard let place = values.indices.min(by: { values[$0] < values[$1] }) else { return CheckFinding(name, .ok, "none.") }
    let least = values[place]
    let numbers = [("least_eigenvalue", least)]
    guard least < Self.nearlyFlat else {
      return CheckFinding(name, .ok, "none: at the mode the posterior falls in every direction.", numbers: numbers)
    }
    let weights = (0..<n).map { vectors[$0 * n + place] }
    let direction = (0..<n).map { weights[$0] * scale[$0] }
    let length = direction.reduce(0) { max($0, abs($1)) }
    var isFlat = least < Self.flat
    if isFlat { isFlat = try isLevel(along: direction.map { $0 / length }, at: mode) }
    let leading = weights.indices.sorted { abs(weights[$0]) > abs(weights[$1]) }.filter { abs(weights[$0]) > 0.1 }.prefix(5).sorted()
    let list = leading.map { names[$0] }.joined(separator: ", ")
    if least < -Self.nearlyFlat {
      return CheckFinding(
        name, .note, "the point found is no maximum: the density rises along a combination of \(list).", numbers: numbers)
    }
    return isFlat
      ? CheckFinding(
        name, .fail,
        "only a combination of \(list) is known, each by itself is not: the data see it alone, and no prior decides. Drop one, or give them priors.",
        numbers: numbers)
      : CheckFinding(
        name, .caution,
        "a combination of \(list) is all but unknown (the least curvature is \(least.brief()) of that along single coordinates): a tighter prior or fewer unknowns helps every method.",
        numbers: numbers)
  }

  private func noMode(_ name: String) -> CheckFinding {
    CheckFinding(
      name, .note,
      "not looked for: the density grows without bound, so that there is no mode (a scale that goes to 0 in a centred hierarchy does that, an improper posterior too)."
    )
  }

  /// Whether the log density is the same far along a direction, both ways.
  private func isLevel(along direction: [Double], at point: [Double]) throws -> Bool {
    let evaluator = try compiled.makeEvaluator(lanes: 1)
    let values = [0, -20, 20].map { (step: Double) -> Double in
      var value = [0.0]
      var gradient = [Double](repeating: 0, count: point.count)
      evaluator.evaluate(positions: zip(point, direction).map { $0 + step * $1 }, values: &value, gradients: &gradient)
      return value[0]
    }
    return values.allSatisfy { abs($0 - values[0]) < 1e-3 }
  }

  /// Sites that are better moved in other coordinates than as written.
  func funnels() throws -> [CheckFinding] {
    let name = "funnels"
    guard !compiled.movableSites.isEmpty else { return [] }
    let stop = stop
    let chosen = try CenteringPilot(model: model, written: compiled, seed: seed).choose(initial: nil) { _ in stop.isRaised ? .stop : .goOn }
    guard let choice = chosen?.choice else { return [] }
    return compiled.movableSites.map { site in
      let weights = choice.parameterization.weights[site.name] ?? []
      let mean = weights.isEmpty ? 1 : weights.reduce(0, +) / Double(weights.count)
      let numbers = [("centering", mean)]
      if weights.allSatisfy({ $0 == 1 }) {
        return CheckFinding(name, .ok, "\(site.name) is right as it is written (centred).", numbers: numbers)
      }
      var finding: CheckFinding
      if weights.allSatisfy({ $0 == 0 }) {
        finding = CheckFinding(
          name, .note,
          "\(site.name) is a funnel: the data hardly tell its elements apart from their common distribution. nuts moves it non-centred by itself (--centering auto, the default), and its draws are still of \(site.name); for other methods, and other systems, write it so:",
          numbers: numbers)
      } else {
        finding = CheckFinding(
          name, .note,
          "\(site.name) is best moved in between (weights \((weights.min() ?? 0).brief()) to \((weights.max() ?? 1).brief()); 0 is non-centred, 1 centred), which nuts does by itself\(mean < 0.5 ? "; for other methods it is better non-centred:" : ".")",
          numbers: numbers)
      }
      if mean < 0.5, let own = nonCentering(site.name), let suggestion = own.suggestion {
        finding.nonCentering = own
        finding.suggestion = suggestion
      }
      return finding
    }
  }

  private func nonCentering(_ name: String) -> NonCentering? {
    guard let site = compiled.recorded.sites.first(where: { $0.name == name }), let distribution = site.distribution else { return nil }
    let axes = site.plates.count + (site.sequence == nil ? 0 : 1)
    return NonCentering(
      source: site.source, literal: name.split(separator: ".").last.map(String.init) ?? name, distribution: distribution,
      isScalar: site.outsideShape.count == axes)
  }
}
