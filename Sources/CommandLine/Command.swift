import Foundation
import Modeling
import Reporting

/// The exit codes of the contract.
package enum ExitCode {
  package static let done: Int32 = 0
  package static let defect: Int32 = 1
  package static let usage: Int32 = 2
  package static let verdictFail: Int32 = 3
  package static let interrupted: Int32 = 130
}

/// The command line as a library: the executable `credence` and every program made from a model file call this and nothing else.
package struct Command: Sendable {
  package static let version = "0.1.0"

  /// Commands about the built-in models, and those that make other programs, which a program that is one model does not have.
  static let needsLibrary: Set = ["models", "agree", "new", "build", "notebook"]

  /// The models that can be named. With `isFixed` there is one, and it is not named on the command line.
  let models: [any RunnableModel]
  let isFixed: Bool
  let console: Console

  /// The executable's entry: `credence` with its built-in models.
  package static func run(arguments: [String], models: [any RunnableModel], console: Console) async -> Int32 {
    await Command(models: models, isFixed: false, console: console).run(arguments)
  }

  /// The entry of a program that is one model.
  package static func run(arguments: [String], model: any RunnableModel, console: Console) async -> Int32 {
    await Command(models: [model], isFixed: true, console: console).run(arguments)
  }

  /// How the program is called in usage lines.
  var program: String { isFixed ? URL(fileURLWithPath: console.programPath).lastPathComponent : "credence" }

  private func run(_ arguments: [String]) async -> Int32 {
    do {
      return try await dispatch(arguments)
    } catch let error as Defect {
      console.note("credence: \(error) This is a defect of Credence: please report it with the command line and the data.")
      return ExitCode.defect
    } catch let error as UserError {
      for sentence in error.sentences { console.note("credence: \(sentence)") }
      return ExitCode.usage
    } catch is CancellationError {
      console.note("credence: interrupted before anything was finished.")
      return ExitCode.interrupted
    } catch {
      // Files that cannot be read or written, and what a model's own code throws.
      for line in Self.describe(error).split(separator: "\n") { console.note("credence: \(line)") }
      return ExitCode.usage
    }
  }

  static func describe(_ error: any Error) -> String {
    // What the system said is shorter than what Foundation makes of it.
    let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? any Error
    if let system = underlying.map({ $0 as NSError }), system.domain == NSPOSIXErrorDomain {
      return String(cString: strerror(Int32(truncatingIfNeeded: system.code))).lowercased() + "."
    }
    if let error = error as? any LocalizedError, let text = error.errorDescription { return text }
    if type(of: error) is NSError.Type { return (error as NSError).localizedDescription }
    // All of Credence's own errors are sentences; what else there is comes from the code of a model.
    return type(of: error) is any CustomStringConvertible.Type
      ? String(describing: error) : "the model's own code threw \(String(describing: error))."
  }

  private func dispatch(_ arguments: [String]) async throws -> Int32 {
    guard let name = arguments.first else {
      console.notes(CommandSpecification.overview(program: program, hasFixedModel: isFixed))
      return ExitCode.usage
    }
    if ["--help", "-h", "help"].contains(name) {
      if name == "help", arguments.count > 1, let command = CommandSpecification.named(arguments[1]) { return try help(command) }
      try console.print(CommandSpecification.overview(program: program, hasFixedModel: isFixed))
      return ExitCode.done
    }
    if name == "--version" {
      try console.print(BuildFacts.text(programPath: console.programPath))
      return ExitCode.done
    }
    guard let command = CommandSpecification.named(name), !(isFixed && Self.needsLibrary.contains(name)) else {
      throw UserError(unknownCommand(name))
    }
    let (parsed, mistakes) = command.parse(Array(arguments.dropFirst()))
    if parsed.has("--help") { return try help(command) }
    let misplaced = operandMistakes(command, parsed)
    // The values of options are read even when there are mistakes already, so that all of them are told at once.
    var sentences = mistakes + misplaced + command.pathMistakes(parsed)
    do {
      guard sentences.isEmpty else {
        try checkOptions(command, parsed)
        throw UserError(sentences: sentences)
      }
      return try await perform(command, parsed, arguments)
    } catch let error as UserError where !sentences.isEmpty {
      for sentence in error.sentences where !sentences.contains(sentence) { sentences.append(sentence) }
      throw UserError(sentences: sentences)
    }
  }

  private func help(_ command: CommandSpecification) throws -> Int32 {
    try console.print(command.helpText(program: program, hasFixedModel: isFixed))
    return ExitCode.done
  }

  private func unknownCommand(_ name: String) -> String {
    let names = availableCommands.map(\.name)
    if name.hasPrefix("-") {
      return "the command comes first, before options such as \(name): \(OptionReader.list(names))."
    }
    if let near = NearestName.find(name, among: names) { return "there is no command \"\(name)\"; the nearest is \(near)." }
    return "there is no command \"\(name)\"; there are \(OptionReader.list(names, "and"))."
  }

  private func operandMistakes(_ command: CommandSpecification, _ parsed: ParsedArguments) -> [String] {
    let given = parsed.operands.map { "\"\($0)\"" }.joined(separator: " ")
    switch command.operands {
    case "NAME", "FILE.swift", "SHELL":
      let wanted = ["NAME": "a name", "FILE.swift": "a Swift file", "SHELL": "bash, zsh or fish"][command.operands] ?? ""
      if parsed.operands.count == 1 { return [] }
      return [
        "\(command.name): expected \(wanted), found \(parsed.operands.isEmpty ? "nothing" : "\(parsed.operands.count) words: " + given)."
      ]
    case "MODEL" where isFixed, "":
      return parsed.operands.isEmpty ? [] : ["\(command.name): \(given) is one argument too many; it takes options only."]
    case "MODEL":
      if parsed.operands.isEmpty { return ["\(command.name): which model? Give the name of a built-in model or a Swift file."] }
      return parsed.operands.count == 1 ? [] : ["\(command.name): expected one model, found \(parsed.operands.count): \(given)."]
    // It says itself what is missing.
    case "KIND FILE…", "SCRIPT": return []
    default:
      return parsed.operands.isEmpty ? ["\(command.name): which files? Give results, or draws in JSON or CSV."] : []
    }
  }

  /// Reads the values of a command's options for their mistakes only.
  private func checkOptions(_ command: CommandSpecification, _ parsed: ParsedArguments) throws {
    var sentences: [String] = []
    func collect(_ read: () throws -> Void) throws {
      do { try read() } catch let error as UserError { sentences += error.sentences.filter { !sentences.contains($0) } }
    }
    try collect {
      switch command.name {
      case "infer": _ = try InferOptions(parsed)
      case "predict": _ = try PredictOptions(parsed)
      case "bench": _ = try benchRequest(parsed)
      case "estimators": _ = try estimatorsRequest(parsed)
      case "agree": _ = try agreementOptions(parsed)
      case "compare": _ = try CompareOptions(parsed)
      case "calibrate": _ = try CalibrateOptions(parsed)
      case "sensitivity": _ = try SensitivityOptions(parsed)
      case "convert": _ = try ConvertOptions(parsed)
      case "summarize": _ = try SummarizeOptions(parsed)
      case "merge": _ = try MergeOptions(parsed)
      case "plot": _ = try PlotOptions(parsed)
      case "graph": _ = try graphOutput(parsed)
      case "report": _ = try ReportOptions(parsed, isFixed: isFixed)
      case "notebook": _ = try NotebookOptions(parsed)
      case "new": _ = try NewOptions(parsed)
      case "build": _ = try BuildOptions(parsed)
      case "check": _ = try CheckOptions(parsed)
      case "simulate": _ = try SimulateOptions(parsed)
      default: break
      }
    }
    if command.takesSurgery { try collect { _ = try SurgeryRequest(command.name, parsed) } }
    guard sentences.isEmpty else { throw UserError(sentences: sentences) }
  }

  private func perform(_ command: CommandSpecification, _ parsed: ParsedArguments, _ arguments: [String]) async throws -> Int32 {
    switch command.name {
    case "models": return try listModels()
    case "merge": return try merge(parsed)
    case "summarize": return try summarize(SummarizeOptions(parsed))
    case "compare": return try await compare(CompareOptions(parsed))
    case "sensitivity": return try await sensitivity(SensitivityOptions(parsed))
    case "convert": return try convert(ConvertOptions(parsed))
    case "agree": return try await agree(agreementOptions(parsed))
    case "plot": return try plot(PlotOptions(parsed))
    case "report": return try report(ReportOptions(parsed, isFixed: isFixed), arguments)
    case "new": return try new(NewOptions(parsed))
    case "completions": return try completions(parsed)
    case "man": return try manual()
    case "notebook": return try await notebook(NotebookOptions(parsed))
    default: break
    }
    let parsed = command.name == "infer" ? try LongRunOptions.resumed(parsed) : parsed
    // A run that goes on has names of files from its checkpoint, too.
    let mistakes = command.pathMistakes(parsed)
    guard mistakes.isEmpty else { throw UserError(sentences: mistakes) }
    try checkOptions(command, parsed)
    if command.name == "build" { return try build(BuildOptions(parsed)) }
    guard let named = try resolve(parsed.operands.first, command.name) else {
      return try runModelFile(parsed.operands[0], command.name, arguments)
    }
    let model = command.takesSurgery ? try altered(named, command, parsed) : named
    switch command.name {
    case "describe": return try describe(model, parsed)
    case "check": return try await check(model, CheckOptions(parsed))
    case "simulate": return try await simulate(model, SimulateOptions(parsed))
    case "bench": return try bench(model, parsed)
    case "predict": return try await predict(model, PredictOptions(parsed))
    case "estimators": return try await estimators(model, parsed)
    case "calibrate": return try await calibrate(model, CalibrateOptions(parsed))
    case "graph": return try graph(model, parsed)
    default: return try await infer(model, InferOptions(parsed))
    }
  }

  /// The model after what the command line does to it.
  private func altered(_ model: any RunnableModel, _ command: CommandSpecification, _ parsed: ParsedArguments) throws -> any RunnableModel {
    let request = try SurgeryRequest(command.name, parsed)
    return request.isEmpty ? model : try model.operated(by: request)
  }

  /// The model that was named; nil where it is a Swift file.
  func resolve(_ name: String?, _ command: String) throws -> (any RunnableModel)? {
    if isFixed { return models[0] }
    guard let name else { throw UserError("\(command): which model? Give the name of a built-in model or a Swift file.") }
    if let model = models.first(where: { $0.name == name }) { return model }
    if name.hasSuffix(".swift") || name.contains("/") { return nil }
    if let near = NearestName.find(name, among: models.map(\.name)) {
      throw UserError("\(command): there is no model \"\(name)\"; the nearest is \(near) (credence models lists them all).")
    }
    throw UserError(
      "\(command): there is no model \"\(name)\" (credence models lists them; a model of your own is a file ending in .swift).")
  }

  /// Compiles a model file and becomes the program it makes.
  func runModelFile(_ path: String, _ command: String, _ arguments: [String]) throws -> Int32 {
    let compiler = try ModelFileCompiler(console: console)
    let program = try compiler.program(for: path)
    var rest = arguments
    // The model is fixed in the new program: its name goes out of the arguments, and nothing else.
    if let index = rest.indices.dropFirst().first(where: { rest[$0] == path && !Self.isValue(rest, $0, command) }) {
      rest.remove(at: index)
    }
    if command == "check", !rest.contains(where: { $0 == "--source" || $0.hasPrefix("--source=") }) {
      rest.insert(contentsOf: ["--source", path], at: 1)
    }
    return try console.execute(program, rest)
  }

  /// Whether the word at the index is the value of the option before it.
  private static func isValue(_ words: [String], _ index: Int, _ command: String) -> Bool {
    guard index > 1 else { return false }
    return CommandSpecification.named(command)?.options.contains { $0.name == words[index - 1] && $0.value != nil } ?? false
  }

  /// The data that `--data` names, or nil.
  func data(_ path: String?) throws -> ModelData? {
    guard let path else { return nil }
    if path == "-" { return try ModelData(source: "standard input", bytes: console.input()) }
    return try ModelData(source: path, bytes: InputFile.read(path))
  }

  /// Refuses to go on without data where the model has none of its own.
  func checkData(_ model: any RunnableModel, _ path: String?) throws {
    guard path == nil, !model.hasEmbeddedData else { return }
    let schema = model.dataSchema()
    guard schema.contains(where: { !$0.isOptional }) else { return }
    let keys = schema.map { "\($0.key) (\($0.type)\($0.isOptional ? ", optional" : ""))" }.joined(separator: ", ")
    throw UserError("\(model.name) needs data: give it with --data FILE, a JSON object with \(keys).")
  }
}
