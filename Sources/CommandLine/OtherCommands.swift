import Foundation
import Reporting

/// `models`, `describe` and `bench`.
extension Command {
  func listModels() throws -> Int32 {
    let listed = models.filter { !($0 is any VerdictTarget) }
    let width = listed.map(\.name.count).max() ?? 0
    for model in listed.sorted(by: { $0.name < $1.name }) {
      let line = model.name.padding(toLength: width, withPad: " ", startingAt: 0) + "  " + model.summary
      guard try console.print(line + "\n") else { break }
    }
    return ExitCode.done
  }

  /// A model's name with its summary, where it has one.
  static func title(_ model: any RunnableModel) -> String { model.name + (model.summary.isEmpty ? "" : ": \(model.summary)") }

  func describe(_ model: any RunnableModel, _ parsed: ParsedArguments) throws -> Int32 {
    let path = parsed.last("--data")
    // Without data the shapes are unknown, but what data the model wants is not.
    if path == nil, !model.hasEmbeddedData, model.dataSchema().contains(where: { !$0.isOptional }) {
      let fields = model.dataSchema()
      if parsed.has("--json") {
        try console.emit(
          JSONWriter.pretty(
            .object(
              ("schema", .string(ModelDescription.schema)), ("model", .string(model.name)), ("data", .array(fields.map(\.json))))))
      } else {
        try console.print(
          "\(Self.title(model))\n\ndata\n" + Self.table(fields) + "\nWith --data FILE the sites and shapes are shown too.\n")
      }
      return ExitCode.done
    }
    let description = try model.describe(data: try data(path))
    if parsed.has("--json") {
      try console.emit(JSONWriter.pretty(.object(description.json(model.name))))
    } else {
      try console.print(description.text(model))
    }
    return ExitCode.done
  }

  func benchRequest(_ parsed: ParsedArguments) throws -> BenchRequest {
    var reader = OptionReader("bench", parsed)
    var request = BenchRequest()
    request.batches = reader.whole("--batches", in: 1...100_000) ?? request.batches
    request.seed = reader.seed("--seed") ?? request.seed
    guard reader.mistakes.isEmpty else { throw UserError(sentences: reader.mistakes) }
    return request
  }

  func bench(_ model: any RunnableModel, _ parsed: ParsedArguments) throws -> Int32 {
    try checkData(model, parsed.last("--data"))
    let outcome = try model.bench(data: try data(parsed.last("--data")), request: try benchRequest(parsed))
    try console.emit(JSONWriter.pretty(.object(outcome.json(model.name))))
    return ExitCode.done
  }

  fileprivate static func table(_ fields: [DataField]) -> String {
    var table = TextTable(columns: [.left("  key"), .left("type"), .left("shape"), .left("")])
    for field in fields {
      table.append(["  " + field.key, field.type, field.shape.map { $0.description } ?? "", field.isOptional ? "optional" : ""])
    }
    return table.text
  }
}

extension DataField {
  var json: JSONValue {
    var object = JSONObject([("key", .string(key)), ("type", .string(type))])
    if let shape { object["shape"] = .array(shape.map { .integer($0) }) }
    object["optional"] = .bool(isOptional)
    return .object(object)
  }
}

extension ModelDescription {
  static let schema = "credence/description/1"

  func json(_ name: String) -> JSONObject {
    JSONObject([
      ("schema", .string(Self.schema)), ("model", .string(name)), ("dimension", .integer(dimension)),
      (
        "sites",
        .array(
          sites.map { site in
            .object(
              ("name", .string(site.name)), ("role", .string(site.role.rawValue)),
              ("distribution", site.distribution.map { .string($0) } ?? .null), ("shape", .array(site.shape.map { .integer($0) })),
              ("support", .string(site.support)), ("plates", .array(site.plates.map { .string($0) })),
              ("summed_out", .bool(site.isSummedOut)))
          })
      ),
      ("plates", .array(plates.map { .object(("name", .string($0.name)), ("size", .integer($0.size))) })),
      ("data", .array(data.map(\.json))), ("summed_out", summation.map { $0.json } ?? .null), ("graph", .object(graph)),
    ])
  }

  func text(_ model: any RunnableModel) -> String {
    var text = "\(Command.title(model))\n\(dimension) unconstrained coordinate\(dimension == 1 ? "" : "s")\n\nsites\n"
    var table = TextTable(columns: [
      .left("  name"), .left("role"), .left("distribution"), .left("shape"), .left("support"), .left("plates"),
    ])
    for site in sites {
      table.append([
        "  " + site.name, site.role.rawValue + (site.isSummedOut ? ", summed out" : ""), site.distribution ?? "", site.shape.description,
        site.support,
        site.plates.joined(separator: ", "),
      ])
    }
    text += table.text
    if !plates.isEmpty { text += "\nplates\n" + Self.pairs(plates.map { ($0.name, String($0.size)) }) }
    if let summation { text += "\nsummed out\n" + Self.pairs(summation.lines.map { ($0.key, $0.text) }) }
    if !data.isEmpty { text += "\ndata\n" + Command.table(data) }
    if !graph.isEmpty { text += "\ngraph\n" + Self.pairs(graph.entries.map { ($0.key, $0.value.text ?? JSONWriter.line($0.value)) }) }
    return text
  }
}

extension ModelDescription {
  private static func pairs(_ pairs: [(String, String)]) -> String {
    let width = pairs.map(\.0.count).max() ?? 0
    return pairs.map { "  " + $0.0.padding(toLength: width, withPad: " ", startingAt: 0) + "  " + $0.1 + "\n" }.joined()
  }
}

extension BenchOutcome {
  func json(_ name: String) -> JSONObject {
    JSONObject([
      ("schema", "credence/bench/1"), ("model", .string(name)), ("dimension", .integer(dimension)),
      ("instructions", .integer(instructions)),
      (
        "plan_building",
        .object(
          ("unit", "milliseconds"), ("minimum", .number(planBuildingMinimumMilliseconds)),
          ("median", .number(planBuildingMedianMilliseconds)))
      ),
      (
        "value_and_gradient",
        .array(
          lanes.map { lanes in
            .object(
              ("lanes", .integer(lanes.lanes)), ("unit", "microseconds, all lanes together"),
              ("minimum", .number(lanes.minimumMicroseconds)),
              ("median", .number(lanes.medianMicroseconds)), ("minimum_per_lane", .number(lanes.minimumMicroseconds / Double(lanes.lanes))),
              ("batches", .integer(lanes.batches)), ("evaluations_per_batch", .integer(lanes.evaluationsPerBatch)))
          })
      ),
    ])
  }
}
