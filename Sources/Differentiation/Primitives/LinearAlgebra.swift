/// Dense linear algebra on the two leading axes; all further axes are a batch.
package enum LinearAlgebraOperation: Hashable, Sendable {
  /// A [n,n,…] symmetric positive definite (the lower triangle is read) ↦ L [n,n,…] lower, A = L Lᵀ. Where A is not positive definite
  /// every element of that L is NaN.
  case cholesky
  /// (L [n,n,…], B [n,k,…]) ↦ X [n,k,…] with L X = B, or Lᵀ X = B when transposed.
  case triangularSolve(transposed: Bool)
  /// L ↦ (L Lᵀ)⁻¹.
  case choleskyInverse
  /// A [n,n,…] ↦ its diagonal [n,…], and the adjoint of that.
  case diagonal, embedDiagonal
  /// log det A [n,n,…] ↦ […], A⁻¹, and A⁻¹ B for symmetric positive definite A. They are expanded into the above when a graph is
  /// finished (`Graph.expand`); standing for themselves until then keeps their derivatives short.
  case logDeterminant, inverse, solve
}

extension Node {
  package static func linearAlgebra(_ operation: LinearAlgebraOperation, _ inputs: Node...) -> Node {
    let a = inputs[0]
    switch operation {
    case .cholesky, .choleskyInverse, .inverse: return Node(.linearAlgebra(operation), inputs, shape: a.shape)
    case .triangularSolve, .solve:
      let b = inputs[1]
      if b.splat == 0 { return b }
      // Linear in B: factors move out, so that equal solves become one.
      if case .unary(.negate) = b.operation { return -linearAlgebra(operation, a, b.inputs[0]) }
      if case .binary(.multiply) = b.operation, let factor = b.inputs[1].splat {
        return factor * linearAlgebra(operation, a, b.inputs[0])
      }
      return Node(.linearAlgebra(operation), inputs, shape: b.shape)
    case .diagonal:
      let shape = Array(a.shape.dropFirst())
      if let value = a.splat { return .fill(value, shape: shape) }
      return Node(.linearAlgebra(operation), inputs, shape: shape)
    case .embedDiagonal:
      if a.splat == 0 { return .fill(0, shape: [a.shape[0]] + a.shape) }
      return Node(.linearAlgebra(operation), inputs, shape: [a.shape[0]] + a.shape)
    case .logDeterminant: return Node(.linearAlgebra(operation), inputs, shape: Array(a.shape.dropFirst(2)))
    }
  }

  /// op(A)·op(B) over the two leading axes with the batch axes in parallel.
  package static func matrixProduct(_ a: Node, _ b: Node, transposeFirst ta: Bool = false, transposeSecond tb: Bool = false) -> Node {
    let batch = Array(3..<(a.shape.count + 1))
    return .contract(
      a, b, Contraction((ta ? [1, 0] : [0, 1]) + batch, (tb ? [2, 1] : [1, 2]) + batch, [0, 2] + batch))
  }

  /// Rows and columns exchanged.
  package var matrixTransposed: Node { transposed([1, 0] + Array(2..<shape.count)) }

  /// The lower triangle times `below`, the diagonal times `diagonal`, zeros above.
  package func lowerTriangle(diagonal: Double = 1) -> Node {
    let n = shape[0]
    var mask = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for j in 0..<i { mask[i * n + j] = 1 }
      mask[i * n + i] = diagonal
    }
    return self * Node.constant(mask, shape: [n, n]).broadcast(to: shape, axes: [0, 1])
  }

  fileprivate var symmetrized: Node { 0.5 * (self + matrixTransposed) }
  fileprivate func scaled(by c: Node) -> Node { self * c.broadcast(to: shape, axes: Array(2..<shape.count)) }
}

