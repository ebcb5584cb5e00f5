import Foundation
import Kernels
import Modeling

/// Settings of ``runFixedDraws(_:configuration:draws:seed:threads:monitor:onProgress:)``.
package struct FixedDrawsConfiguration: Sendable, Codable, Equatable {
  /// Fixed draws of the noise: antithetic, with second moment I where they outnumber four times the dimension.
  package var fixedDraws = 1024
  package var newtonLimit = 50
  package var evaluationDraws = 4000

  package init() {}
}

/// The deterministic ELBO of a mean-field Gaussian over fixed draws, by Newton's method, with the covariance by linear response.
///
/// F(m, λ) = −(1/S) Σ log p(m + e^λ ∘ ε_s) − Σ λ. At its minimum the mean under a tilted posterior p(u) e^{tᵀu} moves by dm/dt = (H⁻¹)_mm t with H = ∇²F,
/// and the covariance is what that derivative is in exact inference: Σ = (H⁻¹)_mm (Giordano, Broderick & Jordan, JMLR 2018; Giordano, Ingram & Broderick,
/// JMLR 2024, arXiv:2304.05527). Mean-field standard deviations are conditional ones, too small where coordinates are correlated; Σ is exact for a
/// Gaussian posterior. H is made of Hessian–vector products of log p, n a draw. What is reported are draws of N(m, Σ), judged as any guide.
/// - Throws: ``InferenceError`` where no start is finite; ``FitError`` above 256 unknowns, since H is dense.
package func runFixedDraws(
  _ density: any LogDensity, configuration: FixedDrawsConfiguration, draws: Int, seed: UInt64, threads: Int = 1,
  monitor: (@Sendable ([Double]) -> [Double])? = nil,
  onProgress: @escaping @Sendable (VIProgress) -> Control = { _ in .proceed }
) throws -> ApproximationResult {
  let n = density.dimension
  guard n <= VariationalStart.denseLimit else {
    throw FitError([
      "Linear response needs a dense matrix over all unknowns: at most \(VariationalStart.denseLimit) of them, and this model has \(n)."
    ])
  }
  var settings = VIConfiguration(guide: .meanField)
  settings.stepLimit = 4000
  settings.evaluationDraws = 1000
  let fits = try StartFit.run([0, 1], density, settings, seed, threads, nil, onProgress)
  let best = StartFit.best(fits)
  let problem = try FixedDrawsProblem(density, configuration, seed: seed, start: best.start)
  let solution = problem.solve(from: best.outcome.guide, limit: configuration.newtonLimit)
  let block = try DensityBlock(density)
  var guide = solution.guide
  if let covariance = solution.covariance, let response = GaussianGuide(location: solution.guide.location, covariance: covariance) {
    guide = response
  }
  let own = guide.draws(
    max(configuration.evaluationDraws, 100), block: block, seed: seed, purpose: VariationalPurpose.evaluation, start: 0)
  let evaluation = GuideEvaluation(own, monitored: StartFit.columns(own, monitor))
  let fixed = solution.guide.draws(1000, block: block, seed: seed, purpose: VariationalPurpose.evaluation, start: 1)
  let status = best.outcome.status == .cancelled ? .cancelled : solution.status
  let agreement = StartAgreement(best: best, all: fits)
  let probe = try GuideProbe.run(density, own, seed: seed, threads: threads, isDoubted: evaluation.isDoubted, monitor: monitor)
  let rival = guide.nearestRival(block, bound: EvidenceBracket(own, evaluation).best, seed: seed)
  return ApproximationResult(
    evaluation: evaluation, bracket: EvidenceBracket(own, evaluation), probe: probe, trace: solution.trace, steps: solution.trace.count,
    gradientEvaluations: fits.reduce(0) { $0 + $1.evaluations } + problem.evaluations + block.evaluations + (probe?.evaluations ?? 0),
    status: status,
    verdict: Verdict(
      VerdictRules.variational(evaluation, status: status, agreement: agreement, probe: probe) + VerdictRules.uncovered(rival)),
    draws: guide.draws(draws, block: block, seed: seed, purpose: VariationalPurpose.draws, start: 0),
    gaussian: solution.covariance == nil ? nil : guide,
    details: [("mean_field_elbo", GuideEvaluation(fixed).elbo), ("fixed_draws", Double(problem.samples))])
}

