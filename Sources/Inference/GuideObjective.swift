import Foundation
import Kernels
import Modeling

/// The ELBO of a native Gaussian guide as a function of its flat parameters (m, λ, factor), with reparameterized gradients.
///
/// Coordinates: m = m₀ + P z (P lower triangular, or diag(d₀)), λ = log d₀ + log(e^δ + c), and the factor in units of d₀ by rows, where (m₀, P, d₀) come
/// from the start; with P = I, m₀ = 0, d₀ = 1, c = 0 they are the parameters themselves. The value is the mean of log p − log q over the samples
/// (of log p plus the entropy where the noise is held fixed), an unbiased estimate of the ELBO in nats. Gradient: Kingma & Welling (2014); with closed-form entropy, its exact gradient is added; with
/// sticking the landing the score of q is left out (Roeder, Wu & Duvenaud 2017). Both are unbiased.
package final class GuideObjective: StochasticObjective {
  package let parameterCount: Int
  private let block: DensityBlock
  private let noise: GuideNoise
  private let entropy: EntropyEstimator
  private var guide: GaussianGuide
  private let anchor: Anchor
  /// Whether each step draws its noise anew; else it stays as it was handed over.
  private let refills: Bool

  /// The origin and units of the coordinates.
  struct Anchor {
    var location: [Double]
    var scales: [Double]
    /// P [n][n], or nil for diag(scales).
    var factor: [Double]?
    /// c ≥ 0 in e^λ = d₀ (e^δ + c): keeps the diagonal of a low-rank guide from vanishing, where its inverse loses all digits.
    var floor = 0.0
  }

  init(_ block: DensityBlock, family: GuideFamily, anchor: Anchor, noise: GuideNoise, entropy: EntropyEstimator, refills: Bool = true) {
    self.block = block
    self.noise = noise
    self.entropy = entropy
    self.anchor = anchor
    self.refills = refills
    guide = GaussianGuide(family: family, location: anchor.location, logScale: anchor.scales.map { log($0) })
    parameterCount = guide.parameterCount
  }

  /// In the plain parameters of the guide.
  package convenience init(
    _ density: any LogDensity, family: GuideFamily, samples: Int, entropy: EntropyEstimator, seed: UInt64
  ) throws {
    let n = density.dimension
    let rank: Int = if case .lowRank(let r) = family { r } else { 0 }
    let count = GuideNoise.roundedUp(samples)
    let noise = GuideNoise(
      seed: seed, purpose: VariationalPurpose.steps, start: 0, dimension: n + rank, samples: count, groupSize: min(count, 2))
    self.init(
      try DensityBlock(density, activeLanes: count), family: family,
      anchor: Anchor(location: [Double](repeating: 0, count: n), scales: [Double](repeating: 1, count: n)), noise: noise, entropy: entropy)
  }

  package var usage: DensityUsage {
    get { DensityUsage(evaluations: block.evaluations, sequence: block.sequence) }
    set { (block.evaluations, block.sequence) = (newValue.evaluations, newValue.sequence) }
  }

  /// The guide at these coordinates.
  package func guide(at parameters: [Double]) -> GaussianGuide {
    load(parameters)
    return guide
  }

  private func load(_ x: UnsafePointer<Double>) {
    let n = guide.dimension
    for i in 0..<n {
      if let p = anchor.factor {
        var sum = anchor.location[i]
        for j in 0...i { sum += p[i * n + j] * x[j] }
        guide.location[i] = sum
      } else {
        guide.location[i] = anchor.location[i] + anchor.scales[i] * x[i]
      }
      guide.logScale[i] = log(anchor.scales[i]) + (anchor.floor > 0 ? log(exp(x[n + i]) + anchor.floor) : x[n + i])
    }
    for k in guide.factor.indices { guide.factor[k] = anchor.scales[row(of: k)] * x[2 * n + k] }
  }

  private func row(of k: Int) -> Int {
    if guide.rank > 0 { return k / guide.rank }
    var i = Int((1 + Double(1 + 8 * k).squareRoot()) / 2)
    if i * (i - 1) / 2 > k { i -= 1 }
    return i
  }

  package func evaluate(
    parameters: UnsafePointer<Double>, step: Int, value: UnsafeMutablePointer<Double>, gradient: UnsafeMutablePointer<Double>
  ) {
    let n = guide.dimension
    load(parameters)
    let sampler = GuideSampler(guide)
    if refills { noise.fill(step: step) }
    var sums = [Double](repeating: 0, count: parameterCount)
    var total = Vector8(repeating: 0)
    for b in 0..<noise.blocks {
      let rows = noise.rows.base + b * noise.dimension
      let active = min(8, noise.samples - 8 * b)
      sampler.positions(noise: rows, into: block.positions.base)
      block.evaluate(active: active)
      total += block.values
      if refills {
        var logQ = sampler.logDensity(noise: rows)
        for lane in active..<8 { logQ[lane] = 0 }
        total -= logQ
      }
      if entropy == .stickingTheLanding { sampler.subtractScore(noise: rows, active: active, from: block.gradients.base) }
      accumulate(rows, into: &sums)
    }
    let count = Double(noise.samples)
    value.pointee = laneSum(total) / count + (refills ? 0 : guide.entropy)
    for k in sums.indices { sums[k] /= count }
    if entropy == .closedForm { sampler.addEntropyGradient(&sums) }
    write(sums, at: parameters, to: gradient, dimension: n)
  }

  /// Adds one block's ∂/∂(m, λ, factor) of Σ h·u.
  private func accumulate(_ rows: UnsafePointer<Vector8>, into sums: inout [Double]) {
    let n = guide.dimension
    let rank = guide.rank
    for i in 0..<n {
      let h = block.gradients.base[i]
      sums[i] += laneSum(h)
      sums[n + i] += exp(guide.logScale[i]) * laneSum(h * rows[i])
      switch guide.family {
      case .meanField: break
      case .fullRank: for j in 0..<i { sums[2 * n + i * (i - 1) / 2 + j] += laneSum(h * rows[j]) }
      case .lowRank: for k in 0..<rank { sums[2 * n + i * rank + k] += laneSum(h * rows[n + k]) }
      }
    }
  }

  /// From derivatives in guide parameters to derivatives in coordinates.
  private func write(_ sums: [Double], at x: UnsafePointer<Double>, to gradient: UnsafeMutablePointer<Double>, dimension n: Int) {
    for j in 0..<n {
      if let p = anchor.factor {
        var sum = 0.0
        for i in j..<n { sum += p[i * n + j] * sums[i] }
        gradient[j] = sum
      } else {
        gradient[j] = anchor.scales[j] * sums[j]
      }
      gradient[n + j] = sums[n + j] / (1 + anchor.floor * exp(-x[n + j]))
    }
    for k in guide.factor.indices { gradient[2 * n + k] = anchor.scales[row(of: k)] * sums[2 * n + k] }
  }
}
