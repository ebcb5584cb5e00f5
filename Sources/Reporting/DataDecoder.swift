import Foundation

/// What is wrong with the data at a key path: `y[3]`, counted from 0.
package struct DataError: Error, Equatable {
  package var keyPath: String
  package var reason: String
  package init(keyPath: String, reason: String) {
    self.keyPath = keyPath
    self.reason = reason
  }
}

/// A type that takes a rectangular array of numbers at once instead of number by number.
package protocol DenseArrayDecodable {
  /// Whether the numbers must be whole.
  static var takesWholeNumbers: Bool { get }
  /// From a shape ([] for one number) and its elements in row-major order.
  static func dense(shape: [Int], values: [Double]) throws -> Self
}

extension Array: DenseArrayDecodable where Element: FlatNumber {
  package static var takesWholeNumbers: Bool { Element.isWhole }
  package static func dense(shape: [Int], values: [Double]) throws -> [Element] {
    guard shape.count == 1 else {
      throw DataError(
        keyPath: "", reason: "expected an array of numbers, found one \(shape.isEmpty ? "number" : "of \(shape.count) dimensions")")
    }
    return values.map { Element(flat: $0) }
  }
}

/// The element types of which an array is decoded at once.
package protocol FlatNumber: Decodable {
  static var isWhole: Bool { get }
  init(flat: Double)
}
extension Double: FlatNumber {
  package static var isWhole: Bool { false }
  package init(flat: Double) { self = flat }
}
extension Int: FlatNumber {
  package static var isWhole: Bool { true }
  package init(flat: Double) { self = Int(flat) }
}

/// Decodes a model's data from JSON.
///
/// This stands where `JSONDecoder` could: a model is still plain `Codable`. It exists because a `JSONDecoder` cannot say which keys nobody asked for,
/// reports a ragged array as a missing value, and takes half a second for what is read here in a tenth (arrays of numbers arrive as one block).
package struct DataDecoder: Decoder {
  let value: JSONValue
  package let codingPath: [any CodingKey]
  package let userInfo: [CodingUserInfoKey: Any] = [:]
  let log: FieldLog

  /// What was asked for at the top level, in the order of asking.
  final class FieldLog {
    struct Field {
      var key: String
      var type: Any.Type
      var isOptional: Bool
      var shape: [Int]?
    }
    var fields: [Field] = []
  }

  /// What one decoding found out about a type's data.
  package struct Outcome<T> {
    package var value: T
    /// Every top-level key that was asked for, with the type it was asked as, and its shape where it is an array of numbers.
    package var fields: [(key: String, type: Any.Type, isOptional: Bool, shape: [Int]?)]
    /// Top-level keys that nobody asked for.
    package var unusedKeys: [String]
  }

  /// Decodes a whole value. Throws `DataError` with the key path, or whatever the type's own initialiser throws.
  package static func decode<T: Decodable>(_ type: T.Type, from root: JSONValue) throws -> Outcome<T> {
    guard case .object(let object) = root else {
      throw DataError(keyPath: "", reason: "the file must hold one JSON object (names and their values), not \(root.kindName)")
    }
    let log = FieldLog()
    let decoder = DataDecoder(value: root, codingPath: [], log: log)
    do {
      let value = try T(from: decoder)
      let asked = Set(log.fields.map(\.key))
      return Outcome(
        value: value, fields: log.fields.map { ($0.key, $0.type, $0.isOptional, $0.shape) },
        unusedKeys: object.keys.filter { !asked.contains($0) })
    } catch let error as DecodingError {
      throw translate(error)
    }
  }

  /// An error that a type's own `init(from:)` raised with Foundation's vocabulary.
  static func translate(_ error: DecodingError) -> DataError {
    switch error {
    case .keyNotFound(let key, let context):
      DataError(keyPath: path(context.codingPath), reason: "the key \"\(key.stringValue)\" is missing")
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      DataError(keyPath: path(context.codingPath), reason: context.debugDescription)
    @unknown default: DataError(keyPath: "", reason: String(describing: error))
    }
  }

  /// `groups[2].y` for the coding path groups, 2, y.
  static func path(_ keys: [any CodingKey]) -> String {
    keys.reduce(into: "") { text, key in
      if let index = key.intValue { text += "[\(index)]" } else { text += (text.isEmpty ? "" : ".") + key.stringValue }
    }
  }

  func failure(_ reason: String) -> DataError { DataError(keyPath: Self.path(codingPath), reason: reason) }

  func child(_ value: JSONValue, _ key: any CodingKey) -> DataDecoder {
    DataDecoder(value: value, codingPath: codingPath + [key], log: log)
  }

  package func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard case .object(let object) = value else { throw failure("expected an object, found \(value.kindName)") }
    return KeyedDecodingContainer(KeyedData<Key>(decoder: self, object: object))
  }

  package func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    switch value {
    case .array(let items): return ArrayData(decoder: self, items: .values(items))
    case .numbers(let numbers, let whole): return ArrayData(decoder: self, items: .numbers(numbers, whole: whole))
    default: throw failure("expected an array, found \(described())")
    }
  }

  package func singleValueContainer() throws -> any SingleValueDecodingContainer { self }

  /// The value as one would show it in an error.
  func described() -> String {
    switch value {
    case .string(let text):
      let shown = text.count > 20 ? text.prefix(20) + "…" : Substring(text)
      if ["nan", "inf", "-inf", "+inf", "infinity", "-infinity", "na"].contains(text.lowercased()) {
        return "\"\(text)\" (values that are missing or not finite are not allowed)"
      }
      return Double(text) == nil ? "the string \"\(shown)\"" : "the string \"\(shown)\" (write numbers without quotes)"
    case .null: return "null (only properties of type [Double?] or [[Double?]] may have missing values)"
    case .bool(let flag): return flag ? "true" : "false"
    case .number(let number): return number.description
    case .integer(let integer): return String(integer)
    default: return value.kindName
    }
  }
}

/// A place in an array.
struct IndexKey: CodingKey {
  let index: Int
  init(_ index: Int) { self.index = index }
  init?(intValue: Int) { index = intValue }
  init?(stringValue: String) { nil }
  var intValue: Int? { index }
  var stringValue: String { "[\(index)]" }
}
