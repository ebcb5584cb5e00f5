/// How a chain ended.
package enum NUTSChainStatus: Sendable, Codable, Equatable {
  /// All iterations done.
  case finished
  /// Stopped on request; what was done so far is there, and the chain can be resumed.
  case stopped
  /// The chain could not go on; the sentence says why and what to do.
  case failed(String)
}

/// The iterations of one chain: draws on the unconstrained scale and the sampler's statistics, one entry each per draw.
package struct NUTSTrace: Sendable, Equatable {
  /// [draw][dimension], flat.
  package var draws: [Double] = []
  /// Log density at the draw, in nats.
  package var logDensity: [Double] = []
  /// Mean Metropolis acceptance probability over the trajectory.
  package var acceptance: [Double] = []
  package var stepSize: [Double] = []
  /// The Hamiltonian at the draw.
  package var energy: [Double] = []
  package var treeDepth: [Int] = []
  /// Leapfrog steps, which is the number of gradients.
  package var steps: [Int] = []
  package var diverging: [Bool] = []

  package init() {}

  package var count: Int { logDensity.count }

  /// Whether there are `dimension` numbers, and one of each statistic, for every draw.
  func isSound(dimension: Int) -> Bool {
    draws.count == count * dimension
      && [acceptance.count, stepSize.count, energy.count, treeDepth.count, steps.count, diverging.count].allSatisfy { $0 == count }
  }

  mutating func reserve(_ iterations: Int, dimension: Int) {
    draws.reserveCapacity(iterations * dimension)
    logDensity.reserveCapacity(iterations)
    acceptance.reserveCapacity(iterations)
    stepSize.reserveCapacity(iterations)
    energy.reserveCapacity(iterations)
    treeDepth.reserveCapacity(iterations)
    steps.reserveCapacity(iterations)
    diverging.reserveCapacity(iterations)
  }

  /// The statistics of one iteration.
  struct Entry {
    var logDensity, acceptance, stepSize, energy: Double
    var treeDepth, steps: Int
    var isDiverging: Bool
  }

  mutating func append(_ entry: Entry, at position: UnsafeBufferPointer<Double>) {
    draws.append(contentsOf: position)
    logDensity.append(entry.logDensity)
    acceptance.append(entry.acceptance)
    stepSize.append(entry.stepSize)
    energy.append(entry.energy)
    treeDepth.append(entry.treeDepth)
    steps.append(entry.steps)
    diverging.append(entry.isDiverging)
  }
}

extension NUTSTrace: Codable {
  private enum CodingKeys: String, CodingKey { case draws, logDensity, acceptance, stepSize, energy, treeDepth, steps, diverging }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    func numbers(_ key: CodingKeys) throws -> [Double] { try container.decode(PackedNumbers.self, forKey: key).values }
    draws = try numbers(.draws)
    logDensity = try numbers(.logDensity)
    acceptance = try numbers(.acceptance)
    stepSize = try numbers(.stepSize)
    energy = try numbers(.energy)
    treeDepth = try numbers(.treeDepth).map { Int(exactly: $0) ?? 0 }
    steps = try numbers(.steps).map { Int(exactly: $0) ?? 0 }
    diverging = try numbers(.diverging).map { $0 != 0 }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    for (key, values) in [
      (CodingKeys.draws, draws), (.logDensity, logDensity), (.acceptance, acceptance), (.stepSize, stepSize), (.energy, energy),
      (.treeDepth, treeDepth.map(Double.init)), (.steps, steps.map(Double.init)), (.diverging, diverging.map { $0 ? 1 : 0 }),
    ] { try container.encode(PackedNumbers(values), forKey: key) }
  }
}

/// Everything a chain needs to go on with the same bits, as it stood between two iterations.
package struct NUTSChainState: Sendable, Codable {
  /// Iterations done, warm-up included.
  package var iteration: Int
  /// Whether the step size is to be searched anew before the next iteration.
  var awaitsStepSearch: Bool
  var position: [Double]
  var gradient: [Double]
  var logDensity: Double
  var stepSize: Double
  var adaptation: StepSizeAdaptation
  var target: TargetAcceptance
  var learner: MetricLearner
  var metric: NUTSMetric
  var gradientEvaluations: Int
}

