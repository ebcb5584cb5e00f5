import Foundation
import Inference
import Reporting

/// A file that belongs to a fit, recognized by what is in it.
enum FitFile {
  /// Draws of one chain, in CSV.
  case chain(DrawSet)
  /// A result, a prediction, or draws of all chains.
  case json(JSONValue)

  /// Throws `UserError` for what is neither, and `DataError` for columns that are no draws.
  init(_ bytes: Data, _ path: String) throws {
    if path.lowercased().hasSuffix(".csv") || DrawsCSV.recognizes(bytes) {
      self = .chain(try DrawsCSV.decode(bytes))
      return
    }
    guard !bytes.isEmpty else { throw UserError("\(path): the file is empty.") }
    do { self = .json(try JSONReader.parse(bytes)) } catch { throw UserError("\(path), \(error).") }
  }

  /// What `read` makes of each path. Throws `UserError` with the mistakes of all.
  static func all<Value>(_ paths: [String], _ read: (String) throws -> Value) throws -> [Value] {
    var values: [Value] = []
    var mistakes: [String] = []
    for path in paths {
      do { values.append(try read(path)) } catch { mistakes += try sentences(error, path) }
    }
    guard mistakes.isEmpty else { throw UserError(sentences: mistakes) }
    return values
  }

  /// What is wrong with a file, a sentence each. Throws an error again that is not about it.
  static func sentences(_ error: any Error, _ path: String) throws -> [String] {
    switch error {
    case let error as DataError: ["\(path): \(error.keyPath.isEmpty ? "" : error.keyPath + ": ")\(error.reason)."]
    case let error as UserError: error.sentences
    case let error as FileError: [error.description]
    default: throw error
    }
  }

  /// The chains of one fit together. Throws `UserError` with the file that is not of that fit.
  static func joined(_ chains: [(path: String, draws: DrawSet)]) throws -> DrawSet {
    do {
      return try DrawsCSV.join(chains.map(\.draws))
    } catch let error as DataError {
      let name = Int(error.keyPath).map { chains[$0].path } ?? ""
      throw UserError("\(name) does not belong to \(chains[0].path): \(error.reason).")
    }
  }
}
