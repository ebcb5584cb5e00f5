import Differentiation

/// A distribution of independent choices, each among the classes 0 … K − 1, whose log probabilities are known: what estimators that relax,
/// perturb or enumerate classes need.
public protocol ClassDistribution: Distribution where Value == IntTensor {
  /// log p(k), classes leading: shape [K] + ``Distribution/batchShape``, differentiable in the parameters.
  var logProbabilities: Tensor { get }
}

/// A distribution of independent numbers 0 and 1.
public protocol BinaryDistribution: ClassDistribution {
  /// log(p/(1 − p)), of shape ``Distribution/batchShape``.
  var logits: Tensor { get }
}

extension Bernoulli: BinaryDistribution {
  public var logProbabilities: Tensor { stack([logLogistic(-logits), logLogistic(logits)]) }
}

extension Categorical: ClassDistribution {
  public var logProbabilities: Tensor { logits.logSoftmax(axis: 0) }
}

extension Repeated: ClassDistribution where Base: ClassDistribution {
  public var logProbabilities: Tensor {
    let own = base.logProbabilities
    let classes = own.shape.prefix(1)
    let spread = own.reshaped(to: classes + copies.map { _ in 1 } + own.shape.dropFirst())
    return spread.broadcast(to: classes + batchShape)
  }
}

extension Repeated: BinaryDistribution where Base: BinaryDistribution {
  public var logits: Tensor { base.logits.broadcast(to: batchShape) }
}
