import Differentiation
import Foundation
import TestSupport
import Testing

/// An expression, what is left of it, and the same in plain arithmetic with the number of ulps that the rewriting may cost.
struct PassIdentity: Sendable, CustomTestStringConvertible {
  let name: String
  let build: @Sendable (Node) -> Node
  let listing: String
  let value: @Sendable (Double) -> Double
  let ulps: Double
  var testDescription: String { name }

  init(
    _ name: String, _ build: @escaping @Sendable (Node) -> Node, _ listing: String, _ value: @escaping @Sendable (Double) -> Double,
    _ ulps: Double
  ) {
    self.name = name
    self.build = build
    self.listing = listing
    self.value = value
    self.ulps = ulps
  }
}

/// Each pass by small graphs before and after it: what disappears, what stays, and that no value moves by more than is said.
@Suite("Passes over graphs")
struct PassTests {
  /// The outputs of a plan at these inputs, on one lane.
  private func run(_ plan: Plan, _ inputs: [[Double]]) throws -> [[Double]] {
    let executor = try Executor(plan)
    for (index, values) in inputs.enumerated() { executor.setInput(index, values) }
    executor.run()
    return plan.outputs.indices.map { executor.output($0) }
  }

  /// Equal to so many units in the last place.
  private func near(_ a: Double, _ b: Double, ulps: Double) -> Bool { a == b || abs(a - b) <= ulps * b.ulp }

  // MARK: - Dead nodes

  @Test("dead nodes: what no output needs is left out, the rest keeps its order")
  func deadNodes() throws {
    let x = Node.input("x", shape: [3])
    var graph = Graph(outputs: [Node.unary(.exp, x), Node.unary(.sin, x)])
    // Two more that nobody reads, made from the entry of eˣ.
    var entry = graph.entries[1]
    entry.operation = .unary(.cosh)
    let place = graph.intern(entry)
    entry.operation = .unary(.negate)
    entry.inputs = [place]
    _ = graph.intern(entry)
    #expect(graph.operationCounts == ["input(x)": 1, "exp": 1, "sin": 1, "cosh": 1, "negate": 1])
    let alive = graph.withoutDeadEntries
    #expect(alive.listing == "%0 = input(x) [3]\n%1 = exp %0 [3]\n%2 = sin %0 [3]\nreturn %1 %2")
    #expect(GraphChecker.problems(in: alive).isEmpty)
  }

  @Test("dead nodes: a gradient that is not asked for costs nothing")
  func deadGradients() throws {
    let (x, y) = (Node.input("x", shape: []), Node.input("y", shape: []))
    let value = Node.unary(.exp, x) * Node.unary(.sin, y)
    let gradient = Derivatives.pullback(of: [value], cotangents: [.fill(1)], to: [x, y])
    // ∂/∂x is the value itself; cos y is there only where ∂/∂y is.
    #expect(Graph(outputs: [try #require(gradient[0])]).operationCounts["cos"] == nil)
    #expect(Graph(outputs: gradient.compactMap { $0 }).operationCounts["cos"] == 1)
  }

  // MARK: - Algebraic simplification

  static let table: [PassIdentity] = [
    PassIdentity("x + 0", { $0 + 0.0 }, "return %0", { $0 }, 0),
    PassIdentity("0 − x", { .fill(0, shape: $0.shape) - $0 }, "%1 = negate %0 [5]\nreturn %1", { -$0 }, 0),
    PassIdentity("x · 1", { 1.0 * $0 }, "return %0", { $0 }, 0),
    PassIdentity("x · −1", { -1.0 * $0 }, "%1 = negate %0 [5]\nreturn %1", { -$0 }, 0),
    PassIdentity("x / 1", { $0 / .fill(1, shape: $0.shape) }, "return %0", { $0 }, 0),
    PassIdentity("1 / x", { .fill(1, shape: $0.shape) / $0 }, "%1 = reciprocal %0 [5]\nreturn %1", { 1 / $0 }, 0),
    PassIdentity("x · x", { $0 * $0 }, "%1 = square %0 [5]\nreturn %1", { $0 * $0 }, 0),
    PassIdentity("x²", { .binary(.power, $0, .fill(2, shape: $0.shape)) }, "%1 = square %0 [5]\nreturn %1", { $0 * $0 }, 0),
    PassIdentity("−(−x)", { -(-$0) }, "return %0", { $0 }, 0),
    PassIdentity("log eˣ", { .unary(.log, .unary(.exp, $0)) }, "return %0", { $0 }, 0),
    PassIdentity("|−x|", { .unary(.absolute, -$0) }, "%1 = absolute %0 [5]\nreturn %1", { abs($0) }, 0),
    PassIdentity("(−x)·(−x)", { -$0 * -$0 }, "%1 = square %0 [5]\nreturn %1", { $0 * $0 }, 0),
    // A known divisor is inverted once: one rounding more.
    PassIdentity(
      "x / 3", { $0 / .fill(3, shape: $0.shape) }, "%1 = fill(0.3333333333333333) [5]\n%2 = multiply %0 %1 [5]\nreturn %2", { $0 / 3 }, 1),
    PassIdentity("(x + 1) + 2", { ($0 + 1.0) + 2.0 }, "%1 = fill(3.0) [5]\n%2 = add %0 %1 [5]\nreturn %2", { $0 + 3 }, 0),
    PassIdentity("3 · (2 · x)", { 3 * (2 * $0) }, "%1 = fill(6.0) [5]\n%2 = multiply %0 %1 [5]\nreturn %2", { 6 * $0 }, 0),
    PassIdentity("max(x, x)", { .binary(.maximum, $0, $0) }, "return %0", { $0 }, 0),
  ]

