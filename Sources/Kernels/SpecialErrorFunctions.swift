/// The error function and the normal distribution. Bounds held (tests against mpmath): erf, erfc, erfcx, Φ 4 ulp, log Φ 4 ulp.
///
/// One fit carries all of them: (1 + 2a)·e^(a²)·erfc(a) over the whole half line, in (a − 3)/(a + 3). The exponential takes a² in two
/// parts, so that the far tail loses nothing.
extension SIMDMath {
  /// ((1 + 2a)·e^(a²)·erfc(a) − 1)/(t + 1) in t = (a − 3)/(a + 3) ∈ [−1, 1], absolute error 5.5e-17 (Chebyshev fit made in 40 digits).
  @inlinable @inline(always)
  static func scaledErfcFit(_ t: Vector8) -> Vector8 {
    // The large low coefficients one by one: even and odd halves of them would cancel near t = 1.
    let square = t * t
    var even = multiplyAdd(splat(0x1.bdee21f687654p-33), square, splat(-0x1.67e237e9f2eb0p-28))
    var odd = multiplyAdd(splat(0x1.b375ac8f16348p-31), square, splat(-0x1.172be00120213p-27))
    even = multiplyAdd(even, square, splat(0x1.e509285455a8ap-25))
    even = multiplyAdd(even, square, splat(-0x1.c428b6ed7553ep-22))
    even = multiplyAdd(even, square, splat(0x1.69f9f90e0a00cp-19))
    even = multiplyAdd(even, square, splat(-0x1.17bd10fac84f3p-16))
    even = multiplyAdd(even, square, splat(0x1.b20369408d915p-14))
    even = multiplyAdd(even, square, splat(-0x1.2b789b3c5710bp-11))
    even = multiplyAdd(even, square, splat(0x1.23872362f4393p-14))
    even = multiplyAdd(even, square, splat(0x1.79703b437bd48p-4))
    odd = multiplyAdd(odd, square, splat(0x1.86c509e3781aep-25))
    odd = multiplyAdd(odd, square, splat(-0x1.a42ffc7297838p-23))
    odd = multiplyAdd(odd, square, splat(0x1.a063a96685d7fp-21))
    odd = multiplyAdd(odd, square, splat(-0x1.cbf3c6e768136p-19))
    odd = multiplyAdd(odd, square, splat(0x1.6ac413ba0cb93p-16))
    odd = multiplyAdd(odd, square, splat(-0x1.b58ad72123608p-13))
    odd = multiplyAdd(odd, square, splat(0x1.426c152873fc7p-9))
    odd = multiplyAdd(odd, square, splat(-0x1.86984b2e2a091p-6))
    var p = multiplyAdd(odd, t, even)
    p = multiplyAdd(p, t, splat(-0x1.b0fdddbee45a7p-3))
    p = multiplyAdd(p, t, splat(0x1.5d40a2324c62ep-2))
    p = multiplyAdd(p, t, splat(-0x1.8df4cdbd61a96p-2))
    return multiplyAdd(p, t, splat(0x1.03148b5f9261dp-2))
  }

  /// erf(x)/x − 1 in z = x² ≤ 1, absolute error 1.6e-17 (Chebyshev fit made in 40 digits).
  @inlinable @inline(always)
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
  @inlinable @inline(always)
  static func erfcxPositive(_ a: Vector8) -> Vector8 {
    // w = t + 1 vanishes at a = 0, where the value 1 is exact.
    let w = (a + a) / (a + splat(3))
    return multiplyAdd(w, scaledErfcFit(w - splat(1)), splat(1)) / multiplyAdd(splat(2), a, splat(1))
  }

  /// e^(−a²·s) for s a power of two and a ≤ 100, with a² in two parts.
  @inlinable @inline(always)
  static func gaussian(_ a: Vector8, _ s: Double) -> Vector8 {
    let square = a * a
    return exponential(square * splat(-s), correction: productError(a, a, square) * splat(-s))
  }

  /// erfc(|x|).
  @inlinable @inline(always)
  static func erfcOfMagnitude(_ x: Vector8) -> Vector8 {
    let m = magnitude(x)
    let a = choose(m .> 28, 28, m)
    return gaussian(a, 1) * erfcxPositive(a)
  }

  /// erf x = 2/√π ∫₀ˣ e^(−t²) dt, odd, ±1 at ±∞. Error ≤ 2 ulp.
  @inlinable @inline(always)
  public static func erf(_ x: Vector8) -> Vector8 {
    let small = multiplyAdd(x, erfFit(choose(magnitude(x) .< 1, x * x, splat(1))), x)
    return choose(magnitude(x) .< 1, small, withSign(splat(1) - erfcOfMagnitude(x), of: x))
  }

  /// erfc x = 1 − erf x = 2/√π ∫ₓ^∞ e^(−t²) dt, 2 at −∞, 0 at +∞, relative accuracy down to the subnormals. Error ≤ 4 ulp.
  @inlinable @inline(always)
  public static func erfc(_ x: Vector8) -> Vector8 {
    let v = erfcOfMagnitude(x)
    return choose(x .< 0, splat(2) - v, v)
  }

  /// e^(x²)·erfc x: 1/(x√π) for large x, +∞ below −26.6. Error ≤ 4 ulp.
  @inlinable @inline(always)
  public static func erfcx(_ x: Vector8) -> Vector8 {
    let m = magnitude(x)
    let positive = erfcxPositive(choose(m .> 1e300, 1e300, m))
    let a = choose(m .> 28, 28, m)
    let grown = splat(2) * gaussian(a, -1) - positive
    return choose(x .< 0, grown, choose(x .> 1e300, splat(0x1.20dd750429b6dp-1) / x, positive))
  }

  /// Φ(x) = ∫₋∞ˣ e^(−t²/2)/√(2π) dt, relative accuracy in the left tail down to the subnormals (x ≈ −38.4). Error ≤ 4 ulp.
  @inlinable @inline(always)
  public static func normalCDF(_ x: Vector8) -> Vector8 {
    let v = normalUpperTail(magnitude(x))
    return choose(x .> 0, splat(1) - v, v)
  }

  /// 1 − Φ(m) for m ≥ 0.
  @inlinable @inline(always)
  static func normalUpperTail(_ m: Vector8) -> Vector8 {
    let a = choose(m .> 40, 40, m)
    return gaussian(a, 0.5) * (splat(0.5) * erfcxPositive(a * splat(0x1.6a09e667f3bcdp-1)))
  }

  /// log Φ(x): −x²/2 − log(|x|√(2π)) + … in the far left tail, to the end of the range (−∞ where x² overflows), −(1 − Φ(x)) for x ≫ 0.
  /// Error ≤ 4 ulp.
  @inlinable @inline(always)
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
