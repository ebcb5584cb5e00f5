import CommandLine
import Foundation
import Reporting
import Testing

/// Model files, compiled against the library that lies beside the tests.
@Suite(.serialized) final class ModelFileTests: Sendable {
  private let directory: String

  init() throws { directory = try temporaryDirectory() }
  deinit { try? FileManager.default.removeItem(atPath: directory) }

  private var variables: [String: String] { compilerVariables(directory) }

  private func run(_ text: String, _ arguments: [String] = [], variables: [String: String]? = nil) async throws -> Ran {
    let path = directory + "/fit.swift"
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    return await credence(["infer", path] + arguments, variables: variables ?? self.variables, program: credenceProgram)
  }

  @Test func aProgramIsMadeOnceAndStartedWithTheSameArguments() async throws {
    let text = "import Credence\n@main struct Fit { static func main() { print(\"hello\") } }\n"
    let first = try await run(text, ["--seed", "7", "--data", "x.json"])
    #expect(first.notes == "")
    #expect(first.code == 0)
    let started = try #require(first.started.first)
    #expect(started[0].hasPrefix(directory + "/.cache/credence/") && started[0].hasSuffix("/fit"))
    #expect(Array(started.dropFirst()) == ["infer", "--seed", "7", "--data", "x.json"])
    let process = Process()
    process.executableURL = URL(fileURLWithPath: started[0])
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    #expect(String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self) == "hello\n")
    process.waitUntilExit()
    let made = try FileManager.default.attributesOfItem(atPath: started[0])[.modificationDate] as? Date
    #expect(try await run(text).started.first?[0] == started[0])
    #expect(try FileManager.default.attributesOfItem(atPath: started[0])[.modificationDate] as? Date == made)
    // Other content, other program; no working directory is left behind.
    #expect(try await run(text + "// changed\n").started.first?[0] != started[0])
    let cache = try FileManager.default.contentsOfDirectory(atPath: directory + "/.cache/credence")
    #expect(cache.count == 2 && cache.allSatisfy { !$0.hasPrefix(".") })
  }

  @Test func anEqualTextUnderAnotherNameIsAnotherProgram() async throws {
    let text = "import Credence\n@main struct Fit { static func main() {} }\n"
    let first = try await run(text)
    let copy = directory + "/copy.swift"
    try FileManager.default.copyItem(atPath: directory + "/fit.swift", toPath: copy)
    let second = await credence(["infer", copy], variables: variables, program: credenceProgram)
    #expect(second.notes == "" && second.code == 0)
    #expect(try #require(second.started.first?.first).hasSuffix("/copy"))
    #expect(try await run(text).started == first.started)
  }

  @Test func whatAModelsOwnCodeThrowsIsASentence() async throws {
    for (thrown, sentence) in [
      ("Odd()", "the model's own code threw Odd()."),
      ("NSError(domain: \"d\", code: 1, userInfo: [NSLocalizedDescriptionKey: \"y needs three values.\"])", "y needs three values."),
    ] {
      let text = """
        import Credence
        import Foundation
        struct Odd: Error {}
        @main struct Fit: Model {
          func body(_ p: Program) throws -> Tensor { throw \(thrown) }
        }
        """
      let program = try #require(try await run(text).started.first?.first)
      #expect(try execute(program) == "credence: \(sentence)\n")
    }
  }

  @Test func aTrapInAModelIsToldInASentence() async throws {
    let text = """
      import Credence
      @main struct Fit: Model {
        func body(_ p: Program) throws -> Tensor {
          let rows: [Double] = []
          return p.sample("a", Normal(rows[3], sd: 1))
        }
      }
      """
    let program = try #require(try await run(text).started.first?.first)
    let notes = try execute(program)
    #expect(notes.contains("Index out of range") && notes.contains("credence: the program stopped at a trap of Swift"))
  }

  /// What `infer` of a program writes to standard error.
  private func execute(_ program: String) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = ["infer"]
    process.environment = variables
    process.standardOutput = FileHandle.nullDevice
    let notes = Pipe()
    process.standardError = notes
    try process.run()
    let text = String(decoding: notes.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return text
  }

  @Test func mistakesHaveTheUsersLineNumbers() async throws {
    let ran = try await run("import Credence\n@main struct Fit {\n  static func main() { let x: Int = \"a\" }\n}\n")
    #expect(ran.code == 2)
    #expect(ran.started == [])
    #expect(ran.notes.contains(directory + "/fit.swift:3:37: error: cannot convert value of type 'String' to specified type 'Int'"))
    #expect(ran.notes.hasSuffix("credence: \(directory)/fit.swift does not compile: 1 error, shown above.\n"))
  }

