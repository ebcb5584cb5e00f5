import Foundation

extension SIMDMath {
  /// erf x = 2/√π ∫₀ˣ e^(−t²) dt.
  @inlinable @inline(__always)
  public static func erf(_ x: Vector8) -> Vector8 { lanewise(x) { Foundation.erf($0) } }

  /// erfc x = 1 − erf x.
  @inlinable @inline(__always)
  public static func erfc(_ x: Vector8) -> Vector8 { lanewise(x) { Foundation.erfc($0) } }

  /// Φ(x), the standard normal distribution function.
  @inlinable @inline(__always)
  public static func normalCDF(_ x: Vector8) -> Vector8 { lanewise(x) { 0.5 * Foundation.erfc(-$0 * 0.5.squareRoot()) } }

  /// log Φ(x).
  @inlinable @inline(__always)
  public static func logNormalCDF(_ x: Vector8) -> Vector8 {
    lanewise(x) {
      if $0 > -5 { return Foundation.log(0.5 * Foundation.erfc(-$0 * 0.5.squareRoot())) }
      var fraction = -$0
      for k in stride(from: 60, to: 0, by: -1) { fraction = -$0 + Double(k) / fraction }
      return -0.5 * $0 * $0 - 0.918938533204672741780 - Foundation.log(fraction)
    }
  }
}
