import Differentiation
import Foundation
import Inference
import Modeling
import Reporting

/// A model as the command line runs it.
package struct AnyRunnable<M: Model>: RunnableModel {
  let source: ModelSource<M>
  /// What the command line has done to the model.
  package let alterations: JSONObject

  package init(_ type: M.Type) { self.init(ModelSource(type)) }

  /// A model with the data of a file that ships with it.
  package init(_ type: M.Type, file: @escaping @Sendable () throws -> Data) { self.init(ModelSource(type, file: file)) }

  init(_ source: ModelSource<M>, alterations: JSONObject = JSONObject()) {
    self.source = source
    self.alterations = alterations
  }

  package var name: String { M.name }
  package var summary: String { M.summary }
  package var hasEmbeddedData: Bool { source.embedded != nil }
  package func embeddedData() throws -> Data? { try source.embedded.flatMap { try $0() } }
  package func dataSchema() -> [DataField] { source.schema() }

  /// The model with its data, from a file, of its own, or with none at all.
  func load(_ data: ModelData?) throws -> ModelData.Decoded<M> { try source.load(data) }

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
  static func guided(_ model: M) throws -> GuidedModel<M>? {
    guard case .program(let program) = Method<M>.ownGuide?.form else { return nil }
    let guided = try GuidedModel(model, guide: program)
    return guided.draws.contains { !$0.legal.contains(where: \.isDifferentiable) } ? guided : nil
  }

  private static func description(_ recorded: RecordedModel<M.Output>, _ fields: [DataField], _ dimension: Int, _ graph: JSONObject)
    -> ModelDescription
  {
    var sites = recorded.sites.map { site in
      ModelDescription.Site(
        name: site.name, role: Self.role(site), distribution: site.distribution, shape: site.outsideShape,
        support: site.support.map { "\($0)" } ?? "", plates: site.plates.map(\.name), isSummedOut: site.isSummedOut)
    }
    sites += recorded.variables.filter { $0.role == .output }.map {
      .init(name: $0.name, role: .output, distribution: nil, shape: $0.shape, support: "", plates: [])
    }
    return ModelDescription(
      sites: sites, plates: recorded.plates.map { .init(name: $0.name, size: $0.size) }, data: fields,
      dimension: dimension, graph: graph, summation: recorded.summation.map(SummationReport.init))
  }

  private static func role(_ site: Site) -> ModelDescription.Site.Role {
    switch site.role {
    case .latent: .latent
    case .observed: .observed
    case .intervened: site.logDensity == nil && site.tables.isEmpty ? .intervened : .fixed
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
