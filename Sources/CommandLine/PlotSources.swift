import Foundation
import Inference
import Reporting

/// The files of one fit, read and recognized by what is in them: results, predictions, draws in JSON, and draws in CSV (the chains of the fit).
struct PlotSources: Sendable {
  var material = PlotMaterial()
  var prediction: PredictionDocument?

  private enum Content {
    case result(ResultDocument)
    case prediction(PredictionDocument)
    case draws(DrawSet?, [PredictiveCheck])
    case chain(DrawSet)
  }

  /// Throws `UserError` with every mistake.
  init(_ paths: [String], _ console: Console) throws {
    try assemble(FitFile.all(paths) { ($0, try Self.content($0 == "-" ? console.input() : InputFile.read($0), $0)) })
  }

  private mutating func assemble(_ contents: [(path: String, content: Content)]) throws {
    var chains: [(path: String, draws: DrawSet)] = []
    var holders: [String: String] = [:]
    func claim(_ kind: String, _ path: String) throws {
      if let other = holders[kind] {
        throw UserError("\(other) and \(path) both hold \(kind): the files must be those of one fit.")
      }
      holders[kind] = path
    }
    for (path, content) in contents {
      switch content {
      case .result(let result):
        try claim("a result", path)
        material.result = result
      case .prediction(let document):
        try claim("a prediction", path)
        prediction = document
      case .draws(let draws, let checks):
        try claim("draws", path)
        material.draws = draws
        material.checks = checks
      case .chain(let draws): chains.append((path, draws))
      }
    }
    guard let first = chains.first else { return }
    try claim("draws", first.path)
    material.draws = try FitFile.joined(chains)
  }

  private static func content(_ bytes: Data, _ path: String) throws -> Content {
    let root: JSONValue
    switch try FitFile(bytes, path) {
    case .chain(let draws): return .chain(draws)
    case .json(let value): root = value
    }
    if root["schema"]?.text == PredictionDocument.schema { return .prediction(try PredictionDocument(root)) }
    if root["schema"] != nil { return .result(try ResultDocument(root)) }
    let checks = try PredictiveCheck.decode(root)
    if root["posterior"] != nil {
      let draws = try DrawsJSON.decode(root)
      return .draws(draws, checks.map { $0.weighted(by: draws.logRatios) })
    }
    // Draws from the priors, as predict writes them, are plotted like others.
    if let prior = root["prior"] { return .draws(try DrawsJSON.decode(.object(("posterior", prior))), checks) }
    guard checks.isEmpty else { return .draws(nil, checks) }
    throw UserError("\(path) holds neither a result (\(ResultDocument.schema)) nor draws (an object with \"posterior\").")
  }
}
