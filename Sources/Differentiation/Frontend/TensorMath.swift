// Elementwise functions. Each acts on every element; plates ride along. Derivatives at kinks are those of the primitive
// (`UnaryOperation.derivative`, `BinaryOperation.derivatives`).

/// eˣ.
public func exp(_ x: Tensor) -> Tensor { Tensor.unary(.exp, x) }
/// Natural logarithm; −∞ at 0, NaN below.
public func log(_ x: Tensor) -> Tensor { Tensor.unary(.log, x) }
/// log(1 + x), exact near 0.
public func log1p(_ x: Tensor) -> Tensor { Tensor.unary(.log1p, x) }
/// eˣ − 1, exact near 0.
public func expm1(_ x: Tensor) -> Tensor { Tensor.unary(.expm1, x) }
/// √x; NaN below 0.
public func sqrt(_ x: Tensor) -> Tensor { Tensor.unary(.squareRoot, x) }
/// x².
public func square(_ x: Tensor) -> Tensor { Tensor.unary(.square, x) }
/// 1/x.
public func reciprocal(_ x: Tensor) -> Tensor { Tensor.unary(.reciprocal, x) }
/// |x|; derivative 0 at 0.
public func abs(_ x: Tensor) -> Tensor { Tensor.unary(.absolute, x) }
/// −1, 0 or 1.
public func sign(_ x: Tensor) -> Tensor { Tensor.unary(.sign, x) }
public func sin(_ x: Tensor) -> Tensor { Tensor.unary(.sin, x) }
public func cos(_ x: Tensor) -> Tensor { Tensor.unary(.cos, x) }
public func tan(_ x: Tensor) -> Tensor { sin(x) / cos(x) }
public func asin(_ x: Tensor) -> Tensor { Tensor.unary(.asin, x) }
public func acos(_ x: Tensor) -> Tensor { Tensor.unary(.acos, x) }
public func atan(_ x: Tensor) -> Tensor { Tensor.unary(.atan, x) }
public func sinh(_ x: Tensor) -> Tensor { Tensor.unary(.sinh, x) }
public func cosh(_ x: Tensor) -> Tensor { Tensor.unary(.cosh, x) }
public func tanh(_ x: Tensor) -> Tensor { Tensor.unary(.tanh, x) }
/// 1/(1 + e⁻ˣ).
public func logistic(_ x: Tensor) -> Tensor { Tensor.unary(.logistic, x) }
/// log(1 + eˣ).
public func softplus(_ x: Tensor) -> Tensor { Tensor.unary(.softplus, x) }
/// log(1/(1 + e⁻ˣ)) = −softplus(−x).
public func logLogistic(_ x: Tensor) -> Tensor { -softplus(-x) }
/// log(p/(1 − p)).
public func logit(_ p: Tensor) -> Tensor { log(p) - log1p(-p) }
/// max(x, 0); derivative ½ at 0.
public func relu(_ x: Tensor) -> Tensor { maximum(x, 0) }
/// log(1 − eˣ) for x ≤ 0.
public func log1mExp(_ x: Tensor) -> Tensor { Tensor.unary(.log1mExp, x) }
/// log |Γ(x)|.
public func logGamma(_ x: Tensor) -> Tensor { Tensor.unary(.logGamma, x) }
/// ψ(x), the derivative of log Γ.
public func digamma(_ x: Tensor) -> Tensor { Tensor.unary(.digamma, x) }
/// ψ′(x).
public func trigamma(_ x: Tensor) -> Tensor { Tensor.unary(.trigamma, x) }
public func erf(_ x: Tensor) -> Tensor { Tensor.unary(.erf, x) }
public func erfc(_ x: Tensor) -> Tensor { Tensor.unary(.erfc, x) }
/// Φ(x).
public func normalCDF(_ x: Tensor) -> Tensor { Tensor.unary(.normalCDF, x) }
/// log(e^−x I₀(x)) for x ≥ 0, I₀ the modified Bessel function of the first kind.
public func logBesselI0Scaled(_ x: Tensor) -> Tensor { Tensor.unary(.logBesselI0Scaled, x) }
/// I₁(x)/I₀(x) − 1 for x ≥ 0: the mean cosine of a von Mises angle of concentration x, minus one.
public func besselRatioMinusOne(_ x: Tensor) -> Tensor { Tensor.unary(.besselRatioMinusOne, x) }
/// log Φ(x), finite far into the left tail.
public func logNormalCDF(_ x: Tensor) -> Tensor { Tensor.unary(.logNormalCDF, x) }
/// Φ⁻¹(p), 0 < p < 1.
public func normalQuantile(_ p: Tensor) -> Tensor { Tensor.unary(.normalQuantile, p) }
/// The largest whole number not above x; derivative 0.
public func floor(_ x: Tensor) -> Tensor { Tensor.unary(.floor, x) }
/// The smallest whole number not below x; derivative 0.
public func ceil(_ x: Tensor) -> Tensor { Tensor.unary(.ceiling, x) }
/// The nearest whole number, ties to even; derivative 0.
public func round(_ x: Tensor) -> Tensor { Tensor.unary(.rounded, x) }
/// 1 where x is NaN, else 0.
public func isNaN(_ x: Tensor) -> Tensor { Tensor.unary(.isNaN, x) }
/// The identity, with derivative zero.
public func stopGradient(_ x: Tensor) -> Tensor { Tensor.unary(.stopGradient, x) }

// MARK: - Of two arguments

