import Foundation
import Reporting

extension CommandSpecification {
  static let report = CommandSpecification(
    name: "report", operands: "FILE…", summary: "write one page of HTML about a fit: verdict, summary, plots, configuration",
    details: """
      FILE is a result, a prediction, draws in JSON or in CmdStan's CSV (several: the chains of one fit), in any order; - is standard input.
      The page needs nothing from elsewhere, is smaller than 2 MB and follows the reader's choice of light or dark.
      Exit codes: 0 done, whatever the verdict; 2 usage, data or model error.
      """,
    options: [
      OptionSpecification("--output", "FILE", "the page (also -o); - writes it to standard output (default)"),
      OptionSpecification("--model", "MODEL", "a built-in model or a Swift file: adds the model's graph"),
      OptionSpecification("--data", "FILE", "the model's data, for the sizes in its graph"),
      OptionSpecification("--variable", "NAME", "a variable, or an element such as theta[2], that the plots show", repeats: true),
      OptionSpecification("--help", nil, "this text"),
    ])
}

/// Everything a `report` command line says.
struct ReportOptions: Sendable {
  var paths: [String]
  var variables: [String]
  var outputPath: String
  var model: String?
  var dataPath: String?

  init(_ arguments: ParsedArguments, isFixed: Bool) throws {
    var reader = OptionReader("report", arguments)
    paths = arguments.operands
    variables = arguments.values["--variable"] ?? []
    outputPath = arguments.last("--output") ?? "-"
    model = arguments.last("--model")
    dataPath = arguments.last("--data")
    reader.checkOutput(outputPath, paths + [dataPath].compactMap { $0 })
    if isFixed, model != nil { reader.fail("--model makes no sense here: this program has one model.") }
    if !isFixed, dataPath != nil, model == nil { reader.fail("--data belongs to --model MODEL.") }
    guard reader.mistakes.isEmpty else { throw UserError(sentences: reader.mistakes) }
  }
}

extension Command {
  /// `credence report`.
  func report(_ options: ReportOptions, _ arguments: [String]) throws -> Int32 {
    let file = try options.outputPath == "-" ? nil : OutputFile(path: options.outputPath)
    var graph: ModelGraph?
    if isFixed || options.model != nil {
      guard let model = try resolve(options.model, "report") else { return try runReportWithModelFile(options.model ?? "", arguments) }
      // A program of its own has its model in any case, but not always the data for its graph.
      if !isFixed || model.hasEmbeddedData || options.dataPath != nil {
        try checkData(model, options.dataPath)
        graph = try model.graph(data: try data(options.dataPath))
      }
    }
    var sources = try PlotSources(options.paths, console)
    sources.material.variables = options.variables
    let summary = sources.material.result ?? sources.material.draws.map { Self.document($0) }
    if let draws = sources.material.draws {
      // A name that is wrong is said before a page is written.
      do { try sources.material.checkVariables(draws) } catch let error as PlotError { throw UserError("report: \(error)") }
    }
    let page = ReportPage(sources.material, prediction: sources.prediction, graph: graph, version: Self.version)
    let bytes = page.html(summary: summary)
    if let file { try file.write(bytes) } else { try console.emit(bytes) }
    return ExitCode.done
  }

  /// The program that a model file becomes writes the report: in it the model is fixed.
  private func runReportWithModelFile(_ path: String, _ arguments: [String]) throws -> Int32 {
    var rest = arguments
    if let index = rest.firstIndex(of: "--model") {
      rest.removeSubrange(index...min(index + 1, rest.count - 1))
    } else {
      rest.removeAll { $0 == "--model=\(path)" }
    }
    return try console.execute(ModelFileCompiler(console: console).program(for: path), rest)
  }
}
