import Inference
import Modeling
import Reporting

// What a result says about how it was found.

extension Posterior {
  /// Every setting, with the defaults filled in.
  func configuration(_ request: InferenceRequest) -> JSONObject {
    var object = JSONObject([("seed", .seed(seed))])
    if let refinement = request.refinement { object["refine"] = refinement == .psis ? "psis" : "nuts" }
    switch settings {
    case .nuts(let configuration, let chains, let centering):
      object["chains"] = .integer(chains.count)
      if let number = request.chainID { object["chain_id"] = .integer(number) }
      object.merge(configuration.json)
      if configuration.thin > 1 { object["thin"] = .integer(configuration.thin) }
      if let precision = request.control.precision {
        object["until"] = .string(precision.text)
        if case .nuts(let result) = details { object["draws"] = .integer(result.configuration.draws) }
      }
      if !request.control.keepsDraws { object["keeps_draws"] = false }
      object["centering"] = .string(centering.rawValue)
      object["init"] = .string(request.initialization ?? "random")
      if case .nuts(let result) = details, let choice = result.centering { object["coordinates"] = choice.json(recorded.sites) }
    case .vi(let configuration, let draws, let minibatch):
      object.merge(configuration.json)
      object["draws"] = .integer(draws)
      if !minibatch.isEmpty {
        object["minibatch"] = .counts(minibatch)
        object["optimizer"] = "adam"
        object["starts"] = 1
        if configuration.samplesPerStep == nil { object["particles"] = 8 }
        if configuration.learningRate == nil { object["learning_rate"] = .number(StochasticConfiguration().rate) }
        if configuration.steps == nil { object["step_limit"] = .integer(StochasticConfiguration().stepLimit) }
      }
    case .program(let configuration):
      object.merge(configuration.json)
      object["draws"] = .integer(drawSet.drawsPerChain)
    case .approximation(let configuration, let draws):
      object.merge(configuration.json)
      object["draws"] = .integer(draws)
    case .laplace(let configuration, let draws):
      object["draws"] = .integer(draws)
      object["evaluation_draws"] = .integer(configuration.evaluationDraws)
      object.merge(configuration.mode.json)
    case .map(let configuration): object.merge(configuration.json)
    case .smc(let configuration): object.merge(configuration.json)
    case .exact(let chains, let draws):
      object["name"] = .string(settings.name)
      object["asked"] = .string(request.method.rawValue)
      object["chains"] = .integer(chains)
      if let number = request.chainID { object["chain_id"] = .integer(number) }
      object["draws"] = .integer(draws)
    }
    return object
  }

  /// All diagnostics but the verdict.
  var diagnostics: JSONObject {
    switch details {
    case .nuts(let result): streamed.map { result.json.adding($0) } ?? result.json
    case .vi(let result): result.json.tracing(result.trace.map { ($0.step, $0.elbo) })
    case .program(let result): result.json.tracing(result.optimization.trace)
    case .approximation(let result): hasObjectiveTrace ? result.json.tracing(result.trace) : result.json
    case .laplace(let result): result.json
    case .map(let result): result.json
    case .smc(let result): result.json
    case .exact(let result): result.json
    }
  }
}

extension Posterior {
  /// Whether the steps of an approximation are steps up an objective: those of the other algorithms are not.
  private var hasObjectiveTrace: Bool {
    guard case .approximation(let configuration, _) = settings else { return false }
    switch configuration.algorithm {
    case .graph, .fixedDraws: return true
    case .pathfinder, .batchAndMatch, .svgd, .importance: return false
    }
  }
}

extension JSONObject {
  /// With what is approximate about summaries of draws that were not kept, and how.
  func adding(_ streamed: StreamingDraws) -> JSONObject {
    var object = self
    object["approximate"] = .object(JSONObject(streamed.notes.map { ($0.name, .string($0.value)) }))
    return object
  }

  /// With the objective by step, where the method has one.
  fileprivate func tracing(_ trace: [(step: Int, value: Double)]) -> JSONObject {
    guard !trace.isEmpty else { return self }
    var object = self
    object[ObjectiveTrace.key] = ObjectiveTrace.json(trace)
    return object
  }

