import Foundation
import Kernels
import Modeling

/// Hamiltonian moves of particles, eight at a time, at a density between prior and posterior: prior(u) L(u)^β.
final class SMCMover {
  private enum Purpose {
    static let momentum: UInt32 = 0x534D_0002
    static let acceptance: UInt32 = 0x534D_0003
    static let length: UInt32 = 0x534D_0004
  }
  /// Above this dimension the metric is diagonal.
  private static let denseLimit = 50
  private static let longestTrajectory = 32

  let dimension: Int
  private(set) var hasLearnt = false
  private let seed: UInt64
  private let population: Int
  private let joint: DensityBlock
  private let prior: DensityBlock
  /// Lower triangular F with F Fᵀ the covariance of the particles, [row][column]; nil for diag(scales).
  private var factor: [Double]?
  private var scales: [Double]
  private let position, momentum, slope, whitened: LaneRows

  init(_ density: any LogDensity, _ prior: any LogDensity, seed: UInt64, population: Int) throws {
    dimension = density.dimension
    self.seed = seed
    self.population = population
    joint = try DensityBlock(density)
    self.prior = try DensityBlock(prior)
    scales = [Double](repeating: 1, count: dimension)
    (position, momentum) = (LaneRows(dimension), LaneRows(dimension))
    (slope, whitened) = (LaneRows(dimension), LaneRows(dimension))
  }

  /// log prior and log likelihood of points [point][dimension].
  func densities(_ points: [Double]) -> (prior: [Double], likelihood: [Double]) {
    let count = points.count / max(dimension, 1)
    var priors = [Double](repeating: 0, count: count)
    var likelihoods = priors
    for first in stride(from: 0, to: count, by: 8) {
      let active = min(8, count - first)
      load(points, first, active, into: position)
      let values = evaluate(active, temperature: 1)
      for lane in 0..<active { (priors[first + lane], likelihoods[first + lane]) = (values.prior[lane], values.likelihood[lane]) }
    }
    return (priors, likelihoods)
  }

  /// The metric of the particles.
  func learn(_ points: [Double]) {
    hasLearnt = true
    let n = dimension
    let count = points.count / max(n, 1)
    var mean = [Double](repeating: 0, count: n)
    for k in 0..<count { for i in 0..<n { mean[i] += points[k * n + i] / Double(count) } }
    let isDense = (2...Self.denseLimit).contains(n) && count > 4 * n
    var covariance = [Double](repeating: 0, count: n * n)
    for k in 0..<count {
      for i in 0..<n {
        let x = points[k * n + i] - mean[i]
        for j in (isDense ? 0 : i)...i { covariance[i * n + j] += x * (points[k * n + j] - mean[j]) / Double(count) }
      }
    }
    for i in 0..<n {
      if !(covariance[i * n + i] > 1e-200) { covariance[i * n + i] = 1 }
      scales[i] = covariance[i * n + i].squareRoot()
      for j in 0..<i { covariance[j * n + i] = covariance[i * n + j] }
      // A little towards the diagonal, so that few distinct particles make no singular matrix.
      covariance[i * n + i] *= 1.001
    }
    factor = isDense ? DenseCholesky.factor(covariance) : nil
  }

