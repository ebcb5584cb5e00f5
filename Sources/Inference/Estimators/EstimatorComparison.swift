import Foundation
import Modeling

/// What one estimator does for one site of a guide, at given parameters.
package struct EstimatorReport: Sendable {
  package var site: String
  package var distribution: String
  /// Its name on the command line.
  package var estimator: String
  package var isUnbiased: Bool
  /// Whether the guide has it now.
  package var isCurrent: Bool
  /// Why there are no figures: the costs are too many to sum, say.
  package var obstacle: String?
  /// ‖mean − reference‖ over the parameters of the site, the sampling errors of both taken off (0 where they explain it).
  package var bias = Double.nan
  /// The sampling error of that distance.
  package var biasError = Double.nan
  /// The trace of the covariance of one draw's gradient in the parameters of the site.
  package var variance = Double.nan
  /// Microseconds of one draw of value and gradient, the smallest of several batches.
  package var cost = Double.nan
  package var varianceTimesCost: Double { variance * cost }
}

/// The figures of every legal estimator of every site of a guide that is a program.
package struct EstimatorComparison: Sendable {
  package var reports: [EstimatorReport]
  /// For each site the estimator that the reference is from, and the length of its gradient.
  package var references: [(site: String, estimator: String, norm: Double)]

  /// For each site the name of the unbiased estimator of least variance × cost.
  package var best: [String: String] {
    var best: [String: EstimatorReport] = [:]
    for report in reports where report.isUnbiased && report.varianceTimesCost.isFinite {
      if let known = best[report.site], known.varianceTimesCost <= report.varianceTimesCost { continue }
      best[report.site] = report
    }
    return best.mapValues(\.estimator)
  }
}

extension EstimatorReport {
  mutating func judge(_ moments: EstimatorComparison.Moments, _ reference: EstimatorComparison.Moments, _ places: [Int]) {
    let distance = places.reduce(0) { sum, k in
      let gap = moments.mean[k] - reference.mean[k]
      return sum + gap * gap
    }
    let noise = moments.error(places) + reference.error(places)
    bias = max(0, distance - noise).squareRoot()
    biasError = noise.squareRoot()
  }
}

extension EstimatorComparison {
  /// Means and variances of an estimator's gradients.
  struct Moments {
    var mean: [Double]
    var variance: [Double]
    var draws: Double
    var cost: Double
    func error(_ places: [Int]) -> Double { places.reduce(0) { $0 + variance[$1] / draws } }
  }

  /// Compares at flat parameters. Each estimator first learns (baselines, control variates) for a quarter of the draws.
  ///
  /// The reference of a bias is enumeration where that is possible, otherwise the unbiased estimator with the least variance in a run of eight
  /// times the length. Only the parameters that the site's distribution depends on count: other sites' noise does not.
  /// - Parameters:
  ///   - current: estimators of sites in place of those that the guide names.
  ///   - sites: those that are compared; nil for all.
  package init<M: Model>(
    _ model: M, guide: @Sendable @escaping (GuideProgram, M) throws -> Void, at parameters: [Double]? = nil,
    current: [String: GradientEstimator] = [:], sites: Set<String>? = nil, minibatch: [String: Int] = [:], draws: Int, seed: UInt64
  ) throws {
    let own = try GuidedModel(model, guide: guide, minibatch: minibatch, estimators: current)
    let parameters = parameters ?? own.initial
    reports = []
    references = []
    for site in own.draws where sites?.contains(site.name) ?? true {
      let places = own.blocks.filter { site.parameters.contains($0.name) }.flatMap { Array($0.offset..<($0.offset + $0.count)) }
      func measure(_ estimator: GradientEstimator, _ draws: Int) throws -> Moments {
        let guided = try GuidedModel(
          model, guide: guide, minibatch: minibatch, estimators: current.merging([site.name: estimator]) { $1 })
        return try Self.moments(guided, parameters, draws: draws, seed: seed)
      }
      var found: [(report: EstimatorReport, choice: GradientEstimator, moments: Moments?)] = []
      let all = site.legal.filter { $0.family != site.estimator.family || $0 == site.estimator }
      for estimator in all.contains(site.estimator) ? all : [site.estimator] + all {
        var report = EstimatorReport(
          site: site.name, distribution: site.distribution, estimator: estimator.name,
          isUnbiased: estimator.isUnbiased, isCurrent: estimator == site.estimator)
        do {
          let moments = try measure(estimator, draws)
          report.variance = places.reduce(0) { $0 + moments.variance[$1] }
          report.cost = moments.cost
          found.append((report, estimator, moments))
        } catch let error as ModelError {
          report.obstacle = error.problems.map(\.sentence).joined(separator: " ")
          found.append((report, estimator, nil))
        }
      }
      let unbiased = found.filter { $0.report.isUnbiased && $0.moments != nil }
      guard
        let steady = unbiased.first(where: { $0.choice == .enumeration })
          ?? unbiased.min(by: { $0.report.variance < $1.report.variance })
      else { continue }
      let reference = try measure(steady.choice, 8 * draws)
      references.append(
        (site.name, steady.choice.name, places.reduce(0) { $0 + reference.mean[$1] * reference.mean[$1] }.squareRoot()))
      for (report, _, moments) in found {
        var report = report
        if let moments { report.judge(moments, reference, places) }
        reports.append(report)
      }
    }
  }

