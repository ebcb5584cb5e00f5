import Foundation

/// Special functions of one number, for places that are no inner loops. Where a SIMD form exists the scalar is one lane of it, so that both
/// give the same bits.
public enum Special {
  /// log |Γ(x)|; see ``SIMDMath/logGamma(_:)``.
  package static func logGamma(_ x: Double) -> Double { SIMDMath.logGamma(Vector8(repeating: x))[0] }

  /// ψ(x); see ``SIMDMath/digamma(_:)``.
  package static func digamma(_ x: Double) -> Double { SIMDMath.digamma(Vector8(repeating: x))[0] }

  /// ψ′(x); see ``SIMDMath/trigamma(_:)``.
  package static func trigamma(_ x: Double) -> Double { SIMDMath.trigamma(Vector8(repeating: x))[0] }

  /// log B(a, b); see ``SIMDMath/logBeta(_:_:)``.
  package static func logBeta(_ a: Double, _ b: Double) -> Double {
    SIMDMath.logBeta(Vector8(repeating: a), Vector8(repeating: b))[0]
  }

  /// erf x; see ``SIMDMath/erf(_:)``.
  package static func erf(_ x: Double) -> Double { SIMDMath.erf(Vector8(repeating: x))[0] }

  /// erfc x; see ``SIMDMath/erfc(_:)``.
  package static func erfc(_ x: Double) -> Double { SIMDMath.erfc(Vector8(repeating: x))[0] }

  /// Φ(x); see ``SIMDMath/normalCDF(_:)``.
  package static func normalCDF(_ x: Double) -> Double { SIMDMath.normalCDF(Vector8(repeating: x))[0] }

  /// log Φ(x); see ``SIMDMath/logNormalCDF(_:)``.
  package static func logNormalCDF(_ x: Double) -> Double { SIMDMath.logNormalCDF(Vector8(repeating: x))[0] }

  /// 1/(1 + e⁻ˣ); see ``SIMDMath/logistic(_:)``.
  package static func logistic(_ x: Double) -> Double { SIMDMath.logistic(Vector8(repeating: x))[0] }

  /// log(1 + eˣ); see ``SIMDMath/softplus(_:)``.
  package static func softplus(_ x: Double) -> Double { SIMDMath.softplus(Vector8(repeating: x))[0] }

  /// log(1 − eˣ) for x ≤ 0: −∞ at 0, NaN above. The two forms meet at −log 2 (Mächler 2012). Error ≤ 3 ulp.
  package static func log1mexp(_ x: Double) -> Double {
    x > -0.6931471805599453 ? Foundation.log(-Foundation.expm1(x)) : Foundation.log1p(-Foundation.exp(x))
  }

  /// log(1 + t), where `sum` is 1 + t by another formula, exact also near 0.
  static func logOfRatio(_ sum: Double, _ t: Double) -> Double { abs(t) > 0.4 ? Foundation.log(sum) : Foundation.log1p(t) }

  /// log(1 + t) − t, relative accuracy also near t = 0, where it is −t²/2; `sum` is 1 + t by another formula, exact also near 0.
  static func log1pMinus(_ sum: Double, _ t: Double) -> Double {
    if abs(t) > 0.4 { return Foundation.log(sum) - t }
    // With s = t/(2 + t): log(1 + t) = 2(s + s³/3 + …) and t − 2s = t·s.
    let s = t / (2 + t)
    let z = s * s
    var sum = 0.0
    for k in stride(from: 27, through: 3, by: -2) { sum = sum * z + 1 / Double(k) }
    return 2 * s * z * sum - t * s
  }

  /// log Γ(1 + a) for 0 ≤ a ≤ 1, relative accuracy also near 0.
  static func logGammaOnePlus(_ a: Double) -> Double {
    a * (a - 1) * SIMDMath.logGammaFit(Vector8(repeating: a - 0.5))[0]
  }

  /// log Γ(x) − (x − ½) log x + x − ½ log 2π for x ≥ 3.
  static func stirlingRemainder(_ x: Double) -> Double { SIMDMath.stirlingRemainder(Vector8(repeating: x))[0] }

