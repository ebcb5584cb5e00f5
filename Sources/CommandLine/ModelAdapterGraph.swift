import Differentiation
import Foundation
import Modeling
import Reporting

extension RunnableModel {
  package func graph(data: ModelData?) throws -> ModelGraph { throw UserError("\(name) has no graph to show.") }
}

extension AnyRunnable {
  package func graph(data: ModelData?) throws -> ModelGraph {
    let loaded = try load(data)
    let (sites, plates, outputs, dependence, isReexecuted) = try Self.structure(loaded.model)
    var nodes = sites.map { site in
      ModelGraph.Node(name: site.name, role: Self.graphRole(site.role), law: site.distribution ?? "", plates: site.plates.map(\.name))
    }
    nodes += outputs.map { ModelGraph.Node(name: $0.name, role: .output, law: $0.shape.isEmpty ? "" : "\($0.shape)", plates: []) }
    // A site and an output may share a name with data, so places and not names are kept.
    let places = Dictionary(zip(sites.map(\.name), sites.indices), uniquingKeysWith: { first, _ in first })
    var edges: [ModelGraph.Edge] = []
    for (index, entry) in dependence.enumerated() {
      edges += entry.parents.compactMap { places[$0] }.map { ModelGraph.Edge(from: $0, to: index) }
    }
    var notes: [String] = []
    var untraced: [String] = []
    for field in DataTrace.fields(of: loaded.model) {
      let trace = DataTrace(field, dependence)
      var users = trace.users
      if field.isScalar { users = (try? scalarUsers(field.name, data, dependence)) ?? [] }
      if users.isEmpty {
        // What is nothing but the value of an observed site is that site.
        if !trace.isObservedValue { untraced.append(field.name) }
        continue
      }
      let shared = users.map { $0 < sites.count ? sites[$0].plates : [] }
      let own = field.shape
      let plates = shared.dropFirst().reduce(shared[0]) { common, next in Array(zip(common, next).prefix { $0 == $1 }.map(\.0)) }
      let fitting = zip(plates, own).prefix { $0.size == $1 }.map(\.0.name)
      nodes.append(.init(name: field.name, role: .data, law: own.isEmpty ? "" : "\(own)", plates: fitting))
      edges += users.map { ModelGraph.Edge(from: nodes.count - 1, to: $0) }
    }
    if !untraced.isEmpty {
      notes.append("Not traced to a site: \(untraced.joined(separator: ", ")) (sizes, or what enters after being transformed).")
    }
    if isReexecuted { notes.append("The body reads numbers from latent variables: this is the path that starts from the origin.") }
    return ModelGraph(
      model: name, nodes: nodes, edges: edges,
      sizes: Dictionary(plates.map { ($0.name, $0.size) }, uniquingKeysWith: { first, _ in first }),
      notes: notes)
  }

  private static func structure(_ model: M) throws -> (
    sites: [Site], plates: [Plate], outputs: [ModelVariable], dependence: [DirectDependence], isReexecuted: Bool
  ) {
    let recorded: RecordedModel<M.Output>
    var isReexecuted = false
    if let guided = try guided(model) {
      recorded = guided.recorded
    } else {
      let compiled = try CompiledModel(model)
      recorded = compiled.recorded
      isReexecuted = compiled.isReexecuted
    }
    return (recorded.sites, recorded.plates, recorded.bodyOutputs, recorded.directDependence, isReexecuted)
  }

  private static func graphRole(_ role: Site.Role) -> ModelGraph.Node.Role {
    switch role {
    case .latent: .latent
    case .observed, .intervened: .observed
    case .parameter: .parameter
    case .factor: .factor
    }
  }

  /// Which sites and outputs a number in the data enters: those that have other constants when it is changed a little.
  private func scalarUsers(_ key: String, _ data: ModelData?, _ known: [DirectDependence]) throws -> [Int] {
    guard var root = try (data?.root ?? embeddedData().map { try JSONReader.parse($0) })?.members, let old = root[key]?.double else {
      return []
    }
    if case .integer? = root[key], dataSchema().first(where: { $0.key == key })?.type == "integer" { return [] }
    let new = old == 0 ? 0x1p-20 : old * (1 + 0x1p-20)
    root[key] = .number(new)
    let changed = try ModelData(source: "changed", bytes: Data(JSONWriter.line(.object(root)).utf8)).decode(M.self).model
    let (before, after) = (known, try Self.structure(changed).dependence)
    guard before.count == after.count else { return [] }
    return before.indices.filter { Self.constants(before[$0]) != Self.constants(after[$0]) }
  }

  private static func constants(_ entry: DirectDependence) -> Set<Differentiation.Operation> {
    Set((entry.constants + entry.valueConstants).map(\.operation))
  }
}

/// One stored property of a model, and where its numbers stand in the recorded graph.
private struct DataTrace {
  struct Field {
    var name: String
    var shape: [Int]
    var values: [Double]
    var node: Node?
    var isScalar: Bool
  }
  /// Places of the sites and outputs it enters, but as their observed value.
  var users: [Int]
  var isObservedValue: Bool

  static func fields<M>(of model: M) -> [Field] {
    Mirror(reflecting: model).children.compactMap { label, value in
      guard let label else { return nil }
      if let real = value as? Double { return Field(name: label, shape: [], values: [real], node: nil, isScalar: true) }
      if let whole = value as? Int { return Field(name: label, shape: [], values: [Double(whole)], node: nil, isScalar: true) }
      if let list = value as? [Double] { return Field(name: label, shape: [list.count], values: list, node: nil, isScalar: false) }
      if let list = value as? [Int] {
        return Field(name: label, shape: [list.count], values: list.map(Double.init), node: nil, isScalar: false)
      }
      guard let tensor = (value as? any TensorConvertible)?.tensor, let known = tensor.node.knownValues else { return nil }
      return Field(name: label, shape: tensor.shape, values: known, node: tensor.node, isScalar: tensor.shape.isEmpty)
    }
  }

  init(_ field: Field, _ dependence: [DirectDependence]) {
    func isSame(_ node: Node) -> Bool {
      if node === field.node { return true }
      // Numbers that are all equal may be literals.
      guard case .constant(let array) = node.operation, array.values.count == field.values.count else { return false }
      return array.values == field.values
    }
    users = field.isScalar ? [] : dependence.indices.filter { dependence[$0].constants.contains(where: isSame) }
    isObservedValue = dependence.contains { $0.valueConstants.contains(where: isSame) }
  }
}
