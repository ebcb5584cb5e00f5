import Foundation
import Kernels

/// What one step of a fused loop does to a tile of vectors.
enum MicroCode: UInt8 {
  case unary  // `sub` is a UnaryOperation
  case binary  // a BinaryOperation
  case ternary  // a TernaryOperation
  case multiplyAdd, negatedMultiplyAdd, multiplySubtract  // a·b + c, c − a·b, a·b − c
  /// Register ← one number or one element's lanes in every place of one vector.
  case splat
  /// Register ← unlaned elements, each repeated over the lanes.
  case expand
  /// Register ← elements `step` doubles apart.
  case strided
  /// Register ← elements of a table at constant indices; with `sub` 1 each repeated over the lanes.
  case gather
  /// Register ← elements of a table at indices held as doubles; out of range gives NaN.
  case gatherDynamic
  /// Memory ← register (identity when both are memory).
  case copy
  /// Memory ← memory combined with a tile: a sum, maximum or minimum over an outer axis.
  case accumulateSum, accumulateMaximum, accumulateMinimum
  /// Partial results of a reduction over the inner axis.
  case reduceSum, reduceMaximum, reduceMinimum
  /// Memory ← for each of `step` results the sum (`sub` 0), maximum (1) or minimum (2) of `extra` elements of a register at constant indices.
  case terms
}

/// One step: operands are places in the loop's pointer table, strides are in vectors (0 repeats one vector, 1 walks).
struct MicroOperation {
  var code: MicroCode
  var sub: UInt8 = 0
  var sa: UInt8 = 1
  var sb: UInt8 = 1
  var sc: UInt8 = 1
  var dst: UInt16 = 0
  var a: UInt16 = 0
  var b: UInt16 = 0
  var c: UInt16 = 0
  /// Meaning by code: distance for `strided`, table length for `gatherDynamic`, terms of each result for `terms`.
  var extra: Int32 = 0
  /// Distance between table entries for `gatherDynamic`, results for `terms`.
  var step: Int32 = 1
}

