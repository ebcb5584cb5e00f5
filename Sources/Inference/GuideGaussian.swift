import Foundation
import Kernels

/// A Gaussian over ℝⁿ: N(m, Σ) with Σ = diag(e^{2λ}), L Lᵀ, or diag(e^{2λ}) + V Vᵀ.
package struct GaussianGuide: Sendable, Codable {
  package var family: GuideFamily
  /// m [n].
  package var location: [Double]
  /// λ [n]: log standard deviations (mean-field), log diagonal of L (full-rank), log of the diagonal part's sd (low-rank).
  package var logScale: [Double]
  /// Full-rank: the strictly lower rows of L, packed: row i at i(i−1)/2. Low-rank: V [n][rank]. Mean-field: empty.
  package var factor: [Double]

  package var dimension: Int { location.count }
  package var rank: Int {
    if case .lowRank(let r) = family { r } else { 0 }
  }
  /// Length of the noise vector behind one draw: n, plus the rank.
  package var noiseDimension: Int { dimension + rank }

  /// A guide with zero factor.
  package init(family: GuideFamily, location: [Double], logScale: [Double]) {
    self.family = family
    self.location = location
    self.logScale = logScale
    factor = [Double](repeating: 0, count: Self.factorCount(family, dimension: location.count))
  }

  static func factorCount(_ family: GuideFamily, dimension n: Int) -> Int {
    switch family {
    case .meanField: 0
    case .fullRank: n * (n - 1) / 2
    case .lowRank(let r): n * r
    }
  }

  /// Number of free parameters.
  package var parameterCount: Int { 2 * dimension + factor.count }

  /// m, λ and the factor in one vector.
  package var parameters: [Double] {
    get { location + logScale + factor }
    set {
      let n = dimension
      location = Array(newValue[0..<n])
      logScale = Array(newValue[n..<2 * n])
      factor = Array(newValue[(2 * n)...])
    }
  }

  /// Σ, row-major [n][n].
  package var covariance: [Double] {
    let n = dimension
    var result = [Double](repeating: 0, count: n * n)
    switch family {
    case .meanField:
      for i in 0..<n { result[i * n + i] = exp(2 * logScale[i]) }
    case .fullRank:
      let lower = choleskyFactor
      for i in 0..<n {
        for j in 0...i {
          var sum = 0.0
          for k in 0...j { sum += lower[i * n + k] * lower[j * n + k] }
          result[i * n + j] = sum
          result[j * n + i] = sum
        }
      }
    case .lowRank(let r):
      for i in 0..<n {
        for j in 0..<n {
          var sum = i == j ? exp(2 * logScale[i]) : 0
          for k in 0..<r { sum += factor[i * r + k] * factor[j * r + k] }
          result[i * n + j] = sum
        }
      }
    }
    return result
  }

  /// Marginal standard deviations [n].
  package var standardDeviations: [Double] {
    let n = dimension
    return (0..<n).map { i in
      var sum = exp(2 * logScale[i])
      switch family {
      case .meanField: break
      case .fullRank: for j in 0..<i { sum += factor[i * (i - 1) / 2 + j] * factor[i * (i - 1) / 2 + j] }
      case .lowRank(let r): for k in 0..<r { sum += factor[i * r + k] * factor[i * r + k] }
      }
      return sum.squareRoot()
    }
  }

  /// L [n][n] row-major of a full-rank guide (of any other: diag(e^λ)).
  package var choleskyFactor: [Double] {
    let n = dimension
    var result = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      result[i * n + i] = exp(logScale[i])
      if family == .fullRank {
        for j in 0..<i { result[i * n + j] = factor[i * (i - 1) / 2 + j] }
      }
    }
    return result
  }

  /// ½ log det Σ.
  package var halfLogDeterminant: Double {
    let diagonal = logScale.reduce(0, +)
    guard rank > 0 else { return diagonal }
    return diagonal + LowRankSolver(self).halfLogDeterminant
  }

  /// Differential entropy n/2 (1 + log 2π) + ½ log det Σ, in nats.
  package var entropy: Double { Double(dimension) / 2 * (1 + log(2 * Double.pi)) + halfLogDeterminant }
}

/// The R × R system behind Σ = D² + V Vᵀ: with W = D⁻¹ V, M = I + Wᵀ W = C Cᵀ,
/// Σ⁻¹ = D⁻¹ (I − W M⁻¹ Wᵀ) D⁻¹ and det Σ = det D² det M (Woodbury).
struct LowRankSolver {
  let dimension: Int
  let rank: Int
  /// W [n][R].
  private(set) var whitened: [Double]
  /// C [R][R], lower.
  private(set) var capacitance: [Double]
  private(set) var halfLogDeterminant = 0.0

  init(_ guide: GaussianGuide) {
    dimension = guide.dimension
    rank = guide.rank
    let n = dimension
    let r = rank
    whitened = guide.factor
    for i in 0..<n {
      let inverse = exp(-guide.logScale[i])
      for k in 0..<r { whitened[i * r + k] *= inverse }
    }
    capacitance = [Double](repeating: 0, count: r * r)
    for a in 0..<r {
      for b in 0...a {
        var sum = a == b ? 1.0 : 0
        for i in 0..<n { sum += whitened[i * r + a] * whitened[i * r + b] }
        for k in 0..<b { sum -= capacitance[a * r + k] * capacitance[b * r + k] }
        // M ≥ I, so the pivot is at least one up to rounding.
        capacitance[a * r + b] = a == b ? max(sum, 1e-300).squareRoot() : sum / capacitance[b * r + b]
      }
      halfLogDeterminant += log(capacitance[a * r + a])
    }
  }

  /// M⁻¹ x in place, x [R], eight right-hand sides at once.
  func solve(_ x: inout [Vector8]) {
    for a in 0..<rank {
      for k in 0..<a { x[a] -= capacitance[a * rank + k] * x[k] }
      x[a] /= capacitance[a * rank + a]
    }
    for a in (0..<rank).reversed() {
      for k in (a + 1)..<max(rank, a + 1) { x[a] -= capacitance[k * rank + a] * x[k] }
      x[a] /= capacitance[a * rank + a]
    }
  }
}
