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
    if let guided = try Self.guided(loaded.model) {
      return Self.description(guided.recorded, loaded.fields, guided.parameterCount, Self.graph(try guided.plan(lanes: 1)))
    }
    let compiled = try CompiledModel(loaded.model)
    var graph = JSONObject([("reexecuted", .bool(compiled.isReexecuted))])
    // The path that starts from the origin stands for all, where there are several.
    graph.merge(Self.graph(try compiled.plan(lanes: 1)))
    graph["preferred_lanes"] = .integer(compiled.preferredLanes)
    return Self.description(compiled.recorded, loaded.fields, compiled.dimension, graph)
  }

  /// The model with its own guide, where that draws sites that are no functions of unconstrained numbers.
  private static func guided(_ model: M) throws -> GuidedModel<M>? {
    guard case .program(let program) = Method<M>.ownGuide?.form else { return nil }
    let guided = try GuidedModel(model, guide: program)
    return guided.draws.contains { !$0.legal.contains(where: \.isDifferentiable) } ? guided : nil
  }

  private static func description(_ recorded: RecordedModel<M.Output>, _ fields: [DataField], _ dimension: Int, _ graph: JSONObject)
    -> ModelDescription
  {
    var sites = recorded.sites.map { site in
      ModelDescription.Site(
        name: site.name, role: Self.role(site.role), distribution: site.distribution, shape: site.outsideShape,
        support: site.support.map { "\($0)" } ?? "", plates: site.plates.map(\.name), isSummedOut: site.isSummedOut)
    }
    sites += recorded.variables.filter { $0.role == .output }.map {
      .init(name: $0.name, role: .output, distribution: nil, shape: $0.shape, support: "", plates: [])
    }
    return ModelDescription(
      sites: sites, plates: recorded.plates.map { .init(name: $0.name, size: $0.size) }, data: fields,
      dimension: dimension, graph: graph, summation: recorded.summation.map(SummationReport.init))
  }

  private static func role(_ role: Site.Role) -> ModelDescription.Site.Role {
    switch role {
    case .latent: .latent
    case .observed, .intervened: .observed
    case .parameter: .parameter
    case .factor: .factor
    }
  }

  private static func graph(_ plan: Plan) -> JSONObject {
    var object = JSONObject([("instructions", .string(plan.instructionSummary)), ("workspace_bytes", .integer(plan.workspaceBytes))])
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
