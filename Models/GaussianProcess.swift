import Credence

/// Regression by a Gaussian process that is summed out: y ~ MultivariateNormal(0, K), K_ij = α² exp(−(x_i − x_j)²/(2ρ²)) + (σ² + 10⁻⁸) 1[i = j].
struct GaussianProcess: Model {
  let x, y: Tensor

  static let summary = "Gaussian process regression, the function summed out"

  func body(_ p: Program) throws -> (rho: Tensor, alpha: Tensor, sigma: Tensor) {
    let rho = p.sample("rho", InverseGamma(shape: 5, scale: 5))
    let alpha = p.sample("alpha", HalfNormal(sd: 1))
    let sigma = p.sample("sigma", HalfNormal(sd: 1))
    let distance = square(x.expandingAxis(1) - x)
    let noise = (square(sigma) + 1e-8) * Tensor.identity(x.count)
    p.observe("y", MultivariateNormal(0, covariance: square(alpha) * exp(-0.5 * distance / square(rho)) + noise), y)
    return (rho, alpha, sigma)
  }
}