/// Values of the elementwise primitives on vectors: the one place that computes them.
package enum ElementwiseKernels {
  typealias Pointer = UnsafeMutablePointer<Double>

  @inline(always)
  static func load(_ p: Pointer, _ v: Int) -> Vector8 {
    UnsafeRawPointer(p + 8 &* v).loadUnaligned(as: Vector8.self)
  }

  @inline(always)
  static func store(_ value: Vector8, _ p: Pointer, _ v: Int) {
    UnsafeMutableRawPointer(p + 8 &* v).storeBytes(of: value, as: Vector8.self)
  }

  @inline(always)
  private static func map(_ d: Pointer, _ a: Pointer, _ sa: Int, _ n: Int, _ f: (Vector8) -> Vector8) {
    for v in 0..<n { store(f(load(a, v &* sa)), d, v) }
  }

  @inline(always)
  private static func map(
    _ d: Pointer, _ a: Pointer, _ sa: Int, _ b: Pointer, _ sb: Int, _ n: Int, _ f: (Vector8, Vector8) -> Vector8
  ) {
    for v in 0..<n { store(f(load(a, v &* sa), load(b, v &* sb)), d, v) }
  }

  @inline(always)
  private static func lanewise(_ x: Vector8, _ f: (Double) -> Double) -> Vector8 {
    var y = x
    for i in 0..<8 { y[i] = f(x[i]) }
    return y
  }

  @inline(always)
  private static func lanewise(_ x: Vector8, _ y: Vector8, _ f: (Double, Double) -> Double) -> Vector8 {
    var z = x
    for i in 0..<8 { z[i] = f(x[i], y[i]) }
    return z
  }

  /// The order arrives as a double; one that is not a whole number from 0 to 100 gives NaN.
  private static func polygamma(_ order: Double, _ x: Double) -> Double {
    order >= 0 && order <= 100 && order == order.rounded() ? Special.polygamma(Int(order), x) : .nan
  }

  @inline(always)
  static func magnitude(_ x: Vector8) -> Vector8 {
    unsafeBitCast(unsafeBitCast(x, to: SIMD8<Int64>.self) & SIMD8<Int64>(repeating: Int64.max), to: Vector8.self)
  }

  @inline(always)
  private static func indicator(_ mask: SIMDMask<SIMD8<Int64>>) -> Vector8 {
    Vector8(repeating: 0).replacing(with: Vector8(repeating: 1), where: mask)
  }

  static func unary(_ operation: UnaryOperation, _ d: Pointer, _ a: Pointer, _ sa: Int, _ n: Int) {
    switch operation {
    case .negate: map(d, a, sa, n) { -$0 }
    case .exp: exp(d, a, sa, n)
    case .log: log(d, a, sa, n)
    case .expm1: expm1(d, a, sa, n)
    case .log1p: log1p(d, a, sa, n)
    case .squareRoot: map(d, a, sa, n) { $0.squareRoot() }
    case .reciprocal: map(d, a, sa, n) { 1 / $0 }
    case .square: map(d, a, sa, n) { $0 * $0 }
    case .tanh: tanh(d, a, sa, n)
    case .logistic: logistic(d, a, sa, n)
    case .softplus: softplus(d, a, sa, n)
    case .absolute: map(d, a, sa, n) { magnitude($0) }
    case .sign: map(d, a, sa, n) { x in x.replacing(with: 1, where: x .> 0).replacing(with: -1, where: x .< 0) }
    case .floor: map(d, a, sa, n) { $0.rounded(.down) }
    case .ceiling: map(d, a, sa, n) { $0.rounded(.up) }
    case .rounded: map(d, a, sa, n) { $0.rounded(.toNearestOrEven) }
    case .isNaN: map(d, a, sa, n) { indicator($0 .!= $0) }
    case .stopGradient: map(d, a, sa, n) { $0 }
    default: special(operation, d, a, sa, n)
    }
  }

  @inline(never)
  private static func special(_ operation: UnaryOperation, _ d: Pointer, _ a: Pointer, _ sa: Int, _ n: Int) {
    switch operation {
    case .sin: sin(d, a, sa, n)
    case .cos: cos(d, a, sa, n)
    case .atan: atan(d, a, sa, n)
    case .asin: asin(d, a, sa, n)
    case .acos: acos(d, a, sa, n)
    case .sinh: sinh(d, a, sa, n)
    case .cosh: cosh(d, a, sa, n)
    case .logGamma: logGamma(d, a, sa, n)
    case .digamma: digamma(d, a, sa, n)
    case .trigamma: trigamma(d, a, sa, n)
    case .erf: erf(d, a, sa, n)
    case .erfc: erfc(d, a, sa, n)
    case .normalCDF: normalCDF(d, a, sa, n)
    case .logNormalCDF: logNormalCDF(d, a, sa, n)
    case .normalQuantile: map(d, a, sa, n) { lanewise($0) { Special.normalQuantile($0) } }
    case .log1mExp: log1mExp(d, a, sa, n)
    case .logBesselI0Scaled: map(d, a, sa, n) { lanewise($0) { Special.logBesselI0Scaled($0) } }
    case .besselRatioMinusOne: map(d, a, sa, n) { lanewise($0) { Special.besselRatioMinusOne($0) } }
    default: break
    }
  }

  static func binary(
    _ operation: BinaryOperation, _ d: Pointer, _ a: Pointer, _ sa: Int, _ b: Pointer, _ sb: Int, _ n: Int
  ) {
    switch operation {
    case .add: map(d, a, sa, b, sb, n) { $0 + $1 }
    case .subtract: map(d, a, sa, b, sb, n) { $0 - $1 }
    case .multiply: map(d, a, sa, b, sb, n) { $0 * $1 }
    case .divide: map(d, a, sa, b, sb, n) { $0 / $1 }
    case .maximum: maximum(d, a, sa, b, sb, n)
    case .minimum: minimum(d, a, sa, b, sb, n)
    case .less: map(d, a, sa, b, sb, n) { indicator($0 .< $1) }
    case .lessOrEqual: map(d, a, sa, b, sb, n) { indicator($0 .<= $1) }
    case .equal: map(d, a, sa, b, sb, n) { indicator($0 .== $1) }
    default: special(operation, d, a, sa, b, sb, n)
    }
  }

  @inline(never)
  private static func special(
    _ operation: BinaryOperation, _ d: Pointer, _ a: Pointer, _ sa: Int, _ b: Pointer, _ sb: Int, _ n: Int
  ) {
    switch operation {
    case .power: power(d, a, sa, b, sb, n)
    case .arcTangent2: map(d, a, sa, b, sb, n) { lanewise($0, $1) { Foundation.atan2($0, $1) } }
    case .logBeta: map(d, a, sa, b, sb, n) { SIMDMath.logBeta($0, $1) }
    case .polygamma: map(d, a, sa, b, sb, n) { lanewise($0, $1) { polygamma($0, $1) } }
    case .incompleteGammaP: map(d, a, sa, b, sb, n) { lanewise($0, $1) { Special.gammaP($0, $1) } }
    case .incompleteGammaQ: map(d, a, sa, b, sb, n) { lanewise($0, $1) { Special.gammaQ($0, $1) } }
    case .logIncompleteGammaP: map(d, a, sa, b, sb, n) { lanewise($0, $1) { Special.logGammaP($0, $1) } }
    case .logIncompleteGammaQ: map(d, a, sa, b, sb, n) { lanewise($0, $1) { Special.logGammaQ($0, $1) } }
    case .gammaQuantile: map(d, a, sa, b, sb, n) { lanewise($0, $1) { Special.gammaQuantile(shape: $0, log: $1) } }
    case .gammaUpperQuantile: map(d, a, sa, b, sb, n) { lanewise($0, $1) { Special.gammaQuantile(shape: $0, logUpper: $1) } }
    case .incompleteGammaPShape: map(d, a, sa, b, sb, n) { lanewise($0, $1) { Special.gammaPShapeDerivative($0, $1) } }
    case .gammaDrawDerivative: map(d, a, sa, b, sb, n) { lanewise($0, $1) { Special.gammaDrawDerivative(shape: $0, $1) } }
    case .vonMisesDrawDerivative:
      map(d, a, sa, b, sb, n) { lanewise($0, $1) { Special.vonMisesDrawDerivative(concentration: $0, $1) } }
    case .studentTDraw: map(d, b, sb, n) { $0 }
    case .studentTDrawDerivative:
      map(d, a, sa, b, sb, n) { lanewise($0, $1) { Special.studentTDrawDerivative(degreesOfFreedom: $0, $1) } }
    default: break
    }
  }

  static func ternary(
    _ operation: TernaryOperation, _ d: Pointer, _ a: Pointer, _ sa: Int, _ b: Pointer, _ sb: Int, _ c: Pointer, _ sc: Int, _ n: Int
  ) {
    if operation == .select {
      for v in 0..<n {
        let taken = load(b, v &* sb)
        store(taken.replacing(with: load(c, v &* sc), where: load(a, v &* sa) .== 0), d, v)
      }
      return
    }
    for v in 0..<n {
      let x = load(a, v &* sa)
      let y = load(b, v &* sb)
      let z = load(c, v &* sc)
      var result = x
      for i in 0..<8 {
        switch operation {
        case .incompleteBeta: result[i] = Special.incompleteBeta(x[i], y[i], z[i])
        case .incompleteBetaFirst: result[i] = Special.incompleteBetaDerivatives(x[i], y[i], z[i]).a
        case .incompleteBetaSecond: result[i] = Special.incompleteBetaDerivatives(x[i], y[i], z[i]).b
        case .logIncompleteBeta: result[i] = Special.logIncompleteBeta(x[i], y[i], z[i], complement: 1 - z[i])
        case .betaQuantile: result[i] = Special.betaQuantile(x[i], y[i], log: z[i])
        case .betaDrawFirst: result[i] = Special.betaDrawDerivative(x[i], y[i], z[i]).a
        case .betaDrawSecond: result[i] = Special.betaDrawDerivative(x[i], y[i], z[i]).b
        case .betaLogitDraw: result[i] = z[i]
        case .betaLogitDrawFirst: result[i] = Special.betaLogitDrawDerivative(x[i], y[i], logit: z[i]).a
        default: result[i] = Special.betaLogitDrawDerivative(x[i], y[i], logit: z[i]).b
        }
      }
      store(result, d, v)
    }
  }

  // MARK: Values of single numbers, by the same code

  package static func value(_ operation: UnaryOperation, _ x: Double) -> Double {
    withUnsafeTemporaryAllocation(of: Double.self, capacity: 16) { buffer in
      let p = buffer.baseAddress!
      p.initialize(repeating: x, count: 16)
      unary(operation, p + 8, p, 1, 1)
      return p[8]
    }
  }

  package static func value(_ operation: BinaryOperation, _ x: Double, _ y: Double) -> Double {
    withUnsafeTemporaryAllocation(of: Double.self, capacity: 24) { buffer in
      let p = buffer.baseAddress!
      p.initialize(repeating: x, count: 8)
      (p + 8).initialize(repeating: y, count: 16)
      binary(operation, p + 16, p, 1, p + 8, 1, 1)
      return p[16]
    }
  }
}
