/// The exponential family. Bounds held (tests against mpmath): exp 1 ulp, expm1 2 ulp, tanh 2 ulp, logistic 2 ulp, softplus 2 ulp.
extension SIMDMath {
  /// Splits x = k·ln 2 + r with |r| ≤ ½ ln 2 for −746 ≤ x ≤ 710; k as an integer and as a double.
  @inlinable @inline(always)
  static func reduceByLn2(_ x: Vector8) -> (k: SIMD8<Int64>, kd: Vector8, r: Vector8) {
    let shifted = multiplyAdd(x, splat(0x1.71547652b82fep0), splat(shifter))
    let kd = shifted - splat(shifter)
    let k = bits(shifted) &- bits(splat(shifter))
    let high = multiplyAdd(kd, splat(-0x1.62e42fee00000p-1), x)
    return (k, kd, multiplyAdd(kd, splat(-0x1.a39ef35793c76p-33), high))
  }

  /// (eʳ − 1 − r)/r² for |r| ≤ 0.3468, relative error 2.4e-16 (Chebyshev fit made in 40 digits).
  @inlinable @inline(always)
  static func exponentialTail(_ r: Vector8) -> Vector8 {
    let r2 = r * r
    var even = multiplyAdd(splat(0x1.2891a8c1d838dp-22), r2, splat(0x1.a019b8ef67c6cp-16))
    var odd = multiplyAdd(splat(0x1.af38d53857513p-26), r2, splat(0x1.71de0d9c145d0p-19))
    even = multiplyAdd(even, r2, splat(0x1.6c16c17893833p-10))
    odd = multiplyAdd(odd, r2, splat(0x1.a01a01a7c8d47p-13))
    even = multiplyAdd(even, r2, splat(0x1.5555555553d4fp-5))
    odd = multiplyAdd(odd, r2, splat(0x1.11111111109adp-7))
    even = multiplyAdd(even, r2, splat(0x1.0000000000001p-1))
    odd = multiplyAdd(odd, r2, splat(0x1.5555555555556p-3))
    return multiplyAdd(odd, r, even)
  }

  /// p·2ᵏ for −1080 ≤ k ≤ 1030 and p near 1: in two factors, so that subnormal and infinite results round once.
  @inlinable @inline(always)
  static func scaled(_ p: Vector8, by k: SIMD8<Int64>) -> Vector8 {
    let half = k &>> SIMD8<Int64>(repeating: 1)
    return p * powerOfTwo(half) * powerOfTwo(k &- half)
  }

  /// eˣ. Overflows to +∞ above 709.78, underflows through the subnormals to 0 below −745.13; NaN stays NaN. Error ≤ 1 ulp.
  @inlinable @inline(always)
  public static func exp(_ x: Vector8) -> Vector8 {
    exponential(x, correction: splat(0))
  }

  /// e^(x + c) for a correction |c| ≤ 2⁻²⁰ that may be below the last bit of x.
  @inlinable @inline(always)
  static func exponential(_ x: Vector8, correction c: Vector8) -> Vector8 {
    let clamped = choose(x .> 710, 710, choose(x .< -746, -746, x))
    let (k, _, r0) = reduceByLn2(clamped)
    let r = r0 + c
    return scaled(splat(1) + multiplyAdd(r * r, exponentialTail(r), r), by: k)
  }

  /// eˣ − 1, relative accuracy also near 0 (±0 stays ±0); −1 at −∞, +∞ above 709.78. Error ≤ 2 ulp.
  @inlinable @inline(always)
  public static func expm1(_ x: Vector8) -> Vector8 {
    let clamped = choose(x .> 710, 710, choose(x .< -50, -50, x))
    let (k, _, r) = reduceByLn2(clamped)
    let p = multiplyAdd(r * r, exponentialTail(r), r)
    // Half of the result, so that 2ᵏ with k = 1024 stays in range.
    let half = powerOfTwo(k &- SIMD8<Int64>(repeating: 1))
    let sum = multiplyAdd(half, p, half - splat(0.5))
    return choose(magnitude(x) .< 0x1p-54, x, sum + sum)
  }

  /// tanh x, odd, ±1 at ±∞ (and from |x| ≈ 19.06). Error ≤ 2 ulp.
  @inlinable @inline(always)
  public static func tanh(_ x: Vector8) -> Vector8 {
    let a = magnitude(x)
    // With t = e^(2a) − 1: 1 − 2/(t + 2) loses nothing where the result is above one half, t/(t + 2) nothing below.
    let t = expm1(choose(a .> 20, 20, a) * 2)
    let large = a .> 0.5493
    let q = choose(large, 2, t) / (t + splat(2))
    return withSign(choose(large, splat(1) - q, q), of: x)
  }

  /// 1/(1 + e⁻ˣ), relative accuracy at both ends (eˣ for x ≪ 0, down to the subnormals). Error ≤ 2 ulp.
  @inlinable @inline(always)
  public static func logistic(_ x: Vector8) -> Vector8 {
    let e = exp(negativeMagnitude(x))
    return choose(x .< 0, e, splat(1)) / (splat(1) + e)
  }

  /// (log((1 + s)/(1 − s)) − 2s)/s³ in z = s² ≤ 1/9, relative error 6e-17 (Chebyshev fit made in 40 digits).
  @inlinable @inline(always)
  static func wideLogarithmFit(_ z: Vector8) -> Vector8 {
    let square = z * z
    var even = multiplyAdd(splat(0x1.404f6dd66ea13p-3), square, splat(0x1.bc43c35a64a26p-4))
    var odd = multiplyAdd(splat(0x1.32abe5dccab6ep-4), square, splat(0x1.e0a1603ef49f0p-4))
    even = multiplyAdd(even, square, splat(0x1.111acba3705c9p-3))
    odd = multiplyAdd(odd, square, splat(0x1.3b1350bd293a1p-3))
    even = multiplyAdd(even, square, splat(0x1.745d1997fab11p-3))
    odd = multiplyAdd(odd, square, splat(0x1.c71c71becc6d8p-3))
    even = multiplyAdd(even, square, splat(0x1.2492492499e70p-2))
    odd = multiplyAdd(odd, square, splat(0x1.9999999999943p-2))
    even = multiplyAdd(even, square, splat(0x1.5555555555555p-1))
    return multiplyAdd(odd, z, even)
  }

  /// log(1 + eˣ) for every x: eˣ for x ≪ 0, x for x ≫ 0. Error ≤ 2 ulp.
  @inlinable @inline(always)
  public static func softplus(_ x: Vector8) -> Vector8 {
    // log(1 + e) with e ≤ 1 by the series of `logCore`, on s = e/(2 + e) ≤ 1/3 without a reduction.
    let e = exp(negativeMagnitude(x))
    let s = e / (splat(2) + e)
    let half = splat(0.5) * e * e
    let z = s * s
    let tail = e - (half - s * multiplyAdd(z, wideLogarithmFit(z), half))
    return choose(x .> 0, x, splat(0)) + tail
  }
}
