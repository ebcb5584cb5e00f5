import Differentiation

/// The geometric distribution on 0, 1, 2 …: p(k) = p(1 − p)ᵏ, the number of failures before the first success; by probability, 0 < p ≤ 1, or by
/// log-odds.
///
/// `Geometric(probs)` and `Geometric(logits=…)` of NumPyro. PyMC and SciPy count the trial of the success too: their value is k + 1. At p = 1
/// all mass is on 0.
public struct Geometric: Distribution {
  public static let name = "Geometric"
  /// log p and log(1 − p).
  private let logSuccess: Tensor
  private let logFailure: Tensor

  /// The probability of success in one trial.
  public init(probability: some TensorConvertible) {
    let p = probability.tensor.checked(.probability, "probability", of: Geometric.name)
      .checked(.positive, "probability", of: Geometric.name)
    logSuccess = log(p)
    logFailure = log1p(-p)
  }

  /// log(p/(1 − p)).
  public init(logits: some TensorConvertible) {
    let l = logits.tensor.checked(.finite, "logits", of: Geometric.name)
    logSuccess = logLogistic(l)
    logFailure = logLogistic(-l)
  }

  public var batchShape: [Int] { logSuccess.shape }
  public var support: Support { .integers(from: 0, through: nil) }

  public func logDensity(inside value: IntTensor) -> Tensor { zeroSafeProduct(value.tensor, logFailure) + logSuccess }

  public func logDensity(of value: IntTensor) -> Tensor { restrictedAndNaN(logDensity(inside: value), to: value) }

  /// The whole part of an exponential draw with rate −log(1 − p). Not differentiable.
  public func sample(using source: DrawSource) -> IntTensor {
    IntTensor(drawn: floor(source.draw(.exponential, shape: batchShape) / -logFailure))
  }
}

extension Geometric: DistributionWithMoments, DistributionWithEntropy {
  /// (1 − p)/p.
  public var mean: Tensor { exp(logFailure - logSuccess) }
  /// (1 − p)/p².
  public var variance: Tensor { exp(logFailure - 2 * logSuccess) }
  /// −log p − (1 − p)/p·log(1 − p), 0 at p = 1.
  public var entropy: Tensor { -logSuccess - zeroSafeProduct(mean, logFailure) }
}
