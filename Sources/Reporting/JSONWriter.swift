import Foundation

/// Writes JSON with keys in their own order and numbers that read back to the same bits.
///
/// `JSONEncoder` orders keys by alphabet or not at all and needs an object graph in memory; a result is to read like the contract, and the draws of a
/// large fit are to be written as they stand. Numbers are Swift's shortest decimal that rounds to the same double. What is not finite becomes `null`.
package struct JSONWriter {
  private var text: [UInt8] = []
  private let isPretty: Bool

  private init(isPretty: Bool) { self.isPretty = isPretty }

  /// The text of a value, ending in a line feed: two spaces of indentation, arrays of plain numbers on one line.
  package static func pretty(_ value: JSONValue) -> Data {
    var writer = JSONWriter(isPretty: true)
    writer.write(value, indentation: 0)
    writer.text.append(UInt8(ascii: "\n"))
    return Data(writer.text)
  }

  /// The text of a value on one line, without a line feed.
  package static func line(_ value: JSONValue) -> String {
    var writer = JSONWriter(isPretty: false)
    writer.write(value, indentation: 0)
    return String(decoding: writer.text, as: UTF8.self)
  }

  private mutating func write(_ value: JSONValue, indentation: Int) {
    switch value {
    case .null: put("null")
    case .bool(let flag): put(flag ? "true" : "false")
    case .integer(let integer): put(String(integer))
    case .number(let number): put(number)
    case .string(let string): put(quoted: string)
    case .numbers(let numbers, let whole): write(numbers, whole: whole)
    case .array(let items): write(items, indentation: indentation)
    case .object(let object): write(object, indentation: indentation)
    }
  }

  private mutating func write(_ numbers: [Double], whole: Bool) {
    text.append(UInt8(ascii: "["))
    for (index, number) in numbers.enumerated() {
      if index > 0 { put(isPretty ? ", " : ",") }
      if whole, let integer = Int(exactly: number) { put(String(integer)) } else { put(number) }
    }
    text.append(UInt8(ascii: "]"))
  }

  private mutating func write(_ items: [JSONValue], indentation: Int) {
    let breaksLines = isPretty && items.contains { isStructured($0) }
    text.append(UInt8(ascii: "["))
    for (index, item) in items.enumerated() {
      if index > 0 { put(isPretty && !breaksLines ? ", " : ",") }
      if breaksLines { newLine(indentation + 1) }
      write(item, indentation: indentation + 1)
    }
    if breaksLines { newLine(indentation) }
    text.append(UInt8(ascii: "]"))
  }

  private mutating func write(_ object: JSONObject, indentation: Int) {
    // A small flat object, such as a model's name and version, is easier to read on one line.
    let breaksLines = isPretty && (object.keys.count > 5 || object.entries.contains { isStructured($0.value) || isLong($0.value) })
    text.append(UInt8(ascii: "{"))
    for (index, entry) in object.entries.enumerated() {
      if index > 0 { put(isPretty && !breaksLines ? ", " : ",") }
      if breaksLines { newLine(indentation + 1) }
      put(quoted: entry.key)
      put(isPretty ? ": " : ":")
      write(entry.value, indentation: indentation + 1)
    }
    if breaksLines { newLine(indentation) }
    text.append(UInt8(ascii: "}"))
  }

  private func isStructured(_ value: JSONValue) -> Bool {
    switch value {
    case .object(let object): !object.isEmpty
    case .array(let items): items.contains { isStructured($0) } || items.count > 8
    case .numbers: true
    default: false
    }
  }

  private func isLong(_ value: JSONValue) -> Bool { if case .string(let string) = value { string.utf8.count > 40 } else { false } }

  private mutating func newLine(_ indentation: Int) {
    text.append(UInt8(ascii: "\n"))
    for _ in 0..<indentation { put("  ") }
  }

  private mutating func put(_ string: String) { text.append(contentsOf: string.utf8) }

  private mutating func put(_ number: Double) { put(number.isFinite ? number.description : "null") }

  private mutating func put(quoted string: String) {
    text.append(UInt8(ascii: "\""))
    for byte in string.utf8 {
      switch byte {
      case UInt8(ascii: "\""): put("\\\"")
      case UInt8(ascii: "\\"): put("\\\\")
      case UInt8(ascii: "\n"): put("\\n")
      case UInt8(ascii: "\t"): put("\\t")
      case UInt8(ascii: "\r"): put("\\r")
      case 0..<0x20, 0x7F:
        let digits = String(byte, radix: 16)
        put("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
      default: text.append(byte)
      }
    }
    text.append(UInt8(ascii: "\""))
  }
}
