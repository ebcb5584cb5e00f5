import Differentiation

/// The distribution of eʸ for y logistic: p(x) = (β/α)(x/α)^(β−1) / (1 + (x/α)^β)² on x > 0, scale α > 0, which is the median, and shape β > 0.
/// −∞ at 0.
///
/// `loglogistic(alpha, beta)` of Stan. log x is Logistic(log α, scale: 1/β).
public struct LogLogistic: Distribution {
  public static let name = "LogLogistic"
  let scale: Tensor
  let exponent: Tensor

  /// The median, and the exponent β of the odds of the event: F/(1 − F) = (x/α)^β.
  public init(scale: some TensorConvertible, shape: some TensorConvertible) {
    self.scale = scale.tensor.checked(.positive, "scale", of: LogLogistic.name)
    self.exponent = shape.tensor.checked(.positive, "shape", of: LogLogistic.name)
  }

  public var batchShape: [Int] { Distributions.batchShape(of: scale, exponent) }
  public var support: Support { .positive }

  public func logDensity(inside x: Tensor) -> Tensor { log(exponent) - log(x) + Logistic(0, scale: 1).logDensity(inside: logOdds(x)) }

  public func sample(using source: DrawSource) -> Tensor { value(logOdds: source.draw(.logistic, shape: batchShape)) }

  private func logOdds(_ x: Tensor) -> Tensor { exponent * log(x / scale) }
  private func value(logOdds t: Tensor) -> Tensor { scale * exp(t / exponent) }
}

extension LogLogistic: DistributionWithMoments, DistributionWithEntropy {
  /// α·b/sin b with b = π/β for β > 1, otherwise ∞.
  public var mean: Tensor {
    let exists = exponent .> 1
    return select(exists, scale * moment(1, select(exists, exponent, 2)), Double.infinity)
  }
  /// α²(2b/sin 2b − (b/sin b)²) for β > 2, otherwise ∞.
  public var variance: Tensor {
    let exists = exponent .> 2
    let b = select(exists, exponent, 3)
    return select(exists, square(scale) * (moment(2, b) - square(moment(1, b))), Double.infinity)
  }
  /// log(α/β) + 2.
  public var entropy: Tensor { log(scale / exponent) + 2 }

  /// E (x/α)ᵏ.
  private func moment(_ order: Double, _ exponent: Tensor) -> Tensor {
    let angle = order * Double.pi / exponent
    return angle / sin(angle)
  }
}

extension LogLogistic: ReparameterizedDistribution, QuantileDistribution {
  public func logCDF(_ x: Tensor) -> Tensor { -softplus(-logOdds(x)) }
  public func logSurvival(_ x: Tensor) -> Tensor { -softplus(logOdds(x)) }
  public func quantile(logCDF: Tensor) -> Tensor { value(logOdds: logCDF - log1mExp(logCDF)) }
  public func quantile(logSurvival: Tensor) -> Tensor { value(logOdds: log1mExp(logSurvival) - logSurvival) }
}
