import Credence

/// Counts whose log rate is a Gaussian process: f = L ξ, L the Cholesky factor of the covariance, ξ standard normal.
struct GaussianProcessPoisson: Model {
  let x: Tensor
  let counts: IntTensor

  enum CodingKeys: String, CodingKey {
    case x
    case counts = "k"
  }

  static let name = "gp_pois_regr-gp_pois_regr"
  static let summary = "Poisson regression with a latent Gaussian process"

  func body(_ p: Program) throws -> (rho: Tensor, alpha: Tensor, f: Tensor) {
    let n = x.count
    let rho = p.sample("rho", Gamma(shape: 25, rate: 4))
    let alpha = p.sample("alpha", HalfNormal(sd: 2))
    let xi = p.sample("xi", Normal(0, sd: 1).repeated(n))
    let distance = square(x.expandingAxis(1) - x)
    // Where rho is large the matrix is nearly singular: the small number keeps its factorization going.
    let covariance = square(alpha) * exp(-0.5 * distance / square(rho)) + 1e-10 * Tensor.identity(n)
    let f = matmul(cholesky(covariance), xi)
    p.plate("points", n) { i in
      p.observe("k", Poisson(logRate: f[i]), counts[i])
    }
    return (rho, alpha, f)
  }
}
