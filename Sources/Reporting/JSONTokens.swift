import Foundation

/// Numbers and strings: the two tokens of JSON with an inside.
extension JSONReader {
  /// The powers of ten that a double holds exactly.
  private static let exactPowersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
  ]

  @inline(__always)
  private func digit(at index: Int) -> UInt64? {
    guard index < bytes.count else { return nil }
    let value = bytes[index] &- UInt8(ascii: "0")
    return value < 10 ? UInt64(value) : nil
  }

  /// A number, and whether it was written as a whole number.
  mutating func number() throws(JSONSyntaxError) -> (Double, isWhole: Bool) {
    let start = position
    let isNegative = bytes[position] == UInt8(ascii: "-")
    if isNegative { position += 1 }
    guard let first = digit(at: position) else {
      if starts(with: "inf") || starts(with: "Inf") || starts(with: "nan") || starts(with: "NaN") {
        position = start
        throw failure("\(found().replacing("\"", with: "")) is no number in JSON: values that are missing or not finite are not allowed")
      }
      throw failure("expected a digit after the minus sign, found \(found())")
    }
    var significand: UInt64 = 0
    var significantDigits = 0
    var exponent = 0
    if first == 0 {
      position += 1
      if digit(at: position) != nil { throw failure("a number must not begin with a zero before other digits", at: start) }
    } else {
      scanDigits(&significand, &significantDigits, overflow: &exponent)
    }
    var isWhole = true
    if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
      isWhole = false
      position += 1
      guard digit(at: position) != nil else { throw failure("expected a digit after the point, found \(found())") }
      let fractionStart = position
      var dropped = 0
      scanDigits(&significand, &significantDigits, overflow: &dropped)
      exponent -= position - fractionStart - dropped
    }
    if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
      isWhole = false
      position += 1
      let isNegativeExponent = position < bytes.count && bytes[position] == UInt8(ascii: "-")
      if isNegativeExponent || (position < bytes.count && bytes[position] == UInt8(ascii: "+")) { position += 1 }
      guard digit(at: position) != nil else { throw failure("expected a digit in the exponent, found \(found())") }
      var written = 0
      while let next = digit(at: position) {
        written = min(written * 10 + Int(next), 100_000)
        position += 1
      }
      exponent += isNegativeExponent ? -written : written
    }
    return (try rounded(significand, significantDigits, exponent, isNegative: isNegative, from: start), isWhole)
  }

  /// Takes digits into the significand while it holds them exactly (19 digits); the rest only counts as a power of ten.
  @inline(__always)
  private mutating func scanDigits(_ significand: inout UInt64, _ significantDigits: inout Int, overflow: inout Int) {
    while let next = digit(at: position) {
      if significantDigits < 19 {
        significand = significand &* 10 &+ next
        if significand != 0 { significantDigits += 1 }
      } else {
        overflow += 1
        significantDigits += 1
      }
      position += 1
    }
  }

  private func rounded(_ significand: UInt64, _ digits: Int, _ exponent: Int, isNegative: Bool, from start: Int) throws(JSONSyntaxError)
    -> Double
  {
    if digits <= 19, significand <= 1 << 53, abs(exponent) <= 22 {
      let magnitude =
        exponent < 0
        ? Double(significand) / Self.exactPowersOfTen[-exponent] : Double(significand) * Self.exactPowersOfTen[exponent]
      return isNegative ? -magnitude : magnitude
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard let value = Double(text), value.isFinite else { throw failure("\(text) is too large for a double", at: start) }
    return value
  }

  /// A string with its escapes resolved; the position is at its opening quote.
  mutating func string() throws(JSONSyntaxError) -> String {
    let start = position
    position += 1
    var text = ""
    var runStart = position
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\""):
        text += String(decoding: bytes[runStart..<position], as: UTF8.self)
        position += 1
        return text
      case UInt8(ascii: "\\"):
        text += String(decoding: bytes[runStart..<position], as: UTF8.self)
        position += 1
        text.unicodeScalars.append(try escape())
        runStart = position
      case 0..<0x20:
        throw failure(
          bytes[position] == UInt8(ascii: "\n")
            ? "the line ends inside a string" : "a control character inside a string must be written as \\u00XX")
      default: position += 1
      }
    }
    throw failure("the file ends inside the string that begins here", at: start)
  }

  private mutating func escape() throws(JSONSyntaxError) -> Unicode.Scalar {
    guard position < bytes.count else { throw failure("the file ends inside a string") }
    let kind = bytes[position]
    position += 1
    switch kind {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(kind)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let high = try hexadecimal()
      if let scalar = Unicode.Scalar(high) { return scalar }
      guard high < 0xDC00, starts(with: "\\u") else { throw failure("half of a surrogate pair stands alone in a string") }
      position += 2
      let low = try hexadecimal()
      guard (0xDC00..<0xE000).contains(low), let scalar = Unicode.Scalar(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)) else {
        throw failure("half of a surrogate pair stands alone in a string")
      }
      return scalar
    default:
      position -= 1
      throw failure("\\ must be followed by one of \" \\ / b f n r t u in a string, not by \(found())")
    }
  }

  private mutating func hexadecimal() throws(JSONSyntaxError) -> UInt32 {
    guard position + 4 <= bytes.count, bytes[position] != UInt8(ascii: "+"), bytes[position] != UInt8(ascii: "-"),
      let code = UInt32(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
    else { throw failure("\\u must be followed by four hexadecimal digits") }
    position += 4
    return code
  }
}
