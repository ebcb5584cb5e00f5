import Foundation
import Kernels

/// What one step of ELBO ascent saw.
struct AscentReport {
  /// Mean over the step's samples of log p(u) − log q(u), in nats; −∞ where a sample is outside the support.
  var elbo = 0.0
  /// Largest element of the whitened natural gradient: guide standard deviations for means, logarithms for scales.
  var movement = 0.0
  /// Samples whose value or gradient was not finite.
  var badSamples = 0
}

/// One guide under natural-gradient ascent: the state, and one step of it.
protocol NaturalAscent: AnyObject {
  var dimension: Int { get }
  /// Length of the flat parameters (m, λ, factor) of ``GaussianGuide``.
  var parameterCount: Int { get }
  var evaluations: Int { get set }
  func step(_ index: Int, rate: Double) -> AscentReport
  /// sums [parameterCount] += the present parameters.
  func add(to sums: UnsafeMutablePointer<Double>)
  /// The present m and λ: values [2 n].
  func monitor(into values: UnsafeMutablePointer<Double>)
  /// The last step's natural gradient for m, in units of ``scales(into:)``, and for λ: values [2 n].
  func change(into values: UnsafeMutablePointer<Double>)
  /// Marginal standard deviations [n], the unit of errors in m.
  func scales(into values: UnsafeMutablePointer<Double>)
  func load(_ guide: GaussianGuide)
  /// Renews what is kept from earlier iterates (the mean-field preconditioner); called at a few fixed steps.
  func refresh()
  /// The state between two steps, in an order of its own.
  var memory: [PackedNumbers] { get set }
}

/// Natural-gradient ascent of a mean-field guide u = m + s ∘ ε.
///
/// In the coordinates of q the Fisher information of (m, log s) is (s⁻², 2), so with g = s ∘ ∇log p and the residual r = g + ε ("sticking
/// the landing") the steps are Δ log s = ½ E[r ∘ ε] and, for the mean, K E[∇log p], where K approximates the inverse of E_q[−∇² log p]
/// (the ELBO's curvature in m): without it correlations of 0.999 would make the mean crawl. With closed-form entropy r ∘ ε is g ∘ ε + 1.
final class MeanFieldAscent: NaturalAscent {
  let dimension: Int
  var parameterCount: Int { 2 * dimension }
  var evaluations: Int {
    get { block.evaluations }
    set { block.evaluations = newValue }
  }
  private let entropy: EntropyEstimator
  private let block: DensityBlock
  /// For curvatures: eight lanes.
  private let wide: DensityBlock
  private let noise: GuideNoise
  private let location: Storage
  private let logScale: Storage
  private let scale: Storage
  /// P, lower triangular [n][n] with K = P Pᵀ; nil for K = diag(s²).
  private var preconditioner: Storage?
  private let slopeSums: LaneRows
  private let productSums: LaneRows
  private let whitenedStep: Storage
  private let lastChange: Storage

  init(
    _ block: DensityBlock, wide: DensityBlock, guide: GaussianGuide, preconditioner: [Double]?, noise: GuideNoise,
    entropy: EntropyEstimator
  ) {
    dimension = guide.dimension
    self.block = block
    self.wide = wide
    self.noise = noise
    self.entropy = entropy
    self.preconditioner = preconditioner.map { Storage($0) }
    location = Storage(dimension)
    logScale = Storage(dimension)
    scale = Storage(dimension)
    slopeSums = LaneRows(dimension)
    productSums = LaneRows(dimension)
    whitenedStep = Storage(dimension)
    lastChange = Storage(2 * dimension)
    load(guide)
  }

  func load(_ guide: GaussianGuide) {
    for i in 0..<dimension {
      location.base[i] = guide.location[i]
      logScale.base[i] = guide.logScale[i]
      scale.base[i] = exp(guide.logScale[i])
    }
  }

  /// m, λ, and P where there is one.
  var memory: [PackedNumbers] {
    get { [location, logScale].map { PackedNumbers($0.array) } + (preconditioner.map { [PackedNumbers($0.array)] } ?? []) }
    set {
      location.fill(newValue[0].values)
      logScale.fill(newValue[1].values)
      for i in 0..<dimension { scale.base[i] = exp(logScale.base[i]) }
      if newValue.count > 2 { preconditioner = Storage(newValue[2].values) }
    }
  }

  /// K from −∇² log p averaged over eight draws of the present guide.
  func refresh() {
    guard preconditioner != nil else { return }
    let scales = scale.array
    let draws = GuideNoise(
      seed: 0, purpose: VariationalPurpose.search, start: 0, dimension: dimension, samples: 8, groupSize: 2)
    draws.fill(step: 1)
    let points = (0..<dimension).map { location.base[$0] + scale.base[$0] * draws.rows.base[$0] }
    guard let hessian = Curvature.meanNegativeHessian(wide, at: points, scales: scales) else { return }
    preconditioner = Storage(Curvature.nearestInverseFactor(hessian, fallback: scales))
  }

