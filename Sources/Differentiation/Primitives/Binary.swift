import Kernels

/// Elementwise functions of two arguments of equal shape (a scalar is repeated by the builder). Comparisons give 1 or 0.
package enum BinaryOperation: UInt8, CaseIterable, Sendable {
  case add, subtract, multiply, divide, power, maximum, minimum, arcTangent2
  case less, lessOrEqual, equal
  /// ψ⁽ⁿ⁾(x) for whole n ≥ 0, the order first.
  case polygamma
  /// log B(a, b).
  case logBeta
  /// P(a, x) and Q(a, x), the regularized incomplete gamma functions.
  case incompleteGammaP, incompleteGammaQ
  /// Their logarithms.
  case logIncompleteGammaP, logIncompleteGammaQ
  /// The z with log P(a, z) = l, and with log Q(a, z) = l, inputs (a, l).
  case gammaQuantile, gammaUpperQuantile
  /// ∂P(a, x)/∂a.
  case incompleteGammaPShape
  /// dz/da of a Gamma(a, 1) draw z at a fixed level of its distribution function: −(∂P/∂a)/density.
  case gammaDrawDerivative
  /// dz/dκ of a von Mises draw z about 0, inputs (κ, z), at a fixed level of its distribution function.
  case vonMisesDrawDerivative
  /// t, the second input, a draw of Student's t with the first input's degrees of freedom ν: its derivative in ν is dt/dν at a fixed level of
  /// the distribution function; what t was made of has none.
  case studentTDraw
  /// That derivative, inputs (ν, t).
  case studentTDrawDerivative

  /// (∂f/∂a, ∂f/∂b); nil for a zero derivative.
  ///
  /// At ties maximum and minimum give each argument half. a^b has ∂/∂b = a^b·log a, taken as 0 where a = 0.
  package func derivatives(_ a: Node, _ b: Node, y: Node) -> (Node?, Node?) {
    switch self {
    case .add: (.fill(1, shape: a.shape), .fill(1, shape: a.shape))
    case .subtract: (.fill(1, shape: a.shape), .fill(-1, shape: a.shape))
    case .multiply: (b, a)
    case .divide: (.unary(.reciprocal, b), -(y / b))
    case .power:
      (
        b * .binary(.power, a, b - 1),
        .select(.binary(.equal, a, .fill(0, shape: a.shape)), .fill(0, shape: a.shape), y * .unary(.log, a))
      )
    case .maximum: (.half(a, over: b), .half(b, over: a))
    case .minimum: (.half(b, over: a), .half(a, over: b))
    case .arcTangent2:
      { (r2: Node) in (b / r2, -(a / r2)) }(.unary(.square, a) + .unary(.square, b))
    case .less, .lessOrEqual, .equal: (nil, nil)
    case .polygamma: (nil, .binary(.polygamma, a + 1, b))
    case .logBeta:
      { (sum: Node) in (.unary(.digamma, a) - sum, .unary(.digamma, b) - sum) }(.unary(.digamma, a + b))
    case .incompleteGammaP: (.binary(.incompleteGammaPShape, a, b), .gammaDensity(shape: a, b))
    case .incompleteGammaQ: (-.binary(.incompleteGammaPShape, a, b), -.gammaDensity(shape: a, b))
    // ∂P/∂a is −(density)·(dz/da of a draw held at its level); in logarithms both are divided by P, or by Q.
    case .logIncompleteGammaP:
      { (slope: Node) in (-(slope * .binary(.gammaDrawDerivative, a, b)), slope) }(.unary(.exp, .gammaLogDensity(shape: a, b) - y))
    case .logIncompleteGammaQ:
      { (slope: Node) in (slope * .binary(.gammaDrawDerivative, a, b), -slope) }(.unary(.exp, .gammaLogDensity(shape: a, b) - y))
    case .gammaQuantile: (.binary(.gammaDrawDerivative, a, y), .unary(.exp, b - .gammaLogDensity(shape: a, y)))
    case .gammaUpperQuantile: (.binary(.gammaDrawDerivative, a, y), -.unary(.exp, b - .gammaLogDensity(shape: a, y)))
    case .studentTDraw: (.binary(.studentTDrawDerivative, a, b), nil)
    case .incompleteGammaPShape, .gammaDrawDerivative, .vonMisesDrawDerivative, .studentTDrawDerivative:
      (.underivable("\(self)", a.shape), .underivable("\(self)", a.shape))
    }
  }
}

