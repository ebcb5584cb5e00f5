import Differentiation

/// What one site's density (or one output) is made of directly: not through other sites.
package struct DirectDependence: Sendable {
  package var name: String
  /// Latent sites and parameters, in order of appearance.
  package var parents: [String]
  /// Constants (data and literals) that enter, those of an observed value itself apart.
  package var constants: [Node]
  package var valueConstants: [Node]
}

extension RecordedModel {
  /// What the body computes beside its sites; not the probabilities of sites that are summed out.
  package var bodyOutputs: [ModelVariable] {
    let probabilities = Set((summation?.probabilities ?? [:]).values.map(\.name))
    return variables.filter { $0.role == .output && !probabilities.contains($0.name) }
  }

  /// The model as a directed graph: an entry for each site, then for each of ``bodyOutputs``, in order of appearance.
  ///
  /// Found by walking the graph backwards from a site's log density until another site's value stands there. A site that is summed out is a parent
  /// of every table that has an axis with its values. What an output owes to summed-out sites is not told: it enters through draws.
  package var directDependence: [DirectDependence] {
    let latent = sites.filter { $0.role == .latent || $0.role == .parameter }
    var owner: [Node: String] = [:]
    for site in latent where !site.isSummedOut {
      owner[site.value.node] = site.name
      if let input = site.unconstrained?.input { owner[input] = site.name }
    }
    var axes: [UInt64: String] = [:]
    for site in latent { for hidden in site.hidden { axes[hidden.axis.id] = site.name } }
    let order = latent.map(\.name)

    func walk(_ roots: [Node], own: String) -> (parents: Set<String>, constants: [Node]) {
      var seen: Set<Node> = []
      var parents: Set<String> = []
      var constants: [Node] = []
      var stack = roots
      while let node = stack.popLast() {
        guard seen.insert(node).inserted else { continue }
        if let name = owner[node] {
          // The site's own value ends the walk too: what its transformation is made of stands in its density.
          if name != own { parents.insert(name) }
          continue
        }
        switch node.operation {
        case .constant, .fill: constants.append(node)
        default: stack.append(contentsOf: node.inputs)
        }
      }
      return (parents, constants.sorted { $0.order < $1.order })
    }

    let ofSites = sites.map { site -> DirectDependence in
      let roots = [site.logDensity, site.logJacobian].compactMap { $0 } + site.tables.map(\.node)
      let found = walk(roots, own: site.name)
      let hidden = Set(site.tables.flatMap(\.plates).compactMap { axes[$0.id] }).subtracting([site.name])
      let isObserved = site.role == .observed || site.role == .intervened
      let values = isObserved ? walk([site.value.node], own: site.name).constants : []
      return DirectDependence(
        name: site.name, parents: order.filter { found.parents.contains($0) || hidden.contains($0) },
        constants: found.constants.filter { !values.contains($0) }, valueConstants: values)
    }
    let ofOutputs = bodyOutputs.map { variable -> DirectDependence in
      let found = walk([variable.value.node], own: "")
      return DirectDependence(
        name: variable.name, parents: order.filter { found.parents.contains($0) }, constants: found.constants, valueConstants: [])
    }
    return ofSites + ofOutputs
  }
}