extension GaussianGuide {
  /// A full-rank guide with this covariance [n][n]; nil where it is not positive definite.
  package init?(location: [Double], covariance: [Double]) {
    let n = location.count
    guard let lower = DenseCholesky.factor(covariance) else { return nil }
    self.init(family: .fullRank, location: location, logScale: (0..<n).map { log(lower[$0 * n + $0]) })
    for i in 0..<n {
      for j in 0..<i { factor[i * (i - 1) / 2 + j] = lower[i * n + j] }
    }
  }
}

/// F, its gradient and its Hessian in the coordinates (m/σ, λ) of the present guide.
final class FixedDrawsProblem {
  let samples: Int
  private let dimension: Int
  private let block: DensityBlock
  private let curvature: (any CurvatureEvaluator)?
  private let noise: GuideNoise
  private let directions, products: LaneRows
  private(set) var evaluations = 0

  struct Solution {
    var guide: GaussianGuide
    /// (H⁻¹)_mm [n][n]; nil where H is not positive definite.
    var covariance: [Double]?
    var status: Status
    /// (iteration, −F).
    var trace: [(step: Int, value: Double)]
  }

  init(_ density: any LogDensity, _ configuration: FixedDrawsConfiguration, seed: UInt64, start: Int) throws {
    dimension = density.dimension
    samples = GuideNoise.roundedUp(max(configuration.fixedDraws, 16))
    block = try DensityBlock(density)
    curvature = (density as? any CurvedLogDensity)?.makeCurvatureEvaluator()
    noise = SampleAverage.fixedNoise(seed: seed, start: start, dimension: density.dimension, samples: samples)
    directions = LaneRows(density.dimension)
    products = LaneRows(density.dimension)
  }

  private func place(_ b: Int, _ guide: GaussianGuide, _ sigma: [Double]) {
    let rows = noise.rows.base + b * dimension
    for i in 0..<dimension { block.positions.base[i] = guide.location[i] + sigma[i] * rows[i] }
  }

  /// F and its gradient [2n]; infinite where a draw has no density.
  private func slope(_ guide: GaussianGuide) -> (value: Double, gradient: [Double]) {
    let n = dimension
    let sigma = guide.logScale.map { exp($0) }
    var gradient = [Double](repeating: 0, count: 2 * n)
    var total = 0.0
    for b in 0..<noise.blocks {
      place(b, guide, sigma)
      block.evaluate(active: 8)
      if block.badLanes > 0 { return (.infinity, gradient) }
      total += laneSum(block.values)
      let rows = noise.rows.base + b * n
      for i in 0..<n {
        let g = sigma[i] * block.gradients.base[i]
        gradient[i] -= laneSum(g)
        gradient[n + i] -= laneSum(g * rows[i])
      }
    }
    evaluations += 8 * noise.blocks
    let count = Double(samples)
    for i in gradient.indices { gradient[i] = gradient[i] / count - (i < n ? 0 : 1) }
    return (-total / count - guide.logScale.reduce(0, +), gradient)
  }

  /// H [2n][2n], symmetrized; nil where a product is not finite.
  private func hessian(_ guide: GaussianGuide, gradient: [Double]) -> [Double]? {
    let n = dimension
    let sigma = guide.logScale.map { exp($0) }
    var h = [Double](repeating: 0, count: 4 * n * n)
    for b in 0..<noise.blocks {
      let rows = noise.rows.base + b * n
      for j in 0..<n {
        guard multiply(b, j, guide, sigma) else { return nil }
        // The direction for λ_j is that for m_j times ε_j, draw by draw.
        for i in 0..<n {
          let w = -sigma[i] * products.base[i]
          h[i * 2 * n + j] += laneSum(w)
          h[(n + i) * 2 * n + j] += laneSum(w * rows[i])
          h[i * 2 * n + n + j] += laneSum(w * rows[j])
          h[(n + i) * 2 * n + n + j] += laneSum(w * rows[i] * rows[j])
        }
      }
    }
    for k in h.indices { h[k] /= Double(samples) }
    // ∂²F/∂λ² has the slope itself on its diagonal: −E[g σ ε] = gradient + 1.
    for i in 0..<n { h[(n + i) * 2 * n + n + i] += gradient[n + i] + 1 }
    for i in 0..<(2 * n) {
      for j in 0..<i {
        let mean = 0.5 * (h[i * 2 * n + j] + h[j * 2 * n + i])
        (h[i * 2 * n + j], h[j * 2 * n + i]) = (mean, mean)
      }
    }
    return h.allSatisfy(\.isFinite) ? h : nil
  }

