import Differentiation
import Foundation
import Modeling

extension GuidedObjective: StochasticObjective {
  package var usage: DensityUsage {
    get { DensityUsage(states: states.map { PackedNumbers($0) }) }
    set { states = newValue.states.map(\.values) }
  }

  /// The value at these parameters with the noise of the first step; what the estimators have adapted stays as it was.
  func fingerprint(at parameters: [Double]) -> [Double] {
    let before = usage
    defer { usage = before }
    var value = 0.0
    var gradient = [Double](repeating: 0, count: parameterCount)
    evaluate(parameters: parameters, step: 0, value: &value, gradient: &gradient)
    return [value]
  }
}

/// A fitted guide that is a program, with what says how far it can be trusted.
package struct ProgramResult: Sendable {
  package var optimization: StochasticResult
  /// Fresh draws of the guide against the whole model, without minibatches.
  package var evaluation: GuideEvaluation
  package var check: ProgramCheck
  /// The fitted parameters, in flat order of their unconstrained values.
  package var parameters: [Double]
  /// Gradients of the ELBO, one a particle and step.
  package var gradientEvaluations: Int
  /// Site → name of the estimator that it had.
  package var estimators: [(site: String, estimator: String)]
  /// How much the objective of relaxed draws lies above the bound of the model as it is written, in nats, with its error; nil without any.
  package var relaxationGap: (value: Double, error: Double)?
  package var verdict: Verdict
}

extension FitEngine {
  /// Fits a guide that is a program, by Adam on its own and the model's parameters.
  func runProgram(_ configuration: ProgramConfiguration) throws -> Posterior<M.Output> {
    guard let program = method.program else { throw FitError(["The guide of this method is missing."]) }
    var timing = FitTiming()
    let begin = ContinuousClock.now
    let chosen = try estimators(program, configuration)
    let whole = try GuidedModel(model, guide: program, estimators: chosen)
    let parts =
      try configuration.minibatch.isEmpty
      && configuration.bound == 1
      ? whole : GuidedModel(model, guide: program, minibatch: configuration.minibatch, estimators: chosen, bound: configuration.bound)
    guard parts.parameterCount > 0 else { throw FitError(["Neither the guide nor the model has parameters: there is nothing to fit."]) }
    guard parts.parameterCount == whole.parameterCount else {
      throw FitError([
        "A parameter of the guide stands in a plate of which only a minibatch is present: it would belong to other elements in every step."
      ])
    }
    let objective = try GuidedObjective(parts, particles: configuration.particles, seed: seed)
    let ready = ContinuousClock.now
    let total = configuration.optimization.steps ?? 0
    try checkpoint?.check(
      ModelFingerprint(sites: ModelFingerprint.lines(whole.recorded.sites), numbers: objective.fingerprint(at: parts.initial)))
    let optimum = try runStochastic(
      objective, from: parts.initial, configuration: configuration.optimization, checkpoint: checkpoint?.part("program")
    ) { step, value in
      onProgress(FitProgress(phase: "optimizing", completed: step, total: total, measures: [("elbo", value)]))
      return stop.isRaised ? .stop : .proceed
    }
    guard optimum.steps > 0 else { throw CancellationError() }
    let inferred = ContinuousClock.now
    let size = whole.recorded.variables.reduce(1) { $0 + $1.value.count }
    let count = configuration.draws ?? min(1000, max(50, 2_000_000 / size))
    let checker = ProgramChecker(guided: whole, parameters: optimum.parameters, seed: seed, threads: threads)
    let posterior = checker.posterior()
    let (draws, evaluation, positions) = try self.draws(whole, optimum.parameters, count: count, coordinates: posterior?.coordinates ?? [])
    var check = ProgramCheck()
    if optimum.status != .cancelled {
      if let posterior {
        check.probe = try checker.probe(posterior, positions, isBrief: configuration.optimization.steps != nil)
        check.classes = try checker.classes(posterior, positions, draws.variables)
      } else {
        check.elements = try checker.elements(configuration.minibatch.isEmpty ? whole : parts)
      }
    }
    let summaries = try FitSummary.summarize(draws, threads: threads)
    let gap = relaxationGap(objective, optimum, evaluation)
    let judged = FitVerdict.program(
      evaluation, optimum, check: check, isSubsampled: !configuration.minibatch.isEmpty,
      hasClasses: whole.draws.contains { draw in whole.recorded.sites.contains { $0.name == draw.name && $0.support?.isDiscrete ?? false } }
    )
    let result = ProgramResult(
      optimization: optimum, evaluation: evaluation, check: check, parameters: optimum.parameters,
      gradientEvaluations: optimum.steps * configuration.particles,
      estimators: whole.draws.map { ($0.name, $0.estimator.name) }, relaxationGap: gap,
      verdict: judged.adding(VerdictRules.relaxation(gap)))
    let end = ContinuousClock.now
    timing.total = (end - begin).inSeconds
    timing.compilation = (ready - begin).inSeconds
    timing.inference = (inferred - ready).inSeconds
    timing.summary = (end - inferred).inSeconds
    timing.gradientEvaluations = result.gradientEvaluations
    let isInterrupted = optimum.status == .cancelled
    return Posterior(
      verdict: FitVerdict.verdict(.program(result), summaries, draws, isInterrupted: isInterrupted), isInterrupted: isInterrupted,
      timing: timing, seed: seed, settings: method.settings, recorded: whole.recorded, drawSet: draws, summaries: summaries,
      details: .program(result))
  }

