import Foundation

/// Powers. Bound held (tests against mpmath): pow 1 ulp, sqrt correctly rounded.
extension SIMDMath {
  /// (log((1 + s)/(1 − s)) − 2s − ⅔s³)/s⁵ in z = s² ≤ 0.0295, relative error 1e-16 (Chebyshev fit made in 40 digits).
  @inlinable @inline(always)
  static func logarithmRestFit(_ z: Vector8) -> Vector8 {
    let square = z * z
    var even = multiplyAdd(splat(0x1.df7ba1f4809c3p-4), square, splat(0x1.3b1395b82701ep-3))
    var odd = multiplyAdd(splat(0x1.e03a7acf07f85p-4), square, splat(0x1.1118cd67251c5p-3))
    even = multiplyAdd(even, square, splat(0x1.c71c71c6ea5acp-3))
    even = multiplyAdd(even, square, splat(0x1.999999999999ap-2))
    odd = multiplyAdd(odd, square, splat(0x1.745d177ad436ap-3))
    odd = multiplyAdd(odd, square, splat(0x1.2492492492522p-2))
    return multiplyAdd(odd, z, even)
  }

  /// log x in two parts, high + low, relative error 2⁻⁶⁵, for normal positive x: log(2ᵏ·m) with s = (m − 1)/(m + 1), where 2s and ⅔s³ are
  /// carried in two parts.
  @inlinable @inline(always)
  static func logInTwoParts(_ x: Vector8) -> (high: Vector8, low: Vector8) {
    let k = exponentAboutOne(x)
    let kd = toDouble(k)
    let f = fromBits(bits(x) &- (k &<< SIMD8<Int64>(repeating: 52))) - splat(1)
    let d = splat(2) + f
    let dLow = f - (d - splat(2))
    let inverse = splat(1) / d
    let s = f * inverse
    let sd = s * d
    let sLow = (((f - sd) - productError(s, d, sd)) - s * dLow) * inverse
    let z = s * s
    let zLow = multiplyAdd(splat(2) * s, sLow, productError(s, s, z))
    let cube = z * s
    let cubeLow = multiplyAdd(z, sLow, multiplyAdd(zLow, s, productError(z, s, cube)))
    let third = cube * splat(0x1.5555555555555p-1)
    let thirdLow = multiplyAdd(cube, splat(0x1.5555555555555p-55), productError(cube, splat(0x1.5555555555555p-1), third))
    let rest = multiplyAdd(cube * z, logarithmRestFit(z), multiplyAdd(cubeLow, splat(0x1.5555555555555p-1), thirdLow))
    // k·ln 2 (its leading part exact) + 2s + ⅔s³ + …, each addend smaller than the sum before it.
    let whole = kd * splat(0x1.62e42fee00000p-1)
    let twice = s + s
    let sum1 = whole + twice
    let error1 = twice - (sum1 - whole)
    let sum2 = sum1 + third
    let error2 = third - (sum2 - sum1)
    let fine = kd * splat(0x1.a39ef35793c76p-33)
    let sum3 = sum2 + fine
    let error3 = fine - (sum3 - sum2)
    let low = ((error1 + error2) + error3) + multiplyAdd(splat(2), sLow, rest)
    let high = sum3 + low
    return (high, low - (high - sum3))
  }

  /// xʸ, with the special cases of IEEE 754 `pow`: x⁰ = 1ʸ = 1 (NaN included), NaN for x < 0 unless y is an integer. Error ≤ 1 ulp.
  /// Fast for positive normal x and finite y; other lanes go to libm one by one.
  @inlinable @inline(always)
  public static func pow(_ x: Vector8, _ y: Vector8) -> Vector8 {
    let ordinary = (x .>= 0x1p-1022) .& (x .< .infinity) .& (magnitude(y) .< .infinity)
    if anyLane(.!ordinary) { return powerLanewise(x, y, ordinary) }
    return powerOfOrdinary(x, y)
  }

  @inlinable @inline(always)
  static func powerOfOrdinary(_ x: Vector8, _ y: Vector8) -> Vector8 {
    let (high, low) = logInTwoParts(x)
    let product = y * high
    let correction = multiplyAdd(y, low, productError(y, high, product))
    return exponential(product, correction: choose(magnitude(product) .< 800, correction, splat(0)))
  }

  /// Lanes beside an extraordinary one keep the value they would have had alone.
  @inline(never) @usableFromInline
  static func powerLanewise(_ x: Vector8, _ y: Vector8, _ ordinary: SIMDMask<SIMD8<Int64>>) -> Vector8 {
    var result = powerOfOrdinary(choose(ordinary, x, splat(1)), choose(ordinary, y, splat(0)))
    for lane in 0..<8 where !ordinary[lane] { result[lane] = Foundation.pow(x[lane], y[lane]) }
    return result
  }

  /// √x, correctly rounded; NaN below 0, −0 at −0.
  @inlinable @inline(always)
  public static func sqrt(_ x: Vector8) -> Vector8 { x.squareRoot() }
}
