import Differentiation

/// The multinomial distribution of counts [K] with sum n: p(k) = n!/Πkᵢ! · Π pᵢ^kᵢ; by probabilities [K], which sum to one, or by logits [K].
///
/// `multinomial(theta)` and `multinomial_logit(gamma)` of Stan, `Multinomial(total_count, probs)` of NumPyro, `Multinomial(n, p)` of PyMC. A class
/// of probability 0 has count 0. Probabilities known to sum to something else are a mistake; computed ones are taken as they are.
public struct Multinomial: Distribution {
  public static let name = "Multinomial"
  private let trials: Tensor
  private let classes: Categorical

  /// The number of trials, a number, and the probability of each class.
  public init(_ trials: some TensorConvertible, probabilities: some TensorConvertible) {
    self.init(trials.tensor, Categorical(probabilities: probabilities))
  }

  /// The number of trials, a number, and log probabilities up to a common constant.
  public init(_ trials: some TensorConvertible, logits: some TensorConvertible) {
    self.init(trials.tensor, Categorical(logits: logits))
  }

  init(_ trials: Tensor, _ classes: Categorical) {
    self.trials = trials.checked(rank: 0, "the number of trials", of: Multinomial.name)
      .checked(.count, "the number of trials", of: Multinomial.name)
    self.classes = classes
  }

  public var batchShape: [Int] { [] }
  public var eventShape: [Int] { [classes.supportSize] }
  public var support: Support { .counts(total: trials) }

  public func logDensity(inside value: IntTensor) -> Tensor {
    let k = value.tensor
    guard k.shape == eventShape else {
      return .mistake("Multinomial: the value must have shape \(eventShape), but has \(k.shapeDescription)", shape: [], from: [k])
    }
    let (p, logP) = (classes.probabilities, classes.normalizedLogits)
    let distance = deviance(k, rate: trials * p) { log(trials / $0) + logP }
    return logFactorialRest(trials) - (logFactorialRest(k) + distance).sum(axis: 0)
  }

  /// By a binomial draw for each class among the trials that those before it have left. Not differentiable.
  public func sample(using source: DrawSource) -> IntTensor {
    let p = classes.probabilities
    let ahead = Tensor(p.node.cumulativeSum(axis: 0, reversed: true), plates: p.plates)
    let share = minimum(p / maximum(ahead, Double.leastNormalMagnitude), 1)
    var left = trials
    var counts: [Tensor] = []
    for place in 0..<(classes.supportSize - 1) {
      let count = source.draw(.binomial, shape: [], parameters: [left, share[place]])
      counts.append(count)
      left = left - count
    }
    return IntTensor(drawn: stack(counts + [left]))
  }
}

extension Multinomial: DistributionWithMoments {
  /// npᵢ.
  public var mean: Tensor { trials * classes.probabilities }
  /// npᵢ(1 − pᵢ).
  public var variance: Tensor { mean * (1 - classes.probabilities) }
}
