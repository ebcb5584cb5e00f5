import Kernels

/// Elementwise functions of one argument. Shape rule: that of the input. JVP: t·f′(x). VJP: c·f′(x).
package enum UnaryOperation: UInt8, CaseIterable, Sendable {
  case negate, exp, log, expm1, log1p, squareRoot, reciprocal, square, tanh, logistic, softplus, sin, cos, atan, asin, acos, sinh, cosh
  case absolute, sign, floor, ceiling, rounded
  case logGamma, digamma, trigamma, erf, erfc, normalCDF, logNormalCDF, normalQuantile, log1mExp
  /// log(e^−x I₀(x)) and I₁(x)/I₀(x) − 1 for x ≥ 0, with the modified Bessel functions of the first kind.
  case logBesselI0Scaled, besselRatioMinusOne
  case isNaN
  /// The identity, with derivative zero.
  case stopGradient

  /// f′(x), given the node x and y = f(x); nil where the derivative is zero wherever it exists (steps; `stopGradient`).
  ///
  /// At kinks: |x| and sign have derivative 0 at 0; √x has +∞ at 0; log x and 1/x follow IEEE division.
  package func derivative(x: Node, y: Node) -> Node? {
    switch self {
    case .negate: .fill(-1, shape: x.shape)
    case .exp: y
    case .log: .unary(.reciprocal, x)
    case .expm1: .unary(.exp, x)
    case .log1p: .unary(.reciprocal, x + 1)
    case .squareRoot: 0.5 * .unary(.reciprocal, y)
    case .reciprocal: -.unary(.square, y)
    case .square: 2 * x
    case .tanh: 1 - .unary(.square, y)
    case .logistic: y * .unary(.logistic, -x)  // y(1−y), with 1−y computed without cancellation
    case .softplus: .unary(.logistic, x)
    case .sin: .unary(.cos, x)
    case .cos: -.unary(.sin, x)
    case .atan: .unary(.reciprocal, 1 + .unary(.square, x))
    case .asin: .unary(.reciprocal, .unary(.squareRoot, (1 - x) * (1 + x)))
    case .acos: -.unary(.reciprocal, .unary(.squareRoot, (1 - x) * (1 + x)))
    case .sinh: .unary(.cosh, x)
    case .cosh: .unary(.sinh, x)
    case .absolute: .unary(.sign, x)
    case .logGamma: .unary(.digamma, x)
    case .digamma: .unary(.trigamma, x)
    case .trigamma: .binary(.polygamma, .fill(2, shape: x.shape), x)
    case .erf: 1.1283791670955126 * .unary(.exp, -.unary(.square, x))  // 2/√π
    case .erfc: -1.1283791670955126 * .unary(.exp, -.unary(.square, x))
    case .normalCDF: .standardNormalDensity(x)
    case .logNormalCDF: .unary(.exp, .standardNormalLogDensity(x) - y)  // φ(x)/Φ(x) in logarithms: finite far into the left tail
    case .normalQuantile: .unary(.reciprocal, .standardNormalDensity(y))
    case .log1mExp: -.unary(.reciprocal, .unary(.expm1, -x))  // d/dx log(1 − eˣ) = −1/(e⁻ˣ − 1)
    case .logBesselI0Scaled: .unary(.besselRatioMinusOne, x)
    // 1 − r/x − r² with r = 1 + y; near 0 the first terms of its series.
    case .besselRatioMinusOne:
      .select(
        .binary(.less, x, .fill(1e-3, shape: x.shape)), 0.5 - 0.1875 * .unary(.square, x),
        -((1 + y) / .binary(.maximum, x, .fill(1e-3, shape: x.shape)) + y * (2 + y)))
    case .sign, .floor, .ceiling, .rounded, .isNaN, .stopGradient: nil
    }
  }
}

extension Node {
  package static func unary(_ operation: UnaryOperation, _ x: Node) -> Node {
    if let value = x.splat, operation != .stopGradient {
      return .fill(ElementwiseKernels.value(operation, value), shape: x.shape)
    }
    switch (operation, x.operation) {
    case (.negate, .unary(.negate)), (.reciprocal, .unary(.reciprocal)), (.log, .unary(.exp)): return x.inputs[0]
    case (.exp, .unary(.log)), (.stopGradient, .unary(.stopGradient)): return operation == .exp ? x.inputs[0] : x
    case (.square, .unary(.negate)), (.absolute, .unary(.negate)): return .unary(operation, x.inputs[0])
    case (.stopGradient, .constant): return x
    default: return Node(.unary(operation), [x], shape: x.shape)
    }
  }

  fileprivate static func standardNormalLogDensity(_ x: Node) -> Node { -0.5 * .unary(.square, x) - 0.9189385332046727 }  // ½ log 2π
  fileprivate static func standardNormalDensity(_ x: Node) -> Node { .unary(.exp, .standardNormalLogDensity(x)) }
}
