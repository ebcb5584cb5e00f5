import Foundation
import Reporting

extension CommandSpecification {
  static let graph = CommandSpecification(
    name: "graph", operands: "MODEL", summary: "draw a model as a graph of its sites, data and outputs: DOT or SVG",
    details: """
      An arrow goes from a site to each site whose distribution it enters, and to each output. Observed sites are filled, data are square, outputs
      are dashed, plates are boxes.
      """,
    options: [
      OptionSpecification("--data", "FILE", "the model's data: one JSON object; - reads standard input"),
      OptionSpecification("--output", "FILE", "F.svg or F.dot (also -o); - writes DOT to standard output (default)"),
      OptionSpecification("--help", nil, "this text"),
    ])
}

extension Command {
  /// The output of `graph`. Throws `UserError` where its name is neither SVG nor DOT.
  func graphOutput(_ parsed: ParsedArguments) throws -> String {
    var reader = OptionReader("graph", parsed)
    let path = parsed.last("--output") ?? "-"
    reader.checkOutput(path, [parsed.last("--data")].compactMap { $0 })
    if path != "-", !path.isEmpty, ![".svg", ".dot", ".gv"].contains(where: { path.lowercased().hasSuffix($0) }) {
      reader.fail("--output expects a name that ends in .svg or .dot, not \"\(path)\".")
    }
    guard reader.mistakes.isEmpty else { throw UserError(sentences: reader.mistakes) }
    return path
  }

  /// `credence graph`.
  func graph(_ model: any RunnableModel, _ parsed: ParsedArguments) throws -> Int32 {
    let path = try graphOutput(parsed)
    let file = try path == "-" ? nil : OutputFile(path: path)
    try checkData(model, parsed.last("--data"))
    let graph = try model.graph(data: try data(parsed.last("--data")))
    let text = path.lowercased().hasSuffix(".svg") ? graph.drawing.svg : graph.dot
    if let file { try file.write(Data(text.utf8)) } else { try console.print(text) }
    return ExitCode.done
  }
}
