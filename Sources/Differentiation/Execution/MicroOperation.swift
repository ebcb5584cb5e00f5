import Foundation
import Kernels

/// What one step of a fused loop does to a tile of vectors.
enum MicroCode: UInt8 {
  case unary  // `sub` is a UnaryOperation
  case binary  // a BinaryOperation
  case ternary  // a TernaryOperation
  case multiplyAdd, negatedMultiplyAdd  // a·b + c, c − a·b
  /// Register ← one number or one element's lanes in every place of one vector.
  case splat
  /// Register ← unlaned elements, each repeated over the lanes.
  case expand
  /// Register ← elements `step` doubles apart.
  case strided
  /// Register ← elements of a table at constant indices.
  case gather
  /// Register ← elements of a table at indices held as doubles; out of range gives NaN.
  case gatherDynamic
  /// Memory ← register (identity when both are memory).
  case copy
  /// Memory ← memory combined with a tile: a sum, maximum or minimum over an outer axis.
  case accumulateSum, accumulateMaximum, accumulateMinimum
  /// Partial results of a reduction over the inner axis.
  case reduceSum, reduceMaximum, reduceMinimum
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
  /// Meaning by code: distance for `strided`, table length for `gatherDynamic`.
  var extra: Int32 = 0
  /// Distance between table entries for `gatherDynamic`.
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
  private static func indicator(_ mask: SIMDMask<SIMD8<Int64>>) -> Vector8 {
    Vector8(repeating: 0).replacing(with: Vector8(repeating: 1), where: mask)
  }

  static func unary(_ operation: UnaryOperation, _ d: Pointer, _ a: Pointer, _ sa: Int, _ n: Int) {
    switch operation {
    case .negate: map(d, a, sa, n) { -$0 }
    case .exp: map(d, a, sa, n) { SIMDMath.exp($0) }
    case .log: map(d, a, sa, n) { SIMDMath.log($0) }
    case .expm1: map(d, a, sa, n) { SIMDMath.expm1($0) }
    case .log1p: map(d, a, sa, n) { SIMDMath.log1p($0) }
    case .squareRoot: map(d, a, sa, n) { $0.squareRoot() }
    case .reciprocal: map(d, a, sa, n) { 1 / $0 }
    case .square: map(d, a, sa, n) { $0 * $0 }
    case .tanh: map(d, a, sa, n) { SIMDMath.tanh($0) }
    case .logistic: map(d, a, sa, n) { SIMDMath.logistic($0) }
    case .softplus: map(d, a, sa, n) { SIMDMath.softplus($0) }
    case .absolute: map(d, a, sa, n) { $0.replacing(with: -$0, where: $0 .< 0).replacing(with: 0, where: $0 .== 0) }
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
    case .sin: map(d, a, sa, n) { SIMDMath.sin($0) }
    case .cos: map(d, a, sa, n) { SIMDMath.cos($0) }
    case .atan: map(d, a, sa, n) { SIMDMath.atan($0) }
    case .asin: map(d, a, sa, n) { SIMDMath.asin($0) }
    case .acos: map(d, a, sa, n) { SIMDMath.acos($0) }
    case .sinh: map(d, a, sa, n) { SIMDMath.sinh($0) }
    case .cosh: map(d, a, sa, n) { SIMDMath.cosh($0) }
    case .logGamma: map(d, a, sa, n) { SIMDMath.logGamma($0) }
    case .digamma: map(d, a, sa, n) { SIMDMath.digamma($0) }
    case .trigamma: map(d, a, sa, n) { SIMDMath.trigamma($0) }
    case .erf: map(d, a, sa, n) { SIMDMath.erf($0) }
    case .erfc: map(d, a, sa, n) { SIMDMath.erfc($0) }
    case .normalCDF: map(d, a, sa, n) { SIMDMath.normalCDF($0) }
    case .logNormalCDF: map(d, a, sa, n) { SIMDMath.logNormalCDF($0) }
    case .normalQuantile: map(d, a, sa, n) { lanewise($0) { Special.normalQuantile($0) } }
    case .log1mExp:
      // log(1 − eˣ), x ≤ 0: by expm1 near 0, by log1p far from it (Mächler 2012).
      map(d, a, sa, n) { x in
        let near = SIMDMath.log(-SIMDMath.expm1(x))
        let far = SIMDMath.log1p(-SIMDMath.exp(x))
        return near.replacing(with: far, where: x .< -0.6931471805599453)
      }
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
    case .maximum: map(d, a, sa, b, sb, n) { x, y in x.replacing(with: y, where: (x .< y) .| (y .!= y)) }
    case .minimum: map(d, a, sa, b, sb, n) { x, y in x.replacing(with: y, where: (y .< x) .| (y .!= y)) }
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
    case .power: map(d, a, sa, b, sb, n) { SIMDMath.pow($0, $1) }
    case .arcTangent2: map(d, a, sa, b, sb, n) { lanewise($0, $1) { Foundation.atan2($0, $1) } }
    case .polygamma: map(d, a, sa, b, sb, n) { lanewise($0, $1) { polygamma($0, $1) } }
    case .incompleteGammaP: map(d, a, sa, b, sb, n) { lanewise($0, $1) { Special.gammaP($0, $1) } }
    case .incompleteGammaQ: map(d, a, sa, b, sb, n) { lanewise($0, $1) { Special.gammaQ($0, $1) } }
    case .incompleteGammaPShape: map(d, a, sa, b, sb, n) { lanewise($0, $1) { Special.gammaPShapeDerivative($0, $1) } }
    case .gammaDrawDerivative: map(d, a, sa, b, sb, n) { lanewise($0, $1) { Special.gammaDrawDerivative(shape: $0, $1) } }
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
        default: result[i] = Special.incompleteBetaDerivatives(x[i], y[i], z[i]).b
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