/// xʸ; NaN for x < 0 and y not whole.
public func pow(_ x: some TensorConvertible, _ y: some TensorConvertible) -> Tensor { Tensor.binary(.power, "pow", x.tensor, y.tensor) }
/// The larger; NaN where either is. At ties each argument gets half of the derivative.
public func maximum(_ a: some TensorConvertible, _ b: some TensorConvertible) -> Tensor {
  Tensor.binary(.maximum, "maximum", a.tensor, b.tensor)
}
/// The smaller; NaN where either is. At ties each argument gets half of the derivative.
public func minimum(_ a: some TensorConvertible, _ b: some TensorConvertible) -> Tensor {
  Tensor.binary(.minimum, "minimum", a.tensor, b.tensor)
}
/// The angle of the point (x, y), in (−π, π].
public func atan2(_ y: Tensor, _ x: Tensor) -> Tensor { Tensor.binary(.arcTangent2, "atan2", y, x) }

/// log(eᵃ + eᵇ); −∞ where both are −∞.
public func logAddExp(_ a: some TensorConvertible, _ b: some TensorConvertible) -> Tensor {
  let (a, b) = (a.tensor, b.tensor)
  // Where the arguments are equal (both −∞, too) the difference is taken as 0, so that neither value nor derivative is NaN.
  let gap = select(a .== b, 0, a - b)
  return maximum(a, b) + log1p(exp(-abs(gap)))
}

/// log B(a, b) = log Γ(a) + log Γ(b) − log Γ(a + b) for a, b > 0, without the cancellation of those terms.
public func logBeta(_ a: some TensorConvertible, _ b: some TensorConvertible) -> Tensor {
  Tensor.binary(.logBeta, "logBeta", a.tensor, b.tensor)
}

/// P(a, x), the regularized lower incomplete gamma function, a > 0, x ≥ 0.
public func incompleteGammaP(_ a: some TensorConvertible, _ x: some TensorConvertible) -> Tensor {
  Tensor.binary(.incompleteGammaP, "incompleteGammaP", a.tensor, x.tensor)
}
/// Q(a, x) = 1 − P(a, x).
public func incompleteGammaQ(_ a: some TensorConvertible, _ x: some TensorConvertible) -> Tensor {
  Tensor.binary(.incompleteGammaQ, "incompleteGammaQ", a.tensor, x.tensor)
}
/// log P(a, x), also where P is below the smallest double.
public func logIncompleteGammaP(_ a: some TensorConvertible, _ x: some TensorConvertible) -> Tensor {
  Tensor.binary(.logIncompleteGammaP, "logIncompleteGammaP", a.tensor, x.tensor)
}
/// log Q(a, x), also where Q is below the smallest double.
public func logIncompleteGammaQ(_ a: some TensorConvertible, _ x: some TensorConvertible) -> Tensor {
  Tensor.binary(.logIncompleteGammaQ, "logIncompleteGammaQ", a.tensor, x.tensor)
}
/// The x with log P(a, x) equal to the argument, which is at most 0.
public func gammaQuantile(_ a: some TensorConvertible, logP: some TensorConvertible) -> Tensor {
  Tensor.binary(.gammaQuantile, "gammaQuantile(logP:)", a.tensor, logP.tensor)
}
/// The x with log Q(a, x) equal to the argument, which is at most 0.
public func gammaQuantile(_ a: some TensorConvertible, logQ: some TensorConvertible) -> Tensor {
  Tensor.binary(.gammaUpperQuantile, "gammaQuantile(logQ:)", a.tensor, logQ.tensor)
}
/// I_x(a, b), the regularized incomplete beta function, a, b > 0, 0 ≤ x ≤ 1.
public func incompleteBeta(_ a: some TensorConvertible, _ b: some TensorConvertible, _ x: some TensorConvertible) -> Tensor {
  Tensor.elementwise("incompleteBeta", [a.tensor, b.tensor, x.tensor]) { .ternary(.incompleteBeta, $0[0], $0[1], $0[2]) }
}
/// log I_x(a, b), also where I is below the smallest double.
public func logIncompleteBeta(_ a: some TensorConvertible, _ b: some TensorConvertible, _ x: some TensorConvertible) -> Tensor {
  Tensor.elementwise("logIncompleteBeta", [a.tensor, b.tensor, x.tensor]) { .ternary(.logIncompleteBeta, $0[0], $0[1], $0[2]) }
}
/// The x with log I_x(a, b) equal to the argument, which is at most 0.
public func betaQuantile(_ a: some TensorConvertible, _ b: some TensorConvertible, logCDF: some TensorConvertible) -> Tensor {
  Tensor.elementwise("betaQuantile", [a.tensor, b.tensor, logCDF.tensor]) { .ternary(.betaQuantile, $0[0], $0[1], $0[2]) }
}

// MARK: - Draws that get their derivatives

/// The logit u of a Beta(a, b) draw, with du/da and du/db at a fixed level of the distribution function (``TernaryOperation/betaLogitDraw``).
package func betaLogitDraw(_ a: Tensor, _ b: Tensor, logit u: Tensor) -> Tensor {
  Tensor.elementwise("betaLogitDraw", [a, b, u]) { .ternary(.betaLogitDraw, $0[0], $0[1], $0[2]) }
}
/// The draw t of Student's t, with dt/dν at a fixed level of the distribution function (``BinaryOperation/studentTDraw``).
package func studentTDraw(degreesOfFreedom nu: Tensor, _ t: Tensor) -> Tensor { Tensor.binary(.studentTDraw, "studentTDraw", nu, t) }
