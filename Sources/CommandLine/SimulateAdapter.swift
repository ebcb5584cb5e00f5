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
    var places = DataPlaces(members)
    let found = prior.observed.map { observed in (observed, places.find(observed.name, observed.data)) }
    let missing = found.filter { $0.1 == nil }.map(\.0.name)
    if !missing.isEmpty {
      outcome.warnings.append(
        "what is observed as \(OptionReader.list(missing, "and")) is no entry of the data but computed from them, and cannot be put back.")
    }
    guard missing.count < found.count else {
      throw UserError("\(name) has no entry of data that is observed as it stands: there is nothing to make up.")
    }
    var present = prior
    for round in 0... {
      if stop.isRaised { throw CancellationError() }
      let before = members
      for (observed, place) in found {
        guard let place, let drawn = present.draws.variables.first(where: { $0.kind == .predictive && $0.name == observed.name }) else {
          continue
        }
        let values = Array(drawn.values[0].prefix(drawn.size))
        guard values.allSatisfy(\.isFinite) else {
          throw UserError("the draw of \(observed.name) is not finite: another --seed, or a narrower prior (check says more).")
        }
        members[place.key] = members[place.key]?.replacing(values, from: place.offset)
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

/// Where observed values stand among the data.
private struct DataPlaces {
  struct Place {
    var key: String
    var offset: Int
  }
  private let entries: [(key: String, values: [Double])]
  private var taken: [String: [Range<Int>]] = [:]

  init(_ members: JSONObject) {
    entries = members.entries.compactMap { key, value in value.flatNumbers.map { (key, $0) } }
  }

  /// The entry that has these values, in whole or as a part; the one of the site's own name before others.
  mutating func find(_ site: String, _ values: [Double]) -> Place? {
    guard !values.isEmpty else { return nil }
    let own = site.split(separator: ".").last.map(String.init) ?? site
    // `y[3]` and `y3` are called like `y`.
    let stem = String(own.prefix { $0 != "[" }.reversed().drop { $0.isNumber }.reversed())
    let groups = [entries.filter { $0.key == own || $0.key == stem }, entries.filter { $0.key != own && $0.key != stem }]
    for (group, isWhole) in groups.flatMap({ [($0, true), ($0, false)] }) {
      for entry in group where isWhole == (entry.values.count == values.count) && entry.values.count >= values.count {
        for offset in 0...(entry.values.count - values.count) where entry.values[offset..<(offset + values.count)].elementsEqual(values) {
          let range = offset..<(offset + values.count)
          guard !(taken[entry.key] ?? []).contains(where: { $0.overlaps(range) }) else { continue }
          taken[entry.key, default: []].append(range)
          return Place(key: entry.key, offset: offset)
        }
      }
    }
    return nil
  }
}

extension JSONValue {
  /// The numbers of a nested array, row-major; nil where there is anything else.
  fileprivate var flatNumbers: [Double]? {
    switch self {
    case .integer(let value): return [Double(value)]
    case .number(let value): return [value]
    case .numbers(let values, _): return values
    case .array(let items):
      let parts = items.compactMap(\.flatNumbers)
      return parts.count == items.count && !items.isEmpty ? parts.flatMap { $0 } : nil
    default: return nil
    }
  }

  /// The same nested array with other numbers from a place on, whole numbers as such.
  fileprivate func replacing(_ values: [Double], from offset: Int) -> JSONValue {
    var next = 0
    func walk(_ value: JSONValue) -> JSONValue {
      func replaced(_ old: Double) -> Double {
        defer { next += 1 }
        return next >= offset && next < offset + values.count ? values[next - offset] : old
      }
      switch value {
      case .integer(let old):
        let number = replaced(Double(old))
        return Int(exactly: number).map { .integer($0) } ?? .number(number)
      case .number(let old): return .number(replaced(old))
      case .numbers(let old, _):
        let new = old.map(replaced)
        return .numbers(new, whole: new.allSatisfy { Int(exactly: $0) != nil })
      case .array(let items): return .array(items.map(walk))
      default: return value
      }
    }
    return walk(self)
  }
}
