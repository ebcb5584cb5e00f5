import Differentiation

/// The χ² distribution, p(x) = x^(ν/2−1) e^(−x/2) / (2^(ν/2) Γ(ν/2)) on x > 0, degrees of freedom ν > 0: that of a sum of ν squared standard
/// normal variables, and Gamma(shape: ν/2, rate: ½).
///
/// `chi_square(nu)` of Stan, `Chi2(df)` of NumPyro, `ChiSquared(nu)` of PyMC.
public struct ChiSquared: AnotherParameterization {
  public static let name = "ChiSquared"
  public let base: Gamma

  public init(df: some TensorConvertible) {
    base = Gamma(shape: 0.5 * df.tensor.checked(.positive, "df", of: ChiSquared.name), rate: 0.5)
  }
}

extension ChiSquared: ReparameterizedDistribution, QuantileDistribution, DistributionWithMoments, DistributionWithEntropy {}