  mutating func merge(_ other: JSONObject) {
    for (key, value) in other.entries { self[key] = value }
  }
}

extension JSONValue {
  /// An object of whole numbers, in the order of the alphabet.
  static func counts(_ numbers: [String: Int]) -> JSONValue {
    .object(JSONObject(numbers.sorted { $0.key < $1.key }.map { ($0.key, .integer($0.value)) }))
  }
}

extension NUTSConfiguration {
  var json: JSONObject {
    let (shape, adaptation) =
      switch metric {
      case .automatic: ("automatic", "automatic")
      case .unit: ("unit", "none")
      case .diagonalFisher: ("diagonal", "fisher")
      case .diagonalVariance: ("diagonal", "windowed")
      case .dense: ("dense", "windowed")
      }
    return JSONObject([
      ("warmup", .integer(warmup)), ("draws", .integer(draws)), ("metric", .string(shape)),
      ("adaptation", .string(adaptation)), ("target_acceptance", targetAcceptance.map { .number($0) } ?? "automatic"),
      ("max_depth", .integer(maxTreeDepth)), ("max_energy_error", .number(maxEnergyError)), ("initial_radius", .number(initialRadius)),
      ("initial_step_size", .number(initialStepSize)),
    ])
  }
}

extension CenteringChoice {
  /// For each site with a choice λ of its elements, one number where all are equal (1 the value as written, 0 the standard variable).
  func json(_ sites: [Site]) -> JSONValue {
    let movable = sites.filter { parameterization.weights[$0.name] != nil }
    return .object(
      JSONObject(
        movable.map { site in
          let weights = parameterization.weights[site.name]!
          let isUniform = weights.allSatisfy { $0 == weights.first }
          return (site.name, isUniform ? .number(weights.first ?? 1) : .numbers(weights, whole: false))
        }))
  }
}

extension VIConfiguration {
  var json: JSONObject {
    let name =
      switch guide {
      case .meanField: "mean-field"
      case .fullRank: "full-rank"
      case .lowRank(let rank): "low-rank:\(rank)"
      }
    let isLowRank = if case .lowRank = guide { true } else { false }
    return JSONObject([
      ("guide", .string(name)), ("objective", "elbo"),
      ("estimator", .string(entropy == .stickingTheLanding ? "sticking-the-landing" : "closed-form-entropy")),
      ("optimizer", .string(optimizer == .adam || isLowRank ? "adam" : "natural")),
      ("learning_rate", learningRate.map { .number($0) } ?? "automatic"), ("steps", steps.map { .integer($0) } ?? "automatic"),
      ("step_limit", .integer(stepLimit)), ("particles", samplesPerStep.map { .integer($0) } ?? "automatic"),
      ("starts", .integer(steps == nil ? starts : 1)), ("tolerance", .number(tolerance)), ("evaluation_draws", .integer(evaluationDraws)),
    ])
  }
}

extension ProgramConfiguration {
  var json: JSONObject {
    JSONObject([
      ("guide", "program"), ("objective", bound == 1 ? "elbo" : .string("iwae:\(bound)")),
      ("optimizer", .string(optimization.optimizer.rawValue)),
      ("learning_rate", .number(optimization.rate)),
      ("beta1", .number(optimization.beta1)), ("beta2", .number(optimization.beta2)),
      ("steps", optimization.steps.map { .integer($0) } ?? "automatic"), ("step_limit", .integer(optimization.stepLimit)),
      ("tolerance", .number(optimization.tolerance)), ("particles", .integer(particles)),
      ("minibatch", .counts(minibatch)),
    ])
  }
}

extension ProgramResult {
  var json: JSONObject {
    var object = evaluation.json
    object["estimators"] = .object(JSONObject(estimators.map { ($0.site, .string($0.estimator)) }))
    if let gap = relaxationGap { object["relaxation_gap"] = .object(("value", .number(gap.value)), ("mcse", .number(gap.error))) }
    if let probe = check.probe { object["probe"] = probe.json }
    if let classes = check.classes {
      object["class_shift"] = .object(("values", .integer(classes.count)), ("largest", .number(classes.largest)))
    }
    if let elements = check.elements {
      object["elements"] = .object(
        ("count", .integer(elements.elements)), ("draws", .integer(elements.draws)), ("share_above_threshold", .number(elements.share)),
        ("bound_gap", .number(elements.gap)))
    }
    object["status"] = .string(optimization.status.rawValue)
    object["steps"] = .integer(optimization.steps)
    object["last_elbo"] = .object(("value", .number(optimization.value)), ("mcse", .number(optimization.valueError)))
    object["bad_steps"] = .integer(optimization.badSteps)
    object["collapses"] = .integer(optimization.collapses)
    return object
  }
}

