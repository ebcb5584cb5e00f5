import Foundation
import Inference

/// The kinds of plots that there are, by their names on the command line.
package enum PlotKind: String, CaseIterable, Sendable {
  case trace, rank, density, forest, pairs, energy, autocorrelation, ess, elbo, parallel, ppc
  case looPIT = "loo-pit"

  package var summary: String {
    switch self {
    case .trace: "draws in the order in which they came, by chain"
    case .rank: "how the ranks of all draws are spread over the chains, and the difference from an even spread with its 95 % band"
    case .density: "density of the draws of each chain"
    case .forest: "medians with 50 % and 90 % intervals"
    case .pairs: "pairs of variables against each other, with divergent transitions"
    case .energy: "energies and their changes by transition, with the fraction of missing information (E-BFMI)"
    case .autocorrelation: "autocorrelation of each chain by lag"
    case .ess: "bulk and tail effective sample size as the draws come in"
    case .elbo: "the objective of variational inference by step"
    case .parallel: "draws as lines over all variables, with divergent transitions"
    case .ppc: "observed values against replications of the posterior predictive distribution"
    case .looPIT: "leave-one-out probability integral transforms, against uniform ones with their 95 % band"
    }
  }

  /// The figure. Throws ``PlotError`` where the material is not enough for it.
  package func figure(_ material: PlotMaterial) throws -> PlotFigure {
    switch self {
    case .trace: try PlotKind.trace(material)
    case .rank: try PlotKind.rank(material)
    case .density: try PlotKind.density(material)
    case .forest: try PlotKind.forest(material)
    case .pairs: try PlotKind.pairs(material)
    case .energy: try PlotKind.energy(material)
    case .autocorrelation: try PlotKind.autocorrelation(material)
    case .ess: try PlotKind.effectiveSize(material)
    case .elbo: try PlotKind.objective(material)
    case .parallel: try PlotKind.parallel(material)
    case .ppc: try PlotKind.predictiveCheck(material)
    case .looPIT: try PlotKind.looPIT(material)
    }
  }

  /// `chain 1`, `chain 2`, … where there are several.
  static func chainLegend(_ count: Int, _ mark: (Int) -> PlotMark) -> [(name: String, mark: PlotMark)] {
    guard count > 1 else { return [] }
    // More chains than this go through the colours again, and a list of them helps nobody.
    return count <= 8 ? (0..<count).map { ("chain \($0 + 1)", mark($0)) } : []
  }

  /// A panel that says why it is empty; nil where all draws are finite and differ.
  static func emptiness(_ quantity: PlotQuantity) -> String? {
    let finite = quantity.finite
    guard let first = finite.first else { return "no draw is finite" }
    if finite.count > 1, finite.allSatisfy({ $0 == first }) { return "all draws are \(first.brief(4))" }
    return nil
  }

  /// Says how many draws were left out because they are not finite.
  static func gapNote(_ quantities: [PlotQuantity]) -> String? {
    let bad = quantities.filter { !$0.isFinite }
    guard let first = bad.first else { return nil }
    let count = bad.reduce(0) { $0 + $1.chains.reduce(0) { $0 + $1.count { !$0.isFinite } } }
    return
      "\(count) value\(count == 1 ? "" : "s") of \(bad.count == 1 ? first.name : "\(first.name) and \(bad.count - 1) more") are not finite and left out."
  }
}
