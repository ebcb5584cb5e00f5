import Inference
import Modeling
import Reporting

/// From what a command line asks for to the settings of a fit.
struct FitRequest {
  let request: InferenceRequest
  init(_ request: InferenceRequest) { self.request = request }

  /// Throws `UserError` for what this model or method cannot do.
  func method<M: Model>(for model: M.Type) throws -> Method<M> {
    var first: Method<M> = try firstStage()
    first.initialization = request.initialization.flatMap { .init(rawValue: $0) } ?? .random
    first.given = request.start
    guard let refinement = request.refinement else { return first }
    if case .program = first.settings { throw UserError("--refine is not for guides that are programs.") }
    return first.refined(by: refinement)
  }

  private func firstStage<M: Model>() throws -> Method<M> {
    switch request.method {
    case .nuts: chains()
    case .vi: try variational()
    case .laplace: Method(.laplace(LaplaceConfiguration(), draws: request.draws ?? 4000))
    case .map: Method(.map(MAPConfiguration()))
    case .pathfinder: .pathfinder(draws: request.draws ?? 4000)
    case .batchAndMatch: .batchAndMatch(draws: request.draws ?? 4000)
    case .svgd: .svgd(particles: request.draws ?? 128)
    case .smc: .smc(particles: request.particles ?? 1000, populations: request.chains ?? 4)
    case .importance: Method(.approximation(ApproximationConfiguration(.importance(importance)), draws: request.draws ?? 4000))
    }
  }

  private func chains<M: Model>() -> Method<M> {
    let total = request.chains ?? 4
    let chains = request.chainID.map { [$0 - 1] } ?? Array(0..<total)
    var method = Method<M>(.nuts(nuts, chains: chains, centering: request.centering ?? .automatic))
    method.control = request.control
    method.control.totalChains = total
    return method
  }

  private var nuts: NUTSConfiguration {
    var configuration = NUTSConfiguration()
    configuration.warmup = request.warmup ?? configuration.warmup
    configuration.draws = request.draws ?? configuration.draws
    configuration.thin = request.thin ?? 1
    configuration.targetAcceptance = request.targetAcceptance
    configuration.maxTreeDepth = request.maximumTreeDepth ?? configuration.maxTreeDepth
    switch (request.metric, request.adaptation) {
    case (.dense, _): configuration.metric = .dense
    case (_, .windowed): configuration.metric = .diagonalVariance
    case (_, .fisher), (.diagonal, nil): configuration.metric = .diagonalFisher
    case (.automatic, nil), (nil, nil): configuration.metric = .automatic
    }
    return configuration
  }

  private var importance: ImportanceConfiguration {
    var configuration = ImportanceConfiguration()
    configuration.pool = request.particles ?? configuration.pool
    if let guide { configuration.proposal = .guide(guide) }
    return configuration
  }

  private func variational<M: Model>() throws -> Method<M> {
    if request.guide == nil, let own = Method<M>.ownGuide, case .program(let program) = own.form {
      var configuration = programmed
      switch request.objective {
      case nil, .elbo: break
      case .iwae(let draws): configuration.bound = draws
      case .some(let other): throw UserError("--objective \(other.name): a guide that is a program has elbo and iwae:K.")
      }
      configuration.estimators = try namedEstimators()
      return Method(.program(configuration), program: program)
    }
    if request.objective == .fixedDraws { return try fixedDraws() }
    if let graph = try graph(ownFamily: Method<M>.ownGuide?.form) {
      return Method(.approximation(ApproximationConfiguration(.graph(graph)), draws: request.draws ?? 4000))
    }
    var configuration = VIConfiguration(guide: guide ?? Method<M>.ownGuide?.family ?? .meanField, steps: request.steps)
    configuration.samplesPerStep = request.particles
    if let optimizer = request.optimizer {
      configuration.optimizer = .adam
      configuration.learningRate = optimizer.rate
    }
    configuration.entropy = try estimator() ?? configuration.entropy
    return Method(.vi(configuration, draws: request.draws ?? 4000, minibatch: request.minibatch))
  }

  private var programmed: ProgramConfiguration {
    var configuration = ProgramConfiguration()
    configuration.optimization.steps = request.steps
    configuration.optimization.optimizer = request.optimizer.flatMap { OptimizerName(rawValue: $0.name) } ?? .adam
    configuration.optimization.rate = request.optimizer?.rate ?? configuration.optimization.optimizer.defaultRate
    configuration.particles = request.particles ?? configuration.particles
    configuration.draws = request.draws
    configuration.minibatch = request.minibatch
    return configuration
  }

  private var guide: GuideFamily? {
    switch request.guide {
    case nil: nil
    case .meanField: .meanField
    case .fullRank: .fullRank
    case .lowRank(let rank): .lowRank(rank)
    case .flat: nil
    }
  }

  /// The estimators of a guide that is a program; `auto` for the best unbiased one.
  private func namedEstimators() throws -> [String: EstimatorChoice] {
    var chosen: [String: EstimatorChoice] = [:]
    var mistakes: [String] = []
    for (site, name) in request.estimators.sorted(by: { $0.key < $1.key }) {
      if name == "auto" {
        chosen[site] = .automatic
        continue
      }
      switch GradientEstimator.named(name) {
      case .success(let estimator): chosen[site] = .named(estimator)
      case .failure(let error): mistakes.append("--estimator \(site)=\(name): \(error).")
      }
    }
    guard mistakes.isEmpty else { throw UserError(sentences: mistakes) }
    return chosen
  }

  /// Whether the guide is a program, whose sites are compared with the model's anyway.
  func hasProgram<M: Model>(for model: M.Type) -> Bool {
    guard request.guide == nil, let own = Method<M>.ownGuide, case .program = own.form else { return false }
    return true
  }

  /// Throws `UserError` where an estimator is asked for a site that the model does not have.
  func checkSites(_ sites: [String]) throws {
    let mistakes = request.estimators.sorted { $0.key < $1.key }.filter { !sites.contains($0.key) }.map { site, name in
      let hint = NearestName.find(site, among: sites).map { "; the nearest is \($0)" } ?? "; it has \(sites.joined(separator: ", "))"
      return "--estimator \(site)=\(name): the model has no site \"\(site)\"\(hint)."
    }
    guard mistakes.isEmpty else { throw UserError(sentences: mistakes) }
  }

  /// A Gaussian guide is one distribution of all sites: they share one estimator.
  private func estimator() throws -> EntropyEstimator? {
    let names = ["sticking-the-landing": EntropyEstimator.stickingTheLanding, "closed-form-entropy": .closedForm]
    var chosen: Set<String> = []
    var mistakes: [String] = []
    for (site, name) in request.estimators.sorted(by: { $0.key < $1.key }) where name != "auto" {
      guard names[name] == nil else {
        chosen.insert(name)
        continue
      }
      let legal = names.keys.sorted().joined(separator: " or ")
      let hint = NearestName.find(name, among: Array(names.keys)).map { "; the nearest is \($0)" } ?? ""
      mistakes.append("--estimator \(site)=\(name): a Gaussian guide has \(legal)\(hint).")
    }
    if chosen.count > 1 {
      mistakes.append(
        "--estimator: the sites of a Gaussian guide share one estimator, and \(chosen.sorted().joined(separator: " and ")) are asked for.")
    }
    guard mistakes.isEmpty else { throw UserError(sentences: mistakes) }
    return chosen.first.flatMap { names[$0] }
  }
}
