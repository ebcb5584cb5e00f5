import Foundation
import Kernels
import Modeling

/// Settings of ``runMAP(_:configuration:seed:threads:start:onProgress:)``.
package struct MAPConfiguration: Sendable, Codable {
  /// Random starts; the best mode is reported. One start where a starting point is given.
  package var starts = 4
  package var minimizer = LBFGSConfiguration()

  package init() {}
}

/// A maximum of a log density over unconstrained space.
///
/// The place of a maximum depends on the volume that the density is relative to. With the Jacobian (a compiled model as it stands) this is the
/// mode of the density of u; without it (`CompiledModel.withoutJacobian`, what `.map()` reports) that of the variables on their own scales.
package struct MAPResult: Sendable {
  package var location: [Double]
  /// log p there, in nats.
  package var logDensity: Double
  package var gradient: [Double]
  package var status: Status
  package var verdict: Verdict
  package var gradientEvaluations: Int
  package var iterations: Int
  /// Highest log density first: what each start found, with how it ended.
  package var modes: [(location: [Double], logDensity: Double, status: Status)]
}

/// Finds the highest maximum of log p(u) by L-BFGS from several random starts.
///
/// Starts are uniform in (−2, 2)ⁿ, addressed by `seed`, redrawn until the density is finite. `hessian` is that of ``runLaplace``, for the Newton
/// steps that finish what L-BFGS cannot. `onProgress` is called after each iteration with the start's number, the iteration and log p.
/// - Throws: ``InferenceError`` where no start is finite; what the density throws.
package func runMAP(
  _ density: any LogDensity, configuration: MAPConfiguration = MAPConfiguration(), seed: UInt64, threads: Int = 1, start: [Double]? = nil,
  hessian: (([Double]) throws -> [Double])? = nil,
  onProgress: @escaping @Sendable (_ start: Int, _ iteration: Int, _ logDensity: Double) -> Control = { _, _, _ in .proceed }
) throws -> MAPResult {
  let numbers = Array(0..<(start == nil ? max(configuration.starts, 1) : 1))
  let found = try Parallel.map(numbers, threads: threads) { number -> LBFGS.Result? in
    let block = try DensityBlock(density, activeLanes: 1)
    guard let first = start ?? VariationalStart.randomPoint(block, seed: seed, start: number) else { return nil }
    var minimizer = LBFGS(dimension: density.dimension, configuration: configuration.minimizer)
    var iteration = 0
    var result = minimizer.minimize(from: first, objective: VariationalStart.negativeLogDensity(block)) { _, _, f in
      iteration += 1
      return onProgress(number, iteration, -f) == .proceed
    }
    result.evaluations = block.evaluations
    return result
  }
  let ranked = found.compactMap { $0 }.filter { $0.status != .noFiniteStart }.sorted { a, b in
    if (a.status == .unbounded) != (b.status == .unbounded) { return b.status == .unbounded }
    return a.value < b.value
  }
  guard var best = ranked.first else { throw InferenceError(status: .noFiniteStart) }
  if best.status == .stepLimit || best.status == .lineSearchFailed, try isEscaping(density, at: best.point) { best.status = .unbounded }
  var newtonEvaluations = 0
  if best.status == .stepLimit || best.status == .lineSearchFailed, density.dimension <= VariationalStart.denseLimit {
    // Too ill-conditioned for L-BFGS, perhaps, but not for Newton's method.
    let block = try DensityBlock(density)
    var newton = NewtonPolish(block, hessian: hessian)
    if try newton.run(&best) != nil, newton.hasConverged { best.status = .converged }
    newtonEvaluations = block.evaluations
  }
  let isFunneled = ranked.contains { $0.status == .unbounded }
  var reasons = VerdictRules.mode(status: best.status, rival: try rival(of: best, among: ranked, density))
  if isFunneled, best.status != .unbounded {
    reasons.append(
      .init(
        code: "unbounded_start", severity: .caution,
        text: "One of \(numbers.count) starts ran away without bound: the reported mode may be local. " + Status.unbounded.text))
  }
  return MAPResult(
    location: best.point, logDensity: -best.value, gradient: best.gradient.map { -$0 }, status: best.status, verdict: Verdict(reasons),
    gradientEvaluations: found.reduce(newtonEvaluations) { $0 + ($1?.evaluations ?? 0) }, iterations: best.iterations,
    modes: ranked.map { ($0.point, -$0.value, $0.status) })
}

/// Whether log p has no curvature that could hold an unfinished search: −∇² log p is not positive definite there, or not finite.
private func isEscaping(_ density: any LogDensity, at point: [Double]) throws -> Bool {
  guard density.dimension <= VariationalStart.denseLimit else { return false }
  guard let hessian = Curvature.negativeHessian(try DensityBlock(density), at: point) else { return true }
  return Curvature.inverseFactor(hessian) == nil
}

/// The smallest difference in log density to a converged mode elsewhere, or nil.
///
/// A point from which log p does not fall on the way to the best (at the middle) is no mode of its own but a search that ended early.
private func rival(of best: LBFGS.Result, among all: [LBFGS.Result], _ density: any LogDensity) throws -> Double? {
  let block = try DensityBlock(density, activeLanes: 1)
  let others = all.filter { other in
    guard other.status == .converged, other.value - best.value > 1e-4 else { return false }
    for i in 0..<density.dimension { block.positions.base[i][0] = 0.5 * (other.point[i] + best.point[i]) }
    block.evaluate(active: 1)
    return !(block.values[0] >= -other.value)
  }
  return others.map { $0.value - best.value }.min()
}
