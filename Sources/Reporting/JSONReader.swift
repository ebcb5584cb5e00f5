import Foundation

/// Why a text is no JSON, and where: lines and columns count from 1, columns in bytes.
package struct JSONSyntaxError: Error, Equatable, CustomStringConvertible {
  package var line: Int
  package var column: Int
  package var reason: String
  package var description: String { "line \(line), column \(column): \(reason)" }
}

/// Reads JSON (RFC 8259) strictly, with errors a person can act on.
///
/// Goals, in order: say what is wrong and where (Foundation's decoder gives neither line nor reason); accept nothing that is not JSON, duplicate keys,
/// `NaN` and `Infinity` included; be fast on long arrays of numbers, which are the bulk of data and draws (10 MB in about 0.1 s).
/// Numbers are rounded correctly: exactly where the decimal significand is below 2^53 and its exponent within ±22 (both sides of the division or
/// product are exact then, so there is one rounding), by the C library otherwise.
package struct JSONReader {
  let bytes: UnsafeBufferPointer<UInt8>
  var position = 0
  /// Deeper nesting than this is refused, so that no text can exhaust the stack.
  static let maximumDepth = 256

  /// Parses a whole file. Throws `JSONSyntaxError`.
  package static func parse(_ data: Data) throws(JSONSyntaxError) -> JSONValue {
    let outcome: Result<JSONValue, JSONSyntaxError> = data.withUnsafeBytes { raw in
      var reader = JSONReader(bytes: raw.bindMemory(to: UInt8.self))
      do throws(JSONSyntaxError) { return .success(try reader.document()) } catch { return .failure(error) }
    }
    return try outcome.get()
  }

  init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  mutating func document() throws(JSONSyntaxError) -> JSONValue {
    try checkEncoding()
    skipSpace()
    guard position < bytes.count else { throw failure("the text is empty") }
    let value = try value(depth: 0)
    skipSpace()
    guard position == bytes.count else { throw failure("found \(found()) after the end of the JSON value") }
    return value
  }

  // MARK: Errors

  func failure(_ reason: String, at offset: Int? = nil) -> JSONSyntaxError {
    let end = min(offset ?? position, bytes.count)
    var line = 1
    var lineStart = 0
    for index in 0..<end where bytes[index] == UInt8(ascii: "\n") {
      line += 1
      lineStart = index + 1
    }
    return JSONSyntaxError(line: line, column: end - lineStart + 1, reason: reason)
  }

  /// What stands at the position, for "expected …, found …".
  func found() -> String {
    guard position < bytes.count else { return "the end of the file" }
    var end = position
    while end < bytes.count, end - position < 12, isWord(bytes[end]) { end += 1 }
    if end > position { return "\"\(String(decoding: bytes[position..<end], as: UTF8.self))\"" }
    if bytes[position] == UInt8(ascii: "\"") { return "a string" }
    if bytes[position] < 0x20 || bytes[position] == 0x7F { return "a control character" }
    end = position + 1
    while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
    return "\"\(String(decoding: bytes[position..<end], as: UTF8.self))\""
  }

  private func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
      true
    default: false
    }
  }

  private mutating func checkEncoding() throws(JSONSyntaxError) {
    if bytes.count >= 2, (bytes[0] == 0xFF && bytes[1] == 0xFE) || (bytes[0] == 0xFE && bytes[1] == 0xFF) {
      throw failure("the file is UTF-16 text, but JSON must be UTF-8")
    }
    if bytes.count >= 2, bytes[0] == 0x1F, bytes[1] == 0x8B { throw failure("the file is compressed (gzip): unpack it first") }
    if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { position = 3 }
    if String(validating: bytes, as: UTF8.self) == nil {
      let good = bytes.indices.first { !isUTF8Start($0) } ?? 0
      throw failure("the file is not valid UTF-8 text", at: good)
    }
  }

  /// Whether a whole, well-formed character (or the inside of one) stands at that offset; used only to find the first bad byte.
  private func isUTF8Start(_ index: Int) -> Bool {
    let byte = bytes[index]
    if byte < 0x80 { return true }
    let start = byte & 0xC0 == 0x80 ? (max(0, index - 3)...index).last { bytes[$0] & 0xC0 == 0xC0 } : index
    guard let start else { return false }
    let length = bytes[start] >= 0xF0 ? 4 : bytes[start] >= 0xE0 ? 3 : 2
    guard start + length <= bytes.count, index < start + length else { return false }
    return String(validating: bytes[start..<start + length], as: UTF8.self) != nil
  }

  // MARK: Values

  @inline(__always)
  mutating func skipSpace() {
    while position < bytes.count, bytes[position] == 0x20 || (bytes[position] <= 0x0D && (0x09...0x0D).contains(bytes[position])) {
      if bytes[position] == 0x0B || bytes[position] == 0x0C { return }
      position += 1
    }
  }

  private mutating func value(depth: Int) throws(JSONSyntaxError) -> JSONValue {
    guard position < bytes.count else { throw failure("the file ends where a value was expected") }
    switch bytes[position] {
    case UInt8(ascii: "{"): return .object(try object(depth: depth + 1))
    case UInt8(ascii: "["): return try array(depth: depth + 1)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      let start = position
      let (number, isWhole) = try number()
      if isWhole, let integer = Int(String(decoding: bytes[start..<position], as: UTF8.self)) { return .integer(integer) }
      return .number(number)
    default: return try keyword()
    }
  }

  private mutating func keyword() throws(JSONSyntaxError) -> JSONValue {
    for (word, value) in [("null", JSONValue.null), ("true", .bool(true)), ("false", .bool(false))] where starts(with: word) {
      position += word.utf8.count
      return value
    }
    for word in ["NaN", "nan", "NAN", "Infinity", "inf", "Inf"] where starts(with: word) {
      throw failure("\(word) is no number in JSON: values that are missing or not finite are not allowed")
    }
    switch bytes[position] {
    case UInt8(ascii: "+"): throw failure("a number must not begin with +")
    case UInt8(ascii: "."): throw failure("a number must not begin with a point: write a zero before it")
    case UInt8(ascii: "'"): throw failure("strings stand in double quotes in JSON, not in single ones")
    default: throw failure("expected a value, found \(found())")
    }
  }

  func starts(with word: String) -> Bool {
    let text = word.utf8
    guard position + text.count <= bytes.count else { return false }
    return zip(bytes[position...], text).allSatisfy { $0 == $1 }
  }

  private mutating func object(depth: Int) throws(JSONSyntaxError) -> JSONObject {
    guard depth <= Self.maximumDepth else { throw failure("more than \(Self.maximumDepth) levels of nesting") }
    position += 1
    var object = JSONObject()
    skipSpace()
    if position < bytes.count, bytes[position] == UInt8(ascii: "}") {
      position += 1
      return object
    }
    while true {
      skipSpace()
      guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
        if position < bytes.count, bytes[position] == UInt8(ascii: "}") { throw failure("a comma must not stand before }") }
        throw failure("expected a key in double quotes, found \(found())")
      }
      let keyStart = position
      let key = try string()
      if object[key] != nil { throw failure("the key \"\(key)\" stands twice in one object", at: keyStart) }
      skipSpace()
      guard position < bytes.count, bytes[position] == UInt8(ascii: ":") else {
        throw failure("expected a colon after the key \"\(key)\", found \(found())")
      }
      position += 1
      skipSpace()
      object[key] = try value(depth: depth)
      skipSpace()
      guard position < bytes.count else { throw failure("the file ends inside an object, before its }") }
      if bytes[position] == UInt8(ascii: ",") {
        position += 1
      } else if bytes[position] == UInt8(ascii: "}") {
        position += 1
        return object
      } else {
        throw failure("expected a comma or } after the value of \"\(key)\", found \(found())")
      }
    }
  }

  private mutating func array(depth: Int) throws(JSONSyntaxError) -> JSONValue {
    guard depth <= Self.maximumDepth else { throw failure("more than \(Self.maximumDepth) levels of nesting") }
    position += 1
    var numbers: [Double] = []
    var whole = true
    var items: [JSONValue] = []
    skipSpace()
    if position < bytes.count, bytes[position] == UInt8(ascii: "]") {
      position += 1
      return .array([])
    }
    while true {
      skipSpace()
      if items.isEmpty, position < bytes.count, bytes[position] == UInt8(ascii: "-") || bytes[position] &- UInt8(ascii: "0") < 10 {
        let (number, isWhole) = try number()
        numbers.append(number)
        whole = whole && isWhole
      } else {
        if position < bytes.count, bytes[position] == UInt8(ascii: "]") { throw failure("a comma must not stand before ]") }
        if items.isEmpty, !numbers.isEmpty {
          items = numbers.map { number in whole ? Int(exactly: number).map { .integer($0) } ?? .number(number) : .number(number) }
        }
        items.append(try value(depth: depth))
      }
      skipSpace()
      guard position < bytes.count else { throw failure("the file ends inside an array, before its ]") }
      if bytes[position] == UInt8(ascii: ",") {
        position += 1
      } else if bytes[position] == UInt8(ascii: "]") {
        position += 1
        return items.isEmpty ? .numbers(numbers, whole: whole) : .array(items)
      } else {
        throw failure("expected a comma or ] after an array element, found \(found())")
      }
    }
  }
}
