/// The error function and the normal distribution. Bounds held (tests against mpmath): erf, erfc, erfcx, Φ 4 ulp, log Φ 4 ulp.
///
/// One fit carries all of them: (1 + 2a)·e^(a²)·erfc(a) over the whole half line, in (a − 3)/(a + 3). The exponential takes a² in two
/// parts, so that the far tail loses nothing.
extension SIMDMath {
  /// (1 + 2a)·e^(a²)·erfc(a) in q = (a − 3)/(a + 3) ∈ [−1, 1], relative error 1.5e-16 (Chebyshev fit made in 40 digits).
  @inlinable @inline(__always)
  static func scaledErfcFit(_ q: Vector8) -> Vector8 {
    let square = q * q
    var even = multiplyAdd(splat(-0x1.b3a01b0e76bfbp-29), square, splat(0x1.dd3d9ade068d2p-26))
    var odd = multiplyAdd(splat(0x1.11789a865c06ep-30), square, splat(-0x1.cb1cfbf61996bp-27))
    even = multiplyAdd(even, square, splat(-0x1.0287879b3bca0p-23))
    even = multiplyAdd(even, square, splat(0x1.694dc2a1198aep-22))
    even = multiplyAdd(even, square, splat(-0x1.81cdaf6caf310p-21))
    even = multiplyAdd(even, square, splat(0x1.4bc9cf3c4382cp-18))
    even = multiplyAdd(even, square, splat(-0x1.b910d823a019dp-14))
    even = multiplyAdd(even, square, splat(0x1.ef1bd8b08bc9fp-10))
    even = multiplyAdd(even, square, splat(-0x1.8574c404205dcp-6))
    even = multiplyAdd(even, square, splat(-0x1.e88b803a63ae4p-4))
    even = multiplyAdd(even, square, splat(-0x1.85a15c58a93f1p-5))
    even = multiplyAdd(even, square, splat(0x1.40c522d7e4987p+0))
    odd = multiplyAdd(odd, square, splat(0x1.b5e7191be6e1cp-24))
    odd = multiplyAdd(odd, square, splat(-0x1.4b205a93608adp-21))
    odd = multiplyAdd(odd, square, splat(0x1.d212e367ab76cp-19))
    odd = multiplyAdd(odd, square, splat(-0x1.513b89d7b551ap-16))
    odd = multiplyAdd(odd, square, splat(0x1.065a3717885fdp-13))
    odd = multiplyAdd(odd, square, splat(-0x1.98db51049fe8dp-11))
    odd = multiplyAdd(odd, square, splat(0x1.4b884e438b9e3p-9))
    odd = multiplyAdd(odd, square, splat(0x1.17ca2877f1524p-4))
    odd = multiplyAdd(odd, square, splat(0x1.098366a5b46b5p-3))
    odd = multiplyAdd(odd, square, splat(-0x1.15c084bb9e8f3p-3))
    return multiplyAdd(odd, q, even)
  }

  /// erf(x)/x − 1 in z = x² ≤ 1, absolute error 1.6e-17 (Chebyshev fit made in 40 digits).
  @inlinable @inline(__always)
  static func erfFit(_ z: Vector8) -> Vector8 {
    let square = z * z
    var even = multiplyAdd(splat(0x1.05ffd737fb32ep-34), square, splat(0x1.f7b4bf3b13964p-27))
    var odd = multiplyAdd(splat(-0x1.389d4f2641625p-30), square, splat(-0x1.5f1ecb6f0764cp-23))
    even = multiplyAdd(even, square, splat(0x1.b9df224ca4b97p-20))
    even = multiplyAdd(even, square, splat(0x1.f9a321d5b8e1ep-14))
    even = multiplyAdd(even, square, splat(0x1.565bcd0dbaa38p-8))
    even = multiplyAdd(even, square, splat(0x1.ce2f21a042b30p-4))
    even = multiplyAdd(even, square, splat(0x1.06eba8214db69p-3))
    odd = multiplyAdd(odd, square, splat(-0x1.f4d1e3183f7aep-17))
    odd = multiplyAdd(odd, square, splat(-0x1.c02db3dac435fp-11))
    odd = multiplyAdd(odd, square, splat(-0x1.b82ce31284e00p-6))
    odd = multiplyAdd(odd, square, splat(-0x1.812746b0379e6p-2))
    return multiplyAdd(odd, z, even)
  }

