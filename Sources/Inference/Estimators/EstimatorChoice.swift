import Modeling

/// What a fit is told about the estimator of a site.
package enum EstimatorChoice: Sendable, Equatable {
  case named(GradientEstimator)
  /// The unbiased one of least variance × cost at the starting point.
  case automatic

  package var named: GradientEstimator? { if case .named(let estimator) = self { estimator } else { nil } }
}
