/// The verdict of a whole fit.
enum FitVerdict {
  static func verdict(_ details: FitDetails, _ summaries: [VariableSummary], _ draws: DrawSet, isInterrupted: Bool) -> Verdict {
    var verdict =
      switch details {
      case .nuts(let result): Verdict(chains(result, summaries, draws))
      case .vi(let result): result.verdict
      case .program(let result): result.verdict
      case .approximation(let result): result.verdict
      case .laplace(let result): result.verdict
      case .map(let result): result.verdict
      case .exact(let result): result.verdict
      case .smc(let result): Verdict(result.reasons + VerdictRules.chains(figures(summaries, draws)))
      }
    verdict = verdict.adding(notFinite(summaries))
    if isInterrupted, !verdict.reasons.contains(where: { $0.code == "cancelled" }) {
      verdict = verdict.adding([.init(code: "cancelled", severity: .caution, text: Status.cancelled.text)])
    }
    return verdict
  }

  private static func chains(_ result: NUTSResult, _ summaries: [VariableSummary], _ draws: DrawSet) -> [Verdict.Reason] {
    let report = result.report
    var figures = figures(summaries, draws)
    figures.divergences = report.divergences
    figures.saturations = report.saturations
    figures.smallestEnergyFraction = report.energyFractions.min { $0 < $1 || $1.isNaN } ?? .nan
    figures.couldBeDense = result.metricCouldBeDense
    var reasons = report.failures.map { Verdict.Reason(code: "chain_failed", severity: .fail, text: $0) }
    if draws.drawsPerChain < 4 {
      reasons.append(
        .init(
          code: "too_few_draws", severity: .fail,
          text: "There are \(draws.drawsPerChain) draws a chain: fewer than the four that any diagnostic needs. Draw more."))
    }
    if result.isTooShort {
      reasons.append(
        .init(
          code: "precision_not_reached", severity: .caution,
          text:
            "The precision asked for was not reached within \(result.configuration.draws) draws a chain, 64 times the number begun with."))
    }
    return reasons + VerdictRules.chains(figures) + result.elsewhere
  }

  /// The worst numbers of all summaries; nothing is known of trajectories.
  private static func figures(_ summaries: [VariableSummary], _ draws: DrawSet) -> VerdictRules.ChainFigures {
    var figures = VerdictRules.ChainFigures(
      chains: draws.chains, draws: draws.drawsPerChain, worstRHat: 1, smallestBulkESS: .infinity, smallestTailESS: .infinity,
      divergences: 0, saturations: 0, smallestEnergyFraction: .nan)
    for summary in summaries {
      for element in 0..<summary.size where summary.gaps[element] == nil {
        if !(summary.rHat[element] <= figures.worstRHat) {
          figures.worstRHat = summary.rHat[element]
          figures.worstName = summary.name + IndexText.suffix(element, summary.shape)
        }
        figures.smallestBulkESS = min(figures.smallestBulkESS, summary.essBulk[element])
        figures.smallestTailESS = min(figures.smallestTailESS, summary.essTail[element])
      }
    }
    return figures
  }

  private static func notFinite(_ summaries: [VariableSummary]) -> [Verdict.Reason] {
    summaries.filter { $0.gaps.contains(.notFinite) }.map {
      .init(
        code: "not_finite", severity: .fail,
        text: "Some draws of \($0.name) are not finite: its numbers are left out. Look for an overflow or a logarithm of zero in the body.")
    }
  }
}
