import Differentiation

/// The binomial distribution on 0 … n: p(k) = n!/(k!(n − k)!) · pᵏ(1 − p)^(n−k); by probability, 0 ≤ p ≤ 1, or by log-odds.
///
/// By probability, impossible outcomes have log density −∞ at p = 0 and p = 1, certain ones 0, and the derivative in p is not finite there.
public struct Binomial: Distribution {
  public static let name = "Binomial"
  private enum Parameter: Sendable {
    case probability(Tensor), logits(Tensor)
  }
  private let trials: Tensor
  private let parameter: Parameter

  /// The number of trials and the probability of success in each.
  public init(_ trials: some TensorConvertible, probability: some TensorConvertible) {
    self.trials = trials.tensor.checked(.count, "the number of trials", of: Binomial.name)
    parameter = .probability(probability.tensor.checked(.probability, "probability", of: Binomial.name))
  }

  /// The number of trials and log(p/(1 − p)).
  public init(_ trials: some TensorConvertible, logits: some TensorConvertible) {
    self.trials = trials.tensor.checked(.count, "the number of trials", of: Binomial.name)
    parameter = .logits(logits.tensor.checked(.finite, "logits", of: Binomial.name))
  }

  public var batchShape: [Int] {
    switch parameter {
    case .probability(let p): Distributions.batchShape(of: trials, p)
    case .logits(let l): Distributions.batchShape(of: trials, l)
    }
  }
  public var support: Support { .integers(from: 0, through: trials) }

  public func logDensity(inside value: IntTensor) -> Tensor {
    let k = value.tensor
    let failures = trials - k
    if trials.isKnownAndModerate {
      let ways = logGamma(trials + 1) - (logGamma(k + 1) + logGamma(failures + 1))
      switch parameter {
      case .probability(let p): return ways + zeroSafeProduct(k, log(p)) + zeroSafeProduct(failures, log1p(-p))
      // k·l − n·log(1 + eˡ) as a sum of two numbers that are at most 0.
      case .logits(let l): return ways + (minimum(k * l, -failures * l) - trials * softplus(-abs(l)))
      }
    }
    let n = select(trials .== 0, 1, trials)
    let distance: Tensor
    switch parameter {
    case .probability(let p):
      distance = deviance(k, rate: trials * p) { log(n / $0 * p) } + deviance(failures, rate: trials * (1 - p)) { log(n / $0 * (1 - p)) }
    case .logits(let l):
      distance =
        deviance(k, rate: trials * logistic(l)) { log(n / $0) - softplus(-l) }
        + deviance(failures, rate: trials * logistic(-l)) { log(n / $0) - softplus(l) }
    }
    return (logFactorialRest(trials) - logFactorialRest(k) - logFactorialRest(failures)) - distance
  }

  /// Not differentiable.
  public func sample(using source: DrawSource) -> IntTensor {
    IntTensor(drawn: source.draw(.binomial, shape: batchShape, parameters: [trials, probability]))
  }

  /// The probability of success in one trial.
  public var probability: Tensor {
    switch parameter {
    case .probability(let p): p
    case .logits(let l): logistic(l)
    }
  }
}

extension Binomial: DistributionWithMoments {
  /// np.
  public var mean: Tensor { trials * probability }
  /// np(1 − p).
  public var variance: Tensor { trials * probability * (1 - probability) }
}

/// x·y with 0·(±∞) = 0.
func zeroSafeProduct(_ x: Tensor, _ y: Tensor) -> Tensor {
  if let known = x.knownValues, !known.contains(0) { return x * y }
  return select(x .== 0, 0, x * y)
}
