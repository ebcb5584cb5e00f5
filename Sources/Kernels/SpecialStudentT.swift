import Foundation

/// The derivative of Student's t draws by the degrees of freedom.
///
/// Up to ν = 30 by the beta distribution: t²/(ν + t²) ~ Beta(½, ν/2), whose logit is log(t²/ν). Above, where that would cancel against
/// 1/(2ν), by quadrature of the score S(s) = ∂ log f/∂ν = ½(c + log(1 − ρ) + ρ + ρ/ν), ρ = s²/(ν + s²), c = ψ((ν + 1)/2) − ψ(ν/2) − 1/ν:
/// positive near 0, negative beyond s² = 1 + √2 or so, so that one side of t has one sign. Relative error about 1e-12 (tests against mpmath).
extension Special {
  /// dt/dν of a draw t of Student's t with ν degrees of freedom held at its level of the distribution function, −(∂F/∂ν)/f(t) (Figurnov,
  /// Mohamed & Mnih 2018): odd in t, negative for t > 0, 0 at 0. NaN unless 0 < ν < ∞.
  package static func studentTDrawDerivative(degreesOfFreedom nu: Double, _ t: Double) -> Double {
    guard nu > 0, nu < .infinity, !t.isNaN else { return .nan }
    if t == 0 || t.isInfinite { return t == 0 ? 0 : -t }
    let logit = 2 * Foundation.log(abs(t)) - Foundation.log(nu)
    if nu <= 30 {
      return t * (0.5 / nu + 0.25 * betaLogitDrawDerivative(0.5, 0.5 * nu, logit: logit).b)
    }
    let r = 4 / (nu * nu)
    // ψ(x + ½) − ψ(x) − 1/(2x) for x = ν/2 by the series of log Γ(x + ½) − log Γ(x) (DLMF 5.11.13), differentiated.
    let c = r * (1 / 8.0 + r * (-1 / 64.0 + r * (1 / 128.0 + r * (-17 / 2048.0 + r * (31 / 2048.0 - r * (691 / 16384.0))))))
    return t * (t * t <= 2.4 ? studentInner(nu, c, t / nu * t) : studentOuter(nu, c, logistic(logit), softplus(logit)))
  }

  /// −∫₀¹ S(tτ) f(tτ)/f(t) dτ, where ratio is t²/ν.
  private static func studentInner(_ nu: Double, _ c: Double, _ ratio: Double) -> Double {
    let whole = Foundation.log1p(ratio)
    var sum = Vector8()
    for i in 0..<Quadrature.count / 8 {
      let (nodes, weights) = Quadrature.block(i)
      let part = ratio * nodes * nodes
      let logPart = SIMDMath.log1p(part)
      sum += weights * studentScore(nu, c, part / (1 + part), logPart) * SIMDMath.exp(0.5 * (nu + 1) * (whole - logPart))
    }
    return -sum.sum()
  }

  /// ∫₀^∞ S(s) f(s)/f(t) eʷ dw with s = t·eʷ, where rho is t²/(ν + t²) and logOnePlus log(1 + t²/ν).
  private static func studentOuter(_ nu: Double, _ c: Double, _ rho: Double, _ logOnePlus: Double) -> Double {
    let n = nu + 1
    let reach = Quadrature.reach(slope: n * rho - 1, curvature: 2 * n * rho * (1 - rho)) { w in
      let grown = rho * Foundation.expm1(2 * w)
      return (0.5 * n * Foundation.log1p(grown) - w, n * (rho + grown) / (1 + grown) - 1)
    }
    var sum = Vector8()
    for i in 0..<Quadrature.count / 8 {
      let (nodes, weights) = Quadrature.block(i)
      let w = nodes * reach
      let grown = rho * SIMDMath.expm1(2 * w)
      let log = SIMDMath.log1p(grown)
      sum += weights * studentScore(nu, c, (rho + grown) / (1 + grown), logOnePlus + log) * SIMDMath.exp(w - 0.5 * n * log)
    }
    return reach * sum.sum()
  }

  /// S for ρ, given −log(1 − ρ).
  @inline(__always)
  private static func studentScore(_ nu: Double, _ c: Double, _ rho: Vector8, _ minusLog: Vector8) -> Vector8 {
    // log(1 − ρ) + ρ without its cancellation for small ρ: with s = −ρ/(2 − ρ), log(1 − ρ) = 2(s + s³/3 + …) and −ρ − 2s = −ρ·s.
    let s = -rho / (2 - rho)
    let z = s * s
    var series = Vector8()
    for k in stride(from: 27, through: 3, by: -2) { series = series * z + Vector8(repeating: 1 / Double(k)) }
    let small = 2 * s * z * series + rho * s
    return 0.5 * (c + rho / nu + small.replacing(with: rho - minusLog, where: rho .> 0.4))
  }
}
