import Foundation

/// Whether ranks are uniform on 0, 1, …, L: the test of simulation-based calibration, exact for finitely many ranks.
///
/// The empirical distribution function of N ranks is compared with the uniform one at every rank i < L. The number R_i of ranks up to i is Binomial(N, z_i) with
/// z_i = (i + 1)/(L + 1); the statistic is γ = min_i 2 min(P(R ≤ R_i), P(R ≥ R_i)), and its p-value and simultaneous bands come from the
/// probability that the whole path R_0, R_1, … stays between two bounds: a sum over paths, one rank after the other.
///
/// Source: Säilynoja, Bürkner, Vehtari, "Graphical test for discrete uniformity and its applications in goodness-of-fit evaluation and multiple
/// sample comparison", Statistics and Computing 32 (2022).
package struct RankUniformity: Sendable {
  /// L, the largest rank.
  package let last: Int
  /// N.
  package let count: Int
  /// P(R ≤ k) and P(R ≥ k) for R ~ Binomial(N, z_i), [i][k].
  private let below: [[Double]]
  private let above: [[Double]]
  /// Poisson(N/(L + 1)) probabilities of 0, 1, …, N.
  private let step: [Double]

  package init(last: Int, count: Int) {
    self.last = last
    self.count = count
    let n = Double(count)
    func choose(_ k: Double) -> Double { lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) }
    var below: [[Double]] = []
    var above: [[Double]] = []
    for i in 0..<last {
      let z = Double(i + 1) / Double(last + 1)
      let mass = (0...count).map { exp(choose(Double($0)) + Double($0) * log(z) + (n - Double($0)) * log1p(-z)) }
      var sum = 0.0
      below.append(
        mass.map {
          sum += $0
          return min(sum, 1)
        })
      sum = 0
      above.append(
        mass.reversed().map {
          sum += $0
          return min(sum, 1)
        }.reversed())
    }
    self.below = below
    self.above = above
    let rate = n / Double(last + 1)
    step = (0...count).map { exp(Double($0) * log(rate) - rate - lgamma(Double($0) + 1)) }
  }

  /// R_i for i = 0, …, L − 1.
  package func cumulated(_ ranks: [Int]) -> [Int] {
    var counts = [Int](repeating: 0, count: last + 1)
    for rank in ranks where (0...last).contains(rank) { counts[rank] += 1 }
    var sum = 0
    return counts.dropLast().map {
      sum += $0
      return sum
    }
  }

  /// P(γ ≤ its observed value) for uniform ranks: the p-value of N ranks in 0…L.
  package func pValue(_ ranks: [Int]) -> Double {
    guard ranks.count == count, count > 0, last > 0 else { return .nan }
    let path = cumulated(ranks)
    let statistic = path.indices.reduce(2.0) { min($0, 2 * min(below[$1][path[$1]], above[$1][path[$1]])) }
    return min(1, max(0, 1 - coverage(level: statistic)))
  }

  /// The least and largest R_i whose tails are both above level/2, for each i.
  private func bounds(level: Double) -> [(low: Int, high: Int)] {
    // Tails that are equal by symmetry may differ in their last bits.
    let limit = 0.5 * level * (1 + 1e-9)
    return (0..<last).map { i in
      let low = below[i].firstIndex { $0 > limit } ?? count
      let high = above[i].lastIndex { $0 > limit } ?? 0
      return (low, high)
    }
  }

  /// The probability that every R_i of uniform ranks has both tails above level/2. Counts of ranks are independent Poisson numbers given their sum.
  private func coverage(level: Double) -> Double {
    let bounds = bounds(level: level) + [(count, count)]
    var low = 0
    var mass = [1.0]
    for (nextLow, nextHigh) in bounds {
      guard nextLow <= nextHigh else { return 0 }
      var next = [Double](repeating: 0, count: nextHigh - nextLow + 1)
      for (offset, weight) in mass.enumerated() where weight > 0 {
        let from = low + offset
        guard max(from, nextLow) <= nextHigh else { continue }
        for to in max(from, nextLow)...nextHigh { next[to - nextLow] += weight * step[to - from] }
      }
      (low, mass) = (nextLow, next)
    }
    let n = Double(count)
    let total = exp(n * log(n) - n - lgamma(n + 1))
    return (mass.first ?? 0) / total
  }

  /// Bounds of the empirical distribution function at z_0, …, z_{L−1} that all of it stays within with at least this probability.
  package func bands(probability: Double) -> (lower: [Double], upper: [Double]) {
    var (inside, outside) = (0.0, 1.0)
    for _ in 0..<40 {
      let middle = 0.5 * (inside + outside)
      if coverage(level: middle) >= probability { inside = middle } else { outside = middle }
    }
    let bounds = bounds(level: inside)
    return (bounds.map { Double($0.low) / Double(count) }, bounds.map { Double($0.high) / Double(count) })
  }

  /// max_i |R_i/N − z_i|.
  package func distance(_ ranks: [Int]) -> Double {
    let path = cumulated(ranks)
    return path.indices.reduce(0) { max($0, abs(Double(path[$1]) / Double(count) - Double($1 + 1) / Double(last + 1))) }
  }

  /// How far the empirical distribution function of N numbers is from the true one at most, with this probability of being further: Dvoretzky, Kiefer,
  /// Wolfowitz (1956) with the constant of Massart (1990).
  package static func precision(count: Int, significance: Double) -> Double {
    (log(2 / significance) / (2 * Double(count))).squareRoot()
  }
}
