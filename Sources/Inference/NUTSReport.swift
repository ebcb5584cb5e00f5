/// The sampler's own view of a run: what to worry about apart from R-hat and effective sample sizes.
package struct NUTSReport: Sendable, Codable, Equatable {
  /// Divergent trajectories after warm-up, over all chains.
  package var divergences: Int
  /// Draws whose trajectory was cut off at the maximum tree depth.
  package var saturations: Int
  /// E-BFMI per chain; NaN where undefined. Below 0.3 is a warning (``lowEnergyFraction``).
  package var energyFractions: [Double]
  /// Draws after warm-up, over all chains.
  package var draws: Int
  /// Mean acceptance statistic after warm-up, and the mean number of leapfrog steps a draw.
  package var meanAcceptance: Double
  package var meanSteps: Double
  /// The sentences of chains that failed.
  package var failures: [String]

  package static let lowEnergyFraction = 0.3
}

extension NUTSResult {
  /// The chains that have draws to show: those that did not fail, in order.
  package var usableChains: [NUTSChainResult] {
    chains.filter {
      if case .failed = $0.status { return false }
      return true
    }
  }

  /// The number of draws that every usable chain has; less than asked for when the run was stopped.
  package var commonDraws: Int { usableChains.map(\.trace.count).min() ?? 0 }

  package var report: NUTSReport {
    let draws = chains.reduce(0) { $0 + $1.tally.draws }
    let sentences = chains.compactMap { chain -> String? in
      if case .failed(let sentence) = chain.status { return sentence }
      return nil
    }
    return NUTSReport(
      divergences: divergences, saturations: chains.reduce(0) { $0 + $1.tally.saturations },
      energyFractions: chains.map { $0.isWhole ? Diagnostics.energyFraction($0.trace.energy) : $0.tally.energyFraction }, draws: draws,
      meanAcceptance: chains.reduce(0) { $0 + $1.tally.acceptance } / Double(draws),
      meanSteps: chains.reduce(0) { $0 + Double($1.tally.steps) } / Double(draws), failures: sentences)
  }

  /// The statistics of the first ``commonDraws`` draws of every usable chain, under ArviZ's names, [name][chain][draw].
  package var sampleStats: [String: [[Double]]] {
    let count = commonDraws
    func collect(_ values: (NUTSTrace) -> [Double]) -> [[Double]] { usableChains.map { Array(values($0.trace).prefix(count)) } }
    return [
      "lp": collect(\.logDensity), "acceptance_rate": collect(\.acceptance), "step_size": collect(\.stepSize), "energy": collect(\.energy),
      "tree_depth": collect { $0.treeDepth.map(Double.init) }, "n_steps": collect { $0.steps.map(Double.init) },
      "diverging": collect { $0.diverging.map { $0 ? 1 : 0 } },
    ]
  }
}
