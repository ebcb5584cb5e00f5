/// The derivative of the Cholesky factorization, in reverse.
extension LinearAlgebra {
  /// The number of doubles that ``choleskyGradient(n:_:ldl:_:ldg:_:ldo:workspace:)`` needs.
  public static func choleskyGradientWorkspaceSize(n: Int) -> Int {
    2 * roundUp(n, TileVector.scalarCount) * paddedStep(n)
  }

  /// out ← Ā = ½ L⁻ᵀ (Φ(LᵀL̄) + Φ(LᵀL̄)ᵀ) L⁻¹, where Φ keeps the lower triangle and halves the diagonal.
  ///
  /// Ā is symmetric: the derivative of f along a symmetric perturbation dA is Σ_ij Ā_ij dA_ij. Source: Murray (2016), Differentiation of the
  /// Cholesky decomposition, equation 10.
  ///
  /// - Parameters:
  ///   - l: L, n × n; only the lower triangle is read.
  ///   - gradient: L̄ = ∂f/∂L, n × n; only the lower triangle counts.
  ///   - out: Ā, n × n, both triangles; overlaps no other argument.
  ///   - workspace: ``choleskyGradientWorkspaceSize(n:)`` doubles, contents free.
  public static func choleskyGradient(
    n: Int, _ l: UnsafePointer<Double>, ldl: Int, _ gradient: UnsafePointer<Double>, ldg: Int, _ out: UnsafeMutablePointer<Double>,
    ldo: Int, workspace: UnsafeMutablePointer<Double>
  ) {
    let step = paddedStep(n)
    let rows = roundUp(n, TileVector.scalarCount)
    let symmetric = workspace
    let transposed = workspace + rows * step
    // Rows and columns of padding are zero, so that whole strips and squares can be worked on.
    for i in 0..<rows {
      let first = i < n ? n : 0
      (symmetric + i * step + first).update(repeating: 0, count: step - first)
    }
    multiplyLower(n, l, ldl, gradient, ldg, symmetric, step)
    mirrorLower(n, symmetric, step)
    for column in stride(from: 0, to: n, by: Tile.columns) {
      solveBackward(TileStrip3.self, n, from: 0, l, ldl, symmetric + column, step)
    }
    for column in stride(from: 0, to: n, by: Tile.columns) {
      transposeStrip(n, column, symmetric, transposed, step)
      solveBackward(TileStrip3.self, n, from: column, l, ldl, transposed + column, step)
    }
    for i in 0..<n {
      for j in 0...i { out[i * ldo + j] = 0.5 * transposed[i * step + j] }
    }
    mirrorLower(n, out, ldo)
  }

  /// The lower triangle of LᵀG: row i is Σ_{p ≥ i} l_pi g_p, p rising.
  private static func multiplyLower(
    _ n: Int, _ l: UnsafePointer<Double>, _ ldl: Int, _ g: UnsafePointer<Double>, _ ldg: Int, _ out: UnsafeMutablePointer<Double>,
    _ step: Int
  ) {
    for row in stride(from: 0, to: n, by: Tile.rows) {
      let end = min(row + Tile.rows, n)
      // Within the block on the diagonal, element by element: what stands above the diagonals of L and G must not count.
      for i in row..<end {
        let target = out + i * step
        target.update(repeating: 0, count: i + 1)
        for p in i..<end {
          addMultiple(i + 1, l[p * ldl + i], g + p * ldg, target)
        }
      }
      if end == n { return }
      var column = 0
      while column < end {
        let a = l + end * ldl + row
        let b = g + end * ldg + column
        let c = out + row * step + column
        if end - column >= Tile.columns {
          column += addBelow(TileStrip3.self, n - end, a, ldl, b, ldg, c, step)
        } else if end - column >= 2 * TileVector.scalarCount {
          column += addBelow(TileStrip2.self, n - end, a, ldl, b, ldg, c, step)
        } else {
          column += addBelow(TileStrip1.self, n - end, a, ldl, b, ldg, c, step)
        }
      }
    }
  }

  /// y ← y + factor · x for n numbers.
  @inline(__always)
  private static func addMultiple(_ n: Int, _ factor: Double, _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>) {
    var j = 0
    while j + TileVector.scalarCount <= n {
      var strip = TileStrip1(at: y + j)
      strip.add(factor, times: TileStrip1(at: x + j))
      strip.store(to: y + j)
      j += TileVector.scalarCount
    }
    while j < n {
      y[j] = multiplyAdd(factor, x[j], y[j])
      j += 1
    }
  }

  @inline(__always)
  private static func addBelow<S: TileStrip>(
    _ strip: S.Type, _ depth: Int, _ l: UnsafePointer<Double>, _ ldl: Int, _ g: UnsafePointer<Double>, _ ldg: Int,
    _ out: UnsafeMutablePointer<Double>, _ step: Int
  ) -> Int {
    Tile.full(strip, depth: depth, a: l, aRow: 1, aStep: ldl, b: g, bStep: ldg, c: out, ldc: step, start: .current, sign: .plus)
    return S.width
  }

  /// Columns `column` ..< `column` + ``Tile/columns`` of Aᵀ from row `column` down.
  private static func transposeStrip(
    _ n: Int, _ column: Int, _ a: UnsafePointer<Double>, _ target: UnsafeMutablePointer<Double>, _ step: Int
  ) {
    let unit = TileVector.scalarCount
    for row in stride(from: column, to: n, by: unit) {
      for part in stride(from: column, to: column + Tile.columns, by: unit) {
        if part < n {
          Packing.transposeTile(a + part * step + row, step, target + row * step + part, step, .plus)
        } else {
          for i in row..<row + unit { (target + i * step + part).update(repeating: 0, count: unit) }
        }
      }
    }
  }
}