  /// log x − ψ(x) for x > 0, without cancellation for large x.
  static func logMinusDigamma(_ x: Double) -> Double {
    if x < 3 { return Foundation.log(x) - digamma(x) }
    let inverse = 1 / x
    return inverse * (0.5 + inverse * SIMDMath.digammaRemainderFit(Vector8(repeating: inverse * inverse))[0])
  }

  /// ψ⁽ⁿ⁾(x) = (−1)ⁿ⁺¹ n! Σ 1/(x + k)ⁿ⁺¹ for n ≥ 1, ψ for n = 0. For x below 0 down to −10⁶ by the same recurrence (absolute accuracy
  /// where its terms cancel), NaN beyond; ±∞ at the poles for n ≥ 1. Relative error about 1e-14 for x > 0 and n ≤ 20. DLMF 5.15.
  package static func polygamma(_ n: Int, _ x: Double) -> Double {
    if n == 0 { return digamma(x) }
    if n == 1 { return trigamma(x) }
    guard n > 0, x > -1e6 else { return .nan }
    let sign = n % 2 == 0 ? -1.0 : 1.0
    let logFactorial = logGamma(Double(n) + 1)
    if x <= 0 && x == x.rounded() { return n % 2 == 1 ? .infinity : .nan }
    // In units of n!: Σ 1/(x + k)ⁿ⁺¹ up to 20 + n, then Euler–Maclaurin.
    var sum = 0.0
    var y = x
    while y < 20 + Double(n) {
      sum += Foundation.pow(y, -Double(n) - 1)
      y += 1
    }
    let power = Foundation.pow(y, -Double(n))
    var tail = power / Double(n) + 0.5 * power / y
    // B₂ₖ/(2k)! · (n + 1)(n + 2)…(n + 2k − 1)/y²ᵏ.
    let numerators: [Double] = [1, -1, 1, -1, 5, -691, 7, -3617]
    let denominators: [Double] = [6, 30, 42, 30, 66, 2730, 6, 510]
    var factor = 1.0
    for index in 0..<8 {
      let k = Double(2 * (index + 1))
      let m = Double(n) + k
      let rising = index == 0 ? m - 1 : (m - 2) * (m - 1)
      let falling = index == 0 ? 2.0 : (k - 1) * k
      factor *= rising / (falling * y * y)
      tail += numerators[index] / denominators[index] * factor * power
    }
    return sign * Foundation.exp(logFactorial) * (sum + tail)
  }

  /// log I₀(x), the modified Bessel function of the first kind, for every x (even). Relative error about 1e-14. DLMF 10.25, 10.40.
  package static func logBesselI0(_ x: Double) -> Double { logBessel(x, order: 0) }

  /// log I₁(x) for x ≥ 0: −∞ at 0. Relative error about 1e-14. DLMF 10.25, 10.40.
  package static func logBesselI1(_ x: Double) -> Double { x < 0 ? .nan : logBessel(x, order: 1) }

  private static func logBessel(_ x: Double, order: Double) -> Double {
    let a = abs(x)
    if a.isNaN || a == .infinity { return a }
    var term = 1.0
    var rest = 0.0
    if a < 40 {
      // (x/2)ᵛ/ν! · Σ (x²/4)ᵏ/(k!(ν + 1)…(ν + k)), positive terms; the sum less its first term.
      for k in 1..<200 {
        term *= 0.25 * a * a / (Double(k) * (Double(k) + order))
        rest += term
        if term < 1e-17 * rest { break }
      }
      return (order == 0 ? 0 : Foundation.log(0.5 * a)) + Foundation.log1p(rest)
    }
    // eˣ/√(2πx) · Σ (−1)ᵏ (4ν² − 1)(4ν² − 9)…/(k!(8x)ᵏ).
    for k in 1..<60 {
      let odd = Double(2 * k - 1)
      term *= -(4 * order * order - odd * odd) / (Double(k) * 8 * a)
      rest += term
      if abs(term) < 1e-17 { break }
    }
    return a - 0.5 * Foundation.log(2 * .pi * a) + Foundation.log1p(rest)
  }
}
