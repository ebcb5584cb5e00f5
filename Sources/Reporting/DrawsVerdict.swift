/// The verdict on draws of which nothing is known but the draws: convergence and divergences.
///
/// Thresholds are those of Vehtari et al. (2021), "Rank-normalization, folding, and localization: an improved R-hat": R-hat below 1.01, bulk and tail
/// effective sample sizes of at least 100 per chain. R-hat above 1.1 or fewer than 10 effective draws per chain means that the draws say nothing about the posterior.
package enum DrawsVerdict {
  package static func judge(_ variables: [VariableReport], chains: Int, diagnostics: JSONObject) -> VerdictReport {
    var reasons: [VerdictReport.Reason] = []
    var fails = false
    if let worst = extreme("r_hat", variables, { $0 > $1 }), worst.value >= 1.01 {
      fails = fails || worst.value > 1.1
      reasons.append(
        .init(
          code: "r_hat_high",
          text: "R-hat of \(worst.place) is \(NumberText.significant(worst.value, 4)), above 1.01: the chains disagree; run longer."))
    }
    for (statistic, word) in [("ess_bulk", "bulk"), ("ess_tail", "tail")] {
      guard let worst = extreme(statistic, variables, { $0 < $1 }), worst.value < 100 * Double(chains) else { continue }
      fails = fails || worst.value < 10 * Double(chains)
      reasons.append(
        .init(
          code: statistic + "_low",
          text:
            "The \(word) effective sample size of \(worst.place) is \(NumberText.significant(worst.value.rounded(), 3)), below \(100 * chains): run longer."
        ))
    }
    if let count = diagnostics["divergences"]?.double, count > 0 {
      reasons.append(
        .init(
          code: "divergences",
          text:
            "\(Int(count)) draw\(count == 1 ? " is" : "s are") divergent: some region is too curved for the step size; raise the target acceptance or rewrite the model."
        ))
    }
    return VerdictReport(fails ? .fail : reasons.isEmpty ? .ok : .caution, reasons: reasons)
  }

  private static func extreme(_ statistic: String, _ variables: [VariableReport], _ isWorse: (Double, Double) -> Bool) -> (
    place: String, value: Double
  )? {
    var worst: (place: String, value: Double)?
    for variable in variables {
      for (element, value) in (variable[statistic] ?? []).enumerated()
      where value.isFinite && worst.map({ isWorse(value, $0.value) }) ?? true {
        worst = (variable.name + Nesting.suffix(element, shape: variable.shape), value)
      }
    }
    return worst
  }
}
