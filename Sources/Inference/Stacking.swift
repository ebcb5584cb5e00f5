import Foundation
import Kernels

/// Weights of models from their pointwise log predictive densities.
package enum ModelWeights {
  /// Stacking of predictive distributions: the w on the simplex that maximizes Σ_i log Σ_k w_k exp(elpd_ik).
  ///
  /// Source: Yao, Vehtari, Simpson, Gelman, "Using stacking to average Bayesian predictive distributions", Bayesian Analysis 13 (2018). The objective is
  /// concave; Σ_i log(P w)_i − n Σ w + μ Σ log w is maximized by damped Newton steps for falling μ, where Σ w = 1 + Kμ/n at each maximum. At the
  /// end the objective is within nK·10⁻¹² of its maximum (nats).
  /// - Parameter elpd: [model][point], equally many points each.
  package static func stacking(_ elpd: [[Double]]) -> [Double] {
    let (k, n) = (elpd.count, elpd.first?.count ?? 0)
    guard k > 1, n > 0 else { return [Double](repeating: 1, count: k) }
    // Relative densities: the largest of a point is 1.
    let density = (0..<n).map { i -> [Double] in
      let top = elpd.map { $0[i] }.max() ?? 0
      return elpd.map { top.isFinite ? exp($0[i] - top) : 1 }
    }
    var weights = [Double](repeating: 1 / Double(k), count: k)
    var barrier = Double(n) / Double(k)
    while barrier > 1e-12 * Double(n) {
      for _ in 0..<100 {
        let (gradient, hessian) = derivatives(density, weights, barrier)
        guard let step = solve(hessian, gradient) else { break }
        let decrement = zip(step, gradient).reduce(0) { $0 + $1.0 * $1.1 }
        // The objective over min(μ, 1) is self-concordant, so that this step neither leaves the interior nor decreases it.
        let scaled = (max(decrement, 0) / min(barrier, 1)).squareRoot()
        let length = scaled < 0.25 ? 1 : 1 / (1 + scaled)
        weights = zip(weights, step).map { max($0 + length * $1, 1e-300) }
        if scaled < 1e-5 { break }
      }
      barrier /= 8
    }
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
  }

  /// The gradient, and the negative Hessian (positive definite), of Σ log(P w) − n Σ w + μ Σ log w.
  private static func derivatives(_ density: [[Double]], _ weights: [Double], _ barrier: Double) -> ([Double], [[Double]]) {
    let k = weights.count
    var gradient = weights.map { barrier / $0 - Double(density.count) }
    var hessian = (0..<k).map { a in (0..<k).map { a == $0 ? barrier / (weights[a] * weights[a]) : 0 } }
    for row in density {
      let mixed = zip(row, weights).reduce(0) { $0 + $1.0 * $1.1 }
      guard mixed > 0 else { continue }
      let share = row.map { $0 / mixed }
      for a in 0..<k {
        gradient[a] += share[a]
        for b in 0..<k { hessian[a][b] += share[a] * share[b] }
      }
    }
    return (gradient, hessian)
  }

  /// The solution of A x = b for a symmetric positive definite A by elimination of the rows scaled to a unit diagonal; nil where it is not.
  private static func solve(_ matrix: [[Double]], _ right: [Double]) -> [Double]? {
    let n = right.count
    let scale = (0..<n).map { 1 / matrix[$0][$0].squareRoot() }
    guard scale.allSatisfy(\.isFinite) else { return nil }
    var a = (0..<n).map { i in (0..<n).map { matrix[i][$0] * scale[i] * scale[$0] } }
    var b = (0..<n).map { right[$0] * scale[$0] }
    for i in 0..<n {
      guard a[i][i] > 0 else { return nil }
      for j in i + 1..<n {
        let factor = a[j][i] / a[i][i]
        for l in i..<n { a[j][l] -= factor * a[i][l] }
        b[j] -= factor * b[i]
      }
    }
    for i in (0..<n).reversed() {
      for l in i + 1..<n { b[i] -= a[i][l] * b[l] }
      b[i] /= a[i][i]
    }
    return (0..<n).map { b[$0] * scale[$0] }
  }

  /// Pseudo-BMA weights, w_k ∝ exp(elpd_k): no account of the uncertainty of elpd.
  package static func pseudoBMA(_ elpd: [[Double]]) -> [Double] { softmax(elpd.map { $0.reduce(0, +) }) }

  /// Pseudo-BMA+: the mean of w_k ∝ exp(Σ_i n v_i elpd_ik) over weights v of points that are uniform on the simplex (the Bayesian bootstrap of Rubin 1981).
  /// - Parameter replicates: of the bootstrap; the Monte Carlo error of a weight is at most 0.5/√replicates.
  package static func bootstrappedPseudoBMA(_ elpd: [[Double]], replicates: Int = 1000, seed: UInt64) -> [Double] {
    let (k, n) = (elpd.count, elpd.first?.count ?? 0)
    guard k > 0, n > 0, replicates > 0 else { return [Double](repeating: 1 / Double(max(k, 1)), count: k) }
    var sum = [Double](repeating: 0, count: k)
    for replicate in 0..<replicates {
      var stream = RandomStream(at: RandomAddress(seed: seed, purpose: 0x4242, step: UInt64(replicate)))
      let raw = (0..<n).map { _ in stream.nextExponential() }
      let total = raw.reduce(0, +)
      let scores = elpd.map { own in Double(n) * zip(raw, own).reduce(0) { $0 + $1.0 * $1.1 } / total }
      for (index, weight) in softmax(scores).enumerated() { sum[index] += weight }
    }
    return sum.map { $0 / Double(replicates) }
  }

  private static func softmax(_ scores: [Double]) -> [Double] {
    let total = logSumExp(scores)
    return scores.map { exp($0 - total) }
  }
}
