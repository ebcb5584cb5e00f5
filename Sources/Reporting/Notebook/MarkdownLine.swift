import Foundation

/// What Markdown says within a paragraph.
enum MarkdownLine {
  static func html(_ text: String) -> String {
    var reader = Reader(letters: Array(text))
    return reader.html(until: nil) ?? ""
  }

  private struct Reader {
    let letters: [Character]
    var place = 0
    /// How many marks are open around this place; emphasis within emphasis ends somewhere.
    var depth = 0
    /// Letters that may still be read: marks that nothing closes are read again as text, and many of them must not take for ever.
    var budget = 200_000
    /// Links do not stand within links.
    var allowsLinks = true

    private func follows(_ words: String) -> Bool { letters[place...].starts(with: words) }

    /// The HTML up to a closing mark, which is passed; nil where the mark does not come. Without a mark: up to the end.
    mutating func html(until closing: String?) -> String? {
      var html = ""
      let start = place
      while place < letters.count {
        budget -= 1
        if let closing, place > start, !letters[place - 1].isWhitespace, follows(closing), !isLongerMark(closing) {
          place += closing.count
          return html
        }
        let letter = letters[place]
        if letter == "\\", place + 1 < letters.count, letters[place + 1].isASCII,
          letters[place + 1].isPunctuation || letters[place + 1].isSymbol
        {
          html += MarkupText.escaped(String(letters[place + 1]))
          place += 2
        } else if let part = code() ?? picture() ?? link() ?? emphasis() {
          html += part
        } else {
          html += MarkupText.escaped(String(letter))
          place += 1
        }
      }
      return closing == nil ? html : nil
    }

    /// A single star does not end at the first of two.
    private func isLongerMark(_ mark: String) -> Bool {
      mark.count == 1 && place + 1 < letters.count && letters[place + 1] == letters[place]
    }

    private mutating func code() -> String? {
      guard letters[place] == "`" else { return nil }
      let ticks = letters[place...].prefix { $0 == "`" }.count
      var end = place + ticks
      while end < letters.count {
        let run = letters[end...].prefix { $0 == "`" }.count
        if run == ticks {
          var words = String(letters[(place + ticks)..<end]).replacing("\n", with: " ")
          if words.hasPrefix(" "), words.hasSuffix(" "), words.contains(where: { $0 != " " }) {
            words = String(words.dropFirst().dropLast())
          }
          place = end + ticks
          return "<code>\(MarkupText.escaped(words))</code>"
        }
        end += max(run, 1)
      }
      // Not closed: the ticks are text, all of them.
      place += ticks
      return String(repeating: "`", count: ticks)
    }

    private mutating func emphasis() -> String? {
      let mark = letters[place]
      guard mark == "*" || mark == "_", depth < 8, budget > 0 else { return nil }
      // Underscores within a word are part of it.
      if mark == "_", place > 0, letters[place - 1].isLetter || letters[place - 1].isNumber { return nil }
      let isStrong = place + 1 < letters.count && letters[place + 1] == mark
      let width = isStrong ? 2 : 1
      guard place + width < letters.count, !letters[place + width].isWhitespace, letters[place + width] != mark else { return nil }
      let start = place
      place += width
      depth += 1
      defer { depth -= 1 }
      guard let inner = html(until: String(repeating: mark, count: width)) else {
        place = start
        return nil
      }
      return isStrong ? "<strong>\(inner)</strong>" : "<em>\(inner)</em>"
    }

    /// `[text](address)`: its parts, and the place after it. The text may have brackets in pairs, the address parentheses in pairs.
    private func linkParts(from start: Int) -> (text: String, address: String, end: Int)? {
      guard start < letters.count, letters[start] == "[", let close = matching("[", "]", start), close + 1 < letters.count,
        letters[close + 1] == "(",
        let end = matching("(", ")", close + 1)
      else { return nil }
      let address = String(letters[(close + 2)..<end]).trimmingCharacters(in: .whitespacesAndNewlines)
      return (String(letters[(start + 1)..<close]), address, end + 1)
    }

    private func matching(_ open: Character, _ close: Character, _ start: Int) -> Int? {
      var level = 0
      var index = start
      while index < letters.count {
        if letters[index] == "\\" {
          index += 2
          continue
        }
        if letters[index] == open { level += 1 }
        if letters[index] == close {
          level -= 1
          if level == 0 { return index }
        }
        index += 1
      }
      return nil
    }

    private mutating func link() -> String? {
      guard letters[place] == "[", allowsLinks, let parts = linkParts(from: place), Self.isSafe(parts.address) else { return nil }
      place = parts.end
      var inner = Reader(letters: Array(parts.text), allowsLinks: false)
      return "<a href=\"\(MarkupText.escaped(parts.address))\">\(inner.html(until: nil) ?? "")</a>"
    }

    private mutating func picture() -> String? {
      guard letters[place] == "!", let parts = linkParts(from: place + 1), Self.isPicture(parts.address) else { return nil }
      place = parts.end
      return "<img src=\"\(MarkupText.escaped(parts.address))\" alt=\"\(MarkupText.escaped(parts.text))\">"
    }

    private static func isPicture(_ address: String) -> Bool {
      ["data:image/png;base64,", "data:image/jpeg;base64,", "data:image/svg+xml;base64,"].contains { address.hasPrefix($0) }
    }

    /// What comes before a colon is a scheme, unless a slash, a question mark or a hash comes first.
    private static func isSafe(_ address: String) -> Bool {
      guard !address.isEmpty, !address.contains(where: { $0.isWhitespace || $0.isNewline }) else { return false }
      let head = address.prefix { !"/?#".contains($0) }
      guard head.contains(":") else { return true }
      return ["http:", "https:", "mailto:"].contains { address.lowercased().hasPrefix($0) }
    }
  }
}

/// Text for HTML: as ``SVG/escaped(_:)``, but line feeds stay.
package enum MarkupText {
  package static func escaped(_ words: String) -> String {
    words.split(separator: "\n", omittingEmptySubsequences: false).map { SVG.escaped(String($0)) }.joined(separator: "\n")
  }
}

/// Swift code with its words in spans.
package enum SwiftHighlight {
  package static func html(_ code: String) -> String {
    let bytes = Array(code.utf8)
    return SwiftTokens.scan(code).map { token in
      let text = MarkupText.escaped(String(decoding: bytes[token.range], as: UTF8.self))
      return token.kind == .plain ? text : "<span class=\"\(token.kind.rawValue)\">\(text)</span>"
    }.joined()
  }
}
