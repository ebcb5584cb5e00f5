/// A dense array of real numbers, recorded: every operation on tensors adds a step to a graph, and nothing is computed until a number is
/// asked for.
///
/// A mistake in shapes cannot throw from an operator. It is recorded instead, and reported in a sentence when the graph is used: by
/// ``item()`` and ``values()``, or with all other mistakes of a model before its first step.
public struct Tensor: Sendable {
  /// Shape: the visible axes, then the axes of `plates`.
  package let node: Node
  /// The open plates that this tensor varies over, outermost first. Their axes stand last in `node`, so that the elements of a plate lie
  /// side by side.
  package let plates: [PlateAxis]

  package init(_ node: Node, plates: [PlateAxis] = []) {
    self.node = node
    self.plates = plates
  }
}

/// The axis of one plate while its body is recorded, or the values of a site that is summed out (a hidden axis). Axes align by identity,
/// never by position or length.
package struct PlateAxis: Hashable, Sendable {
  package let id: UInt64
  package let name: String
  /// Elements present: the plate's size, or that of the minibatch; for a hidden axis the number of values.
  package let size: Int
  /// How many plates are around it; −1 for hidden axes, which stand before all plates, so that sums over them run along whole plates.
  package let depth: Int
  /// For a hidden axis the plates each of whose elements has a value of its own; nil for a plate.
  package let home: Set<UInt64>?

  package init(id: UInt64, name: String, size: Int, depth: Int) {
    self.id = id
    self.name = name
    self.size = size
    self.depth = depth
    home = nil
  }

  package static func == (a: PlateAxis, b: PlateAxis) -> Bool { a.id == b.id }
  package func hash(into hasher: inout Hasher) { hasher.combine(id) }

  /// The union in nesting order.
  package static func union(_ lists: [[PlateAxis]]) -> [PlateAxis] {
    if let first = lists.first(where: { !$0.isEmpty }), lists.allSatisfy({ $0.isEmpty || $0 == first }) { return first }
    var all: [PlateAxis] = []
    for axis in lists.joined() where !all.contains(axis) { all.append(axis) }
    return all.sorted { ($0.depth, $0.id) < ($1.depth, $1.id) }
  }
}

/// What can stand where a tensor is expected: ``Tensor``, `Double`, `Int`, ``IntTensor``.
public protocol TensorConvertible: Sendable {
  var tensor: Tensor { get }
}

/// What the arithmetic operators take beside a ``Tensor``: `Double`, `Int`, ``IntTensor``.
public protocol Promotable: TensorConvertible {}

extension Tensor: TensorConvertible {
  public var tensor: Tensor { self }
}

extension Double: Promotable {
  public var tensor: Tensor { Tensor(.fill(self)) }
}

extension Int: Promotable {
  public var tensor: Tensor { Tensor(.fill(Double(self))) }
}

// MARK: - Making tensors

extension Tensor {
  /// A scalar, shape [].
  public init(_ value: Double) { self.init(.fill(value)) }

  /// A vector.
  public init(_ values: [Double]) { self.init(.constant(values, shape: [values.count])) }

  /// A matrix from its rows. Rows of different lengths are a mistake that is reported when the tensor is used.
  public init(_ rows: [[Double]]) {
    let width = rows.first?.count ?? 0
    if let bad = rows.firstIndex(where: { $0.count != width }) {
      self = .mistake("Tensor(rows): row \(bad) has \(rows[bad].count) elements, row 0 has \(width)", shape: [rows.count, width])
    } else {
      self.init(.constant(Array(rows.joined()), shape: [rows.count, width]))
    }
  }

  /// Values in row-major order.
  public init(_ values: [Double], shape: [Int]) {
    if shape.contains(where: { $0 < 0 }) {
      self = .mistake("Tensor(values, shape: \(shape)): a length is negative", shape: [])
    } else if values.count != shape.reduce(1, *) {
      self = .mistake("Tensor(values, shape: \(shape)): there are \(values.count) values for \(shape.reduce(1, *)) places", shape: shape)
    } else {
      self.init(.constant(values, shape: shape))
    }
  }

  /// One number in every element.
  public static func full(_ shape: [Int], _ value: Double) -> Tensor {
    if shape.contains(where: { $0 < 0 }) { return .mistake("a tensor of shape \(shape) cannot be: a length is negative", shape: []) }
    return Tensor(.fill(value, shape: shape))
  }
  public static func zeros(_ shape: [Int]) -> Tensor { full(shape, 0) }
  public static func ones(_ shape: [Int]) -> Tensor { full(shape, 1) }

  /// The identity matrix [n, n].
  public static func identity(_ n: Int) -> Tensor {
    guard n >= 0 else { return .mistake("an identity matrix of size \(n) cannot be", shape: []) }
    return Tensor((0..<(n * n)).map { $0 % (n + 1) == 0 ? 1 : 0 }, shape: [n, n])
  }

  /// 0, 1, …, n − 1.
  public static func range(_ n: Int) -> Tensor {
    guard n >= 0 else { return .mistake("a range of \(n) numbers cannot be", shape: []) }
    return Tensor((0..<n).map(Double.init))
  }
}

extension Tensor: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  public init(floatLiteral value: Double) { self.init(value) }
  public init(integerLiteral value: Int) { self.init(Double(value)) }
}

extension Tensor: ExpressibleByArrayLiteral {
  /// The elements side by side along a new first axis.
  public init(arrayLiteral elements: Tensor...) {
    let known = elements.compactMap { $0.plates.isEmpty ? $0.node.knownValues : nil }
    if let first = elements.first, known.count == elements.count, elements.allSatisfy({ $0.shape == first.shape }) {
      // Numbers stay data, which can be looked at before the first step.
      self = Tensor(.constant(Array(known.joined()), shape: [elements.count] + first.shape))
    } else {
      self = elements.isEmpty ? .zeros([0]) : stack(elements, axis: 0)
    }
  }
}

// MARK: - Shape

extension Tensor {
  /// The lengths of the axes; those of open plates are not seen.
  public var shape: [Int] { plates.isEmpty ? node.shape : Array(node.shape.dropLast(plates.count)) }
  public var rank: Int { node.shape.count - plates.count }
  /// The number of elements, those of one element of each open plate.
  public var count: Int { shape.reduce(1, *) }

  /// The shape as sentences show it: `[3]`, or `[3] in plate schools (8)`.
  package var shapeDescription: String { Tensor.describe(shape, plates) }

  package static func describe(_ shape: [Int], _ plates: [PlateAxis]) -> String {
    if plates.isEmpty { return "\(shape)" }
    return "\(shape) in plate\(plates.count == 1 ? "" : "s") " + plates.map { "\($0.name) (\($0.size))" }.joined(separator: ", ")
  }
}

extension Tensor: CustomStringConvertible {
  /// The values where they are known without a model, otherwise the shape.
  public var description: String {
    let isKnown: Bool
    switch node.operation {
    case .fill, .constant: isKnown = true
    default: isKnown = false
    }
    guard isKnown, count <= 64, let values = try? values() else { return "Tensor(shape: \(shapeDescription))" }
    return shape.isEmpty ? "\(values[0])" : "\(values) of shape \(shape)"
  }
}

/// Arrays of numbers and of tensors: the parts side by side along a first axis.
extension Array: TensorConvertible where Element: TensorConvertible {
  public var tensor: Tensor {
    if let numbers = self as? [Double] { return Tensor(numbers) }
    if let numbers = self as? [Int] { return Tensor(numbers.map(Double.init)) }
    return isEmpty ? .zeros([0]) : stack(map(\.tensor), axis: 0)
  }
}
