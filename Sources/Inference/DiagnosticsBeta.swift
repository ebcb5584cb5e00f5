import Foundation

/// The two quantile functions that convergence diagnostics need.
enum DiagnosticsQuantiles {
  /// Φ⁻¹(p) for p in (0, 1): Acklam's rational start, then two Halley steps on the exact Φ in the lower tail; relative error below 10⁻¹⁴.
  static func normal(_ p: Double) -> Double {
    guard p > 0, p < 1 else { return p == 0 ? -.infinity : p == 1 ? .infinity : .nan }
    if p == 0.5 { return 0 }
    let lower = min(p, 1 - p)
    var x: Double
    if lower < 0.02425 {
      let q = (-2 * log(lower)).squareRoot()
      let top =
        ((((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q - 2.400758277161838) * q - 2.549732539343734) * q + 4.374664141464968)
      let bottom = (((7.784695709041462e-03 * q + 3.224671290700398e-01) * q + 2.445134137142996) * q + 3.754408661907416) * q + 1
      x = (top * q + 2.938163982698783) / bottom
    } else {
      let q = lower - 0.5
      let r = q * q
      let top =
        ((((-3.969683028665376e+01 * r + 2.209460984245205e+02) * r - 2.759285104469687e+02) * r + 1.383577518672690e+02) * r
          - 3.066479806614716e+01)
      let bottom =
        ((((-5.447609879822406e+01 * r + 1.615858368580409e+02) * r - 1.556989798598866e+02) * r + 6.680131188771972e+01) * r
          - 1.328068155288572e+01)
      x = (top * r + 2.506628277459239) * q / (bottom * r + 1)
    }
    for _ in 0..<2 {
      let error = 0.5 * erfc(-x * 0.5.squareRoot()) - lower
      let u = error * (2 * Double.pi).squareRoot() * exp(0.5 * x * x)
      x -= u / (1 + 0.5 * x * u)
    }
    return p < 0.5 ? x : -x
  }

  /// The p-quantile of Beta(a, b), a ≥ 1 and b ≥ 1, to 10⁻¹² absolute: Newton steps kept inside a shrinking bracket, from the normal approximation.
  static func beta(_ p: Double, _ a: Double, _ b: Double) -> Double {
    guard a >= 1, b >= 1, a.isFinite, b.isFinite else { return .nan }
    let logNorm = lgamma(a + b) - lgamma(a) - lgamma(b)
    let total = a + b
    let mean = a / total
    let sd = (mean * (1 - mean) / (total + 1)).squareRoot()
    var low = 0.0
    var high = 1.0
    var x = min(max(mean + sd * normal(p), 1e-3 * mean), 1 - 1e-3 * (1 - mean))
    for _ in 0..<80 {
      let error = regularizedBeta(x, a, b, logNorm: logNorm) - p
      if error > 0 { high = x } else { low = x }
      let density = exp(logNorm + (a - 1) * log(x) + (b - 1) * log1p(-x))
      var next = x - error / density
      if !(next > low && next < high) { next = 0.5 * (low + high) }
      let change = abs(next - x)
      x = next
      if change < 1e-13 { break }
    }
    return x
  }

  /// I_x(a, b) by the continued fraction DLMF 8.17.22, evaluated by Lentz's method on the side where it converges fast.
  private static func regularizedBeta(_ x: Double, _ a: Double, _ b: Double, logNorm: Double) -> Double {
    if x > (a + 1) / (a + b + 2) { return 1 - regularizedBeta(1 - x, b, a, logNorm: logNorm, swapped: true) }
    return regularizedBeta(x, a, b, logNorm: logNorm, swapped: false)
  }

  private static func regularizedBeta(_ x: Double, _ a: Double, _ b: Double, logNorm: Double, swapped: Bool) -> Double {
    let front = exp(logNorm + a * log(x) + b * log1p(-x)) / a
    let tiny = 1e-300
    var d = 1 - (a + b) * x / (a + 1)
    d = 1 / (abs(d) < tiny ? tiny : d)
    var c = 1.0
    var fraction = d
    for m in 1...5000 {
      let k = Double(m)
      let even = k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k))
      d = 1 + even * d
      d = 1 / (abs(d) < tiny ? tiny : d)
      c = 1 + even / c
      if abs(c) < tiny { c = tiny }
      fraction *= d * c
      let odd = -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1))
      d = 1 + odd * d
      d = 1 / (abs(d) < tiny ? tiny : d)
      c = 1 + odd / c
      if abs(c) < tiny { c = tiny }
      let factor = d * c
      fraction *= factor
      if abs(factor - 1) < 1e-15 { break }
    }
    return front * fraction
  }
}
