import Foundation

/// Why a notebook cannot be read: one sentence.
package struct NotebookError: Error, Equatable, CustomStringConvertible {
  package var description: String
  package init(_ description: String) { self.description = description }
}

/// A notebook: an ordinary Swift script in cells, each of which begins with a line `// %%`.
///
/// What follows the mark is the cell's title. The comment lines (`//`, not `///`) before the cell's first line of code are its prose, in Markdown; the rest
/// is code. A comment further down belongs to the code, so prose after code takes a new cell, with or without a title. What stands before
/// the first mark is a cell without a title.
package struct NotebookSource: Sendable, Equatable {
  package struct Cell: Sendable, Equatable {
    /// Nil where the mark stands alone.
    package var title: String?
    /// Markdown.
    package var prose: String
    /// Without empty lines at either end.
    package var code: String
    /// The number of the line in the file where the code begins; of the mark, where there is none.
    package var line: Int

    package init(title: String?, prose: String, code: String, line: Int) {
      self.title = title
      self.prose = prose
      self.code = code
      self.line = line
    }
  }

  package private(set) var cells: [Cell] = []
  private var lines: [String]
  /// The lines with a mark, by place in `lines`, and the cell that each begins.
  private var marks: [(line: Int, cell: Int)] = []

  package static func == (a: NotebookSource, b: NotebookSource) -> Bool { a.lines == b.lines }

  /// Throws ``NotebookError`` where a mark stands inside of braces: a cell begins between statements.
  package init(_ text: String) throws {
    lines = text.replacing("\r\n", with: "\n").split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    // A script may name its interpreter.
    if lines[0].hasPrefix("#!") { lines[0] = "//" }
    let starts = try Self.marks(lines)
    var begins = starts
    if starts.first != 0 { begins.insert(0, at: 0) }
    for (index, start) in begins.enumerated() {
      let end = index + 1 < begins.count ? begins[index + 1] : lines.count
      let isMarked = starts.contains(start)
      let cell = Self.cell(lines, start..<end, isMarked: isMarked)
      // Nothing before the first mark is no cell.
      if !isMarked, cell.prose.isEmpty, cell.code.isEmpty { continue }
      if isMarked { marks.append((start, cells.count)) }
      cells.append(cell)
    }
  }

  // MARK: - Reading

  private static let mark = "// %%"

  private static func marks(_ lines: [String]) throws -> [Int] {
    var starts: [Int] = []
    let tokens = SwiftTokens.scan(lines.joined(separator: "\n"))
    var token = 0
    var depth = 0
    var place = 0
    let bytes = Array(lines.joined(separator: "\n").utf8)
    for (index, line) in lines.enumerated() {
      while token < tokens.count, tokens[token].range.upperBound <= place {
        if tokens[token].kind == .plain {
          for byte in bytes[tokens[token].range] {
            if "{([".utf8.contains(byte) { depth += 1 }
            if "})]".utf8.contains(byte) { depth -= 1 }
          }
        }
        token += 1
      }
      // A mark inside of a string or of a block comment is none: there the token began earlier.
      let isComment = token < tokens.count && tokens[token].kind == .comment && tokens[token].range.lowerBound == place
      if isComment, line.hasPrefix(mark), line.dropFirst(mark.count).first.map({ $0 == " " || $0 == "\t" }) ?? true {
        // Brackets of the plain token that ends at this line are counted: it ends where the comment begins.
        guard depth <= 0 else {
          throw NotebookError("line \(index + 1): a cell begins inside of brackets that are still open; a cell begins between statements.")
        }
        starts.append(index)
      }
      place += line.utf8.count + 1
    }
    return starts
  }

  private static func cell(_ lines: [String], _ range: Range<Int>, isMarked: Bool) -> Cell {
    var title: String?
    var place = range.lowerBound
    if isMarked {
      var words = lines[place].dropFirst(mark.count).trimmingCharacters(in: .whitespaces)
      // Editors that know such cells mark those without code.
      if words.hasPrefix("[markdown]") { words = words.dropFirst(10).trimmingCharacters(in: .whitespaces) }
      title = words.isEmpty ? nil : words
      place += 1
    }
    var prose: [String] = []
    while place < range.upperBound {
      let line = lines[place].trimmingCharacters(in: .whitespaces)
      guard line.isEmpty || (line.hasPrefix("//") && !line.hasPrefix("///")) else { break }
      // One space after the slashes belongs to the comment; more is indentation, which Markdown reads.
      let words = line.dropFirst(2)
      prose.append(String(words.hasPrefix(" ") ? words.dropFirst() : words))
      place += 1
    }
    var code = lines[place..<range.upperBound].map { line -> String in
      var line = line
      while line.last?.isWhitespace == true { line.removeLast() }
      return line
    }
    while code.last?.isEmpty == true { code.removeLast() }
    let text = prose.joined(separator: "\n").trimmingCharacters(in: .newlines)
    return Cell(title: title, prose: text, code: code.joined(separator: "\n"), line: code.isEmpty ? range.lowerBound + 1 : place + 1)
  }

  // MARK: - Using

  /// The title of the notebook: that of the first cell that has one.
  package var title: String? { cells.lazy.compactMap(\.title).first }

  /// Whether a line imports the library.
  package var importsCredence: Bool {
    cells.contains { $0.code.split(separator: "\n").contains { $0.trimmingCharacters(in: .whitespaces).hasPrefix("import Credence") } }
  }

  /// The program that tells where its cells begin: each mark is replaced by a call in the same line, so that the compiler names the user's lines.
  package func program(path: String) -> String {
    var lines = lines
    for mark in marks { lines[mark.line] = "NotebookCell.begin(\(mark.cell))" }
    let quoted = path.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    let opening = marks.first?.cell == 0 ? "" : "NotebookCell.begin(0)\n"
    return opening + "#sourceLocation(file: \"\(quoted)\", line: 1)\n" + lines.joined(separator: "\n") + "\n"
  }

  /// For each cell a checksum of the code that its output depends on, and of `base`: the library and the compiler.
  ///
  /// That is the code of all cells up to and with it, and of every later cell that declares a type or a function: Swift lets these be used before they are
  /// declared. Prose, titles and blank lines at the ends do not count.
  package func keys(base: String) -> [String] {
    let declarations = cells.filter { Self.declares($0.code) }.map(\.code).joined(separator: "\u{1F}")
    var key = SHA256.hexadecimal(Data((base + "\u{1E}" + declarations).utf8))
    return cells.map { cell in
      key = SHA256.hexadecimal(Data((key + "\u{1F}" + cell.code).utf8))
      return key
    }
  }

  private static let declaring: Set<String> = [
    "func", "struct", "enum", "class", "actor", "protocol", "extension", "typealias", "operator", "prefix", "infix", "postfix",
    "precedencegroup",
    "macro",
  ]

  private static func declares(_ code: String) -> Bool {
    let bytes = Array(code.utf8)
    return SwiftTokens.scan(code).contains { token in
      guard token.kind == .keyword || token.kind == .plain else { return false }
      let words = String(decoding: bytes[token.range], as: UTF8.self).split { !($0.isLetter || $0 == "_") }
      return words.contains { declaring.contains(String($0)) }
    }
  }
}
