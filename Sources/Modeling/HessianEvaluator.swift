import Differentiation

/// ∇² log p(u) of a compiled model, exact to rounding: the graph of the gradient is differentiated once more along unit vectors, eight columns
/// a replay. What depends on the point alone is computed once for all eight.
package final class HessianEvaluator {
  private static var lanes: Int { 8 }
  private let executor: Executor
  private let blocks: [FlatBlock]
  private let dimension: Int
  /// Room for one block in the input's own order, laned.
  private var staging: [Double]

  /// Throws ``GraphError`` where a second derivative is not defined.
  init(of value: Node, inputs: [Node], blocks: [FlatBlock], dimension: Int) throws {
    let gradients = zip(inputs, Derivatives.pullback(of: [value], cotangents: [.fill(1)], to: inputs)).map { input, gradient in
      gradient ?? .fill(0, shape: input.shape)
    }
    let tangents = inputs.map { Node.input("tangent", shape: $0.shape) }
    let products = zip(inputs, Derivatives.pushforward(of: gradients, along: Array(zip(inputs, tangents))))
    executor = try Executor(
      Plan(
        outputs: products.map { $1 ?? .fill(0, shape: $0.shape) }, inputs: inputs + tangents, lanes: Self.lanes,
        laned: inputs.map { _ in false } + tangents.map { _ in true }))
    self.blocks = blocks
    self.dimension = dimension
    staging = [Double](repeating: 0, count: max(1, blocks.map(\.count).max() ?? 1) * Self.lanes)
  }

  /// Row-major [n][n], symmetric; not finite where the density is not.
  package func hessian(at u: [Double]) -> [Double] {
    for (index, block) in blocks.enumerated() where block.count > 0 {
      for k in 0..<block.count { staging[block.order?[k] ?? k] = u[block.offset + k] }
      staging.withUnsafeBufferPointer { executor.setInput(index, $0.baseAddress!) }
    }
    var result = [Double](repeating: 0, count: dimension * dimension)
    for first in stride(from: 0, to: dimension, by: Self.lanes) { columns(from: first, into: &result) }
    for i in 0..<dimension {
      for j in 0..<i {
        let mean = 0.5 * (result[i * dimension + j] + result[j * dimension + i])
        result[i * dimension + j] = mean
        result[j * dimension + i] = mean
      }
    }
    return result
  }

  /// H e_j for the eight j from `first` on; lanes beyond the last column have a zero vector.
  private func columns(from first: Int, into result: inout [Double]) {
    let lanes = Self.lanes
    for (index, block) in blocks.enumerated() where block.count > 0 {
      for k in 0..<(block.count * lanes) { staging[k] = 0 }
      for k in 0..<block.count where (first..<(first + lanes)).contains(block.offset + k) {
        staging[(block.order?[k] ?? k) * lanes + block.offset + k - first] = 1
      }
      staging.withUnsafeBufferPointer { executor.setInput(blocks.count + index, $0.baseAddress!) }
    }
    executor.run()
    for (index, block) in blocks.enumerated() where block.count > 0 {
      staging.withUnsafeMutableBufferPointer { executor.copyOutput(index, lanes: lanes, to: $0.baseAddress!) }
      for k in 0..<block.count {
        let row = (block.offset + k) * dimension
        for lane in 0..<min(lanes, dimension - first) { result[row + first + lane] = staging[(block.order?[k] ?? k) * lanes + lane] }
      }
    }
  }
}

extension CompiledModel {
  /// The second derivatives of the log density; nil for a body that is re-executed, and where some second derivative is not defined (draws
  /// and incomplete functions by their shape, custom nodes without one).
  package func makeHessian() throws -> HessianEvaluator? {
    if isReexecuted { return nil }
    do {
      return try HessianEvaluator(of: recorded.logJoint, inputs: inputs, blocks: blocks, dimension: dimension)
    } catch is GraphError { return nil }
  }

  /// The same model with the density of its variables themselves over the same unconstrained vectors: log p(x(u), data) without the
  /// Jacobian, which has its maximum where the density of x has it.
  package func withoutJacobian() throws -> CompiledModel {
    var options = Recording.Options()
    options.volume = .constrained
    return try CompiledModel(model, options)
  }
}
