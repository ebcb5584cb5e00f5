import Differentiation

/// The logistic distribution, p(x) = e^(−z) / (s(1 + e^(−z))²) with z = (x − m)/s on ℝ, location m (mean and median), scale s > 0.
public struct Logistic: Distribution {
  public static let name = "Logistic"
  let location: Tensor
  let scale: Tensor

  /// The median, and the scale (not the standard deviation, which is scale·π/√3).
  public init(_ location: some TensorConvertible, scale: some TensorConvertible) {
    self.location = location.tensor.checked(.finite, "the location", of: Logistic.name)
    self.scale = scale.tensor.checked(.positive, "scale", of: Logistic.name)
  }

  public var batchShape: [Int] { Distributions.batchShape(of: location, scale) }
  public var support: Support { .real }

  public func logDensity(inside x: Tensor) -> Tensor {
    // Even in z, so that both tails are −|z|: no cancellation on either side.
    let size = abs(standardized(x))
    return -size - 2 * softplus(-size) - log(scale)
  }

  public func sample(using source: DrawSource) -> Tensor { location + scale * source.draw(.logistic, shape: batchShape) }

  private func standardized(_ x: Tensor) -> Tensor { (x - location) * reciprocal(scale) }
}

extension Logistic: DistributionWithMoments, DistributionWithEntropy {
  public var mean: Tensor { location.broadcast(to: batchShape) }
  /// s²π²/3.
  public var variance: Tensor { (3.28986813369645287294 * square(scale)).broadcast(to: batchShape) }
  /// log s + 2.
  public var entropy: Tensor { (log(scale) + 2).broadcast(to: batchShape) }
}

extension Logistic: ReparameterizedDistribution, QuantileDistribution {
  public func logCDF(_ x: Tensor) -> Tensor { -softplus(-standardized(x)) }
  public func logSurvival(_ x: Tensor) -> Tensor { -softplus(standardized(x)) }
  public func quantile(logCDF: Tensor) -> Tensor { location + scale * (logCDF - log1mExp(logCDF)) }
  public func quantile(logSurvival: Tensor) -> Tensor { location - scale * (logSurvival - log1mExp(logSurvival)) }
}
