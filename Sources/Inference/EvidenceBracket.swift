import Foundation

/// What draws of a guide say about log Z = log ∫ p: a lower bound, an estimate and an upper bound, each with its Monte Carlo error, in nats.
///
/// Lower: the ELBO E[log w], w = p/q. Estimate: log mean w with Pareto smoothed weights. Upper: CUBO₂ = ½ log E[w²] (Dieng, Tran, Ranganath, Paisley &
/// Blei 2017, arXiv:1611.00328), which is above log Z since E[w²] ≥ (E w)². Errors by the delta method. E[w²] is finite for a tail shape below ½ only:
/// where k̂ is at or above it the upper bound is NaN.
package struct EvidenceBracket: Sendable, Codable, Equatable {
  package var lower: Double
  package var lowerError: Double
  package var estimate: Double
  package var estimateError: Double
  package var upper: Double
  package var upperError: Double

  /// What modes are compared with: the estimate, where it is above the lower bound. A guide that is wider than p, as objectives other than the ELBO make it, has a bound far below the evidence.
  var best: Double { max(lower, estimate.isFinite ? estimate : lower) }

  package init(_ draws: GuideDraws, _ evaluation: GuideEvaluation) {
    lower = evaluation.elbo
    lowerError = evaluation.elboError
    let ratios = zip(draws.logP, draws.logQ).map { $0 - $1 }
    guard let largest = ratios.filter({ $0.isFinite }).max(), !ratios.contains(where: \.isNaN) else {
      (estimate, estimateError, upper, upperError) = (.nan, .nan, .nan, .nan)
      return
    }
    let count = Double(ratios.count)
    let raw = ratios.map { exp($0 - largest) }
    // Smoothing caps the largest weights at the fitted tail; the total changes with them.
    let smoothing = ParetoSmoothing(logRatios: ratios)
    let body = zip(raw, smoothing.logWeights).filter { $0.0 > 0 && $0.0 <= 0.5 }
    let scale = body.isEmpty ? 1 : body.reduce(0) { $0 + $1.0 } / max(body.reduce(0) { $0 + exp($1.1) }, 1e-300)
    let smoothed = evaluation.paretoShape.isFinite && !body.isEmpty ? smoothing.logWeights.map { exp($0) * scale } : raw
    func logMean(_ values: [Double], power: Double) -> (Double, Double) {
      let mean = values.reduce(0, +) / count
      let spread = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / max(count - 1, 1)
      return (largest + Foundation.log(mean) / power, (spread / count).squareRoot() / mean / power)
    }
    (estimate, estimateError) = logMean(smoothed, power: 1)
    if evaluation.paretoShape < 0.5 {
      (upper, upperError) = logMean(raw.map { $0 * $0 }, power: 2)
    } else {
      (upper, upperError) = (.nan, .nan)
    }
  }
}
