import Differentiation

/// The scaled inverse χ² distribution, p(x) = (ν/2)^(ν/2)/Γ(ν/2) · s^ν x^(−ν/2−1) e^(−νs²/(2x)) on x > 0, degrees of freedom ν > 0, scale s > 0: of
/// a variance whose guess is s² with the weight of ν observations. It is InverseGamma(shape: ν/2, scale: νs²/2).
///
/// `scaled_inv_chi_square(nu, sigma)` of Stan.
public struct ScaledInverseChiSquared: AnotherParameterization {
  public static let name = "ScaledInverseChiSquared"
  public let base: InverseGamma

  /// Degrees of freedom, and the scale, the root of a variance.
  public init(df: some TensorConvertible, scale: some TensorConvertible) {
    let half = 0.5 * df.tensor.checked(.positive, "df", of: ScaledInverseChiSquared.name)
    base = InverseGamma(shape: half, scale: half * square(scale.tensor.checked(.positive, "scale", of: ScaledInverseChiSquared.name)))
  }
}

extension ScaledInverseChiSquared: ReparameterizedDistribution, QuantileDistribution, DistributionWithMoments, DistributionWithEntropy {}
