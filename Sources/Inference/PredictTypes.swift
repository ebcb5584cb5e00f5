import Differentiation
import Modeling

/// What a model predicts: its outputs, and its observed sites drawn anew, with their uncertainty and where it comes from.
///
/// Results are typed by what the body returns, as those of a ``Posterior``: `prediction.effect.mean`; observed sites have their names:
/// `prediction["y"]`.
@dynamicMemberLookup
public struct Prediction<Output: Sendable>: Sendable {
  /// Sentences on what the numbers mean: latent variables that were drawn anew, sites without draws, inputs that are not taken apart.
  public let notes: [String]
  package let recorded: RecordedModel<Output>
  package let targets: [TargetPrediction]
  /// Draws of all targets, in the order of `targets`.
  package let drawSet: DrawSet
  package let configuration: PredictionConfiguration

  /// The names of everything predicted: latent sites drawn anew, outputs, observed sites.
  public var names: [String] { targets.map(\.summary.name) }

  /// What is predicted under this name, nil where nothing is.
  public subscript(name: String) -> PredictedVariable? {
    guard let index = targets.firstIndex(where: { $0.summary.name == name }) else { return nil }
    return PredictedVariable(target: targets[index], content: drawSet.variables[index], chains: drawSet.chains)
  }

  /// An output of the body: `prediction.effect`.
  public subscript(dynamicMember path: KeyPath<Output, Tensor>) -> PredictedVariable {
    recorded.variable(path).flatMap { self[$0.name] } ?? .missing
  }
}

/// One predicted variable: each number is a tensor of its shape.
public struct PredictedVariable: Sendable {
  let target: TargetPrediction
  let content: VariableDraws
  let chains: Int

  static var missing: PredictedVariable {
    let nothing = VariableDraws(name: "", kind: .output, shape: [0], values: [])
    return PredictedVariable(
      target: TargetPrediction(summary: VariableSummary(name: "", kind: .output, shape: [0])), content: nothing, chains: 0)
  }

  public var name: String { content.name }
  public var shape: [Int] { content.shape }

  /// The mean over all draws.
  public var mean: Tensor { tensor(target.summary.mean) }
  /// The standard deviation over all draws, divisor S − 1.
  public var sd: Tensor { tensor(target.summary.sd) }
  public var median: Tensor { tensor(target.summary.median) }
  /// Monte Carlo standard error of the mean.
  public var mcse: Tensor { tensor(target.summary.mcseMean) }
  /// E Var[y | θ]: what would remain if the latent variables θ were known.
  public var aleatoric: Tensor { tensor(target.split.aleatoric.map(\.value)) }
  /// Monte Carlo standard error of ``aleatoric``.
  public var aleatoricError: Tensor { tensor(target.split.aleatoric.map(\.error)) }
  /// Var E[y | θ]: what knowing the latent variables θ would remove.
  public var epistemic: Tensor { tensor(target.split.epistemic.map(\.value)) }
  /// Monte Carlo standard error of ``epistemic``.
  public var epistemicError: Tensor { tensor(target.split.epistemic.map(\.error)) }
  /// Shares of the variance by input.
  public var shares: [VarianceShare] {
    target.shares.map { share in
      VarianceShare(
        input: share.input, isGivenData: share.kind == .givenData, first: tensor(share.first.map(\.value)),
        firstError: tensor(share.first.map(\.error)), total: share.total.map { tensor($0.map(\.value)) },
        totalError: share.total.map { tensor($0.map(\.error)) })
    }
  }
  /// ∂E y/∂η by the hyperparameter's name, with its Monte Carlo standard error.
  public var gradients: [String: (value: Tensor, error: Tensor)] {
    Dictionary(
      target.gradients.map { ($0.name, (tensor($0.value.map(\.value)), tensor($0.value.map(\.error)))) }, uniquingKeysWith: { a, _ in a })
  }

  /// All draws, shape [chains, draws, …].
  public var draws: Tensor {
    let count = content.values.first.map { $0.count / max(content.size, 1) } ?? 0
    return Tensor(content.values.flatMap { $0 }, shape: [chains, count] + shape)
  }

  private func tensor(_ values: [Double]) -> Tensor {
    Tensor(values.count == content.size ? values : [Double](repeating: .nan, count: content.size), shape: shape)
  }
}

/// Sobol's shares of one input in the variance of a prediction.
public struct VarianceShare: Sendable {
  /// A latent site, an element of one, several that depend on one another, or `noise` for all that is drawn besides the inputs.
  public let input: String
  /// Whether the inputs depend on one another, as draws of a posterior do. ``first`` then counts what an input shares with others, so that
  /// the sum over inputs may exceed 1, and ``total`` is what is its own, by a Gaussian copula of the draws.
  public let isGivenData: Bool
  /// Var E[y | input] / Var y.
  public let first: Tensor
  public let firstError: Tensor
  /// 1 − Var E[y | all other inputs] / Var y = E Var[y | all other inputs] / Var y, with all interactions. Nil for what cannot be moved while
  /// all else stays: elements of a simplex, for instance. NaN where the copula does not describe the draws.
  public let total: Tensor?
  public let totalError: Tensor?
}

/// An estimate with its Monte Carlo standard error.
package struct Estimate: Sendable, Equatable {
  package var value: Double
  package var error: Double
  package init(_ value: Double, _ error: Double) {
    self.value = value
    self.error = error
  }
  static let undefined = Estimate(.nan, .nan)
}

/// Everything about one predicted variable; one estimate for each element.
package struct TargetPrediction: Sendable {
  package struct Split: Sendable {
    package var aleatoric: [Estimate] = []
    package var epistemic: [Estimate] = []
  }
  package struct Share: Sendable {
    package enum Kind: String, Sendable { case independent, givenData = "given-data" }
    package var input: String
    package var kind: Kind
    package var first: [Estimate]
    /// Nil where it cannot be had.
    package var total: [Estimate]?
  }
  package struct Gradient: Sendable {
    package var name: String
    package var value: [Estimate]
  }
  package var summary: VariableSummary
  package var split = Split()
  package var shares: [Share] = []
  package var gradients: [Gradient] = []

  init(summary: VariableSummary) { self.summary = summary }
}

/// All settings of a prediction.
package struct PredictionConfiguration: Sendable, Equatable {
  package enum Source: String, Sendable { case posterior, prior }
  package var source = Source.prior
  package var seed: UInt64 = 1
  /// Draws of the inputs.
  package var draws = 10_000
  /// Draws of everything else for each draw of the inputs, where a mean is not known in closed form.
  package var replicates = 8
  /// Whether the inputs are independent draws of independent variables.
  package var hasIndependentInputs = false
  /// Whether successive draws are independent.
  package var hasIndependentDraws = false
  package var wantsShares = true
  /// Stored properties of the model: `scale`, or `sigma[2]`, counted from 0.
  package var gradients: [String] = []

  package init() {}
}

/// Why nothing can be predicted; a sentence each.
public struct PredictionError: Error, Sendable, Equatable, CustomStringConvertible {
  public let sentences: [String]
  package init(_ sentences: [String]) { self.sentences = sentences }
  public var description: String { sentences.joined(separator: "\n") }
}