  /// One trajectory of every particle. The step size is in units of the metric; the number of steps makes about a quarter turn of a Gaussian, more or less by
  /// half of it, the same for all.
  func move(
    _ points: inout [Double], prior priors: inout [Double], likelihood likelihoods: inout [Double], temperature: Double, stepSize: Double,
    step: Int
  ) -> (acceptance: Double, evaluations: Int) {
    let n = dimension
    let count = priors.count
    var stream = RandomStream(at: RandomAddress(seed: seed, purpose: Purpose.length, chain: UInt32(population), step: UInt64(step)))
    let length = 0.5 * .pi * (0.5 + stream.nextUniform())
    let steps = min(max(Int((length / stepSize).rounded()), 1), Self.longestTrajectory)
    var chains = [UInt32](repeating: 0, count: 8)
    var uniforms = [Double](repeating: 0, count: 8)
    var accepted = 0.0
    for first in stride(from: 0, to: count, by: 8) {
      let active = min(8, count - first)
      for lane in 0..<8 { chains[lane] = UInt32(population) << 20 | UInt32(first + lane) }
      RandomFill.normals(
        count: n, lanes: 8, chains: chains, at: RandomAddress(seed: seed, purpose: Purpose.momentum, step: UInt64(step)), momentum.doubles)
      RandomFill.uniforms(
        count: 1, lanes: 8, chains: chains, at: RandomAddress(seed: seed, purpose: Purpose.acceptance, step: UInt64(step)), &uniforms)
      load(points, first, active, into: position)
      let begin = kinetic()
      var values = evaluate(active, temperature: temperature)
      for _ in 0..<steps {
        kick(0.5 * stepSize)
        drift(stepSize)
        values = evaluate(active, temperature: temperature)
        kick(0.5 * stepSize)
      }
      let end = kinetic()
      for lane in 0..<active {
        let k = first + lane
        let change =
          values.prior[lane] + temperature * values.likelihood[lane] - end[lane]
          - (priors[k] + (likelihoods[k].isFinite ? temperature * likelihoods[k] : -.infinity) - begin[lane])
        let probability = change.isNaN ? 0 : min(1, exp(change))
        accepted += probability
        guard uniforms[lane] < probability else { continue }
        (priors[k], likelihoods[k]) = (values.prior[lane], values.likelihood[lane])
        for i in 0..<n { points[k * n + i] = position.base[i][lane] }
      }
    }
    return (accepted / Double(count), count * (steps + 1))
  }

  // MARK: eight lanes

  private func load(_ points: [Double], _ first: Int, _ active: Int, into rows: LaneRows) {
    for lane in 0..<8 {
      let k = first + min(lane, active - 1)
      for i in 0..<dimension { rows.base[i][lane] = points[k * dimension + i] }
    }
  }

  /// log prior and log likelihood at `position` (−∞ where not finite); the gradient at the temperature goes to `slope`, whitened.
  private func evaluate(_ active: Int, temperature: Double) -> (prior: Vector8, likelihood: Vector8) {
    for i in 0..<dimension {
      joint.positions.base[i] = position.base[i]
      prior.positions.base[i] = position.base[i]
    }
    joint.evaluate(active: active)
    prior.evaluate(active: active)
    let share = Vector8(repeating: temperature)
    for i in 0..<dimension {
      slope.base[i] = multiplyAdd(share, joint.gradients.base[i] - prior.gradients.base[i], prior.gradients.base[i])
    }
    whiten()
    var likelihood = joint.values - prior.values
    for lane in 0..<8 where !likelihood[lane].isFinite { likelihood[lane] = -.infinity }
    return (prior.values, likelihood)
  }

  /// whitened ← Fᵀ slope.
  private func whiten() {
    let n = dimension
    guard let factor else {
      for i in 0..<n { whitened.base[i] = scales[i] * slope.base[i] }
      return
    }
    for j in 0..<n { whitened.base[j] = Vector8(repeating: 0) }
    for i in 0..<n {
      let h = slope.base[i]
      for j in 0...i { whitened.base[j] = multiplyAdd(Vector8(repeating: factor[i * n + j]), h, whitened.base[j]) }
    }
  }

  private func kick(_ size: Double) {
    let share = Vector8(repeating: size)
    for i in 0..<dimension { momentum.base[i] = multiplyAdd(share, whitened.base[i], momentum.base[i]) }
  }

  /// position += size · F momentum.
  private func drift(_ size: Double) {
    let n = dimension
    guard let factor else {
      for i in 0..<n { position.base[i] = multiplyAdd(Vector8(repeating: size * scales[i]), momentum.base[i], position.base[i]) }
      return
    }
    for i in 0..<n {
      var sum = Vector8(repeating: 0)
      for j in 0...i { sum = multiplyAdd(Vector8(repeating: factor[i * n + j]), momentum.base[j], sum) }
      position.base[i] = multiplyAdd(Vector8(repeating: size), sum, position.base[i])
    }
  }

  /// ½ r·r of every lane.
  private func kinetic() -> Vector8 {
    var sum = Vector8(repeating: 0)
    for i in 0..<dimension { sum = multiplyAdd(momentum.base[i], momentum.base[i], sum) }
    return 0.5 * sum
  }
}
