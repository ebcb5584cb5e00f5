import Differentiation

/// The Fréchet distribution of maxima, p(x) = (α/σ)(x/σ)^(−α−1) exp(−(x/σ)^(−α)) on x > 0, shape α > 0, scale σ > 0. −∞ at 0.
///
/// `frechet(alpha, sigma)` of Stan. 1/x is Weibull(shape: α, scale: 1/σ), log x is Gumbel(log σ, scale: 1/α).
public struct Frechet: Distribution {
  public static let name = "Frechet"
  let exponent: Tensor
  let scale: Tensor

  /// The exponent α of P(X > x) ≈ (σ/x)^α far out, and the scale, which is the quantile of 1/e.
  public init(shape: some TensorConvertible, scale: some TensorConvertible) {
    self.exponent = shape.tensor.checked(.positive, "shape", of: Frechet.name)
    self.scale = scale.tensor.checked(.positive, "scale", of: Frechet.name)
  }

  public var batchShape: [Int] { Distributions.batchShape(of: exponent, scale) }
  public var support: Support { .positive }

  public func logDensity(inside x: Tensor) -> Tensor {
    let t = level(x)
    return log(exponent) + t - log(x) - exp(t)
  }

  /// σ·E^(−1/α), E exponential.
  public func sample(using source: DrawSource) -> Tensor { value(level: log(source.draw(.exponential, shape: batchShape))) }

  /// log (σ/x)^α, the logarithm of −log F.
  private func level(_ x: Tensor) -> Tensor { exponent * log(scale / x) }
  private func value(level t: Tensor) -> Tensor { scale * exp(-t / exponent) }
}

extension Frechet: DistributionWithMoments, DistributionWithEntropy {
  /// σΓ(1 − 1/α) for α > 1, otherwise ∞.
  public var mean: Tensor {
    let exists = exponent .> 1
    return select(exists, scale * exp(logGamma(1 - 1 / select(exists, exponent, 2))), Double.infinity)
  }
  /// σ²(Γ(1 − 2/α) − Γ(1 − 1/α)²) for α > 2, otherwise ∞.
  public var variance: Tensor {
    let exists = exponent .> 2
    let a = select(exists, exponent, 3)
    let logMean = logGamma(1 - 1 / a)
    return select(exists, square(scale) * exp(2 * logMean) * expm1(logGamma(1 - 2 / a) - 2 * logMean), Double.infinity)
  }
  /// 1 + γ(1 + 1/α) + log(σ/α).
  public var entropy: Tensor { eulerGamma * (1 + 1 / exponent) + log(scale / exponent) + 1 }
}

extension Frechet: ReparameterizedDistribution, QuantileDistribution {
  public func logCDF(_ x: Tensor) -> Tensor { -exp(level(x)) }
  public func logSurvival(_ x: Tensor) -> Tensor { logOneMinusExpOfExp(level(x)) }
  public func quantile(logCDF: Tensor) -> Tensor { value(level: log(-logCDF)) }
  public func quantile(logSurvival: Tensor) -> Tensor { value(level: inverseLogOneMinusExpOfExp(logSurvival)) }
}
