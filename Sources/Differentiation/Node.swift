import Foundation
import Synchronization

/// One value of a recorded computation: a primitive applied to inputs, with the shape of the dense row-major array that it stands for.
///
/// Nodes are immutable and form a directed acyclic graph by reference. `order` rises with creation, so that sorting by it is a
/// topological sort.
package final class Node: Sendable {
  package let operation: Operation
  package let inputs: [Node]
  package let shape: [Int]
  package let order: UInt64
  /// The longest path to a leaf; decides how the node is taken down.
  private let depth: Int
  /// Whether the value depends on data alone: such parts are computed once, when a plan is built.
  package let isData: Bool

  private static let counter = Atomic<UInt64>(0)

  package init(_ operation: Operation, _ inputs: [Node], shape: [Int]) {
    self.operation = operation
    self.inputs = inputs
    self.shape = shape
    self.order = Node.counter.wrappingAdd(1, ordering: .relaxed).newValue
    var depth = 0
    for input in inputs where input.depth >= depth { depth = input.depth + 1 }
    self.depth = depth
    switch operation {
    case .input, .draw, .custom, .invalid: isData = false
    default: isData = inputs.allSatisfy(\.isData)
    }
  }

  /// The number of elements.
  package var count: Int { shape.reduce(1, *) }

  /// The value, if the node is one number repeated.
  package var splat: Double? {
    if case .fill(let bits) = operation { return Double(bitPattern: bits) }
    return nil
  }

  // A chain of 10⁵ nodes released by plain reference counting would recurse 10⁵ deep and overflow a thread's stack. Deep nodes hand
  // their inputs to a queue that the outermost release drains.
  private struct Graveyard {
    var waiting: [Node] = []
    var isDraining = false
  }
  private static let graveyard = Mutex(Graveyard())

  deinit {
    guard depth > 256 else { return }
    let mine = inputs
    let drain = Node.graveyard.withLock { yard in
      yard.waiting.append(contentsOf: mine)
      defer { yard.isDraining = true }
      return !yard.isDraining
    }
    guard drain else { return }
    while true {
      let next: Node? = Node.graveyard.withLock { yard in
        if yard.waiting.isEmpty { yard.isDraining = false }
        return yard.waiting.popLast()
      }
      if next == nil { break }
    }
  }
}

extension Node: Hashable {
  package static func == (a: Node, b: Node) -> Bool { a === b }
  package func hash(into hasher: inout Hasher) { hasher.combine(order) }
}

/// The primitives. Each has one section in one file of `Primitives/` with its shape rule, derivative rules and behaviour at kinks;
/// its value is computed by the executor.
package enum Operation: Hashable, Sendable {
  case input(InputKey)
  case constant(ConstantArray)
  /// One number in every element (bit pattern, so that NaN and −0 are themselves).
  case fill(UInt64)
  case unary(UnaryOperation)
  case binary(BinaryOperation)
  case ternary(TernaryOperation)
  /// Input axis i becomes output axis `axes[i]` (rising); all other output axes repeat.
  case broadcast(axes: [Int])
  case reduce(Reducer, axes: [Int])
  case reshape
  /// Output axis i is input axis `permutation[i]`.
  case transpose([Int])
  case slice(starts: [Int])
  /// The input stands at `starts` in zeros of the node's shape: the adjoint of `slice`.
  case pad(starts: [Int])
  case concatenate(axis: Int)
  /// inputs (x, indices): axis `axis` of x is replaced by the axes of the indices.
  case gather(axis: Int)
  /// inputs (updates, indices): the adjoint of `gather`; equal indices add.
  case scatterAdd(axis: Int)
  case contract(Contraction)
  case cumulativeSum(axis: Int, reversed: Bool)
  case recurrence(Recurrence)
  case linearAlgebra(LinearAlgebraOperation)
  case draw(Draw)
  case scan(ScanBody)
  case custom(CustomReference)
  /// Output `index` of a node with several outputs.
  case project(Int)
  /// A mistake that an operator could not throw (shapes that do not fit): the sentence. Its value is NaN; finishing a graph reports it.
  case invalid(String)
}

/// Names a place that gets its value from outside.
package struct InputKey: Hashable, Sendable {
  package let id: UInt64
  package let name: String
  private static let counter = Atomic<UInt64>(0)
  package init(_ name: String) {
    self.id = InputKey.counter.wrappingAdd(1, ordering: .relaxed).newValue
    self.name = name
  }
  package static func == (a: InputKey, b: InputKey) -> Bool { a.id == b.id }
  package func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

/// Data held by a graph. Two are equal when they hold the same bits.
package final class ConstantArray: Sendable {
  package let values: [Double]
  private let fingerprint: Int
  package init(_ values: [Double]) {
    self.values = values
    var hasher = Hasher()
    hasher.combine(values.count)
    for index in stride(from: 0, to: values.count, by: Swift.max(1, values.count / 64)) { hasher.combine(values[index].bitPattern) }
    fingerprint = hasher.finalize()
  }
}

extension ConstantArray: Hashable {
  package static func == (a: ConstantArray, b: ConstantArray) -> Bool {
    a === b
      || a.fingerprint == b.fingerprint && a.values.count == b.values.count
        && zip(a.values, b.values).allSatisfy { $0.bitPattern == $1.bitPattern }
  }
  package func hash(into hasher: inout Hasher) { hasher.combine(fingerprint) }
}

package enum Reducer: UInt8, Sendable { case sum, maximum, minimum }

// MARK: - Leaves

extension Node {
  package static func input(_ name: String, shape: [Int]) -> Node { Node(.input(InputKey(name)), [], shape: shape) }

  package static func fill(_ value: Double, shape: [Int] = []) -> Node { Node(.fill(value.bitPattern), [], shape: shape) }

  package static func constant(_ values: [Double], shape: [Int]) -> Node {
    precondition(values.count == shape.reduce(1, *), "a constant's values fill its shape")
    if let first = values.first, values.count == 1 || values.allSatisfy({ $0.bitPattern == first.bitPattern }) {
      return .fill(first, shape: shape)
    }
    return Node(.constant(ConstantArray(values)), [], shape: shape)
  }
}

// MARK: - Walking

extension Node {
  /// Every node that the given ones depend on, themselves included, inputs before users.
  package static func reachable(from roots: [Node]) -> [Node] {
    var seen = Set<Node>()
    var stack = roots
    var all: [Node] = []
    while let node = stack.popLast() {
      guard seen.insert(node).inserted else { continue }
      all.append(node)
      stack.append(contentsOf: node.inputs)
    }
    return all.sorted { $0.order < $1.order }
  }
}
