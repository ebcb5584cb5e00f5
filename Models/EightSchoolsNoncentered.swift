import Credence

/// Eight schools, non-centred: θ_j = μ + τ ξ_j with ξ_j ~ Normal(0, 1).
struct EightSchoolsNoncentered: Model {
  /// Estimated effects and their standard errors, one a school.
  let y, sigma: Tensor

  static let name = "eight_schools-eight_schools_noncentered"
  static let summary = "eight schools, non-centred"

  func body(_ p: Program) throws -> (mu: Tensor, tau: Tensor, theta: Tensor) {
    let mu = p.sample("mu", Normal(0, sd: 5))
    let tau = p.sample("tau", HalfCauchy(scale: 5))
    let theta = p.plate("schools", y.count) { j in
      let theta = mu + tau * p.sample("xi", Normal(0, sd: 1))
      p.observe("y", Normal(theta, sd: sigma[j]), y[j])
      return theta
    }
    return (mu, tau, theta)
  }
}
