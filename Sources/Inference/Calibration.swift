import Foundation
import Modeling

/// Settings of a simulation-based calibration.
package struct CalibrationConfiguration: Sendable, Equatable {
  /// At most so many data sets; the first look is at `firstLook`, each further one at twice as many.
  package var simulations = 200
  package var firstLook = 50
  /// Posterior draws that the true value is ranked among, L.
  package var ranked = 63
  /// The probability that a calibrated fit is called wrong, over all quantities and looks.
  package var significance = 0.01
  /// Stops early where no distribution function of ranks can be further than this from uniform.
  package var tolerance = 0.2
  /// How often a chain is run again with twice the draws where its effective sample size is below `ranked`.
  package var extensions = 3
  package var seed: UInt64 = 1
  package init() {}

  /// The numbers of simulations at which there is a look.
  package var looks: [Int] {
    var looks: [Int] = []
    var next = max(2, firstLook)
    while next < simulations {
      looks.append(next)
      next *= 2
    }
    return looks + [simulations]
  }
}

/// One quantity whose true value was ranked.
package struct CalibratedQuantity: Sendable {
  /// `theta[3]`, or `log_likelihood`.
  package var name: String
  /// The rank of the true value among the draws, 0…L, one for each data set that was fitted.
  package var ranks: [Int]
  package var pValue: Double
  /// Times the number of quantities, at most 1 (Bonferroni).
  package var adjustedPValue: Double
  /// The largest difference between the distribution function of the ranks and the uniform one.
  package var distance: Double
}

/// What a calibration found.
package struct CalibrationResult: Sendable {
  package enum Ending: String, Sendable {
    case allSimulations = "all simulations"
    case calibrated = "stopped early: close to uniform"
    case broken = "stopped early: not uniform"
    case interrupted = "interrupted"
  }
  package var configuration: CalibrationConfiguration
  package var quantities: [CalibratedQuantity]
  /// Data sets that were fitted.
  package var fitted: Int
  /// Sentences of fits that failed.
  package var failures: [String]
  /// Fits whose draws were too correlated for `ranked` of them to be independent.
  package var correlated: Int
  package var gradient: GradientCheck
  package var ending: Ending
  package var notes: [String]
  /// The level of one look, `significance` over the number of looks.
  package var lookSignificance: Double

  package var verdict: Verdict {
    var reasons: [Verdict.Reason] = []
    if !gradient.isPassed, let worst = gradient.worst {
      reasons.append(
        .init(
          code: "gradient_wrong", severity: .fail,
          text:
            "The gradient of the log density by \(worst.coordinate) is \(worst.gradient.brief(6)), and a difference of its values \(worst.difference.brief(6)): a derivative is wrong."
        ))
    }
    for quantity in quantities.filter({ $0.adjustedPValue < lookSignificance }).sorted(by: { $0.pValue < $1.pValue }).prefix(5) {
      reasons.append(
        .init(
          code: "ranks_not_uniform", severity: .fail,
          text:
            "The ranks of \(quantity.name) are not uniform: p = \(quantity.pValue.brief(2)), \(quantity.adjustedPValue.brief(2)) for \(quantities.count) quantities\(quantity.shapeSentence(configuration.ranked))."
        ))
    }
    if !failures.isEmpty {
      let share = Double(failures.count) / Double(max(fitted + failures.count, 1))
      reasons.append(
        .init(
          code: "fits_failed", severity: share > 0.1 ? .fail : .caution,
          text: "\(failures.count) of \(fitted + failures.count) fits failed, the first with: \(failures[0])"))
    }
    if correlated > 0 {
      // One fit moves a distribution function of ranks by 1/fits at most.
      let isSlight = Double(correlated) <= 0.1 * configuration.tolerance * Double(fitted)
      reasons.append(
        .init(
          code: "draws_correlated", severity: isSlight ? .ok : .caution,
          text:
            "In \(correlated) of \(fitted) fits fewer than \(configuration.ranked) draws were effective, which makes ranks less uniform than they are: \(isSlight ? "so few change nothing." : "give more --draws.")"
        ))
    }
    if ending == .interrupted {
      reasons.append(.init(code: "interrupted", severity: .caution, text: "The calibration was stopped after \(fitted) fits."))
    }
    return Verdict(reasons)
  }
}

extension CalibratedQuantity {
  /// What the shape of the ranks says (Talts et al. 2018, section 4.2).
  fileprivate func shapeSentence(_ last: Int) -> String {
    let n = Double(ranks.count)
    let scaled = ranks.map { (Double($0) + 0.5) / Double(last + 1) }
    let mean = scaled.reduce(0, +) / n
    let spread = scaled.reduce(0) { $0 + ($1 - 0.5) * ($1 - 0.5) } / n
    // Uniform: mean 1/2 with variance 1/12n, mean square about it 1/12 with variance 1/180n.
    let shift = (mean - 0.5) * (12 * n).squareRoot()
    let width = (spread - 1.0 / 12) * (180 * n).squareRoot()
    if abs(width) >= abs(shift) {
      return width > 0 ? "; the posteriors are too narrow" : "; the posteriors are too wide"
    }
    return shift > 0 ? "; the posteriors are too low" : "; the posteriors are too high"
  }
}

/// Why a model cannot be calibrated.
package struct CalibrationError: Error, Sendable, Equatable, CustomStringConvertible {
  package let sentences: [String]
  package init(_ sentences: [String]) { self.sentences = sentences }
  package var description: String { sentences.joined(separator: "\n") }
}
