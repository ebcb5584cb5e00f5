import Foundation
import Inference
import Modeling
import Reporting

/// Draws with what stands beside them, under the name by which they were given.
struct NamedDraws: Sendable {
  var name: String
  var draws: DrawSet
  var groups: DrawGroups
}

extension Command {
  private func isModel(_ name: String) -> Bool { models.contains { $0.name == name } || name.hasSuffix(".swift") }

  /// Throws `UserError` where a command line says how to fit models, and names none.
  func checkFitting(_ operands: [String], _ request: CriticismRequest) throws {
    guard let option = request.options.words.first, !operands.contains(where: isModel) else { return }
    throw UserError("\(request.command): \(option) says how a model is fitted, and only files of draws are given.")
  }

  /// The draws that an operand names: a file of them, or a model, which is fitted. Throws `UserError`, `FileError`, and what the fit throws.
  func criticized(_ name: String, _ request: CriticismRequest, _ data: ModelData?) async throws -> NamedDraws {
    if let model = models.first(where: { $0.name == name }) {
      let own = try await fitted(model, request, data)
      return try checked(own, request)
    }
    if isModel(name) { return try checked(await fitted(file: name, request, data), request) }
    let isFile =
      name == "-" || FileManager.default.fileExists(atPath: name) || name.contains("/") || name.hasSuffix(".json") || name.hasSuffix(".csv")
    guard isFile else {
      let near = NearestName.find(name, among: models.map(\.name)).map { "; the nearest model is \($0)" } ?? ""
      throw UserError("\(request.command): \"\(name)\" is neither a file nor a built-in model\(near).")
    }
    return try checked(namedDraws(name), request)
  }

  /// Writes what a command has found: JSON into a file or to standard output, else a table.
  func write(_ json: Data, _ text: String, _ warnings: [String], _ file: OutputFile?, _ options: CriticismOptions) throws -> Int32 {
    if let file { try file.write(json) }
    if options.outputPath == "-" {
      try console.emit(json)
    } else if options.outputPath == nil || !options.isQuiet {
      try console.print(text)
    }
    if !options.isQuiet { for warning in warnings { console.note("credence: warning: \(warning)") } }
    return ExitCode.done
  }

  private func checked(_ own: NamedDraws, _ request: CriticismRequest) throws -> NamedDraws {
    let missing = [
      request.includes.contains(.logLikelihood) && own.groups.logLikelihood.isEmpty ? "log likelihood" : nil,
      request.includes.contains(.logPrior) && own.groups.logPrior.isEmpty ? "log prior" : nil,
    ].compactMap { $0 }
    guard missing.isEmpty else {
      throw UserError(
        sentences: own.groups.notes.map { "\(own.name): \($0)" }
          + [
            "\(own.name) has no \(missing.joined(separator: " and no ")): infer --include \(request.includeText) --draws-output FILE writes it."
          ])
    }
    return own
  }

  private func fitted(_ model: any RunnableModel, _ request: CriticismRequest, _ data: ModelData?) async throws -> NamedDraws {
    try checkData(model, request.options.dataPath)
    var inference = request.options.inference
    inference.keepsDraws = true
    inference.includes = request.includes
    let asked = inference
    let outcome = try await Interruption.during(console) { try await model.infer(data: data, request: asked) { _ in } }
    guard let draws = outcome.draws, !outcome.isInterrupted else { throw CancellationError() }
    var groups = outcome.groups ?? DrawGroups()
    if !request.options.isQuiet {
      for warning in outcome.warnings where !groups.notes.contains(warning) { console.note("credence: warning: \(warning)") }
      warn(outcome.verdict, of: model.name)
    }
    if groups.logLikelihood.isEmpty, groups.notes.isEmpty { groups.notes = ["The model has no observed site: there is no log likelihood."] }
    return NamedDraws(name: model.name, draws: draws, groups: groups)
  }

