/// The derivative of the Cholesky factorization, in reverse.
extension LinearAlgebra {
  /// The number of doubles that ``choleskyGradient(n:_:ldl:_:ldg:_:ldo:workspace:)`` needs.
  public static func choleskyGradientWorkspaceSize(n: Int) -> Int {
    n * gradientStep(n) + Tile.rows * Tile.columns + Tile.rows * Tile.rows
  }

  private static func gradientStep(_ n: Int) -> Int { roundUp(n, Tile.columns) + TileVector.scalarCount }

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
    let step = gradientStep(n)
    // The padded columns stay zero, so that whole strips can be solved.
    workspace.update(repeating: 0, count: n * step)
    multiplyLower(n, l, ldl, gradient, ldg, workspace, step)
    mirrorLower(n, workspace, step)
    for column in stride(from: 0, to: n, by: Tile.columns) {
      solveBackward(TileStrip3.self, n, from: 0, l, ldl, workspace + column, step)
    }
    transposeInPlace(n, workspace, step)
    for column in stride(from: 0, to: n, by: Tile.columns) {
      solveBackward(TileStrip3.self, n, from: column, l, ldl, workspace + column, step)
    }
    for i in 0..<n {
      for j in 0...i { out[i * ldo + j] = 0.5 * workspace[i * step + j] }
    }
    mirrorLower(n, out, ldo)
  }

  /// The lower triangle of LᵀG.
  private static func multiplyLower(
    _ n: Int, _ l: UnsafePointer<Double>, _ ldl: Int, _ g: UnsafePointer<Double>, _ ldg: Int, _ out: UnsafeMutablePointer<Double>,
    _ step: Int
  ) {
    let edge = out + n * step
    for i in 0..<n {
      for j in 0...i {
        var sum = 0.0
        for p in i..<n { sum = multiplyAdd(l[p * ldl + i], g[p * ldg + j], sum) }
        out[i * step + j] = sum
      }
    }
    _ = edge
  }

  private static func transposeInPlace(_ n: Int, _ a: UnsafeMutablePointer<Double>, _ lda: Int) {
    for i in 0..<n {
      for j in 0..<i { (a[i * lda + j], a[j * lda + i]) = (a[j * lda + i], a[i * lda + j]) }
    }
  }
}
