import Inference

extension PlotKind {
  /// Two panels a quantity: how many draws of each chain have ranks in each twentieth, and the difference between the distribution function of
  /// each chain's ranks and the even one, with the band within which all of it stays with probability 95 %.
  ///
  /// Correlated draws would leave the band of independent ones, so each chain is thinned to about its effective sample size first. A single chain is
  /// taken as two halves.
  static func rank(_ material: PlotMaterial) throws -> PlotFigure {
    let draws = try material.needDraws("a rank plot")
    let selection = try PlotSelection(material, draws, limit: 8)
    var figure = PlotFigure(
      "Ranks",
      "Left: ranks of each chain's draws among all, in twenty bins; even where the chains agree. Right: distribution function of the ranks minus the even one, which stays in the grey band with probability 95 % where all chains have one law."
    )
    figure.isPaired = true
    figure.notes = [selection.note, PlotQuantity.chainNote(draws.chains)].compactMap { $0 }
    if draws.chains == 1 {
      figure.notes.append("There is one chain: its first and its second half are compared.")
      figure.legend = [("first half", .curve(0)), ("second half", .curve(1))]
    } else {
      figure.legend = chainLegend(draws.chains) { .curve($0) }
    }
    figure.legend.append(("95 % band", .band))
    var bands: [Int: ECDFBand] = [:]
    for quantity in selection.quantities {
      let groups = Ranks.groups(quantity.chains)
      guard quantity.isFinite, emptiness(quantity) == nil, let length = groups.first?.count, length >= 20 else {
        var panel = PlotPanel(quantity.name, x: PlotAxis("rank", 0...1), y: .unmarked("", 0...1))
        panel.remark = quantity.isFinite ? emptiness(quantity) ?? "too few draws for ranks" : "not all draws are finite"
        var other = panel
        other.title = ""
        figure.panels += [panel, other]
        continue
      }
      figure.panels.append(histogram(quantity.name, Array(Ranks.ranks(groups).prefix(PlotQuantity.chainLimit))))
      let thinned = Ranks.thinned(groups)
      let count = thinned[0].count
      let band = bands[count] ?? ECDFBand(groups: thinned.count, of: count)
      bands[count] = band
      figure.panels.append(difference(quantity.name, Array(Ranks.ranks(thinned).prefix(PlotQuantity.chainLimit)), band))
    }
    return figure
  }

  private static func histogram(_ name: String, _ ranks: [[Double]]) -> PlotPanel {
    let bins = 20
    let counts = ranks.map { ranks -> [Double] in
      var counts = [Double](repeating: 0, count: bins)
      for rank in ranks { counts[min(Int(rank * Double(bins)), bins - 1)] += 1 }
      return counts
    }
    let even = Double(ranks[0].count) / Double(bins)
    let top = max(counts.joined().max() ?? 1, 1.6 * even)
    var panel = PlotPanel(
      name, x: PlotAxis("rank / draws", 0...1, hasGrid: false), y: PlotAxis("draws", 0...(1.05 * top), limit: 5), size: (420, 220))
    panel.layers = [.segments(.rule, [(0, even, 1, even)])]
    panel.layers += counts.enumerated().map { chain, counts in
      .path(
        .curve(chain),
        counts.enumerated().flatMap { bin, count in [(Double(bin) / Double(bins), count), (Double(bin + 1) / Double(bins), count)] })
    }
    return panel
  }

  private static func difference(_ name: String, _ ranks: [[Double]], _ band: ECDFBand) -> PlotPanel {
    let curves = ranks.map { Ranks.difference($0, band.places) }
    let bounds = band.places.indices.map {
      (x: band.places[$0], low: band.low[$0] - band.places[$0], high: band.high[$0] - band.places[$0])
    }
    let range = PlotScale.range(curves.joined() + bounds.map(\.low) + bounds.map(\.high), margin: 0.08)
    var panel = PlotPanel(
      name, x: PlotAxis("rank / draws", 0...1, hasGrid: false), y: PlotAxis("ECDF difference", range, limit: 5), size: (420, 220))
    panel.layers = [.between(.band, [(0, 0, 0)] + bounds + [(1, 0, 0)]), .segments(.rule, [(0, 0, 1, 0)])]
    panel.layers += curves.enumerated().map { chain, curve in
      .path(.curve(chain), [(0, 0)] + zip(band.places, curve).map { ($0, $1) } + [(1, 0)])
    }
    return panel
  }
}

/// Ranks of several chains' draws among all of them.
enum Ranks {
  /// The chains; the halves of a single one.
  static func groups(_ chains: [[Double]]) -> [[Double]] {
    guard chains.count == 1, let only = chains.first else { return chains }
    let half = only.count / 2
    return [Array(only.prefix(half)), Array(only.suffix(half))]
  }

  /// About as many draws of each group as it is worth, and no more than 400 (1600 together).
  static func thinned(_ groups: [[Double]]) -> [[Double]] {
    let length = groups[0].count
    let efficiency = Diagnostics.essBulk(groups) / Double(groups.count)
    let worth = efficiency.isFinite ? min(max(Int(efficiency), 20), length) : length
    let places = Thinning.places(length, limit: min(worth, max(20, min(400, 1600 / groups.count))))
    return groups.map { group in places.map { group[$0] } }
  }

  /// Average ranks of ties, as parts of all: (r − ½)/S, [group][draw].
  static func ranks(_ groups: [[Double]]) -> [[Double]] {
    var all: [(value: Double, group: Int, index: Int)] = []
    for (group, values) in groups.enumerated() { all += values.enumerated().map { ($0.element, group, $0.offset) } }
    all.sort { ($0.value, $0.group, $0.index) < ($1.value, $1.group, $1.index) }
    var ranks = groups.map { [Double](repeating: 0, count: $0.count) }
    var start = 0
    while start < all.count {
      var end = start
      while end + 1 < all.count, all[end + 1].value == all[start].value { end += 1 }
      let rank = (Double(start + end) / 2 + 0.5) / Double(all.count)
      for place in start...end { ranks[all[place].group][all[place].index] = rank }
      start = end + 1
    }
    return ranks
  }

  /// Part of the values at or below each place, minus the place.
  static func difference(_ values: [Double], _ places: [Double]) -> [Double] {
    let sorted = values.sorted()
    var below = 0
    return places.map { place in
      while below < sorted.count, sorted[below] <= place { below += 1 }
      return Double(below) / Double(max(sorted.count, 1)) - place
    }
  }
}
