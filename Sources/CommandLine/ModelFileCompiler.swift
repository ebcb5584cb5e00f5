import Foundation
import Reporting

/// Makes a program of a model file or of a notebook: compiled against the library beside the running program, kept in a cache under the checksum of all that goes into it.
struct ModelFileCompiler {
  private let console: Console
  private let installation: Installation
  private let compiler: String
  let cache: URL
  /// Programs kept; each is some megabytes.
  private static let capacity = 32

  /// What a file is: a model with `@main`, or a script with statements at its top level.
  enum Form { case model, script }

  init(console: Console) throws {
    self.console = console
    installation = try Installation(programPath: console.programPath)
    guard let compiler = Self.find("swiftc", console.variables["PATH"] ?? "") else {
      throw UserError("a model file needs the Swift compiler, and there is no swiftc on the PATH: install the Swift toolchain (swift.org).")
    }
    self.compiler = compiler
    let home = console.variables["HOME"] ?? NSTemporaryDirectory()
    let base = console.variables["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? home + "/.cache"
    cache = URL(fileURLWithPath: base).appendingPathComponent("credence")
  }

  static func find(_ name: String, _ path: String) -> String? {
    path.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
  }

  /// The text of a model file. Throws `UserError` where it cannot be one.
  @discardableResult
  func checkSource(_ path: String) throws -> String {
    let source = try InputFile.read(path)
    guard let text = String(data: source, encoding: .utf8) else { throw UserError("\(path) is not UTF-8 text.") }
    guard text.contains(where: { !$0.isWhitespace }) else {
      throw UserError("\(path) is empty: a model file holds one @main struct that conforms to Model.")
    }
    return text
  }

  /// The path of the program; compiled only when the cache does not have it. Throws `UserError`.
  func program(for path: String) throws -> String { try program(checkSource(path), .model, of: path) }

  /// The path of the program that a script makes; `path` is the file that the user knows it by. Throws `UserError`.
  func program(script: String, of path: String) throws -> String { try program(script, .script, of: path) }

  /// Names everything besides the text that a program in the cache depends on.
  func identity(_ form: Form) -> String {
    (["-Onone"] + arguments(form)).joined(separator: " ") + "\n" + compiler + "\n" + installation.identity()
  }

  private func program(_ text: String, _ form: Form, of path: String) throws -> String {
    let file = URL(fileURLWithPath: path)
    let name = file.deletingPathExtension().lastPathComponent
    // The name of the file counts: messages about sites have it, and an equal text under another name is another program.
    let key = SHA256.hexadecimal(Data((identity(form) + "\n" + file.lastPathComponent + "\n" + text).utf8))
    // The program is called like the file, for usage lines and `ps`.
    let place = cache.appendingPathComponent(String(key.prefix(32)))
    let program = place.appendingPathComponent(name.isEmpty ? "model" : name)
    if access(program.path, X_OK) == 0 {
      utimes(place.path, nil)
      return program.path
    }
    try build(path, form == .script ? text : nil, place: place, name: program.lastPathComponent)
    Self.prune(cache, to: Self.capacity)
    return program.path
  }

  /// Model bodies run once, so their own code need not be fast, and code that is not optimized compiles sooner: eight schools, compiled and linked by lld,
  /// in 0.6 s; with -O 1.0 s; linked by gold 0.9 s; with system modules that were never compiled before 2.4 s (two cores, both busy).
  private func arguments(_ form: Form) -> [String] {
    var arguments = ["-swift-version", "6", "-module-name"] + (form == .model ? ["ModelFile", "-parse-as-library"] : ["Notebook"])
    arguments += installation.processorFlags
    arguments += ["-I", installation.modules.path]
    #if os(Linux)
      arguments += ["-use-ld=lld"]
    #endif
    return arguments
  }

  /// Compiles the file, or in its place a script, into the cache.
  private func build(_ path: String, _ script: String?, place: URL, name: String) throws {
    let files = FileManager.default
    let working = cache.appendingPathComponent(".\(UUID().uuidString).part")
    UnfinishedWork.begin(path: working.path)
    do {
      try files.createDirectory(at: working, withIntermediateDirectories: true)
    } catch {
      throw UserError("the cache of compiled models \(cache.path) cannot be written: \(Command.describe(error))")
    }
    defer {
      try? files.removeItem(at: working)
      UnfinishedWork.end(path: working.path)
    }
    let written = working.appendingPathComponent("script.swift")
    do { if let script { try Data(script.utf8).write(to: written) } } catch {
      throw UserError("the cache of compiled models \(cache.path) cannot be written: \(Command.describe(error))")
    }
    let refusal = try compile(
      script == nil ? path : written.path, script == nil ? .model : .script, at: working.appendingPathComponent(name).path, ["-Onone"])
    if let refusal { throw failure(path, refusal.text) }
    try? files.removeItem(at: written)
    guard rename(working.path, place.path) != 0 else { return }
    let reason = String(cString: strerror(errno)).lowercased()
    // Another process may have been faster; its program is the same.
    guard access(place.appendingPathComponent(name).path, X_OK) == 0 else {
      throw UserError("the compiled model \(place.path) cannot be written: \(reason).")
    }
  }

  /// What the compiler said when it made no program.
  struct Refusal {
    var text: String
    /// Whether the source is in order and only this way of linking failed.
    var isLinking: Bool {
      text.contains("linker command failed") && !text.contains("undefined symbol: main")
        && text.firstMatch(of: #/\.swift:\d+:\d+: error:/#) == nil
    }
  }

  /// Compiles and links a file; the program appears whole or not at all. What the compiler refuses is returned.
  func compile(_ path: String, _ form: Form = .model, at program: String, _ mode: [String]) throws -> Refusal? {
    let files = FileManager.default
    // Nobody else compiles to this name: what is there was left by a process that was killed.
    let working = URL(fileURLWithPath: FileLock.hidden(beside: program, "build"))
    UnfinishedWork.begin(path: working.path)
    do {
      if files.fileExists(atPath: working.path) { try files.removeItem(at: working) }
      try files.createDirectory(at: working, withIntermediateDirectories: true)
    } catch {
      throw UserError("\(program) cannot be written: \(Command.describe(error))")
    }
    defer {
      try? files.removeItem(at: working)
      UnfinishedWork.end(path: working.path)
    }
    let list = working.appendingPathComponent("objects")
    let quoted = installation.objects.map { "\"" + $0.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\"" }
    do { try Data((quoted.joined(separator: "\n") + "\n").utf8).write(to: list) } catch {
      throw UserError("\(program) cannot be written: \(Command.describe(error))")
    }
    // A file whose name begins with a dash must not look like an option.
    let file = path.hasPrefix("-") ? "./" + path : path
    let made = working.appendingPathComponent("program")
    let outcome = try run(
      mode + arguments(form) + (console.isNotesTerminal && console.colorsNotes ? ["-color-diagnostics"] : []) + [
        file, "@" + list.path, "-o", made.path,
      ], temporary: working.path)
    guard outcome.code == 0 else { return Refusal(text: outcome.text) }
    // Warnings of the compiler, if any.
    if !outcome.text.isEmpty { console.notes(outcome.text) }
    guard rename(made.path, program) == 0 else {
      throw UserError("\(program) cannot be written: \(String(cString: strerror(errno)).lowercased()).")
    }
    return nil
  }

  /// - Parameter temporary: where the compiler puts what it does not keep, so that nothing of that stays where it is interrupted.
  private func run(_ arguments: [String], temporary: String) throws -> (code: Int32, text: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: compiler)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(["TMPDIR": temporary]) { $1 }
    process.standardInput = FileHandle.nullDevice
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    // The threads of concurrent code keep signals from themselves, and would from what they start.
    var (none, before) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    do { try process.run() } catch { throw UserError("the Swift compiler \(compiler) cannot be started: \(Command.describe(error))") }
    UnfinishedWork.begin(process: process.processIdentifier)
    defer { UnfinishedWork.end(process: process.processIdentifier) }
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationReason == .exit ? process.terminationStatus : -1, text)
  }