/// Elementwise functions of three arguments of equal shape.
package enum TernaryOperation: UInt8, CaseIterable, Sendable {
  /// c ≠ 0 ? a : b, inputs (c, a, b). Both branches are evaluated; the one not taken contributes a zero derivative even where its own is
  /// infinite or NaN only if its *input* is guarded too (`select` on values does not stop 0·∞; the rule selects cotangents, so it does).
  case select
  /// I_x(a, b), inputs (a, b, x).
  case incompleteBeta
  /// ∂I_x/∂a and ∂I_x/∂b, inputs (a, b, x).
  case incompleteBetaFirst, incompleteBetaSecond
  /// log I_x(a, b), inputs (a, b, x).
  case logIncompleteBeta
  /// The x with log I_x(a, b) = l, inputs (a, b, l).
  case betaQuantile
  /// dx/da and dx/db of a Beta(a, b) draw x at a fixed level of its distribution function, inputs (a, b, x).
  case betaDrawFirst, betaDrawSecond
  /// u, the third input, the logit of a Beta(a, b) draw, inputs (a, b, u): its derivatives in a and b are those at a fixed level of the
  /// distribution function; what u was made of has none.
  case betaLogitDraw
  /// Those derivatives, du/da and du/db, inputs (a, b, u).
  case betaLogitDrawFirst, betaLogitDrawSecond

  /// The derivatives in the three inputs, those of `select` excepted; nil for the ones not asked for.
  func derivatives(_ x: [Node], y: Node, needed: [Bool]) -> [Node?] {
    func each(_ first: () -> Node, _ second: () -> Node, _ third: () -> Node) -> [Node?] {
      [needed[0] ? first() : nil, needed[1] ? second() : nil, needed[2] ? third() : nil]
    }
    let (a, b, c) = (x[0], x[1], x[2])
    switch self {
    case .incompleteBeta:
      return each(
        { .ternary(.incompleteBetaFirst, a, b, c) }, { .ternary(.incompleteBetaSecond, a, b, c) },
        { .unary(.exp, .betaLogDensity(a, b, c)) })
    case .logIncompleteBeta:
      let slope = Node.unary(.exp, .betaLogDensity(a, b, c) - y)
      return each(
        { -(slope * .ternary(.betaDrawFirst, a, b, c)) }, { -(slope * .ternary(.betaDrawSecond, a, b, c)) }, { slope })
    case .betaQuantile:
      return each(
        { .ternary(.betaDrawFirst, a, b, y) }, { .ternary(.betaDrawSecond, a, b, y) },
        { .unary(.exp, c - .betaLogDensity(a, b, y)) })
    case .betaLogitDraw:
      return [
        needed[0] ? .ternary(.betaLogitDrawFirst, a, b, c) : nil, needed[1] ? .ternary(.betaLogitDrawSecond, a, b, c) : nil, nil,
      ]
    case .select, .incompleteBetaFirst, .incompleteBetaSecond, .betaDrawFirst, .betaDrawSecond, .betaLogitDrawFirst, .betaLogitDrawSecond:
      return needed.map { $0 ? .underivable("\(self)", y.shape) : nil }
    }
  }
}

extension Node {
  package static func binary(_ operation: BinaryOperation, _ a: Node, _ b: Node) -> Node {
    if a.shape != b.shape {
      if a.shape.isEmpty { return .binary(operation, a.broadcast(to: b.shape, axes: []), b) }
      if b.shape.isEmpty { return .binary(operation, a, b.broadcast(to: a.shape, axes: [])) }
      preconditionFailure("elementwise operands \(a.shape) and \(b.shape) differ in shape")
    }
    if let x = a.splat, let y = b.splat { return .fill(ElementwiseKernels.value(operation, x, y), shape: a.shape) }
    if let known = simplified(operation, a, b) { return known }
    return Node(.binary(operation), [a, b], shape: a.shape)
  }

