/// The fits behind ``SIMDMath/logGamma(_:)``, ``SIMDMath/digamma(_:)`` and ``SIMDMath/trigamma(_:)``: Chebyshev interpolants made in 40
/// digits, each with the error of the polynomial as rounded to double. Between 1 and 2 (or 3) a polynomial about the middle, from 3 on the
/// remainder after the leading terms of the asymptotic series in v = 1/x².
extension SIMDMath {
  /// log Γ(y)/((y − 1)(y − 2)) in t = y − 3/2 ∈ [−½, ½], relative error 7e-17.
  @inlinable @inline(always)
  static func logGammaFit(_ t: Vector8) -> Vector8 {
    let square = t * t
    var even = multiplyAdd(splat(0x1.db79b9599b3a6p-16), square, splat(0x1.25823abba02b4p-15))
    var odd = multiplyAdd(splat(-0x1.2eb5136d557dbp-16), square, splat(-0x1.72274bc432ce1p-16))
    even = multiplyAdd(even, square, splat(0x1.c3ca9686347cfp-14))
    even = multiplyAdd(even, square, splat(0x1.1c0dd4afb9573p-12))
    even = multiplyAdd(even, square, splat(0x1.7510a4178474dp-11))
    even = multiplyAdd(even, square, splat(0x1.f81485f78bbd0p-10))
    even = multiplyAdd(even, square, splat(0x1.64f066cdbffa0p-8))
    even = multiplyAdd(even, square, splat(0x1.13342351dde0fp-6))
    even = multiplyAdd(even, square, splat(0x1.01af62a292e9ep-4))
    even = multiplyAdd(even, square, splat(0x1.eeb95b094c191p-2))
    odd = multiplyAdd(odd, square, splat(-0x1.1bbedb9aeb43dp-14))
    odd = multiplyAdd(odd, square, splat(-0x1.61af5dcde0802p-13))
    odd = multiplyAdd(odd, square, splat(-0x1.cb4cc1c288e9ep-12))
    odd = multiplyAdd(odd, square, splat(-0x1.313e688773355p-10))
    odd = multiplyAdd(odd, square, splat(-0x1.a50352d82388ep-9))
    odd = multiplyAdd(odd, square, splat(-0x1.34dbda13c8fa0p-7))
    odd = multiplyAdd(odd, square, splat(-0x1.007aa83cee7e5p-5))
    odd = multiplyAdd(odd, square, splat(-0x1.2aed059bd608ap-3))
    return multiplyAdd(odd, t, even)
  }

  /// x·(log Γ(x) − (x − ½) log x + x − ½ log 2π) in v = 1/x² ≤ 1/9, relative error 2.4e-15.
  @inlinable @inline(always)
  static func stirlingFit(_ v: Vector8) -> Vector8 {
    let square = v * v
    var even = multiplyAdd(splat(0x1.7ceb0cc1c3093p-5), square, splat(0x1.7743479d79e30p-8))
    var odd = multiplyAdd(splat(-0x1.f107862a80ac2p-5), square, splat(-0x1.2dfa3011567d7p-6))
    even = multiplyAdd(even, square, splat(0x1.b8e919c03a4e7p-11))
    even = multiplyAdd(even, square, splat(0x1.a019fe031c56ep-11))
    even = multiplyAdd(even, square, splat(0x1.5555555555547p-4))
    odd = multiplyAdd(odd, square, splat(-0x1.ef1da240518aep-10))
    odd = multiplyAdd(odd, square, splat(-0x1.3811d15220367p-11))
    odd = multiplyAdd(odd, square, splat(-0x1.6c16c16b53417p-9))
    return multiplyAdd(odd, v, even)
  }

  /// ψ(y)/(y − x₀), x₀ the positive zero of ψ, in t = y − 3/2 ∈ [−½, ½], relative error 1.4e-16.
  @inlinable @inline(always)
  static func digammaFit(_ t: Vector8) -> Vector8 {
    let square = t * t
    var even = multiplyAdd(splat(0x1.088345f73d8a7p-12), square, splat(0x1.effae48161573p-13))
    var odd = multiplyAdd(splat(-0x1.8cc58112556c6p-12), square, splat(-0x1.73ff1b7f004e4p-12))
    even = multiplyAdd(even, square, splat(0x1.78a77705bb558p-11))
    even = multiplyAdd(even, square, splat(0x1.9870a33254ba1p-10))
    even = multiplyAdd(even, square, splat(0x1.cd35ac17ad344p-9))
    even = multiplyAdd(even, square, splat(0x1.03c04453f4083p-7))
    even = multiplyAdd(even, square, splat(0x1.256473e20cb08p-6))
    even = multiplyAdd(even, square, splat(0x1.4de9aa0fb5a4fp-5))
    even = multiplyAdd(even, square, splat(0x1.8512e5904479bp-4))
    even = multiplyAdd(even, square, splat(0x1.eca189b8e6f1ep-3))
    even = multiplyAdd(even, square, splat(0x1.e6f0cbb873616p-1))
    odd = multiplyAdd(odd, square, splat(-0x1.1a824f512c76fp-10))
    odd = multiplyAdd(odd, square, splat(-0x1.326340580e90ap-9))
    odd = multiplyAdd(odd, square, splat(-0x1.5a16d9f65315cp-8))
    odd = multiplyAdd(odd, square, splat(-0x1.8634c5eab0574p-7))
    odd = multiplyAdd(odd, square, splat(-0x1.b9f8b4ba2e5f5p-6))
    odd = multiplyAdd(odd, square, splat(-0x1.fb44201e7cc15p-5))
    odd = multiplyAdd(odd, square, splat(-0x1.2feeeb98b0270p-3))
    odd = multiplyAdd(odd, square, splat(-0x1.b1cb63005ee5dp-2))
    return multiplyAdd(odd, t, even)
  }

