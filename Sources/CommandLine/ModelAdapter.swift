import Differentiation
import Foundation
import Inference
import Modeling
import Reporting

/// A model as the command line runs it.
package struct AnyRunnable<M: Model>: RunnableModel {
  package init(_ type: M.Type) {}

  package var name: String { M.name }
  package var summary: String { M.summary }

  /// The data that the model ships with.
  private var example: M? { (M.self as? any ModelWithExample.Type)?.example as? M }

  package var hasEmbeddedData: Bool { M.self is any ModelWithExample.Type }

  package func embeddedData() throws -> Data? {
    guard let example else { return nil }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return try encoder.encode(example)
  }

  package func dataSchema() -> [DataField] { DataField.schema(of: M.self) }

  /// The model with its data, from a file, of its own, or with none at all.
  func load(_ data: ModelData?) throws -> ModelData.Decoded<M> {
    if let data { return try data.decode(M.self) }
    if let example {
      let embedded = try embeddedData().map { try ModelData(source: "embedded", bytes: $0).decode(M.self) }
      return ModelData.Decoded(model: example, fields: embedded?.fields ?? [], warnings: [])
    }
    return try ModelData(source: "no data", bytes: Data("{}".utf8)).decode(M.self)
  }

  package func describe(data: ModelData?) throws -> ModelDescription {
    let loaded = try load(data)
    let compiled = try CompiledModel(loaded.model)
    let recorded = compiled.recorded
    var sites = recorded.sites.map { site in
      ModelDescription.Site(
        name: site.name, role: Self.role(site.role), distribution: site.distribution, shape: site.outsideShape,
        support: site.support.map { "\($0)" } ?? "", plates: site.plates.map(\.name), isSummedOut: site.isSummedOut)
    }
    sites += recorded.variables.filter { $0.role == .output }.map {
      .init(name: $0.name, role: .output, distribution: nil, shape: $0.shape, support: "", plates: [])
    }
    return ModelDescription(
      sites: sites, plates: recorded.plates.map { .init(name: $0.name, size: $0.size) }, data: loaded.fields,
      dimension: compiled.dimension, graph: try Self.graph(compiled), summation: recorded.summation.map(SummationReport.init))
  }

  private static func role(_ role: Site.Role) -> ModelDescription.Site.Role {
    switch role {
    case .latent: .latent
    case .observed, .intervened: .observed
    case .parameter: .parameter
    case .factor: .factor
    }
  }

  private static func graph(_ compiled: CompiledModel<M>) throws -> JSONObject {
    var object = JSONObject([("reexecuted", .bool(compiled.isReexecuted))])
    // The path that starts from the origin stands for all, where there are several.
    let plan = try compiled.plan(lanes: 1)
    object["instructions"] = .string(plan.instructionSummary)
    object["workspace_bytes"] = .integer(plan.workspaceBytes)
    object["preferred_lanes"] = .integer(compiled.preferredLanes)
    for (name, count) in plan.graph.operationCounts.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
      object[name] = .integer(count)
    }
    return object
  }
}

extension Model {
  /// What `@main struct … : Model` runs: the command line, with this model fixed.
  public static func main() async { await Command.main(model: AnyRunnable(Self.self)) }
}