  /// Algebraic simplification. It stands in the builders, not in a pass of its own, because derivative rules build mostly what falls away at
  /// once: a later pass would first hold a graph several times as large. `PassTests` has the before and after of each rule.
  ///
  /// Identities that hold for every finite operand: x+0, x−0, x·1, x/1, 0−x, x·(−1), x·0, x+(−y), x−(−y), x·x, x/y by a known y.
  private static func simplified(_ operation: BinaryOperation, _ a: Node, _ b: Node) -> Node? {
    let x = a.splat
    let y = b.splat
    switch operation {
    case .add:
      if x == 0 { return b }
      if y == 0 { return a }
      // Known terms gather on the right: (u + c) + d = u + (c + d), (u + c) + v = (u + v) + c.
      if b.isData, case .binary(.add) = a.operation, a.inputs[1].isData, !a.isData {
        return .binary(.add, a.inputs[0], .binary(.add, a.inputs[1], b))
      }
      if a.isData, !b.isData { return .binary(.add, b, a) }
      if !b.isData, case .binary(.add) = a.operation, a.inputs[1].isData {
        return .binary(.add, .binary(.add, a.inputs[0], b), a.inputs[1])
      }
      if case .binary(.add) = b.operation, b.inputs[1].isData, !a.isData, !b.isData {
        return .binary(.add, .binary(.add, a, b.inputs[0]), b.inputs[1])
      }
      if case .unary(.negate) = b.operation, !b.isData { return .binary(.subtract, a, b.inputs[0]) }
      if case .unary(.negate) = a.operation { return .binary(.subtract, b, a.inputs[0]) }
      if x != nil { return Node(.binary(.add), [b, a], shape: a.shape) }
    case .subtract:
      if y == 0 { return a }
      if x == 0 { return .unary(.negate, b) }
      if case .unary(.negate) = b.operation { return .binary(.add, a, b.inputs[0]) }
      if b.isData, !a.isData { return .binary(.add, a, .unary(.negate, b)) }
      if case .binary(.add) = a.operation, a.inputs[1].isData, !b.isData {
        return .binary(.add, .binary(.subtract, a.inputs[0], b), a.inputs[1])
      }
    case .multiply:
      if x == 0 || y == 0 { return .fill(0, shape: a.shape) }
      if x == 1 { return b }
      if y == 1 { return a }
      if x == -1 { return .unary(.negate, b) }
      if y == -1 { return .unary(.negate, a) }
      if a === b { return .unary(.square, a) }
      if let x, case .binary(.multiply) = b.operation, let inner = b.inputs[1].splat {
        return .binary(.multiply, b.inputs[0], .fill(x * inner, shape: a.shape))
      }
      if let y, case .binary(.multiply) = a.operation, let inner = a.inputs[1].splat {
        return .binary(.multiply, a.inputs[0], .fill(y * inner, shape: a.shape))
      }
      // Numbers move outwards, where they meet each other and leave sums: (u·c)·v = (u·v)·c.
      if x == nil, y == nil {
        if case .binary(.multiply) = a.operation, a.inputs[1].splat != nil {
          return .binary(.multiply, .binary(.multiply, a.inputs[0], b), a.inputs[1])
        }
        if case .binary(.multiply) = b.operation, b.inputs[1].splat != nil {
          return .binary(.multiply, .binary(.multiply, a, b.inputs[0]), b.inputs[1])
        }
      }
      if let x, case .unary(.negate) = b.operation { return .binary(.multiply, b.inputs[0], .fill(-x, shape: a.shape)) }
      if let y, case .unary(.negate) = a.operation { return .binary(.multiply, a.inputs[0], .fill(-y, shape: a.shape)) }
      if case .unary(.negate) = a.operation, case .unary(.negate) = b.operation { return .binary(.multiply, a.inputs[0], b.inputs[0]) }
      if case .unary(.negate) = a.operation { return .unary(.negate, .binary(.multiply, a.inputs[0], b)) }
      if case .unary(.negate) = b.operation { return .unary(.negate, .binary(.multiply, a, b.inputs[0])) }
      if x != nil { return Node(.binary(.multiply), [b, a], shape: a.shape) }
    case .divide:
      if y == 1 { return a }
      if x == 0 { return .fill(0, shape: a.shape) }
      if x == 1 { return .unary(.reciprocal, b) }
      // A known divisor is inverted once: one rounding more, a tenth of the time. Not where the inverse would overflow or be subnormal.
      if let y, y.isNormal, abs(y.exponent) < 1000 { return .binary(.multiply, a, .fill(1 / y, shape: a.shape)) }
      if b.isData, !a.isData { return .binary(.multiply, a, .unary(.reciprocal, b)) }
      if case .unary(.negate) = a.operation { return .unary(.negate, .binary(.divide, a.inputs[0], b)) }
    case .power:
      if y == 1 { return a }
      if y == 2 { return .unary(.square, a) }
      if y == 0.5 { return .unary(.squareRoot, a) }
      if y == -1 { return .unary(.reciprocal, a) }
      if y == 0 { return .fill(1, shape: a.shape) }
    case .maximum, .minimum:
      if a === b { return a }
    default: break
    }
    return nil
  }