  /// x²·(log x − 1/(2x) − ψ(x)) in v = 1/x² ≤ 1/9, relative error 5.6e-15.
  @inlinable @inline(always)
  static func digammaRemainderFit(_ v: Vector8) -> Vector8 {
    let square = v * v
    var even = multiplyAdd(splat(0x1.09dcb42a9d05bp+2), square, splat(0x1.38acc645895cep+0))
    var odd = multiplyAdd(splat(-0x1.9c2b9f79c5d91p+1), square, splat(-0x1.4d0eeb4a8ccc4p-2))
    even = multiplyAdd(even, square, splat(0x1.3e37d6431392bp-4))
    even = multiplyAdd(even, square, splat(0x1.f0378ddf53b54p-8))
    even = multiplyAdd(even, square, splat(0x1.04103f703324fp-8))
    even = multiplyAdd(even, square, splat(0x1.5555555555534p-4))
    odd = multiplyAdd(odd, square, splat(-0x1.5681e502a55fap-6))
    odd = multiplyAdd(odd, square, splat(-0x1.11102b3b547a3p-8))
    odd = multiplyAdd(odd, square, splat(-0x1.1111111084411p-7))
    return multiplyAdd(odd, v, even)
  }

  /// ψ′(2 + t) for −1 ≤ t ≤ 1, relative error 1.3e-16.
  @inlinable @inline(always)
  static func trigammaFit(_ t: Vector8) -> Vector8 {
    let square = t * t
    var even = multiplyAdd(splat(0x1.332058c3020ccp-24), square, splat(-0x1.31173757e8a2ep-22))
    var odd = multiplyAdd(splat(-0x1.2a8be57132ac5p-23), square, splat(0x1.290c0518a6a09p-21))
    even = multiplyAdd(even, square, splat(0x1.cf5807fd74445p-21))
    even = multiplyAdd(even, square, splat(-0x1.aa54e36a52513p-21))
    even = multiplyAdd(even, square, splat(0x1.5aa5746f8f471p-19))
    even = multiplyAdd(even, square, splat(0x1.146743e1c7799p-18))
    even = multiplyAdd(even, square, splat(0x1.37f2aa5316708p-16))
    even = multiplyAdd(even, square, splat(0x1.0f70994196177p-14))
    even = multiplyAdd(even, square, splat(0x1.e0d6d26954887p-13))
    even = multiplyAdd(even, square, splat(0x1.a17264fa36f22p-11))
    even = multiplyAdd(even, square, splat(0x1.62ce473922df2p-9))
    even = multiplyAdd(even, square, splat(0x1.254fe8378b65fp-7))
    even = multiplyAdd(even, square, splat(0x1.d39fb32c06f4ep-6))
    even = multiplyAdd(even, square, splat(0x1.632f97c2d9cecp-4))
    even = multiplyAdd(even, square, splat(0x1.f9cb402bc46d9p-3))
    even = multiplyAdd(even, square, splat(0x1.4a34cc4a60fa6p-1))
    odd = multiplyAdd(odd, square, splat(-0x1.c25717380d0d6p-20))
    odd = multiplyAdd(odd, square, splat(0x1.a190a74b6eb5bp-20))
    odd = multiplyAdd(odd, square, splat(-0x1.4e4fa45ea7f14p-18))
    odd = multiplyAdd(odd, square, splat(-0x1.0602c147ad2b7p-17))
    odd = multiplyAdd(odd, square, splat(-0x1.27c71fef89f56p-15))
    odd = multiplyAdd(odd, square, splat(-0x1.ff129c7727356p-14))
    odd = multiplyAdd(odd, square, splat(-0x1.c122ab5ad51dbp-12))
    odd = multiplyAdd(odd, square, splat(-0x1.8204a7b089fb6p-10))
    odd = multiplyAdd(odd, square, splat(-0x1.43df20861aa4bp-8))
    odd = multiplyAdd(odd, square, splat(-0x1.073e7ad1ea7c4p-6))
    odd = multiplyAdd(odd, square, splat(-0x1.9a6238fad16a4p-5))
    odd = multiplyAdd(odd, square, splat(-0x1.2e831d94f81dcp-3))
    odd = multiplyAdd(odd, square, splat(-0x1.9dd002780311dp-2))
    return multiplyAdd(odd, t, even)
  }

  /// x³·(ψ′(x) − 1/x − 1/(2x²)) in v = 1/x² ≤ 1/9, relative error 1.6e-15.
  @inlinable @inline(always)
  static func trigammaRemainderFit(_ v: Vector8) -> Vector8 {
    let square = v * v
    var even = multiplyAdd(splat(0x1.14f3422aa8134p+11), square, splat(0x1.709299167555ep+9))
    var odd = multiplyAdd(splat(-0x1.d1b4a9cedc719p+10), square, splat(-0x1.778e896e666fbp+7))
    even = multiplyAdd(even, square, splat(0x1.23a939dfa9697p+5))
    even = multiplyAdd(even, square, splat(0x1.2419e17e471f2p+0))
    even = multiplyAdd(even, square, splat(0x1.364457081549dp-4))
    even = multiplyAdd(even, square, splat(0x1.861861192792bp-6))
    even = multiplyAdd(even, square, splat(0x1.555555555554cp-3))
    odd = multiplyAdd(odd, square, splat(-0x1.92d8788d0d900p+2))
    odd = multiplyAdd(odd, square, splat(-0x1.029766226fd72p-2))
    odd = multiplyAdd(odd, square, splat(-0x1.1110e5795b21fp-5))
    odd = multiplyAdd(odd, square, splat(-0x1.11111110f5e6bp-5))
    return multiplyAdd(odd, v, even)
  }
}
