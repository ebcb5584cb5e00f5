import Foundation
import Modeling

/// Where the proposals of importance sampling come from.
package enum ImportanceProposal: Sendable, Codable, Equatable {
  case prior
  /// The Gaussian guide with the best ELBO.
  case guide(GuideFamily)

  package var name: String {
    switch self {
    case .prior: "prior"
    case .guide(.meanField): "mean-field"
    case .guide(.fullRank): "full-rank"
    case .guide(.lowRank(let rank)): "low-rank:\(rank)"
    }
  }
}

/// Settings of importance sampling.
package struct ImportanceConfiguration: Sendable, Codable, Equatable {
  package var proposal = ImportanceProposal.prior
  /// Proposals that are weighted.
  package var pool = 40_000

  package init() {}
}

/// Self-normalized importance sampling: proposals weighted by p/q, their weights Pareto smoothed (Vehtari, Simpson, Gelman, Yao and Gabry 2024), and draws
/// resampled by them. The evidence is the mean weight; k̂ and the number of effective proposals judge it (``VerdictRules/resampled(_:status:what:probe:)``).
extension FitEngine {
  func importance(_ compiled: CompiledModel<M>, _ configuration: ImportanceConfiguration, _ draws: Int) throws -> ApproximationResult {
    let pool: GuideDraws
    var evaluations = configuration.pool
    switch configuration.proposal {
    case .prior: pool = try priorPool(compiled, configuration.pool)
    case .guide(let family):
      var settings = VIConfiguration(guide: family)
      settings.start = try start(compiled)
      let fit = try runVI(compiled, configuration: settings, seed: seed, threads: threads, checkpoint: checkpoint?.part("vi")) { progress in
        onProgress(FitProgress(progress, steps: nil))
        return stop.isRaised ? .stop : .proceed
      }
      evaluations += fit.gradientEvaluations
      pool = try fit.draws(configuration.pool, of: compiled, seed: seed)
    }
    let evaluation = GuideEvaluation(pool)
    guard pool.logP.contains(where: \.isFinite) else {
      throw FitError(["None of \(pool.count) proposals has a finite density: the data contradict the \(configuration.proposal.name)."])
    }
    let bracket = EvidenceBracket(pool, evaluation)
    return ApproximationResult(
      evaluation: evaluation, bracket: bracket, probe: nil, trace: [], steps: 0, gradientEvaluations: evaluations,
      status: stop.isRaised ? .cancelled : .converged,
      verdict: Verdict(VerdictRules.resampled(evaluation, status: .converged, what: configuration.proposal == .prior ? "prior" : "guide")),
      draws: pool.resampled(draws, seed: seed), details: [("proposals", Double(pool.count))])
  }

  /// Draws of the prior with both densities.
  private func priorPool(_ compiled: CompiledModel<M>, _ count: Int) throws -> GuideDraws {
    let reader = try PriorDraws(compiled, seed: seed)
    let mover = try SMCMover(compiled, compiled.prior(), seed: seed, population: 0)
    let positions = try reader.read(first: 0, count: count)
    let (priors, likelihoods) = mover.densities(positions)
    return GuideDraws(
      dimension: compiled.dimension, count: count, positions: positions, logP: zip(priors, likelihoods).map { $0 + $1 }, logQ: priors)
  }
}
