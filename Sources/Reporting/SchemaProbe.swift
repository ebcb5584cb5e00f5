/// Finds the keys a type reads by letting it decode itself from nothing and writing down what it asks for.
package struct SchemaProbe: Decoder {
  package let codingPath: [any CodingKey] = []
  package let userInfo: [CodingUserInfoKey: Any] = [:]
  let log: DataDecoder.FieldLog
  let isTopLevel: Bool

  package static func fields<T: Decodable>(of type: T.Type) -> [(key: String, type: Any.Type, isOptional: Bool)] {
    let log = DataDecoder.FieldLog()
    // The value does not matter, only what was asked for; a type that refuses zeros and empty arrays ends its own questions.
    _ = try? T(from: SchemaProbe(log: log, isTopLevel: true))
    return log.fields.map { ($0.key, $0.type, $0.isOptional) }
  }

  package func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    KeyedDecodingContainer(KeyedProbe<Key>(probe: self))
  }
  package func unkeyedContainer() throws -> any UnkeyedDecodingContainer { EmptyProbe() }
  package func singleValueContainer() throws -> any SingleValueDecodingContainer { self }

  static func blank<T: Decodable>(_ type: T.Type, _ log: DataDecoder.FieldLog) throws -> T {
    if let denseType = type as? any DenseArrayDecodable.Type, let value = try denseType.dense(shape: [0], values: []) as? T { return value }
    return try T(from: SchemaProbe(log: log, isTopLevel: false))
  }
}

extension SchemaProbe: SingleValueDecodingContainer {
  package func decodeNil() -> Bool { false }
  package func decode(_ type: Bool.Type) throws -> Bool { false }
  package func decode(_ type: String.Type) throws -> String { "" }
  package func decode(_ type: Double.Type) throws -> Double { 0 }
  package func decode(_ type: Float.Type) throws -> Float { 0 }
  package func decode(_ type: Int.Type) throws -> Int { 0 }
  package func decode(_ type: Int8.Type) throws -> Int8 { 0 }
  package func decode(_ type: Int16.Type) throws -> Int16 { 0 }
  package func decode(_ type: Int32.Type) throws -> Int32 { 0 }
  package func decode(_ type: Int64.Type) throws -> Int64 { 0 }
  package func decode(_ type: UInt.Type) throws -> UInt { 0 }
  package func decode(_ type: UInt8.Type) throws -> UInt8 { 0 }
  package func decode(_ type: UInt16.Type) throws -> UInt16 { 0 }
  package func decode(_ type: UInt32.Type) throws -> UInt32 { 0 }
  package func decode(_ type: UInt64.Type) throws -> UInt64 { 0 }
  package func decode<T: Decodable>(_ type: T.Type) throws -> T { try Self.blank(type, log) }
}

struct KeyedProbe<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let probe: SchemaProbe
  let codingPath: [any CodingKey] = []
  let allKeys: [Key] = []

  private func note(_ key: Key, _ type: Any.Type, isOptional: Bool) {
    guard probe.isTopLevel, !probe.log.fields.contains(where: { $0.key == key.stringValue }) else { return }
    probe.log.fields.append(.init(key: key.stringValue, type: type, isOptional: isOptional, shape: nil))
  }

  func contains(_ key: Key) -> Bool { true }
  func decodeNil(forKey key: Key) throws -> Bool {
    note(key, Any?.self, isOptional: true)
    return true
  }
  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
    note(key, type, isOptional: false)
    return try SchemaProbe.blank(type, probe.log)
  }
  func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
    note(key, type, isOptional: true)
    return nil
  }
  private func optional(_ key: Key, _ type: Any.Type) { note(key, type, isOptional: true) }
  func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? {
    optional(key, type)
    return nil
  }
  func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? {
    optional(key, type)
    return nil
  }
  func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? {
    optional(key, type)
    return nil
  }
  func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? {
    optional(key, type)
    return nil
  }
  func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) throws -> KeyedDecodingContainer<Nested> {
    note(key, [String: Any].self, isOptional: false)
    return KeyedDecodingContainer(KeyedProbe<Nested>(probe: SchemaProbe(log: probe.log, isTopLevel: false)))
  }
  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    note(key, [Any].self, isOptional: false)
    return EmptyProbe()
  }
  func superDecoder() throws -> any Decoder { SchemaProbe(log: probe.log, isTopLevel: false) }
  func superDecoder(forKey key: Key) throws -> any Decoder { SchemaProbe(log: probe.log, isTopLevel: false) }
}

/// An array without elements.
struct EmptyProbe: UnkeyedDecodingContainer {
  let codingPath: [any CodingKey] = []
  let count: Int? = 0
  let isAtEnd = true
  let currentIndex = 0
  private var ended: DataError { DataError(keyPath: "", reason: "the array is empty") }
  mutating func decodeNil() throws -> Bool { throw ended }
  mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { throw ended }
  mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) throws -> KeyedDecodingContainer<Nested> { throw ended }
  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { throw ended }
  mutating func superDecoder() throws -> any Decoder { throw ended }
}
