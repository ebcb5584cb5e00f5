import Foundation
import Kernels
import Testing

/// Sums in their fixed order, maxima and log-sum-exp with their ends.
struct ReductionTests {
  static let lengths = [0, 1, 2, 7, 8, 9, 15, 16, 63, 100, 1000, 1003]

  private func sum(_ n: Int, _ x: (Int) -> Double) -> Double {
    var p = [Double](repeating: 0, count: 8)
    for i in 0..<n { p[i % 8] += x(i) }
    return ((p[0] + p[4]) + (p[2] + p[6])) + ((p[1] + p[5]) + (p[3] + p[7]))
  }

  @Test(arguments: lengths)
  func sumsHaveTheFixedOrderOnEveryNumberOfLanes(n: Int) {
    for lanes in [1, 2, 4, 8] {
      let x = Grid(random: 20, n, lanes, gap: 0)
      let out = Grid(1, lanes)
      Reduction.sumLanes(n, lanes: lanes, x.pointer, out.pointer)
      for w in 0..<lanes {
        #expect(out[0, w] == sum(n) { x[$0, w] })
        #expect(out[0, w] == Reduction.sum(n, x.pointer + w, stride: lanes))
        #expect(lanes > 1 || out[0, 0] == Reduction.sum(n, x.pointer))
      }
      #expect(out.gapsAreUntouched)
    }
  }

  @Test(arguments: lengths)
  func maximaAreThoseOfEveryLane(n: Int) {
    for lanes in [1, 2, 4, 8] {
      let x = Grid(random: 21, n, lanes, gap: 0)
      let out = Grid(1, lanes)
      Reduction.maximumLanes(n, lanes: lanes, x.pointer, out.pointer)
      for w in 0..<lanes {
        let values = (0..<n).map { x[$0, w] }
        #expect(out[0, w] == values.max() ?? -.infinity)
        #expect(lanes > 1 || out[0, 0] == Reduction.maximum(n, x.pointer))
      }
    }
  }

  @Test func aMaximumWithNaNIsNaNInItsLaneOnly() {
    for position in [0, 5, 8, 12] {
      let x = Grid(13, 4, gap: 0) { i, j in Double(i * j) }
      x[position, 2] = .nan
      let out = Grid(1, 4)
      Reduction.maximumLanes(13, lanes: 4, x.pointer, out.pointer)
      #expect(out[0, 2].isNaN)
      #expect((out[0, 0], out[0, 1], out[0, 3]) == (0, 12, 36))
      let one = Grid(1, 13) { _, i in i == position ? .nan : Double(i) }
      #expect(Reduction.maximum(13, one.pointer).isNaN)
    }
  }

  @Test(arguments: lengths)
  func logSumExpIsRightAndEqualOnEveryNumberOfLanes(n: Int) {
    for lanes in [1, 2, 4, 8] {
      let x = Grid(random: 22, n, lanes, gap: 0)
      for i in 0..<n { for w in 0..<lanes { x[i, w] = 40 * x[i, w] + 900 } }
      let out = Grid(1, lanes)
      Reduction.logSumExpLanes(n, lanes: lanes, x.pointer, out.pointer)
      for w in 0..<lanes {
        let alone = Grid(1, n) { _, i in x[i, w] }
        #expect(out[0, w] == Reduction.logSumExp(n, alone.pointer))
        guard n > 0 else { continue }
        let top = (0..<n).map { x[$0, w] }.max() ?? 0
        let expected = top + log((0..<n).reduce(0) { $0 + exp(x[$1, w] - top) })
        // Value near 1000: one unit in its last place is 1.1e-13; sum and logarithm add a few 1e-16.
        #expect(abs(out[0, w] - expected) <= 1.2e-13)
      }
    }
  }

  @Test func logSumExpAtItsEnds() {
    let inf = Double.infinity
    let cases: [([Double], Double)] = [
      ([], -inf), ([-inf], -inf), ([-inf, -inf, -inf], -inf), ([inf, 0], inf), ([inf, inf, -inf], inf), ([3], 3), ([-inf, 2], 2),
      ([-1000, -inf, -1000], -1000 + log(2)),
    ]
    for (values, expected) in cases {
      #expect(
        values.withUnsafeBufferPointer { Reduction.logSumExp(values.count, $0.baseAddress ?? UnsafePointer(Grid(1, 1).pointer)) }
          == expected)
    }
    let spoiled = Grid(1, 3) { _, i in i == 1 ? .nan : 1 }
    #expect(Reduction.logSumExp(3, spoiled.pointer).isNaN)
  }
}
