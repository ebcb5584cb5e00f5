/// Eight doubles: the unit in which every kernel works.
public typealias Vector8 = SIMD8<Double>

/// a·b + c, fused (one rounding) where the processor named by the build flags has the instruction or the architecture guarantees it,
/// else product and sum: `addingProduct` without the instruction calls libm, 40 times slower.
@inlinable @inline(always)
public func multiplyAdd(_ a: Vector8, _ b: Vector8, _ c: Vector8) -> Vector8 {
  #if CREDENCE_FMA || arch(arm64)
    c.addingProduct(a, b)
  #else
    a * b + c
  #endif
}

/// a·b + c for one number, rounded as ``multiplyAdd(_:_:_:)-vector`` rounds each of its eight.
@inlinable @inline(always)
public func multiplyAdd(_ a: Double, _ b: Double, _ c: Double) -> Double {
  #if CREDENCE_FMA || arch(arm64)
    c.addingProduct(a, b)
  #else
    a * b + c
  #endif
}
