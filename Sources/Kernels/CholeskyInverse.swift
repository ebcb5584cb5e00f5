/// The inverse of a symmetric positive definite matrix from its Cholesky factor.
extension LinearAlgebra {
  /// The number of doubles that ``choleskyInverse(n:_:ldl:_:ldo:workspace:)`` needs.
  public static func choleskyInverseWorkspaceSize(n: Int) -> Int {
    n * paddedStep(n) + Tile.rows * Tile.columns
  }

  /// The leading dimension of a workspace matrix with n columns: whole strips, and no multiple of 512 bytes, which would map all rows to a few
  /// sets of the cache.
  static func paddedStep(_ n: Int) -> Int {
    let step = roundUp(n, Tile.columns)
    return step % 64 == 0 ? step + TileVector.scalarCount : step
  }

  /// out ← (L Lᵀ)⁻¹ = MᵀM with M = L⁻¹, both triangles, exactly symmetric.
  ///
  /// - Parameters:
  ///   - l: n × n; only the lower triangle is read. Must not overlap `out`.
  ///   - workspace: ``choleskyInverseWorkspaceSize(n:)`` doubles, contents free.
  public static func choleskyInverse(
    n: Int, _ l: UnsafePointer<Double>, ldl: Int, _ out: UnsafeMutablePointer<Double>, ldo: Int, workspace: UnsafeMutablePointer<Double>
  ) {
    let step = paddedStep(n)
    let edge = workspace + n * step
    invertTriangle(n, l, ldl, workspace, step)
    for row in stride(from: 0, to: n, by: Tile.rows) {
      let rows = min(Tile.rows, n - row)
      for column in stride(from: 0, to: row + rows, by: Tile.columns) {
        let columns = min(Tile.columns, n - column)
        let whole = rows == Tile.rows && columns == Tile.columns
        let corner = out + row * ldo + column
        Tile.full(
          TileStrip3.self, depth: n - row, a: workspace + row * step + row, aRow: 1, aStep: step, b: workspace + row * step + column,
          bStep: step, c: whole ? corner : edge, ldc: whole ? ldo : Tile.columns, start: .zero, sign: .plus)
        if !whole {
          for i in 0..<rows { (corner + i * ldo).update(from: edge + i * Tile.columns, count: columns) }
        }
      }
    }
    mirrorLower(n, out, ldo)
  }

  /// M ← L⁻¹, padded with zero columns to whole strips; zero above the diagonal of each strip, without meaning above the strip.
  private static func invertTriangle(
    _ n: Int, _ l: UnsafePointer<Double>, _ ldl: Int, _ m: UnsafeMutablePointer<Double>, _ step: Int
  ) {
    for column in stride(from: 0, to: n, by: Tile.columns) {
      let corner = m + column * step + column
      for i in 0..<n - column {
        TileStrip3.zero.store(to: corner + i * step)
        if i < Tile.columns { corner[i * step + i] = 1 }
      }
      solveForward(TileStrip3.self, n - column, l + column * ldl + column, ldl, corner, step)
    }
  }

  /// a_ij ← a_ji for i < j.
  static func mirrorLower(_ n: Int, _ a: UnsafeMutablePointer<Double>, _ lda: Int) {
    let unit = TileVector.scalarCount
    for row in stride(from: 0, to: n, by: unit) {
      for column in stride(from: 0, to: row, by: unit) where row + unit <= n {
        Packing.transposeTile(a + row * lda + column, lda, a + column * lda + row, lda, .plus)
      }
      for i in row..<min(row + unit, n) {
        for j in (row + unit <= n ? row : 0)..<i { a[j * lda + i] = a[i * lda + j] }
      }
    }
  }
}
