import Foundation

/// Pareto smoothed importance sampling (PSIS).
///
/// Source: Vehtari, Simpson, Gelman, Yao, Gabry, "Pareto smoothed importance sampling", JMLR 25 (2024); the generalized Pareto fit is
/// that of Zhang & Stephens (2009) with the weak prior on the shape of the paper's appendix C (ten observations' worth at 0.5).
/// Conventions (tail length, cut-off, replacement of the tail whenever the fit is finite) are those of ArviZ 0.23.
package struct ParetoSmoothing: Sendable {
  /// Smoothed, self-normalized log weights: log Σ exp = 0. Same order as the input.
  package var logWeights: [Double]
  /// k̂, the shape of the generalized Pareto distribution fitted to the largest ratios; +∞ where fewer than five ratios make the tail.
  package var shape: Double

  /// The weights themselves; they sum to one.
  package var weights: [Double] { logWeights.map { exp($0) } }

  /// 1 / Σ w², the effective number of draws behind a weighted mean (Kish), 1 ≤ ess ≤ S.
  package var effectiveSampleSize: Double {
    1 / logWeights.reduce(0) { $0 + exp(2 * $1) }
  }

  /// The largest k̂ at which an estimate from S draws can be relied upon: min(1 − 1/log₁₀ S, 0.7).
  package static func threshold(draws: Int) -> Double {
    draws > 1 ? min(1 - 1 / log10(Double(draws)), 0.7) : 0
  }

  /// Smooths log importance ratios log p − log q (any common constant may be added).
  ///
  /// −∞ counts as weight zero. A NaN or +∞ anywhere leaves nothing to smooth: k̂ is +∞ and the weights are those of the finite ratios.
  /// - Parameter relativeEfficiency: r_eff, effective over actual number of draws; 1 for independent draws.
  package init(logRatios: [Double], relativeEfficiency: Double = 1) {
    let count = logRatios.count
    guard count > 0, let largest = logRatios.filter({ $0 < .infinity }).max(), largest > -.infinity else {
      logWeights = [Double](repeating: -log(Double(max(count, 1))), count: count)
      shape = .infinity
      return
    }
    if logRatios.contains(where: { $0.isNaN || $0 == .infinity }) {
      logWeights = Self.normalized(logRatios.map { $0.isNaN || $0 == .infinity ? -.infinity : $0 - largest })
      shape = .infinity
      return
    }
    var x = logRatios.map { $0 - largest }
    let order = x.indices.sorted { x[$0] < x[$1] }
    let tailLength = Int(min(Double(count) / 5, 3 * (Double(count) / relativeEfficiency).squareRoot()).rounded(.up))
    let cutoff = max(x[order[max(count - tailLength - 1, 0)]], log(Double.leastNormalMagnitude))
    let tail = order.filter { x[$0] > cutoff }
    guard tail.count > 4 else {
      logWeights = Self.normalized(x)
      shape = .infinity
      return
    }
    let base = exp(cutoff)
    let fit = GeneralizedPareto(fittedTo: tail.map { exp(x[$0]) - base })
    if fit.shape.isFinite {
      for (rank, index) in tail.enumerated() {
        let probability = (Double(rank) + 0.5) / Double(tail.count)
        x[index] = min(log(fit.quantile(probability) + base), 0)
      }
    }
    logWeights = Self.normalized(x)
    shape = fit.shape
  }

  private static func normalized(_ x: [Double]) -> [Double] {
    let total = log(x.reduce(0) { $0 + exp($1) })
    return x.map { $0 - total }
  }
}

/// The generalized Pareto distribution on (0, ∞): P(X > x) = (1 + k x/σ)^(−1/k), e^(−x/σ) at k = 0.
package struct GeneralizedPareto: Sendable {
  /// k; moments of order below 1/k exist.
  package var shape: Double
  /// σ > 0.
  package var scale: Double

  /// Estimates k and σ from positive excesses in rising order by the quasi-Bayesian rule of Zhang & Stephens (2009), then draws k
  /// towards 0.5 as ten further observations would.
  package init(fittedTo sorted: [Double]) {
    let n = Double(sorted.count)
    let gridCount = 30 + Int(n.squareRoot())
    let quartile = sorted[max(Int(n / 4 + 0.5) - 1, 0)]
    let largest = sorted[sorted.count - 1]
    let meanLog = { (b: Double) in sorted.reduce(0) { $0 + log1p(-b * $1) } / n }
    let grid = (1...gridCount).map { i in
      (1 - (Double(gridCount) / (Double(i) - 0.5)).squareRoot()) / (3 * quartile) + 1 / largest
    }
    let profile = grid.map { b in
      let k = meanLog(b)
      return n * (log(-(b / k)) - k - 1)
    }
    var numerator = 0.0
    var denominator = 0.0
    for (b, own) in zip(grid, profile) {
      let weight = 1 / profile.reduce(0) { $0 + exp($1 - own) }
      if weight >= 10 * Double.ulpOfOne {
        numerator += b * weight
        denominator += weight
      }
    }
    let b = numerator / denominator
    let k = meanLog(b)
    scale = -k / b
    shape = (n * k + 5) / (n + 10)
  }

  /// The quantile of probability p in (0, 1): σ ((1 − p)^(−k) − 1)/k; NaN where σ ≤ 0.
  package func quantile(_ p: Double) -> Double {
    guard scale > 0 else { return .nan }
    let exponential = -log1p(-p)
    return scale * (abs(shape) < Double.ulpOfOne ? exponential : expm1(shape * exponential) / shape)
  }
}