  @Test func formIsToldInASentence() async throws {
    let path = directory + "/fit.swift"
    #expect(
      try await run("import Credence\nstruct Fit {}\n").notes
        == "credence: \(path) has no @main: write @main before the struct that conforms to Model.\n")
    #expect(
      try await run("import Credence\n@main struct A { static func main() {} }\n@main struct B { static func main() {} }\n").notes
        == "credence: \(path) has more than one @main: a model file holds one model.\n")
    #expect(
      try await run("import Credence\n@main struct A {}\n").notes
        == "credence: the @main type in \(path) is no model: it must conform to Model.\n")
    #expect(try await run(" \n").notes == "credence: \(path) is empty: a model file holds one @main struct that conforms to Model.\n")
    #expect(
      await credence(["infer", "./none.swift"], variables: variables, program: credenceProgram).notes.hasPrefix(
        "credence: there is no file ./none.swift"))
    #expect(
      await credence(["infer", directory + "/"], variables: variables, program: credenceProgram).notes
        == "credence: \(directory)/ cannot be read: it is a directory.\n")
    try Data([0x73, 0xFF, 0xFE]).write(to: URL(fileURLWithPath: directory + "/bytes.swift"))
    #expect(
      await credence(["infer", directory + "/bytes.swift"], variables: variables, program: credenceProgram).notes
        == "credence: \(directory)/bytes.swift is not UTF-8 text.\n")
  }

  @Test func withoutACompiler() async throws {
    let ran = try await run("import Credence\n", variables: ["PATH": directory, "HOME": directory])
    #expect(ran.code == 2)
    #expect(
      ran.notes
        == "credence: a model file needs the Swift compiler, and there is no swiftc on the PATH: install the Swift toolchain (swift.org).\n"
    )
  }

  @Test func comparedFilesAreFittedInProcessesOfTheirOwn() async throws {
    for (name, term) in [("Level", "level"), ("Line", "level * x[i]")] {
      let text = """
        import Credence
        @main struct \(name): Model {
          let x, y: Tensor
          func body(_ p: Program) throws -> Tensor {
            let level = p.sample("level", Normal(0, sd: 10))
            p.plate("points", y.count) { i in p.observe("y", Normal(\(term), sd: 1), y[i]) }
            return level
          }
        }
        """
      try Data(text.utf8).write(to: URL(fileURLWithPath: "\(directory)/\(name).swift"))
    }
    let data = #"{"x": [1, 2, 3, 4, 5, 6], "y": [2.1, 3.9, 6.2, 7.7, 10.4, 12.1]}"#
    try Data(data.utf8).write(to: URL(fileURLWithPath: directory + "/data.json"))
    let files = ["\(directory)/Level.swift", "\(directory)/Line.swift"]
    func run(_ words: [String], input: String = "") async -> Ran {
      await credence(words, variables: variables, input: input, program: credenceProgram)
    }
    let fit = ["--method", "laplace", "--draws", "500", "--seed", "3", "--quiet", "--output", "-"]
    let ran = await run(["compare"] + files + ["--data", directory + "/data.json"] + fit)
    #expect(ran.code == 0 && ran.notes == "")
    let root = try JSONReader.parse(Data(ran.output.utf8))
    guard case .array(let models)? = root["models"] else { throw UserError("no models") }
    #expect(models.map { $0["name"]?.text } == files.reversed())
    #expect(try #require(models[1]["elpd_difference"]?.double) > 10)
    // A fit by itself gives the same draws, and standard input the same data.
    #expect(await run(["compare"] + files + ["--data", "-"] + fit, input: data).output == ran.output)
    let sensitivity = await run(["sensitivity", files[1], "--data", directory + "/data.json"] + fit)
    let weighed = try JSONReader.parse(Data(sensitivity.output.utf8))
    #expect(sensitivity.code == 0 && weighed["variables"]?["level"] != nil && weighed["source"]?.text == files[1])
    // What the program says stands before the sentence.
    let missing = await run(["compare", files[0], "--quiet"])
    #expect(missing.code == 2 && missing.notes == "credence: compare: \(files[0]) could not be fitted, for the reason above.\n")
  }

  @Test func mistakesInTheCommandLineComeBeforeTheCompiler() async throws {
    let ran = try await run("this is no Swift", ["--chains", "x"])
    #expect(ran.notes == "credence: infer: --chains expects a whole number from 1 to 10000, not \"x\".\n")
  }
}