extension LinearAlgebraOperation {
  /// The value written with other primitives, or nil for what the executor computes itself.
  func expanded(_ inputs: [Node]) -> Node? {
    switch self {
    case .logDeterminant:
      2 * Node.unary(.log, .linearAlgebra(.diagonal, .linearAlgebra(.cholesky, inputs[0]))).reduced(.sum, axes: [0])
    case .inverse: .linearAlgebra(.choleskyInverse, .linearAlgebra(.cholesky, inputs[0]))
    case .solve:
      { (l: Node) in
        .linearAlgebra(.triangularSolve(transposed: true), l, .linearAlgebra(.triangularSolve(transposed: false), l, inputs[1]))
      }(.linearAlgebra(.cholesky, inputs[0]))
    default: nil
    }
  }

  /// JVP. Cholesky: L̇ = L Φ(L⁻¹ Ȧ L⁻ᵀ), Φ = lower triangle with halved diagonal (Murray 2016, arXiv:1602.07527).
  func pushforward(_ node: Node, _ tangents: [Node?]) -> Node? {
    let zero = { (i: Int) in tangents[i] ?? .fill(0, shape: node.inputs[i].shape) }
    switch self {
    case .cholesky:
      let half = Node.linearAlgebra(.triangularSolve(transposed: false), node, zero(0).symmetrized)
      let both = Node.linearAlgebra(.triangularSolve(transposed: false), node, half.matrixTransposed).matrixTransposed
      return .matrixProduct(node, both.lowerTriangle(diagonal: 0.5))
    case .triangularSolve(let transposed):
      let change = Node.matrixProduct(zero(0).lowerTriangle(), node, transposeFirst: transposed)
      return .linearAlgebra(self, node.inputs[0], zero(1) - change)
    case .choleskyInverse:
      let inner = Node.matrixProduct(zero(0).lowerTriangle(), node.inputs[0], transposeSecond: true)
      return -Node.matrixProduct(.matrixProduct(node, inner + inner.matrixTransposed), node)
    case .diagonal, .embedDiagonal: return .linearAlgebra(self, zero(0))
    case .logDeterminant:
      let inverse = Node.linearAlgebra(.inverse, node.inputs[0])
      return (inverse * zero(0)).reduced(.sum, axes: [0, 1])
    case .inverse: return -Node.matrixProduct(.matrixProduct(node, zero(0).symmetrized), node)
    case .solve: return .linearAlgebra(.solve, node.inputs[0], zero(1) - .matrixProduct(zero(0).symmetrized, node))
    }
  }

  /// VJP; the cotangent of a symmetric matrix is symmetric.
  func pullback(_ node: Node, _ c: Node) -> [Node?] {
    switch self {
    case .cholesky:
      // Ā = sym(L⁻ᵀ Φ(Lᵀ L̄) L⁻¹)
      let inner = Node.matrixProduct(node, c.lowerTriangle(), transposeFirst: true).lowerTriangle(diagonal: 0.5)
      let left = Node.linearAlgebra(.triangularSolve(transposed: true), node, inner)
      return [Node.linearAlgebra(.triangularSolve(transposed: true), node, left.matrixTransposed).symmetrized]
    case .triangularSolve(let transposed):
      let back = Node.linearAlgebra(.triangularSolve(transposed: !transposed), node.inputs[0], c)
      let outer =
        transposed ? Node.matrixProduct(node, back, transposeSecond: true) : Node.matrixProduct(back, node, transposeSecond: true)
      return [-outer.lowerTriangle(), back]
    case .choleskyInverse:
      let inner = Node.matrixProduct(.matrixProduct(node, 2 * c.symmetrized), .matrixProduct(node, node.inputs[0]))
      return [-inner.lowerTriangle()]
    case .diagonal: return [.linearAlgebra(.embedDiagonal, c)]
    case .embedDiagonal: return [.linearAlgebra(.diagonal, c)]
    case .logDeterminant: return [Node.linearAlgebra(.inverse, node.inputs[0]).scaled(by: c)]
    case .inverse: return [-Node.matrixProduct(.matrixProduct(node, c.symmetrized), node)]
    case .solve:
      let back = Node.linearAlgebra(.solve, node.inputs[0], c)
      return [-Node.matrixProduct(back, node, transposeSecond: true).symmetrized, back]
    }
  }
}
