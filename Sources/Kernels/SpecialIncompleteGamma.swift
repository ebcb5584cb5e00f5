import Foundation

/// The gamma distribution's tails and their derivatives with respect to the shape.
///
/// With D = zᵃe⁻ᶻ/Γ(a) and t = z·e^(∓s) the tails are D·∫₀^∞ e^(−h(s)) ds, h(s) = as − z(1 − e⁻ˢ) below, z(eˢ − 1) − as above, and their
/// derivatives in a carry the factor log t − ψ(a) under the integral. Lower tail of a small shape: Kummer's series instead, its terms
/// positive. Relative errors (tests against mpmath): P, Q 1e-13 for a ≤ 10³; the derivatives 1e-12.
extension Special {
  /// zᵃe⁻ᶻ/Γ(a), logarithm, for a, z > 0.
  static func logGammaKernel(_ a: Double, _ z: Double) -> Double {
    if a < 3 { return a * Foundation.log(z) - z - logGamma(a) }
    // Stirling's formula taken out, so that nothing large cancels where z is near a.
    return a * log1pMinus(z / a, (z - a) / a) + 0.5 * Foundation.log(a) - 0.9189385332046727 - stirlingRemainder(a)
  }

  /// One tail of the gamma distribution in units of D: its mass, and minus (below) or plus (above) its derivative in a, as parts of ∫.
  struct GammaTail {
    var isLower: Bool
    var mass: Double
    var moment: Double
  }

  static func gammaTail(_ a: Double, _ z: Double) -> GammaTail {
    if a <= 15 && z <= a + 1 { return gammaSeries(a, z) }
    return z <= a ? gammaLowerIntegral(a, z) : gammaUpperIntegral(a, z)
  }

  /// P = D/a·Σ zⁿ/((a + 1)…(a + n)); DLMF 8.11.4.
  private static func gammaSeries(_ a: Double, _ z: Double) -> GammaTail {
    var term = 1.0
    var sum = 1.0
    var harmonic = 0.0
    var weighted = 0.0
    for n in 1..<500 {
      term *= z / (a + Double(n))
      harmonic += 1 / (a + Double(n))
      sum += term
      weighted += term * harmonic
      if term * (1 + harmonic) < 1e-17 * sum { break }
    }
    return GammaTail(isLower: true, mass: sum / a, moment: ((digamma(a + 1) - Foundation.log(z)) * sum + weighted) / a)
  }

  private static func gammaLowerIntegral(_ a: Double, _ z: Double) -> GammaTail {
    let reach = Quadrature.reach(slope: a - z, curvature: z) { s in (a * s + z * Foundation.expm1(-s), a - z * Foundation.exp(-s)) }
    // ψ(a) − log z + s.
    let offset = -logOfRatio(z / a, (z - a) / a) - logMinusDigamma(a)
    var mass = Vector8()
    var moment = Vector8()
    for i in 0..<Quadrature.count / 8 {
      let (nodes, weights) = Quadrature.block(i)
      let s = nodes * reach
      let value = weights * SIMDMath.exp(-(a * s + z * SIMDMath.expm1(-s)))
      mass += value
      moment += value * (s + offset)
    }
    return GammaTail(isLower: true, mass: reach * mass.sum(), moment: reach * moment.sum())
  }

  private static func gammaUpperIntegral(_ a: Double, _ z: Double) -> GammaTail {
    let reach = Quadrature.reach(slope: z - a, curvature: z) { s in (z * Foundation.expm1(s) - a * s, z * Foundation.exp(s) - a) }
    // log z − ψ(a) + s.
    let offset = logOfRatio(z / a, (z - a) / a) + logMinusDigamma(a)
    var mass = Vector8()
    var moment = Vector8()
    for i in 0..<Quadrature.count / 8 {
      let (nodes, weights) = Quadrature.block(i)
      let s = nodes * reach
      let value = weights * SIMDMath.exp(a * s - z * SIMDMath.expm1(s))
      mass += value
      moment += value * (s + offset)
    }
    return GammaTail(isLower: false, mass: reach * mass.sum(), moment: reach * moment.sum())
  }

