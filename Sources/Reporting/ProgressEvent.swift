/// What a run has to say while it runs.
package struct ProgressEvent: Sendable, Equatable {
  /// `warmup`, `sampling`, `optimizing`, …
  package var phase: String
  /// Work done so far in all, in steps or iterations of all chains together, and how much there will be; 0 where it cannot be known.
  package var completed: Int
  package var total: Int
  /// What else is worth seeing: `elbo`, `divergences`, `step_size`, `gradient_evaluations`.
  package var measures: [Measure]
  package struct Measure: Sendable, Equatable {
    package var name: String
    package var value: Double
    package init(_ name: String, _ value: Double) {
      self.name = name
      self.value = value
    }
  }

  package init(phase: String, completed: Int, total: Int, measures: [Measure] = []) {
    self.phase = phase
    self.completed = completed
    self.total = total
    self.measures = measures
  }
}
