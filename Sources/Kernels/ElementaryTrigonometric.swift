import Foundation

extension SIMDMath {
  /// sin x (radians); NaN at ±∞.
  @inlinable @inline(__always)
  public static func sin(_ x: Vector8) -> Vector8 { lanewise(x) { Foundation.sin($0) } }

  /// cos x (radians); NaN at ±∞.
  @inlinable @inline(__always)
  public static func cos(_ x: Vector8) -> Vector8 { lanewise(x) { Foundation.cos($0) } }

  /// tan x (radians); NaN at ±∞.
  @inlinable @inline(__always)
  public static func tan(_ x: Vector8) -> Vector8 { lanewise(x) { Foundation.tan($0) } }

  /// Inverse tangent.
  @inlinable @inline(__always)
  public static func atan(_ x: Vector8) -> Vector8 { lanewise(x) { Foundation.atan($0) } }

  /// Inverse sine; NaN outside [−1, 1].
  @inlinable @inline(__always)
  public static func asin(_ x: Vector8) -> Vector8 { lanewise(x) { Foundation.asin($0) } }

  /// Inverse cosine; NaN outside [−1, 1].
  @inlinable @inline(__always)
  public static func acos(_ x: Vector8) -> Vector8 { lanewise(x) { Foundation.acos($0) } }
}