  private func warn(_ verdict: Verdict, of name: String) {
    for reason in verdict.reasons where reason.severity != .ok { console.note("credence: warning: \(name): \(reason.text)") }
  }

  /// Fits the model of a Swift file in a process of its own: the program that the file becomes runs `infer`.
  private func fitted(file path: String, _ request: CriticismRequest, _ data: ModelData?) async throws -> NamedDraws {
    let options = request.options
    let program = try ModelFileCompiler(console: console).program(for: path)
    let files = FileManager.default
    let place = files.temporaryDirectory.appendingPathComponent("credence-\(UUID().uuidString)")
    UnfinishedWork.begin(path: place.path)
    try files.createDirectory(at: place, withIntermediateDirectories: true)
    defer {
      try? files.removeItem(at: place)
      UnfinishedWork.end(path: place.path)
    }
    func file(_ name: String) -> String { place.appendingPathComponent(name).path }
    var words = ["infer", "--include", request.includeText, "--draws-output", file("draws.json"), "--output", file("result.json")]
    words += ["--seed", String(options.inference.seed)] + options.words
    if let threads = options.inference.threads { words += ["--threads", String(threads)] }
    words += options.isQuiet ? ["--quiet"] : ["--progress", "none"]
    if let data, let given = options.dataPath {
      // What came from standard input is gone from there.
      if given == "-" { try JSONWriter.pretty(data.root).write(to: URL(fileURLWithPath: file("data.json"))) }
      words += ["--data", given == "-" ? file("data.json") : given]
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = words
    process.environment = console.variables
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    let ending = try await RunningProcess(process).run(program, console)
    if ending.isInterrupted || ending.code == ExitCode.interrupted { throw CancellationError() }
    guard !ending.isSignal, [ExitCode.done, ExitCode.verdictFail].contains(ending.code) else {
      throw UserError(
        "\(request.command): \(path) could not be fitted\(ending.isSignal ? ", its program crashed." : ", for the reason above.")")
    }
    if !options.isQuiet { warn(try ResultDocument(JSONReader.parse(InputFile.read(file("result.json")))).verdict, of: path) }
    var own = try namedDraws(file("draws.json"))
    own.name = path
    return own
  }

  /// Reads draws with their groups: ArviZ's JSON, posteriordb's, or CSV files of which each holds a chain (`F.csv` for `F_1.csv`, `F_2.csv`, …). Throws `UserError` and `FileError`.
  func namedDraws(_ path: String) throws -> NamedDraws {
    do {
      let paths = path == "-" || FileManager.default.fileExists(atPath: path) ? [path] : DrawsFiles.chains(path)
      let sets = try paths.map { try drawsFile($0) }
      guard sets[0].isCSV else { return NamedDraws(name: path, draws: sets[0].draws, groups: sets[0].groups) }
      let (draws, groups) = DrawsCSV.separated(try DrawsCSV.join(sets.map(\.draws)))
      return NamedDraws(name: path, draws: draws, groups: groups)
    } catch {
      throw UserError(sentences: try FitFile.sentences(error, path))
    }
  }

  private func drawsFile(_ path: String) throws -> (draws: DrawSet, groups: DrawGroups, isCSV: Bool) {
    let root: JSONValue
    switch try FitFile(path == "-" ? console.input() : InputFile.read(path), path) {
    case .chain(let draws): return (draws, DrawGroups(), true)
    case .json(let value): root = value
    }
    if let schema = root["schema"]?.text {
      throw UserError("\(path) is a result (\(schema)), which has no draws: infer --draws-output FILE writes them.")
    }
    if PosteriordbJSON.recognizes(root) { return (try PosteriordbJSON.decode(root), DrawGroups(), false) }
    guard root["posterior"] != nil else { throw UserError("\(path) holds no draws (an object with \"posterior\").") }
    let draws = try DrawsJSON.decode(root)
    return (draws, try DrawsJSON.groups(root, like: draws), false)
  }
}
