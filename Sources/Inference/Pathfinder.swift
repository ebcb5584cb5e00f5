import Foundation
import Kernels
import Modeling

/// Settings of ``runPathfinder(_:configuration:draws:seed:threads:onProgress:)``.
package struct PathfinderConfiguration: Sendable, Codable, Equatable {
  /// Paths, each from a start of its own.
  package var paths = 8
  /// Pairs of steps and gradient changes behind each inverse Hessian.
  package var history = 6
  package var iterationLimit = 1000
  /// Draws of each path's Gaussian that are weighted.
  package var drawsPerPath = 1000

  package init() {}
}

/// Multi-path Pathfinder: Gaussians along the paths of quasi-Newton searches, the best of each path, and draws resampled over all of them.
///
/// Every point of an L-BFGS path with inverse Hessian estimate H makes a Gaussian N(u + H ∇log p(u), H); the one with the highest ELBO (sixteen antithetic
/// draws) stands for its path. The draws of all paths together are weighted against the mixture of their Gaussians (three quarters) and the same of twice the width (a quarter), p / Σ wᵢ qᵢ (the balance heuristic
/// of Veach & Guibas 1995, in place of each path's own density), smoothed, and resampled. k̂ judges the mixture; resampled draws carry what
/// the weights correct. Source: Zhang, Carpenter, Gelman & Vehtari, Pathfinder (JMLR 2022), arXiv:2108.03782.
/// - Throws: ``InferenceError`` where no path has a finite start; what the density throws.
package func runPathfinder(
  _ density: any LogDensity, configuration: PathfinderConfiguration = PathfinderConfiguration(), draws: Int, seed: UInt64,
  threads: Int = 1, monitor: (@Sendable ([Double]) -> [Double])? = nil,
  onProgress: @escaping @Sendable (VIProgress) -> Control = { _ in .proceed }
) throws -> ApproximationResult {
  let found = try PathfinderPool(density, configuration, seed: seed, threads: threads, onProgress)
  let (paths, pool) = (found.paths, found.draws)
  let evaluation = GuideEvaluation(pool)
  let (centre, spread) = pool.moments
  let bracket = EvidenceBracket(pool, evaluation)
  let rival = ModeScan.nearestRival(
    try DensityBlock(density), location: centre, scales: spread, bound: bracket.best, seed: seed, logDensity: found.mixture.logDensity)
  let chosen = pool.resampled(max(draws, 4000), seed: seed)
  let probe = try GuideProbe.run(density, chosen, seed: seed, threads: threads, isDoubted: evaluation.isDoubted, monitor: monitor)
  let isCancelled = paths.contains { $0.status == .cancelled }
  let status: Status = isCancelled ? .cancelled : .converged
  return ApproximationResult(
    evaluation: evaluation, bracket: bracket, probe: probe, trace: found.usable.map { ($0.iterations, $0.elbo) },
    steps: paths.reduce(0) { $0 + $1.iterations },
    gradientEvaluations: paths.reduce(pool.count + (probe?.evaluations ?? 0)) { $0 + $1.evaluations }, status: status,
    verdict: Verdict(
      VerdictRules.resampled(evaluation, status: status, what: "Gaussians of Pathfinder", probe: probe) + VerdictRules.uncovered(rival)),
    draws: pool.resampled(draws, seed: seed), details: [("paths", Double(found.usable.count))])
}

/// The paths with their draws, weighted against the mixture of all.
private struct PathfinderPool {
  var paths: [PathfinderPath]
  var usable: [PathfinderPath]
  var mixture: GaussianMixture
  /// With log q of the mixture.
  var draws: GuideDraws

