import Differentiation
import Foundation

/// One primitive, or a small graph around one, to which every law of differentiation applies.
package struct PrimitiveCase: Sendable, CustomStringConvertible {
  package let name: String
  package let shapes: [[Int]]
  /// Inputs are drawn from this range (elementwise), away from kinks.
  package let range: ClosedRange<Double>
  /// Which inputs to differentiate; others (indices, conditions) are fixed data.
  package let build: @Sendable ([Node]) -> Node
  /// Central differences of functions that are themselves only good to this relative accuracy.
  package let tolerance: Double
  package var description: String { name }

  package init(
    _ name: String, _ shapes: [[Int]], _ range: ClosedRange<Double> = -1.5...1.5, tolerance: Double = 1e-6,
    _ build: @escaping @Sendable ([Node]) -> Node
  ) {
    self.name = name
    self.shapes = shapes
    self.range = range
    self.build = build
    self.tolerance = tolerance
  }
}

/// The laws of DESIGN section 8 for primitives. Each returns a sentence for what is broken, nil where it holds.
package enum PrimitiveLaws {
  /// Numbers in a range that look random and are the same everywhere: fractional parts of multiples of the golden ratio.
  package static func numbers(_ count: Int, in range: ClosedRange<Double>, salt: Int) -> [Double] {
    (0..<count).map { index in
      let x = (Double(index + 1) * 0.6180339887498949 + Double(salt) * 0.7548776662466927).truncatingRemainder(dividingBy: 1)
      return range.lowerBound + x * (range.upperBound - range.lowerBound)
    }
  }

  private struct Setting {
    let inputs: [Node]
    let values: [[Double]]
    let output: Node
    init(_ c: PrimitiveCase, salt: Int = 0) {
      inputs = c.shapes.enumerated().map { .input("x\($0.offset)", shape: $0.element) }
      values = c.shapes.enumerated().map { numbers($1.reduce(1, *), in: c.range, salt: $0 + 7 * salt) }
      output = c.build(inputs)
    }
  }

  /// Evaluates nodes at the values, all lanes equal to lane 0 unless shifted.
  private static func evaluate(_ outputs: [Node], _ inputs: [Node], _ values: [[Double]], lanes: Int = 1) throws -> [[Double]] {
    let executor = try Executor(Plan(outputs: outputs, inputs: inputs, lanes: lanes))
    for (index, value) in values.enumerated() {
      let slot = executor.plan.inputs[index]
      executor.setInput(index, slot.isLaned ? value.flatMap { [Double](repeating: $0, count: lanes) } : value)
    }
    executor.run()
    if let error = executor.firstError { throw error }
    return outputs.indices.map { index in
      let all = executor.output(index)
      return executor.plan.outputs[index].isLaned ? stride(from: lanes - 1, to: all.count, by: lanes).map { all[$0] } : all
    }
  }

  /// The graph passes the checker, and the value has as many elements as its shape says.
  package static func shapeRule(_ c: PrimitiveCase) throws -> String? {
    let s = Setting(c)
    let problems = GraphChecker.problems(in: Graph(outputs: [s.output]))
    if !problems.isEmpty { return problems.joined(separator: " ") }
    let value = try evaluate([s.output], s.inputs, s.values)[0]
    return value.count == s.output.count ? nil : "\(value.count) elements for shape \(s.output.shape)"
  }

  /// Value and gradient have equal bits on 1, 2, 4 and 8 lanes.
  package static func lanes(_ c: PrimitiveCase) throws -> String? {
    let s = Setting(c)
    let weights = Node.constant(numbers(s.output.count, in: -1...1, salt: 99), shape: s.output.shape)
    let outputs = [s.output] + Derivatives.pullback(of: [s.output], cotangents: [weights], to: s.inputs).compactMap { $0 }
    let one = try evaluate(outputs, s.inputs, s.values)
    for lanes in [2, 4, 8] {
      let many = try evaluate(outputs, s.inputs, s.values, lanes: lanes)
      for (index, (a, b)) in zip(one, many).enumerated() where !zip(a, b).allSatisfy({ $0.bitPattern == $1.bitPattern }) {
        return "output \(index) on \(lanes) lanes is \(b) and on one lane \(a)"
      }
    }
    return nil
  }

  /// J·t by the JVP rule agrees with central differences of the value.
  package static func differences(_ c: PrimitiveCase) throws -> String? {
    let s = Setting(c)
    let tangents = s.inputs.enumerated().map { Node.constant(numbers($1.count, in: 0.2...1, salt: 31 + $0), shape: $1.shape) }
    let pushed = Derivatives.pushforward(of: [s.output], along: zip(s.inputs, tangents).map { ($0, $1) })[0]
    let analytic = try evaluate([pushed ?? .fill(0, shape: s.output.shape)], s.inputs, s.values)[0]
    let h = 1e-5
    func shifted(_ sign: Double) throws -> [Double] {
      let moved = try zip(s.values, tangents).map { value, tangent in
        try zip(value, Plan.values(of: [tangent])[0]).map { $0 + sign * h * $1 }
      }
      return try evaluate([s.output], s.inputs, moved)[0]
    }
    let numeric = try zip(shifted(1), shifted(-1)).map { ($0 - $1) / (2 * h) }
    return disagreement(analytic, numeric, c.tolerance, "jvp", "central differences")
  }

  /// ⟨u, J t⟩ = ⟨Jᵀ u, t⟩ to 1e−11 of the size of its terms.
  package static func transposition(_ c: PrimitiveCase) throws -> String? {
    let s = Setting(c)
    let t = s.inputs.enumerated().map { Node.constant(numbers($1.count, in: -1...1, salt: 41 + $0), shape: $1.shape) }
    let u = Node.constant(numbers(s.output.count, in: -1...1, salt: 53), shape: s.output.shape)
    let pushed = Derivatives.pushforward(of: [s.output], along: zip(s.inputs, t).map { ($0, $1) })[0]
    let pulled = Derivatives.pullback(of: [s.output], cotangents: [u], to: s.inputs)
    guard let pushed else { return pulled.allSatisfy { $0 == nil || $0?.splat == 0 } ? nil : "a vjp without a jvp" }
    let left = try evaluate([pushed, u], s.inputs, s.values)
    var terms = zip(left[0], left[1]).map { $0 * $1 }
    let sum = terms.reduce(0, +)
    var other = 0.0
    for (index, bar) in pulled.enumerated() {
      guard let bar else { continue }
      let pair = try evaluate([bar, t[index]], s.inputs, s.values)
      terms += zip(pair[0], pair[1]).map { $0 * $1 }
      other += zip(pair[0], pair[1]).map { $0 * $1 }.reduce(0, +)
    }
    let size = terms.reduce(1e-12) { $0 + abs($1) }
    return abs(sum - other) <= 1e-11 * size ? nil : "⟨u, Jt⟩ = \(sum) and ⟨Jᵀu, t⟩ = \(other)"
  }

  /// The second derivative: differentiating the pulled-back gradient along t agrees with central differences of the gradient.
  package static func secondOrder(_ c: PrimitiveCase) throws -> String? {
    let s = Setting(c)
    let u = Node.constant(numbers(s.output.count, in: -1...1, salt: 53), shape: s.output.shape)
    let t = s.inputs.enumerated().map { Node.constant(numbers($1.count, in: 0.2...1, salt: 61 + $0), shape: $1.shape) }
    let bars = Derivatives.pullback(of: [s.output], cotangents: [u], to: s.inputs)
    for (index, bar) in bars.enumerated() {
      guard let bar else { continue }
      let pushed = Derivatives.pushforward(of: [bar], along: zip(s.inputs, t).map { ($0, $1) })[0]
      let analytic = try evaluate([pushed ?? .fill(0, shape: bar.shape)], s.inputs, s.values)[0]
      let h = 1e-5
      func shifted(_ sign: Double) throws -> [Double] {
        let moved = try zip(s.values, t).map { value, tangent in
          try zip(value, Plan.values(of: [tangent])[0]).map { $0 + sign * h * $1 }
        }
        return try evaluate([bar], s.inputs, moved)[0]
      }
      let numeric = try zip(shifted(1), shifted(-1)).map { ($0 - $1) / (2 * h) }
      if let broken = disagreement(analytic, numeric, 10 * c.tolerance, "second derivative \(index)", "differences of the gradient") {
        return broken
      }
    }
    return nil
  }

  private static func disagreement(_ a: [Double], _ b: [Double], _ tolerance: Double, _ first: String, _ second: String) -> String? {
    let size = zip(a, b).reduce(1e-3) { Swift.max($0, Swift.max(abs($1.0), abs($1.1))) }
    for (index, (x, y)) in zip(a, b).enumerated() where !(abs(x - y) <= tolerance * size) {
      return "\(first) gives \(x) at element \(index), \(second) give \(y)"
    }
    return nil
  }
}
