import Foundation
import Modeling

/// Settings of ``runGraphGuide(_:configuration:dependence:draws:seed:threads:monitor:onProgress:)``.
package struct GraphConfiguration: Sendable, Codable, Equatable {
  package var family: FlatGuideFamily
  package var objective = VariationalObjective.elbo
  /// Draws a step, rounded up to a multiple of eight (of eight for each component of a mixture); nil for 32.
  package var particles: Int?
  package var ascent = PlateauConfiguration()
  package var evaluationDraws = 4000

  package init(_ family: FlatGuideFamily) { self.family = family }
}

/// A guide that is a graph, around the best Gaussian, fitted and judged by fresh draws.
///
/// First the Gaussian (full-rank up to 256 dimensions) by natural gradients from two starts, from four or more for a mixture, whose components begin
/// where these end; then the graph, which begins as that Gaussian or near it, by ``runPlateau(_:from:configuration:onProgress:)``.
/// - Parameter dependence: the model's, for the structured family.
/// - Throws: ``InferenceError`` where no start is finite; ``FitError`` for an objective that the family cannot have.
package func runGraphGuide(
  _ density: any LogDensity, configuration: GraphConfiguration, dependence: [SiteDependence] = [], draws: Int, seed: UInt64,
  threads: Int = 1, monitor: (@Sendable ([Double]) -> [Double])? = nil, checkpoint: CheckpointPart? = nil,
  onProgress: @escaping @Sendable (VIProgress) -> Control = { _ in .proceed }
) throws -> ApproximationResult {
  try checkObjective(configuration)
  if configuration.family == .structured, dependence.isEmpty {
    throw FitError([
      "The structured guide follows the model's dependence, and a body that reads numbers (item()) shows none: use another guide."
    ])
  }
  let starts = try GraphStart(density, configuration, seed, threads, checkpoint, onProgress)
  let guide = try GraphGuide(
    configuration.family, anchor: starts.anchor, dependence: dependence, centres: starts.centres, seed: seed)
  guard configuration.objective.needsDensity == false || guide.knowsDensity else {
    throw FitError([
      "The objective \(configuration.objective.name) needs the density of the guide at given points, and \(configuration.family.name) has no inverse: use flow:spline, flow:affine, flow:iaf or flow:maf."
    ])
  }
  let particles = max(configuration.particles ?? 32, configuration.objective.groupSize)
  let objective = try GraphObjective(guide, density, objective: configuration.objective, particles: particles, seed: seed)
  let limit = configuration.ascent.steps ?? configuration.ascent.stepLimit
  let outcome = try runPlateau(
    objective, from: guide.initial, configuration: configuration.ascent, checkpoint: checkpoint?.part("graph")
  ) { step, value in
    onProgress(VIProgress(start: 0, step: step, stepLimit: limit, elbo: value, gradientEvaluations: objective.evaluations))
  }
  let block = try DensityBlock(density)
  func evaluate(_ parameters: [Double], _ count: Int) throws -> (GuideDraws, GuideEvaluation) {
    let own = try guide.draws(count, parameters: parameters, block: block, seed: seed, purpose: VariationalPurpose.evaluation)
    return (own, GuideEvaluation(own, monitored: StartFit.columns(own, monitor)))
  }
  let count = max(configuration.evaluationDraws, 100)
  var (own, evaluation) = try evaluate(outcome.parameters, count)
  if evaluation.paretoShape > 0.5, evaluation.paretoShape < 0.8 { (own, evaluation) = try evaluate(outcome.parameters, 4 * count) }
  let (centre, spread) = own.moments
  let evaluator = try GraphGuideEvaluator(guide)
  evaluator.load(outcome.parameters)
  let rival = ModeScan.nearestRival(
    block, location: centre, scales: spread, bound: EvidenceBracket(own, evaluation).best, seed: seed, logDensity: evaluator.logDensity)
  let probe = try GuideProbe.run(density, own, seed: seed, threads: threads, isDoubted: evaluation.isDoubted, monitor: monitor)
  let reasons =
    VerdictRules.variational(evaluation, status: outcome.status, agreement: starts.agreement(configuration.family), probe: probe)
    + VerdictRules.uncovered(rival)
  return ApproximationResult(
    evaluation: evaluation, bracket: EvidenceBracket(own, evaluation), probe: probe, trace: outcome.trace.map { ($0.step, $0.value) },
    steps: outcome.steps, gradientEvaluations: starts.evaluations + objective.evaluations + block.evaluations + (probe?.evaluations ?? 0),
    status: outcome.status,
    verdict: Verdict(reasons),
    draws: try guide.draws(draws, parameters: outcome.parameters, block: block, seed: seed, purpose: VariationalPurpose.draws),
    details: [("parameters", Double(guide.parameterCount)), ("bad_steps", Double(outcome.badSteps))])
}

extension VariationalObjective {
  /// The particles that one estimate takes together.
  var groupSize: Int { if case .iwae(let k) = self { k } else { 1 } }
}

/// Throws ``FitError`` for combinations that make no sense.
private func checkObjective(_ configuration: GraphConfiguration) throws {
  if case .mixture = configuration.family, configuration.objective != .elbo {
    throw FitError([
      "A mixture is fitted by the ELBO, in which every component has its share of the draws; \(configuration.objective.name) is not defined for it."
    ])
  }
  if configuration.objective == .fixedDraws {
    throw FitError(["The objective fixed-draws belongs to the mean-field guide, not to \(configuration.family.name)."])
  }
}

/// Where a graph guide begins.
private struct GraphStart {
  var anchor: GuideAnchor
  var centres: [GuideAnchor]
  var evaluations: Int
  private let fits: [StartFit]
  private let best: StartFit

  init(
    _ density: any LogDensity, _ configuration: GraphConfiguration, _ seed: UInt64, _ threads: Int,
    _ checkpoint: CheckpointPart?, _ onProgress: @escaping @Sendable (VIProgress) -> Control
  ) throws {
    let n = density.dimension
    let isWide = n > VariationalStart.denseLimit || configuration.family == .diagonal || configuration.family == .structured
    var gaussian = VIConfiguration(guide: isWide ? .meanField : .fullRank)
    gaussian.stepLimit = 4000
    gaussian.evaluationDraws = 1000
    let count: Int = if case .mixture(let k) = configuration.family { max(4, 2 * k) } else { 2 }
    fits = try StartFit.run(Array(0..<count), density, gaussian, seed, threads, checkpoint, onProgress)
    best = StartFit.best(fits)
    anchor = GuideAnchor(best.outcome.guide)
    evaluations = fits.reduce(0) { $0 + $1.evaluations }
    // Every answer once, the best first.
    var distinct = [best]
    for fit in fits.sorted(by: { $0.evaluation.elbo > $1.evaluation.elbo })
    where fit.evaluation.elbo.isFinite && !distinct.contains(where: { $0.matches(fit) }) { distinct.append(fit) }
    centres = distinct.map { GuideAnchor($0.outcome.guide) }
  }

  /// Several modes are what a mixture is for; with any other family one of them is reported.
  func agreement(_ family: FlatGuideFamily) -> StartAgreement {
    if case .mixture = family { return StartAgreement(starts: 1, matching: 0, nearestRival: nil) }
    return StartAgreement(best: best, all: fits)
  }
}
