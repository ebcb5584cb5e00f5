import Foundation
import Kernels

/// Runs an ascent with a fixed number of steps or until it has converged.
///
/// Automatic stopping follows the robust stochastic optimization of Dhaka et al. (NeurIPS 2020) and Welandawe, Andersen, Vehtari & Huggins
/// (2022): at a fixed rate iterates become a stationary chain; once split R-hat says so they are averaged until the Monte Carlo error of
/// the averages (batch means) is below the tolerance; then the rate falls and the averages of two rounds are compared, which bounds the bias of
/// a finite rate. All distances are in guide standard deviations. Where the natural gradient itself vanishes the ascent ends at once.
final class AscentSchedule {
  private let ascent: any NaturalAscent
  private let configuration: VIConfiguration
  private let family: GuideFamily
  /// The largest rate of a round, and the largest fluctuation of m (in sd) and λ, squared, that a round allows.
  private struct Pace: Codable {
    var rate: Double
    var variance: Double
  }
  private let firstRate: Double
  private let samples: Double
  /// Sum over steps, decaying, of squared differences of successive natural gradients [2 n], and the last one.
  private let differences: Storage
  private let change: Storage
  private let lastChange: Storage
  private var differenceWeight = 0.0
  private let report: (Int, Double, Int) -> Control
  private var stepCount = 0
  private var trace: [(step: Int, elbo: Double)] = []
  private var recentELBO = 0.0
  private var recentSteps = 0
  private var stopped = false
  private var quietSteps = 0
  private let sums: Storage
  private let values: Storage
  private let scales: Storage
  /// Where the loops of automatic stopping are.
  private var pace = Pace(rate: 0, variance: 0.004)
  private var stage = Stage()
  private var round: RoundAverage
  private var previous: RoundAverage?
  /// Iterates in `sums`, with a fixed number of steps.
  private var averaged = 0
  private let checkpoint: CheckpointPart?

  /// A round settles for six relaxation times, then averages chunk by chunk.
  private struct Stage: Codable {
    var settling = 0.0
    var rate = 0.0
    /// Steps of a chunk, 0 while the round settles, and how many of the present one are done.
    var chunk = 0
    var done = 0
  }

  /// All that differs from a schedule that has not begun.
  private struct Memory: Codable {
    var ascent: [PackedNumbers]
    var evaluations: Int
    var differences, lastChange, sums: PackedNumbers
    var differenceWeight, recentELBO: Double
    var stepCount, recentSteps, quietSteps, averaged: Int
    var traceSteps: [Int]
    var traceValues: PackedNumbers
    var pace: Pace
    var stage: Stage
    var round: RoundAverage.Memory
    var previous: RoundAverage.Memory?
  }

  init(
    _ ascent: any NaturalAscent, configuration: VIConfiguration, samples: Int, checkpoint: CheckpointPart? = nil,
    report: @escaping (Int, Double, Int) -> Control
  ) throws {
    self.ascent = ascent
    self.checkpoint = checkpoint
    self.configuration = configuration
    family = configuration.guide
    self.report = report
    let n = Double(ascent.dimension)
    self.samples = Double(samples)
    // One sample's natural gradient has a spectral norm of about n / samples; a quarter of its inverse keeps the steps stable.
    firstRate = configuration.learningRate ?? min(0.25, 0.5 * Double(samples) / n, 0.05 * Double(samples))
    sums = Storage(ascent.parameterCount)
    values = Storage(2 * ascent.dimension)
    scales = Storage(ascent.dimension)
    differences = Storage(2 * ascent.dimension)
    change = Storage(2 * ascent.dimension)
    lastChange = Storage(2 * ascent.dimension)
    round = RoundAverage(parameterCount: ascent.parameterCount, monitored: 2 * ascent.dimension)
    pace.rate = firstRate
    if let memory = try checkpoint?.restored(Memory.self, isSound: isSound) { restore(memory) }
  }

  // MARK: checkpoints

  private func isSound(_ memory: Memory) -> Bool {
    memory.ascent.map(\.count) == ascent.memory.map(\.count) && memory.differences.count == differences.count
      && memory.lastChange.count == lastChange.count && memory.sums.count == sums.count
      && [memory.evaluations, memory.stepCount, memory.recentSteps, memory.quietSteps, memory.averaged].allSatisfy(\.isCount)
      && [memory.pace.rate, memory.pace.variance].allSatisfy { $0 > 0 && $0.isFinite }
      && memory.stage.chunk.isCount && (0...memory.stage.chunk).contains(memory.stage.done) && round.isSound(memory.round)
      && (memory.previous.map { round.isSound($0) } ?? true)
  }

