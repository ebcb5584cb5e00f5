import Foundation
import Kernels

/// Convergence diagnostics of Markov chains, as Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021) define them and the packages
/// posterior (R) and ArviZ compute them.
///
/// Every function takes the draws of one quantity, [chain][draw], chains of equal length. All give NaN where the draws do not determine a
/// value: fewer than four draws a chain, a draw that is not finite, or constant draws (except where said). ``DrawReport`` says which.
package enum Diagnostics {
  /// Rank-normalized split R-hat: the larger of the bulk value and the folded (tail) value.
  package static func rHat(_ chains: [[Double]]) -> Double { DrawReport(chains).rHat }
  /// Effective sample size of the rank-normalized split draws.
  package static func essBulk(_ chains: [[Double]]) -> Double { DrawReport(chains).essBulk }
  /// The smaller of the effective sample sizes for the 5 % and the 95 % quantile.
  package static func essTail(_ chains: [[Double]]) -> Double { DrawReport(chains).essTail }
  /// Effective sample size for the mean.
  package static func essMean(_ chains: [[Double]]) -> Double { DrawReport(chains).essMean }
  /// Effective sample size for the quantile at p.
  package static func essQuantile(_ chains: [[Double]], _ p: Double) -> Double { DrawReport(chains).essQuantile(p) }
  /// sd / √(ESS of the mean).
  package static func mcseMean(_ chains: [[Double]]) -> Double { DrawReport(chains).mcseMean }
  /// Standard error of the standard deviation, from that of the variance by the delta method.
  package static func mcseSD(_ chains: [[Double]]) -> Double { DrawReport(chains).mcseSD }
  /// Half the width of the central 68 % interval of the quantile at p, between order statistics.
  package static func mcseQuantile(_ chains: [[Double]], _ p: Double) -> Double { DrawReport(chains).mcseQuantile(p) }

  /// Estimated Bayesian fraction of missing information of one chain's energies, Σ(E_i − E_{i−1})²/(n−1) over their variance (Betancourt
  /// 2016). Below 0.3 the momentum resampling moves too slowly through energies. NaN for fewer than three or constant energies.
  package static func energyFraction(_ energies: [Double]) -> Double {
    guard energies.count > 2 else { return .nan }
    var squares = 0.0
    for (a, b) in zip(energies, energies.dropFirst()) { squares += (b - a) * (b - a) }
    let spread = EffectiveSampleSize.variance(energies)
    return spread > 0 ? squares / Double(energies.count - 1) / spread : .nan
  }
}

/// Why a quantity has no diagnostics.
package enum DiagnosticsGap: String, Codable, Sendable {
  case noDraws = "there are no draws"
  case unequalChains = "the chains have different lengths"
  case tooFewDraws = "there are fewer than four draws per chain"
  case notFinite = "some draws are not finite"
  case constant = "all draws are equal"
  case exact = "exact: nothing is estimated from draws"
}

