import Differentiation
import Foundation
import Modeling
import Networks

/// One flow for the laws: how to record it in n dimensions.
package struct FlowCase: Sendable, CustomStringConvertible {
  package let name: String
  package let dimension: Int
  package let make: @Sendable (Recorder, Int) -> any Flow
  package var description: String { "\(name)[\(dimension)]" }

  /// Every flow, in one, two and five dimensions. A new one is added here, and all laws run on it.
  package static let all: [FlowCase] = [1, 2, 5].flatMap { n in
    makers.map { FlowCase(name: $0.0, dimension: n, make: $0.1) }
  }

  private static let makers: [(String, @Sendable (Recorder, Int) -> any Flow)] = [
    ("reversal", { _, _ in Reversal() }),
    ("diagonal", { p, n in Diagonal(p, "f", dimension: n) }),
    ("triangular", { p, n in Triangular(p, "f", dimension: n) }),
    ("affine coupling, first half", { p, n in AffineCoupling(p, "f", dimension: n, changing: .first, hidden: 6, seed: 1) }),
    ("affine coupling, second half", { p, n in AffineCoupling(p, "f", dimension: n, changing: .second, hidden: 6, seed: 2) }),
    ("spline coupling, first half", { p, n in SplineCoupling(p, "f", dimension: n, changing: .first, bins: 4, hidden: 5, seed: 3) }),
    ("spline coupling, second half", { p, n in SplineCoupling(p, "f", dimension: n, changing: .second, hidden: 5, seed: 4) }),
    ("inverse autoregressive", { p, n in InverseAutoregressive(p, "f", dimension: n, hidden: 7, seed: 5) }),
    ("masked autoregressive", { p, n in MaskedAutoregressive(p, "f", dimension: n, hidden: 7, seed: 6) }),
    ("planar", { p, n in Planar(p, "f", dimension: n, seed: 7) }),
    ("radial", { p, n in Radial(p, "f", dimension: n, seed: 8) }),
    ("Sylvester", { p, n in Sylvester(p, "f", dimension: n, columns: 3, seed: 9) }),
    ("block autoregressive", { p, n in BlockAutoregressive(p, "f", dimension: n, width: 4, seed: 10) }),
  ]
}

/// A flow with parameters away from their start, and what can be asked of it.
private struct RecordedFlow {
  let flow: any Flow
  let dimension: Int
  let inputs: [Node]
  var parameters: [[Double]]

  init(_ law: FlowCase) {
    let recorder = ParameterRecorder()
    flow = law.make(recorder, law.dimension)
    dimension = law.dimension
    inputs = recorder.entries.map(\.input)
    parameters = recorder.entries.enumerated().map { entry, recorded in
      recorded.initial.enumerated().map { $1 + 0.35 * sin(Double(11 * entry + 5 * $0 + 2)) }
    }
  }

  /// Values of outputs at points [n] each, eight at a time; `body` makes them from the point.
  func values(at points: [[Double]], _ body: (Tensor) -> [Tensor]) throws -> [[[Double]]] {
    let place = Node.input("x", shape: [dimension])
    let outputs = body(Tensor(place)).map(\.node)
    let plan = try Plan(outputs: outputs, inputs: inputs + [place], lanes: 8, laned: inputs.map { _ in false } + [true])
    let executor = try Executor(plan)
    for (index, values) in parameters.enumerated() { executor.setInput(index, values) }
    var results: [[[Double]]] = []
    var lanes = [Double](repeating: 0, count: 8 * dimension)
    for first in stride(from: 0, to: points.count, by: 8) {
      for i in 0..<dimension {
        for lane in 0..<8 { lanes[8 * i + lane] = points[min(first + lane, points.count - 1)][i] }
      }
      executor.setInput(inputs.count, lanes)
      executor.run()
      let all = outputs.indices.map { index -> [Double] in
        var copy = [Double](repeating: 0, count: 8 * outputs[index].count)
        executor.copyOutput(index, lanes: 8, to: &copy)
        return copy
      }
      for lane in 0..<min(8, points.count - first) {
        results.append(all.map { values in stride(from: lane, to: values.count, by: 8).map { values[$0] } })
      }
    }
    return results
  }

