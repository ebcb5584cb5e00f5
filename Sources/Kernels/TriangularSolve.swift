/// Solves with a lower triangular matrix, all right-hand sides at once.
///
/// Every element of a solution is one chain: b_i, minus l_ip x_p by fused multiply-adds in rising p (for L) or falling p (for Lᵀ), times the
/// rounded reciprocal of the diagonal element. The bits of a column depend neither on the other columns nor on their number. Relative backward
/// error of a solve: at most (n + 1) · 2⁻⁵³ per element of L to first order (Higham, Accuracy and Stability, theorem 8.5, one rounding more
/// for the reciprocal).
extension LinearAlgebra {
  /// B ← X with L X = B (plain) or Lᵀ X = B (transposed), in place.
  ///
  /// - Parameters:
  ///   - n: order of L; only its lower triangle is read. A zero on the diagonal gives infinities or NaN as division does.
  ///   - k: number of right-hand sides.
  ///   - b: B, n × k; must not overlap L.
  public static func triangularSolve(
    n: Int, k: Int, _ l: UnsafePointer<Double>, ldl: Int, _ orientation: Orientation, _ b: UnsafeMutablePointer<Double>, ldb: Int
  ) {
    var column = 0
    while column < k {
      column += solveStrip(n, k - column, l, ldl, orientation, b + column, ldb)
    }
  }

  /// As many of `columns` as make one strip; returns their number.
  static func solveStrip(
    _ n: Int, _ columns: Int, _ l: UnsafePointer<Double>, _ ldl: Int, _ orientation: Orientation, _ b: UnsafeMutablePointer<Double>,
    _ ldb: Int
  ) -> Int {
    let unit = TileVector.scalarCount
    if columns >= 3 * unit { return solve(TileStrip3.self, n, l, ldl, orientation, b, ldb) }
    if columns >= 2 * unit { return solve(TileStrip2.self, n, l, ldl, orientation, b, ldb) }
    if columns >= unit { return solve(TileStrip1.self, n, l, ldl, orientation, b, ldb) }
    if columns >= 4 { return solve(TileStripFour.self, n, l, ldl, orientation, b, ldb) }
    if columns >= 2 { return solve(TileStripTwo.self, n, l, ldl, orientation, b, ldb) }
    return solve(TileStripOne.self, n, l, ldl, orientation, b, ldb)
  }

  @inline(__always)
  private static func solve<S: TileStrip>(
    _ strip: S.Type, _ n: Int, _ l: UnsafePointer<Double>, _ ldl: Int, _ orientation: Orientation, _ b: UnsafeMutablePointer<Double>,
    _ ldb: Int
  ) -> Int {
    switch orientation {
    case .plain: solveForward(strip, n, l, ldl, b, ldb)
    case .transposed: solveBackward(strip, n, from: 0, l, ldl, b, ldb)
    }
    return S.width
  }

  /// L X = B for one strip of columns.
  @inline(__always)
  static func solveForward<S: TileStrip>(
    _ strip: S.Type, _ n: Int, _ l: UnsafePointer<Double>, _ ldl: Int, _ x: UnsafeMutablePointer<Double>, _ ldx: Int
  ) {
    let unit = Tile.rows
    var row = 0
    while row < n {
      let height = min(unit, n - row)
      let block = l + row * ldl
      if height == unit && row > 0 {
        Tile.full(
          strip, depth: row, a: block, aRow: ldl, aStep: 1, b: x, bStep: ldx, c: x + row * ldx, ldc: ldx, start: .current, sign: .minus)
      }
      let known = height == unit ? row : 0
      for i in row..<row + height {
        var value = S(at: x + i * ldx)
        for p in known..<i { value.add(-l[i * ldl + p], times: S(at: x + p * ldx)) }
        value.scale(by: 1 / l[i * ldl + i])
        value.store(to: x + i * ldx)
      }
      row += height
    }
  }

  /// Lᵀ X = B for one strip of columns; rows below `first` are left as they were.
  ///
  /// - Parameter first: a multiple of the rows of a tile.
  @inline(__always)
  static func solveBackward<S: TileStrip>(
    _ strip: S.Type, _ n: Int, from first: Int, _ l: UnsafePointer<Double>, _ ldl: Int, _ x: UnsafeMutablePointer<Double>, _ ldx: Int
  ) {
    let unit = Tile.rows
    var end = n
    while end > first {
      let height = end == n && n % unit != 0 ? n % unit : unit
      let row = end - height
      if height == unit && end < n {
        Tile.full(
          strip, depth: n - end, a: l + (n - 1) * ldl + row, aRow: 1, aStep: -ldl, b: x + (n - 1) * ldx, bStep: -ldx, c: x + row * ldx,
          ldc: ldx, start: .current, sign: .minus)
      }
      var i = end - 1
      while i >= row {
        var value = S(at: x + i * ldx)
        var p = end - 1
        while p > i {
          value.add(-l[p * ldl + i], times: S(at: x + p * ldx))
          p -= 1
        }
        value.scale(by: 1 / l[i * ldl + i])
        value.store(to: x + i * ldx)
        i -= 1
      }
      end = row
    }
  }
}
