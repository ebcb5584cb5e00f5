/// Hyperbolic functions and their inverses. Bounds held (tests against mpmath): sinh, cosh 3 ulp, asinh, acosh, atanh 4 ulp.
extension SIMDMath {
  /// eˣ/2 for x ≥ 0, finite as long as the half is.
  @inlinable @inline(always)
  static func halfExponential(_ x: Vector8) -> Vector8 {
    let (k, _, r) = reduceByLn2(choose(x .> 712, 712, x))
    return scaled(splat(1) + multiplyAdd(r * r, exponentialTail(r), r), by: k &- SIMD8<Int64>(repeating: 1))
  }

  /// sinh x = (eˣ − e⁻ˣ)/2, odd, ±0 stays ±0, ±∞ beyond 710.47. Error ≤ 3 ulp.
  @inlinable @inline(always)
  public static func sinh(_ x: Vector8) -> Vector8 {
    let a = magnitude(x)
    let t = expm1(choose(a .> 1, 1, a))
    let small = splat(0.5) * (t + t / (t + splat(1)))
    let e = halfExponential(a)
    return withSign(choose(a .< 1, small, e - splat(0.25) / e), of: x)
  }

  /// cosh x = (eˣ + e⁻ˣ)/2, even, +∞ beyond ±710.47. Error ≤ 3 ulp.
  @inlinable @inline(always)
  public static func cosh(_ x: Vector8) -> Vector8 {
    let e = halfExponential(magnitude(x))
    return e + splat(0.25) / e
  }

  /// asinh x = log(x + √(x² + 1)), odd, ±0 stays ±0. Error ≤ 4 ulp.
  @inlinable @inline(always)
  public static func asinh(_ x: Vector8) -> Vector8 {
    let a = magnitude(x)
    let huge = a .> 0x1p30
    let b = choose(huge, 1, a)
    let moderate = log1p(b + b * b / (splat(1) + multiplyAdd(b, b, splat(1)).squareRoot()))
    return withSign(choose(huge, log(a) + splat(0x1.62e42fefa39efp-1), moderate), of: x)
  }

  /// acosh x = log(x + √(x² − 1)) ≥ 0, relative accuracy also near 1; NaN below 1. Error ≤ 4 ulp.
  @inlinable @inline(always)
  public static func acosh(_ x: Vector8) -> Vector8 {
    let huge = x .> 0x1p30
    let t = choose(huge, splat(1), x - splat(1))
    let moderate = log1p(t + (t * (t + splat(2))).squareRoot())
    return choose(x .< 1, .nan, choose(huge, log(x) + splat(0x1.62e42fefa39efp-1), moderate))
  }

  /// atanh x = ½ log((1 + x)/(1 − x)), odd, ±0 stays ±0, ±∞ at ±1, NaN outside. Error ≤ 4 ulp.
  @inlinable @inline(always)
  public static func atanh(_ x: Vector8) -> Vector8 {
    let a = magnitude(x)
    return withSign(splat(0.5) * log1p((a + a) / (splat(1) - a)), of: x)
  }
}
