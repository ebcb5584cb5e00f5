import Foundation
import Modeling

/// When chains have run long enough, and what is kept of them.
package struct ChainControl: Sendable, Equatable {
  /// What must be reached before the run ends; nil for the number of draws alone.
  package var precision: Precision?
  /// False for summaries in constant memory in place of draws.
  package var keepsDraws = true
  /// Of how many chains those that run are some; nil where they are all. Where chains begin may depend on it.
  package var totalChains: Int?

  package init() {}

  /// How exact the results must be, for every element of every variable whose diagnostics are defined.
  package enum Precision: Sendable, Equatable {
    /// The Monte Carlo error of the mean is at most this share of the posterior standard deviation.
    case meanError(Double)
    /// The smaller one of bulk and tail effective sample size is at least this.
    case effectiveSize(Double)

    func isReached(_ summaries: [VariableSummary]) -> Bool {
      summaries.allSatisfy { summary in
        (0..<summary.size).allSatisfy { element in
          guard summary.gaps[element] == nil else { return true }
          switch self {
          case .meanError(let share): return summary.mcseMean[element] <= share * summary.sd[element]
          case .effectiveSize(let size): return min(summary.essBulk[element], summary.essTail[element]) >= size
          }
        }
      }
    }
  }

  /// The most draws per chain for a precision, where `first` were asked for.
  static func limit(_ first: Int) -> Int { 64 * first }

  /// The draws per chain at which a precision is looked at, after `draws`: each half as many again as before, and at last 64 times the first number.
  static func next(after draws: Int, first: Int) -> Int? {
    let limit = limit(first)
    return draws < limit ? min(limit, draws + max(draws / 2, 1)) : nil
  }
}

extension FitEngine {
  /// NUTS in the coordinates that a pilot run chooses, where there is a choice.
  func centred(_ compiled: CompiledModel<M>, _ configuration: NUTSConfiguration, _ chains: [Int], _ centering: Centering) throws
    -> Outcome
  {
    guard centering == .automatic else { return try nuts(compiled, configuration, chains, nil) }
    if case .earlier(let earlier) = method.given, let choice = earlier.choice {
      let moved = try CompiledModel(model, parameterization: choice.parameterization)
      return try chosen(moved, choice, nuts(moved, configuration, chains, choice))
    }
    let pilot = CenteringPilot(model: model, written: compiled, seed: seed)
    let found = try pilot.choose(
      initial: starts(compiled, [0], seed: CenteringPilot<M>.pilotSeed(seed))?[0], checkpoint: checkpoint?.part("pilot")
    ) { progress in
      onProgress(FitProgress(progress, phase: "pilot"))
      return stop.isRaised ? .stop : .goOn
    }
    guard let (moved, choice) = found else { return try nuts(compiled, configuration, chains, nil) }
    var outcome = try chosen(moved, choice, nuts(moved, configuration, chains, choice))
    outcome.evaluations += choice.gradientEvaluations
    return outcome
  }

  /// The outcome with the coordinates that it is in.
  private func chosen(_ moved: CompiledModel<M>, _ choice: CenteringChoice, _ outcome: Outcome) throws -> Outcome {
    var outcome = outcome
    if case .nuts(var result) = outcome.details {
      result.centering = choice
      outcome.details = .nuts(result)
    }
    outcome.compiled = moved
    return outcome
  }

  private func nuts(_ compiled: CompiledModel<M>, _ configuration: NUTSConfiguration, _ chains: [Int], _ choice: CenteringChoice?) throws
    -> Outcome
  {
    guard method.control.keepsDraws else { return try streamed(compiled, configuration, chains, choice) }
    let part = checkpoint?.part("nuts")
    var stretch = configuration
    stretch.draws =
      try part?.part("stretch").restored(Int.self) { (1...ChainControl.limit(configuration.draws)).contains($0) } ?? configuration.draws
    var result = try run(compiled, stretch, chains, choice, part, after: nil)
    var isOpen = try method.control.precision.map { try !isReached($0, compiled, result) } ?? false
    while isOpen, !isStopped(result), let next = ChainControl.next(after: stretch.draws, first: configuration.draws) {
      stretch.draws = next
      part?.part("stretch").save(next)
      result = try run(compiled, stretch, chains, choice, part, after: result)
      isOpen = try method.control.precision.map { try !isReached($0, compiled, result) } ?? false
    }
    result.isTooShort = isOpen && !isStopped(result)
    return try outcome(result)
  }

  func isStopped(_ result: NUTSResult) -> Bool { result.chains.contains { $0.status == .stopped } }

  /// Chains up to the configuration's number of draws, going on from a result or from what the checkpoint holds.
  func run(
    _ compiled: CompiledModel<M>, _ configuration: NUTSConfiguration, _ chains: [Int], _ choice: CenteringChoice?, _ part: CheckpointPart?,
    after earlier: NUTSResult?
  ) throws -> NUTSResult {
    let initial = try earlier == nil ? chainStarts(compiled, chains, choice) : nil
    var tunings: [NUTSTuning]?
    if case .earlier(let begun) = method.given { tunings = chains.map { begun.tunings[$0 % begun.tunings.count] } }
    return try runNUTS(
      compiled, configuration: configuration, seed: seed, chainIDs: chains, threads: threads, initial: initial, tunings: tunings,
      resume: earlier, checkpoint: part
    ) { progress in
      onProgress(FitProgress(progress))
      return stop.isRaised ? .stop : .goOn
    }
  }

