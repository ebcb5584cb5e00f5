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
///   - hessian: u ↦ ∇² log p(u), row-major [n][n]; nil for central differences of gradients (error about 10⁻⁸ relative).
///   - monitor: one unconstrained draw ↦ the reported values, for the check by importance weighting.
/// - Throws: ``InferenceError`` where no start is finite; what the density or `hessian` throws.
package func runLaplace(
  _ density: any LogDensity, configuration: LaplaceConfiguration = LaplaceConfiguration(), seed: UInt64, threads: Int = 1,
  start: [Double]? = nil, hessian: (([Double]) throws -> [Double])? = nil, monitor: (@Sendable ([Double]) -> [Double])? = nil,
  onProgress: @escaping @Sendable (_ start: Int, _ iteration: Int, _ logDensity: Double) -> Control = { _, _, _ in .proceed }
) throws -> LaplaceResult {
  var mode = try runMAP(
    density, configuration: configuration.mode, seed: seed, threads: threads, start: start, onProgress: onProgress)
  let block = try DensityBlock(density)
  var polish = NewtonPolish(block, hessian: hessian)
  let precision = mode.status == .unbounded ? nil : try polish.run(&mode)
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
  return LaplaceResult(
    mode: mode, guide: guide, precision: precision,
    logEvidence: mode.logDensity + Double(n) / 2 * log(2 * Double.pi) + guide.halfLogDeterminant, evaluation: evaluation,
    status: mode.status, verdict: mode.verdict.adding(VerdictRules.laplace(evaluation, status: .converged)),
    gradientEvaluations: mode.gradientEvaluations + block.evaluations)
}

/// Newton steps on ∇log p = 0 from a point near the mode.
struct NewtonPolish {
  private let block: DensityBlock
  private let hessian: (([Double]) throws -> [Double])?

  init(_ block: DensityBlock, hessian: (([Double]) throws -> [Double])?) {
    self.block = block
    self.hessian = hessian
  }

  /// Moves the mode while the Newton decrement gᵀ (−H)⁻¹ g falls; returns −∇² log p at the last point, nil where it is not finite.
  mutating func run(_ mode: inout MAPResult) throws -> [Double]? {
    let n = block.dimension
    var scales = [Double](repeating: 1e-2, count: n)
    guard var precision = try curvature(mode.location, scales: scales) else { return nil }
    var best = Double.infinity
    for _ in 0..<6 {
      for i in 0..<n where precision[i * n + i] > 0 { scales[i] = 1 / precision[i * n + i].squareRoot() }
      guard let refined = try curvature(mode.location, scales: scales) else { return precision }
      precision = refined
      guard let factor = Curvature.inverseFactor(precision) else { return precision }
      let step = newtonStep(factor, mode.gradient)
      let decrement = dot(step, mode.gradient)
      guard decrement < 0.25 * best, decrement > 1e-26, decrement < 1 else { return precision }
      best = decrement
      let point = zip(mode.location, step).map { $0 + $1 }
      for i in 0..<n { block.positions.base[i][0] = point[i] }
      block.evaluate(active: 1)
      guard block.badLanes == 0 else { return precision }
      let gradient = (0..<n).map { block.gradients.base[$0][0] }
      guard dot(newtonStep(factor, gradient), gradient) < decrement else { return precision }
      mode.location = point
      mode.gradient = gradient
      mode.logDensity = block.values[0]
    }
    return precision
  }

  private func curvature(_ point: [Double], scales: [Double]) throws -> [Double]? {
    guard let hessian else { return Curvature.negativeHessian(block, at: point, scales: scales) }
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
