import Foundation
import Kernels

/// Second derivatives of a log density by central differences of its gradient.
enum Curvature {
  /// −∇² log p at `point`, row-major [n][n], symmetrized.
  ///
  /// Column j is −(∇log p(u + h_j e_j) − ∇log p(u − h_j e_j)) / 2h_j with h_j = `relativeStep` · scale_j: the error is O(h²) of the third
  /// derivative plus rounding over h. Nil where a gradient is not finite.
  static func negativeHessian(
    _ block: DensityBlock, at point: [Double], scales: [Double], relativeStep: Double = 1e-4
  ) -> [Double]? {
    let n = block.dimension
    var result = [Double](repeating: 0, count: n * n)
    var first = 0
    while first < n {
      let count = min(4, n - first)
      for i in 0..<n { block.positions.base[i] = Vector8(repeating: point[i]) }
      var width = [Double](repeating: 0, count: count)
      for k in 0..<count {
        let j = first + k
        let step = relativeStep * max(scales[j], 1e-9 * abs(point[j]))
        block.positions.base[j][2 * k] = point[j] + step
        block.positions.base[j][2 * k + 1] = point[j] - step
        // The step actually taken, after rounding.
        width[k] = block.positions.base[j][2 * k] - block.positions.base[j][2 * k + 1]
      }
      block.evaluate(active: 2 * count)
      guard block.badLanes == 0 else { return nil }
      for k in 0..<count {
        for i in 0..<n {
          result[i * n + first + k] = (block.gradients.base[i][2 * k + 1] - block.gradients.base[i][2 * k]) / width[k]
        }
      }
      first += count
    }
    for i in 0..<n {
      for j in 0..<i {
        let mean = 0.5 * (result[i * n + j] + result[j * n + i])
        result[i * n + j] = mean
        result[j * n + i] = mean
      }
    }
    return result.allSatisfy(\.isFinite) ? result : nil
  }

  /// −∇² log p at `point` where nothing is known of the scales: steps of 10⁻⁶ first, then 10⁻⁴ conditional sd as the diagonal gives them.
  static func negativeHessian(_ block: DensityBlock, at point: [Double]) -> [Double]? {
    let n = block.dimension
    var scales = [Double](repeating: 1e-2, count: n)
    var best: [Double]?
    for _ in 0..<3 {
      guard let hessian = negativeHessian(block, at: point, scales: scales) else { return best }
      best = hessian
      for i in 0..<n { scales[i] = hessian[i * n + i] > 0 ? 1 / hessian[i * n + i].squareRoot() : 100 * scales[i] }
    }
    return best
  }

  /// The mean of −∇² log p over eight points, one a lane, row-major [n][n], symmetrized; nil where a gradient is not finite.
  static func meanNegativeHessian(_ block: DensityBlock, at points: [Vector8], scales: [Double]) -> [Double]? {
    let n = block.dimension
    var result = [Double](repeating: 0, count: n * n)
    let ahead = LaneRows(n)
    for j in 0..<n {
      let step = 1e-4 * scales[j]
      for i in 0..<n { block.positions.base[i] = points[i] }
      block.positions.base[j] += step
      block.evaluate(active: 8)
      guard block.badLanes == 0 else { return nil }
      for i in 0..<n { ahead.base[i] = block.gradients.base[i] }
      for i in 0..<n { block.positions.base[i] = points[i] }
      block.positions.base[j] -= step
      block.evaluate(active: 8)
      guard block.badLanes == 0 else { return nil }
      for i in 0..<n {
        let second = laneSum(block.gradients.base[i] - ahead.base[i]) / (16 * step)
        result[i * n + j] += 0.5 * second
        result[j * n + i] += 0.5 * second
      }
    }
    return result.allSatisfy(\.isFinite) ? result : nil
  }

  /// The lower Cholesky factor of the inverse of a symmetric H [n][n]; nil where H is not positive definite.
  ///
  /// H is scaled to a unit diagonal first, so that parameters of very different sizes lose no digits.
  static func inverseFactor(_ matrix: [Double]) -> [Double]? {
    let n = Int(Double(matrix.count).squareRoot())
    var scale = [Double](repeating: 0, count: n)
    for i in 0..<n {
      guard matrix[i * n + i] > 0, matrix[i * n + i].isFinite else { return nil }
      scale[i] = 1 / matrix[i * n + i].squareRoot()
    }
    // With J the reversal, J H J = C Cᵀ gives H = U Uᵀ for the upper U = J C J, and H⁻¹ = L Lᵀ with L = U⁻ᵀ, which is lower.
    var c = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for j in 0...i {
        let a = n - 1 - i
        let b = n - 1 - j
        var sum = matrix[a * n + b] * scale[a] * scale[b]
        for k in 0..<j { sum -= c[i * n + k] * c[j * n + k] }
        if i == j {
          guard sum > 1e-13 else { return nil }
          c[i * n + i] = sum.squareRoot()
        } else {
          c[i * n + j] = sum / c[j * n + j]
        }
      }
    }
    // X = C⁻¹ by forward substitution; L = (J X J)ᵀ.
    var lower = [Double](repeating: 0, count: n * n)
    for j in 0..<n {
      var column = [Double](repeating: 0, count: n)
      for i in j..<n {
        var sum = i == j ? 1.0 : 0
        for k in j..<i { sum -= c[i * n + k] * column[k] }
        column[i] = sum / c[i * n + i]
      }
      for i in j..<n {
        // X[i][j] ↦ (J X J)[n−1−i][n−1−j], transposed.
        lower[(n - 1 - j) * n + (n - 1 - i)] = column[i] * scale[n - 1 - j]
      }
    }
    return lower
  }

  /// A positive definite neighbour of −∇² log p: the off-diagonal part is shrunk, and a bad diagonal replaced by `fallback`⁻², until
  /// the Cholesky factor of the inverse exists.
  static func nearestInverseFactor(_ matrix: [Double], fallback: [Double]) -> [Double] {
    let n = fallback.count
    var trial = matrix
    for i in 0..<n where !(matrix[i * n + i] > 0 && matrix[i * n + i].isFinite) {
      for j in 0..<n {
        trial[i * n + j] = 0
        trial[j * n + i] = 0
      }
      trial[i * n + i] = 1 / (fallback[i] * fallback[i])
    }
    for shrink in [0, 0.05, 0.2, 0.5] {
      var candidate = trial
      for i in 0..<n {
        for j in 0..<n where i != j { candidate[i * n + j] *= 1 - shrink }
      }
      if let factor = inverseFactor(candidate) { return factor }
    }
    var factor = [Double](repeating: 0, count: n * n)
    for i in 0..<n { factor[i * n + i] = 1 / trial[i * n + i].squareRoot() }
    return factor
  }
}
