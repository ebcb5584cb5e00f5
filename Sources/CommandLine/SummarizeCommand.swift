import Foundation
import Inference
import Reporting

/// Everything a `summarize` command line says.
struct SummarizeOptions: Sendable, Equatable {
  var operands: [String]
  var showsAll: Bool
  /// Of the highest-density interval; nil for none.
  var intervalProbability: Double?
  var outputPath: String?

  /// Throws `UserError` with all mistakes at once.
  init(_ arguments: ParsedArguments) throws {
    var reader = OptionReader("summarize", arguments)
    operands = arguments.operands
    showsAll = arguments.has("--all")
    intervalProbability = reader.number("--hdi", above: 0, below: 1)
    outputPath = arguments.last("--output")
    if outputPath == "" { reader.fail("--output expects a file, not an empty name.") }
    guard reader.mistakes.isEmpty else { throw UserError(sentences: reader.mistakes) }
  }
}

extension Command {
  /// `credence summarize`: tables from files. All files are read before the first line is printed, so that a wrong one leaves nothing half told.
  func summarize(_ options: SummarizeOptions) throws -> Int32 {
    let resultFile = try options.outputPath.flatMap { $0 == "-" ? nil : try OutputFile(path: $0) }
    let documents = try documents(options)
    if let path = options.outputPath {
      guard documents.count == 1 else {
        throw UserError("summarize: --output \(path) takes one fit, and there are \(documents.count).")
      }
      let json = documents[0].document.json
      if let resultFile { try resultFile.write(json) } else { try console.emit(json) }
      if path == "-" { return ExitCode.done }
    }
    for (index, entry) in documents.enumerated() {
      if documents.count > 1 { try console.print((index > 0 ? "\n" : "") + "\(entry.name)\n") }
      let table = SummaryTable(entry.document, colors: console.colorsOutput, limit: options.showsAll ? .max : 20)
      guard try console.print(table.text) else { break }
    }
    return ExitCode.done
  }

  private func documents(_ options: SummarizeOptions) throws -> [(name: String, document: ResultDocument)] {
    var documents: [(name: String, document: ResultDocument)] = []
    var chains: [(path: String, draws: DrawSet)] = []
    _ = try FitFile.all(options.operands) { path in
      switch try FitFile(path == "-" ? console.input() : InputFile.read(path), path) {
      case .chain(let draws): chains.append((path, draws))
      case .json(let root): documents.append((path, try Self.document(root, path, options)))
      }
    }
    if !chains.isEmpty {
      documents.append((chains.map(\.path).joined(separator: ", "), Self.document(try FitFile.joined(chains), options)))
    }
    return documents
  }

  private static func document(_ root: JSONValue, _ path: String, _ options: SummarizeOptions) throws -> ResultDocument {
    if root["schema"] != nil {
      if options.intervalProbability != nil { throw UserError("\(path) is a result, which has no draws that --hdi could be taken from.") }
      return try ResultDocument(root)
    }
    if root["posterior"] != nil { return document(try DrawsJSON.decode(root), options) }
    throw UserError("\(path) holds neither a result (\(ResultDocument.schema)) nor draws (an object with \"posterior\").")
  }

  /// The summaries of draws, with the verdict that convergence diagnostics alone allow.
  static func document(_ draws: DrawSet, _ options: SummarizeOptions? = nil) -> ResultDocument {
    let summaries = Summary.summarize(draws)
    var variables = summaries.map { VariableReport($0) }
    for (index, own) in draws.variables.enumerated() {
      if options?.outputPath != nil {
        variables[index].statistics += summaries[index].quantiles.map { ("mcse_quantile_\($0.probability)", $0.mcse) }
      }
      if let probability = options?.intervalProbability {
        let ends = Summary.highestDensityIntervals(own, probability: probability)
        variables[index].statistics += [("hdi_lower", ends.lower), ("hdi_upper", ends.upper)]
      }
    }
    var diagnostics = JSONObject()
    if let diverging = draws.sampleStats["diverging"] { diagnostics["divergences"] = .integer(diverging.joined().count { $0 != 0 }) }
    var method = JSONObject()
    if let options {
      method["name"] = "summarize"
      if let probability = options.intervalProbability { method["hdi_probability"] = .number(probability) }
    }
    return ResultDocument(
      modelName: "", modelVersion: version, data: nil, method: method, variables: variables,
      verdict: DrawsVerdict.judge(draws, variables), diagnostics: diagnostics, timing: JSONObject()
    )
  }
}
