import Foundation
import Kernels

/// Natural-gradient ascent of a full-rank guide u = m + L ε.
///
/// With g = Lᵀ ∇log p and r = g + ε, write the next guide as m + L b, L (I + A), A lower triangular. At (b, A) = 0 the Fisher information is 1
/// for b and for A below the diagonal and 2 on it (second order of KL(q′‖q)), so the natural gradient is b = E[r], A = tril E[r εᵀ] with
/// halved diagonal; the diagonal moves by exp(rate · A_ii). The step knows neither scales nor correlations of the posterior: in exact
/// arithmetic an affine change of u changes nothing. On a Gaussian posterior r vanishes at the optimum and the error shrinks by
/// 1 − rate a step. With closed-form entropy r εᵀ is g εᵀ + I.
/// Sources: Amari (1998) for the natural gradient; Roeder, Wu & Duvenaud (2017) for r.
final class FullRankAscent: NaturalAscent {
  let dimension: Int
  var parameterCount: Int { 2 * dimension + dimension * (dimension - 1) / 2 }
  var evaluations: Int {
    get { block.evaluations }
    set { block.evaluations = newValue }
  }
  /// m, λ, L.
  var memory: [PackedNumbers] {
    get { [location, logScale, lower].map { PackedNumbers($0.array) } }
    set { for (storage, packed) in zip([location, logScale, lower], newValue) { storage.fill(packed.values) } }
  }
  private let entropy: EntropyEstimator
  private let block: DensityBlock
  private let noise: GuideNoise
  private let location: Storage
  private let logScale: Storage
  /// L with its diagonal, packed rows: row i at i(i+1)/2.
  private let lower: Storage
  private let change: Storage
  private let slope: Storage
  private let whitened: LaneRows
  private let residualSums: LaneRows
  private let productSums: LaneRows

  init(_ block: DensityBlock, guide: GaussianGuide, noise: GuideNoise, entropy: EntropyEstimator) {
    let n = guide.dimension
    dimension = n
    self.block = block
    self.noise = noise
    self.entropy = entropy
    location = Storage(n)
    logScale = Storage(n)
    lower = Storage(n * (n + 1) / 2)
    change = Storage(n * (n + 1) / 2)
    slope = Storage(n)
    whitened = LaneRows(n)
    residualSums = LaneRows(n)
    productSums = LaneRows(n * (n + 1) / 2)
    load(guide)
  }

  func load(_ guide: GaussianGuide) {
    for i in 0..<dimension {
      location.base[i] = guide.location[i]
      logScale.base[i] = guide.logScale[i]
      for j in 0..<i { lower.base[i * (i + 1) / 2 + j] = guide.factor[i * (i - 1) / 2 + j] }
      lower.base[i * (i + 1) / 2 + i] = exp(guide.logScale[i])
    }
  }

  func add(to sums: UnsafeMutablePointer<Double>) {
    let n = dimension
    for i in 0..<n {
      sums[i] += location.base[i]
      sums[n + i] += logScale.base[i]
      for j in 0..<i { sums[2 * n + i * (i - 1) / 2 + j] += lower.base[i * (i + 1) / 2 + j] }
    }
  }

  func monitor(into values: UnsafeMutablePointer<Double>) {
    for i in 0..<dimension {
      values[i] = location.base[i]
      values[dimension + i] = logScale.base[i]
    }
  }

  /// Of m, the whitened coordinates stand for those of m: their fluctuations are of one size.
  func change(into values: UnsafeMutablePointer<Double>) {
    for i in 0..<dimension {
      values[i] = slope.base[i]
      values[dimension + i] = change.base[i * (i + 1) / 2 + i]
    }
  }

  func scales(into values: UnsafeMutablePointer<Double>) {
    for i in 0..<dimension {
      let row = lower.base + i * (i + 1) / 2
      var sum = 0.0
      for j in 0...i { sum += row[j] * row[j] }
      values[i] = sum.squareRoot()
    }
  }

  func refresh() {}