  /// The sum of a scalar over points, for many of them.
  func sums(_ body: (Tensor) -> Tensor) throws -> ([[Double]]) -> Double {
    let place = Node.input("x", shape: [dimension])
    let executor = try Executor(
      Plan(outputs: [body(Tensor(place)).node], inputs: inputs + [place], lanes: 8, laned: inputs.map { _ in false } + [true]))
    for (index, values) in parameters.enumerated() { executor.setInput(index, values) }
    var lanes = [Double](repeating: 0, count: 8 * dimension)
    var values = [Double](repeating: 0, count: 8)
    return { points in
      var total = 0.0
      for first in stride(from: 0, to: points.count, by: 8) {
        for i in 0..<dimension {
          for lane in 0..<8 { lanes[8 * i + lane] = points[min(first + lane, points.count - 1)][i] }
        }
        executor.setInput(inputs.count, lanes)
        executor.run()
        executor.copyOutput(0, lanes: 8, to: &values)
        for lane in 0..<min(8, points.count - first) { total += values[lane] }
      }
      return total
    }
  }

  func jacobians(at points: [[Double]]) throws -> [(y: [Double], logDeterminant: Double, rows: [[Double]])] {
    let n = dimension
    return try values(at: points) { x in
      let (y, logDeterminant) = flow.forward(x)
      return [y, logDeterminant, jacobian(of: { flow.forward($0).y })(x)]
    }.map { found in (found[0], found[1][0], (0..<n).map { row in Array(found[2][(row * n)..<((row + 1) * n)]) }) }
  }
}