/// All diagnostics of one quantity; the draws are sorted once, each value is computed when asked for.
package struct DrawReport {
  /// Nil when everything below is defined.
  package let gap: DiagnosticsGap?
  let draws: RankedDraws
  private let table: NormalScores
  private let deviations: [Double]
  package let mean: Double
  /// Standard deviation over all draws, divisor S − 1.
  package let sd: Double

  /// `chains` is [chain][draw].
  package init(_ chains: [[Double]]) {
    let lengths = Set(chains.map(\.count))
    let flat = lengths.count == 1 ? chains.flatMap { $0 } : []
    let half = (chains.first?.count ?? 0) / 2
    self.init(
      flat: flat, chains: lengths.count == 1 ? chains.count : 0, table: NormalScores(size: 2 * half * chains.count),
      knownGap: lengths.count > 1 ? .unequalChains : nil)
  }

  /// `flat` is [chain][draw]; `table` has the size of the halved draws.
  init(flat: [Double], chains: Int, table: NormalScores, knownGap: DiagnosticsGap? = nil) {
    self.table = table
    let isFinite = flat.allSatisfy(\.isFinite)
    draws = RankedDraws(values: isFinite ? flat : [], chains: isFinite ? chains : 0)
    let count = Double(flat.count)
    // Two passes; the second also repairs the rounding of the first.
    let first = flat.reduce(0, +) / count
    let average = isFinite ? first + flat.reduce(0) { $0 + ($1 - first) } / count : first
    mean = average
    if flat.isEmpty {
      gap = knownGap ?? .noDraws
    } else if !isFinite {
      gap = .notFinite
    } else if draws.isConstant {
      gap = .constant
    } else if draws.drawsPerChain < 4 {
      gap = .tooFewDraws
    } else {
      gap = nil
    }
    deviations = isFinite ? draws.split.map { ($0 - average) * ($0 - average) } : []
    let squares = flat.reduce(0) { $0 + ($1 - average) * ($1 - average) }
    sd = flat.count > 1 ? (squares / (count - 1)).squareRoot() : .nan
  }

  private func defined(_ value: @autoclosure () -> Double) -> Double { gap == nil ? value() : .nan }
  private var sequences: Int { 2 * draws.chains }

  package var median: Double { draws.median }
  package func quantile(_ p: Double) -> Double { draws.quantile(p) }

  package var essBulk: Double { defined(EffectiveSampleSize.estimate(draws.normalScores(table), count: sequences)) }
  package var rHat: Double { defined(max(splitRHat(draws.normalScores(table)), splitRHat(draws.foldedScores(table)))) }

  /// Bulk effective sample size and R-hat, ranking once.
  var bulk: (ess: Double, rHat: Double) {
    guard gap == nil else { return (.nan, .nan) }
    let scores = draws.normalScores(table)
    return (EffectiveSampleSize.estimate(scores, count: sequences), max(splitRHat(scores), splitRHat(draws.foldedScores(table))))
  }

  package var essMean: Double { defined(EffectiveSampleSize.estimate(draws.split, count: sequences)) }

  package func essQuantile(_ p: Double) -> Double {
    guard gap == nil else { return .nan }
    let cut = draws.quantile(p)
    let split = draws.split
    let indicator = [Double](unsafeUninitializedCapacity: split.count) { target, count in
      split.withUnsafeBufferPointer { split in
        for i in 0..<split.count { target[i] = split[i] <= cut ? 1 : 0 }
      }
      count = split.count
    }
    return EffectiveSampleSize.estimate(indicator, count: sequences)
  }

  package var essTail: Double { defined(min(essQuantile(0.05), essQuantile(0.95))) }
  package var mcseMean: Double { defined(sd / essMean.squareRoot()) }

  package var mcseSD: Double {
    guard gap == nil else { return .nan }
    let ess = EffectiveSampleSize.estimate(deviations, count: sequences)
    let count = Double(draws.values.count)
    var second = 0.0
    var fourth = 0.0
    for x in draws.values {
      let square = (x - mean) * (x - mean)
      second += square
      fourth += square * square
    }
    second /= count
    fourth /= count
    return ((fourth - second * second) / ess / second / 4).squareRoot()
  }

  package func mcseQuantile(_ p: Double) -> Double { mcseQuantile(p, ess: essQuantile(p)) }

  /// With Beta(ESS·p + 1, ESS·(1−p) + 1) for the rank of the quantile: its 15.87 % and 84.13 % points, as order statistics.
  func mcseQuantile(_ p: Double, ess: Double) -> Double {
    guard gap == nil, ess.isFinite else { return .nan }
    let size = Double(draws.sorted.count)
    let a = ess * p + 1
    let b = ess * (1 - p) + 1
    let low = max(DiagnosticsBeta.quantile(0.1586553, a, b) * size - 1, 0).rounded(.down)
    let high = min(DiagnosticsBeta.quantile(0.8413447, a, b) * size - 1, size - 1).rounded(.up)
    return 0.5 * (draws.sorted[Int(max(high, 0))] - draws.sorted[Int(low)])
  }

  /// √(((n − 1) W + B)/(n W)) with W the mean variance within and B/n the variance between sequences.
  private func splitRHat(_ sequences: [Double]) -> Double {
    let m = self.sequences
    let n = draws.half
    var means: [Double] = []
    var within = 0.0
    sequences.withUnsafeBufferPointer { values in
      for c in 0..<m {
        let part = UnsafeBufferPointer(rebasing: values[c * n..<(c + 1) * n])
        var sum = 0.0
        for x in part { sum += x }
        let mean = sum / Double(n)
        means.append(mean)
        var squares = 0.0
        for x in part { squares += (x - mean) * (x - mean) }
        within += squares / Double(n - 1)
      }
    }
    within /= Double(m)
    let between = Double(n) * EffectiveSampleSize.variance(means)
    return ((between / within + Double(n - 1)) / Double(n)).squareRoot()
  }
}
