import Foundation
import Kernels

/// Tests of goodness of fit with a stated false-alarm rate: each rejects a right sampler with probability 10⁻⁶ (and the seeds are fixed).
enum GoodnessOfFit {
  /// √n sup |Fₙ − F| stays below this with probability 1 − 10⁻⁶: 2 exp(−2x²) = 10⁻⁶.
  static let kolmogorovBound = 2.694

  /// √n sup |Fₙ − F| of a sample against a continuous distribution function.
  static func kolmogorov(_ sample: [Double], _ cdf: (Double) -> Double) -> Double {
    let sorted = sample.sorted()
    let n = Double(sorted.count)
    var worst = 0.0
    for (i, x) in sorted.enumerated() {
      let p = cdf(x)
      worst = max(worst, abs(Double(i) / n - p), abs(Double(i + 1) / n - p))
    }
    return worst * n.squareRoot()
  }

  /// Pearson's statistic of counts 0, 1, 2, … against their probabilities, as a normal deviate by Wilson and Hilferty's cube root. Cells expecting
  /// fewer than 20 are joined; what the probabilities leave over is the last cell.
  static func pearson(_ sample: [Double], _ probabilities: [Double]) -> Double {
    let n = Double(sample.count)
    var observed = [Double](repeating: 0, count: probabilities.count + 1)
    for x in sample { observed[x >= 0 && x < Double(probabilities.count) ? Int(x) : probabilities.count] += 1 }
    let expected = probabilities.map { n * $0 } + [n * max(0, 1 - probabilities.reduce(0, +))]
    var statistic = 0.0
    var cells = 0.0
    var (o, e) = (0.0, 0.0)
    for i in expected.indices {
      o += observed[i]
      e += expected[i]
      let rest = expected[(i + 1)...].reduce(0, +)
      if e >= 20 && (rest >= 20 || i == expected.count - 1) {
        statistic += (o - e) * (o - e) / e
        cells += 1
        (o, e) = (0, 0)
      }
    }
    if e > 0 || o > 0 {
      statistic += (o - e) * (o - e) / max(e, 1e-12)
      cells += 1
    }
    let k = max(1, cells - 1)
    return (pow(statistic / k, 1.0 / 3) - (1 - 2 / (9 * k))) / (2 / (9 * k)).squareRoot()
  }

  /// The normal deviate that is exceeded with probability 10⁻⁶.
  static let deviateBound = 4.7535

  /// (sample mean − mean) / standard error, for a sample from a law of known mean and variance.
  static func meanDeviate(_ sample: [Double], mean: Double, variance: Double) -> Double {
    let n = Double(sample.count)
    return (sample.reduce(0, +) / n - mean) / (variance / n).squareRoot()
  }
}
