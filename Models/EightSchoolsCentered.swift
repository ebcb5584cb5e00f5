import Credence

/// Eight schools, centred: θ_j ~ Normal(μ, τ). The same posterior as the non-centred form, and a funnel at small τ.
struct EightSchoolsCentered: Model {
  /// Estimated effects and their standard errors, one a school.
  let y, sigma: Tensor

  static let name = "eight_schools-eight_schools_centered"
  static let summary = "eight schools, centred: the funnel"

  func body(_ p: Program) throws -> (mu: Tensor, tau: Tensor, theta: Tensor) {
    let mu = p.sample("mu", Normal(0, sd: 5))
    let tau = p.sample("tau", HalfCauchy(scale: 5))
    let theta = p.plate("schools", y.count) { j in
      let theta = p.sample("theta", Normal(mu, sd: tau))
      p.observe("y", Normal(theta, sd: sigma[j]), y[j])
      return theta
    }
    return (mu, tau, theta)
  }
}