  private static func moments<M: Model>(_ guided: GuidedModel<M>, _ parameters: [Double], draws: Int, seed: UInt64) throws -> Moments {
    let objective = try GuidedObjective(guided, particles: 1, seed: seed)
    return try moments(of: objective, at: parameters, warmup: guided.states.isEmpty ? 1 : max(1, draws / 4), draws: draws)
  }

  /// Gradients of steps after a warmup in which the estimator may learn.
  static func moments(of objective: any StochasticObjective, at parameters: [Double], warmup: Int, draws: Int) throws -> Moments {
    let count = objective.parameterCount
    var gradient = [Double](repeating: 0, count: count)
    var (sums, squares, origin) = (gradient, gradient, gradient)
    var value = 0.0
    var fastest = Double.infinity
    var (began, batch) = (ContinuousClock.now, 0)
    for step in 0..<(warmup + draws) {
      try Task.checkCancellation()
      objective.evaluate(parameters: parameters, step: step, value: &value, gradient: &gradient)
      guard step >= warmup else {
        origin = gradient
        began = .now
        continue
      }
      for k in 0..<count {
        let x = gradient[k] - origin[k]
        sums[k] += x
        squares[k] += x * x
      }
      batch += 1
      if batch == max(10, draws / 20) {
        fastest = min(fastest, (ContinuousClock.now - began).inSeconds / Double(batch) * 1e6)
        (began, batch) = (.now, 0)
      }
    }
    let n = Double(draws)
    return Moments(
      mean: (0..<count).map { origin[$0] + sums[$0] / n },
      variance: (0..<count).map { max(0, squares[$0] - sums[$0] * sums[$0] / n) / max(1, n - 1) }, draws: n, cost: fastest)
  }

  /// Compares what a Gaussian guide has, one choice for all sites together.
  package init(_ density: any LogDensity, guide: GaussianGuide, current: EntropyEstimator, draws: Int, seed: UInt64) throws {
    reports = []
    references = []
    let samples = 8
    let places = Array(0..<guide.parameterCount)
    func measure(_ estimator: EntropyEstimator, _ draws: Int) throws -> Moments {
      let objective = try GuideObjective(density, family: guide.family, samples: samples, entropy: estimator, seed: seed)
      var moments = try Self.moments(of: objective, at: guide.parameters, warmup: 1, draws: max(10, draws / samples))
      // Of one draw.
      moments.variance = moments.variance.map { $0 * Double(samples) }
      moments.draws *= Double(samples)
      moments.cost /= Double(samples)
      return moments
    }
    let reference = try measure(.stickingTheLanding, 8 * draws)
    let norm = places.reduce(0) { $0 + reference.mean[$1] * reference.mean[$1] }.squareRoot()
    references.append(("all sites", "sticking-the-landing", norm))
    for (estimator, name) in [(EntropyEstimator.stickingTheLanding, "sticking-the-landing"), (.closedForm, "closed-form-entropy")] {
      let moments = try measure(estimator, draws)
      var report = EstimatorReport(
        site: "all sites", distribution: "Gaussian", estimator: name, isUnbiased: true, isCurrent: estimator == current)
      report.variance = places.reduce(0) { $0 + moments.variance[$1] }
      report.cost = moments.cost
      report.judge(moments, reference, places)
      reports.append(report)
    }
  }
}
