import Differentiation

/// The distribution of the logistic function of a normal variable: p(x) = exp(−½((logit x − μ)/σ)²) / (σ√(2π) x(1 − x)) on 0 < x < 1, with
/// logit x = log(x/(1 − x)). −∞ at 0 and 1. Its median is the logistic function of μ; mean and variance have no closed form.
///
/// `LogitNormal(mu, sigma)` of PyMC.
public struct LogitNormal: Distribution {
  public static let name = "LogitNormal"
  let mu: Tensor
  let sd: Tensor

  /// Mean and standard deviation of logit x.
  public init(_ mu: some TensorConvertible, sd: some TensorConvertible) {
    self.mu = mu.tensor.checked(.finite, "the mean of the logit", of: LogitNormal.name)
    self.sd = sd.tensor.checked(.positive, "sd", of: LogitNormal.name)
  }

  public var batchShape: [Int] { Distributions.batchShape(of: mu, sd) }
  public var support: Support { .unitInterval }

  public func logDensity(inside x: Tensor) -> Tensor { normal.logDensity(inside: logit(x)) - (log(x) + log1p(-x)) }

  public func sample(using source: DrawSource) -> Tensor { logistic(normal.sample(using: source)) }

  private var normal: Normal { Normal(mu, sd: sd) }
}

extension LogitNormal: ReparameterizedDistribution, QuantileDistribution {
  public func logCDF(_ x: Tensor) -> Tensor { normal.logCDF(logit(x)) }
  public func logSurvival(_ x: Tensor) -> Tensor { normal.logSurvival(logit(x)) }
  public func quantile(logCDF: Tensor) -> Tensor { logistic(normal.quantile(logCDF: logCDF)) }
  public func quantile(logSurvival: Tensor) -> Tensor { logistic(normal.quantile(logSurvival: logSurvival)) }
}
