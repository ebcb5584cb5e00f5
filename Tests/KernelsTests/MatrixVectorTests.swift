import Kernels
import Testing

/// Products of a matrix with vectors against their definition, order of additions included.
struct MatrixVectorTests {
  static let sizes: [(Int, Int)] = [
    (0, 5), (5, 0), (1, 1), (3, 7), (8, 8), (9, 64), (17, 131), (70, 3), (2, 200), (20, 1000), (1000, 20), (64, 8), (15, 16),
  ]

  /// Σ xᵢyᵢ as the layout of lanes fixes it: partial sums by i mod 8, then the fixed tree.
  static func dot(_ n: Int, _ x: (Int) -> Double, _ y: (Int) -> Double) -> Double {
    var p = [Double](repeating: 0, count: 8)
    for i in 0..<n { p[i % 8] = multiplyAdd(x(i), y(i), p[i % 8]) }
    return ((p[0] + p[4]) + (p[2] + p[6])) + ((p[1] + p[5]) + (p[3] + p[7]))
  }

  private func expected(
    _ a: Grid, _ orientation: LinearAlgebra.Orientation, _ x: Grid, _ lane: Int, _ y: Grid, _ update: LinearAlgebra.Update
  ) -> [Double] {
    switch orientation {
    case .plain:
      (0..<a.rows).map { d in
        let product = Self.dot(a.columns, { a[d, $0] }, { x[$0, lane] })
        return update == .overwrite ? product : update == .add ? y[d, lane] + product : y[d, lane] - product
      }
    case .transposed:
      (0..<a.columns).map { n in
        var sum = update == .overwrite ? 0 : y[n, lane]
        for d in 0..<a.rows { sum = multiplyAdd(a[d, n], update == .subtract ? -x[d, lane] : x[d, lane], sum) }
        return sum
      }
    }
  }

  @Test(arguments: sizes)
  func equalsItsDefinitionInEveryBitOnEveryNumberOfLanes(rows: Int, columns: Int) {
    let a = Grid(random: 4, rows, columns, gap: 2)
    for orientation in [LinearAlgebra.Orientation.plain, .transposed] {
      let (input, output) = orientation == .plain ? (columns, rows) : (rows, columns)
      for update in [LinearAlgebra.Update.overwrite, .add, .subtract] {
        for lanes in [1, 2, 4, 8] {
          let x = Grid(random: 5, input, lanes, gap: 0)
          let y = Grid(random: 6, output, lanes, gap: 0)
          let old = y.copy()
          LinearAlgebra.multiplyVectorLanes(
            lanes: lanes, rows: rows, columns: columns, a.pointer, lda: a.ld, orientation, x.pointer, y.pointer, update)
          for lane in 0..<lanes {
            let values = expected(a, orientation, x, lane, old, update)
            let same = (0..<output).allSatisfy { y[$0, lane].bitPattern == values[$0].bitPattern }
            #expect(same, "\(rows) × \(columns) \(orientation) \(update), lane \(lane) of \(lanes)")
          }
        }
      }
    }
  }

  @Test(arguments: [0, 1, 7, 8, 9, 100, 1001])
  func dotHasTheFixedOrder(n: Int) {
    let x = Grid(random: 7, 1, n)
    let y = Grid(random: 8, 1, n)
    let expected = Self.dot(n, { x[0, $0] }, { y[0, $0] })
    #expect(LinearAlgebra.dot(n, x.pointer, y.pointer) == expected)
  }
}
