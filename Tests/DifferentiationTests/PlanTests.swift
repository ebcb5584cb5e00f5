import Differentiation
import TestSupport
import Testing

/// What a plan computes, against plain loops over the same numbers.
@Suite("Plans")
struct PlanTests {
  /// A reduction of `shape` along `axes` by a loop of its own.
  private static func reduce(_ reducer: Reducer, _ x: [Double], _ shape: [Int], _ axes: [Int]) -> [Double] {
    let kept = shape.indices.filter { !axes.contains($0) }
    var results = [Double](
      repeating: reducer == .sum ? 0 : reducer == .maximum ? -.infinity : .infinity, count: kept.reduce(1) { $0 * shape[$1] })
    for (flat, value) in x.enumerated() {
      var rest = flat
      var index = [Int](repeating: 0, count: shape.count)
      for axis in shape.indices.reversed() {
        index[axis] = rest % shape[axis]
        rest /= shape[axis]
      }
      let place = kept.reduce(0) { $0 * shape[$1] + index[$1] }
      switch reducer {
      case .sum: results[place] += value
      case .maximum: results[place] = max(results[place], value)
      case .minimum: results[place] = min(results[place], value)
      }
    }
    return results
  }

  /// Shapes on both sides of the size at which loops become lines of steps, every set of axes, every reducer, every number of lanes.
  @Test(
    "Reductions of small and larger arrays",
    arguments: [
      [3, 3], [8], [2, 4, 4], [5, 7], [31], [33], [3, 11], [9, 3], [2, 3, 5], [140, 3], [37, 3, 3], [2, 21, 5], [50, 16], [3, 40, 2],
    ])
  func reductions(_ shape: [Int]) throws {
    let x = Node.input("x", shape: shape)
    let numbers = PrimitiveLaws.numbers(x.count, in: -2...3, salt: 5)
    for subset in 1..<(1 << shape.count) {
      let axes = shape.indices.filter { subset >> $0 & 1 == 1 }
      for reducer in [Reducer.sum, .maximum, .minimum] {
        let expected = PlanTests.reduce(reducer, numbers.map { 2 * $0 }, shape, axes)
        for lanes in [1, 2, 4, 8] {
          let executor = try Executor(Plan(outputs: [(x + x).reduced(reducer, axes: axes)], inputs: [x], lanes: lanes))
          executor.setInput(0, numbers.flatMap { n in (0..<lanes).map { _ in n } })
          executor.run()
          let found = executor.output(0)
          #expect(found.count == expected.count * lanes)
          #expect(
            zip(found, expected.flatMap { n in (0..<lanes).map { _ in n } }).allSatisfy { abs($0 - $1) <= 1e-13 * max(1, abs($1)) },
            "\(reducer) along \(axes) on \(lanes) lanes")
        }
      }
    }
  }

  @Test("Data of eight elements is not one number repeated", arguments: [1, 2, 4, 8])
  func eightElements(_ lanes: Int) throws {
    let x = Node.input("x", shape: [8, 20])
    let data = Node.constant((0..<8).map(Double.init), shape: [8]).broadcast(to: [8, 20], axes: [0])
    let executor = try Executor(Plan(outputs: [x + data], inputs: [x], lanes: lanes))
    executor.setInput(0, [Double](repeating: 100, count: 160 * lanes))
    executor.run()
    #expect(executor.output(0) == (0..<8).flatMap { row in [Double](repeating: 100 + Double(row), count: 20 * lanes) })
  }

  /// Data and tables stand once for all lanes, the input differs by lane: gathers of both, sums and gradients of long loops, to the bit.
  @Test("Long loops over data: equal bits on every number of lanes", arguments: [1, 37, 919, 920])
  func longLoops(_ length: Int) throws {
    let x = Node.input("x", shape: [11])
    let places = IntTensor((0..<length).map { $0 * $0 % 11 })
    let data = Tensor(PrimitiveLaws.numbers(length, in: -2...3, salt: 7))
    let table = Tensor(PrimitiveLaws.numbers(11, in: -1...1, salt: 8))
    let residual = data - exp(0.3 * Tensor(x))[places] * table[places] + data * Tensor(x)[places]
    let sum = (residual * residual).sum()
    let gradient = try #require(Derivatives.pullback(of: [sum.node], cotangents: [.fill(1)], to: [x])[0])
    let graph = [sum.node, residual.node, gradient]
    let points = (0..<8).map { PrimitiveLaws.numbers(11, in: -2...2, salt: $0) }
    func outputs(_ points: [[Double]]) throws -> [[Double]] {
      let executor = try Executor(Plan(outputs: graph, inputs: [x], lanes: points.count))
      executor.setInput(0, (0..<11).flatMap { i in points.map { $0[i] } })
      executor.run()
      let all = graph.indices.flatMap { executor.output($0) }
      return points.indices.map { lane in stride(from: lane, to: all.count, by: points.count).map { all[$0] } }
    }
    let alone = try points.map { try outputs([$0])[0] }
    for lanes in [2, 4, 8] {
      for first in stride(from: 0, to: 8, by: lanes) {
        #expect(try outputs(Array(points[first..<(first + lanes)])) == Array(alone[first..<(first + lanes)]), "\(lanes) lanes")
      }
    }
  }

  @Test("Indices that are one number, repeated, or in another order", arguments: [1, 2, 4, 8])
  func indicesOfAnyOrder(_ lanes: Int) throws {
    let (rows, columns) = (5, 30)
    let table = Node.input("table", shape: [4])
    let row = Node.input("row", shape: [rows])
    let one = Node.input("one", shape: [])
    let wide = Node.input("wide", shape: [columns, rows])
    let shape = [rows, columns]
    let wideIndices = (0..<(rows * columns)).map { Double($0 * $0 % 4) }
    let cases: [(Node, (Int, Int) -> Int)] = [
      (.fill(2, shape: shape), { _, _ in 2 }),
      (row.broadcast(to: shape, axes: [0]), { i, _ in i % 4 }),
      (one.broadcast(to: shape, axes: []), { _, _ in 3 }),
      (wide.transposed([1, 0]), { i, j in Int(wideIndices[j * rows + i]) }),
    ]
    let inputs = [table, row, one, wide]
    let weights = PrimitiveLaws.numbers(rows * columns, in: -1...1, salt: 3)
    for laned in [[true, false, false, false], [true, true, true, true], [false, true, true, true]] where lanes > 1 || laned[1] {
      let outputs = cases.map { Node.constant(weights, shape: shape) * table.gathered($0.0, axis: 0) }
      let executor = try Executor(Plan(outputs: outputs, inputs: inputs, lanes: lanes, laned: laned))
      let values: [[Double]] = [[1, 2, 3, 4], (0..<rows).map { Double($0 % 4) }, [3], wideIndices]
      for (place, value) in values.enumerated() {
        executor.setInput(place, laned[place] ? value.flatMap { [Double](repeating: $0, count: lanes) } : value)
      }
      executor.run()
      for (place, own) in cases.enumerated() {
        let exact = (0..<rows).flatMap { i in (0..<columns).map { j in weights[i * columns + j] * Double(own.1(i, j) + 1) } }
        let found = executor.output(place)
        let width = found.count / exact.count
        #expect(found == exact.flatMap { [Double](repeating: $0, count: width) }, "case \(place), lanes \(laned)")
      }
    }
  }

  @Test("A carry that no step reads has a value on every lane", arguments: [1, 2, 4, 8])
  func unreadCarries(_ lanes: Int) throws {
    let x = Node.input("x", shape: [3])
    let last = Node.scan(length: 3, initial: [.fill(0)], elements: [x]) { _, item in ([item[0]], []) }.carries[0]
    let executor = try Executor(Plan(outputs: [last], inputs: [x], lanes: lanes))
    executor.setInput(0, (0..<(3 * lanes)).map(Double.init))
    executor.run()
    #expect(executor.output(0) == (0..<lanes).map { Double(2 * lanes + $0) })
  }

  @Test("A plan prints its steps")
  func listing() throws {
    let x = Node.input("x", shape: [8])
    let y = Node.input("y", shape: [8])
    let plan = try Plan(outputs: [(x * y - x).reduced(.sum, axes: [0])], inputs: [x, y])
    #expect(
      plan.listing == """
        #0 line of
        loop [] × 8, 1 lanes, streams b0+0[1] b1+0[1] b4+0[0]
          r0 = multiplySubtract s0 s1 s0
          p0 = reduceSum r0
        """)
  }
}
