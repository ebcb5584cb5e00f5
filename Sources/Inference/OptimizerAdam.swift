import Foundation
import Kernels

/// Adam (Kingma & Ba 2015) for maximization over a flat array, eight parameters at a time, without allocation.
///
/// m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², θ ← θ + rate · m̂ / (√v̂ + ε) with the bias-corrected m̂ and v̂.
/// An element of the gradient whose square is not finite counts as zero.
package final class Adam {
  package let count: Int
  private let blocks: Int
  private let first: LaneRows
  private let second: LaneRows
  private let beta1: Double
  private let beta2: Double
  private let epsilon: Double
  private var step = 0
  private var decay1 = 1.0
  private var decay2 = 1.0

  package init(count: Int, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8) {
    self.count = count
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    blocks = count / 8
    first = LaneRows(blocks + 1)
    second = LaneRows(blocks + 1)
  }

  package var memory: [Double] {
    get { [Double(step), decay1, decay2] + first.array + second.array }
    set {
      let steps = Int(exactly: newValue[0]) ?? 0
      step = steps.isCount ? steps : 0
      (decay1, decay2) = (newValue[1], newValue[2])
      first.fill(newValue[3..<(3 + 8 * first.count)])
      second.fill(newValue[(3 + 8 * first.count)...])
    }
  }

  /// One step up the gradient.
  package func ascend(_ parameters: UnsafeMutablePointer<Double>, gradient: UnsafePointer<Double>, rate: Double) {
    step += 1
    decay1 *= beta1
    decay2 *= beta2
    let scale = rate / (1 - decay1)
    let inverse2 = 1 / (1 - decay2)
    let raw = UnsafeMutableRawPointer(parameters)
    let slopes = UnsafeRawPointer(gradient)
    for b in 0..<blocks {
      let g = slopes.loadUnaligned(fromByteOffset: 64 * b, as: Vector8.self)
      let change = move(b, g, scale: scale, inverse2: inverse2)
      raw.storeBytes(of: raw.loadUnaligned(fromByteOffset: 64 * b, as: Vector8.self) + change, toByteOffset: 64 * b, as: Vector8.self)
    }
    let rest = count - 8 * blocks
    guard rest > 0 else { return }
    var g = Vector8(repeating: 0)
    for lane in 0..<rest { g[lane] = gradient[8 * blocks + lane] }
    let change = move(blocks, g, scale: scale, inverse2: inverse2)
    for lane in 0..<rest { parameters[8 * blocks + lane] += change[lane] }
  }

  @inline(__always)
  private func move(_ b: Int, _ gradient: Vector8, scale: Double, inverse2: Double) -> Vector8 {
    // x − x is zero exactly for finite x.
    let square = gradient * gradient
    let isBad = (square - square) .!= Vector8(repeating: 0)
    let g = gradient.replacing(with: Vector8(repeating: 0), where: isBad)
    let m = multiplyAdd(Vector8(repeating: beta1), first.base[b], (1 - beta1) * g)
    let v = multiplyAdd(
      Vector8(repeating: beta2), second.base[b], (1 - beta2) * square.replacing(with: Vector8(repeating: 0), where: isBad))
    first.base[b] = m
    second.base[b] = v
    let corrected = inverse2 * v
    return scale * m / multiplyAdd(corrected, Self.inverseRoot(corrected), Vector8(repeating: epsilon))
  }

  /// x^(−1/2) for x ≥ 0 to a few units in the last place, finite at 0: Newton steps from the classical guess by halving the exponent.
  ///
  /// The square root of the standard library becomes eight scalar roots, each with a branch to libm: nine times slower here.
  @inline(__always)
  private static func inverseRoot(_ x: Vector8) -> Vector8 {
    let bits = unsafeBitCast(x, to: SIMD8<UInt64>.self)
    var y = unsafeBitCast(SIMD8<UInt64>(repeating: 0x5FE6_EB50_C7B5_37A9) &- (bits &>> 1), to: Vector8.self)
    let half = 0.5 * x
    for _ in 0..<4 { y *= multiplyAdd(-(half * y), y, Vector8(repeating: 1.5)) }
    return y
  }
}
