import Foundation
import Modeling

/// One training run with one estimator.
package struct EstimatorCurve: Sendable {
  package var estimator: String
  package var isUnbiased: Bool
  /// Steps done, and the ELBO of the model as it is written on all training data there, in nats an element.
  package var points: [(step: Int, bound: Double)]
  /// Of the training alone.
  package var seconds: Double
  /// The evidence of the test data by importance sampling, in nats an element; a lower bound in the mean. With its Monte Carlo error.
  package var evidence: (value: Double, error: Double)
  /// Why it did not run.
  package var obstacle: String?
}

/// How ``EstimatorCurves`` trains.
package struct EstimatorCurveConfiguration: Sendable {
  /// Guide site → estimator for the sites that are not compared.
  package var current: [String: GradientEstimator] = [:]
  package var optimization = StochasticConfiguration()
  package var particles = 1
  package var minibatch: [String: Int] = [:]
  /// Places on a curve.
  package var places = 50
  /// Draws of the guide for each importance weight's mean.
  package var importanceDraws = 512
  package init() {
    optimization.steps = 2000
    optimization.isPlain = true
  }
}

/// The same model trained with several estimators at the sites that are not differentiable: equal start, seed, optimizer and steps.
///
/// Curves are of the model as it is written, whatever a relaxed estimator maximizes, on all training data; each place is the mean over one draw for
/// every element. The last iterate is scored on test data by (1/n) Σᵢ log (1/S) Σₛ p(xᵢ, zᵢₛ)/q(zᵢₛ).
package struct EstimatorCurves: Sendable {
  package var curves: [EstimatorCurve] = []
  /// The sites whose estimators are compared.
  package var sites: [String]
  /// Elements that a value is divided by: of the plate that the draws stand in, or one.
  package var elements: Int
  package var importanceDraws: Int

  /// Estimators that are compared where none are named: six that are legal for all of these sites.
  package static func usual(_ legal: [[GradientEstimator]]) -> [GradientEstimator] {
    let wanted: [GradientEstimator] = [
      .scoreFunction(.movingAverage(decay: 0.9)), .arm, .scoreFunction(.leaveOneOut(draws: 2)), .disarm, .rebar(0.5), .gumbelSoftmax(0.5),
      .unorderedSet(draws: 2), .straightThroughGumbel(0.5), .scoreFunction(.learned), .measureValued, .scoreFunction(.none),
      .scoreFunction(.optimal),
    ]
    return Array(wanted.filter { choice in legal.allSatisfy { own in own.contains { $0.family == choice.family } } }.prefix(6))
  }

  /// - Parameters:
  ///   - test: what the last iterates are scored on; its guide must have the same parameters.
  ///   - estimators: empty for ``usual(_:)``.
  package init<M: Model>(
    _ model: M, test: M, guide: @Sendable @escaping (GuideProgram, M) throws -> Void, estimators: [GradientEstimator],
    _ configuration: EstimatorCurveConfiguration, seed: UInt64, onProgress: (String, Int) -> Void = { _, _ in }
  ) throws {
    let own = try GuidedModel(model, guide: guide, estimators: configuration.current)
    let compared = own.draws.filter { !$0.legal.contains(where: \.isDifferentiable) }
    sites = compared.map(\.name)
    importanceDraws = configuration.importanceDraws
    elements = own.elementCount ?? 1
    guard !compared.isEmpty else {
      throw FitError(["Every site of the guide is differentiable: there are no estimators to train with and compare."])
    }
    let scored = try GuidedModel(test, guide: guide)
    guard scored.parameterCount == own.parameterCount else {
      throw FitError([
        "The guide has \(scored.parameterCount) parameters with the test data and \(own.parameterCount) with the model's: the test data need a guide that computes its draws from the data."
      ])
    }
    for estimator in estimators.isEmpty ? EstimatorCurves.usual(compared.map(\.legal)) : estimators {
      var curve = EstimatorCurve(
        estimator: estimator.name, isUnbiased: estimator.isUnbiased, points: [], seconds: 0, evidence: (.nan, .nan))
      do {
        let choices = configuration.current.merging(compared.map { ($0.name, estimator) }) { $1 }
        let trained = try GuidedModel(model, guide: guide, minibatch: configuration.minibatch, estimators: choices)
        let objective = try GuidedObjective(trained, particles: configuration.particles, seed: seed)
        let watched = try WatchedObjective(objective, scoring: own, elements: elements, configuration, seed: seed)
        let result = runStochastic(watched, from: trained.initial, configuration: configuration.optimization) { step, _ in
          onProgress(estimator.name, step)
          return Task.isCancelled ? .stop : .proceed
        }
        try Task.checkCancellation()
        watched.score(result.parameters, step: result.steps)
        curve.points = watched.points
        curve.seconds = watched.seconds
        curve.evidence = try ImportanceEvidence.estimate(scored, result.parameters, draws: importanceDraws, seed: seed)
      } catch let error as ModelError {
        curve.obstacle = error.problems.map(\.sentence).joined(separator: " ")
      }
      curves.append(curve)
    }
  }
}