  private func outcome(_ result: NUTSResult) throws -> Outcome {
    let usable = result.usableChains
    guard !usable.isEmpty else { throw FitError(result.report.failures) }
    guard result.commonDraws > 0 || !isStopped(result) else { throw CancellationError() }
    return Outcome(
      chains: Self.unconstrained(result), sampleStats: result.sampleStats, details: .nuts(result), evaluations: result.gradientEvaluations,
      isInterrupted: isStopped(result))
  }

  private static func unconstrained(_ result: NUTSResult) -> [UnconstrainedChain] {
    result.usableChains.map { UnconstrainedChain(number: $0.chainID, positions: $0.trace.draws, count: result.commonDraws) }
  }

  private func isReached(_ precision: ChainControl.Precision, _ compiled: CompiledModel<M>, _ result: NUTSResult) throws -> Bool {
    let chains = Self.unconstrained(result)
    guard !chains.isEmpty, result.commonDraws >= 4 else { return chains.isEmpty }
    let draws = DrawSet(
      chains: chains.count, drawsPerChain: result.commonDraws, variables: try FitDraws.constrain(compiled, chains, seed: seed),
      sampleStats: [:])
    return precision.isReached(try FitSummary.summarize(draws, threads: threads))
  }
}

extension FitEngine {
  /// Kept draws per chain between two looks at the traces of a run that does not keep its draws.
  private static var blockSize: Int { 1000 }

  /// NUTS with summaries in constant memory: block by block, the draws of each taken in and then forgotten. A block that is not full stays with its chains,
  /// so that a run which goes on takes in the same blocks as one that never paused.
  private func streamed(_ compiled: CompiledModel<M>, _ configuration: NUTSConfiguration, _ chains: [Int], _ choice: CenteringChoice?)
    throws
    -> Outcome
  {
    let part = checkpoint?.part("nuts")
    let block = Self.blockSize * configuration.thin
    let begun = StreamingDraws(compiled.recorded.variables, target: configuration.draws)
    var summary =
      try part?.part("summary").restored(StreamingDraws.self) { $0.isSound(begun, limit: ChainControl.limit(configuration.draws)) } ?? begun
    // More draws may be asked for than when the summary was begun.
    summary.target = max(summary.target, configuration.draws)
    var stretch = configuration
    var result: NUTSResult?
    while true {
      let full = summary.count * configuration.thin + block
      stretch.draws = min(summary.target, full)
      var present = try run(compiled, stretch, chains, choice, part, after: result)
      guard !present.usableChains.isEmpty else { throw FitError(present.report.failures) }
      guard present.commonDraws > 0 || !isStopped(present) || summary.count > 0 else { throw CancellationError() }
      let fresh = present.usableChains.map {
        UnconstrainedChain(number: $0.chainID, positions: $0.trace.draws, count: present.commonDraws, first: summary.count)
      }
      guard summary.count == 0 || summary.chains == fresh.count, stretch.draws < full || present.commonDraws > 0 || isStopped(present)
      else {
        throw FitError(["The checkpoint's summaries and its chains are not those of one run."])
      }
      let values = try FitDraws.constrain(compiled, fresh, seed: seed)
      guard stretch.draws == full, !isStopped(present) else {
        let seen = summary.adding(values)
        let isOpen = !isStopped(present) && method.control.precision.map { !$0.isReached(seen.summaries) } ?? false
        guard isOpen, let next = ChainControl.next(after: summary.target, first: configuration.draws) else {
          present.isTooShort = isOpen
          return streamedOutcome(present, seen, isInterrupted: isStopped(present))
        }
        summary.target = next
        part?.part("summary").save(summary)
        result = present
        continue
      }
      summary.add(values)
      for index in present.chains.indices { present.chains[index].trace = NUTSTrace() }
      part?.saveAll(
        present.chains.map { (name: "chain-\($0.chainID)", state: $0 as any Encodable) } + [(name: "summary", state: summary)])
      guard stretch.draws == summary.target else {
        result = present
        continue
      }
      let isOpen = method.control.precision.map { !$0.isReached(summary.summaries) } ?? false
      guard isOpen, let next = ChainControl.next(after: summary.target, first: configuration.draws) else {
        present.isTooShort = isOpen
        return streamedOutcome(present, summary, isInterrupted: false)
      }
      summary.target = next
      part?.part("summary").save(summary)
      result = present
    }
  }

  private func streamedOutcome(_ result: NUTSResult, _ summary: StreamingDraws, isInterrupted: Bool) -> Outcome {
    Outcome(
      chains: [], sampleStats: [:], details: .nuts(result), evaluations: result.gradientEvaluations, isInterrupted: isInterrupted,
      streamed: summary)
  }
}
