import Foundation

/// The widely applicable information criterion as an estimate of the expected log predictive density.
///
/// Source: Watanabe, "Asymptotic equivalence of Bayes cross validation and widely applicable information criterion", JMLR 11 (2010), on the scale of
/// Vehtari, Gelman, Gabry (2017): elpd_i = log mean_s p(y_i | s) − Var_s log p(y_i | s), variance with divisor S − 1 (ArviZ has S).
package struct WidelyApplicable: Sendable {
  package var elpd: [Double]
  /// Var_s log p(y_i | s), the effective number of parameters of each point; above 0.4 the criterion is not to be relied upon.
  package var variance: [Double]

  package var total: Double { elpd.reduce(0, +) }
  package var standardError: Double { LeaveOneOut.standardError(elpd) }
  package var effectiveParameters: Double { variance.reduce(0, +) }
  package var unreliable: [Int] { variance.indices.filter { !(variance[$0] <= 0.4) } }

  /// - Parameter logRatios: log p − log q of draws of an approximation q, whose smoothed weights then take part in mean and variance; nil for draws of the
  ///   posterior.
  package init(_ likelihood: PointwiseLogLikelihood, logRatios: [Double]? = nil, threads: Int = 1) {
    let posterior = logRatios.map { ParetoSmoothing(logRatios: $0) }
    let points = LeaveOneOut.overPoints(likelihood, threads) { values -> (Double, Double) in
      let spread = posterior.map { Self.variance(values, $0) } ?? EffectiveSampleSize.variance(values)
      return (LeaveOneOut.average(values, posterior?.logWeights) - spread, spread)
    }
    elpd = points.map(\.0)
    variance = points.map(\.1)
  }

  /// Σ w (x − m)² / (1 − Σ w²), m = Σ w x: divisor S − 1 where all weights are equal.
  private static func variance(_ values: [Double], _ smoothing: ParetoSmoothing) -> Double {
    let weights = smoothing.weights
    let mean = zip(weights, values).reduce(0) { $0 + $1.0 * $1.1 }
    let square = zip(weights, values).reduce(0) { $0 + $1.0 * ($1.1 - mean) * ($1.1 - mean) }
    return square / (1 - 1 / smoothing.effectiveSampleSize)
  }
}
