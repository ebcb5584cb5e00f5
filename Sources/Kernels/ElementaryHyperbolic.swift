import Foundation

extension SIMDMath {
  /// Hyperbolic sine.
  @inlinable @inline(__always)
  public static func sinh(_ x: Vector8) -> Vector8 { lanewise(x) { Foundation.sinh($0) } }

  /// Hyperbolic cosine.
  @inlinable @inline(__always)
  public static func cosh(_ x: Vector8) -> Vector8 { lanewise(x) { Foundation.cosh($0) } }

  /// Inverse hyperbolic sine.
  @inlinable @inline(__always)
  public static func asinh(_ x: Vector8) -> Vector8 { lanewise(x) { Foundation.asinh($0) } }

  /// Inverse hyperbolic cosine; NaN below 1.
  @inlinable @inline(__always)
  public static func acosh(_ x: Vector8) -> Vector8 { lanewise(x) { Foundation.acosh($0) } }

  /// Inverse hyperbolic tangent; ±∞ at ±1, NaN outside.
  @inlinable @inline(__always)
  public static func atanh(_ x: Vector8) -> Vector8 { lanewise(x) { Foundation.atanh($0) } }
}
