/// Inverse trigonometric functions. Bounds held (tests against mpmath): atan 2 ulp, asin, acos 4 ulp.
extension SIMDMath {
  /// (atan(t)/t − 1)/t² in z = t² ≤ (√2 − 1)², relative error 1e-16 (Chebyshev fit made in 40 digits).
  @inlinable @inline(always)
  static func arcTangentFit(_ z: Vector8) -> Vector8 {
    let square = z * z
    var even = multiplyAdd(splat(-0x1.1b1992aa413c9p-5), square, splat(-0x1.ac7858539e493p-5))
    var odd = multiplyAdd(splat(0x1.0a997ba33c1dbp-6), square, splat(0x1.74d3a7b43351ap-5))
    even = multiplyAdd(even, square, splat(-0x1.110e84aa36d9dp-4))
    even = multiplyAdd(even, square, splat(-0x1.745d165c497f3p-4))
    even = multiplyAdd(even, square, splat(-0x1.249249248d739p-3))
    even = multiplyAdd(even, square, splat(-0x1.5555555555555p-2))
    odd = multiplyAdd(odd, square, splat(0x1.e199c62156609p-5))
    odd = multiplyAdd(odd, square, splat(0x1.3b1392a9c2d8bp-4))
    odd = multiplyAdd(odd, square, splat(0x1.c71c71c2fc236p-4))
    odd = multiplyAdd(odd, square, splat(0x1.9999999999952p-3))
    return multiplyAdd(odd, z, even)
  }

  /// atan x, odd, ±π/2 at ±∞. Error ≤ 2 ulp.
  @inlinable @inline(always)
  public static func atan(_ x: Vector8) -> Vector8 {
    // atan a = π/4 + atan((a − 1)/(a + 1)) = π/2 + atan(−1/a), so that |t| ≤ √2 − 1; π/4 and π/2 in two parts.
    let a = magnitude(x)
    let middle = a .> 0x1.a827999fcef31p-2
    let large = a .> 0x1.3504f333f9de6p+1
    let numerator = choose(large, -1, choose(middle, a - splat(1), a))
    let t = numerator / choose(large, a, choose(middle, a + splat(1), splat(1)))
    let z = t * t
    let high = choose(large, 0x1.921fb54442d18p+0, choose(middle, 0x1.921fb54442d18p-1, splat(0)))
    let low = choose(large, 0x1.1a62633145c07p-54, choose(middle, 0x1.1a62633145c07p-55, splat(0)))
    let core = multiplyAdd(t * z, arcTangentFit(z), low) + t
    return withSign(high + core, of: x)
  }

  /// asin x, odd, NaN outside [−1, 1]. Error ≤ 4 ulp.
  @inlinable @inline(always)
  public static func asin(_ x: Vector8) -> Vector8 {
    atan(x / ((splat(1) - x) * (splat(1) + x)).squareRoot())
  }

  /// acos x, relative accuracy also near 1; NaN outside [−1, 1]. Error ≤ 4 ulp.
  @inlinable @inline(always)
  public static func acos(_ x: Vector8) -> Vector8 {
    splat(2) * atan(((splat(1) - x) / (splat(1) + x)).squareRoot())
  }
}
