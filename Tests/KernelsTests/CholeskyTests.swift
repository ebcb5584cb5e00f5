import Foundation
import Kernels
import Testing

/// Factorization, solves, inverse and derivative: against the defining loops bit by bit, against exact integer cases, and against their error bounds.
struct CholeskyTests {
  static let orders = [0, 1, 2, 3, 5, 7, 8, 9, 10, 16, 23, 24, 25, 31, 48, 50, 63, 73, 96, 101, 130]

  static func factor(_ a: Grid) -> Int {
    let workspace = Workspace(LinearAlgebra.choleskyWorkspaceSize(n: a.rows))
    let status = LinearAlgebra.cholesky(n: a.rows, a.pointer, lda: a.ld, workspace: workspace.pointer)
    #expect(workspace.endIsUntouched)
    return status
  }

  /// A well-conditioned positive definite matrix.
  static func positive(_ n: Int) -> Grid {
    let g = Grid(random: 30, n, n)
    return Grid(n, n) { i, j in (0..<n).reduce(i == j ? Double(n) : 0) { $0 + g[i, $1] * g[j, $1] } }
  }

  /// min(i, j) + 1 = C Cᵀ with C the lower triangle of ones: every step is exact in integers, and so is the inverse (tridiagonal).
  static func steps(_ n: Int) -> Grid { Grid(n, n) { Double(min($0, $1) + 1) } }

  @Test(arguments: orders)
  func factorEqualsThePlainLoopInEveryBit(n: Int) {
    let a = Self.positive(n)
    let expected = Grid(n, n) { _, _ in 0 }
    for j in 0..<n {
      for i in j..<n {
        var sum = a[i, j]
        for p in 0..<j { sum = multiplyAdd(-expected[i, p], expected[j, p], sum) }
        expected[i, j] = i == j ? sum.squareRoot() : sum * (1 / expected[j, j])
      }
    }
    // The upper triangle is not read.
    for i in 0..<n { for j in i + 1..<max(n, i + 1) { a[i, j] = .nan } }
    #expect(Self.factor(a) == 0)
    #expect(a.isIdentical(to: expected))
    #expect(a.gapsAreUntouched)
  }

  @Test(arguments: orders)
  func integerMatrixIsExactThroughout(n: Int) {
    let l = Self.steps(n)
    #expect(Self.factor(l) == 0)
    #expect(l.isIdentical(to: Grid(n, n) { $1 <= $0 ? 1 : 0 }))
    #expect(LinearAlgebra.logDeterminant(n: n, cholesky: l.pointer, ldl: l.ld) == 0)

    let inverse = Grid(n, n)
    let workspace = Workspace(LinearAlgebra.choleskyInverseWorkspaceSize(n: n))
    LinearAlgebra.choleskyInverse(n: n, l.pointer, ldl: l.ld, inverse.pointer, ldo: inverse.ld, workspace: workspace.pointer)
    let expected = Grid(n, n) { i, j in i == j ? (i == n - 1 ? 1 : 2) : abs(i - j) == 1 ? -1 : 0 }
    #expect(inverse.distance(to: expected) == 0)
    #expect(inverse.gapsAreUntouched && workspace.endIsUntouched)
  }

  @Test func nearlySingularMatricesKeepTheBackwardBound() {
    for n in [4, 8, 12] {
      // Hilbert's matrix: condition 1e4, 1e10, 1e16.
      let a = Grid(n, n) { 1 / Double($0 + $1 + 1) }
      let l = a.copy()
      #expect(Self.factor(l) == 0)
      for i in 0..<n {
        for j in 0...i {
          var residual = DoubleDouble(-a[i, j])
          var size = 0.0
          for p in 0...j {
            residual.add(l[i, p], times: l[j, p])
            size += abs(l[i, p] * l[j, p])
          }
          #expect(abs(residual.value) <= Double(n + 2) * 0x1p-53 * size)
        }
      }
    }
  }

  @Test(arguments: orders)
  func failingPivotIsNamed(n: Int) {
    for position in Set([0, n / 3, n / 2, n - 1]) where position >= 0 && position < n {
      for spoiled in [0.0, -1, -.infinity, .nan] {
        let a = Self.steps(n)
        // The pivot of row i is 1 in this matrix; it becomes 1 + spoiled − 1.
        a[position, position] += spoiled - 1
        #expect(Self.factor(a) == position + 1, "order \(n), pivot \(position), \(spoiled)")
      }
    }
  }

