import Foundation

/// How ``runPlateau(_:from:configuration:onProgress:)`` moves and stops.
package struct PlateauConfiguration: Sendable, Codable, Equatable {
  package var optimizer = OptimizerName.adam
  /// The step size at the start; nil for the optimizer's own.
  package var rate: Double?
  /// A fixed number of steps, or nil for automatic stopping.
  package var steps: Int?
  /// Automatic: limit on the steps.
  package var stepLimit = 20_000
  /// Steps between looks at the progress.
  package var chunk = 100
  /// Rates of falling size; each but the first is 0.3 of the last.
  package var levels = 3
  /// A level ends when eight chunks bring less than this, in the objective's unit, or less than twice its error.
  package var tolerance = 0.01

  package init() {}
}

/// Maximizes a stochastic objective that has many parameters and no natural scale: a network's, a flow's.
///
/// The rate stays until the mean value over four chunks is no better than over the four before, then falls; the iterates at the last rate are averaged.
/// What is watched is the value, not the parameters: those of a network wander along directions that change nothing. A step whose value is not
/// finite is left out; an ``AscentGuard`` warms up the rate, shortens wild gradients and undoes collapses, after which of the average and the best place the one with the better value is returned.
///
/// With a `checkpoint` the state is saved there between two chunks, when the interval is over or the run is to stop, and a run goes on from the state that is
/// there; throws ``FitError`` where that cannot be read.
package func runPlateau(
  _ objective: any StochasticObjective, from start: [Double], configuration: PlateauConfiguration, checkpoint: CheckpointPart? = nil,
  onProgress: (_ step: Int, _ value: Double) -> Control = { _, _ in .proceed }
) throws -> StochasticResult {
  let run = PlateauRun(objective, start, configuration)
  try run.resume(checkpoint)
  return run.run(onProgress)
}

private final class PlateauRun {
  private let objective: any StochasticObjective
  private let configuration: PlateauConfiguration
  private let parameters, gradient, sums: Storage
  private var rule: any AscentRule
  private let keeper: AscentGuard
  private let count: Int
  private var step = 0
  private var badSteps = 0
  private var averaged = 0
  private var trace: [(step: Int, value: Double)] = []
  private var rate: Double
  private var level = 0
  private var chunks: [Double] = []
  private var checkpoint: CheckpointPart?

  /// All that differs from a run that has not begun.
  private struct Memory: Codable {
    var parameters, sums, rule: PackedNumbers
    var keeper: AscentGuard.Memory
    var step, badSteps, averaged, level: Int
    var rate: Double
    var chunks, traceValues: PackedNumbers
    var traceSteps: [Int]
    var usage: DensityUsage
  }

  init(_ objective: any StochasticObjective, _ start: [Double], _ configuration: PlateauConfiguration) {
    self.objective = objective
    self.configuration = configuration
    count = objective.parameterCount
    parameters = Storage(start)
    gradient = Storage(count)
    sums = Storage(count)
    rule = configuration.optimizer.rule(count: count)
    keeper = AscentGuard(count: count)
    rate = configuration.rate ?? configuration.optimizer.defaultRate
  }

  func resume(_ checkpoint: CheckpointPart?) throws {
    self.checkpoint = checkpoint
    guard let memory = try checkpoint?.restored(Memory.self, isSound: isSound) else { return }
    parameters.fill(memory.parameters.values)
    sums.fill(memory.sums.values)
    rule.memory = memory.rule.values
    keeper.memory = memory.keeper
    (step, badSteps, averaged, level) = (memory.step, memory.badSteps, memory.averaged, memory.level)
    rate = memory.rate
    chunks = memory.chunks.values
    trace = zip(memory.traceSteps, memory.traceValues.values).map { ($0, $1) }
    objective.usage = memory.usage
  }

  private func isSound(_ memory: Memory) -> Bool {
    memory.parameters.count == count && memory.sums.count == count && memory.rule.count == rule.memory.count
      && keeper.isSound(memory.keeper) && memory.usage.isSound(objective.usage)
      && [memory.step, memory.badSteps, memory.averaged].allSatisfy(\.isCount) && (0..<max(1, configuration.levels)).contains(memory.level)
  }