  func add(to sums: UnsafeMutablePointer<Double>) {
    for i in 0..<dimension {
      sums[i] += location.base[i]
      sums[dimension + i] += logScale.base[i]
    }
  }

  func monitor(into values: UnsafeMutablePointer<Double>) {
    for i in 0..<dimension {
      values[i] = location.base[i]
      values[dimension + i] = logScale.base[i]
    }
  }

  func change(into values: UnsafeMutablePointer<Double>) {
    for i in 0..<(2 * dimension) { values[i] = lastChange.base[i] }
  }

  func scales(into values: UnsafeMutablePointer<Double>) {
    for i in 0..<dimension { values[i] = scale.base[i] }
  }

  func step(_ index: Int, rate: Double) -> AscentReport {
    let n = dimension
    let samples = noise.samples
    noise.fill(step: index)
    var report = AscentReport()
    var total = Vector8(repeating: 0)
    for b in 0..<noise.blocks {
      let active = min(8, samples - 8 * b)
      let rows = noise.rows.base + b * n
      total += accumulate(rows, active: active, first: b == 0, bad: &report.badSamples)
    }
    let count = Double(samples)
    var entropyPart = Double(n) / 2 * log(2 * Double.pi)
    for i in 0..<n { entropyPart += logScale.base[i] }
    report.elbo = laneSum(total) / count + entropyPart
    report.movement = moveMean(rate: rate, count: count)
    for i in 0..<n {
      let product = laneSum(productSums.base[i]) / count
      let change = 0.5 * (entropy == .stickingTheLanding ? product : product + 1)
      lastChange.base[n + i] = change
      report.movement = max(report.movement, abs(change))
      logScale.base[i] += min(max(rate * change, -0.5), 0.5)
      scale.base[i] = exp(logScale.base[i])
    }
    return report
  }

  /// Evaluates one block and adds its sums; returns log p + ½ εᵀε of each lane.
  private func accumulate(_ rows: UnsafePointer<Vector8>, active: Int, first: Bool, bad: inout Int) -> Vector8 {
    let n = dimension
    let positions = block.positions.base
    for i in 0..<n {
      positions[i] = multiplyAdd(Vector8(repeating: scale.base[i]), rows[i], Vector8(repeating: location.base[i]))
    }
    block.evaluate(active: active)
    bad += block.badLanes
    let landing: Double = entropy == .stickingTheLanding ? 1 : 0
    var square = Vector8(repeating: 0)
    for i in 0..<n {
      let epsilon = rows[i]
      // A sample outside the support pulls inwards as a Gaussian of half the variance would.
      let g = multiplyAdd(Vector8(repeating: scale.base[i]), block.gradients.base[i], -2 * block.badMask * epsilon)
      let residual = multiplyAdd(Vector8(repeating: landing), epsilon, g)
      slopeSums.base[i] = first ? residual : slopeSums.base[i] + residual
      let product = residual * epsilon
      productSums.base[i] = first ? product : productSums.base[i] + product
      square = multiplyAdd(epsilon, epsilon, square)
    }
    return multiplyAdd(Vector8(repeating: 0.5), square, block.values)
  }

  /// m += rate · K E[∇log p], the step held within ½√n in the metric of K; returns the largest element in units of s.
  private func moveMean(rate: Double, count: Double) -> Double {
    let n = dimension
    let step = whitenedStep.base
    var decrement = 0.0
    var largest = 0.0
    if let p = preconditioner?.base {
      for j in 0..<n { step[j] = 0 }
      for i in 0..<n {
        let slope = laneSum(slopeSums.base[i]) / (count * scale.base[i])
        for j in 0...i { step[j] += p[i * n + j] * slope }
      }
      for j in 0..<n { decrement += step[j] * step[j] }
      let limited = rate * min(1, 0.5 * Double(n).squareRoot() / max(rate * decrement.squareRoot(), 1e-300))
      for i in 0..<n {
        var sum = 0.0
        for j in 0...i { sum += p[i * n + j] * step[j] }
        location.base[i] += limited * sum
        lastChange.base[i] = sum / scale.base[i]
        largest = max(largest, abs(lastChange.base[i]))
      }
    } else {
      for i in 0..<n {
        step[i] = laneSum(slopeSums.base[i]) / count
        decrement += step[i] * step[i]
        lastChange.base[i] = step[i]
        largest = max(largest, abs(step[i]))
      }
      let limited = rate * min(1, 0.5 * Double(n).squareRoot() / max(rate * decrement.squareRoot(), 1e-300))
      for i in 0..<n { location.base[i] += limited * scale.base[i] * step[i] }
    }
    return largest
  }
}
