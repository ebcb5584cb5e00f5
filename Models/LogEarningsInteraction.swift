import Credence

/// Logarithms of earnings by height and sex, with an interaction. Height is not centred: correlations near 0.999.
struct LogEarningsInteraction: Model {
  /// Yearly earnings, dollars, above 0.
  let earn: Tensor
  /// Inches.
  let height: Tensor
  /// 1 for men, 0 for women.
  let male: Tensor

  static let name = "earnings-logearn_interaction"
  static let summary = "linear regression of log earnings, flat priors, collinear interaction"

  func body(_ p: Program) throws -> (beta: Tensor, sigma: Tensor) {
    let beta = p.sample("beta", Flat().repeated(4))
    let sigma = p.sample("sigma", Flat.positive)
    let logEarn = log(earn)
    p.plate("people", earn.count) { n in
      let (h, m) = (height[n], male[n])
      let mean = beta[0] + beta[1] * h + beta[2] * m + beta[3] * (h * m)
      p.observe("logEarn", Normal(mean, sd: sigma), logEarn[n])
    }
    return (beta, sigma)
  }
}
