import Distributions

// What `sample` of a guide takes as `gradient`: estimators that a distribution does not have are not members of what its `sample` takes, so
// that asking for one does not compile.

/// How the gradient of an expectation gets through a draw that is a differentiable function of parameters and noise.
public struct PathwiseEstimator: Sendable, Equatable {
  let choice: GradientEstimator
  /// The whole derivative of log p(z) − log q(z).
  public static let pathwise = PathwiseEstimator(choice: .pathwise)
  /// Without the score of q (Roeder, Wu & Duvenaud 2017, arXiv:1703.09194): still unbiased, and without variance where q is the posterior.
  public static let stickingTheLanding = PathwiseEstimator(choice: .stickingTheLanding)
}

/// Estimators that every distribution has.
public struct ScoreEstimator: Sendable, Equatable {
  let choice: GradientEstimator

  /// The score function with a baseline that keeps its variance down.
  public static func scoreFunction(baseline: ScoreBaseline = .none) -> ScoreEstimator {
    ScoreEstimator(choice: .scoreFunction(baseline.baseline))
  }
}

/// What is subtracted from the costs in a score-function estimate; none adds a bias.
public struct ScoreBaseline: Sendable, Equatable {
  let baseline: Baseline
  public static let none = ScoreBaseline(baseline: .none)
  /// The running mean of past costs.
  public static func movingAverage(decay: Double = 0.9) -> ScoreBaseline { ScoreBaseline(baseline: .movingAverage(decay: decay)) }
  /// The mean cost of the other draws of this many (RLOO, VarGrad): as many evaluations of the costs.
  public static func leaveOneOut(draws: Int = 2) -> ScoreBaseline { ScoreBaseline(baseline: .leaveOneOut(draws: draws)) }
  /// The constant of least variance, learned from past draws.
  public static let optimal = ScoreBaseline(baseline: .optimal)
  /// A linear function of the log probabilities that the guide gives to the classes (a constant for other distributions), learned from past draws.
  public static let learned = ScoreBaseline(baseline: .learned)
}

/// Estimators of distributions on finitely many classes.
public struct ClassEstimator: Sendable, Equatable {
  let choice: GradientEstimator

  /// The exact sum over all values.
  public static let enumeration = ClassEstimator(choice: .enumeration)
  /// Forward the draw, backward the probabilities. Biased.
  public static let straightThrough = ClassEstimator(choice: .straightThrough)
  /// Straight-through of second order. Biased.
  public static let reinMax = ClassEstimator(choice: .reinMax)
  /// Weights of the classes near the corners of the simplex in place of the draw. Biased.
  public static func gumbelSoftmax(temperature: Temperature) -> ClassEstimator { ClassEstimator(choice: .gumbelSoftmax(temperature)) }
  /// Forward the draw, backward Gumbel-softmax weights. Biased.
  public static func straightThroughGumbel(temperature: Temperature) -> ClassEstimator {
    ClassEstimator(choice: .straightThroughGumbel(temperature))
  }
  /// The same with weights averaged over noise that leads to the same draw. Biased.
  public static func gumbelRao(temperature: Temperature, draws: Int = 10) -> ClassEstimator {
    ClassEstimator(choice: .gumbelRao(temperature, draws: draws))
  }
  /// The score function with the relaxed costs as control variate.
  public static func rebar(temperature: Temperature = 0.5) -> ClassEstimator { ClassEstimator(choice: .rebar(temperature)) }
  /// The same with a network in the control variate.
  public static func relax(temperature: Temperature = 0.5) -> ClassEstimator { ClassEstimator(choice: .relax(temperature)) }
  /// Several different classes, drawn without replacement.
  public static func unorderedSet(draws: Int = 2) -> ClassEstimator { ClassEstimator(choice: .unorderedSet(draws: draws)) }
}

/// Estimators of distributions on 0 and 1.
public struct BinaryEstimator: Sendable, Equatable {
  let choice: GradientEstimator
  /// Antithetic draws from one uniform number.
  public static let arm = BinaryEstimator(choice: .arm)
  /// The same without the noise of that number.
  public static let disarm = BinaryEstimator(choice: .disarm)
}

/// The estimator of distributions whose derivatives are differences of distributions: Normal, Gamma, Poisson, Bernoulli, Categorical.
public struct MeasureValuedEstimator: Sendable, Equatable {
  let choice: GradientEstimator
  public static let measureValued = MeasureValuedEstimator(choice: .measureValued)
}
