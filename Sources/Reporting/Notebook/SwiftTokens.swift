/// The words of Swift source, as far as a notebook needs them: where comments and strings are, and which words get a colour.
///
/// Strings in all their forms (`"…"`, `"""…"""`, `#"…"#`, interpolations with strings inside) and nested block comments are followed exactly. Regular
/// expression literals are taken for operators and names, so a quotation mark inside of one begins a string.
package struct SwiftTokens {
  package enum Kind: String, Sendable { case comment, string, number, keyword, type, plain }

  package struct Token: Sendable, Equatable {
    package var kind: Kind
    /// Places of bytes in UTF-8.
    package var range: Range<Int>
  }

  private let bytes: [UInt8]
  private var place = 0
  private var tokens: [Token] = []

  /// All tokens in order, without gaps.
  package static func scan(_ text: String) -> [Token] {
    var scanner = SwiftTokens(bytes: Array(text.utf8))
    scanner.scan()
    return scanner.tokens
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private static let keywords: Set<String> = [
    "actor", "any", "as", "async", "await", "break", "case", "catch", "class", "continue", "default", "defer", "do", "else", "enum",
    "extension",
    "false", "fileprivate", "for", "func", "guard", "if", "import", "in", "init", "inout", "internal", "is", "let", "mutating", "nil",
    "nonisolated", "operator", "override", "private", "protocol", "public", "repeat", "return", "self", "Self", "some", "static", "struct",
    "subscript", "super", "switch", "throw", "throws", "true", "try", "typealias", "var", "where", "while",
  ]

  // MARK: - Scanning

  private func byte(_ offset: Int = 0) -> UInt8 { place + offset < bytes.count ? bytes[place + offset] : 0 }
  private func follows(_ text: StaticString) -> Bool {
    text.withUTF8Buffer { words in place + words.count <= bytes.count && zip(words, bytes[place...]).allSatisfy(==) }
  }

  private mutating func add(_ kind: Kind, from start: Int) {
    guard place > start else { return }
    if kind == .plain, let last = tokens.last, last.kind == .plain, last.range.upperBound == start {
      tokens[tokens.count - 1].range = last.range.lowerBound..<place
    } else {
      tokens.append(Token(kind: kind, range: start..<place))
    }
  }

  private mutating func scan() {
    while place < bytes.count {
      let start = place
      if follows("//") {
        while place < bytes.count, bytes[place] != UInt8(ascii: "\n") { place += 1 }
        add(.comment, from: start)
      } else if follows("/*") {
        skipBlockComment()
        add(.comment, from: start)
      } else if let hashes = stringOpening() {
        skipString(hashes)
        add(.string, from: start)
      } else if Self.isDigit(byte()) {
        skipNumber()
        add(.number, from: start)
      } else if Self.isLetter(byte()) || ("@#".utf8.contains(byte()) && Self.isLetter(byte(1))) {
        place += 1
        while Self.isLetter(byte()) || Self.isDigit(byte()) { place += 1 }
        let word = String(decoding: bytes[start..<place], as: UTF8.self)
        let isMember = start > 0 && bytes[start - 1] == UInt8(ascii: ".")
        let isKeyword = word.hasPrefix("@") || word.hasPrefix("#") || (!isMember && Self.keywords.contains(word))
        add(isKeyword ? .keyword : word.first?.isUppercase == true ? .type : .plain, from: start)
      } else {
        place += 1
        add(.plain, from: start)
      }
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
      || byte == UInt8(ascii: "_") || byte >= 0x80
  }

  private mutating func skipNumber() {
    while Self.isDigit(byte()) || Self.isLetter(byte()) || (byte() == UInt8(ascii: ".") && Self.isDigit(byte(1)))
      || ("+-".utf8.contains(byte()) && "eE".utf8.contains(bytes[place - 1]) && Self.isDigit(byte(1)))
    { place += 1 }
  }

  private mutating func skipBlockComment() {
    var depth = 0
    repeat {
      if follows("/*") {
        depth += 1
        place += 2
      } else if follows("*/") {
        depth -= 1
        place += 2
      } else {
        place += 1
      }
    } while depth > 0 && place < bytes.count
    place = min(place, bytes.count)
  }

  /// The number of `#` before a quotation mark here; nil where no string begins.
  private func stringOpening() -> Int? {
    var hashes = 0
    while byte(hashes) == UInt8(ascii: "#") { hashes += 1 }
    return byte(hashes) == UInt8(ascii: "\"") ? hashes : nil
  }

  private mutating func skipString(_ hashes: Int) {
    place += hashes
    let isMultiline = follows("\"\"\"")
    let quotes = isMultiline ? 3 : 1
    place += quotes
    func isMark(_ count: Int, _ mark: UInt8, at start: Int) -> Bool { (0..<count).allSatisfy { byte(start + $0) == mark } }
    while place < bytes.count {
      if byte() == UInt8(ascii: "\\"), isMark(hashes, UInt8(ascii: "#"), at: 1) {
        place += 1 + hashes
        if byte() == UInt8(ascii: "(") { skipInterpolation() } else { place = min(place + 1, bytes.count) }
      } else if isMark(quotes, UInt8(ascii: "\""), at: 0), isMark(hashes, UInt8(ascii: "#"), at: quotes) {
        place += quotes + hashes
        return
      } else if !isMultiline, byte() == UInt8(ascii: "\n") {
        // Not closed: the compiler will say so.
        return
      } else {
        place += 1
      }
    }
  }

  private mutating func skipInterpolation() {
    var depth = 0
    repeat {
      if let hashes = stringOpening() {
        skipString(hashes)
        continue
      }
      if follows("/*") {
        skipBlockComment()
        continue
      }
      if byte() == UInt8(ascii: "(") { depth += 1 }
      if byte() == UInt8(ascii: ")") { depth -= 1 }
      place += 1
    } while depth > 0 && place < bytes.count
    place = min(place, bytes.count)
  }
}