  /// The estimators by name, those that are to be chosen automatically compared first.
  private func estimators(_ program: @Sendable @escaping (GuideProgram, M) throws -> Void, _ configuration: ProgramConfiguration) throws
    -> [String: GradientEstimator]
  {
    var chosen = configuration.estimators.compactMapValues(\.named)
    let open = Set(configuration.estimators.filter { $0.value == .automatic }.keys)
    guard !open.isEmpty else { return chosen }
    let found = try EstimatorComparison(
      model, guide: program, current: chosen, sites: open, minibatch: configuration.minibatch, draws: 1000, seed: seed)
    for (site, name) in found.best { chosen[site] = try? GradientEstimator.named(name).get() }
    return chosen
  }

  /// Two hundred more evaluations of the relaxed objective at the optimum against the bound on the model as it is written.
  private func relaxationGap(_ objective: GuidedObjective<M>, _ optimum: StochasticResult, _ evaluation: GuideEvaluation)
    -> (value: Double, error: Double)?
  {
    guard objective.model.draws.contains(where: { $0.estimator.isRelaxed }) else { return nil }
    var gradient = [Double](repeating: 0, count: objective.parameterCount)
    let values = (0..<200).map { step in
      var value = 0.0
      objective.evaluate(parameters: optimum.parameters, step: optimum.steps + step, value: &value, gradient: &gradient)
      return value
    }
    let mean = values.reduce(0, +) / 200
    let spread = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (199 * 200)
    return (mean - evaluation.elbo, (spread + evaluation.elboError * evaluation.elboError).squareRoot())
  }