  private func restore(_ memory: Memory) {
    ascent.memory = memory.ascent
    ascent.evaluations = memory.evaluations
    differences.fill(memory.differences.values)
    lastChange.fill(memory.lastChange.values)
    sums.fill(memory.sums.values)
    (differenceWeight, recentELBO) = (memory.differenceWeight, memory.recentELBO)
    (stepCount, recentSteps) = (memory.stepCount, memory.recentSteps)
    (quietSteps, averaged) = (memory.quietSteps, memory.averaged)
    trace = zip(memory.traceSteps, memory.traceValues.values).map { ($0, $1) }
    (pace, stage) = (memory.pace, memory.stage)
    round.memory = memory.round
    previous = memory.previous.map { earlier in
      let average = newRound
      average.memory = earlier
      return average
    }
  }

  /// Saves the state between two steps, at the steps that are reported, when the interval is over or the run is to stop.
  private func keep() {
    // What follows the last step is short, and has no place in the state.
    guard let checkpoint, stepCount % 64 == 0, stepCount < configuration.steps ?? configuration.stepLimit, stopped || checkpoint.isDue
    else { return }
    checkpoint.save(
      Memory(
        ascent: ascent.memory, evaluations: ascent.evaluations, differences: PackedNumbers(differences.array),
        lastChange: PackedNumbers(lastChange.array), sums: PackedNumbers(sums.array), differenceWeight: differenceWeight,
        recentELBO: recentELBO, stepCount: stepCount, recentSteps: recentSteps, quietSteps: quietSteps, averaged: averaged,
        traceSteps: trace.map(\.step), traceValues: PackedNumbers(trace.map(\.elbo)), pace: pace, stage: stage, round: round.memory,
        previous: previous?.memory))
  }

  private var newRound: RoundAverage { RoundAverage(parameterCount: ascent.parameterCount, monitored: 2 * ascent.dimension) }

  /// At rate ρ stationary iterates fluctuate with variance ρ v / 2 where v is the variance of the natural gradient, here half the mean square
  /// of its differences; fluctuations bias the averages through the curvature, so the rate is held at 2 · variance / v.
  private func rate(_ pace: Pace) -> Double {
    guard configuration.learningRate == nil, differenceWeight > 4 else { return pace.rate }
    var largest = 0.0
    for j in 0..<differences.count { largest = max(largest, differences.base[j]) }
    return max(min(pace.rate, 4 * pace.variance * differenceWeight / max(largest, 1e-300)), 1e-3 * pace.rate)
  }

  private func noteChange() {
    ascent.change(into: change.base)
    for j in 0..<differences.count {
      let d = change.base[j] - lastChange.base[j]
      // A single wild step counts as if it were ten.
      differences.base[j] = 0.98 * differences.base[j] + min(d * d, 100)
      lastChange.base[j] = change.base[j]
    }
    differenceWeight = 0.98 * differenceWeight + 1
  }

  // MARK: a fixed number of steps

  /// `steps` steps at rate ρ min(1, (t₀/t)^0.6), t₀ = steps/10, averaging the second half (Polyak & Juditsky 1992).
  ///
  /// The bias of averaged iterates grows with the rate, so ρ = 0.006 √(10⁴ samples / steps), which leaves about 0.03 sd in a skewed posterior,
  /// but no less than the start needs to be forgotten: the rates add up to some 30 relaxation times at 10⁴ steps.
  func run(steps: Int) -> AscentOutcome {
    let flat = Double(max(steps / 10, 1))
    let firstRate =
      configuration.learningRate ?? min(self.firstRate, max(0.006 * (1e4 / Double(steps) * samples).squareRoot(), 60 / Double(steps)))
    let firstAveraged = steps / 2
    while stepCount < steps, !stopped {
      let t = Double(stepCount + 1)
      advance(rate: t <= flat ? firstRate : firstRate * pow(flat / t, 0.6), limit: steps)
      if stepCount > firstAveraged {
        ascent.add(to: sums.base)
        averaged += 1
      }
      keep()
    }
    if averaged == 0 {
      ascent.add(to: sums.base)
      averaged = 1
    }
    return outcome(averaged: averaged, status: stopped ? .cancelled : isBounded ? .stepsDone : .unbounded, error: .nan, rHat: .nan)
  }

  // MARK: automatic stopping

