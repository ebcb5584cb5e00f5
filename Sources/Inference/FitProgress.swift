import Synchronization

/// How far a fit is.
public struct FitProgress: Sendable, Equatable {
  /// `pilot` (the choice of coordinates), `warmup`, `sampling`, `optimizing`, or `tempering` (smc).
  public var phase: String
  /// Steps or iterations done by all chains together; for `optimizing` those of the start that reports; for `tempering` moves of all populations.
  public var completed: Int
  /// How many there will be; 0 where a stopping rule decides.
  public var total: Int
  /// What else is worth seeing, in a fixed order: `divergences`, `elbo`, `log_density`, `temperature`, `gradient_evaluations`.
  public var measures: [Measure]

  public struct Measure: Sendable, Equatable {
    public var name: String
    public var value: Double
  }

  package init(phase: String, completed: Int, total: Int, measures: [(String, Double)] = []) {
    self.phase = phase
    self.completed = completed
    self.total = total
    self.measures = measures.map { Measure(name: $0.0, value: $0.1) }
  }

  init(_ progress: NUTSProgress, phase: String? = nil) {
    self.init(
      phase: phase ?? (progress.isWarmingUp ? "warmup" : "sampling"), completed: progress.chains.reduce(0) { $0 + $1.iteration },
      total: progress.chains.count * (progress.warmup + progress.draws),
      measures: [
        ("divergences", Double(progress.chains.reduce(0) { $0 + $1.divergences })),
        ("gradient_evaluations", Double(progress.gradientEvaluations)),
      ])
  }

  init(_ progress: VIProgress, steps: Int?) {
    self.init(
      phase: "optimizing", completed: progress.step, total: steps ?? 0,
      measures: [("elbo", progress.elbo), ("gradient_evaluations", Double(progress.gradientEvaluations))])
  }
}

/// The wish to stop, raised once from anywhere and looked at by the algorithm.
package final class FitStop: Sendable {
  private let raised = Atomic<Bool>(false)
  package init() {}
  package func raise() { raised.store(true, ordering: .relaxed) }
  package var isRaised: Bool { raised.load(ordering: .relaxed) }
}

/// Why a fit has nothing to report.
public struct FitError: Error, Sendable, Equatable, CustomStringConvertible {
  /// A sentence each.
  public let sentences: [String]
  package init(_ sentences: [String]) { self.sentences = sentences }
  public var description: String { sentences.joined(separator: "\n") }
}
