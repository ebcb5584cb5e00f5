import Foundation

/// Quantiles of the gamma and beta distributions and distribution functions built on their tails.
///
/// On the scale u = log z (gamma) or logit x (beta) the densities are log-concave, hence so are both tails: Newton's method on the logarithm
/// of the smaller tail runs into the root from one side, from any start.
extension Special {
  /// z with P(a, z) = p: 0 at p = 0, ∞ at 1; NaN outside. For upper tails closer to 1 than doubles are, ``gammaQuantile(shape:upper:)``.
  package static func gammaQuantile(shape a: Double, _ p: Double) -> Double {
    guard a > 0, a < .infinity, p >= 0, p <= 1 else { return .nan }
    return p > 0.5 ? gammaQuantile(shape: a, logUpper: Foundation.log(1 - p)) : gammaQuantile(shape: a, log: Foundation.log(p))
  }

  /// z with Q(a, z) = q: ∞ at q = 0, 0 at 1; NaN outside.
  package static func gammaQuantile(shape a: Double, upper q: Double) -> Double {
    guard a > 0, a < .infinity, q >= 0, q <= 1 else { return .nan }
    return q > 0.5 ? gammaQuantile(shape: a, log: Foundation.log(1 - q)) : gammaQuantile(shape: a, logUpper: Foundation.log(q))
  }

  /// z with log P(a, z) = l: 0 at l = −∞, ∞ at 0; NaN outside.
  package static func gammaQuantile(shape a: Double, log l: Double) -> Double {
    guard a > 0, a < .infinity, l <= 0 else { return .nan }
    if l > -0.6931471805599453 { return gammaQuantile(shape: a, logUpper: Foundation.log(-Foundation.expm1(l))) }
    if l == -.infinity { return 0 }
    // Start: P ≈ zᵃ/Γ(a + 1), below the root on the log scale, or Wilson and Hilferty's cube where that is larger.
    let power = (l + logGamma(a + 1)) / a
    let cube = 1 - 1 / (9 * a) + normalQuantile(logProbability: l) / (3 * a.squareRoot())
    let start = cube > 0.1 ? max(power, Foundation.log(a * cube * cube * cube)) : power
    if start < -745 { return Foundation.exp(start) }
    return Foundation.exp(
      newton(from: start) { u in
        let z = Foundation.exp(u)
        let log = logGammaP(a, z)
        return (log - l, Foundation.exp(logGammaKernel(a, z) - log))
      })
  }

  /// z with log Q(a, z) = l: ∞ at l = −∞, 0 at 0; NaN outside.
  package static func gammaQuantile(shape a: Double, logUpper l: Double) -> Double {
    guard a > 0, a < .infinity, l <= 0 else { return .nan }
    if l > -0.6931471805599453 { return gammaQuantile(shape: a, log: Foundation.log(-Foundation.expm1(l))) }
    if l == -.infinity { return .infinity }
    let cube = 1 - 1 / (9 * a) - normalQuantile(logProbability: l) / (3 * a.squareRoot())
    let start = a < 0.5 ? Foundation.log(max(-l, 1e-3)) : Foundation.log(a * cube * cube * cube)
    return Foundation.exp(
      newton(from: start) { u in
        let z = Foundation.exp(u)
        let log = logGammaQ(a, z)
        return (log - l, -Foundation.exp(logGammaKernel(a, z) - log))
      })
  }

  /// x with I_x(a, b) = p: 0 at 0, 1 at 1; NaN outside.
  package static func betaQuantile(_ a: Double, _ b: Double, _ p: Double) -> Double {
    p >= 0 && p <= 1 ? betaQuantile(a, b, log: Foundation.log(p), complement: 1 - p) : .nan
  }

  /// x with log I_x(a, b) = l: 0 at l = −∞, 1 at 0; NaN outside.
  package static func betaQuantile(_ a: Double, _ b: Double, log l: Double) -> Double {
    l <= 0 ? betaQuantile(a, b, log: l, complement: -Foundation.expm1(l)) : .nan
  }

  private static func betaQuantile(_ a: Double, _ b: Double, log l: Double, complement q: Double) -> Double {
    guard a > 0, b > 0, a < .infinity, b < .infinity else { return .nan }
    if l == -.infinity || l == 0 { return l == 0 ? 1 : 0 }
    let middle = incompleteBeta(a, b, a / (a + b), complement: b / (a + b))
    // The tail that is smaller at the root, so that its logarithm is well conditioned.
    if 1 - q > max(0.5, middle) { return logistic(-betaLogit(b, a, log: Foundation.log(q))) }
    return logistic(betaLogit(a, b, log: l))
  }

  /// logit x with log I_x(a, b) = target.
  private static func betaLogit(_ a: Double, _ b: Double, log target: Double) -> Double {
    let power = (target + Foundation.log(a) + logBeta(a, b)) / a
    let start = min(power, Foundation.log(a / b))
    if start < -745 { return start }
    return newton(from: start) { u in
      let x = logistic(u)
      let y = logistic(-u)
      let log = logIncompleteBeta(a, b, x, complement: y)
      return (log - target, Foundation.exp(logBetaKernel(a, b, x, y) - log))
    }
  }

  private static func newton(from start: Double, _ f: (Double) -> (value: Double, slope: Double)) -> Double {
    var u = start
    for _ in 0..<100 {
      let (value, slope) = f(u)
      guard value.isFinite, slope != 0, slope.isFinite else { break }
      // Far outside the concave function is all but linear or exponential; a step is held to 8 on the log scale.
      let step = max(-8, min(8, value / slope))
      u -= step
      if abs(step) <= 2e-16 * max(1, abs(u)) { break }
    }
    return u
  }

  /// The distribution function of Student's t with ν > 0 degrees of freedom at t, relative accuracy in the lower tail. DLMF 8.17, with
  /// x = ν/(ν + t²): ½·I_x(ν/2, ½) for t ≤ 0.
  package static func studentTCDF(_ t: Double, degreesOfFreedom nu: Double) -> Double {
    guard nu > 0, !t.isNaN else { return .nan }
    if nu == .infinity { return normalCDF(t) }
    let ratio = t / nu * t
    if ratio > 1e300 {
      // I_x(ν/2, ½) ≈ x^(ν/2)/(ν/2·B) for tiny x, by logarithms because t² overflows.
      let logTail = 0.5 * nu * (Foundation.log(nu) - 2 * Foundation.log(abs(t))) - Foundation.log(nu) - logBeta(0.5 * nu, 0.5)
      return t < 0 ? Foundation.exp(logTail) : 1 - Foundation.exp(logTail)
    }
    let lower = 0.5 * incompleteBeta(0.5 * nu, 0.5, 1 / (1 + ratio), complement: ratio / (1 + ratio))
    return t <= 0 ? lower : 1 - lower
  }
}
