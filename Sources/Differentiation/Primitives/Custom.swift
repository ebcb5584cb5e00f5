/// Any Swift code as a node of a graph, with its own derivative: solvers, simulators, external programs.
///
/// Arrays are row-major; `evaluate` must be a pure function. What it throws makes the outputs of that evaluation NaN, and the execution
/// reports the first error.
public protocol CustomNode: Sendable {
  /// Names the node in errors and listings.
  var name: String { get }
  /// The shapes of the outputs for inputs of these shapes; throws a sentence where they do not fit.
  func outputShapes(_ inputShapes: [[Int]]) throws -> [[Int]]
  /// The outputs' values.
  func evaluate(_ inputs: [[Double]]) throws -> [[Double]]
  /// J·t: the outputs' tangents. Needed by forward derivatives.
  func jvp(inputs: [[Double]], outputs: [[Double]], tangents: [[Double]]) throws -> [[Double]]
  /// Jᵀ·c: the inputs' cotangents. Needed by gradients.
  func vjp(inputs: [[Double]], outputs: [[Double]], cotangents: [[Double]]) throws -> [[Double]]
  /// Nodes that compute `vjp` and `jvp` and can be differentiated again; nil where only first derivatives exist.
  var vjpNode: (any CustomNode)? { get }
  var jvpNode: (any CustomNode)? { get }
}

/// Why a custom node could not do what a derivative asked of it.
public struct CustomNodeError: Error, CustomStringConvertible, Sendable {
  public let description: String
  public init(_ description: String) { self.description = description }
}

extension CustomNode {
  public func jvp(inputs: [[Double]], outputs: [[Double]], tangents: [[Double]]) throws -> [[Double]] {
    throw CustomNodeError("custom node '\(name)' has no jvp, which a forward derivative needs")
  }
  public func vjp(inputs: [[Double]], outputs: [[Double]], cotangents: [[Double]]) throws -> [[Double]] {
    throw CustomNodeError("custom node '\(name)' has no vjp, which a gradient needs")
  }
  public var vjpNode: (any CustomNode)? { nil }
  public var jvpNode: (any CustomNode)? { nil }
}

/// A custom node in a graph; two are the same node only if they are one object.
package final class CustomReference: Sendable, Hashable {
  package let node: any CustomNode
  package let outputShapes: [[Int]]
  package init(_ node: any CustomNode, outputShapes: [[Int]]) {
    self.node = node
    self.outputShapes = outputShapes
  }
  package static func == (a: CustomReference, b: CustomReference) -> Bool { a === b }
  package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

/// The derivative of a custom node as a node: inputs, outputs and seeds in; tangents or cotangents out.
private struct CustomDerivative: CustomNode {
  enum Direction { case forward, reverse }
  let base: any CustomNode
  let direction: Direction
  let inputCount: Int
  let outputCount: Int
  var name: String { base.name + (direction == .forward ? ".jvp" : ".vjp") }

  func outputShapes(_ shapes: [[Int]]) -> [[Int]] {
    direction == .reverse ? Array(shapes[..<inputCount]) : Array(shapes[inputCount..<(inputCount + outputCount)])
  }
  func evaluate(_ all: [[Double]]) throws -> [[Double]] {
    let inputs = Array(all[..<inputCount])
    let outputs = Array(all[inputCount..<(inputCount + outputCount)])
    let seeds = Array(all[(inputCount + outputCount)...])
    return switch direction {
    case .forward: try base.jvp(inputs: inputs, outputs: outputs, tangents: seeds)
    case .reverse: try base.vjp(inputs: inputs, outputs: outputs, cotangents: seeds)
    }
  }
}

extension Node {
  package static func custom(_ node: any CustomNode, _ inputs: [Node]) throws -> [Node] {
    let shapes = try node.outputShapes(inputs.map(\.shape))
    return custom(CustomReference(node, outputShapes: shapes), inputs)
  }

  fileprivate static func custom(_ reference: CustomReference, _ inputs: [Node]) -> [Node] {
    let whole = Node(.custom(reference), inputs, shape: [])
    return reference.outputShapes.enumerated().map { Node(.project($0.offset), [whole], shape: $0.element) }
  }
}

extension CustomReference {
  private func derivative(_ whole: Node, seeds: [Node], _ direction: CustomDerivative.Direction) -> [Node] {
    let outputs = outputShapes.enumerated().map { Node(.project($0.offset), [whole], shape: $0.element) }
    let own = direction == .forward ? node.jvpNode : node.vjpNode
    let used =
      own ?? CustomDerivative(base: node, direction: direction, inputCount: whole.inputs.count, outputCount: outputs.count)
    let shapes = direction == .forward ? outputShapes : whole.inputs.map(\.shape)
    return Node.custom(CustomReference(used, outputShapes: shapes), whole.inputs + outputs + seeds)
  }

  func pushforward(_ whole: Node, _ tangents: [Node?]) -> [Node] {
    derivative(whole, seeds: zip(whole.inputs, tangents).map { $1 ?? .fill(0, shape: $0.shape) }, .forward)
  }

  func pullback(_ whole: Node, _ cotangents: [Node?]) -> [Node?] {
    derivative(whole, seeds: zip(outputShapes, cotangents).map { $1 ?? .fill(0, shape: $0) }, .reverse)
  }
}
