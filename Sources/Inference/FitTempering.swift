import Foundation
import Modeling

extension FitEngine {
  /// Sequential Monte Carlo from the prior; its populations are the chains of the result.
  func tempered(_ compiled: CompiledModel<M>, _ configuration: SMCConfiguration) throws -> Outcome {
    let result = try runSMC(
      compiled, prior: compiled.prior(),
      start: { [seed] first, count in try PriorDraws(compiled, seed: seed).read(first: first, count: count) }, configuration: configuration,
      seed: seed, threads: threads, checkpoint: checkpoint?.part("smc")
    ) { progress in
      onProgress(
        FitProgress(
          phase: "tempering", completed: progress.moves, total: 0,
          measures: [("temperature", progress.temperature), ("gradient_evaluations", Double(progress.gradientEvaluations))]))
      return stop.isRaised ? .stop : .proceed
    }
    let usable = result.finished
    guard !usable.isEmpty else {
      if result.isStopped { throw CancellationError() }
      throw FitError(result.reasons.map(\.text))
    }
    return Outcome(
      chains: result.populations.enumerated().filter { $1.status == .converged }.map {
        UnconstrainedChain(number: $0, positions: $1.positions, count: configuration.particles)
      }, sampleStats: ["lp": usable.map(\.logDensity)], details: .smc(result), evaluations: result.gradientEvaluations,
      isInterrupted: result.isStopped)
  }
}
