import Foundation
import Inference
import Reporting

extension Command {
  /// `credence infer`: everything that can fail for a reason of the user's is checked before the first step.
  func infer(_ model: any RunnableModel, _ options: InferOptions) async throws -> Int32 {
    try checkData(model, options.dataPath)
    let resultFile = try options.outputPath.flatMap { $0 == "-" ? nil : try OutputFile(path: $0) }
    let drawsFiles = try options.drawsPath.map {
      try DrawsFiles(path: $0, chains: options.request.chainCount)
    }
    let data = try data(options.dataPath)
    let long = try LongRun(options, model, data, console)
    let display = progressDisplay(options)
    var request = options.request
    request.checkpoint = long.checkpoint
    let asked = request
    let started = ContinuousClock.now
    let outcome: InferenceOutcome
    do {
      outcome = try await Interruption.during(console) {
        try await model.infer(data: data, request: asked) { event in display?.show(event) }
      }
      display?.finish()
    } catch {
      display?.finish()
      try long.finish()
      throw error
    }
    if outcome.isInterrupted, let advice = long.advice { console.note("credence: \(advice)") }
    if !options.isQuiet { for warning in outcome.warnings { console.note("credence: warning: \(warning)") } }
    guard !(outcome.isInterrupted && outcome.variables.isEmpty) else {
      try long.finish()
      throw CancellationError()
    }

    let document = try document(model, data, options, outcome, seconds: (ContinuousClock.now - started).seconds)
    // One file that cannot be written takes nothing from the others, nor from the table.
    var failure: (any Error)?
    func attempt(_ write: () throws -> Void) { do { try write() } catch { failure = failure ?? error } }
    attempt { try long.finish() }
    attempt { if let draws = outcome.draws, let drawsFiles { try drawsFiles.write(draws, document, outcome.groups ?? DrawGroups()) } }
    attempt { if let resultFile { try resultFile.write(document.json) } }
    if options.outputPath == "-" {
      try console.emit(document.json)
    } else if options.outputPath == nil || !options.isQuiet || failure != nil {
      try console.print(SummaryTable(document, colors: console.colorsOutput).text)
    }
    if let failure { throw failure }
    if outcome.isInterrupted { return ExitCode.interrupted }
    return outcome.verdict.verdict == .fail ? ExitCode.verdictFail : ExitCode.done
  }

  private func progressDisplay(_ options: InferOptions) -> ProgressDisplay? {
    options.isQuiet ? nil : progressDisplay(options.progress)
  }

  /// Where progress is shown, if at all.
  func progressDisplay(_ kind: InferOptions.Progress) -> ProgressDisplay? {
    let style: ProgressDisplay.Style
    switch kind {
    case .none: return nil
    case .json: style = .json
    case .plain: style = .plain
    case .auto: style = console.isNotesTerminal && console.variables["TERM"] != "dumb" ? .line(width: console.width) : .plain
    }
    return ProgressDisplay(style: style, write: console.notes)
  }

  private func document(
    _ model: any RunnableModel, _ data: ModelData?, _ options: InferOptions, _ outcome: InferenceOutcome, seconds: Double
  ) throws -> ResultDocument {
    var source = data.map { ResultDocument.DataSource(source: $0.source, sha256: $0.sha256) }
    if source == nil, let embedded = try model.embeddedData() { source = .init(source: "embedded", sha256: SHA256.hexadecimal(embedded)) }
    var method = JSONObject([("name", outcome.configuration["name"] ?? .string(options.request.method.rawValue))])
    for (key, value) in outcome.configuration.entries where key != "name" { method[key] = value }
    if method["seed"] == nil { method["seed"] = .seed(options.request.seed) }
    if !model.alterations.isEmpty { method["surgery"] = .object(model.alterations) }
    var diagnostics = outcome.diagnostics
    if outcome.isInterrupted { diagnostics["interrupted"] = true }
    var timing = outcome.timing
    if timing["total_seconds"] == nil {
      timing = JSONObject([("total_seconds", .number(seconds))] + timing.entries.map { ($0.key, $0.value) })
    }
    return ResultDocument(
      modelName: model.name, modelVersion: Self.version, data: source, method: method, variables: outcome.variables,
      verdict: outcome.verdict, diagnostics: diagnostics, timing: timing)
  }
}

extension Duration {
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

extension JSONValue {
  /// A seed keeps all its 64 bits: beyond the range of a signed integer it is written as text.
  package static func seed(_ seed: UInt64) -> JSONValue { Int(exactly: seed).map { .integer($0) } ?? .string(String(seed)) }
}
