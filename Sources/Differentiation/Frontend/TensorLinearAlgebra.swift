/// Which triangular system is solved.
public enum TriangularSystem: Sendable {
  /// L X = B.
  case lower
  /// Lᵀ X = B.
  case lowerTransposed
}

extension Tensor {
  /// Labels of a contraction: those given for the visible axes, and one for each plate.
  private func labels(_ visible: [Int], _ all: [PlateAxis]) -> [Int] { visible + plates.map { 100 + all.firstIndex(of: $0)! } }

  fileprivate static func contracted(_ a: Tensor, _ la: [Int], _ b: Tensor, _ lb: [Int], _ out: [Int]) -> Tensor {
    let all = PlateAxis.union([a.plates, b.plates])
    if let sentence = PlateAxis.excess(all) { return .mistake("the product \(sentence)", shape: [], from: [a, b]) }
    return Tensor(
      .contract(a.node, b.node, Contraction(a.labels(la, all), b.labels(lb, all), out + all.indices.map { 100 + $0 })), plates: all)
  }

  /// The operands as nodes with the plates of both.
  fileprivate static func joined(_ operands: [Tensor]) -> (nodes: [Node], plates: [PlateAxis]) {
    let all = PlateAxis.union(operands.map(\.plates))
    return (operands.map { $0.expanded(to: $0.shape, plates: all) }, all)
  }

  fileprivate var isSquare: Bool { rank == 2 && shape[0] == shape[1] }

  fileprivate func notSquare(_ name: String, shape: [Int]) -> Tensor {
    .mistake("\(name) takes a square matrix, and this has shape \(shapeDescription)", shape: shape, from: [self])
  }
}

/// Σ aᵢ bᵢ of two vectors.
public func dot(_ a: Tensor, _ b: Tensor) -> Tensor {
  guard a.rank == 1, b.rank == 1, a.shape == b.shape else {
    return .mistake(
      "dot takes two vectors of one length, not shapes \(a.shapeDescription) and \(b.shapeDescription)", shape: [], from: [a, b])
  }
  return .contracted(a, [0], b, [0], [])
}

/// The product of matrices [n, k]·[k, m], of a matrix and a vector [n, k]·[k], of a vector and a matrix [k]·[k, m], or of two vectors.
public func matmul(_ a: Tensor, _ b: Tensor) -> Tensor {
  guard (1...2).contains(a.rank), (1...2).contains(b.rank), a.shape.last == b.shape.first else {
    return .mistake(
      "matmul cannot multiply shapes \(a.shapeDescription) and \(b.shapeDescription)",
      shape: Array(a.shape.dropLast() + b.shape.dropFirst()),
      from: [a, b])
  }
  let left = a.rank == 2 ? [0, 1] : [1]
  let right = b.rank == 2 ? [1, 2] : [1]
  return .contracted(a, left, b, right, left.dropLast() + right.dropFirst())
}

/// aᵢ bⱼ of two vectors: [n] and [m] ↦ [n, m].
public func outer(_ a: Tensor, _ b: Tensor) -> Tensor {
  guard a.rank == 1, b.rank == 1 else {
    return .mistake(
      "outer takes two vectors, not shapes \(a.shapeDescription) and \(b.shapeDescription)", shape: a.shape + b.shape, from: [a, b])
  }
  return a.expandingAxis(1) * b
}

/// The lower triangular L with A = L Lᵀ, for A symmetric positive definite [n, n] (the lower triangle is read); NaN where A is not.
public func cholesky(_ a: Tensor) -> Tensor {
  a.isSquare ? Tensor(.linearAlgebra(.cholesky, a.node), plates: a.plates) : a.notSquare("cholesky", shape: a.shape)
}

/// X with L X = B or Lᵀ X = B, for L lower triangular [n, n] and B [n] or [n, k].
public func triangularSolve(_ l: Tensor, _ b: Tensor, _ system: TriangularSystem = .lower) -> Tensor {
  solved("triangularSolve", .triangularSolve(transposed: system == .lowerTransposed), l, b)
}

/// A⁻¹ B for A symmetric positive definite [n, n] and B [n] or [n, k].
public func solve(_ a: Tensor, _ b: Tensor) -> Tensor { solved("solve", .solve, a, b) }

private func solved(_ name: String, _ operation: LinearAlgebraOperation, _ a: Tensor, _ b: Tensor) -> Tensor {
  guard a.isSquare, (1...2).contains(b.rank), b.shape[0] == a.shape[0] else {
    return .mistake(
      "\(name) takes shapes [n, n] and [n] or [n, k], not \(a.shapeDescription) and \(b.shapeDescription)", shape: b.shape, from: [a, b])
  }
  if let sentence = PlateAxis.excess(PlateAxis.union([a.plates, b.plates])) {
    return .mistake("\(name) \(sentence)", shape: b.shape, from: [a, b])
  }
  if b.rank == 1 { return solved(name, operation, a, b.expandingAxis(1)).reshaped(to: b.shape) }
  let (nodes, plates) = Tensor.joined([a, b])
  return Tensor(.linearAlgebra(operation, nodes[0], nodes[1]), plates: plates)
}

/// log det A for A symmetric positive definite [n, n]; NaN where it is not.
public func logDeterminant(_ a: Tensor) -> Tensor {
  a.isSquare ? Tensor(.linearAlgebra(.logDeterminant, a.node), plates: a.plates) : a.notSquare("logDeterminant", shape: [])
}

/// A⁻¹ for A symmetric positive definite [n, n].
public func inverse(_ a: Tensor) -> Tensor {
  a.isSquare ? Tensor(.linearAlgebra(.inverse, a.node), plates: a.plates) : a.notSquare("inverse", shape: a.shape)
}

/// The diagonal of a square matrix.
public func diagonal(_ a: Tensor) -> Tensor {
  a.isSquare ? Tensor(.linearAlgebra(.diagonal, a.node), plates: a.plates) : a.notSquare("diagonal", shape: Array(a.shape.prefix(1)))
}

/// The square matrix with this diagonal and zeros elsewhere.
public func diagonalMatrix(_ v: Tensor) -> Tensor {
  guard v.rank == 1 else {
    return .mistake("diagonalMatrix takes a vector, and this has shape \(v.shapeDescription)", shape: v.shape + v.shape, from: [v])
  }
  return Tensor(.linearAlgebra(.embedDiagonal, v.node), plates: v.plates)
}

/// The matrix with zeros above the diagonal.
public func lowerTriangle(_ a: Tensor) -> Tensor {
  a.isSquare ? Tensor(a.node.lowerTriangle(), plates: a.plates) : a.notSquare("lowerTriangle", shape: a.shape)
}
