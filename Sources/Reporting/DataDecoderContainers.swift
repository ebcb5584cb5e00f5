import Foundation
import Modeling

extension DataDecoder {
  /// Decodes a value of any type; arrays of numbers go in as one block.
  func decodeValue<T: Decodable>(_ type: T.Type) throws -> T {
    if let denseType = type as? any DenseArrayDecodable.Type {
      let dense = try DenseArray(self, whole: denseType.takesWholeNumbers)
      do {
        guard let result = try denseType.dense(shape: dense.shape, values: dense.values) as? T else { throw failure("expected an array") }
        return result
      } catch let error as DataError where error.keyPath.isEmpty {
        throw failure(error.reason)
      }
    }
    return try T(from: self)
  }
}

extension DataDecoder: SingleValueDecodingContainer {
  package func decodeNil() -> Bool { value == .null }

  package func decode(_ type: Bool.Type) throws -> Bool {
    guard case .bool(let flag) = value else { throw failure("expected true or false, found \(described())") }
    return flag
  }

  package func decode(_ type: String.Type) throws -> String {
    guard case .string(let text) = value else { throw failure("expected a string, found \(described())") }
    return text
  }

  package func decode(_ type: Double.Type) throws -> Double {
    guard let number = value.double else { throw failure("expected a number, found \(described())") }
    return number
  }

  package func decode(_ type: Float.Type) throws -> Float { Float(try decode(Double.self)) }

  private func whole<I: FixedWidthInteger>(_ type: I.Type) throws -> I {
    switch value {
    case .integer(let integer):
      guard let result = I(exactly: integer) else {
        throw failure("expected a whole number from \(I.min) to \(I.max), found \(integer)")
      }
      return result
    case .number(let number):
      guard let result = I(exactly: number) else { throw failure("expected a whole number, found \(number)") }
      return result
    default: throw failure("expected a whole number, found \(described())")
    }
  }

  package func decode(_ type: Int.Type) throws -> Int { try whole(type) }
  package func decode(_ type: Int8.Type) throws -> Int8 { try whole(type) }
  package func decode(_ type: Int16.Type) throws -> Int16 { try whole(type) }
  package func decode(_ type: Int32.Type) throws -> Int32 { try whole(type) }
  package func decode(_ type: Int64.Type) throws -> Int64 { try whole(type) }
  package func decode(_ type: UInt.Type) throws -> UInt { try whole(type) }
  package func decode(_ type: UInt8.Type) throws -> UInt8 { try whole(type) }
  package func decode(_ type: UInt16.Type) throws -> UInt16 { try whole(type) }
  package func decode(_ type: UInt32.Type) throws -> UInt32 { try whole(type) }
  package func decode(_ type: UInt64.Type) throws -> UInt64 { try whole(type) }
  package func decode<T: Decodable>(_ type: T.Type) throws -> T { try decodeValue(type) }
}

/// An object whose keys are logged when it is the top level.
struct KeyedData<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let decoder: DataDecoder
  let object: JSONObject

  var codingPath: [any CodingKey] { decoder.codingPath }
  var allKeys: [Key] { object.keys.compactMap { Key(stringValue: $0) } }

  func contains(_ key: Key) -> Bool { object[key.stringValue] != nil }

  private func note(_ key: Key, _ type: Any.Type, isOptional: Bool) {
    guard codingPath.isEmpty, !decoder.log.fields.contains(where: { $0.key == key.stringValue }) else { return }
    let shape = object[key.stringValue].flatMap { DenseArray.shape(of: $0) }
    decoder.log.fields.append(.init(key: key.stringValue, type: type, isOptional: isOptional, shape: shape))
  }

  private func member(_ key: Key) throws -> DataDecoder {
    guard let value = object[key.stringValue] else {
      var reason = "the key \"\(key.stringValue)\" is missing"
      if let near = NearestName.find(key.stringValue, among: object.keys) {
        reason += "; the nearest key there is \"\(near)\""
      } else if object.isEmpty {
        reason += "; the object is empty"
      } else {
        reason += "; the keys there are \(object.keys.prefix(12).joined(separator: ", "))\(object.keys.count > 12 ? ", …" : "")"
      }
      throw decoder.failure(reason)
    }
    return decoder.child(value, key)
  }

  func decodeNil(forKey key: Key) throws -> Bool {
    note(key, Any?.self, isOptional: true)
    return try member(key).decodeNil()
  }

  private func take<T: Decodable>(_ key: Key, _ type: T.Type) throws -> T {
    note(key, type, isOptional: false)
    return try member(key).decodeValue(type)
  }

  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try take(key, type) }
  func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try take(key, type) }
  func decode(_ type: String.Type, forKey key: Key) throws -> String { try take(key, type) }
  func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try take(key, type) }
  func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try take(key, type) }
  func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try take(key, type) }
  func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try take(key, type) }
  func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try take(key, type) }
  func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try take(key, type) }
  func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try take(key, type) }
  func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try take(key, type) }
  func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try take(key, type) }
  func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try take(key, type) }
  func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try take(key, type) }
  func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try take(key, type) }

  private func takeIfPresent<T: Decodable>(_ key: Key, _ type: T.Type) throws -> T? {
    note(key, type, isOptional: true)
    guard let value = object[key.stringValue], value != .null else { return nil }
    return try decoder.child(value, key).decodeValue(type)
  }

  func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? { try takeIfPresent(key, type) }
  func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { try takeIfPresent(key, type) }
  func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? { try takeIfPresent(key, type) }
  func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? { try takeIfPresent(key, type) }
  func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { try takeIfPresent(key, type) }

  func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) throws -> KeyedDecodingContainer<Nested> {
    note(key, [String: Any].self, isOptional: false)
    return try member(key).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    note(key, [Any].self, isOptional: false)
    return try member(key).unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder { decoder }
  func superDecoder(forKey key: Key) throws -> any Decoder { try member(key) }
}

/// An array that is decoded element by element.
struct ArrayData: UnkeyedDecodingContainer {
  enum Items {
    case values([JSONValue])
    case numbers([Double], whole: Bool)
  }
  let decoder: DataDecoder
  let items: Items
  private(set) var currentIndex = 0

  init(decoder: DataDecoder, items: Items) {
    self.decoder = decoder
    self.items = items
  }

  var codingPath: [any CodingKey] { decoder.codingPath }
  var count: Int? {
    switch items {
    case .values(let values): values.count
    case .numbers(let numbers, _): numbers.count
    }
  }
  var isAtEnd: Bool { currentIndex >= (count ?? 0) }

  private func peek() throws -> DataDecoder {
    guard !isAtEnd else { throw decoder.failure("expected more than \(currentIndex) elements") }
    let key = IndexKey(currentIndex)
    switch items {
    case .values(let values): return decoder.child(values[currentIndex], key)
    case .numbers(let numbers, let whole):
      let number = numbers[currentIndex]
      if whole, let integer = Int(exactly: number) { return decoder.child(.integer(integer), key) }
      return decoder.child(.number(number), key)
    }
  }

  mutating func decodeNil() throws -> Bool {
    let isNil = try peek().decodeNil()
    if isNil { currentIndex += 1 }
    return isNil
  }

  mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
    let value = try peek().decodeValue(type)
    currentIndex += 1
    return value
  }

  mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) throws -> KeyedDecodingContainer<Nested> {
    let nested = try peek().container(keyedBy: type)
    currentIndex += 1
    return nested
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    let nested = try peek().unkeyedContainer()
    currentIndex += 1
    return nested
  }

  mutating func superDecoder() throws -> any Decoder {
    let nested = try peek()
    currentIndex += 1
    return nested
  }
}
