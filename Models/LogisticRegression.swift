import Credence

/// Logistic regression with standard normal priors: y_n ~ Bernoulli, log-odds α + X_n · β.
struct LogisticRegression: Model {
  /// A row of predictors for each observation.
  let predictors: Tensor
  let y: IntTensor

  enum CodingKeys: String, CodingKey {
    case predictors = "X"
    case y
  }

  static let summary = "logistic regression with standard normal priors"

  func body(_ p: Program) throws -> (alpha: Tensor, beta: Tensor) {
    let alpha = p.sample("alpha", Normal(0, sd: 1))
    let beta = p.sample("beta", Normal(0, sd: 1).repeated(predictors.shape.last ?? 0))
    p.plate("observations", y.count) { n in
      p.observe("y", Bernoulli(logits: alpha + dot(predictors[n], beta)), y[n])
    }
    return (alpha, beta)
  }
}
