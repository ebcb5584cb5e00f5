import Differentiation

/// A distribution on the classes 0 … K − 1: p(k) = pₖ; by probabilities [K], which sum to one, or by logits [K]: p(k) = softmax(l)ₖ.
///
/// Probabilities known to sum to something else are a mistake; computed ones are taken as they are.
public struct Categorical: Distribution {
  public static let name = "Categorical"
  private enum Parameter: Sendable {
    case probabilities(Tensor), logits(Tensor)
  }
  private let parameter: Parameter

  /// The probability of each class, a vector [K].
  public init(probabilities: some TensorConvertible) {
    let p = probabilities.tensor.checked(rank: 1, "probabilities", of: Categorical.name)
      .checked(.probability, "probabilities", of: Categorical.name)
    if let known = p.knownValues, p.plates.isEmpty, Swift.abs(known.reduce(0, +) - 1) > Support.sumTolerance {
      parameter = .probabilities(
        .mistake("Categorical: probabilities must sum to 1, but sum to \(known.reduce(0, +))", shape: p.shape, from: [p]))
    } else {
      parameter = .probabilities(p)
    }
  }

  /// Log probabilities up to a common constant, a vector [K]; −∞ excludes a class.
  public init(logits: some TensorConvertible) {
    parameter = .logits(
      logits.tensor.checked(rank: 1, "logits", of: Categorical.name).checked(.number, "logits", of: Categorical.name))
  }

  private var classes: Tensor {
    switch parameter {
    case .probabilities(let p): p
    case .logits(let l): l
    }
  }

  public var batchShape: [Int] { [] }
  public var support: Support { .integers(from: 0, through: Tensor(Double(supportSize - 1))) }

  public func logDensity(inside value: IntTensor) -> Tensor {
    // Outside the classes the result is replaced; until then any class will do.
    switch parameter {
    case .probabilities(let p): return log(p[legal(value)])
    case .logits(let l):
      // Differences to the largest logit, so that its size does not cancel. Where that is infinite there is nothing to take away.
      let largest = stopGradient(l.max(axis: 0))
      let shifted = l - select(abs(largest) .== Double.infinity, 0, largest)
      return shifted[legal(value)] - log(exp(shifted).sum(axis: 0))
    }
  }

  private func legal(_ value: IntTensor) -> IntTensor {
    if let known = value.knownValues, known.allSatisfy({ $0 >= 0 && $0 < Double(supportSize) }) { return value }
    return IntTensor(drawn: minimum(maximum(value.tensor, 0), supportSize - 1))
  }

  /// By inversion: the number of cumulative sums at or below u times their total. Classes of probability 0 are never drawn. Not
  /// differentiable.
  public func sample(using source: DrawSource) -> IntTensor {
    let sums = probabilities.cumulativeSum(axis: 0)
    let level = source.draw(.uniform, shape: []) * sums[supportSize - 1]
    return IntTensor(drawn: (sums[0..<(supportSize - 1)] .<= level).sum(axis: 0))
  }

  /// pₖ, shape [K].
  public var probabilities: Tensor {
    switch parameter {
    case .probabilities(let p): p
    case .logits(let l): l.softmax(axis: 0)
    }
  }

  /// log pₖ, where probabilities are taken as they are; shape [K].
  var normalizedLogits: Tensor {
    switch parameter {
    case .probabilities(let p): log(p)
    case .logits(let l): l.logSoftmax(axis: 0)
    }
  }

  /// log pₖ up to a common constant, shape [K].
  public var logits: Tensor {
    switch parameter {
    case .probabilities(let p): log(p)
    case .logits(let l): l
    }
  }
}

extension Categorical: EnumerableDistribution, DistributionWithMoments, DistributionWithEntropy {
  public var supportSize: Int { classes.shape[0] }
  /// Of the class number.
  public var mean: Tensor { (probabilities * Tensor.range(supportSize)).sum(axis: 0) }
  public var variance: Tensor { (probabilities * square(Tensor.range(supportSize) - mean)).sum(axis: 0) }
  /// −Σ pₖ log pₖ; a class of probability 0 adds nothing.
  public var entropy: Tensor {
    let p = probabilities
    return -(p * log(maximum(p, Double.leastNonzeroMagnitude))).sum(axis: 0)
  }
}
