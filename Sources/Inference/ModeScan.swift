import Foundation
import Kernels
import Modeling

/// Looks for modes that a fitted guide does not cover: none of its draws would ever show them.
///
/// L-BFGS searches start at m + r s ∘ ε, r = 3, 10, 30 in turn, with m and s the guide's means and sds, and where hot chains end: chains from m + s ∘ ε that move through p^β with
/// β = 1/4 and 1/16 (``ProbeChains``), for which barriers between modes are low, so that narrow modes which no search from far away runs into are found too. A mode u* counts as a rival if its own Laplace
/// evidence log p(u*) + (n/2) log 2π − ½ log det(−∇² log p) is at most five nats below what the guide's draws say of the evidence, and the guide gives it e⁻⁵ of the density or less that
/// it would have: log p(u*) − log q(u*) > bound + 5. Searches that run away or meet no finite density are passed over.
enum ModeScan {
  static let searches = 16
  /// Chains at each temperature, of which every second end begins a search.
  private static let hotChains = 64
  private static let coldnesses = [0.25, 0.0625]
  private static let hotIterations = 24

  /// The smallest difference between bound and a rival's evidence, in nats (negative where the rival has more); nil where there is no rival.
  static func nearestRival(
    _ block: DensityBlock, location: [Double], scales: [Double], bound: Double, seed: UInt64, logDensity: ([Double]) -> Double?
  ) -> Double? {
    let n = block.dimension
    guard bound.isFinite, n <= VariationalStart.denseLimit, location.allSatisfy(\.isFinite), scales.allSatisfy(\.isFinite) else {
      return nil
    }
    var settings = LBFGSConfiguration()
    settings.iterationLimit = 200
    var nearest: Double?
    var known: [[Double]] = []
    var starts = (0..<searches).map { start($0, radius: [3.0, 10, 30][$0 % 3], location, scales, seed) }
    starts += hotStarts(block, location: location, scales: scales, seed: seed)
    for start in starts {
      var minimizer = LBFGS(dimension: n, configuration: settings)
      let found = minimizer.minimize(from: start, objective: VariationalStart.negativeLogDensity(block))
      guard found.status == .converged else { continue }
      let isKnown = known.contains { other in (0..<n).allSatisfy { abs(other[$0] - found.point[$0]) < 0.1 * scales[$0] } }
      if isKnown { continue }
      known.append(found.point)
      // Draws within the guide's reach have been weighted already.
      guard let own = logDensity(found.point), -found.value - own > bound + 5,
        let hessian = Curvature.negativeHessian(block, at: found.point, scales: scales.map { 0.1 * $0 }),
        let factor = Curvature.inverseFactor(hessian)
      else { continue }
      let evidence = -found.value + Double(n) / 2 * log(2 * Double.pi) + (0..<n).reduce(0) { $0 + log(factor[$1 * n + $1]) }
      if bound - evidence < min(nearest ?? 5, 5) { nearest = bound - evidence }
    }
    return nearest
  }

  private static func start(_ number: Int, radius: Double, _ location: [Double], _ scales: [Double], _ seed: UInt64) -> [Double] {
    var stream = RandomStream(at: RandomAddress(seed: seed, purpose: VariationalPurpose.scan, chain: UInt32(number)))
    return location.indices.map { location[$0] + radius * scales[$0] * stream.nextNormal() }
  }

  /// Ends of hot chains.
  private static func hotStarts(_ block: DensityBlock, location: [Double], scales: [Double], seed: UInt64) -> [[Double]] {
    let n = location.count
    guard scales.allSatisfy({ $0 > 0 }) else { return [] }
    let coordinates = ProbeChains.Coordinates(location: location, scales: scales)
    return coldnesses.indices.flatMap { index -> [[Double]] in
      let first = index * hotChains
      let starts = (0..<hotChains).flatMap { start(searches + first + $0, radius: 1, location, scales, seed) }
      let ends = ProbeChains.hotEnds(
        block, coordinates, starts: starts, first: first, iterations: hotIterations, seed: seed ^ VariationalPurpose.hotSeed,
        coldness: coldnesses[index])
      return stride(from: 0, to: hotChains, by: 2).map { Array(ends[($0 * n)..<(($0 + 1) * n)]) }.filter { $0.allSatisfy(\.isFinite) }
    }
  }
}

extension GaussianGuide {
  /// u ↦ log q(u); nil above ``VariationalStart/denseLimit`` dimensions unless the guide is diagonal.
  var density: (([Double]) -> Double?) {
    let n = dimension
    let factor: [Double]? = family == .meanField ? nil : n <= VariationalStart.denseLimit ? DenseCholesky.factor(covariance) : nil
    let scales = standardDeviations
    let constant = halfLogDeterminant + Double(n) / 2 * log(2 * Double.pi)
    let isDiagonal = family == .meanField
    return { [location] u in
      let away = zip(u, location).map { $0 - $1 }
      if isDiagonal { return -0.5 * zip(away, scales).reduce(0) { $0 + $1.0 * $1.0 / ($1.1 * $1.1) } - constant }
      guard let factor else { return nil }
      let x = DenseCholesky.forward(factor, away)
      return -0.5 * dot(x, x) - constant
    }
  }

  /// The nearest rival of this guide; see ``ModeScan``.
  func nearestRival(_ block: DensityBlock, bound: Double, seed: UInt64) -> Double? {
    ModeScan.nearestRival(block, location: location, scales: standardDeviations, bound: bound, seed: seed, logDensity: density)
  }
}
