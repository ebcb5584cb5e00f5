import Foundation
import Reporting
import Synchronization

/// Runs a notebook's program, or takes the outputs of its cells from the cache.
///
/// The state of a script is in its process, so a cell cannot be run again without those before it: **the unit of recomputation is the program, the unit of
/// caching is the output of a cell.** A cell's output is kept under a checksum of the library, the compiler and all code that the output depends on
/// (``NotebookSource/keys(base:)``); where every cell with code has one, nothing is compiled and nothing runs; otherwise all cells run. What a program
/// reads besides (files, the clock, the lines of its own source in a message) is not in the checksum: `--fresh` runs it again.
/// The outputs of a run that failed are not kept.
struct NotebookRunner {
  struct Run {
    var outputs: [[NotebookOutput]]
    var code = ExitCode.done
    /// What went wrong, for standard error.
    var sentence: String?
  }

  private let source: NotebookSource
  private let path: String
  private let console: Console
  private let options: NotebookOptions
  private let compiler: ModelFileCompiler
  private let keys: [String]
  private let store: URL
  /// Outputs kept.
  private static let capacity = 1000

  init(_ source: NotebookSource, _ options: NotebookOptions, console: Console) throws {
    self.source = source
    self.options = options
    path = options.source
    self.console = console
    compiler = try ModelFileCompiler(console: console)
    keys = source.keys(base: compiler.identity(.script))
    // A hidden directory: compiled programs are counted by their names beside it.
    store = compiler.cache.appendingPathComponent(".notebooks")
  }

  func run() async throws -> Run {
    if !options.isFresh, let outputs = kept() {
      note("\(path): nothing has changed since the last run.")
      return Run(outputs: outputs)
    }
    let cells = source.cells.count { !$0.code.isEmpty }
    note("\(path): running \(cells) cell\(cells == 1 ? "" : "s").")
    let program = try compiler.program(script: source.program(path: path), of: path)
    let token = UUID().uuidString
    let working = compiler.cache.appendingPathComponent(".\(UUID().uuidString).part")
    UnfinishedWork.begin(path: working.path)
    try FileManager.default.createDirectory(at: working, withIntermediateDirectories: true)
    defer {
      try? FileManager.default.removeItem(at: working)
      UnfinishedWork.end(path: working.path)
    }
    let (written, notes) = (working.appendingPathComponent("output"), working.appendingPathComponent("notes"))
    let ending = try await start(program, token, written, notes)
    let stream = NotebookStream.read((try? Data(contentsOf: written)) ?? Data(), token: token, cells: source.cells.count)
    var outputs = stream.outputs
    let said = String(decoding: (try? Data(contentsOf: notes)) ?? Data(), as: UTF8.self)
    guard ending.code != 0 || ending.isInterrupted else {
      if !said.isEmpty { console.notes(said) }
      keep(outputs)
      return Run(outputs: outputs)
    }
    let failure = NotebookFailure(ending, said, cell: source.cells[stream.last])
    outputs[stream.last].append(.failure(failure.text))
    return Run(outputs: outputs, code: failure.code, sentence: "\(path): \(failure.sentence)")
  }

  private func note(_ line: String) { if !options.isQuiet { console.note("credence: \(line)") } }

  // MARK: - The process

  /// Runs the program in the directory of this process until it ends; a signal ends it.
  private func start(_ program: String, _ token: String, _ output: URL, _ notes: URL) async throws -> ProcessEnding {
    for file in [output, notes] { try Data().write(to: file) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.environment = console.variables.merging([NotebookStream.variable: token, "SWIFT_BACKTRACE": "enable=no"]) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: notes)
    let running = RunningProcess(process)
    return try await running.run(program, console)
  }

  // MARK: - The cache

  private func place(_ index: Int) -> URL { store.appendingPathComponent(String(keys[index].prefix(40))) }

  /// The outputs of all cells, nil where one is missing.
  private func kept() -> [[NotebookOutput]]? {
    var outputs: [[NotebookOutput]] = []
    for index in source.cells.indices {
      guard !source.cells[index].code.isEmpty else {
        outputs.append([])
        continue
      }
      guard let data = try? Data(contentsOf: place(index)), let output = try? JSONDecoder().decode([NotebookOutput].self, from: data) else {
        return nil
      }
      utimes(place(index).path, nil)
      outputs.append(output)
    }
    return outputs
  }

  /// A cache that cannot be written costs time the next time, and nothing else.
  private func keep(_ outputs: [[NotebookOutput]]) {
    try? FileManager.default.createDirectory(at: store, withIntermediateDirectories: true)
    for (index, output) in outputs.enumerated() where !source.cells[index].code.isEmpty {
      if let data = try? JSONEncoder().encode(output) { try? data.write(to: place(index), options: .atomic) }
    }
    ModelFileCompiler.prune(store, to: Self.capacity)
  }
}

/// What is told about a program that did not end well.
struct NotebookFailure {
  /// For the page.
  let text: String
  let sentence: String
  let code: Int32

  /// - Parameter said: what the program wrote to standard error.
  init(_ ending: ProcessEnding, _ said: String, cell: NotebookSource.Cell) {
    let place = "the cell \(cell.title.map { "\"\($0)\" " } ?? "")(line \(cell.line))"
    let thrown = "Error raised at top level: "
    // The runtime's list of addresses helps nobody.
    let told = said.range(of: "\nCurrent stack trace:\n").map { String(said[..<$0.lowerBound]) } ?? said
    let words = told.trimmingCharacters(in: .whitespacesAndNewlines)
    if ending.isInterrupted {
      text = "Interrupted."
      sentence = "interrupted in \(place)."
      code = ExitCode.interrupted
    } else if let range = words.range(of: thrown) {
      // What the program wrote before stays; the runtime's own file and line say nothing.
      let before = words[..<range.lowerBound]
      let start = before.lastIndex(of: "\n").map { before[...$0] } ?? ""
      text = String(start) + "Error: " + words[range.upperBound...]
      sentence = "an error was thrown in \(place): \(words[range.upperBound...])"
      code = ExitCode.usage
    } else if ending.isSignal {
      text = words.isEmpty ? "The program crashed (signal \(ending.code))." : words
      sentence = "the program crashed in \(place)\(words.isEmpty ? " (signal \(ending.code))." : ": \(words)")"
      code = ExitCode.defect
    } else {
      text = (words.isEmpty ? "" : words + "\n") + "The program ended itself with code \(ending.code)."
      sentence = "the program ended itself with code \(ending.code) in \(place)."
      code = ExitCode.usage
    }
  }
}