/// An objective that is scored on the whole model every so many steps.
private final class WatchedObjective<M: Model>: StochasticObjective {
  private let base: GuidedObjective<M>
  private let reader: GuideReader<M>
  private let elements: Int
  private let interval: Int
  private(set) var points: [(step: Int, bound: Double)] = []
  private(set) var seconds = 0.0

  init(_ base: GuidedObjective<M>, scoring model: GuidedModel<M>, elements: Int, _ configuration: EstimatorCurveConfiguration, seed: UInt64)
    throws
  {
    self.base = base
    reader = try GuideReader(model, seed: seed)
    self.elements = elements
    interval = max(1, (configuration.optimization.steps ?? 1) / max(1, configuration.places))
  }

  var parameterCount: Int { base.parameterCount }

  func score(_ parameters: [Double], step: Int) {
    guard let found = try? reader.read(parameters: parameters, draw: step) else { return }
    points.append((step, (found.logJoint - found.logGuide) / Double(max(1, elements))))
  }

  func evaluate(
    parameters: UnsafePointer<Double>, step: Int, value: UnsafeMutablePointer<Double>, gradient: UnsafeMutablePointer<Double>
  ) {
    if step % interval == 0 { score(Array(UnsafeBufferPointer(start: parameters, count: parameterCount)), step: step) }
    let began = ContinuousClock.now
    base.evaluate(parameters: parameters, step: step, value: value, gradient: gradient)
    seconds += (ContinuousClock.now - began).inSeconds
  }
}

/// log p(data) at a guide's parameters by importance sampling.
package enum ImportanceEvidence {
  /// (1/n) Σᵢ log (1/S) Σₛ wᵢₛ over the n elements of the plate that all draws of the guide stand in (n = 1 where there is none), with the
  /// Monte Carlo error by the delta method. In the mean at most the evidence.
  package static func estimate<M: Model>(_ model: GuidedModel<M>, _ parameters: [Double], draws: Int, seed: UInt64) throws
    -> (value: Double, error: Double)
  {
    let reader = try ElementWeightReader(model, seed: seed)
    let n = reader.elements
    // Of exp(log w − largest so far): sums, and sums of squares.
    var largest = [Double](repeating: -.infinity, count: n)
    var (sums, squares) = ([Double](repeating: 0, count: n), [Double](repeating: 0, count: n))
    var rest = 0.0
    var count = 0
    while count < draws {
      try Task.checkCancellation()
      reader.read(parameters: parameters, pass: count / reader.lanes)
      rest = reader.rest
      for lane in 0..<min(reader.lanes, draws - count) {
        for element in 0..<n {
          let weight = reader.logWeight(element, lane: lane)
          guard weight > -.infinity else { continue }
          if weight > largest[element] {
            let shrink = exp(largest[element] - weight)
            sums[element] *= shrink
            squares[element] *= shrink * shrink
            largest[element] = weight
          }
          let relative = exp(weight - largest[element])
          sums[element] += relative
          squares[element] += relative * relative
        }
      }
      count += min(reader.lanes, draws - count)
    }
    let total = Double(draws)
    var (value, variance) = (rest, 0.0)
    for element in 0..<n {
      value += largest[element] + log(sums[element] / total)
      variance += max(0, squares[element] / (sums[element] * sums[element]) - 1 / total)
    }
    return (value / Double(max(1, n)), variance.squareRoot() / Double(max(1, n)))
  }
}
