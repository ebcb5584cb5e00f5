import Differentiation
import Distributions

/// Runs what is recorded: inputs are variables, so that no shortcut for known data is taken.
package enum Recording {
  /// The values of `body`'s results where its arguments are variables with these values and shapes.
  package static func values(_ inputs: [(values: [Double], shape: [Int])], _ body: ([Tensor]) -> [Tensor]) throws -> [[Double]] {
    let nodes = inputs.map { Node.input("x", shape: $0.shape) }
    return try run(nodes, inputs.map(\.values), body(nodes.map { Tensor($0) }).map(\.node))
  }

  /// The values of the first result, summed over its elements, and its gradient with respect to each argument.
  package static func valueAndGradient(
    _ inputs: [(values: [Double], shape: [Int])], _ body: ([Tensor]) -> Tensor
  ) throws -> (value: Double, gradient: [[Double]]) {
    let nodes = inputs.map { Node.input("x", shape: $0.shape) }
    let total = body(nodes.map { Tensor($0) }).node.total
    let gradient = Derivatives.pullback(of: [total], cotangents: [.fill(1)], to: nodes)
    let outputs = [total] + zip(gradient, nodes).map { $0 ?? .fill(0, shape: $1.shape) }
    let results = try run(nodes, inputs.map(\.values), outputs)
    return (results[0][0], Array(results.dropFirst()))
  }

  private static func run(_ nodes: [Node], _ values: [[Double]], _ outputs: [Node]) throws -> [[Double]] {
    let executor = try Executor(Plan(outputs: outputs, inputs: nodes, lanes: 1, lanedDraws: false))
    for (index, value) in values.enumerated() { value.withUnsafeBufferPointer { executor.setInput(index, $0.baseAddress!) } }
    executor.run()
    return outputs.indices.map { executor.output($0) }
  }

  /// Draws: the values of `body` on one lane under this seed.
  package static func draws(seed: UInt64, _ body: (DrawSource) -> [Tensor]) throws -> [[Double]] {
    let nodes = body(DrawSource()).map(\.node)
    let executor = try Executor(Plan(outputs: nodes, inputs: [], lanes: 1, lanedDraws: false))
    executor.random = RandomContext(seed: seed)
    executor.run()
    return nodes.indices.map { executor.output($0) }
  }
}

/// A distribution whose type is not known: the members that laws need, on plain tensors.
extension Distribution {
  package func density(of value: Tensor) -> Tensor { logDensity(of: Value(drawn: value)) }
  package func draw(using source: DrawSource) -> Tensor { sample(using: source).tensor }
  package func copies(_ count: Int) -> any Distribution { repeated(count) }
}
