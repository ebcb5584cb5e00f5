import Foundation
import Testing

/// What README.md shows is what the commands print.
///
/// A block of output stands after a comment `<!-- output: COMMAND -->`; the command runs in one directory for all, in which the files that README.md
/// shows (`As `NAME`` above a block, or `<!-- file: NAME -->`) are. The block is the whole output, or with `<!-- part of output: COMMAND -->` some
/// consecutive lines of it. Every block without a language is such an output, unless `<!-- no output -->` stands before it.
@Suite struct ReadmeTests {
  private struct Block {
    var comment: String
    var language: String
    var lines: [String]
    var number: Int
  }

  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private func blocks() throws -> [Block] {
    var blocks: [Block] = []
    var present: Block?
    var comment = ""
    let text = try String(contentsOf: Self.root.appendingPathComponent("README.md"), encoding: .utf8)
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init).enumerated() {
      if var block = present {
        if line == "```" {
          blocks.append(block)
          present = nil
          comment = ""
        } else {
          block.lines.append(line)
          present = block
        }
      } else if line.hasPrefix("```") {
        present = Block(comment: comment, language: String(line.dropFirst(3)), lines: [], number: number + 1)
      } else if line.hasPrefix("<!--") {
        comment = String(line.dropFirst(4).dropLast(3)).trimmingCharacters(in: .whitespaces)
      } else if !line.isEmpty {
        comment = ""
      }
    }
    return blocks
  }

  private func shell(_ command: String, in directory: String) throws -> (code: Int32, output: String, notes: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", command]
    process.currentDirectoryURL = URL(fileURLWithPath: directory)
    var variables = ProcessInfo.processInfo.environment
    variables["PATH"] = productsDirectory.path + ":" + (variables["PATH"] ?? "")
    variables["XDG_CACHE_HOME"] = directory + "/.cache"
    process.environment = variables
    let (output, notes) = (Pipe(), directory + "/.notes")
    _ = FileManager.default.createFile(atPath: notes, contents: nil)
    process.standardOutput = output
    process.standardError = FileHandle(forWritingAtPath: notes)
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text, (try? String(contentsOfFile: notes, encoding: .utf8)) ?? "")
  }

  /// Times differ from run to run.
  private func timeless(_ text: String) -> String { text.replacing(/\d[\d.]* µs/, with: "… µs") }

  /// The words that do not depend on the processor: numbers of a chain do (vectors of another width round sums in another order).
  private func skeleton(_ text: String) -> [[String]] {
    text.split(separator: "\n").map { line in line.split(separator: " ").map(String.init).filter { Double($0) == nil } }
  }

  @Test func everyOutputIsThatOfItsCommand() throws {
    let directory = try temporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    // README.md was written on a processor with vectors of 512 bits.
    let isExact = try shell("credence --version", in: directory).output.contains("512 bits")
    var outputs = 0
    for block in try blocks() {
      let parts = block.comment.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
      let text = block.lines.joined(separator: "\n") + "\n"
      switch parts.first {
      case "file": try Data(text.utf8).write(to: URL(fileURLWithPath: directory + "/" + parts[1]))
      case "output", "part of output":
        outputs += 1
        let ran = try shell(parts[1], in: directory)
        #expect(ran.code == 0, "README.md, line \(block.number): \(parts[1]) ended with \(ran.code): \(ran.notes)")
        let (shown, printed) = (timeless(text), timeless(ran.output))
        if !isExact, skeleton(shown) == skeleton(printed) { continue }
        let isThere = parts[0] == "output" ? printed == shown : ("\n" + printed).contains("\n" + shown)
        #expect(isThere, "README.md, line \(block.number): \(parts[1]) prints\n\(ran.output)")
      default:
        #expect(!block.language.isEmpty || block.comment == "no output", "README.md, line \(block.number): an output without its command")
      }
    }
    #expect(outputs >= 4)
  }
}
