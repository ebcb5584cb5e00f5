import Inference

/// The verdict on draws of which nothing is known but the draws: the rules for Markov chains, as after a run of NUTS, as far as the file allows.
package enum DrawsVerdict {
  package static func judge(_ draws: DrawSet, _ variables: [VariableReport]) -> Verdict {
    let diverging = draws.sampleStats["diverging"] ?? []
    let energies = draws.sampleStats["energy"] ?? []
    let rHat = extreme("r_hat", variables) { $0 > $1 }
    let figures = VerdictRules.ChainFigures(
      chains: draws.chains, draws: draws.drawsPerChain, worstRHat: rHat?.value ?? 1,
      smallestBulkESS: extreme("ess_bulk", variables) { $0 < $1 }?.value ?? .infinity,
      smallestTailESS: extreme("ess_tail", variables) { $0 < $1 }?.value ?? .infinity, divergences: diverging.joined().count { $0 != 0 },
      saturations: 0, smallestEnergyFraction: energies.map { Diagnostics.energyFraction($0) }.filter { !$0.isNaN }.min() ?? .nan,
      worstName: rHat?.place)
    return Verdict(VerdictRules.chains(figures))
  }

  /// The worst value of a statistic over all elements for which it is defined, and its place.
  private static func extreme(
    _ statistic: String, _ variables: [VariableReport], _ isWorse: (Double, Double) -> Bool
  ) -> (place: String, value: Double)? {
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