  init(
    _ density: any LogDensity, _ configuration: PathfinderConfiguration, seed: UInt64, threads: Int,
    _ onProgress: @escaping @Sendable (VIProgress) -> Control
  ) throws {
    paths = try Parallel.map(Array(0..<max(1, configuration.paths)), threads: threads) { number in
      try PathfinderPath(density, configuration, number: number, seed: seed, onProgress)
    }
    // A path whose ELBO is ten nats below the best has a share of e⁻¹⁰ at most: its draws would be wasted.
    let highest = paths.map(\.elbo).max() ?? 0
    usable = paths.filter { $0.guide != nil && $0.elbo > highest - 10 }
    let guides = usable.compactMap(\.guide)
    guard let first = guides.first else { throw InferenceError(status: .noFiniteStart) }
    // A quarter of the draws comes from Gaussians of twice the width: where the paths are too narrow, weights show it (Hesterberg 1995).
    let wide = guides.map(\.doubled)
    mixture = GaussianMixture(guides.map { ($0, 0.75) } + wide.map { ($0, 0.25) })
    draws = GuideDraws(dimension: first.dimension, count: 0, positions: [], logP: [], logQ: [])
    let share = max(4, configuration.drawsPerPath) / 4
    let jobs = guides.indices.map { (guides[$0], 3 * share, $0) } + guides.indices.map { (wide[$0], share, guides.count + $0) }
    let parts = try Parallel.map(jobs, threads: threads) { guide, count, index in
      let block = try DensityBlock(density)
      return guide.draws(count, block: block, seed: seed, purpose: VariationalPurpose.evaluation, start: index)
    }
    for part in parts { draws.append(part) }
    for k in 0..<draws.count { draws.logQ[k] = mixture.logDensity(Array(draws.draw(k))) }
  }
}

/// Where chains may begin.
enum PathfinderStarts {
  /// `count` different draws of multi-path Pathfinder, by their weights; the heaviest in turn where fewer have any weight.
  /// - Throws: ``InferenceError`` where no path has a finite start.
  static func draws(_ density: any LogDensity, count: Int, seed: UInt64, threads: Int) throws -> [[Double]] {
    let pool = try PathfinderPool(density, PathfinderConfiguration(), seed: seed, threads: threads) { _ in .proceed }.draws
    let resampled = pool.resampled(64 * count, seed: seed)
    var starts: [[Double]] = []
    for k in 0..<resampled.count where starts.count < count {
      let draw = Array(resampled.draw(k))
      if !starts.contains(draw) { starts.append(draw) }
    }
    let heaviest = (0..<pool.count).filter { pool.logP[$0].isFinite }.sorted {
      pool.logP[$0] - pool.logQ[$0] > pool.logP[$1] - pool.logQ[$1]
    }
    for k in heaviest where starts.count < count {
      let draw = Array(pool.draw(k))
      if !starts.contains(draw) { starts.append(draw) }
    }
    return starts
  }
}

/// One search and the Gaussian that stands for it.
private struct PathfinderPath: Sendable {
  var guide: GaussianGuide?
  var elbo = -Double.infinity
  var iterations = 0
  var evaluations = 0
  var status = Status.converged

  init(
    _ density: any LogDensity, _ configuration: PathfinderConfiguration, number: Int, seed: UInt64,
    _ onProgress: @escaping @Sendable (VIProgress) -> Control
  ) throws {
    let block = try DensityBlock(density)
    guard let start = VariationalStart.randomPoint(block, seed: seed, start: number) else {
      status = .noFiniteStart
      return
    }
    let judge = StartJudge(block, seed: seed, start: number)
    var settings = LBFGSConfiguration()
    settings.iterationLimit = configuration.iterationLimit
    settings.bound = 1e6
    var minimizer = LBFGS(dimension: block.dimension, configuration: settings)
    var estimate = InverseHessian(start, history: configuration.history)
    var best: (location: [Double], factor: [Double])?
    var (found, steps) = (elbo, 0)
    func consider(_ x: [Double], _ g: [Double]) {
      estimate.extend(x, gradient: g)
      guard estimate.pairs > 0, let (location, factor) = estimate.gaussian(), x.count <= InverseHessian.denseLimit else { return }
      let value = judge.elbo(location: location, factor: factor)
      if value > found { (found, best) = (value, (location, factor)) }
    }
    let end = minimizer.minimize(from: start, objective: VariationalStart.negativeLogDensity(block)) { x, g, _ in
      steps += 1
      consider(x, g)
      let progress = VIProgress(
        start: number, step: steps, stepLimit: configuration.iterationLimit, elbo: found, gradientEvaluations: block.evaluations)
      return onProgress(progress) == .proceed
    }
    consider(end.point, end.gradient)
    (elbo, iterations, evaluations, status) = (found, steps, block.evaluations, end.status)
    guard let best else { return }
    let n = block.dimension
    var gaussian = GaussianGuide(family: .fullRank, location: best.location, logScale: (0..<n).map { log(best.factor[$0 * n + $0]) })
    for i in 0..<n {
      for j in 0..<i { gaussian.factor[i * (i - 1) / 2 + j] = best.factor[i * n + j] }
    }
    guide = gaussian
  }
}

