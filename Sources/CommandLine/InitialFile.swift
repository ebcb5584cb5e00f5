import Foundation
import Inference
import Reporting

/// A file that a fit may begin from: a checkpoint, a result, draws in JSON or CSV, or an object of names and values.
enum InitialFile {
  /// Throws `UserError`, `FileError` or `FitError` for a file that is none of these.
  static func read(_ path: String) throws -> GivenStart {
    let bytes = try InputFile.read(path)
    if bytes.starts(with: Data("credence/checkpoint/".utf8)) {
      let (header, parts) = try CheckpointFile.read(path)
      let states = FitCheckpoint(interval: 0, parts: parts, write: { _, _ in })
      guard let earlier = try EarlierChains(states, fingerprint: header.fingerprint) else {
        throw UserError("\(path) holds no chains that have begun: only a checkpoint of nuts can be begun from.")
      }
      return .earlier(earlier)
    }
    do {
      let root: JSONValue
      switch try FitFile(bytes, path) {
      case .chain(let draws): return last(draws)
      case .json(let value): root = value
      }
      if root["schema"] != nil { return try centre(ResultDocument(root), path) }
      if root["posterior"]?.members != nil { return last(try DrawsJSON.decode(root)) }
      guard let members = root.members, !members.isEmpty else {
        throw UserError("\(path) holds no starting values: expected one JSON object of names and their values.")
      }
      return .values([
        StartValues(
          try members.entries.map { name, value in
            let (shape, values) = try Nesting.flatten(value, name)
            return .init(name: name, shape: shape, values: values)
          })
      ])
    } catch {
      throw UserError(sentences: try FitFile.sentences(error, path))
    }
  }

  /// The last draw of every chain. Which variables are latent sites only the model knows, and draws in files do not say: it takes those it has.
  private static func last(_ draws: DrawSet) -> GivenStart {
    .values(
      (0..<draws.chains).map { chain in
        var values = StartValues(
          draws.variables.map { variable in
            .init(name: variable.name, shape: variable.shape, values: Array(variable.values[chain].suffix(variable.size)))
          })
        values.mayHaveOthers = true
        return values
      })
  }

  /// The means of a result, or its mode.
  private static func centre(_ document: ResultDocument, _ path: String) throws -> GivenStart {
    let sites = document.variables.filter { $0.kind == .latent }.compactMap { variable -> StartValues.Site? in
      guard let values = variable["mean"] ?? variable["mode"], values.allSatisfy(\.isFinite) else { return nil }
      return .init(name: variable.name, shape: variable.shape, values: values)
    }
    guard !sites.isEmpty else { throw UserError("\(path) has no latent variable with a mean or a mode to begin at.") }
    return .values([StartValues(sites)])
  }
}
