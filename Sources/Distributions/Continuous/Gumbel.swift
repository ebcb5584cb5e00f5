import Differentiation

/// The Gumbel distribution of maxima, p(x) = exp(−z − e^(−z))/s with z = (x − m)/s on ℝ, location m (the mode), scale s > 0.
///
/// `gumbel(mu, beta)` of Stan, `Gumbel(loc, scale)` of NumPyro, `Gumbel(mu, beta)` of PyMC; −x has the distribution of minima.
public struct Gumbel: Distribution {
  public static let name = "Gumbel"
  let location: Tensor
  let scale: Tensor

  /// The mode, and the scale (not the standard deviation, which is scale·π/√6).
  public init(_ location: some TensorConvertible, scale: some TensorConvertible) {
    self.location = location.tensor.checked(.finite, "the location", of: Gumbel.name)
    self.scale = scale.tensor.checked(.positive, "scale", of: Gumbel.name)
  }

  public var batchShape: [Int] { Distributions.batchShape(of: location, scale) }
  public var support: Support { .real }

  public func logDensity(inside x: Tensor) -> Tensor {
    let t = (location - x) / scale
    // Above 709 the exponential is all there is, and soon ∞, from which nothing may be taken.
    return minimum(t, 709) - exp(t) - log(scale)
  }

  public func sample(using source: DrawSource) -> Tensor { location + scale * source.draw(.gumbel, shape: batchShape) }
}

extension Gumbel: DistributionWithMoments, DistributionWithEntropy {
  /// m + γs.
  public var mean: Tensor { (location + eulerGamma * scale).broadcast(to: batchShape) }
  /// s²π²/6.
  public var variance: Tensor { (1.64493406684822643647 * square(scale)).broadcast(to: batchShape) }
  /// log s + γ + 1.
  public var entropy: Tensor { (log(scale) + (eulerGamma + 1)).broadcast(to: batchShape) }
}

extension Gumbel: ReparameterizedDistribution, QuantileDistribution {
  public func logCDF(_ x: Tensor) -> Tensor { -exp((location - x) / scale) }
  public func logSurvival(_ x: Tensor) -> Tensor { logOneMinusExpOfExp((location - x) / scale) }
  public func quantile(logCDF: Tensor) -> Tensor { location - scale * log(-logCDF) }
  public func quantile(logSurvival: Tensor) -> Tensor { location - scale * inverseLogOneMinusExpOfExp(logSurvival) }
}
