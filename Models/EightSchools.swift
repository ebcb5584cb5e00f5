import Credence

/// Rubin (1981): parallel coaching experiments in eight schools.
struct EightSchools: ModelWithExample {
  /// Estimated effects and their standard errors, one a school.
  let y, sigma: Tensor

  static let summary = "effects of coaching in eight schools: hierarchical normal model"
  static var example: EightSchools {
    EightSchools(y: [28, 8, -3, 7, -1, 1, 18, 12], sigma: [15, 10, 16, 11, 9, 11, 10, 18])
  }

  func body(_ p: Program) throws -> (mu: Tensor, tau: Tensor, theta: Tensor) {
    let mu = p.sample("mu", Normal(0, sd: 5))
    let tau = p.sample("tau", HalfCauchy(scale: 5))
    let theta = p.plate("schools", y.count) { j in
      // Non-centred: theta = mu + tau · xi. The centred form has a funnel that no sampler likes.
      let theta = mu + tau * p.sample("xi", Normal(0, sd: 1))
      p.observe("y", Normal(theta, sd: sigma[j]), y[j])
      return theta
    }
    return (mu, tau, theta)
  }
}
