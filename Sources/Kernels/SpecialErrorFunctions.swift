/// The error function and the normal distribution. Bounds held (tests against mpmath): erf, erfc, erfcx, Φ 4 ulp, log Φ 4 ulp.
///
/// One fit carries all of them: (1 + 2a)·e^(a²)·erfc(a) over the whole half line, in (a − 3)/(a + 3). The exponential takes a² in two
/// parts, so that the far tail loses nothing.
extension SIMDMath {
  /// ((1 + 2a)·e^(a²)·erfc(a) − 1)/(t + 1) in t = (a − 3)/(a + 3) ∈ [−1, 1], absolute error 2.4e-16 (Chebyshev fit made in 40 digits).
  @inlinable @inline(__always)
  static func scaledErfcFit(_ t: Vector8) -> Vector8 {
    let square = t * t
    var even = multiplyAdd(splat(0x1.76f94c2a7ce4dp-33), square, splat(-0x1.5b9f4f9329728p-28))
    var odd = multiplyAdd(splat(-0x1.e984bc7d6606dp-29), square, splat(0x1.2491b33763f87p-25))
    even = multiplyAdd(even, square, splat(0x1.e15fbc14f61b1p-25))
    even = multiplyAdd(even, square, splat(-0x1.c38a67b6bea87p-22))
    even = multiplyAdd(even, square, splat(0x1.69e95c11c52b2p-19))
    even = multiplyAdd(even, square, splat(-0x1.17bbf20482aadp-16))
    even = multiplyAdd(even, square, splat(0x1.b203505b30552p-14))
    even = multiplyAdd(even, square, splat(-0x1.2b789a8fc201bp-11))
    even = multiplyAdd(even, square, splat(0x1.238722b42f22fp-14))
    even = multiplyAdd(even, square, splat(0x1.79703b437eac3p-4))
    even = multiplyAdd(even, square, splat(0x1.5d40a2324c5e4p-2))
    even = multiplyAdd(even, square, splat(0x1.03148b5f9261dp-2))
    odd = multiplyAdd(odd, square, splat(-0x1.811f4e6a31591p-23))
    odd = multiplyAdd(odd, square, splat(0x1.988689886344cp-21))
    odd = multiplyAdd(odd, square, splat(-0x1.cacd5942dd8bdp-19))
    odd = multiplyAdd(odd, square, splat(0x1.6ab5f59919cfdp-16))
    odd = multiplyAdd(odd, square, splat(-0x1.b58a67cbabe5fp-13))
    odd = multiplyAdd(odd, square, splat(0x1.426c141c1fc4fp-9))
    odd = multiplyAdd(odd, square, splat(-0x1.86984b2b5b009p-6))
    odd = multiplyAdd(odd, square, splat(-0x1.b0fdddbee7d47p-3))
    odd = multiplyAdd(odd, square, splat(-0x1.8df4cdbd61a44p-2))
    return multiplyAdd(odd, t, even)
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
    // w = t + 1 vanishes at a = 0, where the value 1 is exact.
    let w = (a + a) / (a + splat(3))
    return multiplyAdd(w, scaledErfcFit(w - splat(1)), splat(1)) / multiplyAdd(splat(2), a, splat(1))
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
    return logOfSumCalled(u, c) - choose(left, splat(0.5) * m * m, splat(0))
  }
}
