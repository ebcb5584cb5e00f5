import Modeling

/// A distribution in place of the posterior, with draws and with what says how far they can be trusted: the result of every method that is neither a
/// Markov chain nor a native Gaussian guide.
package struct ApproximationResult: Sendable {
  /// Nil where the method has no density of its own (SVGD).
  package var evaluation: GuideEvaluation?
  package var bracket: EvidenceBracket?
  /// What short chains from the draws say; nil where none were run.
  package var probe: GuideProbe?
  /// (step, mean of the objective since the last entry).
  package var trace: [(step: Int, value: Double)]
  package var steps: Int
  package var gradientEvaluations: Int
  package var status: Status
  package var verdict: Verdict
  /// What is reported.
  package var draws: GuideDraws
  /// The Gaussian behind the draws, where it is one.
  package var gaussian: GaussianGuide?
  /// Further numbers for the diagnostics, by name.
  package var details: [(name: String, value: Double)]
}

/// The methods that end in an ``ApproximationResult``, with their settings.
package struct ApproximationConfiguration: Sendable, Codable, Equatable {
  package enum Algorithm: Sendable, Codable, Equatable {
    case graph(GraphConfiguration)
    case fixedDraws(FixedDrawsConfiguration)
    case pathfinder(PathfinderConfiguration)
    case batchAndMatch(BatchAndMatchConfiguration)
    case svgd(SVGDConfiguration)
    case importance(ImportanceConfiguration)
  }
  package var algorithm: Algorithm

  package init(_ algorithm: Algorithm) { self.algorithm = algorithm }

  /// Whether the draws have been resampled by their weights, so that they stand for the posterior and no longer for a guide.
  var isResampled: Bool {
    switch algorithm {
    case .pathfinder, .importance: true
    case .graph, .fixedDraws, .batchAndMatch, .svgd: false
    }
  }

  /// The name of the method.
  package var name: String {
    switch algorithm {
    case .graph, .fixedDraws: "vi"
    case .pathfinder: "pathfinder"
    case .batchAndMatch: "batch-and-match"
    case .svgd: "svgd"
    case .importance: "importance"
    }
  }
}

extension FitEngine {
  func approximate(_ compiled: CompiledModel<M>, _ configuration: ApproximationConfiguration, _ draws: Int) throws -> ApproximationResult {
    let monitor = FitMonitor(compiled)?.values
    let report: @Sendable (VIProgress) -> Control = { progress in
      onProgress(FitProgress(progress, steps: nil))
      return stop.isRaised ? .stop : .proceed
    }
    switch configuration.algorithm {
    case .graph(let graph):
      return try runGraphGuide(
        compiled, configuration: graph, dependence: compiled.isReexecuted ? [] : compiled.dependence, draws: draws, seed: seed,
        threads: threads, monitor: monitor, checkpoint: checkpoint?.part("vi")
      ) { progress in
        onProgress(FitProgress(progress, steps: graph.ascent.steps))
        return stop.isRaised ? .stop : .proceed
      }
    case .fixedDraws(let own):
      return try runFixedDraws(
        compiled, configuration: own, draws: draws, seed: seed, threads: threads, monitor: monitor, onProgress: report)
    case .pathfinder(let own):
      return try runPathfinder(
        compiled, configuration: own, draws: draws, seed: seed, threads: threads, monitor: monitor, onProgress: report)
    case .batchAndMatch(let own):
      return try runBatchAndMatch(
        compiled, configuration: own, draws: draws, seed: seed, threads: threads, monitor: monitor, onProgress: report)
    case .importance(let own): return try importance(compiled, own, draws)
    case .svgd(let own):
      return try runSVGD(compiled, configuration: own, seed: seed, threads: threads, monitor: monitor, onProgress: report)
    }
  }
}
