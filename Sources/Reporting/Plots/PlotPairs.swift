import Inference

extension PlotKind {
  /// The lower triangle of all pairs, densities on the diagonal; divergent transitions over the cloud of the others.
  static func pairs(_ material: PlotMaterial) throws -> PlotFigure {
    let draws = try material.needDraws("a plot of pairs")
    let selection = try PlotSelection(material, draws, limit: material.variables.isEmpty ? 5 : 8)
    let quantities = selection.quantities
    guard quantities.count > 1 else {
      throw PlotError("a plot of pairs needs two quantities, and there is one: \(quantities.first?.name ?? "none").")
    }
    var figure = PlotFigure(
      "Pairs", "Draws of each pair of quantities, all chains together; on the diagonal their densities.", columns: quantities.count)
    figure.isMatrix = true
    figure.notes = [selection.note, gapNote(quantities)].compactMap { $0 }
    let flat = quantities.map { $0.chains.flatMap { $0 } }
    let isDivergent = material.divergences.flatMap { $0 }
    let count = flat[0].count
    let calm = (0..<count).filter { !(isDivergent.indices.contains($0) && isDivergent[$0]) }
    let divergent = (0..<count).filter { isDivergent.indices.contains($0) && isDivergent[$0] }
    let limit = quantities.count > 5 ? 300 : 600
    let shown = Thinning.places(calm.count, limit: limit).map { calm[$0] }
    let crosses = Thinning.places(divergent.count, limit: 300).map { divergent[$0] }
    if shown.count < calm.count {
      figure.notes.append("\(shown.count) of \(calm.count) draws are shown\(divergent.isEmpty ? "" : ", evenly chosen").")
    }
    figure.legend = [("draw", .cloud(0))]
    if !isDivergent.isEmpty {
      figure.legend.append(("divergent transition (\(divergent.count))", .divergent))
    } else {
      figure.notes.append("The draws do not say which transitions diverged.")
    }
    let size = (width: 230.0, height: 190.0)
    for row in quantities.indices {
      for column in quantities.indices {
        if column > row {
          var blank = PlotPanel("", x: .unmarked("", 0...1), y: .unmarked("", 0...1), size: size)
          blank.isBlank = true
          figure.panels.append(blank)
        } else if column == row {
          let all = PlotQuantity(name: quantities[row].name, chains: [flat[row]])
          figure.panels.append(densityPanel(all, size: size))
        } else {
          var panel = PlotPanel(
            "", x: PlotAxis(quantities[column].name, PlotScale.range(flat[column], margin: 0.04), limit: 4, hasGrid: false),
            y: PlotAxis(quantities[row].name, PlotScale.range(flat[row], margin: 0.04), limit: 4, hasGrid: false), size: size)
          panel.layers = [.points(.cloud(0), shown.map { (flat[column][$0], flat[row][$0]) })]
          if !crosses.isEmpty { panel.layers.append(.crosses(.divergent, crosses.map { (flat[column][$0], flat[row][$0]) })) }
          figure.panels.append(panel)
        }
      }
    }
    return figure
  }

  /// Draws as lines over all quantities, each standardized by its mean and standard deviation.
  static func parallel(_ material: PlotMaterial) throws -> PlotFigure {
    let draws = try material.needDraws("a plot of parallel coordinates")
    let selection = try PlotSelection(material, draws, limit: 40)
    let quantities = selection.quantities
    guard quantities.count > 1 else {
      throw PlotError("parallel coordinates need two quantities, and there is one: \(quantities.first?.name ?? "none").")
    }
    let scores = quantities.map { quantity -> [Double] in
      let finite = quantity.finite
      let mean = finite.reduce(0) { $0 + $1 / Double(finite.count) }
      let sd = (finite.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(finite.count - 1, 1))).squareRoot()
      return quantity.chains.flatMap { $0.map { sd > 0 && sd.isFinite ? ($0 - mean) / sd : 0 } }
    }
    let isDivergent = material.divergences.flatMap { $0 }
    let count = scores[0].count
    let calm = (0..<count).filter { !(isDivergent.indices.contains($0) && isDivergent[$0]) }
    let divergent = (0..<count).filter { isDivergent.indices.contains($0) && isDivergent[$0] }
    let shown = Thinning.places(calm.count, limit: 150).map { calm[$0] }
    let marked = Thinning.places(divergent.count, limit: 100).map { divergent[$0] }
    var figure = PlotFigure(
      "Parallel coordinates",
      "Draws as lines over all quantities, each standardized. Divergent transitions that run through one place point at the region that the sampler cannot follow.",
      columns: 1)
    figure.notes = [selection.note, gapNote(quantities)].compactMap { $0 }
    if shown.count < calm.count { figure.notes.append("\(shown.count) of \(calm.count) draws without divergence are shown.") }
    figure.legend = [("draw", .faint(0))]
    figure.legend.append(("divergent transition (\(divergent.count))", .divergent))
    let ticks = quantities.enumerated().map { (place: Double($0.offset), text: SVG.fitted($0.element.name, 90)) }
    var panel = PlotPanel(
      "", x: PlotAxis("", -0.3...(Double(quantities.count) - 0.7), ticks: ticks),
      y: PlotAxis("standard deviations", PlotScale.range(scores.joined(), margin: 0.04)),
      size: (max(640, min(68 * Double(quantities.count), 1400)), 320))
    func lines(_ draws: [Int]) -> [(x: Double, y: Double)] {
      draws.flatMap { draw in scores.enumerated().map { (x: Double($0.offset), y: $0.element[draw]) } + [(x: .nan, y: .nan)] }
    }
    panel.layers = [.path(.faint(0), lines(shown)), .path(.divergent, lines(marked))]
    figure.panels = [panel]
    return figure
  }
}
