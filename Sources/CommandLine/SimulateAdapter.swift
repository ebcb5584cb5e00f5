import Foundation
import Inference
import Modeling
import Reporting

extension AnyRunnable {
  package func simulate(data: ModelData?, request: SimulationRequest) async throws -> SimulationOutcome {
    let loaded = try load(data)
    let threads = request.threads ?? ProcessInfo.processInfo.activeProcessorCount
    let stop = FitStop()
    return try await withTaskCancellationHandler {
      try await FitThread.run {
        let prior = try PriorPredictive(loaded.model, count: request.draws, seed: request.seed, threads: threads, stop: stop)
        var warnings = loaded.warnings + prior.omitted.map { "\($0.site) is not simulated: \($0.reason)." }
        if prior.recorded.sites.contains(where: { $0.role == .factor }) { warnings.append("factors do not act on draws from the prior.") }
        let summaries = Summary.summarize(prior.draws)
        var outcome = SimulationOutcome(
          draws: prior.draws, variables: summaries.map { VariableReport(independent: $0, draws: request.draws) },
          observed: Dictionary(prior.observed.map { ($0.name, $0.data) }) { first, _ in first }, warnings: warnings)
        if request.makesData { try self.makeData(data, prior, request, stop, &outcome) }
        return outcome
      }
    } onCancel: {
      stop.raise()
    }
  }

  /// Puts the first draw of what is observed into the data, and again what is drawn given these, until nothing changes: what depends on earlier
  /// observations then depends on those made up.
  private func makeData(
    _ data: ModelData?, _ prior: PriorPredictive<M>, _ request: SimulationRequest, _ stop: FitStop, _ outcome: inout SimulationOutcome
  ) throws {
    var members = try source.content(data)
    let places = ObservedPlaces(members, prior.observed.map { ($0.name, $0.data) })
    if let sentence = places.missingSentence { outcome.warnings.append(sentence) }
    guard !places.isEmpty else {
      throw UserError("\(name) has no entry of data that is observed as it stands: there is nothing to make up.")
    }
    var present = prior
    for round in 0... {
      if stop.isRaised { throw CancellationError() }
      let before = members
      for drawn in present.draws.variables where drawn.kind == .predictive {
        let values = Array(drawn.values[0].prefix(drawn.size))
        guard values.allSatisfy(\.isFinite) else {
          throw UserError("the draw of \(drawn.name) is not finite: another --seed, or a narrower prior (check says more).")
        }
        places.put(values, of: drawn.name, into: &members)
      }
      if members == before { break }
      guard round <= 20_000 else { throw UserError("the made-up data do not settle: what is observed depends on itself.") }
      let model = try source.load(ModelData(source: "the made-up data", sha256: "", root: .object(members))).model
      present = try PriorPredictive(model, count: 1, seed: request.seed, stop: stop)
    }
    outcome.data = members
    outcome.truth = JSONObject(
      present.draws.variables.filter { $0.kind != .predictive }.map { variable in
        (variable.name, Nesting.nest(Array(variable.values[0].prefix(variable.size)), shape: variable.shape))
      })
  }
}