  @Test(arguments: orders)
  func solutionsEqualThePlainLoopWhateverTheNumberOfRightHandSides(n: Int) {
    let l = Self.positive(n)
    #expect(Self.factor(l) == 0)
    for orientation in [LinearAlgebra.Orientation.plain, .transposed] {
      for k in [0, 1, 2, 3, 4, 7, 8, 13, 24, 29] {
        let b = Grid(random: 31, n, k, gap: 1)
        let expected = b.copy()
        for column in 0..<k {
          for step in 0..<n {
            let i = orientation == .plain ? step : n - 1 - step
            var sum = expected[i, column]
            for done in 0..<step {
              let p = orientation == .plain ? done : n - 1 - done
              sum = multiplyAdd(-(orientation == .plain ? l[i, p] : l[p, i]), expected[p, column], sum)
            }
            expected[i, column] = sum * (1 / l[i, i])
          }
        }
        LinearAlgebra.triangularSolve(n: n, k: k, l.pointer, ldl: l.ld, orientation, b.pointer, ldb: b.ld)
        #expect(b.isIdentical(to: expected), "order \(n), \(k) right-hand sides, \(orientation)")
        #expect(b.gapsAreUntouched)
      }
    }
  }

  @Test(arguments: orders)
  func inverseTimesMatrixIsTheIdentity(n: Int) {
    let a = Self.positive(n)
    let l = a.copy()
    #expect(Self.factor(l) == 0)
    let inverse = Grid(n, n)
    let workspace = Workspace(LinearAlgebra.choleskyInverseWorkspaceSize(n: n))
    LinearAlgebra.choleskyInverse(n: n, l.pointer, ldl: l.ld, inverse.pointer, ldo: inverse.ld, workspace: workspace.pointer)
    for i in 0..<n {
      for j in 0..<n {
        #expect(inverse[i, j] == inverse[j, i])
        let product = (0..<n).reduce(0.0) { $0 + a[i, $1] * inverse[$1, j] }
        // Condition below 10 by construction (n ≤ eigenvalues ≲ 5 n); the bound is 8 n · 2⁻⁵³ times the condition.
        #expect(abs(product - (i == j ? 1 : 0)) <= 80 * Double(n) * 0x1p-53)
      }
    }
  }

  @Test func logDeterminantOfADiagonal() {
    let l = Grid(20, 20) { $0 == $1 ? exp(Double($0) / 8) : 0 }
    // 2 Σ i/8 over i < 20 = 47.5.
    #expect(abs(LinearAlgebra.logDeterminant(n: 20, cholesky: l.pointer, ldl: l.ld) - 47.5) < 1e-13)
  }

  @Test(arguments: orders)
  func derivativeIsTheTransposeOfTheForwardRule(n: Int) {
    let l = Self.positive(n)
    #expect(Self.factor(l) == 0)
    let gradient = Grid(random: 32, n, n)
    let direction = Grid(random: 33, n, n)
    let perturbation = Grid(n, n) { direction[$0, $1] + direction[$1, $0] }
    // dL = L Φ(L⁻¹ dA L⁻ᵀ), by plain loops.
    let left = perturbation.copy()
    LinearAlgebra.triangularSolve(n: n, k: n, l.pointer, ldl: l.ld, .plain, left.pointer, ldb: left.ld)
    let both = Grid(n, n) { left[$1, $0] }
    LinearAlgebra.triangularSolve(n: n, k: n, l.pointer, ldl: l.ld, .plain, both.pointer, ldb: both.ld)
    var forward = 0.0
    var size = 0.0
    for i in 0..<n {
      for j in 0...i {
        let change = (j...i).reduce(0.0) { $0 + l[i, $1] * both[j, $1] * ($1 == j ? 0.5 : 1) }
        forward += gradient[i, j] * change
        size += abs(gradient[i, j] * change)
      }
    }
    // Only the lower triangles count.
    for i in 0..<n { for j in i + 1..<max(n, i + 1) { (gradient[i, j], l[i, j]) = (.nan, .nan) } }
    let out = Grid(n, n)
    let workspace = Workspace(LinearAlgebra.choleskyGradientWorkspaceSize(n: n))
    LinearAlgebra.choleskyGradient(
      n: n, l.pointer, ldl: l.ld, gradient.pointer, ldg: gradient.ld, out.pointer, ldo: out.ld, workspace: workspace.pointer)
    var reverse = 0.0
    for i in 0..<n {
      for j in 0..<n {
        reverse += out[i, j] * perturbation[i, j]
        #expect(out[i, j] == out[j, i])
      }
    }
    #expect(abs(reverse - forward) <= 1e-12 * (size + 1e-300))
    #expect(out.gapsAreUntouched && workspace.endIsUntouched)
  }
}

/// A sum to twice the precision, for residuals.
struct DoubleDouble {
  private var high: Double
  private var low = 0.0

  init(_ value: Double) { high = value }

  var value: Double { high + low }

  mutating func add(_ a: Double, times b: Double) {
    let product = a * b
    low += (-product).addingProduct(a, b)
    let sum = high + product
    let part = sum - high
    low += (high - (sum - part)) + (product - part)
    high = sum
  }
}
