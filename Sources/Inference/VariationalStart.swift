import Foundation
import Kernels

/// Where an ascent begins: a location and a Gaussian shape found by a mode search.
///
/// L-BFGS climbs log p from a random point; every point of the path is judged by the ELBO of a mean-field Gaussian with the diagonal inverse
/// Hessian that the path itself suggests, as Pathfinder does (Zhang, Carpenter, Gelman & Vehtari, JMLR 2022), and the mode by that of the
/// Laplace approximation. The best ELBO wins, so that a density without a finite mode (a hierarchy's funnel) still gives a good start.
struct VariationalStart {
  var location: [Double]
  /// Lower Cholesky factor [n][n] of a covariance; nil above ``denseLimit`` dimensions, where only `scales` is known.
  var factor: [Double]?
  /// Conditional standard deviations [n].
  var scales: [Double]
  var evaluations: Int

  /// Up to this dimension dense Hessians are formed.
  static let denseLimit = 256

  /// A uniform point in (−2, 2)ⁿ with finite density and gradient, as Stan starts, drawing up to 100 and narrowing towards 0; nil if none.
  static func randomPoint(_ block: DensityBlock, seed: UInt64, start: Int) -> [Double]? {
    let n = block.dimension
    for attempt in 0..<100 {
      var stream = RandomStream(
        at: RandomAddress(seed: seed, purpose: VariationalPurpose.start, chain: UInt32(start), step: UInt64(attempt)))
      let radius = attempt < 50 ? 2.0 : 2.0 * Double(100 - attempt) / 50
      let point = (0..<n).map { _ in radius * (2 * stream.nextUniform() - 1) }
      if isFinite(block, at: point) { return point }
    }
    return nil
  }

  static func isFinite(_ block: DensityBlock, at point: [Double]) -> Bool {
    for i in 0..<block.dimension { block.positions.base[i][0] = point[i] }
    block.evaluate(active: 1)
    return block.badLanes == 0
  }

  /// −log p and its gradient through one lane of a block.
  static func negativeLogDensity(_ block: DensityBlock) -> Objective {
    { x, gradient in
      let n = block.dimension
      for i in 0..<n { block.positions.base[i][0] = x[i] }
      block.evaluate(active: 1)
      for i in 0..<n { gradient[i] = -block.gradients.base[i][0] }
      return block.badLanes == 0 ? -block.values[0] : .infinity
    }
  }

  static func search(_ block: DensityBlock, from first: [Double], seed: UInt64, start: Int) -> VariationalStart {
    let before = block.evaluations
    var path = SearchPath(first)
    var configuration = LBFGSConfiguration()
    configuration.iterationLimit = 200
    configuration.bound = 1e6
    var minimizer = LBFGS(dimension: block.dimension, configuration: configuration)
    let mode = minimizer.minimize(from: first, objective: negativeLogDensity(block)) { x, g, _ in
      path.extend(x, gradient: g)
      return true
    }
    path.extend(mode.point, gradient: mode.gradient)
    let judge = StartJudge(block, seed: seed, start: start)
    var best = VariationalStart(location: mode.point, factor: nil, scales: path.scales.last ?? [], evaluations: 0)
    var bestELBO = -Double.infinity
    for k in path.points.indices.reversed() {
      let elbo = judge.elbo(location: path.points[k], scales: path.scales[k])
      if elbo > bestELBO {
        bestELBO = elbo
        best.location = path.points[k]
        best.scales = path.scales[k]
      }
    }
    if block.dimension <= denseLimit {
      if let laplace = laplace(block, at: mode.point, scales: path.scales.last ?? best.scales),
        judge.elbo(location: laplace.location, factor: laplace.factor ?? []) >= bestELBO
      {
        best = laplace
      } else if let local = laplace(block, at: best.location, scales: best.scales),
        judge.elbo(location: local.location, factor: local.factor ?? []) >= bestELBO - 1
      {
        best = local
      }
    }
    best.evaluations = block.evaluations - before
    return best
  }

