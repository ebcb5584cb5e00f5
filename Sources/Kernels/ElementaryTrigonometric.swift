import Foundation

/// Trigonometric functions. Bounds held (tests against mpmath): sin, cos 1 ulp, tan 2 ulp, for every finite argument.
extension SIMDMath {
  /// Beyond this the quotient by π/2 leaves 20 bits, and the reduction goes to libm.
  @inlinable @inline(always) static var largestReducible: Double { 0x1p20 }

  /// a − k·p rounded once when the exact result is a double (FMA), with an exact product otherwise.
  @inlinable @inline(always)
  static func subtractProduct(_ a: Vector8, _ k: Vector8, _ p: Double) -> Vector8 {
    #if CREDENCE_FMA || arch(arm64)
      return multiplyAdd(k, splat(-p), a)
    #else
      let product = k * splat(p)
      return (a - product) - productError(k, splat(p), product)
    #endif
  }

  /// x = k·π/2 + (r + t) with |r| ≤ π/4 and |t| ≤ ulp(r)/2, for |x| ≤ 2²⁰, π/2 in three parts of 53 bits. x − k·p₁ is exact: both are
  /// multiples of 2⁻⁵³ and the difference is below 1.
  @inlinable @inline(always)
  static func reduceByHalfPi(_ x: Vector8) -> (quadrant: SIMD8<Int64>, r: Vector8, t: Vector8) {
    let shifted = multiplyAdd(x, splat(0x1.45f306dc9c883p-1), splat(shifter))
    let k = shifted - splat(shifter)
    let a = subtractProduct(x, k, 0x1.921fb54442d18p+0)
    let b = k * splat(0x1.1a62633145c07p-54)
    let bError = productError(k, splat(0x1.1a62633145c07p-54), b)
    // Two-sum of a and −b: either may be the larger.
    let r = a - b
    let back = r - a
    let error = (a - (r - back)) - (b + back)
    let t = error - multiplyAdd(k, splat(-0x1.f1976b7ed8fbcp-110), bError)
    let sum = r + t
    return (bits(shifted), sum, (r - sum) + t)
  }

  /// sin(r + t) for |r| ≤ π/4.
  @inlinable @inline(always)
  static func sineCore(_ r: Vector8, _ t: Vector8, _ z: Vector8) -> Vector8 {
    let w = z * z
    var even = multiplyAdd(splat(-0x1.ae6008d114485p-26), w, splat(-0x1.a01a019e820aep-13))
    var odd = multiplyAdd(splat(0x1.5e0a4fc16be59p-33), w, splat(0x1.71de37946ed6dp-19))
    odd = multiplyAdd(odd, w, splat(0x1.1111111110babp-7))
    even = multiplyAdd(even, w, splat(-0x1.5555555555555p-3))
    let p = multiplyAdd(odd, z, even)
    let correction = multiplyAdd(splat(-0.5) * z, t, t)
    return r + multiplyAdd(r * z, p, correction)
  }

  /// cos(r + t) for |r| ≤ π/4.
  @inlinable @inline(always)
  static func cosineCore(_ r: Vector8, _ t: Vector8, _ z: Vector8) -> Vector8 {
    let w = z * z
    var even = multiplyAdd(splat(0x1.1eeb67d026ec6p-29), w, splat(0x1.a01a019f4ddfdp-16))
    var odd = multiplyAdd(splat(-0x1.907cd8ff5ede7p-37), w, splat(-0x1.27e4fa16cc2d1p-22))
    odd = multiplyAdd(odd, w, splat(-0x1.6c16c16c16963p-10))
    even = multiplyAdd(even, w, splat(0x1.5555555555555p-5))
    let p = multiplyAdd(odd, z, even)
    let half = splat(0.5) * z
    let head = splat(1) - half
    return head + (((splat(1) - head) - half) + multiplyAdd(w, p, negated(r) * t))
  }

  /// The sine of (quadrant + shift)·π/2 + r + t.
  @inlinable @inline(always)
  static func sineOfReduced(_ quadrant: SIMD8<Int64>, _ r: Vector8, _ t: Vector8) -> Vector8 {
    let z = r * r
    let odd = (quadrant & SIMD8<Int64>(repeating: 1)) .== SIMD8<Int64>(repeating: 1)
    let value = choose(odd, cosineCore(r, t, z), sineCore(r, t, z))
    let sign = (quadrant & SIMD8<Int64>(repeating: 2)) &<< SIMD8<Int64>(repeating: 62)
    return fromBits(bits(value) ^ sign)
  }

  /// sin x (radians), odd, ±0 stays ±0; NaN at ±∞. Error ≤ 1 ulp.
  @inlinable @inline(always)
  public static func sin(_ x: Vector8) -> Vector8 {
    if anyLane(magnitude(x) .> largestReducible) { return sinLanewise(x) }
    let (quadrant, r, t) = reduceByHalfPi(x)
    return choose(x .== 0, x, sineOfReduced(quadrant, r, t))
  }

  /// cos x (radians), even; NaN at ±∞. Error ≤ 1 ulp.
  @inlinable @inline(always)
  public static func cos(_ x: Vector8) -> Vector8 {
    if anyLane(magnitude(x) .> largestReducible) { return cosLanewise(x) }
    let (quadrant, r, t) = reduceByHalfPi(x)
    return sineOfReduced(quadrant &+ SIMD8<Int64>(repeating: 1), r, t)
  }

  /// tan x (radians), odd, ±0 stays ±0; NaN at ±∞. Error ≤ 2 ulp.
  @inlinable @inline(always)
  public static func tan(_ x: Vector8) -> Vector8 {
    if anyLane(magnitude(x) .> largestReducible) { return tanLanewise(x) }
    let (quadrant, r, t) = reduceByHalfPi(x)
    let z = r * r
    let sine = sineCore(r, t, z)
    let cosine = cosineCore(r, t, z)
    let odd = (quadrant & SIMD8<Int64>(repeating: 1)) .== SIMD8<Int64>(repeating: 1)
    return choose(x .== 0, x, choose(odd, negated(cosine), sine) / choose(odd, sine, cosine))
  }

  /// Lanes whose neighbour is huge keep the value they would have had alone.
  @inline(never) @usableFromInline
  static func sinLanewise(_ x: Vector8) -> Vector8 {
    let huge = magnitude(x) .> largestReducible
    return choose(huge, lanewise(x) { Foundation.sin($0) }, sin(choose(huge, 0, x)))
  }

  @inline(never) @usableFromInline
  static func cosLanewise(_ x: Vector8) -> Vector8 {
    let huge = magnitude(x) .> largestReducible
    return choose(huge, lanewise(x) { Foundation.cos($0) }, cos(choose(huge, 0, x)))
  }

  @inline(never) @usableFromInline
  static func tanLanewise(_ x: Vector8) -> Vector8 {
    let huge = magnitude(x) .> largestReducible
    return choose(huge, lanewise(x) { Foundation.tan($0) }, tan(choose(huge, 0, x)))
  }
}
