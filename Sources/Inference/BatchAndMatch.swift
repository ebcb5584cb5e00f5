import Foundation
import Kernels
import Modeling

/// Settings of ``runBatchAndMatch(_:configuration:draws:seed:threads:monitor:onProgress:)``.
package struct BatchAndMatchConfiguration: Sendable, Codable, Equatable {
  /// Draws an iteration; nil for max(16, 2n) rounded up to a multiple of eight.
  package var batch: Int?
  package var iterationLimit = 2000
  /// The location (in sd) and the log scales change by less than this over a hundred iterations: done.
  package var tolerance = 0.02
  package var evaluationDraws = 4000

  package init() {}
}

/// Batch and match: a full-rank Gaussian by matching scores, without gradients of a bound and without step sizes.
///
/// With draws z of N(μ, Σ) and scores g = ∇log p(z), their means z̄, ḡ and covariances C, Γ, and λ = n B/(t + 1): U = λ Γ + λ/(1+λ) ḡ ḡᵀ,
/// V = Σ + λ C + λ/(1+λ) (μ − z̄)(μ − z̄)ᵀ; the new Σ is the positive definite solution of Σ U Σ + Σ = V, and μ ← (μ + λ (Σ ḡ + z̄))/(1 + λ): the proximal point
/// of the score-based divergence. With V = L Lᵀ and the eigenvalues d of Lᵀ U L, Σ = L Q diag(2/(1 + √(1 + 4d))) Qᵀ Lᵀ. A Gaussian posterior is found
/// exactly. Source: Cai, Modi, Pillaud-Vivien, Margossian, Gower, Blei & Saul (ICML 2024), arXiv:2402.14758.
/// - Throws: ``InferenceError`` where no start is finite; ``FitError`` above 256 unknowns, since matrices are dense.
package func runBatchAndMatch(
  _ density: any LogDensity, configuration: BatchAndMatchConfiguration = BatchAndMatchConfiguration(), draws: Int, seed: UInt64,
  threads: Int = 1, monitor: (@Sendable ([Double]) -> [Double])? = nil, onProgress: (VIProgress) -> Control = { _ in .proceed }
) throws -> ApproximationResult {
  let n = density.dimension
  guard n <= VariationalStart.denseLimit else {
    throw FitError(["Batch and match needs dense matrices: at most \(VariationalStart.denseLimit) unknowns, and this model has \(n)."])
  }
  let block = try DensityBlock(density)
  guard let first = VariationalStart.randomPoint(block, seed: seed, start: 0) else { throw InferenceError(status: .noFiniteStart) }
  var state = MatchState(VariationalStart.search(block, from: first, seed: seed, start: 0))
  let batch = (max(16, configuration.batch ?? 2 * n) + 7) / 8 * 8
  let noise = GuideNoise(
    seed: seed, purpose: VariationalPurpose.steps, start: 0, dimension: n, samples: batch > 8 ? (batch + 15) / 16 * 16 : batch, groupSize: 1
  )
  var status = Status.stepLimit
  var trace: [(step: Int, value: Double)] = []
  var average = MatchAverage(n)
  var last: MatchAverage?
  var steps = 0
  for step in 0..<configuration.iterationLimit {
    noise.fill(step: step)
    let scores = state.scores(block, noise)
    steps = step + 1
    if scores.usable >= 2 { state.update(scores, weight: Double(n * noise.samples) / Double(step + 1)) }
    average.add(state)
    guard steps % 100 == 0 else { continue }
    trace.append((steps, scores.elbo))
    let progress = VIProgress(
      start: 0, step: steps, stepLimit: configuration.iterationLimit, elbo: scores.elbo, gradientEvaluations: block.evaluations)
    if onProgress(progress) == .stop {
      status = .cancelled
      break
    }
    if let last, average.distance(to: last) < configuration.tolerance {
      status = .converged
      break
    }
    last = average
    average = MatchAverage(n)
  }
  guard let guide = state.guide else { throw InferenceError(status: .nonFinite) }
  let own = guide.draws(
    max(configuration.evaluationDraws, 100), block: block, seed: seed, purpose: VariationalPurpose.evaluation, start: 0)
  let evaluation = GuideEvaluation(own, monitored: StartFit.columns(own, monitor))
  let agreement = StartAgreement(starts: 1, matching: 0, nearestRival: nil)
  let probe = try GuideProbe.run(density, own, seed: seed, threads: threads, isDoubted: evaluation.isDoubted, monitor: monitor)
  let rival = guide.nearestRival(block, bound: EvidenceBracket(own, evaluation).best, seed: seed)
  return ApproximationResult(
    evaluation: evaluation, bracket: EvidenceBracket(own, evaluation), probe: probe, trace: trace, steps: steps,
    gradientEvaluations: block.evaluations + (probe?.evaluations ?? 0), status: status,
    verdict: Verdict(
      VerdictRules.variational(evaluation, status: status, agreement: agreement, probe: probe) + VerdictRules.uncovered(rival)),
    draws: guide.draws(draws, block: block, seed: seed, purpose: VariationalPurpose.draws, start: 0), gaussian: guide, details: [])
}

/// μ and Σ = L Lᵀ.
private struct MatchState {
  var location: [Double]
  /// Σ [n][n].
  var covariance: [Double]
  private var factor: [Double]

