import Differentiation

/// The exponential distribution, p(x) = r·e^(−rx) on x ≥ 0, rate r > 0 (the mean is 1/r). The log density at 0 is log r.
public struct Exponential: Distribution {
  public static let name = "Exponential"
  let rate: Tensor

  public init(rate: some TensorConvertible) {
    self.rate = rate.tensor.checked(.positive, "rate", of: Exponential.name)
  }

  public var batchShape: [Int] { rate.shape }
  public var support: Support { .nonnegative }

  public func logDensity(inside x: Tensor) -> Tensor { log(rate) - rate * x }

  public func sample(using source: DrawSource) -> Tensor { source.draw(.exponential, shape: batchShape) / rate }
}

extension Exponential: DistributionWithMoments, DistributionWithEntropy {
  public var mean: Tensor { reciprocal(rate) }
  public var variance: Tensor { reciprocal(square(rate)) }
  /// 1 − log r.
  public var entropy: Tensor { 1 - log(rate) }
}

extension Exponential: ReparameterizedDistribution, QuantileDistribution {
  public func logCDF(_ x: Tensor) -> Tensor { log1mExp(-rate * x) }
  public func logSurvival(_ x: Tensor) -> Tensor { -rate * x }
  public func logMass(from a: Tensor, to b: Tensor) -> Tensor { log1mExp(rate * (a - b)) - rate * a }
  public func quantile(logCDF: Tensor) -> Tensor { -log1mExp(logCDF) / rate }
  public func quantile(logSurvival: Tensor) -> Tensor { -logSurvival / rate }
}
