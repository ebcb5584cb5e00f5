import Credence

/// An autoregressive series of order K: y_t ~ Normal(α + Σ_k β_k y_{t−k}, σ), given its first K values.
struct Autoregression: Model {
  let order: Int
  let y: Tensor

  enum CodingKeys: String, CodingKey {
    case order = "K"
    case y
  }

  static let name = "arK-arK"
  static let summary = "autoregressive time series of order K"

  func body(_ p: Program) throws -> (alpha: Tensor, beta: Tensor, sigma: Tensor) {
    let alpha = p.sample("alpha", Normal(0, sd: 10))
    let beta = p.sample("beta", Normal(0, sd: 10).repeated(order))
    let sigma = p.sample("sigma", HalfCauchy(scale: 2.5))
    let last = y.count
    // Row t: the K values before y_t, the nearest first.
    let past = stack((0..<order).map { k in y[(order - 1 - k)..<(last - 1 - k)] }, axis: 1)
    let present = y[order..<last]
    p.plate("times", present.count) { t in
      p.observe("y", Normal(alpha + dot(past[t], beta), sd: sigma), present[t])
    }
    return (alpha, beta, sigma)
  }
}
