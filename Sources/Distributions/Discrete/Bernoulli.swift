import Differentiation

/// The Bernoulli distribution on {0, 1}: p(1) = p, p(0) = 1 − p; by probability, 0 ≤ p ≤ 1, or by log-odds l = log(p/(1 − p)).
///
/// By probability, impossible outcomes have log density −∞ at p = 0 and p = 1, and the derivative in p is not finite there. By log-odds,
/// −log(1 + e^(∓l)), for every finite l.
public struct Bernoulli: Distribution {
  public static let name = "Bernoulli"
  private enum Parameter: Sendable {
    case probability(Tensor), logits(Tensor)
  }
  private let parameter: Parameter

  /// The probability of 1.
  public init(probability: some TensorConvertible) {
    parameter = .probability(probability.tensor.checked(.probability, "probability", of: Bernoulli.name))
  }

  /// log(p/(1 − p)).
  public init(logits: some TensorConvertible) {
    parameter = .logits(logits.tensor.checked(.finite, "logits", of: Bernoulli.name))
  }

  public var batchShape: [Int] {
    switch parameter {
    case .probability(let p): p.shape
    case .logits(let l): l.shape
    }
  }
  public var support: Support { .integers(from: 0, through: 1) }

  public func logDensity(inside value: IntTensor) -> Tensor {
    switch parameter {
    case .probability(let p): select(value.tensor, log(p), log1p(-p))
    // log logistic(±l), the sign that of 2y − 1: no digits cancel where the outcome is all but certain.
    case .logits(let l): -softplus((1 - 2 * value.tensor) * l)
    }
  }

  public func logDensity(of value: IntTensor) -> Tensor { restrictedAndNaN(logDensity(inside: value), to: value) }

  /// 1 where a uniform draw is below the probability. Not differentiable.
  public func sample(using source: DrawSource) -> IntTensor {
    IntTensor(drawn: source.draw(.uniform, shape: batchShape) .< probability)
  }

  /// P(1).
  public var probability: Tensor {
    switch parameter {
    case .probability(let p): p
    case .logits(let l): logistic(l)
    }
  }

  /// log(p/(1 − p)).
  public var logits: Tensor {
    switch parameter {
    case .probability(let p): logit(p)
    case .logits(let l): l
    }
  }
}

extension Bernoulli: EnumerableDistribution, DistributionWithMoments, DistributionWithEntropy {
  public var supportSize: Int { 2 }
  public var mean: Tensor { probability }
  /// p(1 − p).
  public var variance: Tensor { probability * (1 - probability) }
  /// −p log p − (1 − p) log(1 − p), 0 at p = 0 and 1.
  public var entropy: Tensor {
    switch parameter {
    case .probability(let p):
      -(p * log(maximum(p, Double.leastNonzeroMagnitude)) + (1 - p) * log1p(-minimum(p, 1 - Double.ulpOfOne / 2)))
    case .logits(let l): softplus(l) - l * logistic(l)
    }
  }
}
