import Differentiation

/// The distribution of eʸ for y normal: p(x) = exp(−½((log x − μ)/σ)²) / (xσ√(2π)) on x > 0. −∞ at 0.
public struct LogNormal: Distribution {
  public static let name = "LogNormal"
  let mu: Tensor
  let sd: Tensor

  /// Mean and standard deviation of log x.
  public init(_ mu: some TensorConvertible, sd: some TensorConvertible) {
    self.mu = mu.tensor.checked(.finite, "the mean of the logarithm", of: LogNormal.name)
    self.sd = sd.tensor.checked(.positive, "sd", of: LogNormal.name)
  }

  public var batchShape: [Int] { Distributions.batchShape(of: mu, sd) }
  public var support: Support { .positive }

  public func logDensity(inside x: Tensor) -> Tensor {
    let logX = log(x)
    return -0.5 * square((logX - mu) * reciprocal(sd)) - logX - (log(sd) + LogConstant.halfTwoPi)
  }

  public func sample(using source: DrawSource) -> Tensor { exp(mu + sd * source.draw(.normal, shape: batchShape)) }
}

extension LogNormal: DistributionWithMoments, DistributionWithEntropy {
  /// exp(μ + σ²/2).
  public var mean: Tensor { exp(mu + 0.5 * square(sd)) }
  /// (exp(σ²) − 1)·exp(2μ + σ²).
  public var variance: Tensor { expm1(square(sd)) * exp(2 * mu + square(sd)) }
  /// μ + log σ + ½ + ½ log 2π.
  public var entropy: Tensor { mu + log(sd) + (0.5 + LogConstant.halfTwoPi) }
}

extension LogNormal: ReparameterizedDistribution, QuantileDistribution {
  public func logCDF(_ x: Tensor) -> Tensor { Normal(mu, sd: sd).logCDF(log(x)) }
  public func logSurvival(_ x: Tensor) -> Tensor { Normal(mu, sd: sd).logSurvival(log(x)) }
  public func quantile(logCDF: Tensor) -> Tensor { exp(Normal(mu, sd: sd).quantile(logCDF: logCDF)) }
  public func quantile(logSurvival: Tensor) -> Tensor { exp(Normal(mu, sd: sd).quantile(logSurvival: logSurvival)) }
}
