/// Draws of the gamma family.
///
/// A parameter outside the stated range, or NaN, gives NaN.
extension RandomStream {
  /// log G with G ~ Gamma(shape, rate 1), shape > 0: exact in log space also where G itself underflows.
  ///
  /// Marsaglia and Tsang (2000), A Simple Method for Generating Gamma Variables, for shape ≥ 1; below, log G = log G′ + log(u) / shape with
  /// G′ ~ Gamma(shape + 1).
  public mutating func nextLogGamma(shape: Double) -> Double {
    guard shape > 0, shape < .infinity else { return .nan }
    if shape < 1 {
      let boosted = logarithm(gammaAboveOne(shape + 1))
      return boosted + logarithm(nextUniform()) / shape
    }
    return logarithm(gammaAboveOne(shape))
  }

  /// G ~ Gamma(shape, rate 1), shape > 0. Underflows to 0 where a double cannot hold it (likely for shape < 0.01).
  public mutating func nextGamma(shape: Double) -> Double {
    guard shape > 0, shape < .infinity else { return .nan }
    return shape < 1 ? exponential(nextLogGamma(shape: shape)) : gammaAboveOne(shape)
  }

  private mutating func gammaAboveOne(_ shape: Double) -> Double {
    let d = shape - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = nextNormal()
      let base = 1 + c * x
      if base <= 0 { continue }
      let v = base * base * base
      let u = nextUniform()
      let square = x * x
      if u < 1 - 0.0331 * square * square { return d * v }
      if logarithm(u) < 0.5 * square + d * (1 - v + logarithm(v)) { return d * v }
    }
  }

  /// χ² with `degrees` > 0 degrees of freedom: 2 Gamma(degrees / 2).
  public mutating func nextChiSquare(degrees: Double) -> Double { 2 * nextGamma(shape: 0.5 * degrees) }

  /// Student's t with `degrees` > 0 degrees of freedom: Z / √(χ² / degrees), a standard normal for +∞.
  public mutating func nextStudentT(degrees: Double) -> Double {
    guard degrees > 0 else { return .nan }
    let z = nextNormal()
    if degrees == .infinity { return z }
    let logScale = 0.5 * (nextLogGamma(shape: 0.5 * degrees) - logarithm(0.5 * degrees))
    return z * exponential(-logScale)
  }

  /// log(B / (1 − B)) with B ~ Beta(a, b), a, b > 0: exact also where B is within rounding of 0 or 1.
  public mutating func nextLogitBeta(_ a: Double, _ b: Double) -> Double {
    nextLogGamma(shape: a) - nextLogGamma(shape: b)
  }

  /// B ~ Beta(a, b), a, b > 0. Rounds to 0 or 1 where a double must; see ``nextLogitBeta(_:_:)``.
  public mutating func nextBeta(_ a: Double, _ b: Double) -> Double {
    SIMDMath.logistic(Vector8(repeating: nextLogitBeta(a, b)))[0]
  }

  /// A point of the simplex of n ≥ 1 components, ~ Dirichlet(concentration), all concentrations > 0, by normalized gammas in log space.
  ///
  /// - Parameter out: n numbers that sum to one up to rounding; may not overlap the concentrations.
  public mutating func nextDirichlet(_ n: Int, concentration: UnsafePointer<Double>, _ out: UnsafeMutablePointer<Double>) {
    for i in 0..<n { out[i] = nextLogGamma(shape: concentration[i]) }
    let total = Reduction.logSumExp(n, out)
    for i in 0..<n { out[i] = exponential(out[i] - total) }
  }

  /// Von Mises about 0 with concentration κ ≥ 0, on (−π, π]: Best and Fisher (1979); uniform for κ = 0, normal with sd 1/√κ for κ > 10⁸.
  public mutating func nextVonMises(concentration kappa: Double) -> Double {
    guard kappa >= 0, kappa < .infinity else { return .nan }
    if kappa < 1e-8 { return Double.pi * (2 * nextUniform() - 1) }
    if kappa > 1e8 { return nextNormal() / kappa.squareRoot() }
    let tau = 1 + (1 + 4 * kappa * kappa).squareRoot()
    // (τ − √(2τ)) / 2κ, which cancels for small κ, written without a difference: τ(τ − 2) = 4κ².
    let rho = 2 * kappa / (tau + (2 * tau).squareRoot())
    let r = (1 + rho * rho) / (2 * rho)
    while true {
      let z = SIMDMath.cos(Vector8(repeating: Double.pi * nextUniform()))[0]
      let f = (1 + r * z) / (r + z)
      let c = kappa * (r - f)
      let u = nextUniform()
      if c * (2 - c) > u || logarithm(c / u) + 1 - c >= 0 {
        let sine = (max(0, (1 - f) * (1 + f))).squareRoot()
        let angle = 2 * arctangentOfHalf(sine: sine, cosine: f)
        return nextUniform() < 0.5 ? -angle : angle
      }
    }
  }

  /// atan(sin θ / (1 + cos θ)) = θ / 2 for 0 ≤ θ < π.
  private func arctangentOfHalf(sine: Double, cosine: Double) -> Double {
    SIMDMath.atan(Vector8(repeating: sine / (1 + cosine)))[0]
  }
}
