import Differentiation

/// The beta-binomial distribution on 0 … n: p(k) = n!/(k!(n − k)!) · B(k + a, n − k + b)/B(a, b), a binomial count whose probability is
/// Beta(a, b), a > 0, b > 0.
///
/// `beta_binomial(N, alpha, beta)` of Stan, `BetaBinomial(concentration1, concentration0, total_count)` of NumPyro, `BetaBinomial(alpha, beta, n)`
/// of PyMC. With mean m and precision c it is `BetaBinomial(n, m * c, (1 - m) * c)`.
public struct BetaBinomial: Distribution {
  public static let name = "BetaBinomial"
  private let trials: Tensor
  private let a: Tensor
  private let b: Tensor

  /// The number of trials, and the two parameters of the beta distribution.
  public init(_ trials: some TensorConvertible, _ a: some TensorConvertible, _ b: some TensorConvertible) {
    self.trials = trials.tensor.checked(.count, "the number of trials", of: BetaBinomial.name)
    self.a = a.tensor.checked(.positive, "a", of: BetaBinomial.name)
    self.b = b.tensor.checked(.positive, "b", of: BetaBinomial.name)
  }

  public var batchShape: [Int] { Distributions.batchShape(of: trials, a, b) }
  public var support: Support { .integers(from: 0, through: trials) }

  public func logDensity(inside value: IntTensor) -> Tensor {
    let (k, total) = (value.tensor, a + b)
    return compoundTerm(count: k, a, trials: trials, total: total) + compoundTerm(count: trials - k, b, trials: trials, total: total)
      + compoundNormalizer(trials: trials, total: total)
  }

  /// A binomial draw at a beta draw's probability. Not differentiable.
  public func sample(using source: DrawSource) -> IntTensor {
    let g = source.draw(.logGamma, shape: batchShape, parameters: [a])
    let p = logistic(g - source.draw(.logGamma, shape: batchShape, parameters: [b]))
    return IntTensor(drawn: source.draw(.binomial, shape: batchShape, parameters: [trials, p]))
  }
}

extension BetaBinomial: DistributionWithMoments {
  /// na/(a + b).
  public var mean: Tensor { trials * a / (a + b) }
  /// n·m(1 − m)(a + b + n)/(a + b + 1) with m = a/(a + b).
  public var variance: Tensor { mean * b / (a + b) * (a + b + trials) / (a + b + 1) }
}
