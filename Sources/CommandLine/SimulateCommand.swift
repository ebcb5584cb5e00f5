import Foundation
import Inference
import Modeling
import Reporting

extension CommandSpecification {
  static let simulate = CommandSpecification(
    name: "simulate", operands: "MODEL", summary: "draw from the prior: what the model expects, and data made up by it",
    details: """
      Prints the prior and the prior predictive distribution beside what was observed. The data have their shapes from --data (or the model's own).
      --output writes data made up from one draw of the prior, in the form that --data takes: infer on them should find what --truth has written.
      Where an observation depends on earlier ones (a series on its own past) the made-up data are simulated on from their own past, too.
      """,
    options: [
      OptionSpecification("--data", "FILE", "the model's data: one JSON object; - reads standard input"),
      OptionSpecification("--draws", "N", "draws from the prior for the table and --draws-output (default 1000)"),
      OptionSpecification("--seed", "N", "seed of all randomness; equal seed, equal bits (default 1)"),
      OptionSpecification("--threads", "N", "threads (default: one per core); never changes a result"),
      OptionSpecification("--output", "FILE", "write made-up data as JSON; - writes them to standard output"),
      OptionSpecification("--truth", "FILE", "write the values of the unknowns behind the made-up data as JSON"),
      OptionSpecification("--draws-output", "FILE", "write the draws as JSON for ArviZ's from_dict (prior and prior_predictive)"),
      OptionSpecification("--quiet", nil, "nothing on standard error but errors, and no table where something is written"),
    ] + surgery + [OptionSpecification("--help", nil, "this text")])
}

/// The whole configuration of one `simulate`.
package struct SimulationRequest: Sendable, Equatable {
  package var draws = 1000
  package var seed: UInt64 = 1
  package var threads: Int?
  /// Whether made-up data are wanted.
  package var makesData = false
  package init() {}
}

/// Draws from the prior.
package struct SimulationOutcome: Sendable {
  package var draws: DrawSet
  package var variables: [VariableReport]
  /// Observed sites with what was observed.
  package var observed: [String: [Double]]
  /// Data in the form that the model reads, with what is observed drawn anew; nil where they were not asked for.
  package var data: JSONObject?
  /// The latent variables and results behind the data.
  package var truth: JSONObject?
  package var warnings: [String]
}

/// Everything a `simulate` command line says.
struct SimulateOptions: Sendable, Equatable {
  var request = SimulationRequest()
  var dataPath, outputPath, truthPath, drawsPath: String?
  var isQuiet = false

  /// Throws `UserError` with all mistakes at once.
  init(_ arguments: ParsedArguments) throws {
    var reader = OptionReader("simulate", arguments)
    request.draws = reader.whole("--draws", in: 2...100_000_000) ?? request.draws
    request.seed = reader.seed("--seed") ?? request.seed
    request.threads = reader.whole("--threads", in: 1...1024)
    dataPath = arguments.last("--data")
    outputPath = arguments.last("--output")
    truthPath = arguments.last("--truth")
    drawsPath = arguments.last("--draws-output")
    request.makesData = outputPath != nil || truthPath != nil
    isQuiet = arguments.has("--quiet")
    reader.checkFiles([("--data", dataPath), ("--output", outputPath), ("--truth", truthPath), ("--draws-output", drawsPath)])
    if let drawsPath, !drawsPath.isEmpty, !drawsPath.lowercased().hasSuffix(".json") {
      reader.fail("--draws-output expects a name that ends in .json, not \"\(drawsPath)\".")
    }
    if outputPath == "-", truthPath == "-" { reader.fail("--output and --truth cannot both go to standard output.") }
    guard reader.mistakes.isEmpty else { throw UserError(sentences: reader.mistakes) }
  }
}

extension RunnableModel {
  package func simulate(data: ModelData?, request: SimulationRequest) async throws -> SimulationOutcome {
    throw UserError("\(name) cannot be simulated: it states no density.")
  }
}

extension Command {
  /// `credence simulate`.
  func simulate(_ model: any RunnableModel, _ options: SimulateOptions) async throws -> Int32 {
    try checkData(model, options.dataPath)
    func file(_ path: String?) throws -> OutputFile? { try path.flatMap { $0 == "-" ? nil : try OutputFile(path: $0) } }
    let (dataFile, truthFile) = (try file(options.outputPath), try file(options.truthPath))
    let drawsFile = try options.drawsPath.map { try OutputFile(path: $0) }
    let data = try data(options.dataPath)
    let request = options.request
    let outcome = try await Interruption.during(console) { try await model.simulate(data: data, request: request) }
    if !options.isQuiet { for warning in outcome.warnings { console.note("credence: warning: \(warning)") } }
    if let drawsFile { try drawsFile.write(PredictionDraws.encode(outcome.draws, isPrior: true)) }
    for (content, file, path) in [(outcome.data, dataFile, options.outputPath), (outcome.truth, truthFile, options.truthPath)] {
      guard let content, path != nil else { continue }
      let text = JSONWriter.pretty(.object(content))
      if let file { try file.write(text) } else { try console.emit(text) }
    }
    let writes = options.outputPath ?? options.truthPath ?? options.drawsPath
    if options.outputPath != "-", options.truthPath != "-", !(options.isQuiet && writes != nil) { try console.print(Self.table(outcome)) }
    return ExitCode.done
  }

  private static func table(_ outcome: SimulationOutcome) -> String {
    let hasData = !outcome.observed.isEmpty
    var table = TextTable(
      columns: [.left(""), .left("")] + ["mean", "sd", "5 %", "median", "95 %"].map { .right($0) } + (hasData ? [.right("observed")] : []))
    for variable in outcome.variables {
      let limit = 20
      for element in 0..<min(variable.size, limit) {
        let error = variable["mcse_mean"].map { $0[element] }
        let spread = variable["sd"].map { $0[element] }
        func cell(_ values: [Double]?) -> String { values.map { NumberText.upTo(error: error, spread: spread, $0[element]) } ?? "" }
        let kind = ["latent": "prior", "output": "output", "predictive": "predicted"][variable.kind.rawValue] ?? ""
        table.append(
          [variable.name + IndependentInput.suffix(element, variable.shape), kind, cell(variable["mean"]), cell(variable["sd"])]
            + [0.05, 0.5, 0.95].map { cell(variable.quantile($0)) }
            + (hasData
              ? [variable.kind == .predictive ? outcome.observed[variable.name].map { NumberText.significant($0[element], 4) } ?? "" : ""]
              : []))
      }
      if variable.size > limit { table.append(["\(variable.name): \(variable.size - limit) more elements"]) }
    }
    return table.text
  }
}
