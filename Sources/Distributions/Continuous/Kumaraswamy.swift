import Differentiation

/// The Kumaraswamy distribution, p(x) = ab x^(a−1) (1 − xᵃ)^(b−1) on 0 < x < 1, a > 0, b > 0: much like ``Beta``, with a distribution function in
/// closed form, 1 − (1 − xᵃ)ᵇ. −∞ at 0 and 1.
///
/// `Kumaraswamy(concentration1, concentration0)` of NumPyro, `Kumaraswamy(a, b)` of PyMC.
public struct Kumaraswamy: Distribution {
  public static let name = "Kumaraswamy"
  let a: Tensor
  let b: Tensor

  /// The exponent of x, and that of 1 − xᵃ.
  public init(_ a: some TensorConvertible, _ b: some TensorConvertible) {
    self.a = a.tensor.checked(.positive, "a", of: Kumaraswamy.name)
    self.b = b.tensor.checked(.positive, "b", of: Kumaraswamy.name)
  }

  public var batchShape: [Int] { Distributions.batchShape(of: a, b) }
  public var support: Support { .unitInterval }

  public func logDensity(inside x: Tensor) -> Tensor {
    let logX = log(x)
    return (a - 1) * logX + (b - 1) * log1mExp(a * logX) + (log(a) + log(b))
  }

  /// (1 − u^(1/b))^(1/a), u uniform.
  public func sample(using source: DrawSource) -> Tensor { quantile(logSurvival: -source.draw(.exponential, shape: batchShape)) }
}

extension Kumaraswamy: DistributionWithMoments, DistributionWithEntropy {
  /// b·B(1 + 1/a, b).
  public var mean: Tensor { exp(logMoment(1)) }
  /// b·B(1 + 2/a, b) less the mean squared.
  public var variance: Tensor { square(mean) * expm1(logMoment(2) - 2 * logMoment(1)) }
  /// 1 − 1/b + (1 − 1/a)(ψ(b + 1) + γ) − log ab.
  public var entropy: Tensor { 1 - 1 / b + (1 - 1 / a) * (digamma(b + 1) + eulerGamma) - (log(a) + log(b)) }

  private func logMoment(_ order: Double) -> Tensor { log(b) + logBeta(1 + order / a, b) }
}

extension Kumaraswamy: ReparameterizedDistribution, QuantileDistribution {
  public func logCDF(_ x: Tensor) -> Tensor { logOneMinusExpOfExp(log(b) + inverseLogOneMinusExpOfExp(a * log(x))) }
  public func logSurvival(_ x: Tensor) -> Tensor { b * log1mExp(a * log(x)) }
  public func quantile(logCDF: Tensor) -> Tensor { exp(logOneMinusExpOfExp(inverseLogOneMinusExpOfExp(logCDF) - log(b)) / a) }
  public func quantile(logSurvival: Tensor) -> Tensor { exp(log1mExp(logSurvival / b) / a) }
}