  package static func select(_ condition: Node, _ a: Node, _ b: Node) -> Node {
    let shape = [condition, a, b].first { !$0.shape.isEmpty }?.shape ?? []
    let parts = [condition, a, b].map { $0.shape.isEmpty && !shape.isEmpty ? $0.broadcast(to: shape, axes: []) : $0 }
    if let known = parts[0].splat { return known != 0 ? parts[1] : parts[2] }
    return Node(.ternary(.select), parts, shape: shape)
  }

  package static func ternary(_ operation: TernaryOperation, _ a: Node, _ b: Node, _ c: Node) -> Node {
    Node(.ternary(operation), [a, b, c], shape: a.shape)
  }

  package static func + (a: Node, b: Node) -> Node { .binary(.add, a, b) }
  package static func - (a: Node, b: Node) -> Node { .binary(.subtract, a, b) }
  package static func * (a: Node, b: Node) -> Node { .binary(.multiply, a, b) }
  package static func / (a: Node, b: Node) -> Node { .binary(.divide, a, b) }
  package static prefix func - (a: Node) -> Node { .unary(.negate, a) }
  package static func + (a: Node, b: Double) -> Node { a + .fill(b, shape: a.shape) }
  package static func + (a: Double, b: Node) -> Node { .fill(a, shape: b.shape) + b }
  package static func - (a: Node, b: Double) -> Node { a - .fill(b, shape: a.shape) }
  package static func - (a: Double, b: Node) -> Node { .fill(a, shape: b.shape) - b }
  package static func * (a: Double, b: Node) -> Node { .fill(a, shape: b.shape) * b }

  /// Stands where a rule has no formula: finishing a graph that uses it is an error, not a silent zero.
  package static func underivable(_ name: String, _ shape: [Int]) -> Node {
    Node(
      .invalid(
        "\(name) cannot be differentiated: the second derivative of an implicit draw or of an incomplete function by its shape is not defined here"
      ), [], shape: shape)
  }

  /// 1 where a > b, ½ where a = b, 0 where a < b: the share of a in the derivative of max(a, b).
  fileprivate static func half(_ a: Node, over b: Node) -> Node {
    .select(.binary(.equal, a, b), .fill(0.5, shape: a.shape), .binary(.less, b, a))
  }

  /// log of x^(a−1) e^(−x) / Γ(a).
  fileprivate static func gammaLogDensity(shape a: Node, _ x: Node) -> Node { (a - 1) * .unary(.log, x) - x - .unary(.logGamma, a) }
  fileprivate static func gammaDensity(shape a: Node, _ x: Node) -> Node { .unary(.exp, .gammaLogDensity(shape: a, x)) }

  /// log of x^(a−1) (1−x)^(b−1) / B(a, b).
  fileprivate static func betaLogDensity(_ a: Node, _ b: Node, _ x: Node) -> Node {
    (a - 1) * .unary(.log, x) + (b - 1) * .unary(.log1p, -x) - .binary(.logBeta, a, b)
  }
}