  private func keep(always: Bool) {
    guard let checkpoint, always || checkpoint.isDue else { return }
    checkpoint.save(
      Memory(
        parameters: PackedNumbers(parameters.array), sums: PackedNumbers(sums.array), rule: PackedNumbers(rule.memory),
        keeper: keeper.memory, step: step, badSteps: badSteps, averaged: averaged, level: level, rate: rate,
        chunks: PackedNumbers(chunks), traceValues: PackedNumbers(trace.map(\.value)), traceSteps: trace.map(\.step),
        usage: objective.usage))
  }

  func run(_ onProgress: (Int, Double) -> Control) -> StochasticResult {
    let limit = configuration.steps ?? configuration.stepLimit
    let levels = max(1, configuration.levels)
    var status = configuration.steps == nil ? Status.stepLimit : .stepsDone
    while step < limit {
      // With fixed steps the levels take half, a quarter, and the rest.
      if configuration.steps != nil, level < levels - 1, step >= limit - limit >> (level + 1) { (level, rate) = (level + 1, rate * 0.3) }
      let mean = chunk(rate: rate, limit: limit, averages: level == levels - 1)
      trace.append((step, mean))
      let isStopped = onProgress(step, mean) == .stop
      if mean.isFinite { chunks.append(mean) }
      let isOver = configuration.steps == nil && isFlat(chunks)
      if isOver, level == levels - 1, !isStopped {
        status = .converged
        break
      }
      // A state is one that has another chunk before it, or else it would be judged once more.
      if !(isOver && level == levels - 1) {
        if isOver {
          level += 1
          rate *= 0.3
          chunks.removeAll()
        }
        keep(always: isStopped)
      }
      if isStopped {
        status = .cancelled
        break
      }
    }
    if badSteps > step / 2 { status = .nonFinite }
    let last = chunks.suffix(4)
    let value = last.isEmpty ? .nan : last.reduce(0, +) / Double(last.count)
    let average = averaged > 0 ? sums.array.map { $0 / Double(averaged) } : parameters.array
    return StochasticResult(
      parameters: keeper.collapses > 0 ? keeper.better([average], of: objective, step: step) : average, steps: step, status: status,
      trace: trace, value: value, valueError: Self.error(last), iterateRHat: .nan,
      badSteps: badSteps, collapses: keeper.collapses)
  }

  private static func error(_ values: ArraySlice<Double>) -> Double {
    let n = Double(values.count)
    guard n > 1 else { return .nan }
    let mean = values.reduce(0, +) / n
    return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n - 1) / n).squareRoot()
  }

  private func isFlat(_ chunks: [Double]) -> Bool {
    guard chunks.count >= 8 else { return false }
    let (late, early) = (chunks.suffix(4), chunks.dropLast(4).suffix(4))
    let gain = (late.reduce(0, +) - early.reduce(0, +)) / 4
    let errors = (Self.error(late), Self.error(early))
    // Errors of four chunks are themselves uncertain: one wild chunk must not look like a plateau for ever, nor hide it.
    return gain < max(configuration.tolerance, min(2 * (errors.0 * errors.0 + errors.1 * errors.1).squareRoot(), 0.1))
  }

  /// The mean of the finite values of one chunk.
  private func chunk(rate: Double, limit: Int, averages: Bool) -> Double {
    var finite: [Double] = []
    for _ in 0..<configuration.chunk where step < limit {
      var value = 0.0
      objective.evaluate(parameters: parameters.base, step: step, value: &value, gradient: gradient.base)
      step += 1
      guard value.isFinite else {
        badSteps += 1
        continue
      }
      finite.append(value)
      keeper.shorten(gradient.base)
      rule.ascend(parameters.base, gradient: gradient.base, rate: rate * keeper.share(step: step - 1))
      guard averages else { continue }
      averaged += 1
      for i in 0..<count { sums.base[i] += parameters.base[i] }
    }
    if keeper.collapses(finite, parameters.base) {
      rule = configuration.optimizer.rule(count: count)
      averaged = 0
      for i in 0..<count { sums.base[i] = 0 }
    }
    return finite.isEmpty ? .nan : finite.reduce(0, +) / Double(finite.count)
  }
}