  func runUntilConverged() -> AscentOutcome {
    while true {
      let ended = average()
      ascent.scales(into: scales.base)
      let error = round.error(scales: scales.array)
      if let ended {
        return outcome(round, status: ended, error: error)
      }
      if let previous, previous.agrees(with: round, scales: scales.array, tolerance: configuration.tolerance) {
        return outcome(round, status: .converged, error: error)
      }
      previous = round
      round = newRound
      stage = Stage()
      pace = Pace(rate: 0.4 * pace.rate, variance: 0.4 * pace.variance)
    }
  }

  /// Fills one round of averaging at a fixed rate; nil when its error is small enough, else why it ended. Begins at the present stage.
  private func average() -> Status? {
    // A state may have been saved just before the step's own judgement.
    if stepCount > 0, let status = early(round) { return status }
    // Six relaxation times 1/rate, with the rate as it adapts.
    while stage.settling < 6 {
      let present = rate(pace)
      stage.settling += min(present, 0.75)
      advance(rate: present, limit: configuration.stepLimit)
      keep()
      if let status = early(round) { return status }
    }
    if stage.chunk == 0 {
      stage.rate = rate(pace)
      stage.chunk = max(8, Int(min(3 / stage.rate, 1e12).rounded(.up)))
    }
    while true {
      if stage.done == 0 { round.beginChunk() }
      while stage.done < stage.chunk {
        advance(rate: stage.rate, limit: configuration.stepLimit)
        ascent.add(to: round.sums.base)
        ascent.monitor(into: values.base)
        round.add(values.base)
        stage.done += 1
        keep()
        if let status = early(round) { return status }
      }
      stage.done = 0
      round.endChunk()
      guard round.chunks >= 6, round.chunks % 2 == 0 else { continue }
      ascent.scales(into: scales.base)
      if round.rHat(scales: scales.array) > 1.1 {
        if round.chunks >= 12 {
          // Not stationary yet, or slower than thought: begin anew with longer chunks.
          round.reset()
          stage.chunk *= 2
        }
      } else if round.error(scales: scales.array) < configuration.tolerance {
        return nil
      }
    }
  }

  private func early(_ round: RoundAverage) -> Status? {
    if stopped { return settle(round, .cancelled) }
    if quietSteps >= 5 {
      round.reset()
      return settle(round, .converged)
    }
    if stepCount % 32 == 0, !isBounded { return settle(round, .unbounded) }
    if stepCount >= configuration.stepLimit { return settle(round, .stepLimit) }
    return nil
  }

  /// An average of at least the present iterate.
  private func settle(_ round: RoundAverage, _ status: Status) -> Status {
    if round.count == 0 {
      ascent.add(to: round.sums.base)
      ascent.monitor(into: values.base)
      round.add(values.base)
    }
    return status
  }

  private var isBounded: Bool {
    ascent.monitor(into: values.base)
    let n = ascent.dimension
    for i in 0..<n where !(abs(values.base[i]) < 1e12 && abs(values.base[n + i]) < 200) { return false }
    return true
  }

  // MARK: one step

  private func advance(rate: Double, limit: Int) {
    if stepCount == 40 || stepCount == 200 { ascent.refresh() }
    let result = ascent.step(stepCount, rate: rate)
    stepCount += 1
    noteChange()
    recentELBO += result.elbo
    recentSteps += 1
    quietSteps = result.movement < 1e-9 && result.badSamples == 0 ? quietSteps + 1 : 0
    if stepCount % 64 == 0 || stepCount == limit {
      let mean = recentELBO / Double(recentSteps)
      trace.append((stepCount, mean))
      recentELBO = 0
      recentSteps = 0
      if report(stepCount, mean, ascent.evaluations) == .stop { stopped = true }
    }
  }

  private func outcome(_ round: RoundAverage, status: Status, error: Double) -> AscentOutcome {
    for i in 0..<sums.count { sums.base[i] = round.sums.base[i] }
    return outcome(averaged: round.count, status: status, error: error, rHat: round.chunks >= 2 ? round.rHat(scales: scales.array) : .nan)
  }

  private func outcome(averaged: Int, status: Status, error: Double, rHat: Double) -> AscentOutcome {
    var guide = GaussianGuide(
      family: family, location: [Double](repeating: 0, count: ascent.dimension), logScale: [Double](repeating: 0, count: ascent.dimension))
    guide.parameters = sums.array.map { $0 / Double(averaged) }
    if recentSteps > 0 { trace.append((stepCount, recentELBO / Double(recentSteps))) }
    return AscentOutcome(
      guide: guide, status: status, steps: stepCount, evaluations: ascent.evaluations, trace: trace, averagingError: error,
      iterateRHat: rHat)
  }
}
