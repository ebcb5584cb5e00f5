/// How the sampler learns the scale of the posterior during warm-up.
package enum MetricAdaptation: String, Codable, Sendable, CaseIterable {
  /// ``diagonalFisher``, and the covariance of the draws where they turn out to be strongly correlated (``AutomaticAdaptation``).
  case automatic
  /// No adaptation: the identity.
  case unit
  /// Variances of the draws in Stan's doubling windows, shrunk towards 10⁻³ (Stan's `diag_e`).
  case diagonalVariance
  /// sd(draws) / sd(gradients) in two overlapping windows, updated after every draw: the diagonal map of least Fisher divergence
  /// (Seyboldt, Carlson and Carpenter 2026, "Preconditioning Hamiltonian Monte Carlo by minimizing Fisher divergence"; the scheme of nutpie).
  case diagonalFisher
  /// The covariance of the draws in Stan's doubling windows, shrunk towards its diagonal (Stan's `dense_e` shrinks towards 10⁻³ I).
  case dense

  /// Whether a chain of this many unknowns may get a dense metric.
  package func mayBecomeDense(dimension: Int) -> Bool {
    switch self {
    case .dense: true
    case .automatic: (2...AutomaticAdaptation.greatestDimension).contains(dimension)
    case .unit, .diagonalVariance, .diagonalFisher: false
    }
  }
}

/// The settings of a NUTS run; the defaults are Stan's, except for the metric.
///
/// The metric's default is diagonalFisher, dense for few and strongly correlated unknowns (figures at ``AutomaticAdaptation``). Among the
/// diagonal ones Fisher won on a suite (4 × (1000 + 1000), least bulk effective sample size per 1000 gradients, warm-up's included, mean of
/// three seeds): diagonalFisher 39, 100, 3.9 and 6.6 on eight schools (non-centred), a normal of 100 scales from 10⁻³ to 10³, an
/// autoregression of 50 with ρ = 0.9, and radon with varying slopes (175 unknowns); diagonalVariance 28, 6.0, 3.7, 2.6. nutpie 0.16.8 gave 43,
/// 94, 4.5 and 5.9 on the same. `MetricComparisonTests` keeps the comparison.
package struct NUTSConfiguration: Sendable, Codable, Equatable {
  /// Iterations that adapt step size and metric and are then forgotten.
  package var warmup = 1000
  /// Iterations kept, per chain.
  package var draws = 1000
  /// Of the draws only every so many is kept: numbers `thin`, 2·`thin`, … after warm-up.
  package var thin = 1
  /// A trajectory has at most 2^maxTreeDepth − 1 leapfrog steps.
  package var maxTreeDepth = 10
  /// The acceptance statistic that step-size adaptation aims at, in (0, 1); nil leaves it to each chain (``TargetAcceptance``).
  package var targetAcceptance: Double?
  package var metric = MetricAdaptation.automatic
  /// Where the search for a first step size starts.
  package var initialStepSize = 1.0
  /// A leapfrog step with an energy error above this is a divergence.
  package var maxEnergyError = 1000.0
  /// Starting points are uniform in (−initialRadius, initialRadius) on the unconstrained scale.
  package var initialRadius = 2.0
  package var initialAttempts = 100
  /// Dual averaging (Hoffman and Gelman 2014, section 3.2): regularization scale γ, stabilization t₀, relaxation exponent κ.
  package var gamma = 0.05
  package var stabilization = 10.0
  package var relaxation = 0.75
  /// Stan's warm-up windows: a fast interval, doubling slow windows from `baseWindow` on, a last fast interval.
  package var initialBuffer = 75
  package var terminalBuffer = 50
  package var baseWindow = 25
  /// The Fisher scheme: share of warm-up with short windows, share at the end for the step size alone, and the two window lengths in draws.
  package var fisherEarlyShare = 0.3
  package var fisherStepSizeShare = 0.15
  package var fisherEarlyWindow = 10
  package var fisherWindow = 80
  /// Whether warm-up draws are recorded too (before the draws, in ``NUTSChainResult/warmup``).
  package var keepsWarmup = false

  package init() {}

  /// One sentence for every setting that makes no sense; empty when the run may start.
  package func problems() -> [String] {
    var found: [String] = []
    func check(_ ok: Bool, _ sentence: @autoclosure () -> String) { if !ok { found.append(sentence()) } }
    check(warmup >= 0, "The number of warm-up iterations is \(warmup); it must be 0 or more.")
    check(draws >= 0, "The number of draws is \(draws); it must be 0 or more.")
    check(thin >= 1, "The draws are thinned by \(thin); it must be 1 or more.")
    check((1...24).contains(maxTreeDepth), "The maximum tree depth is \(maxTreeDepth); it must be from 1 to 24.")
    if let targetAcceptance {
      check(
        targetAcceptance > 0 && targetAcceptance < 1, "The target acceptance is \(targetAcceptance); it must lie strictly between 0 and 1.")
    }
    check(
      initialStepSize > 0 && initialStepSize.isFinite, "The initial step size is \(initialStepSize); it must be positive and finite.")
    check(maxEnergyError > 0, "The maximum energy error is \(maxEnergyError); it must be positive.")
    check(initialRadius >= 0 && initialRadius.isFinite, "The initial radius is \(initialRadius); it must be 0 or more and finite.")
    check(initialAttempts >= 1, "The number of tries for a starting point is \(initialAttempts); it must be 1 or more.")
    check(
      gamma > 0 && stabilization >= 0 && relaxation > 0 && relaxation <= 1,
      "The step-size adaptation (gamma \(gamma), t0 \(stabilization), kappa \(relaxation)) needs gamma > 0, t0 ≥ 0 and 0 < kappa ≤ 1.")
    check(
      initialBuffer >= 0 && terminalBuffer >= 0 && baseWindow >= 1,
      "The warm-up windows \(initialBuffer)/\(baseWindow)/\(terminalBuffer) must not be negative, and the base window at least 1.")
    check(
      fisherEarlyShare >= 0 && fisherStepSizeShare >= 0 && fisherEarlyShare + fisherStepSizeShare <= 1 && fisherEarlyWindow >= 1
        && fisherWindow >= 1, "The shares of warm-up of the Fisher scheme must be between 0 and 1 together, its windows at least 1.")
    return found
  }
}