  @Test("simplification of elementwise expressions", arguments: table)
  func simplified(identity: PassIdentity) throws {
    let x = Node.input("x", shape: [5])
    let y = identity.build(x)
    #expect(Graph(outputs: [y]).listing == "%0 = input(x) [5]\n" + identity.listing, "\(identity.name)")
    let values = [0.3, -1.7, 5e10, -3e-5, 7]
    let found = try run(Plan(outputs: [y], inputs: [x]), [values])[0]
    for (value, argument) in zip(found, values) {
      #expect(near(value, identity.value(argument), ulps: identity.ulps), "\(identity.name) at \(argument): \(value)")
    }
  }

  @Test("simplification of sums: what repeats is multiplied, what is known is summed once, numbers stand outside")
  func sums() throws {
    let (s, x) = (Node.input("s", shape: []), Node.input("x", shape: [4]))
    let data = Node.constant([1, 2, 3, 5], shape: [4])
    #expect(
      Graph(outputs: [s.broadcast(to: [4], axes: []).total]).listing
        == "%0 = input(s) []\n%1 = fill(4.0) []\n%2 = multiply %0 %1 []\nreturn %2")
    #expect(
      Graph(outputs: [(2 * x).total]).listing
        == "%0 = input(x) [4]\n%1 = fill(2.0) []\n%2 = sum[0] %0 []\n%3 = multiply %2 %1 []\nreturn %3")
    #expect(Graph(outputs: [(x + data).total]).operationCounts == ["input(x)": 1, "constant": 1, "sum[0]": 2, "add": 1])
    #expect(
      Graph(outputs: [(s.broadcast(to: [4], axes: []) * x).total]).operationCounts == [
        "input(s)": 1, "input(x)": 1, "sum[0]": 1, "multiply": 1,
      ])
    let outputs = [s.broadcast(to: [4], axes: []).total, (2 * x).total, (x + data).total]
    #expect(try run(Plan(outputs: outputs, inputs: [s, x]), [[1.5], [1, 2, 4, 8]]).map { $0[0] } == [6, 30, 26])
  }

  @Test("equal expressions are one node")
  func commonSubexpressions() {
    let x = Node.input("x", shape: [2])
    let twice = Node.unary(.exp, x) * Node.unary(.sin, Node.unary(.exp, x))
    #expect(Graph(outputs: [twice]).operationCounts == ["input(x)": 1, "exp": 1, "sin": 1, "multiply": 1])
  }

  @Test("stops: what stops a derivative is gone from a plan")
  func stops() throws {
    let x = Node.input("x", shape: [3])
    let y = Node.unary(.exp, Node.unary(.stopGradient, x))
    #expect(Graph(outputs: [y]).operationCounts == ["input(x)": 1, "stopGradient": 1, "exp": 1])
    let plan = try Plan(outputs: [y], inputs: [x])
    #expect(plan.graph.operationCounts == ["input(x)": 1, "exp": 1])
    #expect(try run(plan, [[0.5, 1, 2]])[0] == run(Plan(outputs: [Node.unary(.exp, x)], inputs: [x]), [[0.5, 1, 2]])[0])
  }

  @Test("stops: what gives a draw its derivatives is gone from a plan of its value")
  func drawsThatGetDerivatives() throws {
    let (x, u) = (Node.input("x", shape: [3]), Node.input("u", shape: [3]))
    let outputs = [Node.ternary(.betaLogitDraw, x, x, Node.unary(.exp, u)), Node.binary(.studentTDraw, x, Node.unary(.exp, u))]
    let before = Graph(outputs: outputs).operationCounts
    #expect(before == ["input(x)": 1, "input(u)": 1, "exp": 1, "betaLogitDraw": 1, "studentTDraw": 1])
    let plan = try Plan(outputs: outputs, inputs: [x, u])
    #expect(plan.graph.operationCounts["betaLogitDraw"] == nil && plan.graph.operationCounts["studentTDraw"] == nil)
    #expect(try run(plan, [[0.5, 1, 2], [0, 0, 0]]) == [[1, 1, 1], [1, 1, 1]])
  }

  // MARK: - Hoisting

  @Test("hoisting: what depends on data alone is computed when the plan is built")
  func hoisting() throws {
    let x = Node.input("x", shape: [6])
    let data = Node.constant([1, 2, 3, 4, 5, 6.5], shape: [6])
    let known = Node.unary(.logGamma, data + 1) - Node.unary(.log, data)
    let y = x * Node.unary(.exp, known)
    let before = Graph(outputs: [y]).operationCounts
    #expect(before["logGamma"] == 1 && before["exp"] == 1 && before["constant"] == 1)
    let plan = try Plan(outputs: [y], inputs: [x])
    #expect(plan.graph.operationCounts == ["input(x)": 1, "constant": 1, "multiply": 1])
    // The same kernels make the constant: equal bits.
    let factor = try Plan.values(of: [Node.unary(.exp, known)])[0]
    let values = [0.1, 0.2, 0.3, -0.4, 0.5, 0.6]
    #expect(try run(plan, [values])[0] == zip(values, factor).map { $0 * $1 })
  }

  @Test("hoisting: repetition of data stays a view, draws stay draws")
  func hoistingLimits() throws {
    let x = Node.input("x", shape: [1000, 3])
    let row = Node.unary(.exp, .constant([1, 2, 3], shape: [3]))
    let plan = try Plan(outputs: [x * row.broadcast(to: [1000, 3], axes: [1])], inputs: [x])
    #expect(plan.graph.operationCounts == ["input(x)": 1, "constant": 1, "broadcast": 1, "multiply": 1])
    let drawn = try Plan(outputs: [Node.unary(.exp, .draw(.normal, site: 0, shape: [2]))], inputs: [])
    #expect(drawn.graph.operationCounts["exp"] == 1)
  }

  // MARK: - Fusion

  @Test("fusion: a chain of elementwise steps with its sum is one instruction")
  func fusion() throws {
    let (x, y) = (Node.input("x", shape: [37]), Node.input("y", shape: [37]))
    let chain = Node.unary(.sin, Node.unary(.exp, x) - y) / Node.unary(.cosh, y)
    let plan = try Plan(outputs: [chain.total], inputs: [x, y])
    #expect(
      plan.graph.operationCounts == ["input(x)": 1, "input(y)": 1, "exp": 1, "subtract": 1, "sin": 1, "cosh": 1, "divide": 1, "sum[0]": 1])
    #expect(plan.instructionCount == 1)
    // Step by step, each through memory: the same bits for the elements, which have no product and sum to contract.
    let xs = PrimitiveLaws.numbers(37, in: -1...1, salt: 1)
    let ys = PrimitiveLaws.numbers(37, in: -1...1, salt: 2)
    let (a, b) = (Node.input("a", shape: [37]), Node.input("b", shape: [37]))
    let exps = try run(Plan(outputs: [Node.unary(.exp, a)], inputs: [a]), [xs])[0]
    let differences = try run(Plan(outputs: [a - b], inputs: [a, b]), [exps, ys])[0]
    let sines = try run(Plan(outputs: [Node.unary(.sin, a)], inputs: [a]), [differences])[0]
    let cosines = try run(Plan(outputs: [Node.unary(.cosh, a)], inputs: [a]), [ys])[0]
    let quotients = try run(Plan(outputs: [a / b], inputs: [a, b]), [sines, cosines])[0]
    let whole = try Plan(outputs: [chain], inputs: [x, y])
    #expect(whole.instructionCount == 1)
    #expect(try run(whole, [xs, ys])[0] == quotients)
    #expect(try run(plan, [xs, ys])[0][0] == run(Plan(outputs: [a.total], inputs: [a]), [quotients])[0][0])
  }

  @Test("fusion: a product that one sum reads becomes part of it, with one rounding fewer where the processor has the instruction")
  func contraction() throws {
    let (x, y, z) = (Node.input("x", shape: [9]), Node.input("y", shape: [9]), Node.input("z", shape: [9]))
    let plan = try Plan(outputs: [x * y + z], inputs: [x, y, z])
    #expect(plan.instructionCount == 1)
    let (a, b) = (PrimitiveLaws.numbers(9, in: 1...2, salt: 3), PrimitiveLaws.numbers(9, in: 1...2, salt: 4))
    let c = PrimitiveLaws.numbers(9, in: 1...2, salt: 5)
    for (index, value) in try run(plan, [a, b, c])[0].enumerated() {
      #expect(value == a[index] * b[index] + c[index] || value == c[index].addingProduct(a[index], b[index]))
    }
  }

  @Test("fusion: a dot product is a product and a sum in one loop, a matrix product is not")
  func dotProducts() throws {
    let (x, y) = (Node.input("x", shape: [50]), Node.input("y", shape: [50]))
    let dot = try Plan(outputs: [.dot(Node.unary(.exp, x), y)], inputs: [x, y])
    #expect(dot.graph.operationCounts == ["input(x)": 1, "input(y)": 1, "exp": 1, "multiply": 1, "sum[0]": 1])
    #expect(dot.instructionCount == 1)
    let (a, b) = (Node.input("a", shape: [30, 40]), Node.input("b", shape: [40, 50]))
    let product = try Plan(outputs: [.matrixProduct(a, b)], inputs: [a, b])
    #expect(product.graph.entries.count { $0.operation.name.hasPrefix("contract") } == 1)
  }

  // MARK: - Memory plan

  @Test("memory plan: a chain of matrix products needs room for the living values, not for all")
  func memory() throws {
    let n = 40
    let x = Node.input("x", shape: [n, n])
    let factor = Node.constant(PrimitiveLaws.numbers(n * n, in: -0.2...0.2, salt: 6), shape: [n, n])
    var y = x
    for _ in 0..<20 { y = .matrixProduct(factor, y) }
    let plan = try Plan(outputs: [y], inputs: [x])
    let matrix = 8 * n * n
    // The input stays readable, the operand and the result live together, and each buffer is rounded up to whole vectors.
    #expect(plan.workspaceBytes >= 3 * matrix && plan.workspaceBytes <= 3 * matrix + 3 * 128)
    // Values that stay alive to the end have their own room.
    let all = (0..<5).map { Node.unary(.exp, (Double($0) + 0.5) * x) }
    #expect(try Plan(outputs: all, inputs: [x]).workspaceBytes >= 6 * matrix)
    // Reused room changes no bits: product by product, in plans of their own.
    let values = PrimitiveLaws.numbers(n * n, in: -1...1, salt: 7)
    let (a, step) = (Node.input("a", shape: [n, n]), 20)
    let single = try Plan(outputs: [.matrixProduct(factor, a)], inputs: [a])
    var current = values
    for _ in 0..<step { current = try run(single, [current])[0] }
    #expect(try run(plan, [values])[0] == current)
  }

  @Test("memory plan: a value that is read late keeps its room")
  func lateReaders() throws {
    let n = 16
    let x = Node.input("x", shape: [n, n])
    let factor = Node.constant(PrimitiveLaws.numbers(n * n, in: -0.3...0.3, salt: 8), shape: [n, n])
    let early = Node.matrixProduct(factor, x)
    var y = early
    for _ in 0..<6 { y = .matrixProduct(factor, y) }
    let late = Node.matrixProduct(early, y)
    let values = PrimitiveLaws.numbers(n * n, in: -1...1, salt: 9)
    let alone = try run(Plan(outputs: [early, y], inputs: [x]), [values])
    let (a, b) = (Node.input("a", shape: [n, n]), Node.input("b", shape: [n, n]))
    let expected = try run(Plan(outputs: [.matrixProduct(a, b)], inputs: [a, b]), alone)[0]
    #expect(try run(Plan(outputs: [late], inputs: [x]), [values])[0] == expected)
  }
}