/// One chain of a run.
package struct NUTSChainResult: Sendable, Codable {
  package var chainID: Int
  package var status: NUTSChainStatus
  package var dimension: Int
  /// The draws after warm-up.
  package var trace: NUTSTrace
  /// The warm-up draws, if the configuration keeps them.
  package var warmup: NUTSTrace
  /// Counts over all iterations after warm-up, whether their draws were kept or not.
  package var tally: NUTSTally
  /// Divergent trajectories during warm-up, which mean little.
  package var warmupDivergences: Int
  /// The acceptance statistic that the step size aimed at in the end.
  package var targetAcceptance: Double
  /// The step size at the end, and the metric.
  package var stepSize: Double
  package var metric: NUTSMetric
  /// All gradients asked for: starting points, step-size searches and trajectories of finished iterations.
  package var gradientEvaluations: Int
  /// Those of them spent on warm-up.
  package var warmupGradientEvaluations: Int
  /// Present unless the chain failed before its first iteration.
  package var state: NUTSChainState?

  package var divergences: Int { tally.divergences }
  /// Whether every draw after warm-up is in the trace.
  package var isWhole: Bool { tally.draws == trace.count }

  /// Whether a chain of this number and configuration can have come here.
  func isSound(chainID: Int, dimension: Int, configuration: NUTSConfiguration) -> Bool {
    guard self.chainID == chainID, self.dimension == dimension, hasSoundTuning, trace.isSound(dimension: dimension),
      warmup.isSound(dimension: dimension), tally.isSound, trace.count <= tally.draws / max(configuration.thin, 1),
      [warmupDivergences, gradientEvaluations, warmupGradientEvaluations].allSatisfy(\.isCount)
    else { return false }
    guard let state else { return true }
    return state.iteration.isCount && tally.draws == max(state.iteration - configuration.warmup, 0) && state.gradientEvaluations.isCount
      && state.stepSize.isFinite && state.stepSize >= 0 && state.gradient.count == dimension && state.metric.isSound(dimension: dimension)
      && state.adaptation.isSound && state.target.isSound(TargetAcceptance(configuration))
      && state.learner.isSound(MetricLearner(dimension: dimension, configuration: configuration))
  }

  /// Whether position, metric and step size belong together, whatever the chain.
  var hasSoundTuning: Bool {
    dimension > 0 && state?.position.count ?? dimension == dimension && metric.isSound(dimension: dimension) && stepSize.isFinite
      && stepSize >= 0
  }
}

/// A run of several chains, in the order of the chain numbers asked for.
package struct NUTSResult: Sendable, Codable {
  package var configuration: NUTSConfiguration
  package var seed: UInt64
  package var chains: [NUTSChainResult]
  /// The coordinates of the draws, where there was a choice.
  package var centering: CenteringChoice?
  /// What a guide, from whose draws the chains began, had found to lie elsewhere.
  package var elsewhere: [Verdict.Reason] = []
  /// Whether the limit on draws came before the precision that was asked for.
  package var isTooShort = false

  package var gradientEvaluations: Int { chains.reduce(0) { $0 + $1.gradientEvaluations } }
  package var divergences: Int { chains.reduce(0) { $0 + $1.divergences } }
}

/// How far a run is.
package struct NUTSProgress: Sendable {
  package struct Chain: Sendable {
    package var chainID: Int
    /// Iterations done, warm-up included.
    package var iteration: Int
    /// Divergences after warm-up.
    package var divergences: Int
    package var stepSize: Double
    package var hasEnded: Bool
  }
  package var warmup: Int
  package var draws: Int
  package var chains: [Chain]
  package var gradientEvaluations: Int
  package var isWarmingUp: Bool { chains.contains { $0.iteration < warmup && !$0.hasEnded } }
}

/// The answer to a progress report.
package enum NUTSControl: Sendable { case goOn, stop }

/// Why a run could not start at all.
package struct NUTSError: Error, Equatable, CustomStringConvertible {
  package var description: String
}
