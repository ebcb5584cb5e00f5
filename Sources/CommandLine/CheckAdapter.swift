import Foundation
import Inference
import Modeling
import Reporting

extension AnyRunnable {
  package func check(data: ModelData?, request: CheckRequest) async throws -> CheckOutcome {
    let loaded = try load(data)
    let threads = request.threads ?? ProcessInfo.processInfo.activeProcessorCount
    let stop = FitStop()
    let (seed, draws) = (request.seed, request.draws)
    return try await withTaskCancellationHandler {
      try await FitThread.run {
        let check = try ModelCheck(loaded.model, seed: seed, draws: draws, threads: threads, stop: stop)
        var findings = try check.run()
        findings += loaded.warnings.map { CheckFinding("data", .caution, $0) }
        findings += try self.idleData(data, loaded, check.compiled)
        return CheckOutcome(facts: try Self.facts(check.compiled, seed: seed), findings: findings)
      }
    } onCancel: {
      stop.raise()
    }
  }

  private static func facts(_ compiled: CompiledModel<M>, seed: UInt64) throws -> JSONObject {
    var facts = JSONObject([("dimension", .integer(compiled.dimension)), ("reexecuted", .bool(compiled.isReexecuted))])
    guard !compiled.isReexecuted else { return facts }
    let plan = try compiled.plan(lanes: 1)
    facts["instructions"] = .integer(plan.instructionCount)
    facts["workspace_bytes"] = .integer(plan.workspaceBytes)
    facts["preferred_lanes"] = .integer(compiled.preferredLanes)
    let time = try LaneTimer(compiled, lanes: 1, seed: seed).measure(batches: 20)
    facts["microseconds_per_gradient"] = .number(time.minimumMicroseconds)
    return facts
  }

  /// Keys of real numbers that the model reads and that nothing depends on: with other numbers there, the density and the results are the same.
  private func idleData(_ data: ModelData?, _ loaded: ModelData.Decoded<M>, _ compiled: CompiledModel<M>) throws -> [CheckFinding] {
    guard !compiled.isReexecuted, try compiled.plan(lanes: 1).instructionCount <= 20_000, loaded.fields.count <= 40 else { return [] }
    let members = try source.content(data)
    let reference = try Fingerprint(compiled)
    let idle = try loaded.fields.map(\.key).filter { key in
      guard let value = members[key], let other = value.shifted else { return false }
      var changed = members
      changed[key] = other
      // Data that are not legal any more were looked at.
      guard let model = try? source.load(ModelData(source: "", sha256: "", root: .object(changed))).model,
        let recorded = try? CompiledModel(model), recorded.dimension == compiled.dimension
      else { return false }
      return try Fingerprint(recorded) == reference
    }
    guard !idle.isEmpty else { return [] }
    return [
      CheckFinding(
        "data", .caution,
        "\(OptionReader.list(idle, "and")) \(idle.count == 1 ? "is" : "are") read, but nothing depends on \(idle.count == 1 ? "it" : "them")."
      )
    ]
  }
}

/// Values of a model at two points: what it says there.
private struct Fingerprint: Equatable {
  var bits: [UInt64] = []

  init<M: Model>(_ compiled: CompiledModel<M>) throws {
    let n = compiled.dimension
    let evaluator = try compiled.makeEvaluator(lanes: 1)
    let reader = try compiled.makeReader(lanes: 1, compiled.recorded.steadyVariables)
    for point in 1...2 {
      let u = (0..<n).map { sin(1.7 * Double($0 * point) + 0.4 * Double(point)) }
      var value = [0.0]
      var gradient = [Double](repeating: 0, count: max(n, 1))
      evaluator.evaluate(positions: u, values: &value, gradients: &gradient)
      var results = [Double](repeating: 0, count: max(reader.count, 1))
      try reader.read(positions: u, values: &results)
      bits += (value + gradient + results).map(\.bitPattern)
    }
  }
}

extension JSONValue {
  /// Every number moved by about a thousandth; nil where there are other things than numbers.
  fileprivate var shifted: JSONValue? {
    func moved(_ number: Double) -> Double { number + 1e-3 * (1 + abs(number)) }
    switch self {
    case .integer(let value): return .number(moved(Double(value)))
    case .number(let value): return .number(moved(value))
    case .numbers(let values, _): return .numbers(values.map(moved), whole: false)
    case .array(let items):
      let all = items.compactMap(\.shifted)
      return all.count == items.count && !items.isEmpty ? .array(all) : nil
    default: return nil
    }
  }
}
