import Foundation
import Inference
import Modeling
import Reporting

extension AnyRunnable {
  package func infer(data: ModelData?, request: InferenceRequest, progress: @escaping @Sendable (ProgressEvent) -> Void) async throws
    -> InferenceOutcome
  {
    let loaded = try load(data)
    let asked = FitRequest(request)
    if !request.estimators.isEmpty, !asked.hasProgram(for: M.self) {
      try asked.checkSites(CompiledModel(loaded.model).recorded.freeSites.map(\.name))
    }
    let method = try asked.method(for: M.self)
    let posterior: Posterior<M.Output>
    do {
      posterior = try await run(
        loaded.model, method, seed: request.seed, threads: request.threads, stop: FitStop(), checkpoint: request.checkpoint
      ) {
        progress(ProgressEvent($0))
      }
    } catch is CancellationError {
      return .nothing
    } catch let error as ModelError where method.program == nil {
      // What cannot be summed out may be what the model's own guide is for.
      guard (try? Self.guided(loaded.model)) != nil else { throw error }
      throw UserError(
        sentences: error.description.split(separator: "\n").map(String.init) + [
          "\(name) has a guide of its own, which draws its discrete sites: --method vi fits it."
        ])
    }
    let reports: [VariableReport]
    let draws: DrawSet?
    switch posterior.details {
    case .nuts, .smc:
      reports = posterior.summaries.map { VariableReport($0) }
      draws = posterior.streamed == nil ? posterior.drawSet : nil
    case .exact:
      reports = posterior.summaries.map { VariableReport($0) }
      draws = request.control.keepsDraws ? posterior.drawSet : nil
    case .vi, .program, .approximation:
      reports = posterior.summaries.map { VariableReport(independent: $0, draws: posterior.drawSet.drawsPerChain) }
      draws = posterior.drawSet
    case .laplace(let result) where result.guide != nil:
      reports = posterior.summaries.map { VariableReport(independent: $0, draws: posterior.drawSet.drawsPerChain) }
      draws = posterior.drawSet
    case .laplace, .map:
      reports = posterior.summaries.map {
        VariableReport(name: $0.name, kind: $0.kind, shape: $0.shape, statistics: [("mode", $0.mean)], quantiles: [])
      }
      draws = nil
    }
    var configuration = posterior.configuration(request)
    configuration["threads"] = .integer(request.threads ?? ProcessInfo.processInfo.activeProcessorCount)
    var outcome = InferenceOutcome(
      draws: draws, variables: reports, verdict: posterior.isExact ? posterior.verdict : posterior.verdict.withoutRemarks,
      diagnostics: posterior.diagnostics,
      timing: posterior.timing.json, configuration: configuration, warnings: loaded.warnings, isInterrupted: posterior.isInterrupted)
    if let draws, !request.includes.isEmpty {
      outcome.groups = try await posterior.groups(request.includes, loaded.model, draws, request)
      outcome.warnings += outcome.groups?.notes ?? []
    }
    return outcome
  }
}

extension Posterior {
  /// What is wanted beside the draws; a note in place of all of it where the fit was stopped.
  fileprivate func groups<M: Model>(_ wanted: Set<DrawGroups.Name>, _ model: M, _ draws: DrawSet, _ request: InferenceRequest) async throws
    -> DrawGroups
  {
    guard !isInterrupted else {
      var groups = DrawGroups()
      groups.notes = ["What --include asks for is missing, since the fit was stopped."]
      return groups
    }
    let stop = FitStop()
    let evaluation = DrawEvaluation(
      model, draws, summedOut: Set(recorded.summation?.sites.map(\.name) ?? []), seed: request.seed, threads: request.threads, stop: stop)
    return try await withTaskCancellationHandler {
      try await FitThread.run { try evaluation.groups(wanted) }
    } onCancel: {
      stop.raise()
    }
  }
}

extension Posterior {
  /// Whether nothing was estimated: that is worth a remark in a verdict which is ok.
  fileprivate var isExact: Bool { if case .exact = details { true } else { false } }
}

extension InferenceOutcome {
  /// A run that was stopped before anything was finished.
  static var nothing: InferenceOutcome {
    InferenceOutcome(
      draws: nil, variables: [], verdict: Verdict([.init(code: "cancelled", severity: .fail, text: Status.cancelled.text)]),
      diagnostics: JSONObject(), timing: JSONObject(),
      configuration: JSONObject(), isInterrupted: true)
  }
}

extension ProgressEvent {
  init(_ progress: FitProgress) {
    self.init(
      phase: progress.phase, completed: progress.completed, total: progress.total,
      measures: progress.measures.map { Measure($0.name, $0.value) })
  }
}

extension FitTiming {
  var json: JSONObject {
    JSONObject([
      ("total_seconds", .number(total)), ("compile_seconds", .number(compilation)), ("sampling_seconds", .number(inference)),
      ("summary_seconds", .number(summary)), ("gradient_evaluations", .integer(gradientEvaluations)),
    ])
  }
}