/// The inverse Hessian that a path of −log p suggests: a diagonal by Gilbert & Lemaréchal (1989) with the last pairs worked in by the BFGS formula.
private struct InverseHessian {
  /// Estimates are dense matrices: above so many unknowns there are none.
  static let denseLimit = 512

  private let history: Int
  private var path: SearchPath
  private var steps: [[Double]] = []
  private var changes: [[Double]] = []
  private var point: [Double]
  private var gradient: [Double] = []
  var pairs: Int { steps.count }

  init(_ start: [Double], history: Int) {
    self.history = max(1, history)
    path = SearchPath(start)
    point = start
  }

  mutating func extend(_ x: [Double], gradient g: [Double]) {
    path.extend(x, gradient: g)
    if !gradient.isEmpty {
      let s = zip(x, point).map { $0 - $1 }
      let y = zip(g, gradient).map { $0 - $1 }
      if dot(s, y) > 1e-12 * dot(y, y) {
        steps.append(s)
        changes.append(y)
        if steps.count > history {
          steps.removeFirst()
          changes.removeFirst()
        }
      }
    }
    (point, gradient) = (x, g)
  }

  /// u + H ∇log p(u) and the lower factor of H; nil where H is not positive definite to rounding.
  func gaussian() -> (location: [Double], factor: [Double])? {
    let n = point.count
    guard n <= Self.denseLimit, let scales = path.scales.last else { return nil }
    var h = [Double](repeating: 0, count: n * n)
    for i in 0..<n { h[i * n + i] = scales[i] * scales[i] }
    for (s, y) in zip(steps, changes) {
      // H ← H − ρ (s (Hy)ᵀ + (Hy) sᵀ) + ρ (1 + ρ yᵀHy) s sᵀ.
      let rho = 1 / dot(s, y)
      let product = (0..<n).map { i in (0..<n).reduce(0) { $0 + h[i * n + $1] * y[$1] } }
      let weight = rho * (1 + rho * dot(y, product))
      for i in 0..<n {
        for j in 0..<n { h[i * n + j] += weight * s[i] * s[j] - rho * (s[i] * product[j] + product[i] * s[j]) }
      }
    }
    guard h.allSatisfy(\.isFinite), let factor = DenseCholesky.factor(h) else { return nil }
    // The gradient is that of −log p.
    let location = (0..<n).map { i in point[i] - (0..<n).reduce(0) { $0 + h[i * n + $1] * gradient[$1] } }
    return (location, factor)
  }
}

extension GaussianGuide {
  /// The same location, and every standard deviation twice as large.
  fileprivate var doubled: GaussianGuide {
    var copy = self
    for i in copy.logScale.indices { copy.logScale[i] += log(2) }
    for k in copy.factor.indices { copy.factor[k] *= 2 }
    return copy
  }
}

/// Several Gaussians with weights, which are normalized.
private struct GaussianMixture {
  private let parts: [(location: [Double], factor: [Double], constant: Double)]

  init(_ guides: [(guide: GaussianGuide, weight: Double)]) {
    let total = guides.reduce(0) { $0 + $1.weight }
    parts = guides.map { guide, weight in
      let constant = guide.halfLogDeterminant + Double(guide.dimension) / 2 * log(2 * Double.pi)
      return (guide.location, guide.choleskyFactor, constant - log(weight / total))
    }
  }

  func logDensity(_ u: [Double]) -> Double {
    let each = parts.map { part -> Double in
      let x = DenseCholesky.forward(part.factor, zip(u, part.location).map { $0 - $1 })
      return -0.5 * dot(x, x) - part.constant
    }
    let largest = each.max() ?? 0
    return largest + log(each.reduce(0) { $0 + exp($1 - largest) })
  }
}
