import Foundation
import Reporting

extension CommandSpecification {
  static let plot = CommandSpecification(
    name: "plot", operands: "KIND FILE…", summary: "draw one plot of a fit as SVG",
    details: """
      FILE is a result, draws in JSON or in CmdStan's CSV (several: the chains of one fit), in any order; - is standard input.
      KIND is one of:
      """ + "\n"
        + PlotKind.allCases.map { "  " + $0.rawValue.padding(toLength: 16, withPad: " ", startingAt: 0) + $0.summary }.joined(
          separator: "\n"),
    options: [
      OptionSpecification("--output", "FILE", "the SVG file (also -o); - writes it to standard output (default)"),
      OptionSpecification("--variable", "NAME", "a variable, or an element such as theta[2] (counted from 0)", repeats: true),
      OptionSpecification("--help", nil, "this text"),
    ])
}

/// Everything a `plot` command line says.
struct PlotOptions: Sendable {
  var kind = PlotKind.trace
  var paths: [String]
  var variables: [String]
  var outputPath: String

  init(_ arguments: ParsedArguments) throws {
    var reader = OptionReader("plot", arguments)
    let kinds = PlotKind.allCases.map(\.rawValue)
    if let name = arguments.operands.first {
      if let kind = reader.name(name, "KIND", among: kinds).flatMap(PlotKind.init) { self.kind = kind }
    } else {
      reader.fail("which kind of plot? There are \(OptionReader.list(kinds, "and")).")
    }
    paths = Array(arguments.operands.dropFirst())
    if !arguments.operands.isEmpty, paths.isEmpty { reader.fail("which files? Give results, or draws in JSON or CSV.") }
    variables = arguments.values["--variable"] ?? []
    outputPath = arguments.last("--output") ?? "-"
    reader.checkOutput(outputPath, paths)
    guard reader.mistakes.isEmpty else { throw UserError(sentences: reader.mistakes) }
  }
}

extension OptionReader {
  /// An output must have a name, and standard input can be but one of the inputs.
  mutating func checkOutput(_ output: String, _ inputs: [String]) {
    if output.isEmpty { fail("--output expects a file, not an empty name.") }
    if inputs.count(where: { $0 == "-" }) > 1 { fail("standard input (-) can be read once only.") }
  }
}

extension Command {
  /// `credence plot`.
  func plot(_ options: PlotOptions) throws -> Int32 {
    let file = try options.outputPath == "-" ? nil : OutputFile(path: options.outputPath)
    var sources = try PlotSources(options.paths, console)
    sources.material.variables = options.variables
    if sources.material.result == nil, sources.material.draws == nil, sources.material.checks.isEmpty {
      throw UserError("plot: a prediction has no draws to plot; predict --draws-output FILE writes some.")
    }
    let figure: PlotFigure
    do { figure = try options.kind.figure(sources.material) } catch let error as PlotError { throw UserError("plot: \(error)") }
    let bytes = Data(figure.svg.utf8)
    if let file { try file.write(bytes) } else { try console.emit(bytes) }
    return ExitCode.done
  }
}
