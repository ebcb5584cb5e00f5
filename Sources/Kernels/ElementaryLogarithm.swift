/// Logarithms. Bounds held (tests against mpmath): log 1 ulp, log1p 1 ulp.
extension SIMDMath {
  /// log(2ᵏ·(1 + f)) for √½ ≤ 1 + f < √2, with s = f/(2 + f): log(1 + f) = f − (f²/2 − s·(f²/2 + s²·P(s²))). `kd` is the double of k.
  @inlinable @inline(always)
  static func logCore(_ f: Vector8, _ kd: Vector8) -> Vector8 {
    let s = f / (splat(2) + f)
    let z = s * s
    let w = z * z
    var even = multiplyAdd(splat(0x1.2b5f68a50d903p-3), w, splat(0x1.7462b91b8df65p-3))
    var odd = multiplyAdd(splat(0x1.39fdcceb4bb45p-3), w, splat(0x1.c71c62d5e53e0p-3))
    even = multiplyAdd(even, w, splat(0x1.2492492dfd86cp-2))
    odd = multiplyAdd(odd, w, splat(0x1.9999999995273p-2))
    even = multiplyAdd(even, w, splat(0x1.5555555555558p-1))
    let half = splat(0.5) * f * f
    let tail = multiplyAdd(z, multiplyAdd(odd, z, even), half)
    let low = multiplyAdd(s, tail, kd * splat(0x1.a39ef35793c76p-33))
    return multiplyAdd(kd, splat(0x1.62e42fee00000p-1), f - (half - low))
  }

  /// The k with x = 2ᵏ·m, √½ ≤ m < √2, for normal positive x.
  @inlinable @inline(always)
  static func exponentAboutOne(_ x: Vector8) -> SIMD8<Int64> {
    (bits(x) &- bits(splat(0x1.6a09e667f3bcdp-1))) &>> SIMD8<Int64>(repeating: 52)
  }

  /// What every logarithm returns at the ends of its domain: −∞ at u = 0, NaN below, u itself at +∞ and NaN.
  @inlinable @inline(always)
  static func logEnds(_ u: Vector8, _ result: Vector8) -> Vector8 {
    let upper = choose(u .< .infinity, result, u)
    return choose(u .<= 0, choose(u .< 0, .nan, splat(-.infinity)), upper)
  }

  /// Natural logarithm. −∞ at ±0, NaN below 0, +∞ at +∞; subnormals are exact inputs like any other. Error ≤ 1 ulp.
  @inlinable @inline(always)
  public static func log(_ x: Vector8) -> Vector8 {
    let subnormal = x .< 0x1p-1022
    let u = choose(subnormal, x * splat(0x1p54), x)
    let k = exponentAboutOne(u)
    let f = fromBits(bits(u) &- (k &<< SIMD8<Int64>(repeating: 52))) - splat(1)
    let kd = toDouble(k) - choose(subnormal, 54, splat(0))
    return logEnds(x, logCore(f, kd))
  }

  /// log(1 + x), relative accuracy also near 0 (±0 stays ±0). −∞ at −1, NaN below. Error ≤ 1 ulp.
  @inlinable @inline(always)
  public static func log1p(_ x: Vector8) -> Vector8 {
    let u = splat(1) + x
    let back = u - splat(1)
    let error = (splat(1) - (u - back)) + (x - back)
    return choose(magnitude(x) .< 0x1p-54, x, logOfSum(u, error))
  }

  /// log(u + c) for a u that is no subnormal and a correction |c| ≤ ulp(u)/2.
  @inlinable @inline(always)
  static func logOfSum(_ u: Vector8, _ c: Vector8) -> Vector8 {
    let k = exponentAboutOne(u)
    let scaling = k &<< SIMD8<Int64>(repeating: 52)
    let f = fromBits(bits(u) &- scaling) - splat(1)
    // c·2⁻ᵏ; the power is clamped because c is void (below the last bit of f) long before its exponent runs out.
    let kc = k.replacing(with: SIMD8<Int64>(repeating: 1000), where: k .> SIMD8<Int64>(repeating: 1000))
    return logEnds(u, logCore(f + c * powerOfTwo(SIMD8<Int64>(repeating: 0) &- kc), toDouble(k)))
  }
}
