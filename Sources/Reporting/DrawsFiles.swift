import Foundation
import Inference

/// Where the draws of a fit go: one JSON file, or CSV files of which each holds a chain.
package struct DrawsFiles: Sendable {
  private enum Form {
    case json(OutputFile)
    case csv([OutputFile])
  }
  private let form: Form
  /// Of the name that all files of the chains stand for.
  private let lock: FileLock?

  /// Checks that every file can be written. For several chains `F.csv` becomes `F_1.csv`, `F_2.csv`, …, as CmdStan names them. Throws `FileError`.
  package init(path: String, chains: Int) throws {
    if path.lowercased().hasSuffix(".json") {
      form = .json(try OutputFile(path: path))
      lock = nil
    } else if chains == 1 {
      form = .csv([try OutputFile(path: path)])
      lock = nil
    } else {
      form = .csv(try Self.names(path, chains: chains).map { try OutputFile(path: $0, holding: .whileWriting) })
      lock = try FileLock(path)
    }
  }

  package static func names(_ path: String, chains: Int) -> [String] {
    guard chains > 1 else { return [path] }
    let stem = path.dropLast(4)
    return (1...chains).map { "\(stem)_\($0)\(path.suffix(4))" }
  }

  /// The files of the chains that `F.csv` was written as, `F_1.csv`, `F_2.csv`, …, as many as there are; `F.csv` itself where there is none.
  package static func chains(_ path: String) -> [String] {
    var found: [String] = []
    while path.lowercased().hasSuffix(".csv"), let next = names(path, chains: found.count + 2).dropFirst(found.count).first,
      FileManager.default.fileExists(atPath: next)
    {
      found.append(next)
    }
    return found.isEmpty ? [path] : found
  }

  /// Writes the draws; the result says where they come from. In JSON only those of a part of a run say so themselves: whole ones have groups of arrays and
  /// nothing else, whatever reads them. Throws `FileError`.
  package func write(_ draws: DrawSet, _ document: ResultDocument, _ groups: DrawGroups = DrawGroups()) throws {
    switch form {
    case .json(let file):
      let isPart = document.method["chain_id"] != nil || document.method["chain_ids"] != nil
      try file.write(DrawsJSON.encode(draws, groups, isPart ? DrawsOrigin.attributes(document, draws) : JSONObject()))
    case .csv(let files):
      let draws = DrawsCSV.flattened(draws, groups)
      for (chain, file) in files.enumerated() where chain < draws.chains {
        try file.write { append in try DrawsCSV.write(draws, chain: chain, document, append: append) }
      }
    }
  }
}

/// Draws shaped like ArviZ's InferenceData: `{"posterior": {name: [chain][draw]…}, "sample_stats": {name: [chain][draw]}}`, which `from_dict` loads.
package enum DrawsJSON {
  package static func encode(_ draws: DrawSet) -> Data { encode(draws, DrawGroups()) }

  /// The posterior and the sampler's statistics.
  static func object(_ draws: DrawSet) -> JSONObject {
    var statistics = JSONObject()
    for (name, chains) in draws.sampleStats.sorted(by: { $0.key < $1.key }) {
      statistics[name] = .array(
        chains.map { chain in
          switch name {
          case "diverging": .array(chain.map { .bool($0 != 0) })
          case "tree_depth", "n_steps": .numbers(chain, whole: true)
          default: .numbers(chain, whole: false)
          }
        })
    }
    var object = JSONObject([("posterior", .object(nested(draws.variables)))])
    if !statistics.isEmpty { object["sample_stats"] = .object(statistics) }
    return object
  }

  /// Reads draws; all variables count as latent, since the format does not say. Throws `DataError`.
  package static func decode(_ root: JSONValue) throws -> DrawSet {
    guard let posterior = root["posterior"]?.members else {
      throw DataError(keyPath: "posterior", reason: "the key is missing or no object")
    }
    var draws = DrawSet(chains: 0, drawsPerChain: 0, variables: [], sampleStats: [:])
    for (index, entry) in posterior.entries.enumerated() {
      let path = "posterior.\(entry.key)"
      let flat = try Nesting.flatten(entry.value, path)
      guard flat.shape.count >= 2 else {
        throw DataError(
          keyPath: path, reason: "expected an array by chain and draw, found \(flat.shape.isEmpty ? "one number" : "one dimension")")
      }
      if index == 0 { (draws.chains, draws.drawsPerChain) = (flat.shape[0], flat.shape[1]) }
      guard flat.shape[0] == draws.chains, flat.shape[1] == draws.drawsPerChain else {
        throw DataError(
          keyPath: path,
          reason:
            "expected \(draws.chains) chains of \(draws.drawsPerChain) draws as in the first variable, found \(flat.shape[0]) of \(flat.shape[1])"
        )
      }
      let stride = flat.values.count / max(draws.chains, 1)
      draws.variables.append(
        VariableDraws(
          name: entry.key, kind: .latent, shape: Array(flat.shape.dropFirst(2)),
          values: (0..<draws.chains).map { Array(flat.values[$0 * stride..<($0 + 1) * stride]) }))
    }
    for (name, value) in root["sample_stats"]?.members?.entries ?? [] {
      let flat = try Nesting.flatten(value, "sample_stats.\(name)")
      guard flat.shape == [draws.chains, draws.drawsPerChain] else { continue }
      draws.sampleStats[name] = (0..<draws.chains).map { Array(flat.values[$0 * draws.drawsPerChain..<($0 + 1) * draws.drawsPerChain]) }
    }
    guard !draws.variables.isEmpty else { throw DataError(keyPath: "posterior", reason: "there is no variable") }
    guard draws.chains > 0, draws.drawsPerChain > 0 else { throw DataError(keyPath: "posterior", reason: "there are no draws") }
    return draws
  }
}
