import Foundation

/// Models compared by their expected log predictive densities on the same data.
package struct ModelComparison: Sendable {
  /// What predictive densities are estimated by.
  package enum Criterion: String, Sendable, CaseIterable { case loo, waic }

  /// One model to compare.
  package struct Entry: Sendable {
    package var name: String
    package var loo: LeaveOneOut
    package var waic: WidelyApplicable
    /// Whether the draws are those of an approximation too far from the posterior for ratios to make up for it: no sum over points can be relied upon.
    package let isUnsound: Bool

    /// - Parameter logRatios: see ``LeaveOneOut/init(_:logRatios:relativeEfficiency:threads:)``.
    package init(
      name: String, _ likelihood: PointwiseLogLikelihood, logRatios: [Double]? = nil, relativeEfficiency: Double = 1, threads: Int = 1
    ) {
      self.name = name
      loo = LeaveOneOut(likelihood, logRatios: logRatios, relativeEfficiency: relativeEfficiency, threads: threads)
      waic = WidelyApplicable(likelihood, logRatios: logRatios, threads: threads)
      // Ratios that are equal but for rounding have no tail to fit, and nothing to make up for.
      let isLevel = logRatios.flatMap { ratios in ratios.min().flatMap { low in ratios.max().map { $0 - low < 1e-6 } } } ?? true
      isUnsound = !isLevel && !((loo.approximationShape ?? 0) <= loo.threshold)
    }
  }

  /// A row of the comparison.
  package struct Row: Sendable {
    package var entry: Entry
    /// Σ elpd of the first row minus that of this one.
    package var difference: Double
    /// √(n Var(elpd_1i − elpd_i)), divisor n; 0 for the first row.
    package var differenceError: Double
    package var stacking: Double
    package var pseudoBMA: Double
    package var bootstrappedPseudoBMA: Double
  }

  package let criterion: Criterion
  /// From the largest elpd down; equal ones in the order given. Unsound entries come after all others, with weights 0, unless all are unsound.
  package let rows: [Row]

  /// - Parameter entries: all with equally many points, which stand for the same data.
  package init(_ entries: [Entry], by criterion: Criterion, seed: UInt64) {
    self.criterion = criterion
    func elpd(_ entry: Entry) -> [Double] { criterion == .loo ? entry.loo.elpd : entry.waic.elpd }
    let order = entries.indices.sorted { a, b in
      if entries[a].isUnsound != entries[b].isUnsound { return entries[b].isUnsound }
      let (x, y) = (elpd(entries[a]).reduce(0, +), elpd(entries[b]).reduce(0, +))
      return x == y ? a < b : !(x <= y)
    }
    let sorted = order.map { entries[$0] }
    let all = sorted.map { elpd($0) }
    let sound = sorted.prefix { !$0.isUnsound }.count
    let weighted = Array(all.prefix(sound == 0 ? all.count : sound))
    let none = [Double](repeating: 0, count: all.count - weighted.count)
    let stacking = ModelWeights.stacking(weighted) + none
    let plain = ModelWeights.pseudoBMA(weighted) + none
    let bootstrapped = ModelWeights.bootstrappedPseudoBMA(weighted, seed: seed) + none
    rows = sorted.indices.map { index in
      let differences = zip(all[0], all[index]).map { $0 - $1 }
      return Row(
        entry: sorted[index], difference: differences.reduce(0, +), differenceError: LeaveOneOut.standardError(differences),
        stacking: stacking[index], pseudoBMA: plain[index], bootstrappedPseudoBMA: bootstrapped[index])
    }
  }

  /// What stands in the way of relying on the comparison, a sentence each.
  package var warnings: [String] {
    var sentences: [String] = []
    let hasSound = rows.contains { !$0.entry.isUnsound }
    for row in rows {
      let (loo, waic) = (row.entry.loo, row.entry.waic)
      if hasSound, row.entry.isUnsound {
        sentences.append("\(row.entry.name): comes last and without weight, whatever its elpd: its draws are too far from the posterior.")
      }
      if criterion == .waic, let shape = loo.approximationShape, !(shape <= loo.threshold) {
        sentences.append(
          "\(row.entry.name): the draws are those of an approximation, weighted by ratios whose k-hat is \(shape.brief()), above \(loo.threshold.brief()): LOO says of each point whether that matters, WAIC does not."
        )
      }
      if criterion == .loo, !loo.unreliable.isEmpty {
        let worst = loo.paretoShape.max() ?? .infinity
        let count = loo.unreliable.count
        let reason =
          loo.approximationShape == nil
          ? "leaving them out changes the posterior too much for importance sampling; fit without them, or draw more."
          : "the draws of the approximation are too far from the posterior without them for importance sampling; fit by nuts, or with a richer guide."
        sentences.append(
          "\(row.entry.name): k-hat of \(count) of \(loo.elpd.count) points is above \(loo.threshold.brief()) (at most \(worst.brief())): \(reason)"
        )
      }
      if criterion == .waic, !waic.unreliable.isEmpty {
        sentences.append(
          "\(row.entry.name): the variance of the log likelihood is above 0.4 at \(waic.unreliable.count) of \(waic.elpd.count) points: WAIC is not to be relied upon there, LOO says where it is not."
        )
      }
    }
    if let first = rows.first, rows.count > 1 {
      let points = first.entry.loo.elpd.count
      let close = rows.dropFirst().filter { abs($0.difference) < 4 && !(hasSound && $0.entry.isUnsound) }.map(\.entry.name)
      if !close.isEmpty {
        sentences.append("\(close.joined(separator: ", ")): less than 4 below the best: there is hardly a difference in prediction.")
      }
      if points < 100 {
        sentences.append(
          "There \(points == 1 ? "is 1 point" : "are \(points) points"): with fewer than 100 the standard errors of differences are too small."
        )
      }
    }
    return sentences
  }
}
