import Foundation
import Reporting

/// All that a command touches of the world around it: two streams, variables, terminal or not. The tests give it other streams.
package struct Console: Sendable {
  /// Writes to standard output. Returns false when the reader has closed the pipe: the command then ends quietly.
  /// Throws `UserError` when the disk is full.
  package var output: @Sendable (Data) throws -> Bool
  /// Writes to standard error, as it stands.
  package var notes: @Sendable (String) -> Void
  /// The whole of standard input, for `--data -`.
  package var input: @Sendable () throws -> Data
  package var variables: [String: String]
  package var isOutputTerminal: Bool
  package var isNotesTerminal: Bool
  /// Columns of the terminal.
  package var width: Int
  /// The path of the running program: beside it lies the library against which model files are compiled.
  package var programPath: String
  /// Whether SIGINT and SIGTERM are to be caught (they belong to the whole process).
  package var catchesSignals: Bool
  /// Becomes another program with these arguments and returns its exit code, or does not return at all.
  package var execute: @Sendable (_ program: String, _ arguments: [String]) throws -> Int32

  package init(
    output: @escaping @Sendable (Data) throws -> Bool, notes: @escaping @Sendable (String) -> Void,
    input: @escaping @Sendable () throws -> Data,
    variables: [String: String], isOutputTerminal: Bool = false, isNotesTerminal: Bool = false, width: Int = 100, programPath: String,
    catchesSignals: Bool = false, execute: @escaping @Sendable (String, [String]) throws -> Int32
  ) {
    self.output = output
    self.notes = notes
    self.input = input
    self.variables = variables
    self.isOutputTerminal = isOutputTerminal
    self.isNotesTerminal = isNotesTerminal
    self.width = width
    self.programPath = programPath
    self.catchesSignals = catchesSignals
    self.execute = execute
  }

  /// Whether escape sequences for colour may go to standard output (https://no-color.org).
  package var colorsOutput: Bool { isOutputTerminal && (variables["NO_COLOR"] ?? "").isEmpty && variables["TERM"] != "dumb" }

  /// A line to standard error. What would end the line or steer the terminal, as a key in somebody's data may, stands in it escaped: `\u{A}`.
  package func note(_ line: String) {
    let isPlain = line.unicodeScalars.allSatisfy { !Self.steers($0) }
    let escaped =
      isPlain
      ? line : line.unicodeScalars.map { Self.steers($0) ? "\\u{\(String($0.value, radix: 16, uppercase: true))}" : String($0) }.joined()
    notes(escaped + "\n")
  }

  /// Whether a character is a control character, or separates lines or paragraphs.
  private static func steers(_ character: Unicode.Scalar) -> Bool {
    [.control, .lineSeparator, .paragraphSeparator].contains(character.properties.generalCategory)
  }

  /// Text to standard output; false when its reader is gone.
  @discardableResult
  package func print(_ text: String) throws -> Bool { try output(Data(text.utf8)) }

  /// Bytes to standard output; false when its reader is gone.
  @discardableResult
  package func emit(_ data: Data) throws -> Bool { try output(data) }
}

extension Console {
  /// The process's own streams.
  package static func process() -> Console {
    // A closed pipe is an error code of `write`, not the end of the process.
    signal(SIGPIPE, SIG_IGN)
    let variables = ProcessInfo.processInfo.environment
    return Console(
      output: { try Self.write($0, to: STDOUT_FILENO) },
      notes: { text in
        // There is nowhere left to report that standard error cannot be written.
        _ = try? Self.write(Data(text.utf8), to: STDERR_FILENO)
      },
      input: { try InputFile.readStream(.standardInput, "standard input") },
      variables: variables, isOutputTerminal: isatty(STDOUT_FILENO) == 1, isNotesTerminal: isatty(STDERR_FILENO) == 1,
      width: Self.terminalWidth(variables), programPath: Self.runningProgram(), catchesSignals: true, execute: Self.become)
  }

  private static func terminalWidth(_ variables: [String: String]) -> Int {
    var size = winsize()
    if ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 20 { return Int(size.ws_col) }
    return variables["COLUMNS"].flatMap { Int($0) }.map { min(max($0, 20), 1000) } ?? 100
  }

  /// The running program with symbolic links resolved, so that a link in `~/bin` finds the library too.
  private static func runningProgram() -> String {
    #if os(Linux)
      if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") { return target }
    #endif
    let path = Bundle.main.executablePath ?? ProcessInfo.processInfo.arguments.first ?? ""
    return URL(fileURLWithPath: path).resolvingSymlinksInPath().path
  }

  private static func write(_ data: Data, to descriptor: Int32) throws -> Bool {
    var offset = 0
    while offset < data.count {
      let written = data.withUnsafeBytes { bytes in
        // In bounds: `offset` is below the count, and the base address of a non-empty buffer exists.
        bytes.baseAddress.map { Foundation.write(descriptor, $0 + offset, bytes.count - offset) } ?? 0
      }
      if written > 0 {
        offset += written
      } else if errno == EPIPE {
        return false
      } else if errno == EAGAIN {
        usleep(1000)
      } else if errno != EINTR {
        throw UserError("standard output cannot be written: \(String(cString: strerror(errno))).")
      }
    }
    return true
  }

  private static func become(_ program: String, _ arguments: [String]) throws -> Int32 {
    var pointers: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) }
    pointers.append(nil)
    signal(SIGPIPE, SIG_DFL)
    execv(program, pointers)
    let reason = String(cString: strerror(errno))
    for pointer in pointers { free(pointer) }
    throw UserError("the compiled model \(program) cannot be started: \(reason).")
  }
}
