import Modeling

/// What an inference does, with every setting it has.
package enum FitSettings: Sendable {
  case nuts(NUTSConfiguration, chains: [Int], centering: Centering = .automatic)
  /// `draws` from the fitted guide.
  /// With `minibatch`, plate name → elements present at a step, by Adam from one start.
  case vi(VIConfiguration, draws: Int, minibatch: [String: Int] = [:])
  /// A guide that is a program.
  case program(ProgramConfiguration)
  /// What is no Gaussian with a fast path of its own: flows, mixtures, Pathfinder, …
  case approximation(ApproximationConfiguration, draws: Int)
  case laplace(LaplaceConfiguration, draws: Int)
  case map(MAPConfiguration)
  case smc(SMCConfiguration)
  /// None of these: the posterior of a model without continuous unknowns.
  case exact(chains: Int, draws: Int)

  package var name: String {
    switch self {
    case .nuts: "nuts"
    case .vi, .program: "vi"
    case .approximation(let configuration, _): configuration.name
    case .laplace: "laplace"
    case .map: "map"
    case .smc: "smc"
    case .exact: "exact"
    }
  }
}

/// Settings of variational inference with a guide that is a program.
package struct ProgramConfiguration: Sendable {
  package var optimization = StochasticConfiguration()
  /// Draws of the guide averaged in a step.
  package var particles = 1
  /// Draws from the fitted guide; nil for 2 000 000 numbers in all, but at least 50 and at most 1000 draws.
  package var draws: Int?
  /// Plate name → elements present in a step.
  package var minibatch: [String: Int] = [:]
  /// K of the bound of K draws that is maximized; 1 for the ELBO.
  package var bound = 1
  /// Site → estimator, in place of the guide's own.
  package var estimators: [String: EstimatorChoice] = [:]

  package init() { optimization.isGuarded = true }
}

/// A model that brings a guide of its own, which ``Method/vi(guide:steps:particles:rate:draws:minibatch:objective:)`` uses where none is named.
public protocol ModelWithGuide: Model {
  static var guide: Guide<Self> { get }
}

/// A method of inference for ``fit(_:_:seed:threads:)``, with its settings: `.nuts()`, `.vi(steps: 10_000)`, `.laplace()`, `.map()`.
public struct Method<M: Model>: Sendable {
  package var settings: FitSettings
  /// The guide of `.program` settings.
  package var program: (@Sendable (GuideProgram, M) throws -> Void)?

  /// Where the chains of NUTS begin.
  package var initialization = Initialization.random
  /// Where a fit begins by a file; nil for `initialization`.
  package var given: GivenStart?
  /// What comes after the guide; nil for nothing.
  package var refinement: Refinement?
  /// When chains have run long enough, and what is kept of them.
  package var control = ChainControl()

  package init(_ settings: FitSettings, program: (@Sendable (GuideProgram, M) throws -> Void)? = nil) {
    self.settings = settings
    self.program = program
  }

  /// How NUTS learns the scales of the posterior during warm-up.
  public enum Metric: Sendable {
    /// Diagonal as `fisher`, dense where a chain's draws turn out to be strongly correlated and the unknowns are few (up to 50).
    case automatic
    /// A diagonal metric from draws and gradients (Seyboldt, Carlson and Carpenter 2026).
    case fisher
    /// Stan's windowed variances.
    case variance
    /// Stan's windowed covariances.
    case dense
  }

  /// In which coordinates NUTS moves latent sites whose location or scale depends on other sites, such as θ ~ Normal(μ, sd: τ). Draws and
  /// summaries are of θ in any case.
  public enum Centering: Sendable {
    /// Centred, non-centred or in between, for each element what a short run before the chains shows to be best.
    case automatic
    /// Every site by its value.
    case asWritten
  }

  /// Where the chains of NUTS begin.
  public enum Initialization: String, Sendable, CaseIterable {
    /// Uniform in (−2, 2) in every unconstrained coordinate for which the model gives no initial value.
    case random
    /// At draws of multi-path Pathfinder, one for each chain.
    case pathfinder
    /// At zero in every unconstrained coordinate.
    case zero
    /// At draws from the prior, another one for each chain.
    case prior
  }

  /// The no-U-turn sampler: `draws` kept in each of `chains` chains after `warmup` iterations of adaptation.
  /// - Parameter targetAcceptance: the acceptance statistic that step sizes aim at, in (0, 1); nil begins at 0.8, and a chain whose
  ///   trajectories diverge late in its warm-up raises its own towards 0.99.
  public static func nuts(
    chains: Int = 4, warmup: Int = 1000, draws: Int = 1000, targetAcceptance: Double? = nil, maximumTreeDepth: Int = 10,
    metric: Metric = .automatic, centering: Centering = .automatic,
    initialization: Initialization = .random
  ) -> Method {
    var configuration = NUTSConfiguration()
    configuration.warmup = warmup
    configuration.draws = draws
    configuration.targetAcceptance = targetAcceptance
    configuration.maxTreeDepth = maximumTreeDepth
    configuration.metric =
      switch metric {
      case .automatic: .automatic
      case .fisher: .diagonalFisher
      case .variance: .diagonalVariance
      case .dense: .dense
      }
    var method = Method(
      .nuts(
        configuration, chains: Array(0..<Swift.max(chains, 0)), centering: centering == .automatic ? .automatic : .asWritten))
    method.initialization = initialization
    return method
  }

