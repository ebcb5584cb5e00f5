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
}
