import Credence

/// GARCH(1, 1): s_t² = α₀ + α₁ (y_{t−1} − μ)² + β₁ s_{t−1}², y_t ~ Normal(μ, s_t), stationary: α₁ + β₁ < 1.
struct Garch: Model {
  let y: Tensor
  /// The known standard deviation at the first time.
  let sigma1: Tensor

  static let name = "garch-garch11"
  static let summary = "GARCH(1, 1) volatility, a bound that depends on another parameter"

  func body(_ p: Program) throws -> (mu: Tensor, alpha0: Tensor, alpha1: Tensor, beta1: Tensor) {
    let mu = p.sample("mu", Flat())
    let alpha0 = p.sample("alpha0", Flat.positive)
    let alpha1 = p.sample("alpha1", Flat(on: .unitInterval))
    let beta1 = p.sample("beta1", Flat(on: .interval(0, 1 - alpha1)))
    let shocks = square(y - mu)
    let variances = scan(over: shocks[0..<(y.count - 1)], from: square(sigma1)) { variance, shock in
      let next = alpha0 + alpha1 * shock + beta1 * variance
      return (carry: next, result: next)
    }
    let s = concatenate([sigma1.reshaped(to: [1]), sqrt(variances.results)])
    p.plate("times", y.count) { t in
      p.observe("y", Normal(mu, sd: s[t]), y[t])
    }
    return (mu, alpha0, alpha1, beta1)
  }
}