  /// Q for a ≤ 1 and z ≤ 2, where 1 − P would cancel: with L = a·log z − log Γ(1 + a), −(e^L − 1) − e^L·a·Σ (−z)ⁿ/((a + n)n!).
  private static func upperGammaOfSmallShape(_ a: Double, _ z: Double) -> Double {
    let l = a * Foundation.log(z) - logGammaOnePlus(a)
    var term = 1.0
    var sum = 0.0
    for n in 1..<60 {
      term *= -z / Double(n)
      sum += term / (a + Double(n))
      if abs(term) < 1e-18 { break }
    }
    return -Foundation.expm1(l) - Foundation.exp(l) * a * sum
  }

  private static func gammaDomain(_ a: Double, _ z: Double) -> Bool { a > 0 && a < .infinity && z >= 0 }

  /// P(a, z) = γ(a, z)/Γ(a), the distribution function of Gamma(a, 1) at z: 0 at z = 0, 1 at ∞; NaN unless 0 < a < ∞ and z ≥ 0. DLMF 8.2.
  package static func gammaP(_ a: Double, _ z: Double) -> Double {
    guard gammaDomain(a, z) else { return .nan }
    if z == 0 || z == .infinity { return z == 0 ? 0 : 1 }
    let tail = gammaTail(a, z)
    let value = Foundation.exp(logGammaKernel(a, z)) * tail.mass
    return tail.isLower ? min(1, value) : 1 - value
  }

  /// Q(a, z) = 1 − P(a, z), with relative accuracy in the upper tail. Domain as ``gammaP(_:_:)``.
  package static func gammaQ(_ a: Double, _ z: Double) -> Double {
    guard gammaDomain(a, z) else { return .nan }
    if z == 0 || z == .infinity { return z == 0 ? 1 : 0 }
    if a <= 1 && z <= a + 1 { return max(0, upperGammaOfSmallShape(a, z)) }
    let tail = gammaTail(a, z)
    let value = Foundation.exp(logGammaKernel(a, z)) * tail.mass
    return tail.isLower ? max(0, 1 - value) : value
  }

  /// log P(a, z), also where P underflows: −∞ at z = 0. Domain as ``gammaP(_:_:)``.
  package static func logGammaP(_ a: Double, _ z: Double) -> Double {
    guard gammaDomain(a, z) else { return .nan }
    if z == 0 || z == .infinity { return z == 0 ? -.infinity : 0 }
    if a <= 1 && z <= a + 1 && z > 0.1 { return Foundation.log1p(-max(0, upperGammaOfSmallShape(a, z))) }
    let tail = gammaTail(a, z)
    let logValue = logGammaKernel(a, z) + Foundation.log(tail.mass)
    return tail.isLower ? min(0, logValue) : Foundation.log1p(-Foundation.exp(logValue))
  }

  /// log Q(a, z), also where Q underflows: −∞ at z = ∞. Domain as ``gammaP(_:_:)``.
  package static func logGammaQ(_ a: Double, _ z: Double) -> Double {
    guard gammaDomain(a, z) else { return .nan }
    if z == 0 || z == .infinity { return z == 0 ? 0 : -.infinity }
    if a <= 1 && z <= a + 1 { return Foundation.log(max(0, upperGammaOfSmallShape(a, z))) }
    let tail = gammaTail(a, z)
    let logValue = logGammaKernel(a, z) + Foundation.log(tail.mass)
    return tail.isLower ? Foundation.log1p(-min(1, Foundation.exp(logValue))) : logValue
  }

  /// ∂P(a, z)/∂a ≤ 0; 0 at z = 0 and ∞. Domain as ``gammaP(_:_:)``.
  package static func gammaPShapeDerivative(_ a: Double, _ z: Double) -> Double {
    guard gammaDomain(a, z) else { return .nan }
    if z == 0 || z == .infinity { return 0 }
    return -Foundation.exp(logGammaKernel(a, z)) * gammaTail(a, z).moment
  }

  /// dz/da of a Gamma(a, 1) draw z held at its level of the distribution function, −(∂P/∂a)/p(z) > 0: the derivative of implicit
  /// reparameterization (Figurnov, Mohamed & Mnih 2018). 0 at z = 0. Domain as ``gammaP(_:_:)``, NaN at z = ∞.
  package static func gammaDrawDerivative(shape a: Double, _ z: Double) -> Double {
    guard gammaDomain(a, z), z < .infinity else { return .nan }
    return z == 0 ? 0 : z * gammaTail(a, z).moment
  }
}
