import Kernels
import Testing

/// Products against the plain triple loop: equal in every bit, because each element is one chain in rising inner index.
struct MatrixMultiplyTests {
  static let sizes: [(Int, Int, Int)] = [
    (0, 3, 2), (3, 0, 2), (3, 2, 0), (1, 1, 1), (2, 3, 4), (7, 9, 5), (8, 24, 16), (9, 25, 17), (16, 23, 300), (20, 128, 200),
    (33, 50, 257),
    (200, 31, 8), (5, 1600, 3),
  ]

  private func reference(
    _ a: Grid, _ ta: LinearAlgebra.Orientation, _ b: Grid, _ tb: LinearAlgebra.Orientation, _ k: Int, _ c: Grid,
    _ update: LinearAlgebra.Update
  ) -> Grid {
    let result = c.copy()
    for i in 0..<c.rows {
      for j in 0..<c.columns {
        var sum = update == .overwrite ? 0 : c[i, j]
        for p in 0..<k {
          let x = ta == .plain ? a[i, p] : a[p, i]
          sum = multiplyAdd(update == .subtract ? -x : x, tb == .plain ? b[p, j] : b[j, p], sum)
        }
        result[i, j] = sum
      }
    }
    return result
  }

  @Test(arguments: sizes)
  func equalsTheTripleLoopInEveryBit(m: Int, n: Int, k: Int) {
    for ta in [LinearAlgebra.Orientation.plain, .transposed] {
      for tb in [LinearAlgebra.Orientation.plain, .transposed] {
        let a = ta == .plain ? Grid(random: 1, m, k) : Grid(random: 1, k, m)
        let b = tb == .plain ? Grid(random: 2, k, n, gap: 1) : Grid(random: 2, n, k, gap: 1)
        for update in [LinearAlgebra.Update.overwrite, .add, .subtract] {
          let c = Grid(random: 3, m, n)
          let expected = reference(a, ta, b, tb, k, c, update)
          let workspace = Workspace(LinearAlgebra.multiplyWorkspaceSize(m: m, n: n, k: k))
          LinearAlgebra.multiply(
            m: m, n: n, k: k, a.pointer, lda: a.ld, ta, b.pointer, ldb: b.ld, tb, c.pointer, ldc: c.ld, update, workspace: workspace.pointer
          )
          #expect(c.isIdentical(to: expected), "\(m) × \(n) × \(k) \(ta) \(tb) \(update)")
          #expect(c.gapsAreUntouched)
          #expect(workspace.endIsUntouched)
        }
      }
    }
  }

  @Test func overwritesWhateverStoodInC() {
    let a = Grid(9, 4) { Double($0 + $1) }
    let b = Grid(4, 11) { Double($0 - $1) }
    let c = Grid(9, 11) { _, _ in .nan }
    let workspace = Workspace(LinearAlgebra.multiplyWorkspaceSize(m: 9, n: 11, k: 4))
    LinearAlgebra.multiply(
      m: 9, n: 11, k: 4, a.pointer, lda: a.ld, .plain, b.pointer, ldb: b.ld, .plain, c.pointer, ldc: c.ld, .overwrite,
      workspace: workspace.pointer)
    // Σ_p (i + p)(p − j) over p < 4.
    for i in 0..<9 {
      for j in 0..<11 { #expect(c[i, j] == Double((0..<4).reduce(0) { $0 + (i + $1) * ($1 - j) })) }
    }
  }
}
