/// Dense linear algebra on row-major doubles. Row i of a matrix with leading dimension `ld` starts at `i * ld`; `ld` is at least the number of
/// columns. No function allocates: what it needs beyond its arguments it takes from a workspace of the size that its twin names.
public enum LinearAlgebra {
  /// op(A): the matrix as it is stored, or its transpose.
  public enum Orientation: Sendable {
    case plain, transposed
  }

  /// What becomes of C: replaced by the product P, C + P, or C − P.
  public enum Update: Sendable {
    case overwrite, add, subtract
  }
}

/// The product of matrices: packed panels, cache blocks, and the register block of ``Tile``.
///
/// Every element is C_ij (or 0) ± Σ_p op(A)_ip op(B)_pj as one chain in rising p, one fused multiply-add a term (product and sum where the
/// build flags promise no fused instruction). Neither block sizes nor shapes change a bit.
extension LinearAlgebra {
  /// Inner length, rows of A and columns of B that are packed at a time: a block of A fits half the second-level cache.
  private static let depthBlock = 256
  private static let rowBlock = 192
  private static let columnBlock = 1536
  /// The most rows of A for which B is not packed.
  private static let unpackedRows = 3 * Tile.rows

  /// The number of doubles that ``multiply(m:n:k:_:lda:_:_:ldb:_:_:ldc:_:workspace:)`` needs for these sizes.
  public static func multiplyWorkspaceSize(m: Int, n: Int, k: Int) -> Int {
    let depth = min(k, depthBlock)
    let rows = roundUp(min(m, rowBlock), Tile.rows)
    let columns = roundUp(min(n, columnBlock), TileVector.scalarCount)
    return depth * (rows + columns) + Tile.rows * Tile.columns
  }

  @inline(__always)
  static func roundUp(_ n: Int, _ unit: Int) -> Int { (n + unit - 1) / unit * unit }

  /// C (m × n) ← op(A) op(B), C + op(A) op(B) or C − op(A) op(B), with op(A) m × k and op(B) k × n.
  ///
  /// - Parameters:
  ///   - a: A, m × k if plain, k × m if transposed. C must not overlap A, B or the workspace.
  ///   - b: B, k × n if plain, n × k if transposed.
  ///   - workspace: ``multiplyWorkspaceSize(m:n:k:)`` doubles, contents free.
  ///
  /// For k = 0 the product is zero. Source of the blocking: Goto and van de Geijn (2008), Anatomy of High-Performance Matrix Multiplication.
  public static func multiply(
    m: Int, n: Int, k: Int, _ a: UnsafePointer<Double>, lda: Int, _ orientationA: Orientation, _ b: UnsafePointer<Double>, ldb: Int,
    _ orientationB: Orientation, _ c: UnsafeMutablePointer<Double>, ldc: Int, _ update: Update, workspace: UnsafeMutablePointer<Double>
  ) {
    if k <= 0 {
      if update == .overwrite { for i in 0..<m { (c + i * ldc).update(repeating: 0, count: n) } }
      return
    }
    let packedA = workspace
    let packedB = packedA + min(k, depthBlock) * roundUp(min(m, rowBlock), Tile.rows)
    let edge = packedB + min(k, depthBlock) * roundUp(min(n, columnBlock), TileVector.scalarCount)
    for column in stride(from: 0, to: n, by: columnBlock) {
      let columns = min(columnBlock, n - column)
      for inner in stride(from: 0, to: k, by: depthBlock) {
        let depth = min(depthBlock, k - inner)
        let start: TileStart = update == .overwrite && inner == 0 ? .zero : .current
        let corner = b + (orientationB == .plain ? inner * ldb + column : column * ldb + inner)
        // Few rows do not repay the copy: whole strips of a plain B are read where they stand.
        let inPlace = orientationB == .plain && m <= unpackedRows ? columns / Tile.columns * Tile.columns : 0
        packColumns(corner, ldb, orientationB, depth, inPlace, columns, packedB)
        for row in stride(from: 0, to: m, by: rowBlock) {
          let rows = min(rowBlock, m - row)
          packRows(
            a + (orientationA == .plain ? row * lda + inner : inner * lda + row), lda, orientationA, depth, rows, packedA,
            update == .subtract ? .minus : .plus)
          multiplyBlock(
            rows, columns, depth, packedA, packedB, inPlace, corner, ldb, c + row * ldc + column, ldc, start, edge)
        }
      }
    }
  }

