import Foundation
import Modeling

/// What is looked at besides the joint importance weights of a guide that is a program, which say little where it has many local variables:
/// the weight of a thousand labels, each nearly right, has no finite variance.
package struct ProgramCheck: Sendable {
  /// Short chains from the draws of the continuous sites, on the posterior with discrete sites summed out; nil where there are none, or too many.
  package var probe: GuideProbe?
  /// The probabilities of discrete sites; nil where they are not known.
  package var classes: ClassCheck?
  /// The elements of the plate that all draws stand in; nil where they share none.
  package var elements: ElementCheck?
}

/// Discrete draws against their probabilities given the guide's other draws.
package struct ClassCheck: Sendable {
  /// Values of elements that were compared.
  package var count = 0
  /// The largest |share of the draws − mean probability| besides four standard errors, and the name of its site.
  package var largest = 0.0
  package var site = ""
}

/// k̂ of each element's own importance weights.
package struct ElementCheck: Sendable {
  package var elements: Int
  package var draws: Int
  /// The share of elements with k̂ above 0.7.
  package var share: Double
  /// The mean over elements of log (1/S) Σ w − (1/S) Σ log w: what the bound lacks an element, in nats, at least.
  package var gap: Double
}

/// Makes the checks of a fitted guide.
struct ProgramChecker<M: Model> {
  let guided: GuidedModel<M>
  let parameters: [Double]
  let seed: UInt64
  let threads: Int

  /// Coordinates beyond so many have no chains: they would cost more than the fit.
  private static var dimensionLimit: Int { 300 }
  /// Evaluations of an element that are spent on its weights, at most and at least.
  private static var elementDraws: ClosedRange<Int> { 128...1024 }

  /// The posterior that chains can follow; nil where there is none.
  func posterior() -> LatentPosterior<M>? {
    guard let found = LatentPosterior(guided, parameters: parameters), found.dimension <= Self.dimensionLimit else { return nil }
    return found
  }

  /// - Parameters:
  ///   - draws: of the guide, the positions being those of `posterior`.
  ///   - isBrief: few chains, which see gross errors only.
  func probe(_ posterior: LatentPosterior<M>, _ draws: GuideDraws, isBrief: Bool) throws -> GuideProbe? {
    let monitor = FitMonitor(posterior.compiled, isWithoutClasses: true)?.values
    let asks = monitor.map { monitor in { @Sendable (u: [Double]) in monitor(posterior.whole(u)) } }
    return try GuideProbe.run(posterior, draws, seed: seed, threads: threads, isDoubted: true, isBrief: isBrief, monitor: asks)
  }

  /// - Parameter variables: the values of all draws.
  func classes(_ posterior: LatentPosterior<M>, _ draws: GuideDraws, _ variables: [VariableDraws]) throws -> ClassCheck? {
    guard let summation = posterior.compiled.recorded.summation else { return nil }
    let sites = summation.sites.filter { $0.isReported && summation.probabilities[$0.name] != nil }
    guard !sites.isEmpty else { return nil }
    let reader = try posterior.compiled.makeReader(lanes: 1, sites.map { summation.probabilities[$0.name]! })
    var sums = [Double](repeating: 0, count: reader.count)
    var values = sums
    for draw in 0..<draws.count {
      try reader.read(positions: posterior.whole(Array(draws.draw(draw))), values: &values)
      for k in sums.indices { sums[k] += values[k] / Double(draws.count) }
    }
    var check = ClassCheck()
    var place = 0
    for site in sites {
      let count = summation.probabilities[site.name]!.value.count
      defer { place += count }
      guard let own = variables.first(where: { $0.name == site.name }), own.size * site.values.count == count else { continue }
      for element in 0..<own.size {
        for (k, value) in site.values.enumerated() {
          let hits = (0..<draws.count).count { own.values[0][$0 * own.size + element] == value }
          let expected = sums[place + element * site.values.count + k]
          let error = (max(expected * (1 - expected), 1 / Double(draws.count)) / Double(draws.count)).squareRoot()
          let beyond = abs(Double(hits) / Double(draws.count) - expected) - 4 * error
          if beyond > check.largest { (check.largest, check.site) = (beyond, site.name) }
        }
      }
      check.count += count
    }
    return check.count > 0 ? check : nil
  }

  /// - Parameter model: the guide with as many elements present as are to be looked at.
  func elements(_ model: GuidedModel<M>) throws -> ElementCheck? {
    guard let count = model.elementCount, count > 1 else { return nil }
    let size = model.recorded.variables.reduce(1) { $0 + $1.value.count }
    let draws = min(max(4_000_000 / size, Self.elementDraws.lowerBound), Self.elementDraws.upperBound) / 8 * 8
    let reader = try ElementWeightReader(model, seed: seed)
    var weights = [[Double]](repeating: [], count: count)
    for pass in 0..<(draws / reader.lanes) {
      reader.read(parameters: parameters, pass: pass)
      for element in 0..<count {
        for lane in 0..<reader.lanes { weights[element].append(reader.logWeight(element, lane: lane)) }
      }
    }
    var check = ElementCheck(elements: count, draws: draws, share: 0, gap: 0)
    for own in weights {
      let mean = own.reduce(0, +) / Double(draws)
      let largest = own.max() ?? 0
      let spread = own.reduce(0) { max($0, abs($1 - mean)) }
      check.gap += (largest + log(own.reduce(0) { $0 + exp($1 - largest) } / Double(draws)) - mean) / Double(count)
      // Weights that are all equal have no tail.
      if !(spread < 1e-9), !(ParetoSmoothing(logRatios: own).shape <= 0.7) { check.share += 1 / Double(count) }
    }
    return check
  }
}

extension VerdictRules {
  /// What a ``ProgramCheck`` changes about the reasons of the joint weights: where chains or the elements speak, these do not.
  static func checked(_ reasons: [Verdict.Reason], by check: ProgramCheck, hasClasses: Bool) -> [Verdict.Reason] {
    let joint: Set = ["pareto_k", "mean_shift", "scale_shift", "not_optimal"]
    var reasons = reasons
    if let elements = check.elements {
      reasons.removeAll { joint.contains($0.code) }
      if elements.share > 0.05 {
        reasons.append(
          .init(
            code: "pareto_k_elements", severity: elements.share > 0.5 ? .fail : .caution,
            text:
              "k-hat is above 0.7 for \((100 * elements.share).brief(2)) % of \(elements.elements) elements: the guide misses part of their posteriors (its bound lacks at least \(elements.gap.brief(2)) nats an element). Use a richer guide, or --objective iwae:K."
          ))
      }
    } else if let probe = check.probe, hasClasses, probe.accuses || probe.vouches {
      // The chains know nothing of the discrete sites, whose probabilities are compared by themselves.
      reasons.removeAll { joint.contains($0.code) }
    }
    reasons = judged(reasons, by: check.probe)
    if let classes = check.classes, classes.largest > 0.1 {
      reasons.append(
        .init(
          code: "class_shift", severity: classes.largest > 0.25 ? .fail : .caution,
          text:
            "The guide's draws of \(classes.site) differ by more than \(classes.largest.brief(2)) from the probabilities given its other draws. Let the guide's probabilities depend on more, or leave the site to be summed out."
        ))
    }
    return reasons
  }
}