  /// e^(a²)·erfc(a) for 0 ≤ a ≤ 10³⁰⁰.
  @inlinable @inline(__always)
  static func erfcxPositive(_ a: Vector8) -> Vector8 {
    scaledErfcFit((a - splat(3)) / (a + splat(3))) / multiplyAdd(splat(2), a, splat(1))
  }

  /// e^(−a²·s) for s a power of two and a ≤ 100, with a² in two parts.
  @inlinable @inline(__always)
  static func gaussian(_ a: Vector8, _ s: Double) -> Vector8 {
    let square = a * a
    return exponential(square * splat(-s), correction: productError(a, a, square) * splat(-s))
  }

  /// erfc(|x|).
  @inlinable @inline(__always)
  static func erfcOfMagnitude(_ x: Vector8) -> Vector8 {
    let m = magnitude(x)
    let a = choose(m .> 28, 28, m)
    return gaussian(a, 1) * erfcxPositive(a)
  }

  /// erf x = 2/√π ∫₀ˣ e^(−t²) dt, odd, ±1 at ±∞. Error ≤ 2 ulp.
  @inlinable @inline(__always)
  public static func erf(_ x: Vector8) -> Vector8 {
    let small = multiplyAdd(x, erfFit(choose(magnitude(x) .< 1, x * x, splat(1))), x)
    return choose(magnitude(x) .< 1, small, withSign(splat(1) - erfcOfMagnitude(x), of: x))
  }

  /// erfc x = 1 − erf x = 2/√π ∫ₓ^∞ e^(−t²) dt, 2 at −∞, 0 at +∞, relative accuracy down to the subnormals. Error ≤ 4 ulp.
  @inlinable @inline(__always)
  public static func erfc(_ x: Vector8) -> Vector8 {
    let v = erfcOfMagnitude(x)
    return choose(x .< 0, splat(2) - v, v)
  }

  /// e^(x²)·erfc x: 1/(x√π) for large x, +∞ below −26.6. Error ≤ 4 ulp.
  @inlinable @inline(__always)
  public static func erfcx(_ x: Vector8) -> Vector8 {
    let m = magnitude(x)
    let positive = erfcxPositive(choose(m .> 1e300, 1e300, m))
    let a = choose(m .> 28, 28, m)
    let grown = splat(2) * gaussian(a, -1) - positive
    return choose(x .< 0, grown, choose(x .> 1e300, splat(0x1.20dd750429b6dp-1) / x, positive))
  }

  /// Φ(x) = ∫₋∞ˣ e^(−t²/2)/√(2π) dt, relative accuracy in the left tail down to the subnormals (x ≈ −38.4). Error ≤ 4 ulp.
  @inlinable @inline(__always)
  public static func normalCDF(_ x: Vector8) -> Vector8 {
    let v = normalUpperTail(magnitude(x))
    return choose(x .> 0, splat(1) - v, v)
  }

  /// 1 − Φ(m) for m ≥ 0.
  @inlinable @inline(__always)
  static func normalUpperTail(_ m: Vector8) -> Vector8 {
    let a = choose(m .> 40, 40, m)
    return gaussian(a, 0.5) * (splat(0.5) * erfcxPositive(a * splat(0x1.6a09e667f3bcdp-1)))
  }

  /// log Φ(x): −x²/2 − log(|x|√(2π)) + … in the far left tail, to the end of the range (−∞ where x² overflows), −(1 − Φ(x)) for x ≫ 0.
  /// Error ≤ 4 ulp.
  @inlinable @inline(__always)
  public static func logNormalCDF(_ x: Vector8) -> Vector8 {
    let left = x .< 0
    let m = magnitude(x)
    let a = choose(m .> 40, 40, m)
    let b = choose(m .> 1e300, 1e300, m)
    let mills = splat(0.5) * erfcxPositive(b * splat(0x1.6a09e667f3bcdp-1))
    let upper = gaussian(a, 0.5) * mills
    let u = choose(left, mills, splat(1) - upper)
    let c = choose(left, splat(0), (splat(1) - u) - upper)
    return logOfSum(u, c) - choose(left, splat(0.5) * m * m, splat(0))
  }
}
