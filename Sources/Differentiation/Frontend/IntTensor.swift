/// A dense array of whole numbers: data such as counts, classes and indices. Its values are whole numbers of magnitude at most 2⁵³.
///
/// It takes part in arithmetic by being promoted to a ``Tensor``; as an index it selects parts of a tensor's first axis.
public struct IntTensor: Sendable, Promotable {
  public let tensor: Tensor

  package init(_ tensor: Tensor) { self.tensor = tensor }

  package var node: Node { tensor.node }
  package var plates: [PlateAxis] { tensor.plates }
  package var knownValues: [Double]? { node.knownValues }

  public var shape: [Int] { tensor.shape }
  public var rank: Int { tensor.rank }
  public var count: Int { tensor.count }
}

extension IntTensor {
  public init(_ value: Int) { tensor = Tensor(Double(value)) }
  public init(_ values: [Int]) { tensor = Tensor(values.map(Double.init)) }
  public init(_ rows: [[Int]]) { tensor = Tensor(rows.map { $0.map(Double.init) }) }
  /// Values in row-major order.
  public init(_ values: [Int], shape: [Int]) { tensor = Tensor(values.map(Double.init), shape: shape) }

  /// A tensor's elements, each rounded to the nearest whole number.
  public init(rounding tensor: Tensor) { self.tensor = round(tensor) }

  /// All numbers plus `offset`.
  public func shifted(by offset: Int) -> IntTensor {
    if let known = knownValues {
      return IntTensor(Tensor(.constant(known.map { $0 + Double(offset) }, shape: node.shape), plates: plates))
    }
    return IntTensor(tensor + offset)
  }

  /// Numbers that count from 1, as in data for R and Stan, made to count from 0.
  public var zeroBased: IntTensor { shifted(by: -1) }

  public func reshaped(to shape: [Int]) -> IntTensor { IntTensor(tensor.reshaped(to: shape)) }

  public subscript(_ index: Int) -> IntTensor { IntTensor(tensor[index]) }
  public subscript(_ i: Int, _ j: Int) -> IntTensor { IntTensor(tensor[i, j]) }
  public subscript(_ range: Range<Int>) -> IntTensor { IntTensor(tensor[range]) }
  public subscript(_ index: PlateIndex) -> IntTensor { IntTensor(tensor[index]) }
  public subscript(_ indices: IntTensor) -> IntTensor { IntTensor(tensor[indices]) }

  /// The numbers, row-major. Throws as ``Tensor/values()``, and for what is no whole number after all: rounding leaves NaN and infinities as they are.
  public func values() throws -> [Int] { try tensor.values().map(Self.whole) }
  /// The number of a scalar. Throws as ``Tensor/item()`` and ``values()``.
  public func item() throws -> Int { try Self.whole(tensor.item()) }

  private static func whole(_ value: Double) throws -> Int {
    guard let whole = Int(exactly: value) else { throw TensorError("a whole number is read, and the value is \(value)") }
    return whole
  }
}

extension IntTensor: ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral {
  public init(integerLiteral value: Int) { self.init(value) }
  public init(arrayLiteral elements: IntTensor...) {
    tensor = elements.isEmpty ? .zeros([0]) : stack(elements.map(\.tensor))
  }
}

extension IntTensor: CustomStringConvertible {
  public var description: String {
    guard knownValues != nil, plates.isEmpty, count <= 64, let values = try? values() else {
      return "IntTensor(shape: \(tensor.shapeDescription))"
    }
    return shape.isEmpty ? "\(values[0])" : "\(values) of shape \(shape)"
  }
}

/// 1 at place k of the new last axis of length `count` where the index is k, else 0.
public func oneHot(_ indices: IntTensor, _ count: Int) -> Tensor {
  guard count >= 0 else { return .mistake("oneHot with \(count) classes cannot be", shape: indices.shape + [0], from: [indices.tensor]) }
  return indices.tensor.expandingAxis(indices.rank) .== Tensor.range(count)
}
