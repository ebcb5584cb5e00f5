import Foundation

/// The Cholesky factorization A = L Lᵀ of a symmetric positive definite matrix: blocked, left-looking, in place.
///
/// Goals, in order: (1) every element of L is one chain of fused multiply-adds in rising inner index, whatever the blocks; (2) nearly all work in
/// the register block of ``Tile``; (3) little overhead at n ≈ 10. Backward error: |L Lᵀ − A|_ij ≤ (n + 2) 2⁻⁵³ (|L| |L|ᵀ)_ij to first order
/// (Higham, Accuracy and Stability, theorem 10.3). Failure is an outcome, not an error: the number of the first pivot that is not positive.
extension LinearAlgebra {
  /// The number of doubles that ``cholesky(n:_:lda:workspace:)`` needs.
  public static func choleskyWorkspaceSize(n: Int) -> Int {
    (n + 2 * Tile.columns + 1) * Tile.columns
  }

  /// A ← L, lower triangular with positive diagonal, L Lᵀ = A.
  ///
  /// - Parameters:
  ///   - a: n × n; only the lower triangle is read. On success the upper triangle is zero.
  ///   - workspace: ``choleskyWorkspaceSize(n:)`` doubles, contents free.
  /// - Returns: 0, or 1 + i for the first pivot i that is not positive and finite; then the contents of A are unspecified.
  public static func cholesky(n: Int, _ a: UnsafeMutablePointer<Double>, lda: Int, workspace: UnsafeMutablePointer<Double>) -> Int {
    let block = Tile.columns
    let diagonal = workspace
    let square = diagonal + block * block
    let column = square + block * block
    let panel = column + block
    for j in stride(from: 0, to: n, by: block) {
      let width = min(block, n - j)
      if j > 0 { updateColumns(n, j, width, a, lda, panel) }
      let corner = a + j * lda + j
      let failure = factorDiagonal(width, corner, lda, diagonal, column)
      if failure != 0 { return j + failure }
      for i in stride(from: j + block, to: n, by: block) {
        solvePanel(min(block, n - i), corner, lda, a + i * lda + j, square)
      }
    }
    for i in 0..<max(0, n - 1) { (a + i * lda + i + 1).update(repeating: 0, count: n - i - 1) }
    return 0
  }

  /// Columns j ..< j + width from row j down: minus L[·, 0 ..< j] L[j ..< j + width, 0 ..< j]ᵀ. Above the diagonal this leaves numbers
  /// without meaning.
  private static func updateColumns(
    _ n: Int, _ j: Int, _ width: Int, _ a: UnsafeMutablePointer<Double>, _ lda: Int, _ panel: UnsafeMutablePointer<Double>
  ) {
    let unit = TileVector.scalarCount
    let step = roundUp(width, unit)
    for part in stride(from: 0, to: width, by: unit) {
      Packing.transposed(
        depth: j, valid: width - part, source: a + (j + part) * lda, sourceStep: lda, target: panel + part, targetStep: step, sign: .plus)
    }
    if width == Tile.columns {
      updateStrip(TileStrip3.self, n, j, a, lda, panel, step, 0)
      return
    }
    var part = 0
    while part < width {
      let rest = width - part
      if rest >= 2 * unit {
        part += updateStrip(TileStrip2.self, n, j, a, lda, panel, step, part)
      } else if rest >= unit {
        part += updateStrip(TileStrip1.self, n, j, a, lda, panel, step, part)
      } else if rest >= 4 {
        part += updateStrip(TileStripFour.self, n, j, a, lda, panel, step, part)
      } else if rest >= 2 {
        part += updateStrip(TileStripTwo.self, n, j, a, lda, panel, step, part)
      } else {
        part += updateStrip(TileStripOne.self, n, j, a, lda, panel, step, part)
      }
    }
  }