/// The built executable itself.
@Suite struct ExecutableTests {
  private func shell(_ script: String) throws -> Ran {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", script]
    var variables = ProcessInfo.processInfo.environment
    variables["PATH"] = productsDirectory.path + ":" + (variables["PATH"] ?? "")
    process.environment = variables
    let (output, notes) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = notes
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let errors = String(decoding: notes.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return Ran(code: process.terminationStatus, output: text, notes: errors, started: [])
  }

  @Test func versionAndWrongCommand() throws {
    let version = try shell("credence --version")
    #expect(version.code == 0 && version.output.hasPrefix("credence ") && version.notes == "")
    let wrong = try shell("credence infr")
    #expect(wrong.code == 2 && wrong.output == "" && wrong.notes == "credence: there is no command \"infr\"; the nearest is infer.\n")
  }

  @Test func aModelThatNeedsItsGuideSaysSo() throws {
    let ran = try shell("credence infer discrete-autoencoder --draws 10")
    #expect(ran.code == 2 && ran.output == "")
    #expect(
      ran.notes.hasSuffix("\ncredence: discrete-autoencoder has a guide of its own, which draws its discrete sites: --method vi fits it.\n")
    )
  }

  @Test func aClosedPipeEndsQuietly() throws {
    let ran = try shell("{ credence infer --help; echo \"code $?\" >&2; } | true")
    #expect(ran.notes == "code 0\n")
  }

  @Test func aFullDiskIsASentence() throws {
    guard FileManager.default.fileExists(atPath: "/dev/full") else { return }
    let ran = try shell("credence --help > /dev/full")
    #expect(ran.code == 2)
    #expect(ran.notes == "credence: standard output cannot be written: No space left on device.\n")
  }
}

/// Whole runs of the built executable on a model.
@Suite(.serialized) final class WholeRunTests: Sendable {
  private let directory: String

  init() throws { directory = try temporaryDirectory() }
  deinit { try? FileManager.default.removeItem(atPath: directory) }

  private func start(_ arguments: [String]) throws -> (process: Process, notes: Pipe) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: credenceProgram)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(["XDG_CACHE_HOME": directory + "/.cache"]) { $1 }
    let notes = Pipe()
    process.standardOutput = FileHandle(forWritingAtPath: "/dev/null")
    process.standardError = notes
    try process.run()
    return (process, notes)
  }

  @Test func ctrlCWritesWhatIsDone() throws {
    let path = directory + "/r.json"
    let (process, notes) = try start(["infer", "eight-schools", "--draws", "2000000", "--output", path, "--progress", "json"])
    // The first events tell that sampling has begun; more than a pipe's worth cannot come before that.
    var seen = ""
    while !seen.contains("\"phase\":\"sampling\"") {
      let data = notes.fileHandleForReading.availableData
      if data.isEmpty { break }
      seen += String(decoding: data, as: UTF8.self)
    }
    process.interrupt()
    seen += String(decoding: notes.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 130)
    #expect(process.terminationReason == .exit)
    #expect(seen.contains("credence: stopping; what is finished will be written (again to end at once)."))
    let result = try JSONReader.parse(try Data(contentsOf: URL(fileURLWithPath: path)))
    #expect(result["diagnostics"]?["interrupted"] == true)
    #expect(result["variables"]?["tau"]?["mean"]?.double ?? 0 > 0)
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["r.json"])
  }

  @Test func aModelFileGivesAPosterior() throws {
    try Data(meanModelSource.utf8).write(to: URL(fileURLWithPath: directory + "/mean.swift"))
    try Data(#"{"y": [1.5, 3.0]}"#.utf8).write(to: URL(fileURLWithPath: directory + "/y.json"))
    let (process, notes) = try start([
      "infer", directory + "/mean.swift", "--data", directory + "/y.json", "--output", directory + "/r.json", "--quiet",
    ])
    let said = String(decoding: notes.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(said == "")
    #expect(process.terminationStatus == 0)
    let result = try JSONReader.parse(try Data(contentsOf: URL(fileURLWithPath: directory + "/r.json")))
    #expect(result["model"]?["name"] == "mean")
    let mu = result["variables"]?["mu"]
    let mean = try #require(mu?["mean"]?.double)
    let error = try #require(mu?["mcse_mean"]?.double)
    // Five standard errors at a fixed seed.
    #expect(abs(mean - 1.5) < 5 * error)
    #expect(abs(try #require(mu?["sd"]?.double) - (1.0 / 3).squareRoot()) < 0.05)
  }
}
