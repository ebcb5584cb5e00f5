import Foundation

/// One thing that a cell shows.
package enum NotebookOutput: Codable, Sendable, Equatable {
  /// What was printed.
  case text(String)
  case table(columns: [String], isNumber: [Bool], rows: [[String]])
  /// A whole SVG element.
  case svg(String, title: String)
  /// Why the program ended here.
  case failure(String)

  /// Printed text of one cell beyond this is cut, so that a page stays a page.
  package static let textLimit = 100_000
}

/// What a notebook's program writes: printed text, and between it frames, each a line `␞TOKEN KIND LENGTH` and as many bytes.
///
/// The token is made anew for every run, so that nothing a program prints is taken for a frame.
package enum NotebookStream {
  /// The variable of the environment that holds the token; a program that runs without it is no notebook.
  package static let variable = "CREDENCE_NOTEBOOK"
  private static let separator: UInt8 = 0x1E

  static func cellFrame(_ number: Int, token: String) -> String { "\u{1E}\(token) cell \(number)\n" }

  static func frame(_ output: NotebookOutput, token: String) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Texts and lists of texts can always be encoded.
    let bytes = (try? encoder.encode(output)) ?? Data()
    return "\u{1E}\(token) show \(bytes.count)\n\(String(decoding: bytes, as: UTF8.self))\n"
  }

  /// The outputs of each cell in order; `last` is the cell in which the stream ends.
  package static func read(_ data: Data, token: String, cells: Int) -> (outputs: [[NotebookOutput]], last: Int) {
    var outputs = [[NotebookOutput]](repeating: [], count: cells)
    var cell = 0
    let bytes = [UInt8](data)
    let mark = [separator] + Array("\(token) ".utf8)
    var text: [UInt8] = []
    func close() {
      guard !text.isEmpty, outputs.indices.contains(cell) else { return }
      outputs[cell].append(.text(cut(text)))
      text = []
    }
    var place = 0
    while place < bytes.count {
      guard bytes[place] == separator, bytes[place...].starts(with: mark), let end = bytes[place...].firstIndex(of: UInt8(ascii: "\n"))
      else {
        text.append(bytes[place])
        place += 1
        continue
      }
      close()
      let words = String(decoding: bytes[(place + mark.count)..<end], as: UTF8.self).split(separator: " ")
      place = end + 1
      guard words.count == 2, let number = Int(words[1]), number >= 0 else { continue }
      if words[0] == "cell" {
        cell = number
      } else {
        let body = Data(bytes[min(place, bytes.count)..<min(place + number, bytes.count)])
        // A program that was stopped in the middle of a frame leaves no whole one.
        if let output = try? JSONDecoder().decode(NotebookOutput.self, from: body), outputs.indices.contains(cell) {
          outputs[cell].append(output)
        }
        place = min(place + number + 1, bytes.count)
      }
    }
    close()
    return (outputs, min(cell, max(cells - 1, 0)))
  }

  private static func cut(_ text: [UInt8]) -> String {
    guard text.count > NotebookOutput.textLimit else { return String(decoding: text, as: UTF8.self) }
    let kept = text.prefix(NotebookOutput.textLimit)
    return String(decoding: kept, as: UTF8.self) + "\n… and \(text.count - kept.count) bytes more.\n"
  }
}
