/// What a tile does to C.
enum TileStart { case zero, current }
/// The sign of the product that is added.
enum TileSign { case plus, minus }

/// C[rows, strip] (= or +=) ± Σ_p A[·, p] B[p, ·], p rising.
///
/// A[r, p] stands at `a[r * aRow + p * aStep]`, row p of B at `b + p * bStep`, row r of C at `c + r * ldc`.
enum Tile {
  /// Rows of a full tile.
  static var rows: Int { @inline(__always) get { TileVector.scalarCount } }
  /// Columns of a full tile.
  static var columns: Int { @inline(__always) get { 3 * TileVector.scalarCount } }

  @inline(__always)
  static func full<S: TileStrip>(
    _ strip: S.Type, depth: Int, a: UnsafePointer<Double>, aRow: Int, aStep: Int, b: UnsafePointer<Double>, bStep: Int,
    c: UnsafeMutablePointer<Double>, ldc: Int, start: TileStart, sign: TileSign
  ) {
    #if CREDENCE_NARROW || arch(arm64)
      rows4(strip, depth: depth, a: a, aRow: aRow, aStep: aStep, b: b, bStep: bStep, c: c, ldc: ldc, start: start, sign: sign)
    #else
      rows8(strip, depth: depth, a: a, aRow: aRow, aStep: aStep, b: b, bStep: bStep, c: c, ldc: ldc, start: start, sign: sign)
    #endif
  }

  @inline(__always)
  static func rows8<S: TileStrip>(
    _ strip: S.Type, depth: Int, a: UnsafePointer<Double>, aRow: Int, aStep: Int, b: UnsafePointer<Double>, bStep: Int,
    c: UnsafeMutablePointer<Double>, ldc: Int, start: TileStart, sign: TileSign
  ) {
    var r0 = S.zero, r1 = S.zero, r2 = S.zero, r3 = S.zero, r4 = S.zero, r5 = S.zero, r6 = S.zero, r7 = S.zero
    if start == .current {
      r0 = S(at: c)
      r1 = S(at: c + ldc)
      r2 = S(at: c + 2 * ldc)
      r3 = S(at: c + 3 * ldc)
      r4 = S(at: c + 4 * ldc)
      r5 = S(at: c + 5 * ldc)
      r6 = S(at: c + 6 * ldc)
      r7 = S(at: c + 7 * ldc)
    }
    var a = a
    var b = b
    for _ in 0..<depth {
      let row = S(at: b)
      r0.add(sign == .plus ? a[0] : -a[0], times: row)
      r1.add(sign == .plus ? a[aRow] : -a[aRow], times: row)
      r2.add(sign == .plus ? a[2 * aRow] : -a[2 * aRow], times: row)
      r3.add(sign == .plus ? a[3 * aRow] : -a[3 * aRow], times: row)
      r4.add(sign == .plus ? a[4 * aRow] : -a[4 * aRow], times: row)
      r5.add(sign == .plus ? a[5 * aRow] : -a[5 * aRow], times: row)
      r6.add(sign == .plus ? a[6 * aRow] : -a[6 * aRow], times: row)
      r7.add(sign == .plus ? a[7 * aRow] : -a[7 * aRow], times: row)
      a += aStep
      b += bStep
    }
    r0.store(to: c)
    r1.store(to: c + ldc)
    r2.store(to: c + 2 * ldc)
    r3.store(to: c + 3 * ldc)
    r4.store(to: c + 4 * ldc)
    r5.store(to: c + 5 * ldc)
    r6.store(to: c + 6 * ldc)
    r7.store(to: c + 7 * ldc)
  }

  @inline(__always)
  static func rows4<S: TileStrip>(
    _ strip: S.Type, depth: Int, a: UnsafePointer<Double>, aRow: Int, aStep: Int, b: UnsafePointer<Double>, bStep: Int,
    c: UnsafeMutablePointer<Double>, ldc: Int, start: TileStart, sign: TileSign
  ) {
    var r0 = S.zero, r1 = S.zero, r2 = S.zero, r3 = S.zero
    if start == .current {
      r0 = S(at: c)
      r1 = S(at: c + ldc)
      r2 = S(at: c + 2 * ldc)
      r3 = S(at: c + 3 * ldc)
    }
    var a = a
    var b = b
    for _ in 0..<depth {
      let row = S(at: b)
      r0.add(sign == .plus ? a[0] : -a[0], times: row)
      r1.add(sign == .plus ? a[aRow] : -a[aRow], times: row)
      r2.add(sign == .plus ? a[2 * aRow] : -a[2 * aRow], times: row)
      r3.add(sign == .plus ? a[3 * aRow] : -a[3 * aRow], times: row)
      a += aStep
      b += bStep
    }
    r0.store(to: c)
    r1.store(to: c + ldc)
    r2.store(to: c + 2 * ldc)
    r3.store(to: c + 3 * ldc)
  }

  @inline(__always)
  static func rows1<S: TileStrip>(
    _ strip: S.Type, depth: Int, a: UnsafePointer<Double>, aStep: Int, b: UnsafePointer<Double>, bStep: Int,
    c: UnsafeMutablePointer<Double>, start: TileStart, sign: TileSign
  ) {
    var r0 = start == .current ? S(at: c) : S.zero
    var a = a
    var b = b
    for _ in 0..<depth {
      r0.add(sign == .plus ? a[0] : -a[0], times: S(at: b))
      a += aStep
      b += bStep
    }
    r0.store(to: c)
  }
}
