import Foundation

/// Quantiles of the normal distribution: a start with error 4.5e-4 (Hastings; Abramowitz & Stegun 26.2.23), then Halley steps, which cube
/// the error, on Φ itself in the centre and on log Φ in the tails.
extension Special {
  /// Φ⁻¹(p): −∞ at 0, +∞ at 1, NaN outside [0, 1]. Relative error ≤ 1e-15, both tails included as far as p can express them.
  package static func normalQuantile(_ p: Double) -> Double {
    if p > 0.25 && p < 0.75 { return centralNormalQuantile(p - 0.5) }
    if p <= 0.25 { return p >= 0 ? lowerNormalQuantile(logProbability: Foundation.log(p)) : .nan }
    return p <= 1 ? -lowerNormalQuantile(logProbability: Foundation.log(1 - p)) : .nan
  }

  /// Φ⁻¹(eˡ) for a log-probability l ≤ 0, to any depth: about −√(−2l) for l ≪ 0. Relative error ≤ 1e-15.
  package static func normalQuantile(logProbability l: Double) -> Double {
    if l < -1.4 { return lowerNormalQuantile(logProbability: l) }
    if l > -0.28 { return l <= 0 ? -lowerNormalQuantile(logProbability: Foundation.log(-Foundation.expm1(l))) : .nan }
    // e^l − ½ = ½·(e^(l + log 2) − 1), exact to the last bits near the median.
    return centralNormalQuantile(0.5 * Foundation.expm1((l + 0.6931471805599453) + 2.3190468138462996e-17))
  }

  /// The inverse of erf: ±∞ at ±1, NaN outside [−1, 1], odd, relative accuracy also near 0.
  package static func erfInverse(_ x: Double) -> Double {
    if abs(x) < 0.5 { return centralNormalQuantile(0.5 * x) * 0.5.squareRoot() }
    if abs(x) > 1 || x.isNaN { return .nan }
    let tail = lowerNormalQuantile(logProbability: Foundation.log(0.5 * (1 - abs(x))))
    return (x < 0 ? tail : -tail) * 0.5.squareRoot()
  }

  /// The z with Φ(z) = ½ + d for |d| ≤ 0.26.
  private static func centralNormalQuantile(_ d: Double) -> Double {
    var z = d * (2.5066282746310002 + 2.6 * d * d)
    for _ in 0..<4 {
      // ½·erf(z/√2) − d over the density.
      let density = 0.3989422804014327 * Foundation.exp(-0.5 * z * z)
      let step = (0.5 * erf(z * 0.7071067811865476) - d) / density
      z -= step / (1 + 0.5 * z * step)
    }
    return z
  }

  /// The z ≤ 0 with log Φ(z) = l for l ≤ −0.6.
  private static func lowerNormalQuantile(logProbability l: Double) -> Double {
    if l.isNaN || l == -.infinity { return l }
    let r = (-2 * l).squareRoot()
    var z = (2.515517 + r * (0.802853 + r * 0.010328)) / (1 + r * (1.432788 + r * (0.189269 + r * 0.001308))) - r
    for _ in 0..<4 {
      // f = log Φ(z) − l, f′ = φ/Φ = 1/(√(2π)·e^(z²/2)Φ(z)), f″ = −f′(z + f′).
      let slope = 0.7978845608028654 / SIMDMath.erfcx(Vector8(repeating: -z * 0.7071067811865476))[0]
      let f = logNormalCDF(z) - l
      let step = f / slope
      z -= step / (1 + 0.5 * step * (z + slope))
    }
    return z
  }
}