  func step(_ index: Int, rate: Double) -> AscentReport {
    let n = dimension
    let samples = noise.samples
    noise.fill(step: index)
    var report = AscentReport()
    var total = Vector8(repeating: 0)
    for b in 0..<noise.blocks {
      let rows = noise.rows.base + b * n
      total += evaluate(rows, active: min(8, samples - 8 * b))
      report.badSamples += block.badLanes
      accumulate(rows, first: b == 0)
    }
    var entropyPart = Double(n) / 2 * log(2 * Double.pi)
    for i in 0..<n { entropyPart += logScale.base[i] }
    report.elbo = laneSum(total) / Double(samples) + entropyPart
    report.movement = collect(count: Double(samples))
    move(rate: rate)
    return report
  }

  /// Positions, densities and the whitened gradients Lᵀ ∇log p of one block; returns log p + ½ εᵀε of each lane.
  private func evaluate(_ rows: UnsafePointer<Vector8>, active: Int) -> Vector8 {
    let n = dimension
    var square = Vector8(repeating: 0)
    for i in 0..<n {
      let row = lower.base + i * (i + 1) / 2
      var sum = Vector8(repeating: location.base[i])
      for j in 0...i { sum = multiplyAdd(Vector8(repeating: row[j]), rows[j], sum) }
      block.positions.base[i] = sum
      square = multiplyAdd(rows[i], rows[i], square)
    }
    block.evaluate(active: active)
    for j in 0..<n { whitened.base[j] = -2 * block.badMask * rows[j] }
    for i in 0..<n {
      let row = lower.base + i * (i + 1) / 2
      let h = block.gradients.base[i]
      for j in 0...i { whitened.base[j] = multiplyAdd(Vector8(repeating: row[j]), h, whitened.base[j]) }
    }
    return multiplyAdd(Vector8(repeating: 0.5), square, block.values)
  }

  private func accumulate(_ rows: UnsafePointer<Vector8>, first: Bool) {
    let landing: Double = entropy == .stickingTheLanding ? 1 : 0
    for i in 0..<dimension {
      let residual = multiplyAdd(Vector8(repeating: landing), rows[i], whitened.base[i])
      residualSums.base[i] = first ? residual : residualSums.base[i] + residual
      let sums = productSums.base + i * (i + 1) / 2
      if first {
        for j in 0...i { sums[j] = residual * rows[j] }
      } else {
        for j in 0...i { sums[j] = multiplyAdd(residual, rows[j], sums[j]) }
      }
    }
  }

  /// The natural gradient (b, A) from the sums; returns its largest element.
  private func collect(count: Double) -> Double {
    var largest = 0.0
    for i in 0..<dimension {
      slope.base[i] = laneSum(residualSums.base[i]) / count
      largest = max(largest, abs(slope.base[i]))
      for j in 0...i {
        var a = laneSum(productSums.base[i * (i + 1) / 2 + j]) / count
        if i == j { a = 0.5 * (entropy == .stickingTheLanding ? a : a + 1) }
        change.base[i * (i + 1) / 2 + j] = a
        largest = max(largest, abs(a))
      }
    }
    return largest
  }

  /// m += rate L b and L ← L (I + rate A), with ‖rate b‖ held within ½√n and ‖rate A‖ within 1 (Frobenius).
  private func move(rate: Double) {
    let n = dimension
    var slopeNorm = 0.0
    var changeNorm = 0.0
    for i in 0..<n { slopeNorm += slope.base[i] * slope.base[i] }
    for k in 0..<(n * (n + 1) / 2) { changeNorm += change.base[k] * change.base[k] }
    let meanRate = min(rate, 0.5 * Double(n).squareRoot() / max(slopeNorm.squareRoot(), 1e-300))
    let scaleRate = min(rate, 1 / max(changeNorm.squareRoot(), 1e-300))
    for i in 0..<n {
      let row = lower.base + i * (i + 1) / 2
      var shift = 0.0
      for j in 0...i { shift += row[j] * slope.base[j] }
      location.base[i] += meanRate * shift
      for j in 0..<i {
        var sum = 0.0
        for k in (j + 1)...i { sum += row[k] * change.base[k * (k + 1) / 2 + j] }
        row[j] = row[j] * exp(scaleRate * change.base[j * (j + 1) / 2 + j]) + scaleRate * sum
      }
      logScale.base[i] += scaleRate * change.base[i * (i + 1) / 2 + i]
      row[i] = exp(logScale.base[i])
    }
  }
}
