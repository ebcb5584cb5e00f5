import Differentiation

/// The inverse Gaussian (Wald) distribution, p(x) = √(λ/(2πx³)) exp(−λ(x − μ)²/(2μ²x)) on x > 0, mean μ > 0, shape λ > 0: that of the time at
/// which a Brownian motion with drift √λ/μ first reaches √λ. −∞ at 0.
///
/// `Wald(mu, lam)` of PyMC, `InverseGaussian(loc, concentration)` of TensorFlow Probability. The variance is μ³/λ.
public struct InverseGaussian: Distribution {
  public static let name = "InverseGaussian"
  let location: Tensor
  let concentration: Tensor

  public init(mean: some TensorConvertible, shape: some TensorConvertible) {
    self.location = mean.tensor.checked(.positive, "mean", of: InverseGaussian.name)
    self.concentration = shape.tensor.checked(.positive, "shape", of: InverseGaussian.name)
  }

  public var batchShape: [Int] { Distributions.batchShape(of: location, concentration) }
  public var support: Support { .positive }

  public func logDensity(inside x: Tensor) -> Tensor {
    0.5 * (log(concentration) - 3 * log(x)) - 0.5 * square(distance(x)) - LogConstant.halfTwoPi
  }

  /// Of the two values with a given squared distance the smaller or the larger one (Michael, Schucany & Haas 1976, American Statistician
  /// 30:88); differentiable in both parameters at a fixed level of the distribution function, first derivatives only.
  public func sample(using source: DrawSource) -> Tensor {
    let half = 0.5 * location / concentration * square(source.draw(.normal, shape: batchShape))
    let ratio = 1 + half + sqrt(half * (2 + half))
    let isSmaller = source.draw(.uniform, shape: batchShape) * (1 + 1 / ratio) .<= 1
    return followingParameters(location * select(isSmaller, 1 / ratio, ratio))
  }

  /// √(λ/x)·(x − μ)/μ.
  private func distance(_ x: Tensor) -> Tensor { sqrt(concentration / x) * ((x - location) / location) }
}

extension InverseGaussian: DistributionWithMoments {
  public var mean: Tensor { location.broadcast(to: batchShape) }
  /// μ³/λ.
  public var variance: Tensor { location * square(location) / concentration }
}

extension InverseGaussian: ReparameterizedDistribution, CumulativeDistribution {
  public func logCDF(_ x: Tensor) -> Tensor { tails(x).below }
  public func logSurvival(_ x: Tensor) -> Tensor { tails(x).above }

  /// F = Φ(a) + e^(2λ/μ)Φ(−b) with a = √(λ/x)(x/μ − 1) and b = √(λ/x)(x/μ + 1), where e^(2λ/μ) = e^(b²/2 − a²/2).
  private func tails(_ x: Tensor) -> (below: Tensor, above: Tensor) {
    let a = distance(x)
    let reflected = logScaledNormalTail(sqrt(concentration / x) * ((x + location) / location)) - 0.5 * square(a)
    return complementary(logAddExp(logNormalCDF(a), reflected), logDifference(logNormalCDF(-a), reflected))
  }
}
