import Foundation

extension SIMDMath {
  /// xʸ, with the special cases of IEEE 754 `pow`.
  @inlinable @inline(__always)
  public static func pow(_ x: Vector8, _ y: Vector8) -> Vector8 { powerLanewise(x, y) }

  @inline(never) @usableFromInline
  static func powerLanewise(_ x: Vector8, _ y: Vector8) -> Vector8 {
    var result = x
    for lane in 0..<8 { result[lane] = Foundation.pow(x[lane], y[lane]) }
    return result
  }

  /// √x, correctly rounded; NaN below 0, −0 at −0.
  @inlinable @inline(__always)
  public static func sqrt(_ x: Vector8) -> Vector8 { x.squareRoot() }
}
