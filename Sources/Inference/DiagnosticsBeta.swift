import Foundation
import Kernels

/// The order-statistic quantile of Monte Carlo errors.
enum DiagnosticsBeta {
  /// The p-quantile of Beta(a, b) for a ≥ 1 and b ≥ 1 and moderate p, to 10⁻¹² absolute: Newton steps on I_x(a, b), kept inside a shrinking
  /// bracket, from the normal approximation. With a and b in the hundreds, as effective sample sizes make them, three steps do; the general
  /// quantile of `Special`, which must also find roots far out in a tail, takes many times longer.
  static func quantile(_ p: Double, _ a: Double, _ b: Double) -> Double {
    guard a >= 1, b >= 1, a.isFinite, b.isFinite else { return .nan }
    let logNorm = -Special.logBeta(a, b)
    let total = a + b
    let mean = a / total
    let sd = (mean * (1 - mean) / (total + 1)).squareRoot()
    var low = 0.0
    var high = 1.0
    var x = min(max(mean + sd * Special.normalQuantile(p), 1e-3 * mean), 1 - 1e-3 * (1 - mean))
    for _ in 0..<80 {
      let error = Special.incompleteBeta(a, b, x) - p
      if error > 0 { high = x } else { low = x }
      let density = exp(logNorm + (a - 1) * log(x) + (b - 1) * log1p(-x))
      var next = x - error / density
      if !(next > low && next < high) { next = 0.5 * (low + high) }
      let change = abs(next - x)
      x = next
      // The error left is about change²/sd.
      if change < 1e-6 * sd { break }
    }
    return x
  }
}
