import Inference

extension PlotKind {
  /// Draws by iteration. Long chains are shown by the least and the largest draw of each of some hundred stretches.
  static func trace(_ material: PlotMaterial) throws -> PlotFigure {
    let draws = try material.needDraws("a trace")
    let selection = try PlotSelection(material, draws, limit: 12)
    var figure = PlotFigure(
      "Trace", "Draws in the order in which they came. Chains that mix look alike and wander over the same range all the time.")
    figure.notes = [selection.note, gapNote(selection.quantities), PlotQuantity.chainNote(draws.chains)].compactMap { $0 }
    let stretches = 480 / min(max(draws.chains, 2), PlotQuantity.chainLimit)
    if draws.drawsPerChain > 2 * stretches {
      figure.notes.append("Of each of \(stretches) stretches of a chain the least and the largest draw are shown.")
    }
    figure.legend = chainLegend(draws.chains) { .thin($0) }
    let divergences = material.divergences
    var hasDivergences = false
    figure.panels = selection.quantities.map { quantity in
      let range = PlotScale.range(quantity.finite, margin: 0.05)
      var panel = PlotPanel(
        quantity.name, x: PlotAxis("iteration", 1...Double(max(draws.drawsPerChain, 2)), hasGrid: false), y: PlotAxis("", range, limit: 5))
      panel.layers = quantity.shown.enumerated().map { chain, values in
        let points = Thinning.envelope(values, stretches: stretches)
        return values.count > 1 ? .path(.thin(chain), points) : .points(.dots(chain), points)
      }
      // Where divergent transitions ended, as a rug at the lower edge.
      let places = divergences.flatMap { chain in chain.indices.filter { chain[$0] }.map { Double($0 + 1) } }
      if !places.isEmpty {
        hasDivergences = true
        let height = 0.05 * (range.upperBound - range.lowerBound)
        panel.layers.append(
          .segments(
            .divergent,
            Thinning.places(places.count, limit: 300).map { (places[$0], range.lowerBound, places[$0], range.lowerBound + height) }))
      }
      panel.remark = quantity.finite.isEmpty ? "no draw is finite" : nil
      return panel
    }
    if hasDivergences { figure.legend.append(("divergent transition", .divergent)) }
    return figure
  }
}
