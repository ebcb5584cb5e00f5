import Differentiation

/// Equal probabilities 1/(b − a + 1) for the whole numbers a … b.
///
/// `discrete_range(lower, upper)` of Stan, `DiscreteUniform(low, high)` of NumPyro, `DiscreteUniform(lower, upper)` of PyMC. As a latent
/// variable it is summed out where b is data.
public struct DiscreteUniform: Distribution {
  public static let name = "DiscreteUniform"
  private let first: Int
  private let last: Tensor

  /// The smallest and the largest value.
  public init(from first: Int, through last: some TensorConvertible) {
    self.first = first
    let end = last.tensor.checked(.finite, "the largest value", of: DiscreteUniform.name)
    if let wrong = end.knownValues?.first(where: { $0.rounded() != $0 || $0 < Double(first) }) {
      let sentence = "\(DiscreteUniform.name): the largest value must be a whole number, at least \(first), but is \(wrong)"
      self.last = .mistake(sentence, shape: end.shape, from: [end])
    } else {
      self.last = end
    }
  }

  public var batchShape: [Int] { last.shape }
  public var support: Support { .integers(from: first, through: last) }

  public func logDensity(inside value: IntTensor) -> Tensor { (-log(count)).spread(over: value.tensor) }

  public func logDensity(of value: IntTensor) -> Tensor { restrictedAndNaN(logDensity(inside: value), to: value) }

  /// By inversion of a uniform draw. Not differentiable.
  public func sample(using source: DrawSource) -> IntTensor {
    IntTensor(drawn: minimum(last, first + floor(count * source.draw(.uniform, shape: batchShape))))
  }

  /// b − a + 1.
  private var count: Tensor { last - Double(first - 1) }
}

extension DiscreteUniform: DistributionWithMoments, DistributionWithEntropy {
  /// (a + b)/2.
  public var mean: Tensor { 0.5 * (last + first) }
  /// ((b − a + 1)² − 1)/12.
  public var variance: Tensor { (square(count) - 1) / 12 }
  /// log(b − a + 1).
  public var entropy: Tensor { log(count) }
}
