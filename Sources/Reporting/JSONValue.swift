import Foundation

/// A JSON text in memory, with its keys in the order in which they were written.
///
/// Two things distinguish it from `JSONSerialization`'s objects: keys keep their order (a result reads like the contract in the design, run after
/// run), and an array of numbers is one `[Double]`, so that a file of a million draws is not a million boxes.
package indirect enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  /// A whole number written without fraction or exponent that fits in 64 bits.
  case integer(Int)
  case number(Double)
  case string(String)
  /// A non-empty array whose members are all numbers; `whole` when every one was written without fraction or exponent.
  case numbers([Double], whole: Bool)
  case array([JSONValue])
  case object(JSONObject)

  /// An object from its members in order: `.object(("name", "vi"), ("seed", 1))`.
  package static func object(_ members: (String, JSONValue)...) -> JSONValue { .object(JSONObject(members)) }

  /// What a person would call it, for error messages.
  package var kindName: String {
    switch self {
    case .null: "null"
    case .bool: "true or false"
    case .integer, .number: "a number"
    case .string: "a string"
    case .numbers: "an array of numbers"
    case .array(let items): items.isEmpty ? "an empty array" : "an array"
    case .object: "an object"
    }
  }

  /// The number, when it is one.
  package var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  package var text: String? { if case .string(let text) = self { text } else { nil } }
  package var members: JSONObject? { if case .object(let object) = self { object } else { nil } }

  /// The member of that name, when this is an object that has it.
  package subscript(key: String) -> JSONValue? { members?[key] }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByArrayLiteral, ExpressibleByNilLiteral
{
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int) { self = .integer(value) }
  package init(floatLiteral value: Double) { self = .number(value) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  package init(nilLiteral: ()) { self = .null }
}

/// The members of a JSON object in the order in which they were written. A key that is set again keeps its place.
package struct JSONObject: Sendable, Equatable {
  package private(set) var keys: [String] = []
  private var values: [String: JSONValue] = [:]

  package init() {}

  package init(_ members: [(String, JSONValue)]) {
    for (key, value) in members { self[key] = value }
  }

  package subscript(key: String) -> JSONValue? {
    get { values[key] }
    set {
      guard let newValue else {
        values[key] = nil
        keys.removeAll { $0 == key }
        return
      }
      if values.updateValue(newValue, forKey: key) == nil { keys.append(key) }
    }
  }

  package var isEmpty: Bool { keys.isEmpty }
  package var entries: [(key: String, value: JSONValue)] { keys.compactMap { key in values[key].map { (key, $0) } } }
}
