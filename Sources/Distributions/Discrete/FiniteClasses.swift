import Differentiation

/// A distribution of independent choices, each among the classes 0 … K − 1, whose log probabilities are known: what estimators that relax,
/// perturb or enumerate classes need.
public protocol ClassDistribution: Distribution where Value == IntTensor {
  /// log p(k), classes leading: shape [K] + ``Distribution/batchShape``, differentiable in the parameters.
  var logProbabilities: Tensor { get }
}

extension ClassDistribution {
  /// Σ k pₖ.
  var classMean: Tensor { (exp(logProbabilities) * classNumbers).sum(axis: 0) }
  /// Σ (k − m)² pₖ.
  var classVariance: Tensor { (exp(logProbabilities) * square(classNumbers - classMean)).sum(axis: 0) }
  /// −Σ pₖ log pₖ; a class whose probability underflows adds nothing.
  var classEntropy: Tensor {
    let logs = logProbabilities
    return -(exp(logs) * maximum(logs, -1e3)).sum(axis: 0)
  }
  /// 0 … K − 1 along the axis of classes.
  private var classNumbers: Tensor {
    let count = logProbabilities.shape[0]
    return Tensor.range(count).reshaped(to: [count] + batchShape.map { _ in 1 })
  }
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
