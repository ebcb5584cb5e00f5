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
    var point = ScaledAdam.firstCoordinates(start, guide)
    var trace: [(step: Int, elbo: Double)] = []
    var iterations = 0
    var status = Status.converged
    let before = block.evaluations
    var final = guide
    let largest = configuration.samplesPerStep.map { max(GuideNoise.roundedUp($0), 16) }
    for draws in largest.map({ [$0] }) ?? [128, 1024] {
      let noise = fixedNoise(seed: seed, start: index, dimension: guide.noiseDimension, samples: draws)
      let objective = GuideObjective(
        block, family: guide.family, anchor: ScaledAdam.anchor(start, guide), noise: noise, entropy: .closedForm, refills: false)
      var settings = LBFGSConfiguration()
      settings.history = 20
      settings.iterationLimit = max(configuration.stepLimit / 20, 50)
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
        iterations += 1
        trace.append((iterations, -f))
        return report(iterations, -f, block.evaluations - before) == .proceed
      }
      guard result.status != .noFiniteStart else { return ended(guide, .nonFinite, iterations, trace) }
      point = result.point
      final = objective.guide(at: point)
      status = result.status
      if status == .cancelled { break }
    }
    return ended(final, status, iterations, trace)
  }

  private static func ended(_ guide: GaussianGuide, _ status: Status, _ steps: Int, _ trace: [(step: Int, elbo: Double)]) -> AscentOutcome {
    AscentOutcome(guide: guide, status: status, steps: steps, evaluations: 0, trace: trace, averagingError: .nan, iterateRHat: .nan)
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
