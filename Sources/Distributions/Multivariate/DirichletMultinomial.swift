import Differentiation

/// Counts [K] with sum n whose probabilities are Dirichlet distributed: p(k) = n!/Πkᵢ! · Γ(s)/Γ(n + s) · Π Γ(kᵢ + αᵢ)/Γ(αᵢ), concentrations
/// α > 0 with sum s.
///
/// `dirichlet_multinomial(alpha)` of Stan, `DirichletMultinomial(concentration, total_count)` of NumPyro, `DirichletMultinomial(n, a)` of PyMC.
public struct DirichletMultinomial: Distribution {
  public static let name = "DirichletMultinomial"
  private let trials: Tensor
  private let alpha: Tensor

  /// The number of trials, a number, and the concentrations, a vector [K].
  public init(_ trials: some TensorConvertible, _ concentration: some TensorConvertible) {
    self.trials = trials.tensor.checked(rank: 0, "the number of trials", of: DirichletMultinomial.name)
      .checked(.count, "the number of trials", of: DirichletMultinomial.name)
    alpha = concentration.tensor.checked(rank: 1, "the concentration", of: DirichletMultinomial.name)
      .checked(.positive, "the concentration", of: DirichletMultinomial.name)
  }

  public var batchShape: [Int] { [] }
  public var eventShape: [Int] { alpha.shape }
  public var support: Support { .counts(total: trials) }

  public func logDensity(inside value: IntTensor) -> Tensor {
    let k = value.tensor
    guard k.shape == eventShape else {
      return .mistake("DirichletMultinomial: the value must have shape \(eventShape), but has \(k.shapeDescription)", shape: [], from: [k])
    }
    let total = alpha.sum(axis: 0)
    return compoundTerm(count: k, alpha, trials: trials, total: total).sum(axis: 0) + compoundNormalizer(trials: trials, total: total)
  }

  /// A multinomial draw at a Dirichlet draw's probabilities. Not differentiable.
  public func sample(using source: DrawSource) -> IntTensor {
    let logits = source.draw(.logGamma, shape: eventShape, parameters: [alpha])
    return Multinomial(trials, logits: logits).sample(using: source)
  }
}

extension DirichletMultinomial: DistributionWithMoments {
  /// nαᵢ/s.
  public var mean: Tensor { trials * share }
  /// n·mᵢ(1 − mᵢ)(s + n)/(s + 1) with mᵢ = αᵢ/s.
  public var variance: Tensor {
    let total = alpha.sum(axis: 0)
    return mean * (1 - share) * (total + trials) / (total + 1)
  }
  private var share: Tensor { alpha / alpha.sum(axis: 0) }
}