  /// B's block from column `first` on, as strips of ``Tile/columns`` columns, the last one narrower (a whole number of vectors, padded with zeros).
  private static func packColumns(
    _ b: UnsafePointer<Double>, _ ldb: Int, _ orientation: Orientation, _ depth: Int, _ first: Int, _ columns: Int,
    _ target: UnsafeMutablePointer<Double>
  ) {
    let unit = TileVector.scalarCount
    var column = first
    while column < columns {
      let width = min(Tile.columns, roundUp(columns - column, unit))
      let strip = target + column * depth
      for part in stride(from: 0, to: width, by: unit) {
        let place = column + part
        if orientation == .plain {
          Packing.rows(
            depth: depth, valid: columns - place, source: b + place, sourceStep: ldb, target: strip + part, targetStep: width, sign: .plus)
        } else {
          Packing.transposed(
            depth: depth, valid: columns - place, source: b + place * ldb, sourceStep: ldb, target: strip + part, targetStep: width,
            sign: .plus)
        }
      }
      column += width
    }
  }

  /// A's block as panels of ``Tile/rows`` rows, [depth][rows] each, the last one padded with zeros.
  private static func packRows(
    _ a: UnsafePointer<Double>, _ lda: Int, _ orientation: Orientation, _ depth: Int, _ rows: Int, _ target: UnsafeMutablePointer<Double>,
    _ sign: TileSign
  ) {
    let unit = Tile.rows
    for row in stride(from: 0, to: rows, by: unit) {
      let panel = target + row * depth
      if orientation == .plain {
        Packing.transposed(
          depth: depth, valid: rows - row, source: a + row * lda, sourceStep: lda, target: panel, targetStep: unit, sign: sign)
      } else {
        Packing.rows(depth: depth, valid: rows - row, source: a + row, sourceStep: lda, target: panel, targetStep: unit, sign: sign)
      }
    }
  }

  /// The product of one packed block of A and one of B, whose first `inPlace` columns stand unpacked at `b`.
  private static func multiplyBlock(
    _ rows: Int, _ columns: Int, _ depth: Int, _ packedA: UnsafePointer<Double>, _ packedB: UnsafePointer<Double>, _ inPlace: Int,
    _ b: UnsafePointer<Double>, _ ldb: Int, _ c: UnsafeMutablePointer<Double>, _ ldc: Int, _ start: TileStart,
    _ edge: UnsafeMutablePointer<Double>
  ) {
    var column = 0
    while column < columns {
      let width = min(Tile.columns, roundUp(columns - column, TileVector.scalarCount))
      let strip = column < inPlace ? b + column : packedB + column * depth
      let step = column < inPlace ? ldb : width
      for row in stride(from: 0, to: rows, by: Tile.rows) {
        let panel = packedA + row * depth
        let corner = c + row * ldc + column
        let liveRows = min(Tile.rows, rows - row)
        let liveColumns = min(width, columns - column)
        if liveRows == Tile.rows && liveColumns == width {
          multiplyTile(width, depth, panel, strip, step, corner, ldc, start)
        } else if liveRows == 4 && liveColumns == width && width == Tile.columns {
          Tile.rows4(
            TileStrip3.self, depth: depth, a: panel, aRow: 1, aStep: Tile.rows, b: strip, bStep: step, c: corner, ldc: ldc, start: start,
            sign: .plus)
        } else {
          if start == .current { copy(liveRows, liveColumns, corner, ldc, edge, width) }
          multiplyTile(width, depth, panel, strip, step, edge, width, start)
          copy(liveRows, liveColumns, edge, width, corner, ldc)
        }
      }
      column += width
    }
  }

  @inline(__always)
  private static func copy(
    _ rows: Int, _ columns: Int, _ source: UnsafePointer<Double>, _ sourceStep: Int, _ target: UnsafeMutablePointer<Double>,
    _ targetStep: Int
  ) {
    for i in 0..<rows { (target + i * targetStep).update(from: source + i * sourceStep, count: columns) }
  }

  /// One tile of a packed panel and a strip of `width` columns.
  private static func multiplyTile(
    _ width: Int, _ depth: Int, _ panel: UnsafePointer<Double>, _ strip: UnsafePointer<Double>, _ step: Int,
    _ c: UnsafeMutablePointer<Double>, _ ldc: Int, _ start: TileStart
  ) {
    let unit = TileVector.scalarCount
    if width == 3 * unit {
      Tile.full(
        TileStrip3.self, depth: depth, a: panel, aRow: 1, aStep: unit, b: strip, bStep: step, c: c, ldc: ldc, start: start, sign: .plus)
    } else if width == 2 * unit {
      Tile.full(
        TileStrip2.self, depth: depth, a: panel, aRow: 1, aStep: unit, b: strip, bStep: step, c: c, ldc: ldc, start: start, sign: .plus)
    } else {
      Tile.full(
        TileStrip1.self, depth: depth, a: panel, aRow: 1, aStep: unit, b: strip, bStep: step, c: c, ldc: ldc, start: start, sign: .plus)
    }
  }
}
