import Foundation
import Kernels
import Modeling

/// Settings of ``runSVGD(_:configuration:seed:onProgress:)``.
package struct SVGDConfiguration: Sendable, Codable, Equatable {
  /// A multiple of eight.
  package var particles = 128
  package var steps: Int?
  package var stepLimit = 2000
  package var rate = 0.1
  /// Done when no particle moves by more than this, in units of the particles' spread, in a step.
  package var tolerance = 1e-3

  package init() {}
}

/// Stein variational gradient descent: particles that climb log p and repel each other.
///
/// φ(uᵢ) = (1/N) Σⱼ [k(uⱼ, uᵢ) ∇log p(uⱼ) + ∇_{uⱼ} k(uⱼ, uᵢ)], k(u, v) = exp(−‖(u − v)/s‖²/h), h by the median rule, s the spread of each coordinate at the start;
/// steps by Adagrad. Source: Liu & Wang (2016), arXiv:1608.04471. The particles have no density, so nothing here can say how good they are: the verdict is
/// at best caution. In many dimensions N particles are too narrow (Zhuo et al. 2018; Ba et al. 2021).
/// - Throws: ``InferenceError`` where no start is finite; what the density throws.
package func runSVGD(
  _ density: any LogDensity, configuration: SVGDConfiguration = SVGDConfiguration(), seed: UInt64,
  threads: Int = 1, monitor: (@Sendable ([Double]) -> [Double])? = nil, onProgress: (VIProgress) -> Control = { _ in .proceed }
) throws -> ApproximationResult {
  let n = density.dimension
  let block = try DensityBlock(density)
  guard let first = VariationalStart.randomPoint(block, seed: seed, start: 0) else { throw InferenceError(status: .noFiniteStart) }
  let start = VariationalStart.search(block, from: first, seed: seed, start: 0).guide(.meanField)
  let count = (max(8, configuration.particles) + 7) / 8 * 8
  let swarm = start.draws(count, block: block, seed: seed, purpose: VariationalPurpose.steps, start: 0)
  var particles = SteinParticles(swarm, scales: start.standardDeviations)
  var status = configuration.steps == nil ? Status.stepLimit : .stepsDone
  var steps = 0
  var trace: [(step: Int, value: Double)] = []
  for step in 0..<(configuration.steps ?? configuration.stepLimit) {
    let moved = particles.move(block, rate: configuration.rate)
    steps = step + 1
    if steps % 64 == 0 {
      trace.append((steps, particles.meanLogDensity))
      let progress = VIProgress(
        start: 0, step: steps, stepLimit: configuration.stepLimit, elbo: particles.meanLogDensity, gradientEvaluations: block.evaluations)
      if onProgress(progress) == .stop {
        status = .cancelled
        break
      }
    }
    if configuration.steps == nil, moved < configuration.tolerance {
      status = .converged
      break
    }
  }
  let draws = GuideDraws(
    dimension: n, count: count, positions: particles.positions, logP: particles.logP, logQ: [Double](repeating: .nan, count: count))
  let probe = try GuideProbe.run(density, draws, seed: seed, threads: threads, isDoubted: true, monitor: monitor)
  // The Gaussian with the particles' moments stands for them where modes are looked for.
  let gaussian = ProbeChains.Coordinates(draws).map { coordinates in
    var guide = GaussianGuide(family: .fullRank, location: coordinates.location, logScale: coordinates.scales.map { log($0) })
    if let factor = coordinates.factor {
      for i in 0..<n {
        guide.logScale[i] = log(factor[i * n + i])
        for j in 0..<i { guide.factor[i * (i - 1) / 2 + j] = factor[i * n + j] }
      }
    }
    return guide
  }
  let rival = gaussian.flatMap { guide -> Double? in
    let own = guide.draws(1000, block: block, seed: seed, purpose: VariationalPurpose.evaluation, start: 0)
    return guide.nearestRival(block, bound: EvidenceBracket(own, GuideEvaluation(own)).best, seed: seed)
  }
  return ApproximationResult(
    evaluation: nil, bracket: nil, probe: probe, trace: trace, steps: steps,
    gradientEvaluations: block.evaluations + (probe?.evaluations ?? 0), status: status,
    verdict: Verdict(VerdictRules.particles(status: status, probe: probe) + VerdictRules.uncovered(rival)),
    draws: draws,
    details: [("svgd_particles", Double(count))])
}

/// The particles in units of the start's spread.
private struct SteinParticles {
  private let dimension, count: Int
  private let scales: [Double]
  /// [particle][n], divided by the scales.
  private var points: [Double]
  private var slopes: [Double]
  private var squares: [Double]
  private(set) var logP: [Double]

  init(_ draws: GuideDraws, scales: [Double]) {
    (dimension, count, self.scales) = (draws.dimension, draws.count, scales)
    points = draws.positions.enumerated().map { $1 / scales[$0 % draws.dimension] }
    slopes = [Double](repeating: 0, count: points.count)
    squares = slopes
    logP = draws.logP
  }

  var positions: [Double] { points.enumerated().map { $1 * scales[$0 % dimension] } }

  var meanLogDensity: Double {
    let finite = logP.filter(\.isFinite)
    return finite.reduce(0, +) / Double(max(finite.count, 1))
  }

  private mutating func evaluate(_ block: DensityBlock) {
    for first in stride(from: 0, to: count, by: 8) {
      for i in 0..<dimension {
        for lane in 0..<8 { block.positions.base[i][lane] = points[(first + lane) * dimension + i] * scales[i] }
      }
      block.evaluate(active: 8)
      for lane in 0..<8 {
        logP[first + lane] = block.values[lane]
        for i in 0..<dimension { slopes[(first + lane) * dimension + i] = block.gradients.base[i][lane] * scales[i] }
      }
    }
  }

  private func squaredDistance(_ a: Int, _ b: Int) -> Double {
    var sum = 0.0
    for i in 0..<dimension {
      let d = points[a * dimension + i] - points[b * dimension + i]
      sum += d * d
    }
    return sum
  }

  /// One step; returns the largest move of a coordinate.
  mutating func move(_ block: DensityBlock, rate: Double) -> Double {
    evaluate(block)
    var distances = [Double](repeating: 0, count: count * count)
    var upper: [Double] = []
    upper.reserveCapacity(count * (count - 1) / 2)
    for a in 0..<count {
      for b in 0..<a {
        let d = squaredDistance(a, b)
        (distances[a * count + b], distances[b * count + a]) = (d, d)
        upper.append(d)
      }
    }
    upper.sort()
    let bandwidth = max(upper[upper.count / 2] / log(Double(count) + 1), 1e-12)
    var largest = 0.0
    var next = points
    for a in 0..<count {
      var direction = [Double](repeating: 0, count: dimension)
      for b in 0..<count {
        let kernel = exp(-distances[a * count + b] / bandwidth)
        if kernel < 1e-12 { continue }
        for i in 0..<dimension {
          let away = points[a * dimension + i] - points[b * dimension + i]
          direction[i] += kernel * (slopes[b * dimension + i] + 2 * away / bandwidth)
        }
      }
      for i in 0..<dimension {
        let phi = direction[i] / Double(count)
        squares[a * dimension + i] += phi * phi
        let step = rate * phi / (squares[a * dimension + i].squareRoot() + 1e-10)
        next[a * dimension + i] += step
        largest = max(largest, abs(step))
      }
    }
    points = next
    return largest
  }
}