  private static func laplace(_ block: DensityBlock, at point: [Double], scales: [Double]) -> VariationalStart? {
    let n = block.dimension
    guard let hessian = Curvature.negativeHessian(block, at: point, scales: scales), let factor = Curvature.inverseFactor(hessian) else {
      return nil
    }
    let conditional = (0..<n).map { 1 / hessian[$0 * n + $0].squareRoot() }
    return VariationalStart(location: point, factor: factor, scales: conditional, evaluations: 0)
  }

  /// The starting guide of a family.
  func guide(_ family: GuideFamily) -> GaussianGuide {
    let n = location.count
    var guide = GaussianGuide(family: family, location: location, logScale: scales.map { log(max($0, 1e-150)) })
    if family == .fullRank, let factor {
      for i in 0..<n {
        guide.logScale[i] = log(factor[i * n + i])
        for j in 0..<i { guide.factor[i * (i - 1) / 2 + j] = factor[i * n + j] }
      }
    }
    return guide
  }
}

/// The path of a mode search with the diagonal inverse Hessian estimate at each point.
struct SearchPath {
  private(set) var points: [[Double]] = []
  /// Square roots of the diagonal inverse Hessian estimates.
  private(set) var scales: [[Double]] = []
  private var diagonal: [Double]
  private var lastGradient: [Double] = []

  init(_ first: [Double]) { diagonal = [Double](repeating: 1, count: first.count) }

  /// Adds a point; `gradient` is that of −log p. The diagonal follows Gilbert & Lemaréchal (1989), as in Pathfinder's algorithm 3.
  mutating func extend(_ point: [Double], gradient: [Double]) {
    if let last = points.last {
      var s = point
      var y = gradient
      for i in point.indices {
        s[i] -= last[i]
        y[i] -= lastGradient[i]
      }
      update(s, y)
    }
    points.append(point)
    scales.append(diagonal.map { $0.squareRoot() })
    lastGradient = gradient
  }

  private mutating func update(_ s: [Double], _ y: [Double]) {
    let b = dot(s, y)
    guard b > 1e-12 * dot(y, y) || b > 1e-10 * dot(s, s), b > 0 else { return }
    var a = 0.0
    var c = 0.0
    for i in s.indices {
      a += y[i] * y[i] * diagonal[i]
      c += s[i] * s[i] / diagonal[i]
    }
    guard a.isFinite, c.isFinite, c > 0 else { return }
    for i in s.indices {
      let inverse = a / (b * diagonal[i]) + y[i] * y[i] / b - a * s[i] * s[i] / (b * c * diagonal[i] * diagonal[i])
      if inverse > 0, inverse.isFinite { diagonal[i] = min(max(1 / inverse, 1e-24), 1e24) }
    }
  }
}

/// Compares Gaussians by their ELBO on sixteen antithetic draws, the same for all of them.
struct StartJudge {
  private let block: DensityBlock
  private let noise: GuideNoise

  init(_ block: DensityBlock, seed: UInt64, start: Int) {
    self.block = block
    noise = GuideNoise(
      seed: seed, purpose: VariationalPurpose.search, start: start, dimension: block.dimension, samples: 16, groupSize: 2)
    noise.fill(step: 0)
  }

  /// E log p + Σ log s, in nats up to a constant of the dimension; −∞ where a draw falls outside the support.
  func elbo(location: [Double], scales: [Double]) -> Double {
    let n = block.dimension
    return elbo(scales.reduce(0) { $0 + log($1) }) { rows in
      for i in 0..<n { block.positions.base[i] = location[i] + scales[i] * rows[i] }
    }
  }

  /// The same for a lower factor [n][n].
  func elbo(location: [Double], factor: [Double]) -> Double {
    let n = block.dimension
    return elbo((0..<n).reduce(0) { $0 + log(factor[$1 * n + $1]) }) { rows in
      for i in 0..<n {
        var sum = Vector8(repeating: location[i])
        for j in 0...i { sum += factor[i * n + j] * rows[j] }
        block.positions.base[i] = sum
      }
    }
  }

  private func elbo(_ halfLogDeterminant: Double, place: (UnsafePointer<Vector8>) -> Void) -> Double {
    var total = 0.0
    for b in 0..<2 {
      place(noise.rows.base + b * block.dimension)
      block.evaluate(active: 8)
      total += laneSum(block.values)
    }
    let value = total / 16 + halfLogDeterminant
    return value.isNaN ? -.infinity : value
  }
}
