import Foundation
import Modeling

/// The density of a model of which only some elements of its plates are present: other ones at every evaluation.
///
/// Values and gradients are unbiased, since the terms of a plate are scaled by size / present and every element is as likely as any other
/// (Hoffman, Blei, Wang & Paisley 2013). Unlike other densities it is a sequence: evaluation k of an evaluator uses the k-th minibatch, so that
/// equal runs give equal bits.
private struct MinibatchDensity<M: Model>: LogDensity {
  let compiled: CompiledModel<M>
  let seed: UInt64

  var dimension: Int { compiled.dimension }
  var preferredLanes: Int { compiled.preferredLanes }

  func makeEvaluator(lanes: Int) throws -> any LogDensityEvaluator {
    guard let inner = try compiled.makeEvaluator(lanes: lanes) as? RecordedEvaluator else {
      throw FitError(["The body reads numbers (item()) out of latent variables: such a model has no minibatches."])
    }
    return MinibatchEvaluator(inner, plates: compiled.recorded.plates.filter { $0.subset != nil }, seed: seed)
  }
}

private final class MinibatchEvaluator: SequentialEvaluator {
  private let inner: RecordedEvaluator
  private let names: [String]
  private var schedules: [MinibatchSchedule]
  var step = 0

  init(_ inner: RecordedEvaluator, plates: [Plate], seed: UInt64) {
    self.inner = inner
    names = plates.map(\.name)
    schedules = plates.enumerated().map { MinibatchSchedule(size: $1.size, present: $1.present, seed: seed, plate: UInt32($0)) }
  }

  var lanes: Int { inner.lanes }

  func evaluate(
    positions: UnsafePointer<Double>, values: UnsafeMutablePointer<Double>, gradients: UnsafeMutablePointer<Double>
  ) {
    for index in schedules.indices {
      inner.choose(schedules[index].elements(step: step).map { Int($0) }, ofPlate: names[index])
    }
    step += 1
    inner.evaluate(positions: positions, values: values, gradients: gradients)
  }
}

extension FitEngine {
  /// A Gaussian guide fitted by Adam with minibatches, then judged by the whole model.
  ///
  /// The optimizer's unit of a log scale is one and that of a location is the parameter's own: unconstrained coordinates of order one are
  /// expected.
  func subsampled(_ whole: CompiledModel<M>, _ configuration: VIConfiguration, _ minibatch: [String: Int]) throws -> VIResult {
    let parts = try CompiledModel(model, minibatch: minibatch)
    guard parts.dimension == whole.dimension else {
      throw FitError([
        "A latent site stands in a plate of which only a minibatch is present: use a guide that is a program, which can make its value from the data."
      ])
    }
    let samples = configuration.samplesPerStep ?? 8
    let objective = try GuideObjective(
      MinibatchDensity(compiled: parts, seed: seed), family: configuration.guide, samples: samples, entropy: configuration.entropy,
      seed: seed)
    var optimization = StochasticConfiguration()
    optimization.steps = configuration.steps
    optimization.isGuarded = true
    optimization.rate = configuration.learningRate ?? optimization.rate
    var start = [Double](repeating: 0, count: objective.parameterCount)
    for (index, value) in whole.initialPosition.enumerated() { start[index] = value ?? 0 }
    // Begin narrow: e⁻² = 0.14.
    for index in 0..<whole.dimension { start[whole.dimension + index] = -2 }
    let total = configuration.steps ?? 0
    let optimum = try runStochastic(objective, from: start, configuration: optimization, checkpoint: checkpoint?.part("minibatch")) {
      step, value in
      onProgress(FitProgress(phase: "optimizing", completed: step, total: total, measures: [("elbo", value)]))
      return stop.isRaised ? .stop : .proceed
    }
    let guide = objective.guide(at: optimum.parameters)
    let draws = try guide.draws(configuration.evaluationDraws, of: whole, seed: seed ^ 1)
    let evaluation = GuideEvaluation(draws, monitored: StartFit.columns(draws, FitMonitor(whole)?.values))
    let report = VIStartReport(
      status: optimum.status, elbo: evaluation.elbo, elboError: evaluation.elboError, steps: optimum.steps, averagingError: .nan,
      iterateRHat: optimum.iterateRHat)
    let agreement = StartAgreement(starts: 1, matching: 0, nearestRival: nil)
    return VIResult(
      configuration: configuration, seed: seed, guide: guide, evaluation: evaluation, bracket: EvidenceBracket(draws, evaluation),
      trace: optimum.trace.map { ($0.step, $0.value) }, steps: optimum.steps, gradientEvaluations: optimum.steps * samples + draws.count,
      starts: [report], status: optimum.status,
      verdict: Verdict(VerdictRules.variational(evaluation, status: optimum.status, agreement: agreement)))
  }
}
