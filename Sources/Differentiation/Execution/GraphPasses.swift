/// Passes over a graph before it is laid out, one file each: this one has what they share and the shortest. Each is a function from graph to graph
/// that keeps every output's value; `PassTests` has small graphs before and after. Fusion and the memory plan are decided in `Layout`.
extension Graph {
  /// For every entry, whether its value depends on one of `roots` (places).
  func dependence(on isRoot: (Entry) -> Bool) -> [Bool] {
    var depends = [Bool](repeating: false, count: entries.count)
    for (place, entry) in entries.enumerated() {
      depends[place] = isRoot(entry) || entry.inputs.contains { depends[$0] }
    }
    return depends
  }

  /// What stops a derivative, or gives one to a draw, has done its work when a graph is laid out: its value is its last input's.
  var withoutStops: Graph {
    rewritten { entry, _, _ in
      switch entry.operation {
      case .unary(.stopGradient), .binary(.studentTDraw), .ternary(.betaLogitDraw): entry.inputs.last
      default: nil
      }
    }
  }

  /// The same entries with other outputs.
  func returning(_ places: [Int]) -> Graph {
    var copy = self
    copy.setOutputs(places)
    return copy.withoutDeadEntries
  }
}
