import Credence

/// Linear regression without an intercept, synthetic data made so that coefficients correlate.
struct LinearRegression: Model {
  /// A row of predictors for each observation.
  let predictors: Tensor
  let y: Tensor

  enum CodingKeys: String, CodingKey {
    case predictors = "X"
    case y
  }

  static let name = "sblrc-blr"
  static let summary = "linear regression, correlated coefficients"

  func body(_ p: Program) throws -> (beta: Tensor, sigma: Tensor) {
    let beta = p.sample("beta", Normal(0, sd: 10).repeated(predictors.shape.last ?? 0))
    let sigma = p.sample("sigma", HalfNormal(sd: 10))
    p.plate("observations", y.count) { n in
      p.observe("y", Normal(dot(predictors[n], beta), sd: sigma), y[n])
    }
    return (beta, sigma)
  }
}
