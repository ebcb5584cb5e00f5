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

  package init(_ likelihood: PointwiseLogLikelihood, threads: Int = 1) {
    let points = LeaveOneOut.overPoints(likelihood, threads) { values -> (Double, Double) in
      let spread = EffectiveSampleSize.variance(values)
      return (logSumExp(values) - log(Double(values.count)) - spread, spread)
    }
    elpd = points.map(\.0)
    variance = points.map(\.1)
  }
}