  init(_ start: VariationalStart) {
    let n = start.location.count
    location = start.location
    var lower = [Double](repeating: 0, count: n * n)
    for i in 0..<n { lower[i * n + i] = max(start.scales[i], 1e-150) }
    factor = start.factor ?? lower
    covariance = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for j in 0..<n { covariance[i * n + j] = (0...min(i, j)).reduce(0) { $0 + factor[i * n + $1] * factor[j * n + $1] } }
    }
  }

  var guide: GaussianGuide? { GaussianGuide(location: location, covariance: covariance) }

  struct Scores {
    var usable: Int
    var elbo: Double
    var points: [[Double]]
    var slopes: [[Double]]
  }

  func scores(_ block: DensityBlock, _ noise: GuideNoise) -> Scores {
    let n = location.count
    var result = Scores(usable: 0, elbo: 0, points: [], slopes: [])
    let constant = Double(n) / 2 * log(2 * Double.pi) + (0..<n).reduce(0) { $0 + log(factor[$1 * n + $1]) }
    for b in 0..<noise.blocks {
      let rows = noise.rows.base + b * n
      for i in 0..<n {
        var sum = Vector8(repeating: location[i])
        for j in 0...i { sum += factor[i * n + j] * rows[j] }
        block.positions.base[i] = sum
      }
      block.evaluate(active: 8)
      for lane in 0..<8 where block.badMask[lane] == 0 {
        result.usable += 1
        result.points.append((0..<n).map { block.positions.base[$0][lane] })
        result.slopes.append((0..<n).map { block.gradients.base[$0][lane] })
        result.elbo += block.values[lane] + constant + 0.5 * (0..<n).reduce(0) { $0 + rows[$1][lane] * rows[$1][lane] }
      }
    }
    result.elbo /= Double(max(result.usable, 1))
    return result
  }

  private static func moments(_ rows: [[Double]]) -> (mean: [Double], covariance: [Double]) {
    let n = rows[0].count
    let count = Double(rows.count)
    let mean = (0..<n).map { i in rows.reduce(0) { $0 + $1[i] } / count }
    var covariance = [Double](repeating: 0, count: n * n)
    for row in rows {
      for i in 0..<n {
        for j in 0...i { covariance[i * n + j] += (row[i] - mean[i]) * (row[j] - mean[j]) / count }
      }
    }
    for i in 0..<n {
      for j in 0..<i { covariance[j * n + i] = covariance[i * n + j] }
    }
    return (mean, covariance)
  }

  /// One proximal step; left out where it is not finite.
  mutating func update(_ scores: Scores, weight: Double) {
    let n = location.count
    let (z, c) = Self.moments(scores.points)
    let (g, gamma) = Self.moments(scores.slopes)
    let share = weight / (1 + weight)
    var u = [Double](repeating: 0, count: n * n)
    var v = u
    for i in 0..<n {
      for j in 0..<n {
        u[i * n + j] = weight * gamma[i * n + j] + share * g[i] * g[j]
        v[i * n + j] = covariance[i * n + j] + weight * c[i * n + j] + share * (location[i] - z[i]) * (location[j] - z[j])
      }
    }
    guard let lower = DenseCholesky.factor(v) else { return }
    // M = Lᵀ U L.
    let ul = Self.product(u, lower, n)
    var m = Self.product(Self.transposed(lower, n), ul, n)
    for i in 0..<n {
      for j in 0..<i { m[j * n + i] = m[i * n + j] }
    }
    let (values, vectors) = SymmetricEigen.decompose(m)
    var half = Self.product(lower, vectors, n)
    for k in 0..<n {
      let root = (2 / (1 + (1 + 4 * max(values[k], 0)).squareRoot())).squareRoot()
      for i in 0..<n { half[i * n + k] *= root }
    }
    let next = Self.product(half, Self.transposed(half, n), n)
    guard next.allSatisfy(\.isFinite), let nextFactor = DenseCholesky.factor(next) else { return }
    let moved = (0..<n).map { i in
      let jump = (0..<n).reduce(z[i]) { $0 + next[i * n + $1] * g[$1] }
      return (location[i] + weight * jump) / (1 + weight)
    }
    guard moved.allSatisfy(\.isFinite) else { return }
    (location, covariance, factor) = (moved, next, nextFactor)
  }

  private static func product(_ a: [Double], _ b: [Double], _ n: Int) -> [Double] {
    var c = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for k in 0..<n where a[i * n + k] != 0 {
        for j in 0..<n { c[i * n + j] += a[i * n + k] * b[k * n + j] }
      }
    }
    return c
  }

  private static func transposed(_ a: [Double], _ n: Int) -> [Double] { (0..<(n * n)).map { a[$0 % n * n + $0 / n] } }
}

/// Averages over a hundred iterations, which tell when nothing moves any more.
private struct MatchAverage {
  private var location: [Double]
  private var logScale: [Double]
  private var count = 0.0

  init(_ n: Int) {
    location = [Double](repeating: 0, count: n)
    logScale = location
  }

  mutating func add(_ state: MatchState) {
    let n = location.count
    count += 1
    for i in 0..<n {
      location[i] += (state.location[i] - location[i]) / count
      logScale[i] += (0.5 * log(state.covariance[i * n + i]) - logScale[i]) / count
    }
  }

  func distance(to other: MatchAverage) -> Double {
    var largest = 0.0
    for i in location.indices {
      largest = max(largest, abs(location[i] - other.location[i]) / exp(logScale[i]), abs(logScale[i] - other.logScale[i]))
    }
    return largest.isNaN ? .infinity : largest
  }
}
