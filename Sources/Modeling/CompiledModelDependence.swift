import Differentiation

/// Which coordinates of the flat unconstrained vector a site's conditional is made of.
package struct SiteDependence: Sendable, Equatable {
  /// The site's own coordinates.
  package var block: Range<Int>
  /// For each own coordinate, in order, the earlier coordinates that its prior depends on.
  package var parents: [[Int]]

  package init(block: Range<Int>, parents: [[Int]]) {
    self.block = block
    self.parents = parents
  }
}

extension CompiledModel {
  /// The prior's directed graph over the flat vector: site i depends on site j where j's unconstrained values reach i's log density.
  ///
  /// Where both stand in the same plates only the coordinates of the same elements are connected.
  package var dependence: [SiteDependence] {
    let sites = recorded.freeSites
    return sites.indices.map { index in
      let block = blocks[index]
      let range = block.offset..<(block.offset + block.count)
      let reached = sites[index].logDensity.map { Set(Node.reachable(from: [$0])) } ?? []
      let sources = (0..<index).filter { reached.contains(inputs[$0]) }
      let plates = sites[index].plates.map(\.present).reduce(1, *)
      return SiteDependence(
        block: range,
        parents: (0..<block.count).map { own in
          sources.flatMap { other -> [Int] in
            let source = blocks[other]
            let all = Array(source.offset..<(source.offset + source.count))
            guard !sites[other].plates.isEmpty, sites[other].plates == sites[index].plates, plates > 0 else { return all }
            // Plates lead in the flat order: an element's coordinates lie side by side.
            let element = own / max(1, block.count / plates)
            let size = source.count / plates
            return Array(all[(element * size)..<((element + 1) * size)])
          }
        })
    }
  }
}
