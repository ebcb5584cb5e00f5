import Foundation
import Inference
import Reporting

extension Command {
  /// `credence summarize`: tables from files. All files are read before the first line is printed, so that a wrong one leaves nothing half told.
  func summarize(_ parsed: ParsedArguments) throws -> Int32 {
    var documents: [(name: String, document: ResultDocument)] = []
    var chains: [(name: String, draws: DrawSet)] = []
    var mistakes: [String] = []
    for path in parsed.operands {
      do {
        let bytes = try path == "-" ? console.input() : InputFile.read(path)
        if let draws = try Self.csv(bytes, path) {
          chains.append((path, draws))
        } else {
          documents.append((path, try Self.document(bytes, path)))
        }
      } catch let error as DataError {
        mistakes.append("\(path): \(error.keyPath.isEmpty ? "" : error.keyPath + ": ")\(error.reason).")
      } catch let error as UserError {
        mistakes += error.sentences
      } catch let error as FileError {
        mistakes.append(error.description)
      }
    }
    guard mistakes.isEmpty else { throw UserError(sentences: mistakes) }
    if !chains.isEmpty {
      do {
        documents.append((chains.map(\.name).joined(separator: ", "), Self.document(try DrawsCSV.join(chains.map(\.draws)))))
      } catch let error as DataError {
        let name = Int(error.keyPath).map { chains[$0].name } ?? ""
        throw UserError("\(name) does not belong to \(chains[0].name): \(error.reason).")
      }
    }
    for (index, entry) in documents.enumerated() {
      if documents.count > 1 { try console.print((index > 0 ? "\n" : "") + "\(entry.name)\n") }
      let table = SummaryTable(entry.document, colors: console.colorsOutput, limit: parsed.has("--all") ? .max : 20)
      guard try console.print(table.text) else { break }
    }
    return ExitCode.done
  }

  private static func csv(_ bytes: Data, _ path: String) throws -> DrawSet? {
    guard path.lowercased().hasSuffix(".csv") || DrawsCSV.recognizes(bytes) else { return nil }
    return try DrawsCSV.decode(bytes)
  }

  private static func document(_ bytes: Data, _ path: String) throws -> ResultDocument {
    guard !bytes.isEmpty else { throw UserError("\(path): the file is empty.") }
    let root: JSONValue
    do { root = try JSONReader.parse(bytes) } catch { throw UserError("\(path), \(error).") }
    if root["schema"] != nil { return try ResultDocument(root) }
    if root["posterior"] != nil { return document(try DrawsJSON.decode(root)) }
    throw UserError("\(path) holds neither a result (\(ResultDocument.schema)) nor draws (an object with \"posterior\").")
  }

  /// The summaries of draws, with the verdict that convergence diagnostics alone allow.
  private static func document(_ draws: DrawSet) -> ResultDocument {
    let variables = Summary.summarize(draws).map { VariableReport($0) }
    var diagnostics = JSONObject()
    if let diverging = draws.sampleStats["diverging"] { diagnostics["divergences"] = .integer(diverging.joined().count { $0 != 0 }) }
    return ResultDocument(
      modelName: "", modelVersion: version, data: nil, method: JSONObject(), variables: variables,
      verdict: DrawsVerdict.judge(draws, variables), diagnostics: diagnostics, timing: JSONObject()
    )
  }
}