  /// products ← ∇² log p(u) σ_j e_j at the draws of a block; false where it is not finite.
  private func multiply(_ b: Int, _ j: Int, _ guide: GaussianGuide, _ sigma: [Double]) -> Bool {
    place(b, guide, sigma)
    if let curvature {
      for i in 0..<dimension { directions.base[i] = Vector8(repeating: i == j ? sigma[j] : 0) }
      curvature.evaluate(positions: block.positions.doubles, directions: directions.doubles, products: products.doubles)
      evaluations += 8
      return true
    }
    // Central differences of gradients, 10⁻⁴ sd apart.
    let step = 1e-4 * sigma[j]
    block.positions.base[j] += step
    block.evaluate(active: 8)
    guard block.badLanes == 0 else { return false }
    for i in 0..<dimension { products.base[i] = block.gradients.base[i] }
    place(b, guide, sigma)
    block.positions.base[j] -= step
    block.evaluate(active: 8)
    guard block.badLanes == 0 else { return false }
    for i in 0..<dimension { products.base[i] = (products.base[i] - block.gradients.base[i]) / 2e-4 }
    evaluations += 16
    return true
  }

  /// Newton's method with a ridge that grows until a step lowers F.
  func solve(from first: GaussianGuide, limit: Int) -> Solution {
    let n = dimension
    var guide = GaussianGuide(family: .meanField, location: first.location, logScale: first.logScale)
    var trace: [(step: Int, value: Double)] = []
    var (value, gradient) = slope(guide)
    guard value.isFinite else { return Solution(guide: guide, covariance: nil, status: .nonFinite, trace: trace) }
    var ridge = 0.0
    var status = Status.stepLimit
    for iteration in 0..<limit {
      trace.append((iteration + 1, -value))
      guard let h = hessian(guide, gradient: gradient) else {
        status = .nonFinite
        break
      }
      var moved = false
      for _ in 0..<12 {
        if let step = DenseCholesky.solve(h, ridge: ridge, gradient) {
          let decrement = 0.5 * dot(step, gradient)
          if decrement < 1e-12, ridge == 0 {
            status = .converged
            break
          }
          let trial = advanced(guide, step)
          let (next, slope) = slope(trial)
          if next <= value + 1e-12 * abs(value) {
            (guide, value, gradient, ridge, moved) = (trial, next, slope, ridge < 1e-3 ? 0 : 0.1 * ridge, true)
            break
          }
        }
        ridge = max(10 * ridge, 1e-2)
      }
      if !moved {
        if status != .converged { status = .lineSearchFailed }
        break
      }
    }
    guard let h = hessian(guide, gradient: gradient), let inverse = DenseCholesky.inverse(h) else {
      return Solution(guide: guide, covariance: nil, status: status == .nonFinite ? status : .notPositiveDefinite, trace: trace)
    }
    let sigma = guide.logScale.map { exp($0) }
    var covariance = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for j in 0..<n { covariance[i * n + j] = sigma[i] * sigma[j] * inverse[i * 2 * n + j] }
    }
    return Solution(guide: guide, covariance: covariance, status: status, trace: trace)
  }

  /// m − σ ∘ step_m and λ − step_λ, no log scale by more than two.
  private func advanced(_ guide: GaussianGuide, _ step: [Double]) -> GaussianGuide {
    var trial = guide
    for i in 0..<dimension {
      trial.location[i] -= exp(guide.logScale[i]) * step[i]
      trial.logScale[i] -= min(max(step[dimension + i], -2), 2)
    }
    return trial
  }
}
