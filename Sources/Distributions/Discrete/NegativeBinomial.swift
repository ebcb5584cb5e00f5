import Differentiation

/// The negative binomial distribution on 0, 1, 2 …: p(k) = Γ(k + φ)/(k! Γ(φ)) · (φ/(μ + φ))^φ (μ/(μ + φ))ᵏ, a Poisson count whose rate is
/// gamma distributed with shape φ and mean μ.
///
/// Three namings. By `mean` μ > 0 and `dispersion` φ > 0 the variance is μ + μ²/φ, so that large φ is nearly Poisson (`neg_binomial_2` of
/// Stan, where φ is called precision; other programs call 1/φ the dispersion). By `logMean` the same for every finite log μ. By `shape` r and
/// `probability` p, 0 < p < 1, k counts the failures before the r-th success of trials with probability p (SciPy's `nbinom`); r need not be
/// whole, and μ = r(1 − p)/p.
public struct NegativeBinomial: Distribution {
  public static let name = "NegativeBinomial"
  /// φ.
  private let size: Tensor
  /// log(μ/φ).
  private let logOdds: Tensor
  /// μ.
  public let mean: Tensor

  /// The mean, and the φ of variance μ + μ²/φ.
  public init(mean: some TensorConvertible, dispersion: some TensorConvertible) {
    self.mean = mean.tensor.checked(.positive, "mean", of: NegativeBinomial.name)
    size = dispersion.tensor.checked(.positive, "dispersion", of: NegativeBinomial.name)
    logOdds = log(self.mean / size)
  }

  /// The logarithm of the mean, and the φ of variance μ + μ²/φ.
  public init(logMean: some TensorConvertible, dispersion: some TensorConvertible) {
    let eta = logMean.tensor.checked(.finite, "logMean", of: NegativeBinomial.name)
    size = dispersion.tensor.checked(.positive, "dispersion", of: NegativeBinomial.name)
    mean = exp(eta)
    logOdds = eta - log(size)
  }

  /// The number of successes to wait for, and the probability of each.
  public init(shape: some TensorConvertible, probability: some TensorConvertible) {
    size = shape.tensor.checked(.positive, "shape", of: NegativeBinomial.name)
    let p = probability.tensor.checked(.openProbability, "probability", of: NegativeBinomial.name)
    logOdds = log1p(-p) - log(p)
    mean = size * (1 - p) / p
  }

  public var batchShape: [Int] { Distributions.batchShape(of: size, logOdds) }
  public var support: Support { .integers(from: 0, through: nil) }

  public func logDensity(inside value: IntTensor) -> Tensor {
    let k = value.tensor
    if k.isKnownAndModerate, size.isKnownAndModerate {
      let ways = logGamma(k + size) - logGamma(k + 1) - logGamma(size)
      return ways - (size * softplus(logOdds) + k * softplus(-logOdds))
    }
    // With n = k + φ: φ/n times the binomial probability of φ among n with probability φ/(μ + φ).
    let n = k + size
    let distance =
      deviance(k, rate: n * logistic(logOdds)) { log(n / $0) - softplus(-logOdds) }
      + deviance(size, logRatio: log(n / size) - softplus(logOdds))
    return log(size / n) + (logFactorialRest(n) - logFactorialRest(size) - logFactorialRest(k)) - distance
  }

  /// A Poisson draw at a gamma draw's rate. Not differentiable.
  public func sample(using source: DrawSource) -> IntTensor {
    let rate = source.draw(.gamma, shape: batchShape, parameters: [size]) * exp(logOdds)
    return IntTensor(drawn: source.draw(.poisson, shape: batchShape, parameters: [rate]))
  }
}

extension NegativeBinomial: DistributionWithMoments {
  /// μ + μ²/φ.
  public var variance: Tensor { mean * (1 + mean / size) }
}
