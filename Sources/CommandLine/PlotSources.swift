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
    var contents: [(path: String, content: Content)] = []
    var mistakes: [String] = []
    for path in paths {
      do {
        contents.append((path, try Self.content(path == "-" ? console.input() : InputFile.read(path), path)))
      } catch let error as DataError {
        mistakes.append("\(path): \(error.keyPath.isEmpty ? "" : error.keyPath + ": ")\(error.reason).")
      } catch let error as UserError {
        mistakes += error.sentences
      } catch let error as FileError {
        mistakes.append(error.description)
      }
    }
    guard mistakes.isEmpty else { throw UserError(sentences: mistakes) }
    try assemble(contents)
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
    do {
      material.draws = try DrawsCSV.join(chains.map(\.draws))
    } catch let error as DataError {
      let name = Int(error.keyPath).map { chains[$0].path } ?? ""
      throw UserError("\(name) does not belong to \(first.path): \(error.reason).")
    }
  }

  private static func content(_ bytes: Data, _ path: String) throws -> Content {
    if path.lowercased().hasSuffix(".csv") || DrawsCSV.recognizes(bytes) { return .chain(try DrawsCSV.decode(bytes)) }
    guard !bytes.isEmpty else { throw UserError("\(path): the file is empty.") }
    let root: JSONValue
    do { root = try JSONReader.parse(bytes) } catch { throw UserError("\(path), \(error).") }
    if root["schema"]?.text == PredictionDocument.schema { return .prediction(try PredictionDocument(root)) }
    if root["schema"] != nil { return .result(try ResultDocument(root)) }
    let checks = try PredictiveCheck.decode(root)
    if root["posterior"] != nil { return .draws(try DrawsJSON.decode(root), checks) }
    // Draws from the priors, as predict writes them, are plotted like others.
    if let prior = root["prior"] { return .draws(try DrawsJSON.decode(.object(("posterior", prior))), checks) }
    guard checks.isEmpty else { return .draws(nil, checks) }
    throw UserError("\(path) holds neither a result (\(ResultDocument.schema)) nor draws (an object with \"posterior\").")
  }
}
