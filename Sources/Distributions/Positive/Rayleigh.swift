import Differentiation

/// The Rayleigh distribution, p(x) = x/σ² exp(−½(x/σ)²) on x > 0, scale σ > 0: that of the length of a vector of two normal variables with
/// standard deviation σ, and Weibull(shape: 2, scale: σ√2). −∞ at 0.
///
/// `rayleigh(sigma)` of Stan. σ is the mode.
public struct Rayleigh: AnotherParameterization {
  public static let name = "Rayleigh"
  public let base: Weibull

  public init(scale: some TensorConvertible) {
    base = Weibull(shape: 2, scale: 1.41421356237309504880 * scale.tensor.checked(.positive, "scale", of: Rayleigh.name))
  }
}

extension Rayleigh: ReparameterizedDistribution, QuantileDistribution, DistributionWithMoments, DistributionWithEntropy {}
