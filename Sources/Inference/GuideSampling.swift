import Foundation
import Kernels

/// Turns noise into draws of a Gaussian guide, eight at a time; parameters are read once, at construction or by `load`.
final class GuideSampler {
  let family: GuideFamily
  let dimension: Int
  let noiseDimension: Int
  private let location: Storage
  private let scale: Storage
  private let factor: Storage
  private var halfLogDeterminant = 0.0
  private var solver: LowRankSolver?

  init(_ guide: GaussianGuide) {
    family = guide.family
    dimension = guide.dimension
    noiseDimension = guide.noiseDimension
    location = Storage(guide.location)
    scale = Storage(guide.logScale.map { exp($0) })
    factor = Storage(guide.factor)
    if guide.rank > 0 { solver = LowRankSolver(guide) }
    halfLogDeterminant = guide.logScale.reduce(0, +) + (solver?.halfLogDeterminant ?? 0)
  }

  /// noise [noiseDimension][8] ↦ positions [n][8]: u = m + scale ∘ ε (+ the factor's part).
  func positions(noise: UnsafePointer<Vector8>, into positions: UnsafeMutablePointer<Vector8>) {
    let n = dimension
    switch family {
    case .meanField:
      for i in 0..<n {
        positions[i] = multiplyAdd(Vector8(repeating: scale.base[i]), noise[i], Vector8(repeating: location.base[i]))
      }
    case .fullRank:
      for i in 0..<n {
        var sum = Vector8(repeating: scale.base[i]) * noise[i]
        let row = factor.base + i * (i - 1) / 2
        for j in 0..<i { sum = multiplyAdd(Vector8(repeating: row[j]), noise[j], sum) }
        positions[i] = sum + location.base[i]
      }
    case .lowRank(let r):
      for i in 0..<n {
        var sum = Vector8(repeating: scale.base[i]) * noise[i]
        for k in 0..<r { sum = multiplyAdd(Vector8(repeating: factor.base[i * r + k]), noise[n + k], sum) }
        positions[i] = sum + location.base[i]
      }
    }
  }

  /// log q of the draws that this noise makes, one a lane, in nats.
  func logDensity(noise: UnsafePointer<Vector8>) -> Vector8 {
    let n = dimension
    var square = Vector8(repeating: 0)
    if let solver {
      // r = ε + W η is the whitened residual; rᵀr − (Wᵀr)ᵀ M⁻¹ (Wᵀr).
      let rank = solver.rank
      var projections = [Vector8](repeating: Vector8(repeating: 0), count: rank)
      for i in 0..<n {
        var residual = noise[i]
        for k in 0..<rank { residual = multiplyAdd(Vector8(repeating: solver.whitened[i * rank + k]), noise[n + k], residual) }
        square = multiplyAdd(residual, residual, square)
        for k in 0..<rank { projections[k] = multiplyAdd(Vector8(repeating: solver.whitened[i * rank + k]), residual, projections[k]) }
      }
      for a in 0..<rank {
        for k in 0..<a { projections[a] -= solver.capacitance[a * rank + k] * projections[k] }
        projections[a] /= solver.capacitance[a * rank + a]
        square -= projections[a] * projections[a]
      }
    } else {
      for i in 0..<n { square = multiplyAdd(noise[i], noise[i], square) }
    }
    return -0.5 * square - (halfLogDeterminant + Double(n) / 2 * log(2 * Double.pi))
  }

  /// gradients [n][8] −= ∇_u log q(u) = −Σ⁻¹(u − m), in the first `active` lanes.
  func subtractScore(noise: UnsafePointer<Vector8>, active: Int, from gradients: UnsafeMutablePointer<Vector8>) {
    let n = dimension
    var mask = Vector8(repeating: 0)
    for lane in 0..<active { mask[lane] = 1 }
    switch family {
    case .meanField:
      for i in 0..<n { gradients[i] += mask * noise[i] / scale.base[i] }
    case .fullRank:
      // Lᵀ x = ε from the last row up.
      var x = [Vector8](repeating: Vector8(repeating: 0), count: n)
      for i in 0..<n { x[i] = noise[i] }
      for i in (0..<n).reversed() {
        x[i] /= scale.base[i]
        let row = factor.base + i * (i - 1) / 2
        for j in 0..<i { x[j] -= row[j] * x[i] }
        gradients[i] += mask * x[i]
      }
    case .lowRank(let rank):
      guard let solver else { return }
      // D⁻¹ (r − W M⁻¹ Wᵀ r) with r = ε + W η.
      var residual = [Vector8](repeating: Vector8(repeating: 0), count: n)
      var projections = [Vector8](repeating: Vector8(repeating: 0), count: rank)
      for i in 0..<n {
        residual[i] = noise[i]
        for k in 0..<rank { residual[i] += solver.whitened[i * rank + k] * noise[n + k] }
        for k in 0..<rank { projections[k] += solver.whitened[i * rank + k] * residual[i] }
      }
      solver.solve(&projections)
      for i in 0..<n {
        for k in 0..<rank { residual[i] -= solver.whitened[i * rank + k] * projections[k] }
        gradients[i] += mask * residual[i] / scale.base[i]
      }
    }
  }

  /// gradient (m, λ, factor) += ∂H/∂(m, λ, factor) of the entropy H = ½ log det Σ + constant.
  func addEntropyGradient(_ gradient: inout [Double]) {
    let n = dimension
    guard let solver else {
      for i in 0..<n { gradient[n + i] += 1 }
      return
    }
    // With W = D⁻¹V: ∂H/∂W = W M⁻¹ in units of V/D, ∂H/∂λ_i = 1 − (W M⁻¹ Wᵀ)_ii.
    let rank = solver.rank
    for i in 0..<n {
      var row = (0..<rank).map { Vector8(repeating: solver.whitened[i * rank + $0]) }
      solver.solve(&row)
      gradient[n + i] += 1
      for k in 0..<rank {
        gradient[2 * n + i * rank + k] += row[k][0] / scale.base[i]
        gradient[n + i] -= row[k][0] * solver.whitened[i * rank + k]
      }
    }
  }
}
