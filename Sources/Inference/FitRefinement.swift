import Foundation
import Modeling

/// What comes after a guide: its answer is a beginning, not the end.
public enum Refinement: Sendable, Equatable {
  /// Draws of the guide, resampled by Pareto smoothed importance weights.
  case psis
  /// NUTS with four chains from draws of the guide, with its covariance as the metric.
  case nuts
}

extension Method {
  /// This method with a second stage.
  public func refined(by refinement: Refinement) -> Method {
    var copy = self
    copy.refinement = refinement
    return copy
  }
}

enum GuideRefinement {
  /// Draws that are weighted for each that is kept.
  static let poolFactor = 4

  /// - Parameter evaluations: spent so far.
  static func resampled(
    _ pool: GuideDraws, of density: any LogDensity, count: Int, seed: UInt64, threads: Int, evaluations: Int,
    monitor: (@Sendable ([Double]) -> [Double])?
  ) throws -> ApproximationResult {
    let evaluation = GuideEvaluation(pool)
    let chosen = pool.resampled(count, seed: seed)
    // Reported beside the weights, which judge alone here: chains also move unconstrained coordinates that nobody asked for.
    let probe = try GuideProbe.run(density, chosen, seed: seed, threads: threads, isDoubted: evaluation.isDoubted, monitor: monitor)
    return ApproximationResult(
      evaluation: evaluation, bracket: EvidenceBracket(pool, evaluation), probe: probe, trace: [], steps: 0,
      gradientEvaluations: evaluations + (probe?.evaluations ?? 0), status: .converged,
      verdict: Verdict(VerdictRules.resampled(evaluation, status: .converged, what: "guide")), draws: chosen,
      details: [("weighted_draws", Double(pool.count))])
  }

  /// Mean and covariance of the draws as an affine map: dense up to 256 unknowns, else the standard deviations.
  static func coordinates(_ draws: GuideDraws, of density: any LogDensity) -> AffineDensity {
    let n = draws.dimension
    let count = Double(draws.count)
    var mean = [Double](repeating: 0, count: n)
    for k in 0..<draws.count {
      for i in 0..<n { mean[i] += draws.positions[k * n + i] / count }
    }
    var covariance = [Double](repeating: 0, count: n * n)
    for k in 0..<draws.count {
      let row = (0..<n).map { draws.positions[k * n + $0] - mean[$0] }
      for i in 0..<n {
        for j in (n <= VariationalStart.denseLimit ? 0 : i)...i { covariance[i * n + j] += row[i] * row[j] / count }
      }
    }
    for i in 0..<n {
      for j in 0..<i { covariance[j * n + i] = covariance[i * n + j] }
      if !(covariance[i * n + i] > 0) { covariance[i * n + i] = 1 }
    }
    let diagonal = (0..<(n * n)).map { $0 % (n + 1) == 0 ? covariance[$0].squareRoot() : 0 }
    return AffineDensity(base: density, location: mean, factor: DenseCholesky.factor(covariance) ?? diagonal)
  }

  /// NUTS in coordinates that the draws have whitened; what it returns is in the model's own.
  static func continued(
    _ draws: GuideDraws, _ density: any LogDensity, seed: UInt64, threads: Int, checkpoint: CheckpointPart? = nil,
    onProgress: @escaping @Sendable (NUTSProgress) -> NUTSControl
  ) throws -> NUTSResult {
    let map = coordinates(draws, of: density)
    var configuration = NUTSConfiguration()
    // The metric is known but for its error: half the iterations are enough to adapt to it.
    configuration.warmup = 500
    configuration.metric = .diagonalFisher
    let usable = (0..<draws.count).filter { draws.logP[$0].isFinite }.prefix(4)
    let starts = (0..<4).map { k in
      usable.isEmpty ? [Double](repeating: 0, count: draws.dimension) : map.coordinates(draws.draw(usable[k % usable.count]))
    }
    var result = try runNUTS(
      map, configuration: configuration, seed: seed, chainIDs: Array(0..<4), threads: threads, initial: starts,
      checkpoint: checkpoint, onProgress: onProgress)
    let n = draws.dimension
    for chain in result.chains.indices {
      let z = result.chains[chain].trace.draws
      result.chains[chain].trace.draws = stride(from: 0, to: z.count, by: max(n, 1)).flatMap { map.point(z[$0..<($0 + n)]) }
    }
    return result
  }
}
