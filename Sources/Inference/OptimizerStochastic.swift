import Foundation
import Kernels

/// A function of flat parameters that is known through unbiased noisy values and gradients: an ELBO whose guide is a graph, say.
package protocol StochasticObjective: AnyObject {
  var parameterCount: Int { get }
  /// Value and gradient [parameterCount] at `parameters`, for maximization. Noise is addressed by `step`: equal step, equal bits.
  func evaluate(
    parameters: UnsafePointer<Double>, step: Int, value: UnsafeMutablePointer<Double>, gradient: UnsafeMutablePointer<Double>)
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

  fileprivate func makeRule(count: Int) -> any AscentRule {
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
package func runStochastic(
  _ objective: any StochasticObjective, from start: [Double], configuration: StochasticConfiguration,
  onProgress: (_ step: Int, _ value: Double) -> Control = { _, _ in .proceed }
) -> StochasticResult {
  let run = StochasticRun(objective, start, configuration)
  return configuration.steps.map { run.fixed(steps: $0, onProgress) } ?? run.automatic(onProgress)
}

/// The state of one run of ``runStochastic(_:from:configuration:onProgress:)``.
final class StochasticRun {
  private let objective: any StochasticObjective
  private let configuration: StochasticConfiguration
  private let count: Int
  private let parameters: Storage
  private let gradient: Storage
  private let sums: Storage
  private let watched: [Int]
  private let watchedValues: Storage
  private var rule: any AscentRule
  private let keeper: AscentGuard?
  private var window: [Double] = []
  private var late: Storage?
  private var lateCount = 0
  private var step = 0
  private var averaged = 0
  private var badSteps = 0
  private var lastValue = 0.0
  private var recent = (sum: 0.0, count: 0)
  private var trace: [(step: Int, value: Double)] = []
  private var stopped = false

  init(_ objective: any StochasticObjective, _ start: [Double], _ configuration: StochasticConfiguration) {
    self.objective = objective
    self.configuration = configuration
    let count = objective.parameterCount
    self.count = count
    parameters = Storage(start)
    gradient = Storage(count)
    sums = Storage(count)
    rule = configuration.makeRule(count: count)
    keeper = configuration.isGuarded ? AscentGuard(count: count) : nil
    let number = min(count, 256)
    watched = (0..<number).map { $0 * count / max(number, 1) }
    watchedValues = Storage(number)
  }

  private func advance(rate: Double, limit: Int, _ onProgress: (Int, Double) -> Control) {
    objective.evaluate(parameters: parameters.base, step: step, value: &lastValue, gradient: gradient.base)
    step += 1
    if lastValue.isFinite {
      recent = (recent.sum + lastValue, recent.count + 1)
      if let keeper {
        window.append(lastValue)
        keeper.shorten(gradient.base)
      }
      rule.ascend(parameters.base, gradient: gradient.base, rate: rate * (keeper?.share(step: step - 1) ?? 1))
    } else {
      badSteps += 1
    }
    if step % 64 == 0 || step == limit {
      let mean = recent.count > 0 ? recent.sum / Double(recent.count) : .nan
      trace.append((step, mean))
      recent = (0, 0)
      if let keeper {
        if keeper.collapses(window, parameters.base) { restart() }
        window.removeAll(keepingCapacity: true)
      }
      if onProgress(step, mean) == .stop { stopped = true }
    }
  }

  /// A fresh optimizer and fresh averages, after a collapse.
  private func restart() {
    rule = configuration.makeRule(count: count)
    resetAverage()
    lateCount = 0
    late = nil
  }

  /// The best of several places and the last one; without a guard the first.
  private func chosen(_ places: [[Double]]) -> [Double] {
    keeper?.better(places + [parameters.array], of: objective, step: step) ?? places[0]
  }

  private func accumulate() {
    averaged += 1
    let total = sums.base
    let x = parameters.base
    for i in 0..<count { total[i] += x[i] }
  }

  func fixed(steps: Int, _ onProgress: (Int, Double) -> Control) -> StochasticResult {
    let flat = Double(max(steps / 10, 1))
    while step < steps, !stopped {
      let t = Double(step + 1)
      advance(
        rate: configuration.isPlain || t <= flat ? configuration.rate : configuration.rate * pow(flat / t, 0.6), limit: steps, onProgress)
      if !configuration.isPlain, step > steps / 2 { accumulate() }
      if keeper != nil, step > steps - steps / 10 { accumulateLate() }
    }
    var places = [averaged > 0 ? sums.array.map { $0 / Double(averaged) } : parameters.array]
    if let late, lateCount > 0 { places.append(late.array.map { $0 / Double(lateCount) }) }
    let final = configuration.isPlain ? parameters.array : chosen(places)
    let status: Status = stopped ? .cancelled : badSteps > steps / 2 ? .nonFinite : .stepsDone
    return StochasticResult(
      parameters: final, steps: step, status: status, trace: trace, value: trace.last?.value ?? .nan, valueError: .nan, iterateRHat: .nan,
      badSteps: badSteps, collapses: keeper?.collapses ?? 0)
  }

  func automatic(_ onProgress: (Int, Double) -> Control) -> StochasticResult {
    var rate = configuration.rate
    var previous: RoundSummary?
    while true {
      let round = runRound(rate: rate, onProgress)
      let status: Status? =
        stopped
        ? .cancelled
        : step >= configuration.stepLimit
          ? (badSteps > step / 2 ? .nonFinite : .stepLimit)
          : previous.map { round.settles(after: $0, configuration) } == true ? .converged : nil
      if let status {
        return StochasticResult(
          parameters: chosen([round.parameters]), steps: step, status: status, trace: trace, value: round.value,
          valueError: round.valueError,
          iterateRHat: round.rHat, badSteps: badSteps, collapses: keeper?.collapses ?? 0)
      }
      previous = round
      rate *= configuration.decay
    }
  }

  /// One round at a fixed rate: settle, then average until the iterates look stationary.
  private func runRound(rate: Double, _ onProgress: (Int, Double) -> Control) -> RoundSummary {
    let limit = configuration.stepLimit
    // Adam moves a parameter by its rate a step at most, so a smaller rate needs more steps.
    var length = max(configuration.roundSteps, Int((2 / rate).rounded(.up)))
    for _ in 0..<(length / 2) where step < limit && !stopped { advance(rate: rate, limit: limit, onProgress) }
    let average = RoundAverage(parameterCount: 0, monitored: watched.count)
    var values: [Double] = []
    resetAverage()
    while step < limit, !stopped {
      average.beginChunk()
      var sum = 0.0
      var finite = 0
      for _ in 0..<max(length / 8, 1) where step < limit && !stopped {
        advance(rate: rate, limit: limit, onProgress)
        accumulate()
        for (k, index) in watched.enumerated() { watchedValues.base[k] = parameters.base[index] }
        average.add(watchedValues.base)
        if lastValue.isFinite {
          sum += lastValue
          finite += 1
        }
      }
      average.endChunk()
      if finite > 0 { values.append(sum / Double(finite)) }
      guard average.chunks >= 8, average.chunks % 4 == 0 else { continue }
      if average.rHat(scales: []) < 1.1 || average.chunks >= 64 { break }
      if average.chunks % 16 == 0 {
        // Not stationary yet, or slower than thought: begin anew with longer chunks.
        average.reset()
        length *= 2
        values.removeAll()
        resetAverage()
      }
    }
    if averaged == 0 { accumulate() }
    return RoundSummary(
      parameters: sums.array.map { $0 / Double(averaged) }, chunkValues: values, rHat: average.chunks >= 2 ? average.rHat(scales: []) : .nan
    )
  }

  private func accumulateLate() {
    let total = late ?? Storage(count)
    late = total
    lateCount += 1
    for i in 0..<count { total.base[i] += parameters.base[i] }
  }

  private func resetAverage() {
    averaged = 0
    for i in 0..<count { sums.base[i] = 0 }
  }
}

/// What one round of ``StochasticRun`` gave.
struct RoundSummary {
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
