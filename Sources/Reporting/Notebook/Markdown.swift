import Foundation

/// Markdown to HTML, a sound subset: headings, paragraphs, lists (nested by indentation), block quotes, fenced code, tables with a line of dashes, rules; in a
/// line `code`, **strong**, *emphasis*, links and backslash escapes.
///
/// All text is escaped, so HTML in the source shows as text. Links go only to `http`, `https` and `mailto` addresses, to places in the page and to
/// relative paths; pictures are shown only where their data stand in the page (`data:image/…`), so that a page never asks for anything.
package enum Markdown {
  /// - Parameter level: what is added to the levels of headings.
  package static func html(_ text: String, level: Int = 0) -> String {
    blocks(
      text.replacing("\r\n", with: "\n").split(separator: "\n", omittingEmptySubsequences: false).map { detabbed(String($0)) }, level: level
    )
  }

  private static func detabbed(_ line: String) -> String { line.replacing("\t", with: "    ") }

  // MARK: - Blocks

  private static func blocks(_ lines: [String], level: Int) -> String {
    var html = ""
    var place = 0
    var paragraph: [String] = []
    func closed() -> String {
      defer { paragraph = [] }
      return paragraph.isEmpty ? "" : "<p>\(MarkdownLine.html(paragraph.joined(separator: "\n")))</p>\n"
    }
    while place < lines.count {
      let line = lines[place]
      let words = line.trimmingCharacters(in: .whitespaces)
      if words.isEmpty {
        html += closed()
        place += 1
      } else if let fence = Self.fence(words) {
        html += closed() + fencedCode(lines, &place, fence)
      } else if let (depth, title) = Self.heading(words) {
        html += closed() + "<h\(min(depth + level, 6))>\(MarkdownLine.html(title))</h\(min(depth + level, 6))>\n"
        place += 1
      } else if isRule(words) {
        html += closed() + "<hr>\n"
        place += 1
      } else if words.hasPrefix(">") {
        html += closed() + quote(lines, &place, level)
      } else if item(line) != nil, paragraph.isEmpty || item(line)?.isNumbered == false {
        html += closed() + list(lines, &place, level)
      } else if words.contains("|"), place + 1 < lines.count, let alignments = Self.alignments(lines[place + 1]),
        cells(words).count == alignments.count
      {
        html += closed() + table(lines, &place, alignments)
      } else {
        paragraph.append(words)
        place += 1
      }
    }
    return html + closed()
  }

  private static func heading(_ words: String) -> (depth: Int, title: String)? {
    let depth = words.prefix { $0 == "#" }.count
    let rest = words.dropFirst(depth)
    guard (1...6).contains(depth), rest.hasPrefix(" ") || rest.isEmpty else { return nil }
    return (depth, rest.trimmingCharacters(in: .whitespaces))
  }

  private static func isRule(_ words: String) -> Bool {
    let marks = words.filter { $0 != " " }
    return marks.count >= 3 && (marks.allSatisfy { $0 == "-" } || marks.allSatisfy { $0 == "*" } || marks.allSatisfy { $0 == "_" })
  }

  private static func fence(_ words: String) -> String? {
    let ticks = words.prefix { $0 == "`" }
    return ticks.count >= 3 && !words.dropFirst(ticks.count).contains("`") ? String(ticks) : nil
  }

  private static func fencedCode(_ lines: [String], _ place: inout Int, _ fence: String) -> String {
    let indent = lines[place].prefix { $0 == " " }.count
    let language = lines[place].trimmingCharacters(in: .whitespaces).dropFirst(fence.count).trimmingCharacters(in: .whitespaces)
    place += 1
    var code: [String] = []
    while place < lines.count, !isClosing(lines[place], fence) {
      code.append(String(lines[place].dropFirst(min(indent, lines[place].prefix { $0 == " " }.count))))
      place += 1
    }
    place += 1
    let text = code.joined(separator: "\n")
    return "<pre class=\"code\"><code>\(language == "swift" ? SwiftHighlight.html(text) : MarkupText.escaped(text))</code></pre>\n"
  }

  private static func isClosing(_ line: String, _ fence: String) -> Bool {
    let words = line.trimmingCharacters(in: .whitespaces)
    return words.count >= fence.count && words.allSatisfy { $0 == "`" }
  }

  private static func quote(_ lines: [String], _ place: inout Int, _ level: Int) -> String {
    var inner: [String] = []
    while place < lines.count {
      let words = lines[place].trimmingCharacters(in: .whitespaces)
      guard words.hasPrefix(">") else { break }
      let rest = words.dropFirst()
      inner.append(String(rest.hasPrefix(" ") ? rest.dropFirst() : rest))
      place += 1
    }
    return "<blockquote>\n\(blocks(inner, level: level))</blockquote>\n"
  }

  // MARK: - Lists

  private struct Item {
    var isNumbered: Bool
    var start: Int
    /// Columns of the mark's beginning and of the text after it.
    var indent: Int
    var textIndent: Int
  }

  private static func item(_ line: String) -> Item? {
    let indent = line.prefix { $0 == " " }.count
    let words = line.dropFirst(indent)
    let digits = words.prefix { $0.isASCII && $0.isNumber }
    let width: Int
    if let first = words.first, "-*+".contains(first) {
      width = 1
    } else if (1...9).contains(digits.count), let next = words.dropFirst(digits.count).first, ".)".contains(next) {
      width = digits.count + 1
    } else {
      return nil
    }
    let rest = words.dropFirst(width)
    guard rest.isEmpty || rest.hasPrefix(" ") else { return nil }
    return Item(isNumbered: width > 1, start: Int(digits) ?? 1, indent: indent, textIndent: indent + width + 1)
  }

  private static func list(_ lines: [String], _ place: inout Int, _ level: Int) -> String {
    guard let first = item(lines[place]) else { return "" }
    var items: [String] = []
    var isLoose = false
    while place < lines.count, let mark = item(lines[place]), mark.isNumbered == first.isNumbered, mark.indent < first.textIndent,
      !isRule(lines[place].trimmingCharacters(in: .whitespaces))
    {
      var inner = [String(lines[place].dropFirst(mark.textIndent))]
      place += 1
      while place < lines.count {
        let line = lines[place]
        let indent = line.prefix { $0 == " " }.count
        if line.allSatisfy({ $0 == " " }) {
          // An empty line goes on with what is indented after it.
          guard place + 1 < lines.count, lines[place + 1].prefix(while: { $0 == " " }).count >= mark.textIndent else { break }
          isLoose = true
          inner.append("")
        } else if indent >= mark.textIndent {
          inner.append(String(line.dropFirst(mark.textIndent)))
        } else if item(line) == nil, inner.last?.isEmpty == false, heading(line) == nil, fence(line) == nil {
          inner.append(line)  // a line that goes on lazily
        } else {
          break
        }
        place += 1
      }
      var body = blocks(inner, level: level)
      // A single paragraph needs no element of its own.
      if !isLoose, body.hasPrefix("<p>"), let end = body.range(of: "</p>\n") {
        body = String(body[body.index(body.startIndex, offsetBy: 3)..<end.lowerBound]) + String(body[end.upperBound...])
      }
      items.append("<li>\(body.hasSuffix("\n") ? String(body.dropLast()) : body)</li>\n")
      // Empty lines between items.
      var next = place
      while next < lines.count, lines[next].allSatisfy({ $0 == " " }) { next += 1 }
      if next > place, next < lines.count, let following = item(lines[next]), following.isNumbered == first.isNumbered { place = next }
    }
    let tag = first.isNumbered ? "ol" : "ul"
    let start = first.isNumbered && first.start != 1 ? " start=\"\(first.start)\"" : ""
    return "<\(tag)\(start)>\n\(items.joined())</\(tag)>\n"
  }

  // MARK: - Tables

  /// Cells between bars; `\|` is a bar of the text, and so is one inside of code.
  private static func cells(_ line: String) -> [String] {
    var words = Substring(line.trimmingCharacters(in: .whitespaces))
    if words.hasPrefix("|") { words = words.dropFirst() }
    if words.hasSuffix("|"), !words.hasSuffix("\\|") { words = words.dropLast() }
    var cells = [""]
    var isEscaped = false
    var isCode = false
    for letter in words {
      if letter == "|", isEscaped {
        cells[cells.count - 1].removeLast()
        cells[cells.count - 1].append("|")
      } else if letter == "|", !isCode {
        cells.append("")
      } else {
        cells[cells.count - 1].append(letter)
      }
      if letter == "`", !isEscaped { isCode.toggle() }
      isEscaped = letter == "\\" && !isEscaped
    }
    return cells.map { $0.trimmingCharacters(in: .whitespaces) }
  }

  /// `|---|:--:|` ↦ alignments; nil for another line.
  private static func alignments(_ line: String) -> [String]? {
    guard line.contains("-"), line.allSatisfy({ "|-: ".contains($0) }) else { return nil }
    let parts = cells(line)
    guard parts.allSatisfy({ $0.contains("-") }) else { return nil }
    return parts.map { part in
      switch (part.hasPrefix(":"), part.hasSuffix(":")) {
      case (true, true): " class=\"center\""
      case (false, true): " class=\"right\""
      default: ""
      }
    }
  }

  private static func table(_ lines: [String], _ place: inout Int, _ alignments: [String]) -> String {
    func row(_ line: String, _ tag: String) -> String {
      let parts = Self.cells(line)
      let row = alignments.enumerated().map { column, alignment in
        "<\(tag)\(alignment)>\(parts.indices.contains(column) ? MarkdownLine.html(parts[column]) : "")</\(tag)>"
      }
      return "<tr>\(row.joined())</tr>\n"
    }
    var html = "<div class=\"scroll\"><table>\n<thead>\n\(row(lines[place], "th"))</thead>\n<tbody>\n"
    place += 2
    while place < lines.count, lines[place].contains("|") {
      html += row(lines[place], "td")
      place += 1
    }
    return html + "</tbody>\n</table></div>\n"
  }
}
