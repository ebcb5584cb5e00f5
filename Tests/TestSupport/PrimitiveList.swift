import Differentiation

/// Every primitive, with inputs on which it is smooth. A new primitive is added here, and all laws run on it.
package enum PrimitiveList {
  private static func range(of operation: UnaryOperation) -> ClosedRange<Double>? {
    switch operation {
    case .log, .squareRoot, .reciprocal, .logGamma, .digamma, .trigamma, .logBesselI0Scaled, .besselRatioMinusOne: 0.3...3
    case .log1p: -0.6...2
    case .asin, .acos: -0.8...0.8
    case .normalQuantile: 0.05...0.95
    case .log1mExp: -3 ... -0.1
    case .absolute: 0.2...2
    case .sign, .floor, .ceiling, .rounded, .isNaN, .stopGradient: nil  // steps: their derivative is zero by convention
    default: -1.5...1.5
    }
  }

  package static let unary: [PrimitiveCase] = UnaryOperation.allCases.compactMap { operation in
    range(of: operation).map { range in PrimitiveCase("\(operation)", [[11]], range) { .unary(operation, $0[0]) } }
  }

  package static let binary: [PrimitiveCase] =
    [BinaryOperation.add, .subtract, .multiply, .divide, .power, .maximum, .minimum, .arcTangent2, .logBeta].map { operation in
      PrimitiveCase("\(operation)", [[3, 5], [3, 5]], 0.3...2) { .binary(operation, $0[0], $0[1]) }
    } + [
      PrimitiveCase("polygamma", [[7]], 0.5...3) { .binary(.polygamma, .fill(1, shape: [7]), $0[0]) },
      PrimitiveCase("select", [[9], [9]]) { .select(.binary(.less, $0[0], .fill(5, shape: [9])), $0[0] * $0[1], .unary(.square, $0[1])) },
    ]

  /// First derivatives only: the second parameter derivative of an incomplete function is not defined here.
  package static let implicit: [PrimitiveCase] = [
    PrimitiveCase("incompleteGammaP", [[6], [6]], 0.5...3, tolerance: 1e-5) { .binary(.incompleteGammaP, $0[0], $0[1]) },
    PrimitiveCase("incompleteGammaQ", [[6], [6]], 0.5...3, tolerance: 1e-5) { .binary(.incompleteGammaQ, $0[0], $0[1]) },
    PrimitiveCase("logIncompleteGammaP", [[6], [6]], 0.5...3, tolerance: 1e-5) { .binary(.logIncompleteGammaP, $0[0], $0[1]) },
    PrimitiveCase("logIncompleteGammaQ", [[6], [6]], 0.5...3, tolerance: 1e-5) { .binary(.logIncompleteGammaQ, $0[0], $0[1]) },
    PrimitiveCase("gammaQuantile", [[6], [6]], 0.5...3, tolerance: 1e-5) { .binary(.gammaQuantile, $0[0], -$0[1]) },
    PrimitiveCase("gammaUpperQuantile", [[6], [6]], 0.5...3, tolerance: 1e-5) { .binary(.gammaUpperQuantile, $0[0], -$0[1]) },
    PrimitiveCase("logIncompleteBeta", [[5], [5], [5]], 0.15...0.85, tolerance: 1e-5) {
      .ternary(.logIncompleteBeta, $0[0] + 1, $0[1] + 1, $0[2])
    },
    PrimitiveCase("betaQuantile", [[5], [5], [5]], 0.15...0.85, tolerance: 1e-5) {
      .ternary(.betaQuantile, $0[0] + 1, $0[1] + 1, -$0[2])
    },
    PrimitiveCase("incompleteBeta", [[5], [5], [5]], 0.15...0.85, tolerance: 1e-5) {
      .ternary(.incompleteBeta, $0[0] + 1, $0[1] + 1, $0[2])
    },
  ]

  package static let structure: [PrimitiveCase] = [
    PrimitiveCase("broadcast", [[4]]) { .unary(.square, $0[0].broadcast(to: [3, 4, 2], axes: [1])) },
    PrimitiveCase("sum all", [[5, 7]]) { Node.unary(.square, $0[0]).total },
    PrimitiveCase("sum outer", [[5, 13]]) { Node.unary(.exp, $0[0]).reduced(.sum, axes: [0]) },
    PrimitiveCase("sum inner", [[5, 13]]) { Node.unary(.exp, $0[0]).reduced(.sum, axes: [1]) },
    PrimitiveCase("sum middle", [[3, 4, 5]]) { Node.unary(.exp, $0[0]).reduced(.sum, axes: [1]) },
    PrimitiveCase("long sum", [[300]]) { Node.unary(.exp, $0[0]).total },
    PrimitiveCase("maximum reduction", [[3, 5]]) { $0[0].reduced(.maximum, axes: [1]) },
    PrimitiveCase("minimum reduction", [[3, 5]]) { $0[0].reduced(.minimum, axes: [0]) },
    PrimitiveCase("reshape", [[3, 4]]) { .unary(.square, $0[0].reshaped(to: [2, 6])) },
    PrimitiveCase("reshape of transpose", [[3, 4]]) { .unary(.exp, $0[0].transposed([1, 0]).reshaped(to: [6, 2])) },
    PrimitiveCase("transpose", [[2, 3, 4]]) { .unary(.exp, $0[0].transposed([2, 0, 1])) },
    PrimitiveCase("slice", [[5, 6]]) { .unary(.square, $0[0].sliced(starts: [1, 2], shape: [3, 3])) },
    PrimitiveCase("pad", [[2, 3]]) { .unary(.exp, $0[0].padded(starts: [1, 1], shape: [4, 5])) },
    PrimitiveCase("concatenate", [[2, 3], [2, 1], [2, 4]]) { .unary(.exp, .concatenate($0, axis: 1)) },
    PrimitiveCase("gather", [[6]]) {
      $0[0].gathered(.constant([5, 0, 0, 3, 2, 5, 1, 1, 1], shape: [9]), axis: 0) * Node.fill(2, shape: [9])
    },
    PrimitiveCase("gather rows", [[4, 3]]) { .unary(.exp, $0[0].gathered(.constant([3, 0, 3, 1], shape: [4]), axis: 0)) },
    PrimitiveCase("gather columns", [[3, 5]]) { .unary(.exp, $0[0].gathered(.constant([4, 0, 4, 1, 2, 2], shape: [6]), axis: 1)) },
    PrimitiveCase("scatter", [[9]]) {
      .unary(.exp, $0[0].scatterAdded(.constant([5, 0, 0, 3, 2, 5, 1, 1, 1], shape: [9]), axis: 0, size: 6))
    },
    PrimitiveCase("scatter rows", [[4, 3]]) { .unary(.exp, $0[0].scatterAdded(.constant([1, 0, 1, 4], shape: [4]), axis: 0, size: 5)) },
    PrimitiveCase("cumulative sum", [[4, 3]]) { .unary(.square, $0[0].cumulativeSum(axis: 0)) },
    PrimitiveCase("reversed cumulative sum", [[7]]) { .unary(.square, $0[0].cumulativeSum(axis: 0, reversed: true)) },
    PrimitiveCase("recurrence of log-sums", [[5, 3, 3], [5, 3], [3]]) { .recurrence(.logSumExp, $0[0], $0[1], $0[2]) },
    PrimitiveCase("batched recurrence of log-sums", [[1, 2, 2, 3], [4, 2, 3], [2, 3]]) { .recurrence(.logSumExp, $0[0], $0[1], $0[2]) },
    PrimitiveCase("recurrence weights", [[4, 3, 3], [4, 3], [5, 3]]) { .recurrence(.weights, $0[0], $0[1], $0[2]) },
    PrimitiveCase("batched recurrence weights", [[1, 2, 2, 5], [3, 2, 5], [4, 2, 5]]) { .recurrence(.weights, $0[0], $0[1], $0[2]) },
    PrimitiveCase("linear recurrence", [[4, 3, 3], [4, 3], [3]]) {
      .recurrence(.linear(transposed: false, reversed: false), $0[0], $0[1], $0[2])
    },
    PrimitiveCase("transposed linear recurrence", [[3, 2, 2, 9], [3, 2, 9], [2, 9]]) {
      .recurrence(.linear(transposed: true, reversed: false), $0[0], $0[1], $0[2])
    },
    PrimitiveCase("reversed linear recurrence", [[3, 2, 2, 2], [3, 2, 2], [2, 2]]) {
      .recurrence(.linear(transposed: false, reversed: true), $0[0], $0[1], $0[2])
    },
    PrimitiveCase("transposed and reversed linear recurrence", [[4, 3, 3], [4, 3], [3]]) {
      .recurrence(.linear(transposed: true, reversed: true), $0[0], $0[1], $0[2])
    },
    PrimitiveCase("row and column broadcast", [[3], [20]]) {
      .unary(.exp, $0[0].broadcast(to: [3, 20], axes: [0]) * $0[1].broadcast(to: [3, 20], axes: [1]))
    },
  ]

  package static let products: [PrimitiveCase] = [
    PrimitiveCase("dot", [[17], [17]]) { .dot($0[0], $0[1]) },
    PrimitiveCase("matrix vector", [[3, 5], [5]]) { .contract($0[0], $0[1], Contraction([0, 1], [1], [0])) },
    PrimitiveCase("vector matrix", [[3], [3, 9]]) { .contract($0[0], $0[1], Contraction([0], [0, 1], [1])) },
    PrimitiveCase("matrix product", [[3, 5], [5, 4]]) { .matrixProduct($0[0], $0[1]) },
    PrimitiveCase("large product", [[20, 30], [30, 25]]) { .matrixProduct($0[0], $0[1]) },
    PrimitiveCase("transposed product", [[5, 3], [4, 5]]) { .matrixProduct($0[0], $0[1], transposeFirst: true, transposeSecond: true) },
    PrimitiveCase("product with data", [[6]]) {
      .contract(.constant(PrimitiveLaws.numbers(66, in: -1...1, salt: 3), shape: [6, 11]), $0[0], Contraction([0, 1], [0], [1]))
    },
    PrimitiveCase("product with data rows", [[11]]) {
      .contract(.constant(PrimitiveLaws.numbers(66, in: -1...1, salt: 3), shape: [6, 11]), $0[0], Contraction([0, 1], [1], [0]))
    },
    PrimitiveCase("data times matrix", [[5, 3]]) {
      .matrixProduct(.constant(PrimitiveLaws.numbers(20, in: -1...1, salt: 3), shape: [4, 5]), $0[0])
    },
    PrimitiveCase("matrix times data", [[4, 5]]) {
      .matrixProduct($0[0], .constant(PrimitiveLaws.numbers(15, in: -1...1, salt: 3), shape: [5, 3]))
    },
    PrimitiveCase("batched product", [[2, 3, 4], [3, 2, 4]]) { .matrixProduct($0[0], $0[1]) },
    PrimitiveCase("outer product", [[3], [4]]) { .contract($0[0], $0[1], Contraction([0], [1], [0, 1])) },
  ]

  /// A Aᵀ + 4 I, so that every input gives a positive definite matrix.
  private static func positive(_ a: Node) -> Node {
    let n = a.shape[0]
    var identity = [Double](repeating: 0, count: n * n)
    for i in 0..<n { identity[i * n + i] = 4 }
    return .matrixProduct(a, a, transposeSecond: true) + Node.constant(identity, shape: [n, n]).broadcast(to: a.shape, axes: [0, 1])
  }

  package static let linearAlgebra: [PrimitiveCase] = [
    PrimitiveCase("cholesky", [[4, 4]]) { .linearAlgebra(.cholesky, positive($0[0])) },
    PrimitiveCase("batched cholesky", [[3, 3, 2]]) { .linearAlgebra(.cholesky, positive($0[0])) },
    PrimitiveCase("triangular solve", [[4, 4], [4, 2]]) {
      .linearAlgebra(.triangularSolve(transposed: false), .linearAlgebra(.cholesky, positive($0[0])), $0[1])
    },
    PrimitiveCase("transposed triangular solve", [[4, 4], [4, 2]]) {
      .linearAlgebra(.triangularSolve(transposed: true), .linearAlgebra(.cholesky, positive($0[0])), $0[1])
    },
    PrimitiveCase("cholesky inverse", [[3, 3]]) { .linearAlgebra(.choleskyInverse, .linearAlgebra(.cholesky, positive($0[0]))) },
    PrimitiveCase("diagonal", [[4, 4, 2]]) { .unary(.exp, .linearAlgebra(.diagonal, $0[0])) },
    PrimitiveCase("embedded diagonal", [[4]]) { .unary(.square, .linearAlgebra(.embedDiagonal, $0[0])) },
    PrimitiveCase("log determinant", [[4, 4]]) { .linearAlgebra(.logDeterminant, positive($0[0])) },
    PrimitiveCase("inverse", [[3, 3]]) { .linearAlgebra(.inverse, positive($0[0])) },
    PrimitiveCase("solve", [[4, 4], [4, 1]]) { .linearAlgebra(.solve, positive($0[0]), $0[1]) },
  ]

  package static let loops: [PrimitiveCase] = [
    PrimitiveCase("scan", [[2], [6, 2], [2]]) { x in
      let run = Node.scan(length: 6, initial: [x[0]], elements: [x[1]]) { carry, element in
        let next = Node.unary(.tanh, carry[0] * x[2] + element[0])
        return ([next], [Node.unary(.square, next)])
      }
      return run.results[0].reduced(.sum, axes: [0]) + run.carries[0]
    },
    PrimitiveCase("reversed scan", [[], [5]]) { x in
      let run = Node.scan(length: 5, isReversed: true, initial: [x[0]], elements: [x[1]]) { carry, element in
        ([0.5 * carry[0] + Node.unary(.sin, element[0])], [carry[0] * element[0]])
      }
      return run.results[0] * run.carries[0]
    },
    // A loop of which much need not wait for the step before: a hidden Markov chain, with results beside the recursion.
    PrimitiveCase("scan of log-sum-exp", [[3], [7, 3], [3, 3]]) { x in
      let run = Node.scan(length: 7, initial: [x[0]], elements: [x[1]]) { carry, element in
        let moves = carry[0].broadcast(to: [3, 3], axes: [0]) + x[2]
        let next = logSumExp(moves, axis: 0) + Node.unary(.sin, element[0])
        return ([next], [Node.unary(.exp, next - carry[0]).reduced(.sum, axes: [0]), Node.unary(.tanh, element[0])])
      }
      return run.results[0].reduced(.sum, axes: [0]).broadcast(to: [3], axes: []) + run.carries[0] * run.results[1].reduced(.sum, axes: [0])
    },
    PrimitiveCase("reversed scan of products", [[2], [5, 2], [2, 2]]) { x in
      let run = Node.scan(length: 5, isReversed: true, initial: [x[0]], elements: [x[1]]) { carry, element in
        let next = Node.contract(x[2], carry[0], Contraction([0, 1], [1], [0])) * Node.unary(.exp, element[0])
        return ([next], [carry[0]])
      }
      return run.results[0].reduced(.sum, axes: [0]) * run.carries[0]
    },
  ]

  private static func logSumExp(_ x: Node, axis: Int) -> Node {
    let kept = x.shape.indices.filter { $0 != axis }
    let top = Node.unary(.stopGradient, x.reduced(.maximum, axes: [axis]))
    let exponentials = Node.unary(.exp, x - top.broadcast(to: x.shape, axes: kept))
    return Node.unary(.log, exponentials.reduced(.sum, axes: [axis])) + top
  }

  /// Few elements along several axes, which run as one line of steps.
  package static let small: [PrimitiveCase] = [
    PrimitiveCase("log-sum-exp along rows", [[3, 3], [3]]) { logSumExp($0[0] + $0[1].broadcast(to: [3, 3], axes: [0]), axis: 0) },
    PrimitiveCase("log-sum-exp along columns", [[4, 5]]) { logSumExp($0[0].transposed([1, 0]), axis: 0) },
    PrimitiveCase("sums along outer axes", [[2, 4, 4]]) { Node.unary(.square, $0[0]).reduced(.sum, axes: [0, 2]) },
    PrimitiveCase("sums along the middle axis", [[2, 3, 5]]) { Node.unary(.exp, $0[0].reduced(.sum, axes: [1])) },
    PrimitiveCase("eight numbers of data, repeated", [[8, 3], [3]]) { x in
      let data = Node.constant((0..<8).map { 0.5 + Double($0) }, shape: [8])
      return x[0] * data.broadcast(to: [8, 3], axes: [0]) + x[1].broadcast(to: [8, 3], axes: [1])
    },
    PrimitiveCase("eight numbers of data, repeated often", [[8, 30]]) { x in
      x[0] * Node.constant((0..<8).map { 0.5 + Double($0) }, shape: [8]).broadcast(to: [8, 30], axes: [0])
    },
  ]

  package static let all = unary + binary + structure + products + linearAlgebra + loops + small
}
