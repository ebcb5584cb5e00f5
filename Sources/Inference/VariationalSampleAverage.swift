import Foundation
import Kernels

/// ELBO ascent with the noise held fixed: L-BFGS on the sample average, first with few draws, then with many (Giordano, Ingram & Broderick,
/// JMLR 2024).
///
/// For low-rank guides, whose factor is known up to a rotation only, so that stochastic iterates never become stationary. The draws
/// are antithetic and, where they outnumber the noise dimensions, transformed to have exactly the identity as second moment; with the entropy
/// in closed form a Gaussian posterior inside the family is then found exactly. The error from the finite draws is about
/// sd/√draws times the distance from normality; fresh draws judge the result.
enum SampleAverage {
  static func run(
    _ block: DensityBlock, from start: VariationalStart, guide: GaussianGuide, configuration: VIConfiguration, seed: UInt64,
    start index: Int, report: @escaping (Int, Double, Int) -> Control
  ) -> AscentOutcome {
    let before = block.evaluations
    let climb = Climb(block, start, guide.family, seed: seed, index: index, iterationLimit: max(configuration.stepLimit / 20, 50))
    var point = ScaledAdam.firstCoordinates(start, guide)
    var trace: [(step: Int, elbo: Double)] = []
    var final = guide
    var status = Status.converged
    let largest = configuration.samplesPerStep.map { max(GuideNoise.roundedUp($0), 16) }
    for draws in largest.map({ [$0] }) ?? [128, 1024] {
      let top = climb.top(from: point, draws: draws) { value in
        trace.append((trace.count + 1, value))
        return report(trace.count, value, block.evaluations - before)
      }
      guard top.status != .noFiniteStart else {
        status = .nonFinite
        final = guide
        break
      }
      (point, final, status) = (top.point, top.guide, top.status)
      if status == .cancelled { break }
    }
    return AscentOutcome(
      guide: final, status: status, steps: trace.count, evaluations: 0, trace: trace, averagingError: .nan, iterateRHat: .nan)
  }

  /// Goes on from where stochastic steps ended before they settled, with the noise held fixed.
  ///
  /// Where log p falls exponentially in a coordinate (a standard deviation on the log scale), gradients have so heavy tails that averages of iterates
  /// settle slowly; the sample average of as many draws has an optimum all the same. It is sought where the draws are at least sixteen for each
  /// parameter; where it is not found, or lies at infinity, the outcome stays what it was.
  static func finish(
    _ block: DensityBlock, _ outcome: AscentOutcome, configuration: VIConfiguration, seed: UInt64, start index: Int,
    report: @escaping (Int, Double, Int) -> Control
  ) -> AscentOutcome {
    let draws = 4096
    let guide = outcome.guide
    let deviations = guide.standardDeviations
    guard outcome.status == .stepLimit, 16 * guide.parameterCount <= draws, deviations.allSatisfy({ $0 > 0 && $0.isFinite }) else {
      return outcome
    }
    let start = VariationalStart(
      location: guide.location, factor: guide.family == .fullRank ? guide.choleskyFactor : nil, scales: deviations, evaluations: 0)
    var result = outcome
    let before = block.evaluations
    let top = Climb(block, start, guide.family, seed: seed, index: index, iterationLimit: 200).top(
      from: ScaledAdam.firstCoordinates(start, guide), draws: draws
    ) { value in
      result.steps += 1
      result.trace.append((result.steps, value))
      return report(result.steps, value, outcome.evaluations + block.evaluations - before)
    }
    let isBounded = top.guide.parameters.allSatisfy { abs($0) < 1e12 } && top.guide.logScale.allSatisfy { abs($0) < 200 }
    guard top.status == .converged || top.status == .cancelled, isBounded else { return outcome }
    (result.guide, result.status) = (top.guide, top.status)
    return result
  }

  /// L-BFGS on the sample average of one start, in coordinates scaled by where it begins.
  private struct Climb {
    let block: DensityBlock
    let anchor: GuideObjective.Anchor
    let guide: GaussianGuide
    let seed: UInt64
    let index: Int
    let iterationLimit: Int

    init(_ block: DensityBlock, _ start: VariationalStart, _ family: GuideFamily, seed: UInt64, index: Int, iterationLimit: Int) {
      self.block = block
      guide = start.guide(family)
      anchor = ScaledAdam.anchor(start, guide)
      self.seed = seed
      self.index = index
      self.iterationLimit = iterationLimit
    }

    /// The best point for so many draws; each iterate's value goes to `report`.
    func top(from point: [Double], draws: Int, _ report: @escaping (Double) -> Control) -> (
      point: [Double], guide: GaussianGuide, status: Status
    ) {
      let noise = fixedNoise(seed: seed, start: index, dimension: guide.noiseDimension, samples: draws)
      let objective = GuideObjective(block, family: guide.family, anchor: anchor, noise: noise, entropy: .closedForm, refills: false)
      var settings = LBFGSConfiguration()
      settings.history = 20
      settings.iterationLimit = iterationLimit
      // A decrease of 10⁻⁷ nats is a distance of 0.0005 guide sd.
      settings.decreaseTolerance = 1e-10
      settings.stepBound = 1
      var minimizer = LBFGS(dimension: guide.parameterCount, configuration: settings)
      var value = 0.0
      let result = minimizer.minimize(from: point) { x, gradient in
        objective.evaluate(parameters: x, step: 0, value: &value, gradient: gradient)
        for k in 0..<objective.parameterCount { gradient[k] = -gradient[k] }
        return -value
      } onIterate: { _, _, f in
        report(-f) == .proceed
      }
      return (result.point, objective.guide(at: result.point), result.status)
    }
  }

  /// Antithetic draws; with second moment I where there are at least twice as many independent ones as dimensions.
  static func fixedNoise(seed: UInt64, start: Int, dimension n: Int, samples: Int) -> GuideNoise {
    let noise = GuideNoise(
      seed: seed, purpose: VariationalPurpose.steps, start: start, dimension: n, samples: samples, groupSize: 2)
    noise.fill(step: 0)
    guard samples >= 4 * n else { return noise }
    // M = (1/S) Σ ε εᵀ = C Cᵀ; ε ← C⁻¹ ε.
    var factor = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for j in 0...i {
        var sums = Vector8(repeating: 0)
        for b in 0..<noise.blocks { sums = multiplyAdd(noise.rows.base[b * n + i], noise.rows.base[b * n + j], sums) }
        var sum = laneSum(sums) / Double(samples)
        for k in 0..<j { sum -= factor[i * n + k] * factor[j * n + k] }
        factor[i * n + j] = i == j ? max(sum, 1e-12).squareRoot() : sum / factor[j * n + j]
      }
    }
    for b in 0..<noise.blocks {
      let rows = noise.rows.base + b * n
      for i in 0..<n {
        for k in 0..<i { rows[i] -= factor[i * n + k] * rows[k] }
        rows[i] /= factor[i * n + i]
      }
    }
    return noise
  }
}
