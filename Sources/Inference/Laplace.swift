import Foundation
import Kernels
import Modeling

/// The Gaussian with the mode and the curvature of log p(u) there.
package struct LaplaceResult: Sendable {
  package var mode: MAPResult
  /// N(mode, (−∇² log p)⁻¹) as a full-rank guide; nil where the Hessian is not negative definite.
  package var guide: GaussianGuide?
  /// −∇² log p at the mode, row-major [n][n]; empty where it could not be computed.
  package var precision: [Double]
  /// log ∫ exp(log p) by the Gaussian: log p(mode) + n/2 log 2π + ½ log det Σ, in nats; NaN without a guide.
  package var logEvidence: Double
  /// Fresh draws from the Gaussian against the density; nil without a guide.
  package var evaluation: GuideEvaluation?
  /// What short chains from the Gaussian's draws say; nil without a guide.
  package var probe: GuideProbe?
  package var status: Status
  package var verdict: Verdict
  package var gradientEvaluations: Int
}

/// Settings of ``runLaplace(_:configuration:seed:threads:start:hessian:monitor:onProgress:)``.
package struct LaplaceConfiguration: Sendable, Codable {
  package var mode = MAPConfiguration()
  /// Fresh draws for k̂ and the check by importance weighting.
  package var evaluationDraws = 4000

  package init() {}
}

/// The Laplace approximation at the highest mode that L-BFGS finds.
///
/// The mode is polished by Newton steps with the Hessian, which L-BFGS cannot match in ill-conditioned posteriors.
/// - Parameters:
///   - hessian: u ↦ ∇² log p(u), row-major [n][n], as `CompiledModel.makeHessian` gives it; nil for central differences of gradients (error
///     about 10⁻⁸ relative).
///   - monitor: one unconstrained draw ↦ the reported values, for the check by importance weighting.
/// - Throws: ``InferenceError`` where no start is finite; what the density or `hessian` throws.
package func runLaplace(
  _ density: any LogDensity, configuration: LaplaceConfiguration = LaplaceConfiguration(), seed: UInt64, threads: Int = 1,
  start: [Double]? = nil, hessian: (([Double]) throws -> [Double])? = nil, monitor: (@Sendable ([Double]) -> [Double])? = nil,
  onProgress: @escaping @Sendable (_ start: Int, _ iteration: Int, _ logDensity: Double) -> Control = { _, _, _ in .proceed }
) throws -> LaplaceResult {
  var mode = try runMAP(
    density, configuration: configuration.mode, seed: seed, threads: threads, start: start, hessian: hessian, onProgress: onProgress)
  let block = try DensityBlock(density)
  var polish = NewtonPolish(block, hessian: hessian)
  var point = LBFGS.Result(
    point: mode.location, value: -mode.logDensity, gradient: mode.gradient.map { -$0 }, iterations: 0, evaluations: 0, status: mode.status)
  let precision = mode.status == .unbounded ? nil : try polish.run(&point)
  mode.location = point.point
  mode.logDensity = -point.value
  mode.gradient = point.gradient.map { -$0 }
  guard let precision, let factor = Curvature.inverseFactor(precision) else {
    let status: Status = mode.status == .unbounded ? .unbounded : precision == nil ? .nonFinite : .notPositiveDefinite
    return LaplaceResult(
      mode: mode, guide: nil, precision: precision ?? [], logEvidence: .nan, evaluation: nil, status: status,
      verdict: mode.verdict.adding(status == mode.status ? [] : VerdictRules.laplace(nil, status: status)),
      gradientEvaluations: mode.gradientEvaluations + block.evaluations)
  }
  let n = density.dimension
  let shape = VariationalStart(
    location: mode.location, factor: factor, scales: [Double](repeating: 1, count: n), evaluations: 0)
  let guide = shape.guide(.fullRank)
  let draws = guide.draws(
    max(configuration.evaluationDraws, 100), block: block, seed: seed, purpose: VariationalPurpose.evaluation, start: 0)
  let fit = StartFit.columns(draws, monitor)
  let evaluation = GuideEvaluation(draws, monitored: fit)
  let probe = try GuideProbe.run(density, draws, seed: seed, threads: threads, isDoubted: evaluation.isDoubted, monitor: monitor)
  let rival = guide.nearestRival(block, bound: EvidenceBracket(draws, evaluation).best, seed: seed)
  return LaplaceResult(
    mode: mode, guide: guide, precision: precision,
    logEvidence: mode.logDensity + Double(n) / 2 * log(2 * Double.pi) + guide.halfLogDeterminant, evaluation: evaluation, probe: probe,
    status: mode.status,
    verdict: mode.verdict.adding(VerdictRules.laplace(evaluation, status: .converged, probe: probe) + VerdictRules.uncovered(rival)),
    gradientEvaluations: mode.gradientEvaluations + block.evaluations + (probe?.evaluations ?? 0))
}

