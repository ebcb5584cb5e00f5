extension Graph {
  /// What depends on data alone is computed once, here, and becomes data. Repetition (`broadcast`) stays, since it costs nothing.
  func foldingConstants() throws -> Graph {
    let varies = dependence { entry in
      switch entry.operation {
      case .input, .draw, .custom, .invalid: true
      default: false
      }
    }
    guard varies.contains(true) else { return self }
    func isLeaf(_ place: Int) -> Bool { entries[place].inputs.isEmpty }
    var frontier = Set<Int>()
    func reach(_ place: Int) {
      if varies[place] || isLeaf(place) { return }
      if case .broadcast = entries[place].operation { return reach(entries[place].inputs[0]) }
      frontier.insert(place)
    }
    for (place, entry) in entries.enumerated() where varies[place] { entry.inputs.forEach(reach) }
    outputs.forEach(reach)
    if frontier.isEmpty { return self }
    let places = frontier.sorted().filter { !isTuple(entries[$0].operation) }
    let values = try Plan.values(of: self, at: places)
    let known = Dictionary(uniqueKeysWithValues: zip(places, values))
    return rewritten { entry, place, graph in
      guard let value = known[place] else { return nil }
      if let first = value.first, value.allSatisfy({ $0.bitPattern == first.bitPattern }) {
        return graph.intern(Entry(operation: .fill(first.bitPattern), inputs: [], shape: entry.shape))
      }
      return graph.intern(Entry(operation: .constant(ConstantArray(value)), inputs: [], shape: entry.shape))
    }.withoutDeadEntries
  }

  private func isTuple(_ operation: Operation) -> Bool {
    switch operation {
    case .scan, .custom: true
    default: false
    }
  }
}
