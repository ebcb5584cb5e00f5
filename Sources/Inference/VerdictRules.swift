import Foundation

/// How the starts of a fit compare with the best of them.
package struct StartAgreement: Sendable {
  package var starts: Int
  /// Other starts that found the same Gaussian as the best.
  package var matching: Int
  /// Smallest difference in ELBO between the best and a start with another answer, in nats; nil where there is none.
  package var nearestRival: Double?

  package init(starts: Int, matching: Int, nearestRival: Double?) {
    self.starts = starts
    self.matching = matching
    self.nearestRival = nearestRival
  }

  init(best: StartFit, all: [StartFit]) {
    let others = all.filter { $0.start != best.start }
    let rivals = others.filter { !$0.matches(best) }
    starts = all.count
    matching = others.count - rivals.count
    nearestRival = rivals.map { best.evaluation.elbo - $0.evaluation.elbo }.filter { !$0.isNaN }.min()
  }
}

/// The rules behind verdicts, as functions of plain numbers.
package enum VerdictRules {
  /// Rules for a guide fitted by ELBO maximization.
  ///
  /// k̂ above 0.7 fails: importance weights have no usable mean, the guide misses part of the posterior. Up to 0.7, importance weighting is
  /// reliable, and where it would move a mean by more than 0.1 sd or a sd by more than a quarter, that is a reason for caution. Short chains
  /// overrule the weights where they can tell (``judged(_:by:)``); starts that disagree are then held against the fit only if a rival's ELBO is within five nats.
  package static func variational(_ e: GuideEvaluation, status: Status, agreement: StartAgreement, probe: GuideProbe? = nil)
    -> [Verdict.Reason]
  {
    var reasons = ending(status)
    if status == .stepLimit, !(e.paretoShape <= 0.5) {
      reasons.append(
        .init(
          code: "not_optimal", severity: .fail,
          text:
            "The steps ended before the optimum was reached, and with k-hat at \(e.paretoShape.brief()) importance weights cannot vouch for where they ended. Allow more steps, or reparameterize."
        ))
    }
    reasons += tail(e, what: "guide", remedy: "Use a richer guide (full-rank), a non-centred form of the model, or NUTS.")
    let isVouched = probe?.vouches ?? false && !((agreement.nearestRival ?? .infinity) < 5)
    if agreement.starts > 1, agreement.matching == 0, !isVouched {
      reasons.append(
        .init(
          code: "starts_disagree", severity: .caution,
          text:
            "No two of \(agreement.starts) starts found the same answer; the one with the best ELBO is reported. The posterior may have several modes: compare with NUTS from several starts."
        ))
    } else if let rival = agreement.nearestRival, rival < 5 {
      reasons.append(
        .init(
          code: "rival_mode", severity: .caution,
          text:
            "A start ended in another answer with an ELBO only \(rival.brief()) nats lower: the posterior may have several modes of similar weight, of which one is reported."
        ))
    }
    if e.elboError > 0.5 {
      reasons.append(
        .init(
          code: "elbo_error", severity: .caution,
          text: "The ELBO has a standard error of \(e.elboError.brief()) nats; do not compare models by it."))
    }
    return judged(reasons, by: probe)
  }

  /// Rules for a Laplace approximation; `evaluation` is nil where there is none.
  package static func laplace(_ evaluation: GuideEvaluation?, status: Status, probe: GuideProbe? = nil) -> [Verdict.Reason] {
    judged(
      ending(status)
        + (evaluation.map { tail($0, what: "Laplace approximation", remedy: "Use VI with a full-rank guide, or NUTS.") } ?? []), by: probe)
  }

  /// Rules for a mode: `rival` is the smallest difference in log density to another mode that was found, or nil.
  package static func mode(status: Status, rival: Double?) -> [Verdict.Reason] {
    var reasons = ending(status)
    if let rival, rival < 5 {
      reasons.append(
        .init(
          code: "rival_mode", severity: .caution,
          text: "Another mode has a log density only \(rival.brief()) nats lower: one point does not describe this posterior."))
    }
    return reasons
  }

  /// What a run of NUTS must meet; plain numbers, the worst over all quantities.
  package struct ChainFigures: Sendable {
    package var chains: Int
    package var draws: Int
    package var worstRHat: Double
    package var smallestBulkESS: Double
    package var smallestTailESS: Double
    package var divergences: Int
    /// Draws whose trajectory was cut off at the depth limit.
    package var saturations: Int
    /// Smallest E-BFMI over chains; NaN if not defined.
    package var smallestEnergyFraction: Double
    /// The name of the quantity with the worst R-hat, for the sentence.
    package var worstName: String?
    /// Whether the metric stayed diagonal because there are too many unknowns for the automatic choice.
    package var couldBeDense = false

    package init(
      chains: Int, draws: Int, worstRHat: Double, smallestBulkESS: Double, smallestTailESS: Double, divergences: Int, saturations: Int,
      smallestEnergyFraction: Double, worstName: String? = nil
    ) {
      self.chains = chains
      self.draws = draws
      self.worstRHat = worstRHat
      self.smallestBulkESS = smallestBulkESS
      self.smallestTailESS = smallestTailESS
      self.divergences = divergences
      self.saturations = saturations
      self.smallestEnergyFraction = smallestEnergyFraction
      self.worstName = worstName
    }
  }

  /// Rules for Markov chains (Vehtari et al. 2021; Betancourt 2016): R-hat ≤ 1.01, bulk and tail ESS ≥ 100 a chain, no divergences, no
  /// saturated trees, E-BFMI ≥ 0.3. R-hat above 1.05 fails, as do divergences in more than 1 % of the draws.
  package static func chains(_ f: ChainFigures) -> [Verdict.Reason] {
    var reasons: [Verdict.Reason] = []
    let total = max(f.chains * f.draws, 1)
    let where_ = f.worstName.map { " (worst: \($0))" } ?? ""
    if !(f.worstRHat <= 1.01) {
      reasons.append(
        .init(
          code: "r_hat", severity: f.worstRHat <= 1.05 ? .caution : .fail,
          text: "R-hat is \(f.worstRHat.brief(4)), above 1.01\(where_): the chains have not mixed. Run longer, or reparameterize."))
    }
    let more =
      f.couldBeDense
      ? "Draw more, or let the metric know correlations (--metric dense; with so many unknowns it does only if asked)." : "Draw more."
    for (code, name, value) in [("ess_bulk", "Bulk", f.smallestBulkESS), ("ess_tail", "Tail", f.smallestTailESS)]
    where !(value >= 100 * Double(f.chains)) {
      reasons.append(
        .init(
          code: code, severity: value >= 25 * Double(f.chains) ? .caution : .fail,
          text:
            "\(name) effective sample size is \(value.brief()), below 100 a chain: estimates\(code == "ess_tail" ? " of tail quantiles" : "") are noisy. \(more)"
        ))
    }
    if f.divergences > 0 {
      let share = Double(f.divergences) / Double(total)
      reasons.append(
        .init(
          code: "divergences", severity: share > 0.01 ? .fail : .caution,
          text:
            "\(f.divergences) of \(total) draws diverged: a region of high curvature was not explored. Raise the target acceptance rate, or use a non-centred form."
        ))
    }
    if f.saturations > 0 {
      reasons.append(
        .init(
          code: "tree_depth", severity: .caution,
          text:
            "\(f.saturations) of \(total) trajectories reached the largest tree depth: sampling is slow, not wrong. Rescale or reparameterize, or raise the limit."
        ))
    }
    if f.smallestEnergyFraction < 0.3 {
      reasons.append(
        .init(
          code: "e_bfmi", severity: .caution,
          text:
            "E-BFMI is \(f.smallestEnergyFraction.brief()), below 0.3: the chains move slowly through energies, tails may be missed. Reparameterize heavy tails."
        ))
    }
    return reasons
  }

  /// What ``ModeScan`` found: the smallest difference to a mode that the guide does not cover; nil for none.
  package static func uncovered(_ rival: Double?) -> [Verdict.Reason] {
    guard let rival else { return [] }
    return [
      .init(
        code: "uncovered_mode", severity: rival < 3 ? .fail : .caution,
        text:
          "Searches from outside found a mode that the guide does not cover, with a Laplace evidence \(rival >= 0 ? "only \(rival.brief(2)) nats below" : "\((-rival).brief(2)) nats above") the guide's bound. Use a mixture, or NUTS from several starts."
      )
    ]
  }

  /// Rules for draws that were resampled by importance weights: what the weights correct is no fault, but they must be reliable and not too few.
  package static func resampled(_ e: GuideEvaluation, status: Status, what: String, probe: GuideProbe? = nil) -> [Verdict.Reason] {
    var reasons = ending(status)
    let isNearlyExact = e.effectiveSampleSize > 0.9 * Double(e.draws) && e.badDraws == 0
    if !isNearlyExact, !(e.paretoShape <= e.paretoThreshold) {
      reasons.append(
        .init(
          code: "pareto_k", severity: e.paretoShape <= 0.7 ? .caution : .fail,
          text:
            "k-hat is \(e.paretoShape.brief()), above \(e.paretoThreshold.brief()): the weights of the \(what) cannot correct what they miss. Use NUTS, or a flow."
        ))
    }
    if e.effectiveSampleSize < 200 {
      reasons.append(
        .init(
          code: "importance_ess", severity: e.effectiveSampleSize < 50 ? .fail : .caution,
          text: "Only \(e.effectiveSampleSize.brief()) draws are effective after weighting: estimates are noisy. Draw more, or use NUTS."))
    }
    return judged(reasons, by: probe)
  }

  /// Rules for particles without a density: short chains alone can vouch for them.
  package static func particles(status: Status, probe: GuideProbe? = nil) -> [Verdict.Reason] {
    let reasons =
      ending(status) + [
        .init(
          code: "unverified", severity: .caution,
          text: "Particles have no density, so that importance weights cannot tell how good they are: compare with NUTS.")
      ]
    return judged(reasons, by: probe)
  }

  /// What short chains change about reasons: where they move away from the guide, or leave open whether they do, that is a reason by itself;
  /// where they vouch for it, doubts about weights, particles and the optimizer's end fall.
  package static func judged(_ reasons: [Verdict.Reason], by probe: GuideProbe?) -> [Verdict.Reason] {
    guard let probe else { return reasons }
    if probe.accuses {
      let isFar = max(probe.excess.location, probe.excess.scale) > 0.5
      let isLocation = probe.excess.location >= probe.excess.scale
      let finding =
        isLocation
        ? "move a mean by \(abs(probe.location).brief(2)) sd" : "change a standard deviation by a factor of \(exp(probe.scale).brief(2))"
      return reasons + [
        .init(
          code: "chains_move", severity: isFar ? .fail : .caution,
          text:
            "Short chains from the draws \(finding): the draws do not follow the posterior there. Use a richer guide (full-rank, a flow), or NUTS."
        )
      ]
    }
    if probe.suspects {
      return reasons + [
        .init(
          code: "chains_unsettled", severity: .caution,
          text:
            "Short chains from the draws leave it open whether a mean or a standard deviation is off by a quarter of a standard deviation or more. Compare with NUTS."
        )
      ]
    }
    guard probe.vouches else { return reasons }
    let doubts: Set = ["pareto_k", "mean_shift", "scale_shift", "not_optimal", "not_converged", "unverified"]
    let kept = reasons.filter { !doubts.contains($0.code) }
    guard kept.count < reasons.count else { return reasons }
    let fallen = reasons.filter { doubts.contains($0.code) }.map(\.code).joined(separator: ", ")
    return kept + [
      .init(
        code: "chains_vouch", severity: .ok,
        text:
          "Short chains from the draws forget where they began and find the same means and standard deviations, which outweighs \(fallen).")
    ]
  }

  private static func ending(_ status: Status) -> [Verdict.Reason] {
    switch status {
    case .converged: []
    case .stepsDone: [.init(code: "convergence_untested", severity: .ok, text: status.text)]
    case .stepLimit, .lineSearchFailed: [.init(code: "not_converged", severity: .caution, text: status.text)]
    case .cancelled: [.init(code: "cancelled", severity: .caution, text: status.text)]
    case .unbounded: [.init(code: "unbounded", severity: .fail, text: status.text)]
    case .noFiniteStart: [.init(code: "no_finite_start", severity: .fail, text: status.text)]
    case .notPositiveDefinite: [.init(code: "not_positive_definite", severity: .fail, text: status.text)]
    case .nonFinite: [.init(code: "not_finite", severity: .fail, text: status.text)]
    }
  }

  private static func tail(_ e: GuideEvaluation, what: String, remedy: String) -> [Verdict.Reason] {
    var reasons: [Verdict.Reason] = []
    // Weights that are nearly equal have no tail to fit: where p/q has a plateau (a guide of one dimension that is nearly exact), most of the
    // largest weights differ by almost nothing and k-hat is large without meaning. Nine tenths of the draws being effective speaks for itself.
    let isNearlyExact =
      e.effectiveSampleSize > 0.9 * Double(e.draws) && e.meanShift < 0.1 && e.scaleShift < 0.1 && e.badDraws == 0
    if isNearlyExact {
      return reasons
    }
    if !(e.paretoShape <= 0.7) {
      reasons.append(
        .init(
          code: "pareto_k", severity: .fail,
          text: "k-hat is \(e.paretoShape.brief()), above 0.7: the \(what) misses part of the posterior. \(remedy)"))
    } else if e.paretoShape > e.paretoThreshold {
      reasons.append(
        .init(
          code: "pareto_k", severity: .caution,
          text:
            "k-hat is \(e.paretoShape.brief()), above \(e.paretoThreshold.brief()), what \(e.draws) draws can judge: use more evaluation draws. \(remedy)"
        ))
    }
    if e.meanShift > 0.1 {
      reasons.append(
        .init(
          code: "mean_shift", severity: e.meanShift > 0.5 ? .fail : .caution,
          text: "Importance weighting moves a mean by \(e.meanShift.brief(2)) sd: the \(what) is off there. \(remedy)"))
    }
    if e.scaleShift > 0.25 {
      reasons.append(
        .init(
          code: "scale_shift", severity: .caution,
          text:
            "Importance weighting changes a standard deviation by a factor of \(exp(e.scaleShift).brief(2)): the \(what) has the wrong width there. \(remedy)"
        ))
    }
    if e.badDraws > 0 {
      reasons.append(
        .init(
          code: "outside_support", severity: .caution,
          text: "\(e.badDraws) of \(e.draws) draws have no finite log density: the \(what) reaches beyond where the model can be evaluated."
        ))
    }
    return reasons
  }
}
