import Differentiation

/// The distribution of 1/x for x of ``ChiSquared``: p(x) = x^(−ν/2−1) e^(−1/(2x)) / (2^(ν/2) Γ(ν/2)) on x > 0, degrees of freedom ν > 0. It is
/// InverseGamma(shape: ν/2, scale: ½).
///
/// `inv_chi_square(nu)` of Stan.
public struct InverseChiSquared: AnotherParameterization {
  public static let name = "InverseChiSquared"
  public let base: InverseGamma

  public init(df: some TensorConvertible) {
    base = InverseGamma(shape: 0.5 * df.tensor.checked(.positive, "df", of: InverseChiSquared.name), scale: 0.5)
  }
}

extension InverseChiSquared: ReparameterizedDistribution, QuantileDistribution, DistributionWithMoments, DistributionWithEntropy {}
