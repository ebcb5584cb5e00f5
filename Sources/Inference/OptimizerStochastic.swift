import Foundation
import Kernels

/// A function of flat parameters that is known through unbiased noisy values and gradients: an ELBO whose guide is a graph, say.
package protocol StochasticObjective: AnyObject {
  var parameterCount: Int { get }
  /// Value and gradient [parameterCount] at `parameters`, for maximization. Noise is addressed by `step`: equal step, equal bits.
  func evaluate(
    parameters: UnsafePointer<Double>, step: Int, value: UnsafeMutablePointer<Double>, gradient: UnsafeMutablePointer<Double>)
  /// How much of its density has been used so far; what is set comes from an equal objective.
  var usage: DensityUsage { get set }
}

/// What an objective carries from step to step: evaluations of its density so far, the place in the sequence of minibatches, and what estimators have
/// adapted.
package struct DensityUsage: Sendable, Codable {
  var evaluations = 0
  var sequence = 0
  var states: [PackedNumbers] = []

  /// Whether it can be of an objective that began with `fresh`.
  func isSound(_ fresh: DensityUsage) -> Bool {
    evaluations.isCount && sequence.isCount && states.map(\.count) == fresh.states.map(\.count)
  }
}

extension StochasticObjective {
  /// An objective that counts nothing.
  package var usage: DensityUsage {
    get { DensityUsage() }
    set {}
  }
}

/// How ``runStochastic(_:from:configuration:onProgress:)`` moves and stops.
package struct StochasticConfiguration: Sendable, Codable {
  /// A fixed number of steps, or nil for automatic stopping.
  package var steps: Int?
  package var optimizer = OptimizerName.adam
  /// The optimizer's step size in the first round.
  package var rate = 0.01
  package var beta1 = 0.9
  package var beta2 = 0.999
  /// Automatic: the rate of each further round, relative to the last.
  package var decay = 0.4
  /// Automatic: limit on all steps.
  package var stepLimit = 100_000
  /// Automatic: fewest steps of a round.
  package var roundSteps = 400
  /// Automatic: stop when a smaller rate improves the mean value by less than this (in nats), or by less than twice its error.
  package var tolerance = 0.01
  /// Automatic: where parameters have a natural unit of one, the largest change of an average between rounds; nil for the value's rule alone.
  package var parameterTolerance: Double?
  /// Fixed steps: keep the rate constant and return the last iterate, as plain training loops do, instead of decay and averaging.
  package var isPlain = false
  /// For the parameters of networks: the rate warms up, wild gradients are shortened, a collapse is undone (``AscentGuard``), and of averages, last iterate and best place
  /// the one with the best value is returned.
  package var isGuarded = false

  package init() {}

  func makeRule(count: Int) -> any AscentRule {
    optimizer == .adam ? Adam(count: count, beta1: beta1, beta2: beta2) : optimizer.rule(count: count)
  }
}

/// Where stochastic optimization ended.
package struct StochasticResult: Sendable {
  /// Averages of the last round's iterates (the last iterate of a plain run).
  package var parameters: [Double]
  package var steps: Int
  package var status: Status
  /// (step, mean value since the last entry).
  package var trace: [(step: Int, value: Double)]
  /// Mean value over the last round and its Monte Carlo error by batch means; NaN of a run too short to tell.
  package var value: Double
  package var valueError: Double
  /// Largest split R-hat over the watched parameters of the last round; NaN with fixed steps.
  package var iterateRHat: Double
  /// Steps whose value was not finite.
  package var badSteps: Int
  /// Times the ascent was put back after a collapse.
  package var collapses = 0
}

/// Maximizes a stochastic objective by Adam (or another rule) in rounds of falling rate, with averaged iterates.
///
/// A round at fixed rate first settles, then averages until split R-hat of up to 256 watched parameters is below 1.1; a round that improves
/// on the last by less than the tolerance ends the run (after Welandawe et al. 2022). With fixed steps the rate falls as min(1, (t₀/t)^0.6),
/// t₀ = steps/10, and the second half is averaged.
///
/// With a `checkpoint` the state is saved there from time to time and at a stop, and a run goes on from the state that is there; throws ``FitError`` where
/// that cannot be read.
package func runStochastic(
  _ objective: any StochasticObjective, from start: [Double], configuration: StochasticConfiguration,
  checkpoint: CheckpointPart?, onProgress: (_ step: Int, _ value: Double) -> Control = { _, _ in .proceed }
) throws -> StochasticResult {
  let run = StochasticRun(objective, start, configuration)
  try run.resume(checkpoint)
  return configuration.steps.map { run.fixed(steps: $0, onProgress) } ?? run.automatic(onProgress)
}

/// The same without a checkpoint.
package func runStochastic(
  _ objective: any StochasticObjective, from start: [Double], configuration: StochasticConfiguration,
  onProgress: (_ step: Int, _ value: Double) -> Control = { _, _ in .proceed }
) -> StochasticResult {
  let run = StochasticRun(objective, start, configuration)
  return configuration.steps.map { run.fixed(steps: $0, onProgress) } ?? run.automatic(onProgress)
}

/// What one round of ``StochasticRun`` gave.
struct RoundSummary: Codable {
  var parameters: [Double]
  var value: Double
  var valueError: Double
  var rHat: Double

  init(parameters: [Double], chunkValues: [Double], rHat: Double) {
    self.parameters = parameters
    self.rHat = rHat
    let count = Double(chunkValues.count)
    let mean = chunkValues.reduce(0, +) / max(count, 1)
    value = chunkValues.isEmpty ? .nan : mean
    valueError = count > 1 ? (chunkValues.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1) / count).squareRoot() : .nan
  }

  func settles(after previous: RoundSummary, _ configuration: StochasticConfiguration) -> Bool {
    guard rHat < 1.1, value.isFinite else { return false }
    let error = (valueError * valueError + previous.valueError * previous.valueError).squareRoot()
    guard value - previous.value < max(configuration.tolerance, 2 * error) else { return false }
    guard let limit = configuration.parameterTolerance else { return true }
    return zip(parameters, previous.parameters).allSatisfy { abs($0 - $1) < limit }
  }
}
