import Foundation
import Kernels

/// ELBO ascent by Adam in coordinates scaled by the start, for guides without cheap natural gradients and where Adam is asked for.
enum ScaledAdam {
  static func run(
    _ block: DensityBlock, from start: VariationalStart, guide: GaussianGuide, configuration: VIConfiguration, seed: UInt64,
    start index: Int, samples: Int, checkpoint: CheckpointPart? = nil, report: @escaping (Int, Double, Int) -> Control
  ) throws -> (AscentOutcome, evaluations: Int) {
    let noise = GuideNoise(
      seed: seed, purpose: VariationalPurpose.steps, start: index, dimension: guide.noiseDimension, samples: samples,
      groupSize: min(samples, 2))
    let objective = GuideObjective(
      block, family: guide.family,
      anchor: anchor(start, guide), noise: noise,
      entropy: configuration.entropy)
    var settings = StochasticConfiguration()
    settings.steps = configuration.steps
    settings.rate = configuration.learningRate ?? 0.05
    settings.stepLimit = configuration.stepLimit
    settings.roundSteps = 200
    settings.parameterTolerance = max(5 * configuration.tolerance, 1e-3)
    let before = block.evaluations
    let result = try runStochastic(objective, from: firstCoordinates(start, guide), configuration: settings, checkpoint: checkpoint) {
      report($0, $1, block.evaluations - before)
    }
    let final = objective.guide(at: result.parameters)
    let isBounded = final.parameters.allSatisfy { $0.isFinite && abs($0) < 1e12 } && final.logScale.allSatisfy { abs($0) < 200 }
    return (
      AscentOutcome(
        guide: isBounded ? final : guide, status: isBounded ? result.status : .unbounded, steps: result.steps,
        evaluations: block.evaluations, trace: result.trace.map { ($0.step, $0.value) }, averagingError: .nan,
        iterateRHat: result.iterateRHat), 0
    )
  }

  static func anchor(_ start: VariationalStart, _ guide: GaussianGuide) -> GuideObjective.Anchor {
    GuideObjective.Anchor(
      location: start.location, scales: start.scales.map { max($0, 1e-150) }, factor: start.factor, floor: guide.rank > 0 ? 0.0025 : 0)
  }

  /// Zero but for the factor: full-rank starts from the Laplace factor, low-rank from its leading directions.
  static func firstCoordinates(_ start: VariationalStart, _ guide: GaussianGuide) -> [Double] {
    let n = guide.dimension
    var first = [Double](repeating: 0, count: guide.parameterCount)
    guard let factor = start.factor else {
      // A zero V would be a saddle: its columns start small and different.
      for k in guide.factor.indices { first[2 * n + k] = 0.01 * cos(Double(3 * k + 1)) }
      return first
    }
    if guide.family == .fullRank {
      for i in 0..<n {
        first[n + i] = log(factor[i * n + i] / start.scales[i])
        for j in 0..<i { first[2 * n + i * (i - 1) / 2 + j] = factor[i * n + j] / start.scales[i] }
      }
    }
    if guide.rank > 0 {
      let directions = LeadingDirections.excess(of: factor, scales: start.scales, rank: guide.rank)
      for k in directions.indices { first[2 * n + k] = directions[k] }
    }
    return first
  }
}

/// The leading directions of D⁻¹ Σ D⁻¹ − I, for starting V of Σ ≈ D² + V Vᵀ.
enum LeadingDirections {
  /// V/D [n][rank], columns √max(λ_k − 1, 10⁻⁴) v_k of the eigenpairs of D⁻¹ L Lᵀ D⁻¹, by orthogonal iteration from fixed vectors.
  static func excess(of factor: [Double], scales: [Double], rank: Int) -> [Double] {
    let n = scales.count
    let r = min(rank, n)
    var basis = (0..<r).map { k in (0..<n).map { cos(Double((k + 1) * (2 * $0 + 1))) } }
    var values = [Double](repeating: 1, count: r)
    for _ in 0..<60 {
      for k in 0..<r {
        var v = product(factor, scales, basis[k])
        for other in 0..<k { addScaled(&v, -dot(v, basis[other]), basis[other]) }
        let norm = dot(v, v).squareRoot()
        values[k] = norm
        if norm > 0 { basis[k] = v.map { $0 / norm } }
      }
    }
    var result = [Double](repeating: 0, count: n * rank)
    for k in 0..<rank {
      for i in 0..<n {
        result[i * rank + k] = k < r ? max(values[k] - 1, 1e-4).squareRoot() * basis[k][i] : 0.01 * cos(Double(i + k))
      }
    }
    return result
  }

  private static func product(_ factor: [Double], _ scales: [Double], _ x: [Double]) -> [Double] {
    let n = scales.count
    var inner = [Double](repeating: 0, count: n)
    for i in 0..<n {
      for j in 0...i { inner[j] += factor[i * n + j] * x[i] / scales[i] }
    }
    return (0..<n).map { i in
      var sum = 0.0
      for j in 0...i { sum += factor[i * n + j] * inner[j] }
      return sum / scales[i]
    }
  }
}
