/// The family of Gaussian guides over unconstrained space.
package enum GuideFamily: Sendable, Codable, Equatable {
  /// u = m + s ∘ ε.
  case meanField
  /// u = m + L ε, L lower triangular with positive diagonal.
  case fullRank
  /// u = m + d ∘ ε + V η, V of that many columns.
  case lowRank(Int)
}

/// How the entropy of the guide enters the gradient of the ELBO.
package enum EntropyEstimator: String, Sendable, Codable {
  /// ∇ E[log p(u)] by samples plus ∇ H(q) in closed form.
  case closedForm
  /// ∇ E[log p(u) − log q(u)] with the score of q left out ("sticking the landing", Roeder, Wu & Duvenaud 2017): unbiased, and its
  /// variance vanishes where the guide equals the posterior, so that Gaussian posteriors are found exactly.
  case stickingTheLanding
}

/// How the parameters of a native Gaussian guide move.
package enum GuideOptimizer: Sendable, Codable, Equatable {
  /// Natural-gradient steps in coordinates whitened by the guide itself; independent of scales and (full-rank) correlations.
  case natural
  /// Adam, in coordinates scaled by the starting Gaussian.
  case adam
}

/// Everything that decides a fit by ELBO maximization.
package struct VIConfiguration: Sendable, Codable {
  package var guide: GuideFamily
  /// A fixed number of steps without a convergence test; nil for automatic stopping.
  package var steps: Int?
  /// Monte Carlo samples a step; nil for max(16, 2·2^⌈log₂ n⌉), at most 64, automatically, and 1 with fixed steps.
  package var samplesPerStep: Int?
  /// The step size at the start, in units of the optimizer; nil for its own choice. It still decreases as the schedule says.
  package var learningRate: Double?
  package var entropy = EntropyEstimator.stickingTheLanding
  /// nil: natural steps for mean-field and full-rank; for low-rank L-BFGS on fixed draws, Adam with fixed steps.
  package var optimizer: GuideOptimizer?
  /// Independent starts whose answers are compared; up to two more are made where they disagree.
  package var starts = 2
  /// Automatic stopping: Monte Carlo error of the averaged iterates and change between rounds, in guide standard deviations.
  package var tolerance = 0.02
  /// Automatic stopping: limit on the steps of one start.
  package var stepLimit = 20_000
  /// Fresh draws for ELBO and k̂.
  package var evaluationDraws = 4000
  /// A starting location in place of the mode search, or nil.
  package var start: [Double]?

  package init(guide: GuideFamily = .meanField, steps: Int? = nil) {
    self.guide = guide
    self.steps = steps
  }
}

/// What a fit reports while it runs.
package struct VIProgress: Sendable {
  /// 0-based start this line is about.
  package var start: Int
  package var step: Int
  /// The number of steps asked for, or the limit.
  package var stepLimit: Int
  /// Mean of the ELBO estimates since the last report, in nats; NaN while there is none.
  package var elbo: Double
  package var gradientEvaluations: Int

  package init(start: Int, step: Int, stepLimit: Int, elbo: Double, gradientEvaluations: Int) {
    self.start = start
    self.step = step
    self.stepLimit = stepLimit
    self.elbo = elbo
    self.gradientEvaluations = gradientEvaluations
  }
}

/// The answer of a progress callback.
package enum Control: Sendable { case proceed, stop }
