/// The slow paths of log Γ, ψ and ψ′ for vectors with a negative lane. The other lanes get what they would have got alone.
extension SIMDMath {
  /// The sine and cosine of π·a for a ≥ 0: exact zeros of the sine at the integers, of the cosine at the halves.
  @inlinable @inline(always)
  static func sineCosinePi(_ a: Vector8) -> (sine: Vector8, cosine: Vector8) {
    // From 2⁵² on every double is an integer, and from 2⁵³ on an even one; neither sign matters to the callers.
    let clamped = choose(a .> 0x1p52, 0x1p52, a)
    // Adding 2⁵² rounds to an integer.
    let fraction = clamped - ((clamped + splat(0x1p52)) - splat(0x1p52))
    let odd = (bits(clamped + splat(0x1p52)) & SIMD8<Int64>(repeating: 1)) &<< SIMD8<Int64>(repeating: 63)
    let m = magnitude(fraction)
    // cos πm = sin π(½ − m), and ½ − m is exact where the cosine is small.
    let sine = sin(fraction * splat(.pi))
    let cosine = choose(m .> 0.25, sin((splat(0.5) - m) * splat(.pi)), cos(m * splat(.pi)))
    return (fromBits(bits(sine) ^ odd), fromBits(bits(cosine) ^ odd))
  }

  /// log |Γ(−a)| = log(π/(a·|sin πa|)) − log Γ(a).
  @inline(never) @usableFromInline
  static func logGammaReflected(_ x: Vector8) -> Vector8 {
    let a = magnitude(x)
    let positive = logGammaPositive(a)
    let sine = magnitude(sineCosinePi(a).sine)
    let reflected = log(splat(.pi) / sine) - log(a) - positive
    let value = choose(a .< 1e-17, positive, choose(sine .== 0, .infinity, choose(a .< .infinity, reflected, a)))
    return choose(x .< 0, value, positive)
  }

  /// ψ(−a) = ψ(1 + a) + π·cot πa.
  @inline(never) @usableFromInline
  static func digammaReflected(_ x: Vector8) -> Vector8 {
    let a = magnitude(x)
    let (sine, cosine) = sineCosinePi(a)
    let cotangent = splat(.pi) * cosine / sine
    // 1/a where πa would round away or underflow.
    let value = digammaPositive(a + splat(1)) + choose(a .< 1e-17, splat(1) / a, cotangent)
    let finite = choose(sine .== 0, .nan, choose(a .< .infinity, value, splat(.nan)))
    return choose(x .< 0, choose(a .< 1e-17, value, finite), digammaPositive(choose(x .== 0, x, a)))
  }

  /// ψ′(−a) = π²/sin²πa − ψ′(1 + a).
  @inline(never) @usableFromInline
  static func trigammaReflected(_ x: Vector8) -> Vector8 {
    let a = magnitude(x)
    let ratio = splat(.pi) / sineCosinePi(a).sine
    let value = choose(a .< .infinity, ratio * ratio - trigammaPositive(a + splat(1)), splat(.nan))
    return choose(x .< 0, value, trigammaPositive(a))
  }
}