  /// Draws of the fitted guide, what they say about it, and the given unconstrained coordinates of each.
  private func draws(_ guided: GuidedModel<M>, _ parameters: [Double], count: Int, coordinates: [Node]) throws
    -> (DrawSet, GuideEvaluation, GuideDraws)
  {
    let reader = try GuideReader(guided, extra: coordinates, seed: seed)
    var positions: [Double] = []
    var variables = guided.recorded.variables.map {
      VariableDraws(name: $0.name, kind: $0.role == .output ? .output : .latent, shape: $0.shape, values: [[]])
    }
    var logP: [Double] = []
    var logQ: [Double] = []
    for draw in 0..<count {
      let found = try reader.read(parameters: parameters, draw: draw)
      logP.append(found.logJoint)
      logQ.append(found.logGuide)
      positions += reader.extra
      var place = 0
      for index in variables.indices {
        let size = variables[index].size
        variables[index].values[0].append(contentsOf: found.values[place..<(place + size)])
        place += size
      }
    }
    // Parameters are the same in every draw: there is nothing to weight. Large variables would make the check slower than the fit.
    let watched = variables.filter { $0.size <= 1000 }.flatMap { variable in
      (0..<variable.size).map { element in (0..<count).map { variable.values[0][$0 * variable.size + element] } }
    }.filter { column in column.contains { $0 != column[0] } }
    let evaluation = GuideEvaluation(
      GuideDraws(dimension: 0, count: count, positions: [], logP: logP, logQ: logQ), monitored: watched)
    let continuous = GuideDraws(dimension: positions.count / max(count, 1), count: count, positions: positions, logP: logP, logQ: logQ)
    return (DrawSet(chains: 1, drawsPerChain: count, variables: variables, sampleStats: continuous.statistics), evaluation, continuous)
  }
}

extension VerdictRules {
  /// A relaxed objective that is not that of the model has been maximized in its place.
  static func relaxation(_ gap: (value: Double, error: Double)?) -> [Verdict.Reason] {
    guard let gap, abs(gap.value) > max(0.5, 4 * gap.error) else { return [] }
    return [
      .init(
        code: "relaxation_gap", severity: .caution,
        text:
          "The relaxed objective differs from the bound on the model as it is written by \(gap.value.brief()) nats (± \(gap.error.brief(2))): lower the temperature, or take an unbiased estimator such as disarm, rebar or rloo."
      )
    ]
  }
}

extension FitVerdict {
  /// The verdict on a guide that is a program. With minibatches k̂ judges all local variables at once, which no local approximation of many
  /// passes: there it is a reason for caution, as long as it is a number. Chains and the elements' own weights go before it (``ProgramCheck``). An ELBO that is not finite, or lower than where the ascent began, fails.
  static func program(
    _ evaluation: GuideEvaluation, _ optimum: StochasticResult, check: ProgramCheck, isSubsampled: Bool, hasClasses: Bool
  ) -> Verdict {
    let agreement = StartAgreement(starts: 1, matching: 0, nearestRival: nil)
    var reasons = VerdictRules.variational(evaluation, status: optimum.status, agreement: agreement)
    if isSubsampled {
      for index in reasons.indices
      where evaluation.paretoShape < .infinity && ["pareto_k", "mean_shift", "not_optimal"].contains(reasons[index].code) {
        reasons[index].severity = min(reasons[index].severity, .caution)
      }
    }
    return Verdict(VerdictRules.checked(reasons, by: check, hasClasses: hasClasses) + ascent(evaluation, optimum))
  }

  /// What the course of the ascent says by itself.
  private static func ascent(_ evaluation: GuideEvaluation, _ optimum: StochasticResult) -> [Verdict.Reason] {
    let advice = "Use a smaller rate (--optimizer adam:0.001), more particles, or check that the guide's scales start small."
    var reasons: [Verdict.Reason] = []
    if !evaluation.elbo.isFinite {
      reasons.append(
        .init(
          code: "elbo_not_finite", severity: .fail,
          text: "The ELBO of the fitted guide is \(evaluation.elbo.brief()): the ascent has diverged. \(advice)"))
    } else if let first = optimum.trace.first(where: { $0.value.isFinite })?.value,
      evaluation.elbo < first - 1 - 3 * (evaluation.elboError.isFinite ? evaluation.elboError : 0)
    {
      reasons.append(
        .init(
          code: "no_improvement", severity: .fail,
          text:
            "The ELBO ended at \(evaluation.elbo.brief(6)), below the \(first.brief(6)) where the ascent began: it has diverged. \(advice)"
        ))
    }
    if optimum.collapses > 0 {
      reasons.append(
        .init(
          code: "ascent_restarted", severity: .ok,
          text: "The ELBO collapsed \(optimum.collapses) times; each time the ascent went on from its best place with a smaller rate."))
    }
    return reasons
  }
}