  /// What the compiler said, as a sentence where the mistake is one of form, else its own words with the user's line numbers.
  func failure(_ path: String, _ text: String) -> UserError {
    if text.contains("undefined symbol: main") || text.contains("undefined reference to `main'")
      || text.contains("Undefined symbols") && text.contains("_main")
    {
      return UserError("\(path) has no @main: write @main before the struct that conforms to Model.")
    }
    if text.contains("'main' attribute can only apply to one type") {
      return UserError("\(path) has more than one @main: a model file holds one model.")
    }
    if text.contains("must provide a main static function") || text.contains("is annotated with @main and must provide") {
      return UserError("the @main type in \(path) is no model: it must conform to Model.")
    }
    if text.contains("No space left on device") {
      return UserError("\(path) cannot be compiled: no space left on device (for the program, the cache, or temporary files).")
    }
    let isHalfBuilt = text.contains("undefined symbol") || text.contains("undefined hidden symbol") || text.contains("undefined reference")
    if text.contains("no such module 'Credence'") || isHalfBuilt {
      return UserError(
        "the library in \(installation.directory.path) is not whole, or is being built: build the package once more (swift build -c release)."
      )
    }
    console.notes(text.hasSuffix("\n") ? text : text + "\n")
    let errors = text.split(separator: "\n").count { $0.contains(": error: ") }
    return UserError(
      "\(path) does not compile\(errors > 0 ? ": \(errors) error\(errors == 1 ? "" : "s"), shown above" : "; the compiler's words are above")."
    )
  }

  /// Drops what was not used for longest, where there are more entries than this, and what processes that were killed left unfinished the day before.
  static func prune(_ directory: URL, to capacity: Int) {
    let files = FileManager.default
    let all = (try? files.contentsOfDirectory(atPath: directory.path)) ?? []
    func time(_ name: String) -> Date {
      let attributes = try? files.attributesOfItem(atPath: directory.appendingPathComponent(name).path)
      return attributes?[.modificationDate] as? Date ?? .distantPast
    }
    for name in all where name.hasSuffix(".part") && time(name) < Date(timeIntervalSinceNow: -86_400) {
      try? files.removeItem(at: directory.appendingPathComponent(name))
    }
    let names = all.filter { !$0.hasPrefix(".") }
    guard names.count > capacity else { return }
    let dated = names.map { (name: $0, time: time($0)) }
    for entry in dated.sorted(by: { $0.time > $1.time }).dropFirst(capacity) {
      try? files.removeItem(at: directory.appendingPathComponent(entry.name))
    }
  }
}

extension Console {
  var colorsNotes: Bool { isNotesTerminal && (variables["NO_COLOR"] ?? "").isEmpty && variables["TERM"] != "dumb" }
}
