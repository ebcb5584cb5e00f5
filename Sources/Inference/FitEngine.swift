import Foundation
import Kernels
import Modeling

/// One fit from the model to its posterior, on the thread that calls ``run()``.
package struct FitEngine<M: Model>: Sendable {
  let model: M
  let method: Method<M>
  let seed: UInt64
  let threads: Int
  let stop: FitStop
  let checkpoint: FitCheckpoint?
  let onProgress: @Sendable (FitProgress) -> Void

  /// - Parameters:
  ///   - threads: nil for as many as the machine has cores. Results do not depend on it.
  ///   - checkpoint: where states are saved, and what the fit goes on from where there are some.
  package init(
    _ model: M, _ method: Method<M>, seed: UInt64, threads: Int?, stop: FitStop, checkpoint: FitCheckpoint? = nil,
    onProgress: @escaping @Sendable (FitProgress) -> Void
  ) {
    self.model = model
    self.method = method
    self.seed = seed
    self.threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
    self.stop = stop
    self.checkpoint = checkpoint
    self.onProgress = onProgress
  }

  /// What an algorithm leaves behind for the summary.
  struct Outcome {
    /// The model in the coordinates of the chains; nil for those as written.
    var compiled: CompiledModel<M>?
    var chains: [UnconstrainedChain]
    var sampleStats: [String: [[Double]]]
    var details: FitDetails
    var evaluations: Int
    var isInterrupted: Bool
    /// Whether there is one point that is no draw.
    var isPoint = false
    /// What a second stage starts from.
    var guideDraws: GuideDraws?
    /// Summaries in place of draws that were not kept.
    var streamed: StreamingDraws?
  }

  /// Throws ``ModelError``, ``FitError``, ``InferenceError``, ``NUTSError``, what the body throws, and `CancellationError` where the fit was
  /// stopped before it had anything to report.
  package func run() throws -> Posterior<M.Output> {
    if case .program(let configuration) = method.settings { return try runProgram(configuration) }
    var timing = FitTiming()
    let begin = ContinuousClock.now
    let compiled = try CompiledModel(model)
    try checkMemory(compiled)
    try checkpoint?.check(ModelFingerprint(compiled))
    guard compiled.dimension > 0 else { return try exact(compiled, begin: begin) }
    if !compiled.isReexecuted { _ = try compiled.plan(lanes: compiled.preferredLanes) }
    let ready = ContinuousClock.now
    var outcome: Outcome
    switch method.settings {
    case .nuts(let configuration, let chains, let centering):
      outcome = try centred(compiled, configuration, chains, centering)
    case .vi(let configuration, let draws, let minibatch):
      outcome = try variational(compiled, configuration, draws, minibatch)
    case .approximation(let configuration, let draws): outcome = try approximation(compiled, configuration, draws)
    case .laplace(let configuration, let draws): outcome = try laplace(compiled, configuration, draws)
    case .map(let configuration): outcome = try mode(compiled, configuration)
    case .smc(let configuration): outcome = try tempered(compiled, configuration)
    case .program: throw FitError(["The guide of this method is missing."])
    case .exact: throw FitError(["The posterior of this model has no closed form: name another method."])
    }
    if let refinement = method.refinement, !outcome.isInterrupted { outcome = try refined(outcome, refinement, compiled) }
    let inferred = ContinuousClock.now
    let sampled = outcome.compiled ?? compiled
    // What is random given a point is left out.
    let variables = outcome.isPoint ? sampled.recorded.steadyVariables : sampled.recorded.variables
    let draws: DrawSet
    let summaries: [VariableSummary]
    if let streamed = outcome.streamed {
      (draws, summaries) = (streamed.emptyDraws, streamed.summaries)
    } else {
      draws = DrawSet(
        chains: outcome.chains.count, drawsPerChain: outcome.chains.first?.count ?? 0,
        variables: try FitDraws.constrain(sampled, outcome.chains, variables, seed: seed), sampleStats: outcome.sampleStats)
      summaries = try FitSummary.summarize(draws, threads: threads)
    }
    let verdict = FitVerdict.verdict(outcome.details, summaries, draws, isInterrupted: outcome.isInterrupted)
    let end = ContinuousClock.now
    timing.total = (end - begin).inSeconds
    timing.compilation = (ready - begin).inSeconds
    timing.inference = (inferred - ready).inSeconds
    timing.summary = (end - inferred).inSeconds
    timing.gradientEvaluations = outcome.evaluations
    return Posterior(
      verdict: verdict, isInterrupted: outcome.isInterrupted, timing: timing, seed: seed, settings: method.settings,
      recorded: sampled.recorded, drawSet: draws, summaries: summaries, details: outcome.details,
      streamed: outcome.streamed)
  }

  /// Refuses to begin what the machine cannot hold: every draw is kept unconstrained and as the values of all variables.
  private func checkMemory(_ compiled: CompiledModel<M>) throws {
    let draws: Double
    switch method.settings {
    case .nuts(let configuration, let chains, _):
      guard method.control.keepsDraws else { return }
      draws = Double(chains.count) * Double(configuration.draws / max(configuration.thin, 1))
    case .vi(_, let count, _), .laplace(_, let count), .approximation(_, let count): draws = Double(count)
    case .smc(let configuration): draws = Double(configuration.populations) * Double(configuration.particles)
    case .exact(let chains, let count): draws = Double(chains) * Double(count)
    case .map, .program: return
    }
    let numbers = compiled.recorded.variables.reduce(Double(compiled.dimension) + 8) { $0 + Double($1.value.count) }
    let needed = draws * numbers * 8
    let available = Double(ProcessInfo.processInfo.physicalMemory)
    guard needed > 0.9 * available else { return }
    throw FitError([
      "\(Int(draws)) draws of \(Int(numbers) - 8) numbers need \((needed / 1e9).brief()) GB, and this machine has \((available / 1e9).brief()): draw less."
    ])
  }

  // MARK: - The methods

  private func variational(_ compiled: CompiledModel<M>, _ given: VIConfiguration, _ draws: Int, _ minibatch: [String: Int]) throws
    -> Outcome
  {
    var configuration = given
    configuration.start = try configuration.start ?? start(compiled)
    let steps = configuration.steps
    let result =
      try minibatch.isEmpty
      ? runVI(
        compiled, configuration: configuration, seed: seed, threads: threads, monitor: FitMonitor(compiled)?.values,
        checkpoint: checkpoint?.part("vi")
      ) { progress in
        onProgress(FitProgress(progress, steps: steps))
        return stop.isRaised ? .stop : .proceed
      } : subsampled(compiled, configuration, minibatch)
    let isInterrupted = result.starts.contains { $0.status == .cancelled }
    let own = try result.draws(draws * poolFactor, of: compiled, seed: seed)
    return Outcome(
      chains: [UnconstrainedChain(number: 0, positions: own.positions, count: own.count)], sampleStats: own.statistics,
      details: .vi(result), evaluations: result.gradientEvaluations + own.count, isInterrupted: isInterrupted, guideDraws: own)
  }

  /// Draws of a guide for each that is reported.
  private var poolFactor: Int { method.refinement == .psis ? GuideRefinement.poolFactor : 1 }

  /// The second stage of a fit, from the draws of the first; a method without draws has none.
  private func refined(_ outcome: Outcome, _ refinement: Refinement, _ compiled: CompiledModel<M>) throws -> Outcome {
    guard let pool = outcome.guideDraws else {
      throw FitError(["There is nothing to refine: \(method.settings.name) has no draws of a guide."])
    }
    switch refinement {
    case .psis:
      guard !pool.logQ.contains(where: \.isNaN) else {
        throw FitError(["The particles of \(method.settings.name) have no density, so that they have no importance weights."])
      }
      if case .approximation(let configuration, _) = method.settings, case .pathfinder = configuration.algorithm {
        throw FitError(["Pathfinder has resampled its draws by their weights already: there is nothing to refine by psis."])
      }
      if case .approximation(let configuration, _) = method.settings, case .importance = configuration.algorithm {
        throw FitError(["Importance sampling has resampled its draws by their weights already: there is nothing to refine by psis."])
      }
      var result = try GuideRefinement.resampled(
        pool, of: compiled, count: pool.count / poolFactor, seed: seed, threads: threads, evaluations: outcome.evaluations,
        monitor: FitMonitor(compiled)?.values)
      result.verdict = result.verdict.adding(elsewhere(outcome.details))
      return Outcome(
        chains: [UnconstrainedChain(number: 0, positions: result.draws.positions, count: result.draws.count)],
        sampleStats: ["lp": [result.draws.logP]], details: .approximation(result), evaluations: result.gradientEvaluations,
        isInterrupted: outcome.isInterrupted)
    case .nuts:
      var result = try GuideRefinement.continued(
        pool, compiled, seed: seed, threads: threads, checkpoint: checkpoint?.part("refinement")
      ) { progress in
        onProgress(FitProgress(progress))
        return stop.isRaised ? .stop : .goOn
      }
      result.elsewhere = elsewhere(outcome.details)
      let usable = result.usableChains
      guard !usable.isEmpty else { throw FitError(result.report.failures) }
      guard result.commonDraws > 0 else { throw CancellationError() }
      return Outcome(
        chains: usable.map { UnconstrainedChain(number: $0.chainID, positions: $0.trace.draws, count: result.commonDraws) },
        sampleStats: result.sampleStats, details: .nuts(result), evaluations: outcome.evaluations + result.gradientEvaluations,
        isInterrupted: result.chains.contains { $0.status == .stopped })
    }
  }

  /// What the first stage found to lie elsewhere: no second stage that begins at its draws gets there.
  private func elsewhere(_ details: FitDetails) -> [Verdict.Reason] {
    let reasons =
      switch details {
      case .vi(let result): result.verdict.reasons
      case .approximation(let result): result.verdict.reasons
      case .laplace(let result): result.verdict.reasons
      case .nuts, .program, .map, .smc, .exact: [Verdict.Reason]()
      }
    return reasons.filter { ["uncovered_mode", "rival_mode"].contains($0.code) }
  }

  private func approximation(_ compiled: CompiledModel<M>, _ configuration: ApproximationConfiguration, _ draws: Int) throws -> Outcome {
    let result = try approximate(compiled, configuration, draws * poolFactor)
    return Outcome(
      chains: [UnconstrainedChain(number: 0, positions: result.draws.positions, count: result.draws.count)],
      sampleStats: configuration.isResampled ? ["lp": [result.draws.logP]] : result.draws.statistics, details: .approximation(result),
      evaluations: result.gradientEvaluations, isInterrupted: result.status == .cancelled || stop.isRaised,
      guideDraws: result.draws)
  }

  private func laplace(_ compiled: CompiledModel<M>, _ configuration: LaplaceConfiguration, _ draws: Int) throws -> Outcome {
    let monitor = FitMonitor(compiled)
    let result = try runLaplace(
      compiled, configuration: configuration, seed: seed, threads: threads, start: start(compiled),
      hessian: compiled.makeHessian().map { $0.hessian(at:) }, monitor: monitor?.values, onProgress: report)
    guard let guide = result.guide else {
      // Without a Gaussian there are no draws: the mode is all there is, and the verdict says so.
      guard result.status != .cancelled, !stop.isRaised else { throw CancellationError() }
      return Outcome(
        chains: [UnconstrainedChain(number: 0, positions: result.mode.location, count: 1)], sampleStats: [:], details: .laplace(result),
        evaluations: result.gradientEvaluations, isInterrupted: false, isPoint: true)
    }
    let own = try guide.draws(draws * poolFactor, of: compiled, seed: seed)
    return Outcome(
      chains: [UnconstrainedChain(number: 0, positions: own.positions, count: own.count)], sampleStats: own.statistics,
      details: .laplace(result), evaluations: result.gradientEvaluations + own.count, isInterrupted: stop.isRaised, guideDraws: own)
  }

  private func mode(_ compiled: CompiledModel<M>, _ configuration: MAPConfiguration) throws -> Outcome {
    let density = try compiled.withoutJacobian()
    let hessian = try density.makeHessian().map { $0.hessian(at:) }
    var result = try runMAP(
      density, configuration: configuration, seed: seed, threads: threads, start: start(compiled), hessian: hessian, onProgress: report)
    if !stop.isRaised {
      result.verdict = result.verdict.adding(
        try ModeCheck.reasons(
          result, of: density, hessian: hessian, posterior: compiled, posteriorHessian: compiled.makeHessian().map { $0.hessian(at:) },
          seed: seed))
    }
    return Outcome(
      chains: [UnconstrainedChain(number: 0, positions: result.location, count: 1)], sampleStats: ["lp": [[result.logDensity]]],
      details: .map(result), evaluations: result.gradientEvaluations, isInterrupted: stop.isRaised, isPoint: true)
  }

  private var report: @Sendable (Int, Int, Double) -> Control {
    { _, iteration, logDensity in
      onProgress(FitProgress(phase: "optimizing", completed: iteration, total: 0, measures: [("log_density", logDensity)]))
      return stop.isRaised ? .stop : .proceed
    }
  }
}

extension Duration {
  /// The duration in seconds.
  package var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
