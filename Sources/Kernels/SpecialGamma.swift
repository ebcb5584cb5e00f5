import Foundation

extension SIMDMath {
  /// log |Γ(x)|; +∞ at 0 and the negative integers.
  @inlinable @inline(__always)
  public static func logGamma(_ x: Vector8) -> Vector8 { lanewise(x) { Foundation.lgamma($0) } }

  /// ψ(x) = d log Γ(x)/dx.
  @inlinable @inline(__always)
  public static func digamma(_ x: Vector8) -> Vector8 { lanewise(x, digammaScalar) }

  /// ψ′(x).
  @inlinable @inline(__always)
  public static func trigamma(_ x: Vector8) -> Vector8 { lanewise(x, trigammaScalar) }

  /// log B(a, b) = log Γ(a) + log Γ(b) − log Γ(a + b) for a, b > 0.
  @inlinable @inline(__always)
  public static func logBeta(_ a: Vector8, _ b: Vector8) -> Vector8 { logGamma(a) + logGamma(b) - logGamma(a + b) }

  @usableFromInline
  static func digammaScalar(_ x: Double) -> Double {
    if x <= 0 {
      if x == x.rounded() { return .nan }
      return digammaScalar(1 - x) - .pi / Foundation.tan(.pi * x)
    }
    var x = x
    var sum = 0.0
    while x < 12 {
      sum -= 1 / x
      x += 1
    }
    let v = 1 / (x * x)
    let tail = v * (1 / 12.0 - v * (1 / 120.0 - v * (1 / 252.0 - v * (1 / 240.0 - v * (1 / 132.0 - v * 691 / 32760)))))
    return sum + Foundation.log(x) - 0.5 / x - tail
  }

  @usableFromInline
  static func trigammaScalar(_ x: Double) -> Double {
    if x <= 0 {
      if x == x.rounded() { return .infinity }
      let s = Foundation.sin(.pi * x)
      return .pi * .pi / (s * s) - trigammaScalar(1 - x)
    }
    var x = x
    var sum = 0.0
    while x < 12 {
      sum += 1 / (x * x)
      x += 1
    }
    let v = 1 / (x * x)
    let tail = v * (1 / 6.0 - v * (1 / 30.0 - v * (1 / 42.0 - v * (1 / 30.0 - v * (5 / 66.0 - v * 691 / 2730)))))
    return sum + (1 + 0.5 / x + tail) / x
  }
}
