import Foundation
import Kernels

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
  private var checkpoint: CheckpointPart?
  /// Automatic: where the loops are.
  private var place: Place
  private let average: RoundAverage

  /// A round settles for half its length, then averages in chunks of an eighth.
  private struct Place: Codable {
    var rate: Double
    var length = 0
    var settled = 0
    var isAveraging = false
    /// Steps of the present chunk, their finite values and the sum of those.
    var done = 0
    var finite = 0
    var sum = 0.0
    var values: [Double] = []
    var previous: RoundSummary?

    init(rate: Double, _ configuration: StochasticConfiguration, previous: RoundSummary?) {
      self.rate = rate
      self.previous = previous
      // Adam moves a parameter by its rate a step at most, so a smaller rate needs more steps.
      length = max(configuration.roundSteps, Int(min(2 / rate, 1e12).rounded(.up)))
    }
  }

  /// All that differs from a run that has not begun.
  private struct Memory: Codable {
    var parameters, sums, rule, window: PackedNumbers
    var late: PackedNumbers?
    var lateCount, step, averaged, badSteps, recentCount: Int
    var lastValue, recentSum: Double
    var traceSteps: [Int]
    var traceValues: PackedNumbers
    var keeper: AscentGuard.Memory?
    var usage: DensityUsage
    var place: Place
    var average: RoundAverage.Memory
  }

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
    place = Place(rate: configuration.rate, configuration, previous: nil)
    average = RoundAverage(parameterCount: 0, monitored: number)
  }

  // MARK: checkpoints

  /// Goes on from the state that stands in the checkpoint, if any, and saves there from now on.
  func resume(_ checkpoint: CheckpointPart?) throws {
    self.checkpoint = checkpoint
    guard let memory = try checkpoint?.restored(Memory.self, isSound: isSound) else { return }
    parameters.fill(memory.parameters.values)
    sums.fill(memory.sums.values)
    rule.memory = memory.rule.values
    window = memory.window.values
    late = memory.late.map { Storage($0.values) }
    (lateCount, step, averaged, badSteps) = (memory.lateCount, memory.step, memory.averaged, memory.badSteps)
    lastValue = memory.lastValue
    recent = (memory.recentSum, memory.recentCount)
    trace = zip(memory.traceSteps, memory.traceValues.values).map { ($0, $1) }
    if let seen = memory.keeper { keeper?.memory = seen }
    objective.usage = memory.usage
    place = memory.place
    average.memory = memory.average
  }

  private func isSound(_ memory: Memory) -> Bool {
    let place = memory.place
    return [memory.parameters, memory.sums, memory.late ?? memory.sums].allSatisfy { $0.count == count }
      && memory.rule.count == rule.memory.count && (memory.keeper.map { keeper?.isSound($0) ?? true } ?? true)
      && [memory.lateCount, memory.step, memory.averaged, memory.badSteps, memory.recentCount].allSatisfy(\.isCount)
      && memory.usage.isSound(objective.usage) && average.isSound(memory.average)
      && [place.length, place.settled, place.done, place.finite].allSatisfy(\.isCount) && place.rate > 0 && place.rate.isFinite
      && place.previous?.parameters.count ?? count == count
  }

  /// Saves the state between two steps, at the steps that are reported, when the interval is over or the run is to stop.
  private func keep() {
    // What follows the last step is short, and has no place in the state.
    guard let checkpoint, step % 64 == 0, step < configuration.steps ?? configuration.stepLimit, stopped || checkpoint.isDue else { return }
    checkpoint.save(
      Memory(
        parameters: PackedNumbers(parameters.array), sums: PackedNumbers(sums.array), rule: PackedNumbers(rule.memory),
        window: PackedNumbers(window), late: late.map { PackedNumbers($0.array) }, lateCount: lateCount, step: step, averaged: averaged,
        badSteps: badSteps, recentCount: recent.count, lastValue: lastValue, recentSum: recent.sum, traceSteps: trace.map(\.step),
        traceValues: PackedNumbers(trace.map(\.value)), keeper: keeper?.memory, usage: objective.usage, place: place,
        average: average.memory))
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
      keep()
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
    while true {
      let round = runRound(onProgress)
      let status: Status? =
        stopped
        ? .cancelled
        : step >= configuration.stepLimit
          ? (badSteps > step / 2 ? .nonFinite : .stepLimit)
          : place.previous.map { round.settles(after: $0, configuration) } == true ? .converged : nil
      if let status {
        return StochasticResult(
          parameters: chosen([round.parameters]), steps: step, status: status, trace: trace, value: round.value,
          valueError: round.valueError,
          iterateRHat: round.rHat, badSteps: badSteps, collapses: keeper?.collapses ?? 0)
      }
      place = Place(rate: place.rate * configuration.decay, configuration, previous: round)
    }
  }

  /// One round at a fixed rate, from its present place: settle, then average until the iterates look stationary.
  private func runRound(_ onProgress: (Int, Double) -> Control) -> RoundSummary {
    let limit = configuration.stepLimit
    while !place.isAveraging, place.settled < place.length / 2, step < limit, !stopped {
      place.settled += 1
      advance(rate: place.rate, limit: limit, onProgress)
      keep()
    }
    if !place.isAveraging {
      place.isAveraging = true
      average.restart()
      resetAverage()
    }
    while step < limit, !stopped {
      if place.done == 0 { beginChunk() }
      while place.done < max(place.length / 8, 1), step < limit, !stopped {
        place.done += 1
        advance(rate: place.rate, limit: limit, onProgress)
        accumulate()
        for (k, index) in watched.enumerated() { watchedValues.base[k] = parameters.base[index] }
        average.add(watchedValues.base)
        if lastValue.isFinite {
          place.sum += lastValue
          place.finite += 1
        }
        keep()
      }
      place.done = 0
      average.endChunk()
      if place.finite > 0 { place.values.append(place.sum / Double(place.finite)) }
      guard average.chunks >= 8, average.chunks % 4 == 0 else { continue }
      if average.rHat(scales: []) < 1.1 || average.chunks >= 64 { break }
      if average.chunks % 16 == 0 {
        // Not stationary yet, or slower than thought: begin anew with longer chunks.
        average.reset()
        place.length *= 2
        place.values.removeAll()
        resetAverage()
      }
    }
    if averaged == 0 { accumulate() }
    return RoundSummary(
      parameters: sums.array.map { $0 / Double(averaged) }, chunkValues: place.values,
      rHat: average.chunks >= 2 ? average.rHat(scales: []) : .nan)
  }

  private func beginChunk() {
    average.beginChunk()
    place.sum = 0
    place.finite = 0
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