  @inline(__always) @discardableResult
  private static func updateStrip<S: TileStrip>(
    _ strip: S.Type, _ n: Int, _ j: Int, _ a: UnsafeMutablePointer<Double>, _ lda: Int, _ panel: UnsafePointer<Double>, _ step: Int,
    _ part: Int
  ) -> Int {
    var row = j
    while row + Tile.rows <= n {
      Tile.full(
        strip, depth: j, a: a + row * lda, aRow: lda, aStep: 1, b: panel + part, bStep: step, c: a + row * lda + j + part, ldc: lda,
        start: .current, sign: .minus)
      row += Tile.rows
    }
    while row < n {
      Tile.rows1(
        strip, depth: j, a: a + row * lda, aStep: 1, b: panel + part, bStep: step, c: a + row * lda + j + part, start: .current,
        sign: .minus)
      row += 1
    }
    return S.width
  }

  /// Factors one diagonal block by way of a padded copy, column by column.
  ///
  /// - Parameters:
  ///   - square: room for the copy, block × block.
  ///   - column: room for one column of the factor.
  private static func factorDiagonal(
    _ width: Int, _ a: UnsafeMutablePointer<Double>, _ lda: Int, _ square: UnsafeMutablePointer<Double>,
    _ column: UnsafeMutablePointer<Double>
  ) -> Int {
    let unit = TileVector.scalarCount
    if width > 2 * unit { return factorDiagonal(TileStrip3.self, width, a, lda, square, column) }
    if width > unit { return factorDiagonal(TileStrip2.self, width, a, lda, square, column) }
    return factorDiagonal(TileStrip1.self, width, a, lda, square, column)
  }

  @inline(__always)
  private static func factorDiagonal<S: TileStrip>(
    _ strip: S.Type, _ width: Int, _ a: UnsafeMutablePointer<Double>, _ lda: Int, _ square: UnsafeMutablePointer<Double>,
    _ column: UnsafeMutablePointer<Double>
  ) -> Int {
    let step = S.width
    for i in 0..<width {
      S.zero.store(to: square + i * step)
      (square + i * step).update(from: a + i * lda, count: i + 1)
    }
    S.zero.store(to: column)
    for c in 0..<width {
      let pivot = square[c * step + c]
      guard pivot > 0, pivot < .infinity else { return c + 1 }
      let root = pivot.squareRoot()
      let reciprocal = 1 / root
      a[c * lda + c] = root
      column[c] = 0
      for i in c + 1..<max(width, c + 1) {
        let value = square[i * step + c] * reciprocal
        column[i] = value
        a[i * lda + c] = value
      }
      let factor = S(at: column)
      for i in c + 1..<max(width, c + 1) {
        var row = S(at: square + i * step)
        row.add(-column[i], times: factor)
        row.store(to: square + i * step)
      }
    }
    return 0
  }

  /// X ← X L⁻ᵀ for `height` ≤ block rows of a full block column: transposed into `square`, solved there, transposed back.
  private static func solvePanel(
    _ height: Int, _ l: UnsafePointer<Double>, _ ldl: Int, _ x: UnsafeMutablePointer<Double>, _ square: UnsafeMutablePointer<Double>
  ) {
    let unit = TileVector.scalarCount
    let block = Tile.columns
    let step = roundUp(height, unit)
    for part in stride(from: 0, to: height, by: unit) {
      Packing.transposed(
        depth: block, valid: height - part, source: x + part * ldl, sourceStep: ldl, target: square + part, targetStep: step, sign: .plus)
    }
    _ = solveStrip(block, step, l, ldl, .plain, square, step)
    for part in stride(from: 0, to: height, by: unit) {
      if height - part >= unit {
        for first in stride(from: 0, to: block, by: unit) {
          Packing.transposeTile(square + first * step + part, step, x + part * ldl + first, ldl, .plus)
        }
      } else {
        for i in part..<height {
          for c in 0..<block { x[i * ldl + c] = square[c * step + i] }
        }
      }
    }
  }

  /// log |det A| = 2 Σ log l_ii for A = L Lᵀ, in nats, the sum in the fixed order of ``Reduction``; 0 for n = 0.
  public static func logDeterminant(n: Int, cholesky l: UnsafePointer<Double>, ldl: Int) -> Double {
    var partial = Vector8.zero
    for i in 0..<n { partial[i & 7] += log(l[i * ldl + i]) }
    return 2 * Reduction.combine(partial)
  }
}
