import Foundation
import Modeling

/// Fits a Gaussian guide to p(u) ∝ exp(density) over ℝⁿ by maximizing the ELBO E_q[log p(u) − log q(u)].
///
/// Each start searches a mode and follows its own path and noise (all addressed by `seed`); the starts are compared by fresh draws. The result
/// is the same for any number of threads. `onProgress` is called from the threads that work, every 64 steps of a start.
/// - Parameter monitor: one unconstrained draw ↦ the values reported on the constrained scale, which take part in the check of the means
///   by importance weighting.
/// - Throws: ``InferenceError`` where no finite starting point exists; what the density throws.
package func runVI(
  _ density: any LogDensity, configuration: VIConfiguration, seed: UInt64, threads: Int = 1,
  monitor: (@Sendable ([Double]) -> [Double])? = nil, checkpoint: CheckpointPart? = nil,
  onProgress: @escaping @Sendable (VIProgress) -> Control = { _ in .proceed }
) throws -> VIResult {
  let first = configuration.steps == nil ? max(configuration.starts, 1) : 1
  var fits = try StartFit.run(Array(0..<first), density, configuration, seed, threads, checkpoint, onProgress)
  // Where the starts disagree, up to two more look for the best answer again.
  while first > 1, fits.count < first + 2, !fits.contains(where: { $0.outcome.status == .cancelled }) {
    let best = StartFit.best(fits)
    if fits.contains(where: { $0.start != best.start && $0.matches(best) }) { break }
    fits += try StartFit.run([fits.count], density, configuration, seed, 1, checkpoint, onProgress)
  }
  let best = StartFit.best(fits)
  let (evaluation, bracket, extra) = try best.finalEvaluation(density, seed: seed, monitor: monitor)
  let agreement = StartAgreement(best: best, all: fits)
  let scan = try DensityBlock(density)
  let probe = try GuideProbe.run(
    density, best.draws, seed: seed, threads: threads, isDoubted: evaluation.isDoubted, isBrief: configuration.steps != nil,
    monitor: monitor)
  let rival = best.outcome.guide.nearestRival(scan, bound: bracket.best, seed: seed)
  return VIResult(
    configuration: configuration, seed: seed, guide: best.outcome.guide, evaluation: evaluation, probe: probe, bracket: bracket,
    trace: best.outcome.trace,
    steps: best.outcome.steps,
    gradientEvaluations: fits.reduce(extra + scan.evaluations + (probe?.evaluations ?? 0)) { $0 + $1.evaluations },
    starts: fits.map(\.report), status: best.outcome.status,
    verdict: Verdict(
      VerdictRules.variational(evaluation, status: best.outcome.status, agreement: agreement, probe: probe) + VerdictRules.uncovered(rival))
  )
}

/// One start from its random point to its evaluation by fresh draws.
struct StartFit: Sendable {
  var start: Int
  var outcome: AscentOutcome
  var draws: GuideDraws
  var evaluation: GuideEvaluation
  var evaluations: Int

  var report: VIStartReport {
    VIStartReport(
      status: outcome.status, elbo: evaluation.elbo, elboError: evaluation.elboError, steps: outcome.steps,
      averagingError: outcome.averagingError, iterateRHat: outcome.iterateRHat)
  }

  /// Runs starts side by side, in order of their numbers in the result.
  static func run(
    _ starts: [Int], _ density: any LogDensity, _ configuration: VIConfiguration, _ seed: UInt64, _ threads: Int,
    _ checkpoint: CheckpointPart?, _ onProgress: @escaping @Sendable (VIProgress) -> Control
  ) throws -> [StartFit] {
    try Parallel.map(starts, threads: threads) {
      try StartFit($0, density, configuration, seed, checkpoint?.part("start-\($0)"), onProgress)
    }
  }

  static func best(_ fits: [StartFit]) -> StartFit {
    let usable = fits.filter { $0.outcome.status != .unbounded }
    return (usable.isEmpty ? fits : usable).reduce(fits[0]) { a, b in
      if a.outcome.status == .unbounded, b.outcome.status != .unbounded { return b }
      return b.evaluation.elbo > a.evaluation.elbo || a.evaluation.elbo.isNaN ? b : a
    }
  }

  init(
    _ start: Int, _ density: any LogDensity, _ configuration: VIConfiguration, _ seed: UInt64,
    _ checkpoint: CheckpointPart?, _ onProgress: @escaping @Sendable (VIProgress) -> Control
  ) throws {
    self.start = start
    let wide = try DensityBlock(density)
    if let done = try checkpoint?.part("done").restored(
      AscentOutcome.Memory.self, isSound: { $0.isSound(configuration.guide, dimension: density.dimension) })
    {
      outcome = AscentOutcome(done)
      evaluations = done.otherEvaluations
      wide.evaluations = done.wideEvaluations
    } else {
      (outcome, evaluations) = try Self.ascend(start, density, wide, configuration, seed, checkpoint, onProgress)
      if outcome.status != .cancelled { checkpoint?.part("done").save(outcome.memory(wide: wide.evaluations, other: evaluations)) }
    }
    draws = outcome.guide.draws(
      max(configuration.evaluationDraws, 100), block: wide, seed: seed, purpose: VariationalPurpose.evaluation, start: start)
    evaluation = GuideEvaluation(draws)
    evaluations += wide.evaluations
  }

