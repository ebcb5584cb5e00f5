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
      posterior = try await run(loaded.model, method, seed: request.seed, threads: request.threads, stop: FitStop()) {
        progress(ProgressEvent($0))
      }
    } catch is CancellationError {
      return .nothing
    }
    let reports: [VariableReport]
    let draws: DrawSet?
    switch posterior.details {
    case .nuts:
      reports = posterior.summaries.map { VariableReport($0) }
      draws = posterior.drawSet
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
    return InferenceOutcome(
      draws: draws, variables: reports, verdict: posterior.verdict.withoutRemarks, diagnostics: posterior.diagnostics,
      timing: posterior.timing.json, configuration: configuration, warnings: loaded.warnings, isInterrupted: posterior.isInterrupted)
  }
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
