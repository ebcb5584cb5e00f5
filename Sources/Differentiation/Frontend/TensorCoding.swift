// JSON: a number, or nested arrays of numbers in row-major order.

extension Tensor: Codable {
  public init(from decoder: any Decoder) throws {
    let (values, shape) = try NestedNumbers.decode(from: decoder)
    self.init(.constant(values, shape: shape))
  }

  /// Encodes the values, which must be known (``values()``).
  public func encode(to encoder: any Encoder) throws { try NestedNumbers.encode(values(), shape, to: encoder) }
}

extension IntTensor: Codable {
  public init(from decoder: any Decoder) throws {
    let (values, shape) = try NestedNumbers.decode(from: decoder)
    if let place = values.firstIndex(where: { $0 != $0.rounded() || Swift.abs($0) > 9_007_199_254_740_992 }) {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath + NestedNumbers.path(to: place, shape),
          debugDescription: "\(values[place]) is not a whole number of magnitude at most 2⁵³"))
    }
    self.init(Tensor(.constant(values, shape: shape)))
  }

  public func encode(to encoder: any Encoder) throws { try NestedNumbers.encodeWhole(values(), shape, to: encoder) }
}

private struct Position: CodingKey {
  let intValue: Int?
  var stringValue: String { "\(intValue ?? 0)" }
  init(_ value: Int) { intValue = value }
  init?(intValue: Int) { self.intValue = intValue }
  init?(stringValue: String) { nil }
}

private enum NestedNumbers {
  /// The usual depths by the decoder's own array decoding, which is fast; whatever that refuses by walking, which finds the place at fault.
  static func decode(from decoder: any Decoder) throws -> (values: [Double], shape: [Int]) {
    let single = try decoder.singleValueContainer()
    if let value = try? single.decode(Double.self) { return ([value], []) }
    if let values = try? single.decode([Double].self), !values.isEmpty { return (values, [values.count]) }
    if let rows = try? single.decode([[Double]].self), let width = rows.first?.count, rows.allSatisfy({ $0.count == width }) {
      return (Array(rows.joined()), [rows.count, width])
    }
    return try walk(decoder)
  }

  private static func walk(_ decoder: any Decoder) throws -> (values: [Double], shape: [Int]) {
    var values: [Double] = []
    let shape = try Walked(from: decoder).collect(decoder.codingPath, &values)
    return (values, shape)
  }

  private static func refuse(_ path: [any CodingKey], _ sentence: String) -> DecodingError {
    .dataCorrupted(.init(codingPath: path, debugDescription: sentence))
  }

  /// Nested arrays as they stand.
  private enum Walked: Decodable {
    case number(Double)
    case array([Walked])
    case other

    init(from decoder: any Decoder) throws {
      if let value = try? decoder.singleValueContainer().decode(Double.self) {
        self = .number(value)
      } else if var container = try? decoder.unkeyedContainer() {
        var all: [Walked] = []
        while !container.isAtEnd { all.append(try container.decode(Walked.self)) }
        self = .array(all)
      } else {
        self = .other
      }
    }

    func collect(_ path: [any CodingKey], _ values: inout [Double]) throws -> [Int] {
      switch self {
      case .number(let value):
        values.append(value)
        return []
      case .other: throw refuse(path, "a number or nested arrays of numbers are expected here")
      case .array(let parts):
        var inner: [Int]?
        for (index, part) in parts.enumerated() {
          let shape = try part.collect(path + [Position(index)], &values)
          if let first = inner, first != shape {
            throw refuse(path + [Position(index)], "the array is ragged: element \(index) has shape \(shape), element 0 has shape \(first)")
          }
          inner = shape
        }
        return [parts.count] + (inner ?? [])
      }
    }
  }

  static func path(to place: Int, _ shape: [Int]) -> [any CodingKey] {
    zip(Node.strides(shape), shape).map { Position(place / $0 % $1) }
  }

  static func encode(_ values: [Double], _ shape: [Int], to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch shape.count {
    case 0: try container.encode(values[0])
    case 1: try container.encode(values)
    default: try container.encode(parts(shape).map { Tensor(.constant(Array(values[$0]), shape: Array(shape.dropFirst()))) })
    }
  }

  static func encodeWhole(_ values: [Int], _ shape: [Int], to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch shape.count {
    case 0: try container.encode(values[0])
    case 1: try container.encode(values)
    default: try container.encode(parts(shape).map { IntTensor(Array(values[$0]), shape: Array(shape.dropFirst())) })
    }
  }

  private static func parts(_ shape: [Int]) -> [Range<Int>] {
    let size = shape.dropFirst().reduce(1, *)
    return (0..<shape[0]).map { ($0 * size)..<(($0 + 1) * size) }
  }
}