  /// Variational inference: the member of the guide's family with the largest ELBO.
  /// - Parameters:
  ///   - guide: nil for the model's own where it is a ``ModelWithGuide``, otherwise `.meanField`.
  ///   - steps: nil for automatic stopping.
  ///   - particles: Monte Carlo samples a step; nil for automatic.
  ///   - rate: the step size at the start, for Adam; nil for automatic.
  ///   - draws: from the fitted guide; nil for 4000 (for a guide that is a program, as many as make 2 000 000 numbers, from 50 to 1000).
  ///   - minibatch: plate name → elements present at a step.
  ///   - objective: what is maximized; `.fixedDraws` for the mean-field guide with covariances by linear response. Guides that are programs have the ELBO and
  ///     `.iwae`, and the ELBO in place of any other.
  public static func vi(
    guide: Guide<M>? = nil, steps: Int? = nil, particles: Int? = nil, rate: Double? = nil, draws: Int? = nil,
    minibatch: [String: Int] = [:], objective: VariationalObjective = .elbo
  ) -> Method {
    let chosen = guide ?? ownGuide ?? .meanField
    if case .program(let program) = chosen.form {
      var configuration = ProgramConfiguration()
      configuration.optimization.steps = steps
      configuration.optimization.rate = rate ?? configuration.optimization.rate
      configuration.particles = particles ?? configuration.particles
      configuration.draws = draws
      configuration.minibatch = minibatch
      if case .iwae(let draws) = objective { configuration.bound = draws }
      return Method(.program(configuration), program: program)
    }
    if objective == .fixedDraws, chosen.family == .meanField {
      return Method(.approximation(ApproximationConfiguration(.fixedDraws(FixedDrawsConfiguration())), draws: draws ?? 4000))
    }
    if let family = chosen.flatFamily(objective) {
      var configuration = GraphConfiguration(family)
      configuration.objective = objective
      configuration.particles = particles
      configuration.ascent.steps = steps
      configuration.ascent.rate = rate
      return Method(.approximation(ApproximationConfiguration(.graph(configuration)), draws: draws ?? 4000))
    }
    var configuration = VIConfiguration(guide: chosen.family, steps: steps)
    configuration.samplesPerStep = particles
    if rate != nil { configuration.optimizer = .adam }
    configuration.learningRate = rate
    return Method(.vi(configuration, draws: draws ?? 4000, minibatch: minibatch))
  }

  /// The guide that the model brings.
  package static var ownGuide: Guide<M>? {
    func guide<G: ModelWithGuide>(_ type: G.Type) -> Any { G.guide }
    return (M.self as? any ModelWithGuide.Type).flatMap { guide($0) as? Guide<M> }
  }

  /// The Gaussian with mode and curvature of the log density in unconstrained space (Jacobian included), and `draws` from it.
  public static func laplace(draws: Int = 4000) -> Method { Method(.laplace(LaplaceConfiguration(), draws: draws)) }

  /// Multi-path Pathfinder: Gaussians along quasi-Newton paths, resampled by importance weights.
  public static func pathfinder(paths: Int = 8, draws: Int = 4000) -> Method {
    var configuration = PathfinderConfiguration()
    configuration.paths = Swift.max(1, paths)
    return Method(.approximation(ApproximationConfiguration(.pathfinder(configuration)), draws: draws))
  }

  /// A full-rank Gaussian by matching scores (batch and match).
  public static func batchAndMatch(draws: Int = 4000) -> Method {
    Method(.approximation(ApproximationConfiguration(.batchAndMatch(BatchAndMatchConfiguration())), draws: draws))
  }

  /// Stein variational gradient descent with that many particles.
  public static func svgd(particles: Int = 128) -> Method {
    var configuration = SVGDConfiguration()
    configuration.particles = Swift.max(8, particles)
    return Method(.approximation(ApproximationConfiguration(.svgd(configuration)), draws: configuration.particles))
  }

  /// Sequential Monte Carlo from the prior to the posterior, with the evidence: independent populations of particles, which are the chains of the result.
  public static func smc(particles: Int = 1000, populations: Int = 4) -> Method {
    var configuration = SMCConfiguration()
    configuration.particles = particles
    configuration.populations = populations
    return Method(.smc(configuration))
  }

  /// Importance sampling from the prior, with the evidence: `pool` weighted proposals, of which `draws` are resampled.
  public static func importance(pool: Int = 40_000, draws: Int = 4000) -> Method {
    var configuration = ImportanceConfiguration()
    configuration.pool = pool
    return Method(.approximation(ApproximationConfiguration(.importance(configuration)), draws: draws))
  }

  /// The highest mode of the density of the variables on their own, constrained scales that L-BFGS finds from `starts` random points: no
  /// Jacobian, as Stan's `optimize` by default. The mode moves where a variable is transformed; a mean does not. The verdict is `caution` where
  /// the mode is not the middle of the posterior.
  public static func map(starts: Int = 4) -> Method {
    var configuration = MAPConfiguration()
    configuration.starts = starts
    return Method(.map(configuration))
  }
}

extension Guide {
  /// The family of a Gaussian guide; mean-field for any other.
  package var family: GuideFamily {
    switch form {
    case .fullRank: .fullRank
    case .lowRank(let rank): .lowRank(rank)
    case .meanField, .program, .flat: .meanField
    }
  }
}

extension Guide {
  /// The family of a graph guide; a Gaussian is one where the objective is not the ELBO.
  func flatFamily(_ objective: VariationalObjective) -> FlatGuideFamily? {
    switch form {
    case .flat(let family): family
    case .meanField where objective != .elbo: .diagonal
    case .fullRank where objective != .elbo: .triangular
    default: nil
    }
  }
}
