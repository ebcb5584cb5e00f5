import Differentiation

/// The Weibull distribution, p(x) = (k/λ)(x/λ)^(k−1) exp(−(x/λ)^k) on x > 0, shape k > 0, scale λ > 0. −∞ at 0.
///
/// `weibull(alpha, sigma)` of Stan, `Weibull(alpha, beta)` of PyMC, `Weibull(scale, concentration)` of NumPyro. λ is the quantile of 1 − 1/e.
/// k = 1 is exponential with rate 1/λ.
public struct Weibull: Distribution {
  public static let name = "Weibull"
  let exponent: Tensor
  let scale: Tensor

  public init(shape: some TensorConvertible, scale: some TensorConvertible) {
    self.exponent = shape.tensor.checked(.positive, "shape", of: Weibull.name)
    self.scale = scale.tensor.checked(.positive, "scale", of: Weibull.name)
  }

  public var batchShape: [Int] { Distributions.batchShape(of: exponent, scale) }
  public var support: Support { .positive }

  public func logDensity(inside x: Tensor) -> Tensor {
    let t = logHazard(x)
    return log(exponent) + t - log(x) - exp(t)
  }

  /// λ·E^(1/k), E exponential.
  public func sample(using source: DrawSource) -> Tensor { value(logHazard: log(source.draw(.exponential, shape: batchShape))) }

  /// log (x/λ)^k, the logarithm of the cumulative hazard.
  private func logHazard(_ x: Tensor) -> Tensor { exponent * log(x / scale) }
  private func value(logHazard t: Tensor) -> Tensor { scale * exp(t / exponent) }
}

extension Weibull: DistributionWithMoments, DistributionWithEntropy {
  /// λΓ(1 + 1/k).
  public var mean: Tensor { scale * exp(logMoment(1)) }
  /// λ²(Γ(1 + 2/k) − Γ(1 + 1/k)²).
  public var variance: Tensor { square(mean) * expm1(logMoment(2) - 2 * logMoment(1)) }
  /// γ(1 − 1/k) + log(λ/k) + 1.
  public var entropy: Tensor { eulerGamma * (1 - 1 / exponent) + log(scale / exponent) + 1 }

  private func logMoment(_ order: Double) -> Tensor { logGamma(1 + order / exponent) }
}

extension Weibull: ReparameterizedDistribution, QuantileDistribution {
  public func logCDF(_ x: Tensor) -> Tensor { logOneMinusExpOfExp(logHazard(x)) }
  public func logSurvival(_ x: Tensor) -> Tensor { -exp(logHazard(x)) }
  public func quantile(logCDF: Tensor) -> Tensor { value(logHazard: inverseLogOneMinusExpOfExp(logCDF)) }
  public func quantile(logSurvival: Tensor) -> Tensor { value(logHazard: log(-logSurvival)) }
}
