import CommandLine
import Foundation
import Testing

/// Scripts for shells, the manual page, help and version: all made from the table of commands.
@Suite struct CompletionsTests {
  private static let commands = [
    "new", "models", "describe", "check", "simulate", "infer", "predict", "summarize", "build", "estimators", "bench", "agree",
    "completions", "man",
  ]

  private func path(of program: String) -> String? {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
  }

  private func run(_ program: String, _ arguments: [String], input: String) throws -> (code: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    let (stdin, stdout) = (Pipe(), Pipe())
    process.standardInput = stdin
    process.standardOutput = stdout
    process.standardError = stdout
    try process.run()
    // More than a pipe holds must be written while the other side reads.
    DispatchQueue.global().async {
      try? stdin.fileHandleForWriting.write(contentsOf: Data(input.utf8))
      try? stdin.fileHandleForWriting.close()
    }
    let text = String(decoding: stdout.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
  }

  @Test(arguments: ["bash", "zsh", "fish"]) func everyCommandAndOptionIsThere(shell: String) async throws {
    let ran = await credence(["completions", shell])
    #expect(ran.code == 0 && ran.notes == "")
    for command in Self.commands { #expect(ran.output.contains(command), "\(command)") }
    for option in ["draws-output", "drop-likelihood", "guide", "template"] { #expect(ran.output.contains(option), "\(option)") }
    #expect(ran.output.contains("coin-flips"))
    // The shell itself finds no fault, where there is one.
    if let program = path(of: shell) { #expect(try run(program, ["-n", "/dev/stdin"], input: ran.output).code == 0) }
  }

  @Test func bashCompletesAsOneWouldType() async throws {
    guard let bash = path(of: "bash") else { return }
    let script = await credence(["completions", "bash"]).output
    func completed(_ words: [String]) throws -> Set<String> {
      let typed = words.map { "'\($0)'" }.joined(separator: " ")
      let text = try run(
        bash, ["--norc", "-s"],
        input: script + "\ncd /\nCOMP_WORDS=(credence \(typed)); COMP_CWORD=\(words.count); _credence\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n"
      ).output
      return Set(text.split(separator: "\n").map(String.init))
    }
    #expect(try completed(["inf"]) == ["infer"])
    #expect(try completed(["infer", "coi"]) == ["coin-flips"])
    #expect(try completed(["infer", "line", "--drop"]) == ["--drop-likelihood"])
    #expect(try completed(["infer", "line", "--method", "n"]) == ["nuts"])
    #expect(try completed(["infer", "line", "--metric", ""]) == ["automatic", "diagonal", "dense"])
    #expect(try completed(["new", "x", "--template", "m"]) == ["mixture"])
    #expect(try completed(["completions", "z"]) == ["zsh"])
    #expect(try completed(["infer", "line", "--data", "/et"]) == ["/etc"])
  }

  @Test func theManualPageIsWholeAndWellFormed() async throws {
    let page = await credence(["man"]).output
    #expect(page.contains(".TH \"CREDENCE\" \"1\"") && page.contains(".SH EXIT STATUS"))
    for command in Self.commands { #expect(page.contains(".SS credence \(command)"), "\(command)") }
    // No line is taken for a request that is none.
    let requests = Set(page.split(separator: "\n").filter { $0.hasPrefix(".") }.map { String($0.split(separator: " ")[0]) })
    #expect(requests == [".\\\"", ".TH", ".SH", ".SS", ".B", ".br", ".I", ".TP"])
    if let groff = path(of: "groff") {
      let set = try run(groff, ["-k", "-man", "-Tutf8", "-ww"], input: page)
      #expect(set.code == 0 && !set.output.contains("warning:"))
    }
  }

  @Test func helpReadsWellForEveryCommand() async {
    for command in Self.commands {
      let ran = await credence(["help", command])
      #expect(ran.code == 0 && ran.output.hasPrefix("usage: credence \(command)"), "\(command)")
      let long = ran.output.split(separator: "\n").filter { $0.count > 120 }
      #expect(long == [], "\(command)")
      #expect(ran.output.contains("--help"))
    }
  }

  @Test func theVersionSaysHowItWasBuilt() async {
    let lines = await credence(["--version"]).output.split(separator: "\n")
    #expect(lines.count == 3 && lines[0] == "credence \(Command.version)")
    #expect(lines[1].contains("Swift 6.") && lines[2].hasPrefix("  vectors    "))
  }

  /// The journals of a checkout and of a worktree, in which the commit was `1…` from the second 1000 on and `2…` from 2000 on.
  @Test func theCommitIsThatOfTheBuild() throws {
    let directory = try temporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    func write(_ text: String, _ path: String) throws {
      let file = URL(fileURLWithPath: "\(directory)/\(path)")
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
    let (zeros, ones, twos) = (String(repeating: "0", count: 40), String(repeating: "1", count: 40), String(repeating: "2", count: 40))
    let journal = "\(zeros) \(ones) A B <a@b> 1000 +0000\n\(ones) \(twos) A B <a@b> 2000 +0100\tcommit: A 3000 title\n"
    try write(journal, "clone/.git/logs/HEAD")
    try write("gitdir: ../clone/.git/worktrees/tree\n", "tree/.git")
    try write(journal, "clone/.git/worktrees/tree/logs/HEAD")
    try write("", "tarball/README.md")
    func commit(_ checkout: String, _ program: String, builtAt time: Double) throws -> String? {
      try write("program", program)
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSince1970: time)], ofItemAtPath: "\(directory)/\(program)")
      return BuildCommit.find(program: "\(directory)/\(program)", checkout: "\(directory)/\(checkout)")
    }
    for checkout in ["clone", "tree"] {
      let program = "\(checkout)/.build/release/credence"
      #expect(try commit(checkout, program, builtAt: 999) == nil)
      #expect(try commit(checkout, program, builtAt: 1000) == "111111111111")
      #expect(try commit(checkout, program, builtAt: 1999.5) == "111111111111")
      #expect(try commit(checkout, program, builtAt: 2500) == "222222222222")
    }
    // A copy was built at another time than it says, a release has no journal, and what is no journal says nothing.
    #expect(try commit("clone", "bin/credence", builtAt: 2500) == nil)
    #expect(try commit("tarball", "tarball/.build/release/credence", builtAt: 2500) == nil)
    try write("x y z\n", "clone/.git/logs/HEAD")
    #expect(try commit("clone", "clone/.build/release/credence", builtAt: 2500) == nil)
  }

  @Test func coloursGoToTerminalsOnly() async {
    func output(_ variables: [String: String], isTerminal: Bool) async -> String {
      let recorder = Recorder()
      var console = recorder.console(variables: variables)
      console.isOutputTerminal = isTerminal
      return recorder.ran(await Command.run(arguments: ["infer", "coin-flips"], models: [CoinModel()], console: console)).output
    }
    #expect(await output([:], isTerminal: true).contains("\u{1B}[31mfail\u{1B}[0m"))
    #expect(await !output([:], isTerminal: false).contains("\u{1B}"))
    #expect(await !output(["NO_COLOR": "1"], isTerminal: true).contains("\u{1B}"))
    #expect(await !output(["TERM": "dumb"], isTerminal: true).contains("\u{1B}"))
  }
}