/// What every flow must satisfy; a sentence for every violation.
package enum FlowLaws {
  private static func points(_ n: Int, scale: Double) -> [[Double]] {
    (0..<12).map { point in (0..<n).map { scale * sin(Double(7 * point + 3 * $0 + 1)) } }
  }

  /// log |det| against the log determinant of the Jacobian by differentiation, to 1e-10.
  package static func determinantsAgree(_ law: FlowCase) throws -> [String] {
    let flow = RecordedFlow(law)
    return try [0.5, 2, 6].flatMap { scale in
      try flow.jacobians(at: points(law.dimension, scale: scale)).compactMap { found in
        let truth = logAbsoluteDeterminant(found.rows)
        return abs(found.logDeterminant - truth) <= 1e-10 * (1 + abs(truth))
          ? nil : "log |det| is \(truth), claimed \(found.logDeterminant)"
      }
    }
  }

  /// x = inverse(forward(x)), and the log determinants of both cancel.
  package static func roundTrips(_ law: FlowCase) throws -> [String] {
    let recorded = RecordedFlow(law)
    guard let flow = recorded.flow as? any InvertibleFlow else { return [] }
    return try [0.5, 2, 8].flatMap { scale in
      let all = points(law.dimension, scale: scale)
      return try zip(
        all,
        recorded.values(at: all) { x in
          let (y, ahead) = flow.forward(x)
          let (back, behind) = flow.inverse(y)
          return [back, ahead + behind]
        }
      ).compactMap { x, found in
        let isClose = zip(x, found[0]).allSatisfy { abs($0 - $1) <= 1e-10 * (1 + abs($0)) }
        return isClose && abs(found[1][0]) <= 1e-10
          ? nil : "inverse(forward(\(x))) = \(found[0]), log determinants add up to \(found[1][0])"
      }
    }
  }

  /// Derivatives of y and log |det| by the parameters against central differences.
  package static func gradientsAgree(_ law: FlowCase) throws -> [String] {
    var recorded = RecordedFlow(law)
    let point = points(law.dimension, scale: 1.3)[3]
    func total(_ x: Tensor) -> Tensor {
      let (y, logDeterminant) = recorded.flow.forward(x)
      return (y * Tensor((0..<law.dimension).map { 1 + 0.3 * Double($0) })).sum() + 0.7 * logDeterminant
    }
    let gradients = try recorded.values(at: [point]) { x in
      let nodes = Derivatives.pullback(of: [total(x).node], cotangents: [.fill(1)], to: recorded.inputs)
      return zip(nodes, recorded.inputs).map { Tensor($0 ?? .fill(0, shape: $1.shape)) }
    }[0]
    var problems: [String] = []
    for index in recorded.parameters.indices {
      for k in recorded.parameters[index].indices where k % max(1, recorded.parameters[index].count / 6) == 0 {
        let own = recorded.parameters[index][k]
        let h = 1e-5
        let ends = try [own + h, own - h].map { moved in
          recorded.parameters[index][k] = moved
          return try recorded.values(at: [point]) { [total($0)] }[0][0][0]
        }
        recorded.parameters[index][k] = own
        let numeric = (ends[0] - ends[1]) / (2 * h)
        if !(abs(numeric - gradients[index][k]) <= 1e-7 * (1 + abs(numeric))) {
          problems.append("parameter \(index)[\(k)]: \(gradients[index][k]), by differences \(numeric)")
        }
      }
    }
    return problems
  }

  /// ∫ q(y) dy over a box that holds all but 10⁻¹² of it, with q(y) = N(x) / |det ∂y/∂x| at the x with T(x) = y, by the formula of the inverse or by
  /// Newton's method: a map that is not one to one, or not onto, fails. One and two dimensions.
  package static func integral(_ law: FlowCase) throws -> Double {
    let recorded = RecordedFlow(law)
    let n = law.dimension
    let base = -0.5 * Double(n) * log(2 * Double.pi)
    if let flow = recorded.flow as? any InvertibleFlow {
      // Splines have kinks in their densities and radial flows a cone at their centre, so the grid is fine; splines end at ±5 and so does what they change.
      let isSpline = law.name.hasPrefix("spline")
      let width = n == 1 ? 2e-4 : isSpline ? 0.01 : law.name == "radial" ? 0.02 : 0.1
      let axis = axis(width, end: isSpline ? 8 : 16)
      let density = try recorded.sums { y in
        let (x, logDeterminant) = flow.inverse(y)
        return exp(base - 0.5 * square(x).sum() + logDeterminant)
      }
      var sum = 0.0
      for a in n == 1 ? [0] : axis {
        let row = n == 1 ? axis.map { [$0] } : axis.map { [a, $0] }
        sum += density(row)
      }
      return sum * pow(width, Double(n))
    }
    let width = n == 1 ? 0.005 : 0.1
    let axis = axis(width, end: 16)
    let grid = n == 1 ? axis.map { [$0] } : axis.flatMap { a in axis.map { [a, $0] } }
    var places = grid
    for _ in 0..<60 {
      let found = try recorded.jacobians(at: places)
      var largest = 0.0
      for (k, point) in found.enumerated() {
        let residual = zip(grid[k], point.y).map { $0 - $1 }
        var step = solve(point.rows, residual)
        let length = step.reduce(0) { max($0, abs($1)) }
        largest = max(largest, length)
        if length > 1 { step = step.map { $0 / length } }
        places[k] = zip(places[k], step).map { $0 + $1 }
      }
      if largest < 1e-11 { break }
    }
    let found = try recorded.jacobians(at: places)
    var sum = 0.0
    for (k, point) in found.enumerated() {
      // A y that no x maps to has no density.
      guard zip(point.y, grid[k]).allSatisfy({ abs($0 - $1) < 1e-8 }) else { continue }
      sum += exp(base - 0.5 * places[k].reduce(0) { $0 + $1 * $1 } - point.logDeterminant)
    }
    return sum * pow(width, Double(n))
  }

  private static func axis(_ width: Double, end: Double) -> [Double] {
    stride(from: -end, through: end, by: width).map { $0 + 0.0123 * width }
  }

  private static func solve(_ rows: [[Double]], _ b: [Double]) -> [Double] {
    guard rows.count == 2 else { return [b[0] / rows[0][0]] }
    let det = rows[0][0] * rows[1][1] - rows[0][1] * rows[1][0]
    return [(b[0] * rows[1][1] - b[1] * rows[0][1]) / det, (rows[0][0] * b[1] - rows[1][0] * b[0]) / det]
  }

  private static func logAbsoluteDeterminant(_ rows: [[Double]]) -> Double {
    var a = rows
    var log = 0.0
    for k in a.indices {
      let pivot = (k..<a.count).max { abs(a[$0][k]) < abs(a[$1][k]) } ?? k
      a.swapAt(k, pivot)
      log += Foundation.log(abs(a[k][k]))
      for i in (k + 1)..<max(k + 1, a.count) {
        let factor = a[i][k] / a[k][k]
        for j in k..<a.count { a[i][j] -= factor * a[k][j] }
      }
    }
    return log
  }
}