/// Damped Newton ascent of log p from a point near a mode.
struct NewtonPolish {
  private let block: DensityBlock
  private let hessian: (([Double]) throws -> [Double])?
  /// Whether the last Newton decrement promises less than 10⁻¹⁰ nats, a distance of 10⁻⁵ sd.
  private(set) var hasConverged = false

  init(_ block: DensityBlock, hessian: (([Double]) throws -> [Double])?) {
    self.block = block
    self.hessian = hessian
  }

  /// Moves the result's mode (its value is −log p); returns −∇² log p at the last point, nil where it is not finite.
  mutating func run(_ result: inout LBFGS.Result) throws -> [Double]? {
    var precision: [Double]?
    var last = Double.infinity
    for _ in 0..<50 {
      guard let present = try curvature(result.point) else { return precision }
      precision = present
      guard let factor = Curvature.inverseFactor(present) else { return present }
      let slope = result.gradient.map { -$0 }
      let step = newtonStep(factor, slope)
      let decrement = dot(step, slope)
      hasConverged = decrement < 1e-10
      // Below 10⁻¹⁰ a step is worth its while as long as it falls fast.
      guard decrement.isFinite, decrement > 1e-26, !hasConverged || decrement < 0.1 * last else { return present }
      last = decrement
      guard advance(&result, along: step, decrement: decrement) else { return present }
    }
    return precision
  }

  /// The longest of the steps 1, ½, ¼ … that raises log p by 10⁻⁴ of what it promises, or to rounding.
  private func advance(_ result: inout LBFGS.Result, along step: [Double], decrement: Double) -> Bool {
    let n = block.dimension
    var length = 1.0
    for _ in 0..<30 {
      let point = (0..<n).map { result.point[$0] + length * step[$0] }
      for i in 0..<n { block.positions.base[i][0] = point[i] }
      block.evaluate(active: 1)
      let slack = 8 * Double.ulpOfOne * max(abs(result.value), 1)
      if block.badLanes == 0, -block.values[0] <= result.value - 1e-4 * length * decrement + slack {
        result.point = point
        result.value = -block.values[0]
        result.gradient = (0..<n).map { -block.gradients.base[$0][0] }
        return true
      }
      length /= 2
    }
    return false
  }

  private func curvature(_ point: [Double]) throws -> [Double]? {
    guard let hessian else { return Curvature.negativeHessian(block, at: point) }
    let value = try hessian(point)
    return value.count == point.count * point.count && value.allSatisfy(\.isFinite) ? value.map { -$0 } : nil
  }

  /// L Lᵀ g.
  private func newtonStep(_ factor: [Double], _ gradient: [Double]) -> [Double] {
    let n = gradient.count
    var inner = [Double](repeating: 0, count: n)
    for i in 0..<n {
      for j in 0...i { inner[j] += factor[i * n + j] * gradient[i] }
    }
    return (0..<n).map { i in
      var sum = 0.0
      for j in 0...i { sum += factor[i * n + j] * inner[j] }
      return sum
    }
  }
}
