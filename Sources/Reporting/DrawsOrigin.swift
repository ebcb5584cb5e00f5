import Foundation
import Inference

/// Where draws come from, as far as their file says, in the comments of a CSV or in the attributes of a JSON file: model, data, method and settings, and which
/// chains they are.
package struct DrawsOrigin: Sendable, Equatable {
  /// The numbers of the chains, from 1; empty where the file does not say.
  package var chains: [Int] = []
  /// What must be the same for draws to be of one posterior, in order: `model`, `method`, `seed`, `data`, then the settings.
  package var facts: [(name: String, value: String)] = []

  package init() {}

  package subscript(name: String) -> String? { facts.first { $0.name == name }?.value }

  package static func == (a: DrawsOrigin, b: DrawsOrigin) -> Bool {
    a.chains == b.chains && a.facts.elementsEqual(b.facts) { $0.name == $1.name && $0.value == $1.value }
  }

  /// From the comments at the head of a CSV.
  package init(csv data: Data) {
    for line in String(decoding: data.prefix(1 << 16), as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: true) {
      guard line.hasPrefix("#") else { break }
      let parts = line.dropFirst().split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
      guard parts.count == 2 else { continue }
      // CmdStan marks what was not asked for.
      let value = parts[1].replacing(" (Default)", with: "")
      if parts[0] == "id" {
        chains = Int(value).map { [$0] } ?? []
      } else {
        add(parts[0], value)
      }
    }
  }

  /// From the attributes of draws in JSON, under the key `attrs`, which ArviZ's `from_dict` takes for those of the whole.
  package init(json root: JSONValue) {
    for (key, value) in root["attrs"]?.members?.entries ?? [] {
      if key == "chain_ids" {
        chains = Self.numbers(value)
      } else if value.members == nil {
        add(key, value.text ?? JSONWriter.line(value))
      }
    }
  }

  private mutating func add(_ key: String, _ value: String) {
    if let name = Self.name(key), self[name] == nil { facts.append((name, value)) }
  }

  /// Under which name a comment or an attribute counts; nil for one that does not.
  private static func name(_ key: String) -> String? {
    if key.hasPrefix(settingPrefix) { return String(key.dropFirst(settingPrefix.count)) }
    return ["model", "method", "seed", "num_samples", "num_warmup", "thin"].contains(key) ? key : nil
  }

  /// What stands before the settings that CmdStan has no place for.
  static let settingPrefix = "credence_"

  /// The settings of a result: those that are one number or word, but for what never changes a draw; and what was done to the model.
  private static func settings(_ document: ResultDocument) -> [(name: String, value: String)] {
    var all: [(name: String, value: String)] = []
    if let data = document.data { all.append((settingPrefix + "data", data.sha256)) }
    for (key, value) in document.method.entries
    where !["name", "seed", "threads", "chain_id", "chain_ids", "warmup", "draws"].contains(key) {
      if value.members != nil, key != "surgery" { continue }
      all.append((settingPrefix + key, (value.text ?? JSONWriter.line(value)).replacing("=", with: ":")))
    }
    return all
  }

  /// The settings of a result as comments of a CSV.
  static func comments(_ document: ResultDocument) -> String {
    settings(document).map { "#   \($0.name) = \($0.value)\n" }.joined()
  }

  /// The same facts as the comments of a CSV have, for the attributes of draws in JSON: numbers, words, and a list of numbers, as NetCDF can hold.
  static func attributes(_ document: ResultDocument, _ draws: DrawSet) -> JSONObject {
    var object = JSONObject([
      ("inference_library", "credence"), ("inference_library_version", .string(document.modelVersion)),
      ("model", .string(document.modelName)), ("method", .string(method(document))), ("num_samples", .integer(iterations(document, draws))),
    ])
    for (key, name) in [("warmup", "num_warmup"), ("seed", "seed")] {
      if let value = document.method[key] { object[name] = value }
    }
    object["chain_ids"] = .array(chainNumbers(document, draws).map { .integer($0) })
    for (name, value) in settings(document) { object[name] = .string(value) }
    return object
  }

  /// How many iterations each chain's draws are every thin-th of: CmdStan's num_samples.
  static func iterations(_ document: ResultDocument, _ draws: DrawSet) -> Int { draws.drawsPerChain * thinning(document) }

  static func thinning(_ document: ResultDocument) -> Int { document.method["thin"]?.double.flatMap { Int(exactly: $0) } ?? 1 }

  /// The numbers of the chains of draws, from 1.
  static func chainNumbers(_ document: ResultDocument, _ draws: DrawSet) -> [Int] {
    let given = document.method["chain_ids"].map { numbers($0) } ?? []
    if given.count == draws.chains { return given }
    if draws.chains == 1, let own = document.method["chain_id"]?.double.flatMap({ Int(exactly: $0) }) { return [own] }
    return Array(1...max(draws.chains, 1))
  }

  /// The whole numbers of a list; none where it is something else.
  private static func numbers(_ list: JSONValue) -> [Int] {
    guard let flat = try? Nesting.flatten(list, ""), flat.shape.count == 1 else { return [] }
    return flat.values.compactMap { Int(exactly: $0) }
  }

  /// The name of the method as CmdStan has it.
  static func method(_ document: ResultDocument) -> String {
    let name = document.method["name"]?.text ?? ""
    return name == "nuts" ? "sample" : name
  }

  /// The first fact in which two origins differ, in words; nil where they do not contradict each other.
  package func difference(from other: DrawsOrigin) -> String? {
    // How many chains a file has is no property of the posterior.
    for (name, value) in facts where name != "chains" {
      if let its = other[name], its != value { return "\(name) is \(value) there and \(its) here" }
    }
    // What was done to the model is told only where something was.
    let (own, its) = (self["surgery"] ?? "none", other["surgery"] ?? "none")
    return own == its ? nil : "surgery is \(own) there and \(its) here"
  }
}