  /// From the random point to the end of the ascent, with the evaluations that `wide` does not count.
  private static func ascend(
    _ start: Int, _ density: any LogDensity, _ wide: DensityBlock, _ configuration: VIConfiguration, _ seed: UInt64,
    _ checkpoint: CheckpointPart?, _ onProgress: @escaping @Sendable (VIProgress) -> Control
  ) throws -> (AscentOutcome, evaluations: Int) {
    guard let point = configuration.start ?? VariationalStart.randomPoint(wide, seed: seed, start: start) else {
      throw InferenceError(status: .noFiniteStart)
    }
    let found = VariationalStart.search(wide, from: point, seed: seed, start: start)
    let limit = configuration.steps ?? configuration.stepLimit
    return try Ascents.run(
      density, wide: wide, from: found, configuration: configuration, seed: seed, start: start, checkpoint: checkpoint
    ) {
      onProgress(VIProgress(start: start, step: $0, stepLimit: limit, elbo: $1, gradientEvaluations: $2))
    }
  }

  /// Whether two starts found the same Gaussian: ELBOs, means (in sd) and log sds within 0.1 or what chance allows.
  func matches(_ other: StartFit) -> Bool {
    let error = 3 * (evaluation.elboError + other.evaluation.elboError)
    guard abs(evaluation.elbo - other.evaluation.elbo) <= 0.1 + error else { return false }
    let a = outcome.guide.standardDeviations
    let b = other.outcome.guide.standardDeviations
    for i in a.indices {
      if abs(outcome.guide.location[i] - other.outcome.guide.location[i]) > 0.1 * (a[i] + b[i]) / 2 + 1e-12 { return false }
      if abs(log(a[i] / b[i])) > 0.1 { return false }
    }
    return true
  }

  /// The evaluation with the monitored values, and four times the draws where k̂ lies between 0.5 and 0.8: its own error is about 0.1
  /// at 4000 draws, and its prior pulls it towards 0.5. Also the number of further density evaluations.
  func finalEvaluation(
    _ density: any LogDensity, seed: UInt64, monitor: (([Double]) -> [Double])?
  ) throws -> (GuideEvaluation, EvidenceBracket, evaluations: Int) {
    var draws = draws
    let isClose = evaluation.paretoShape > 0.5 && evaluation.paretoShape < 0.8
    if isClose {
      draws = outcome.guide.draws(
        4 * draws.count, block: try DensityBlock(density), seed: seed, purpose: VariationalPurpose.evaluation, start: start)
    }
    let columns = Self.columns(draws, monitor)
    let final = isClose || !columns.isEmpty ? GuideEvaluation(draws, monitored: columns) : evaluation
    return (final, EvidenceBracket(draws, final), isClose ? draws.count : 0)
  }

  /// The monitored values of draws, [value][draw]; empty without a monitor.
  static func columns(_ draws: GuideDraws, _ monitor: (([Double]) -> [Double])?) -> [[Double]] {
    guard let monitor else { return [] }
    let rows = (0..<draws.count).map { monitor(Array(draws.draw($0))) }
    guard let width = rows.first?.count, rows.allSatisfy({ $0.count == width }) else { return [] }
    return (0..<width).map { j in rows.map { $0[j] } }
  }
}

/// Chooses and runs the ascent that a configuration asks for.
enum Ascents {
  static func run(
    _ density: any LogDensity, wide: DensityBlock, from start: VariationalStart, configuration: VIConfiguration, seed: UInt64,
    start index: Int, checkpoint: CheckpointPart? = nil,
    report: @escaping (Int, Double, Int) -> Control
  ) throws -> (AscentOutcome, evaluations: Int) {
    let n = density.dimension
    let power = 1 << (n <= 1 ? 0 : Int.bitWidth - (n - 1).leadingZeroBitCount)
    let samples = GuideNoise.roundedUp(
      configuration.samplesPerStep ?? (configuration.steps == nil ? min(64, max(16, 2 * power)) : 1))
    let block = samples == 1 ? try DensityBlock(density, activeLanes: 1) : wide
    let guide = start.guide(configuration.guide)
    if guide.rank > 0, configuration.optimizer != .adam, configuration.steps == nil {
      let outcome = SampleAverage.run(
        wide, from: start, guide: guide, configuration: configuration, seed: seed, start: index, report: report)
      return (outcome, 0)
    }
    if configuration.optimizer == .adam || guide.rank > 0 {
      return try ScaledAdam.run(
        block, from: start, guide: guide, configuration: configuration, seed: seed, start: index, samples: samples,
        checkpoint: checkpoint, report: report)
    }
    let before = block.evaluations
    let ascent: any NaturalAscent
    if configuration.guide == .meanField {
      // A group covers 2 · 2^⌈log₂ n⌉ samples where there are as many.
      let group = samples >= 16 ? largestGroup(samples, wanted: max(16, 2 * power)) : min(samples, 2)
      let noise = GuideNoise(
        seed: seed, purpose: VariationalPurpose.steps, start: index, dimension: n, samples: samples, groupSize: group)
      ascent = MeanFieldAscent(
        block, wide: wide, guide: guide, preconditioner: start.factor, noise: noise, entropy: configuration.entropy)
    } else {
      let noise = GuideNoise(
        seed: seed, purpose: VariationalPurpose.steps, start: index, dimension: n, samples: samples, groupSize: min(samples, 2))
      ascent = FullRankAscent(block, guide: guide, noise: noise, entropy: configuration.entropy)
    }
    let schedule = try AscentSchedule(ascent, configuration: configuration, samples: samples, checkpoint: checkpoint, report: report)
    if let steps = configuration.steps { return (schedule.run(steps: steps), block === wide ? 0 : block.evaluations - before) }
    let outcome = SampleAverage.finish(
      wide, schedule.runUntilConverged(), configuration: configuration, seed: seed, start: index, report: report)
    return (outcome, block === wide ? 0 : block.evaluations - before)
  }

  private static func largestGroup(_ samples: Int, wanted: Int) -> Int {
    var group = 16
    while group < wanted, samples % (2 * group) == 0 { group *= 2 }
    return group
  }
}