extension MAPConfiguration {
  var json: JSONObject {
    JSONObject([
      ("space", "unconstrained"), ("starts", .integer(starts)), ("optimizer", "lbfgs"), ("history", .integer(minimizer.history)),
      ("iteration_limit", .integer(minimizer.iterationLimit)), ("decrease_tolerance", .number(minimizer.decreaseTolerance)),
    ])
  }
}

extension NUTSResult {
  var json: JSONObject {
    let report = report
    return JSONObject([
      ("divergences", .integer(report.divergences)), ("max_depth_hits", .integer(report.saturations)),
      ("e_bfmi", .numbers(report.energyFractions, whole: false)), ("mean_acceptance", .number(report.meanAcceptance)),
      ("mean_steps", .number(report.meanSteps)), ("step_size", .numbers(chains.map(\.stepSize), whole: false)),
      ("target_acceptance", .numbers(chains.map(\.targetAcceptance), whole: false)),
      ("warmup_divergences", .integer(chains.reduce(0) { $0 + $1.warmupDivergences })), ("failed_chains", .integer(report.failures.count)),
    ])
  }
}

extension GuideEvaluation {
  var json: JSONObject {
    JSONObject([
      ("elbo", .object(("value", .number(elbo)), ("mcse", .number(elboError)))), ("pareto_k", .number(paretoShape)),
      ("pareto_k_threshold", .number(paretoThreshold)), ("importance_ess", .number(effectiveSampleSize)),
      ("mean_shift", .number(meanShift)), ("scale_shift", .number(scaleShift)), ("bad_draws", .integer(badDraws)),
    ])
  }
}

extension GuideProbe {
  var json: JSONValue {
    .object(
      ("chains", .integer(chains)), ("iterations", .integer(iterations)), ("acceptance", .number(acceptance)), ("memory", .number(memory)),
      ("mean_shift", .object(("value", .number(location)), ("mcse", .number(locationError)))),
      ("log_scale_shift", .object(("value", .number(scale)), ("mcse", .number(scaleError)))))
  }
}

extension VIResult {
  var json: JSONObject {
    var object = evaluation.json
    object["log_evidence"] = bracket.json
    if let probe { object["probe"] = probe.json }
    object["status"] = .string(status.rawValue)
    object["steps"] = .integer(steps)
    object["starts"] = .array(
      starts.map {
        .object(
          ("status", .string($0.status.rawValue)), ("elbo", .object(("value", .number($0.elbo)), ("mcse", .number($0.elboError)))),
          ("steps", .integer($0.steps)), ("averaging_error", .number($0.averagingError)), ("iterate_r_hat", .number($0.iterateRHat)))
      })
    return object
  }
}

extension LaplaceResult {
  var json: JSONObject {
    var object = evaluation?.json ?? JSONObject()
    if let probe { object["probe"] = probe.json }
    object["status"] = .string(status.rawValue)
    object["log_evidence"] = .number(logEvidence)
    object.merge(mode.json)
    return object
  }
}

extension ExactResult {
  var json: JSONObject {
    JSONObject([
      ("log_evidence", .object(("value", .number(logEvidence)), ("mcse", .number(0)))),
      ("summed_out", .array(sites.map { .string($0) })),
    ])
  }
}

extension MAPResult {
  var json: JSONObject {
    JSONObject([
      ("log_density", .number(logDensity)), ("gradient_norm", .number(gradient.reduce(0) { $0 + $1 * $1 }.squareRoot())),
      ("status", .string(status.rawValue)), ("iterations", .integer(iterations)),
      (
        "modes",
        .array(modes.map { .object(("log_density", .number($0.logDensity)), ("status", .string($0.status.rawValue))) })
      ),
    ])
  }
}
