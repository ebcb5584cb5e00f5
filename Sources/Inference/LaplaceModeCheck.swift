import Foundation
import Modeling

/// Whether the highest mode says something about its posterior: a point is reported, and readers take it for the middle.
package enum ModeCheck {
  /// Draws from the Gaussian around the mode.
  private static var draws: Int { 2000 }

  /// The reasons for caution that lie in the posterior, not in the search.
  /// - Parameters:
  ///   - mode: the maximum of `density`, the density of the constrained variables, in unconstrained coordinates.
  ///   - posterior: the density of the unconstrained coordinates, Jacobian included: what draws would come from.
  ///   - hessian, posteriorHessian: ∇² of either, where known exactly.
  package static func reasons(
    _ mode: MAPResult, of density: any LogDensity, hessian: (([Double]) throws -> [Double])?, posterior: any LogDensity,
    posteriorHessian: (([Double]) throws -> [Double])?, seed: UInt64
  ) throws -> [Verdict.Reason] {
    guard mode.status.isSuccess, density.dimension <= VariationalStart.denseLimit else { return [] }
    let precision = try hessian?(mode.location).map { -$0 } ?? Curvature.negativeHessian(DensityBlock(density), at: mode.location)
    guard let precision, precision.allSatisfy(\.isFinite), let factor = Curvature.inverseFactor(precision),
      isWithinReach(mode.gradient, factor)
    else { return [VerdictRules.flatMode] }
    var configuration = LaplaceConfiguration()
    configuration.evaluationDraws = draws
    let laplace = try runLaplace(posterior, configuration: configuration, seed: seed, start: mode.location, hessian: posteriorHessian)
    guard let guide = laplace.guide, let evaluation = laplace.evaluation, laplace.status.isSuccess else {
      return VerdictRules.posteriorAroundMode(nil, distance: .nan)
    }
    let distance = zip(zip(mode.location, guide.location), guide.standardDeviations).map { abs($0.0 - $0.1) / $1 }.max() ?? 0
    return VerdictRules.posteriorAroundMode(evaluation, distance: distance)
  }

  /// Whether the Newton step from the mode promises less than 0.01 nats: otherwise it is a slope on which the search came to rest.
  private static func isWithinReach(_ gradient: [Double], _ factor: [Double]) -> Bool {
    let n = gradient.count
    var decrement = 0.0
    for j in 0..<n {
      var inner = 0.0
      for i in j..<n { inner += factor[i * n + j] * gradient[i] }
      decrement += inner * inner
    }
    return decrement < 0.01
  }
}

extension VerdictRules {
  /// For a mode where −∇² log p is not positive definite.
  static var flatMode: Verdict.Reason {
    .init(
      code: "flat_mode", severity: .caution,
      text:
        "At the mode the log density has no curvature in some direction: the mode lies at the edge of a support or on a ridge, and says little about the posterior. Add prior information there, or use NUTS."
    )
  }

  /// For a mode whose posterior is compared with the Gaussian around its own mode: `evaluation` is nil where there is no such Gaussian,
  /// `distance` is from the reported mode to the Gaussian's, in sd. The point itself is right, so that nothing here is worse than caution.
  package static func posteriorAroundMode(_ evaluation: GuideEvaluation?, distance: Double) -> [Verdict.Reason] {
    guard let evaluation else {
      return [
        .init(
          code: "no_gaussian", severity: .caution,
          text:
            "Around the mode the posterior has no Gaussian shape, so that its mass may lie elsewhere: the mode is not its middle. Use NUTS."
        )
      ]
    }
    var reasons = laplace(evaluation, status: .converged).map { reason in
      Verdict.Reason(
        code: reason.code, severity: min(reason.severity, .caution), text: "The mode may not be the posterior's middle. " + reason.text)
    }
    if distance > 1 {
      reasons.append(
        .init(
          code: "mode_off_center", severity: .caution,
          text:
            "The mode lies \(distance.brief(2)) posterior sd from the middle of the posterior: do not report it as an estimate of a mean. Use Laplace, VI or NUTS."
        ))
    }
    return reasons
  }
}
