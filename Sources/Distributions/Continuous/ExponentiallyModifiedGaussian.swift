import Differentiation

/// The distribution of a normal variable plus an independent exponential one: p(x) = λ exp(λ(m − x) + ½λ²σ²) Φ((x − m)/σ − λσ) on ℝ, mean m and
/// standard deviation σ > 0 of the normal, rate λ > 0 of the exponential.
///
/// `exp_mod_normal(mu, sigma, lambda)` of Stan, `ExGaussian(mu, sigma, nu)` of PyMC with ν = 1/λ. Reaction times and chromatographic peaks.
public struct ExponentiallyModifiedGaussian: Distribution {
  public static let name = "ExponentiallyModifiedGaussian"
  let mu: Tensor
  let sd: Tensor
  let rate: Tensor

  /// Mean and standard deviation of the normal variable, and the rate of the exponential one.
  public init(_ mu: some TensorConvertible, sd: some TensorConvertible, rate: some TensorConvertible) {
    let owner = ExponentiallyModifiedGaussian.name
    self.mu = mu.tensor.checked(.finite, "the mean of the normal", of: owner)
    self.sd = sd.tensor.checked(.positive, "sd", of: owner)
    self.rate = rate.tensor.checked(.positive, "rate", of: owner)
  }

  public var batchShape: [Int] { Distributions.batchShape(of: mu, sd, rate) }
  public var support: Support { .real }

  public func logDensity(inside x: Tensor) -> Tensor { log(rate) + logPassed((x - mu) / sd) }

  public func sample(using source: DrawSource) -> Tensor {
    mu + sd * source.draw(.normal, shape: batchShape) + source.draw(.exponential, shape: batchShape) / rate
  }

  /// log of exp(½k² − kz)Φ(z − k) with k = λσ: below z = k in the scaled tail, where the exponents of the two factors cancel.
  private func logPassed(_ z: Tensor) -> Tensor {
    let k = rate * sd
    let w = z - k
    let isTail = w .< 0
    let tail = logScaledNormalTail(select(isTail, -w, 1)) - 0.5 * square(z)
    return select(isTail, tail, logNormalCDF(select(isTail, 0, w)) - k * (z - 0.5 * k))
  }
}

extension ExponentiallyModifiedGaussian: DistributionWithMoments {
  /// m + 1/λ.
  public var mean: Tensor { (mu + 1 / rate).broadcast(to: batchShape) }
  /// σ² + 1/λ².
  public var variance: Tensor { (square(sd) + 1 / square(rate)).broadcast(to: batchShape) }
}

extension ExponentiallyModifiedGaussian: ReparameterizedDistribution, CumulativeDistribution {
  public func logCDF(_ x: Tensor) -> Tensor { tails(x).below }
  public func logSurvival(_ x: Tensor) -> Tensor { tails(x).above }

  /// F = Φ(z) − exp(½k² − kz)Φ(z − k).
  private func tails(_ x: Tensor) -> (below: Tensor, above: Tensor) {
    let z = (x - mu) / sd
    let passed = logPassed(z)
    return complementary(logDifference(logNormalCDF(z), passed), logAddExp(logNormalCDF(-z), passed))
  }
}
