import Foundation
import Reporting

/// What `credence notebook` was asked for.
struct NotebookOptions {
  enum Format: Equatable { case html, markdown }
  let source: String
  /// Nil for standard output.
  let output: String?
  let format: Format
  let isQuiet: Bool
  /// Whether the cache is not asked.
  let isFresh: Bool

  init(_ parsed: ParsedArguments) throws {
    guard let source = parsed.operands.first, parsed.operands.count == 1 else {
      throw UserError(
        parsed.operands.isEmpty
          ? "notebook: which script? Give a Swift file with cells that begin with // %%."
          : "notebook: expected one script, found \(parsed.operands.count): \(parsed.operands.map { "\"\($0)\"" }.joined(separator: " ")).")
    }
    self.source = source
    let name = URL(fileURLWithPath: source).deletingPathExtension().lastPathComponent
    let path = parsed.last("--output") ?? name + ".html"
    output = path == "-" ? nil : path
    switch URL(fileURLWithPath: path).pathExtension.lowercased() {
    case "html", "htm": format = .html
    case "md", "markdown": format = .markdown
    // A device or standard output has no ending.
    default:
      guard path == "-" || path.hasPrefix("/dev/") else {
        throw UserError("notebook: --output expects a file ending in .html or .md, not \"\(path)\".")
      }
      format = .html
    }
    isQuiet = parsed.has("--quiet")
    isFresh = parsed.has("--fresh")
  }
}

extension Command {
  /// Runs a notebook and writes its page. The page is written also where the program fails: with all that came before, and the error.
  func notebook(_ options: NotebookOptions) async throws -> Int32 {
    let bytes = try InputFile.read(options.source)
    guard let text = String(data: bytes, encoding: .utf8) else { throw UserError("\(options.source) is not UTF-8 text.") }
    let source: NotebookSource
    do { source = try NotebookSource(text) } catch { throw UserError("\(options.source), \(error)") }
    guard source.cells.contains(where: { !$0.code.isEmpty }) else {
      throw UserError("\(options.source) has no code: a notebook is a Swift script in cells that begin with // %%.")
    }
    guard source.importsCredence else {
      throw UserError("\(options.source) does not import the library: write import Credence in its first cell.")
    }
    let file = try options.output.map { try OutputFile(path: $0) }
    let runner = try NotebookRunner(source, options, console: console)
    let run = try await runner.run()
    let page = NotebookPage(source, outputs: run.outputs, name: URL(fileURLWithPath: options.source).lastPathComponent)
    let content = Data((options.format == .html ? page.html : page.markdown).utf8)
    if let file { try file.write(content) } else { try console.emit(content) }
    if let sentence = run.sentence { console.note("credence: \(sentence)") }
    if let path = options.output, !options.isQuiet { console.note("credence: \(path) is written.") }
    return run.code
  }
}
