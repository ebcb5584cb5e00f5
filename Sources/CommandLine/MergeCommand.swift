import Foundation
import Inference
import Reporting

/// `credence merge`: the chains of one run that were drawn on several machines, as one result with all diagnostics.
extension Command {
  /// The files and where the results go; throws `UserError` with all mistakes at once.
  struct MergeOptions {
    var output: String?
    var drawsOutput: String?

    init(_ arguments: ParsedArguments) throws {
      var reader = OptionReader("merge", arguments)
      output = arguments.last("--output")
      drawsOutput = arguments.last("--draws-output")
      for option in ["--output", "--draws-output"] where arguments.last(option) == "" {
        reader.fail("\(option) expects a file, not an empty name.")
      }
      if let drawsOutput, !drawsOutput.isEmpty, !drawsOutput.lowercased().hasSuffix(".json"), !drawsOutput.lowercased().hasSuffix(".csv") {
        reader.fail("--draws-output expects a name that ends in .json or .csv, not \"\(drawsOutput)\".")
      }
      guard reader.mistakes.isEmpty else { throw UserError(sentences: reader.mistakes) }
    }
  }

  private struct Part {
    var path: String
    var draws: DrawSet
    var origin: DrawsOrigin
  }

  func merge(_ parsed: ParsedArguments) throws -> Int32 {
    let options = try MergeOptions(parsed)
    var parts = try FitFile.all(parsed.operands) { try Self.part($0) }
    try Self.checkOrigins(parts)
    parts.sort { ($0.origin.chains.first ?? .max) < ($1.origin.chains.first ?? .max) }
    var origin = parts[0].origin
    origin.chains = parts.flatMap(\.origin.chains)
    return try report(FitFile.joined(parts.map { ($0.path, $0.draws) }), origin, options)
  }

  private func report(_ draws: DrawSet, _ origin: DrawsOrigin, _ options: MergeOptions) throws -> Int32 {
    let resultFile = try options.output.flatMap { $0 == "-" ? nil : try OutputFile(path: $0) }
    let drawsFiles = try options.drawsOutput.map { try DrawsFiles(path: $0, chains: draws.chains) }
    let document = Self.merged(draws, origin)
    if let drawsFiles { try drawsFiles.write(draws, document) }
    if let resultFile { try resultFile.write(document.json) }
    if options.output == "-" {
      try console.emit(document.json)
    } else {
      try console.print(SummaryTable(document, colors: console.colorsOutput).text)
    }
    return document.verdict.verdict == .fail ? ExitCode.verdictFail : ExitCode.done
  }

  private static func part(_ path: String) throws -> Part {
    let bytes = try InputFile.read(path)
    let root: JSONValue
    switch try FitFile(bytes, path) {
    case .chain(let draws): return Part(path: path, draws: draws, origin: DrawsOrigin(csv: bytes))
    case .json(let value): root = value
    }
    guard root["posterior"] != nil else {
      let isResult = root["schema"] != nil
      throw UserError(
        "\(path) holds no draws\(isResult ? " but a result: merge takes what --draws-output writes" : " (an object with \"posterior\", or CSV)")."
      )
    }
    let draws = try DrawsJSON.decode(root)
    var origin = DrawsOrigin(json: root)
    if origin.chains.count != draws.chains { origin.chains = [] }
    return Part(path: path, draws: draws, origin: origin)
  }

  /// Throws `UserError` where files are of different posteriors, or of one chain twice.
  private static func checkOrigins(_ parts: [Part]) throws {
    var mistakes: [String] = []
    for part in parts.dropFirst() {
      if let difference = parts[0].origin.difference(from: part.origin) {
        mistakes.append("\(part.path) does not belong to \(parts[0].path): the \(difference).")
      }
    }
    for (index, part) in parts.enumerated() {
      for earlier in parts[..<index] {
        if let shared = shared(earlier, part) {
          mistakes.append("\(earlier.path) and \(part.path) \(shared).")
        }
      }
    }
    guard mistakes.isEmpty else { throw UserError(sentences: mistakes) }
  }

  /// What two files have in common, in words: chains by their numbers, or, whatever the files say of themselves, by their draws.
  private static func shared(_ a: Part, _ b: Part) -> String? {
    let numbers = Set(a.origin.chains).intersection(b.origin.chains).sorted()
    if !numbers.isEmpty {
      let list = OptionReader.list(numbers.map(String.init), "and")
      return "both hold chain\(numbers.count == 1 ? "" : "s") \(list): the same draws would count twice"
    }
    for first in 0..<a.draws.chains {
      for second in 0..<b.draws.chains
      where a.draws.variables.elementsEqual(b.draws.variables, by: { $0.name == $1.name && $0.values[first] == $1.values[second] }) {
        return "hold the same draws, which would count twice: chain \(first + 1) of the one is chain \(second + 1) of the other"
      }
    }
    return nil
  }

  private static func merged(_ draws: DrawSet, _ origin: DrawsOrigin) -> ResultDocument {
    let variables = Summary.summarize(draws).map { VariableReport($0) }
    var method = JSONObject([("name", .string(origin["method"].map { $0 == "sample" ? "nuts" : $0 } ?? "merge"))])
    if let seed = origin["seed"].flatMap({ UInt64($0) }) { method["seed"] = .seed(seed) }
    method["chains"] = .integer(draws.chains)
    if origin.chains.count == draws.chains, origin.chains != Array(1...draws.chains) {
      method["chain_ids"] = .array(origin.chains.map { .integer($0) })
    }
    method["draws"] = .integer(draws.drawsPerChain)
    for (name, value) in origin.facts where !["model", "method", "seed", "data", "chains", "num_samples"].contains(name) {
      method[name == "num_warmup" ? "warmup" : name] =
        Int(value).map { .integer($0) } ?? Double(value).map { .number($0) } ?? .string(value)
    }
    var diagnostics = JSONObject()
    if let diverging = draws.sampleStats["diverging"] { diagnostics["divergences"] = .integer(diverging.joined().count { $0 != 0 }) }
    if let energies = draws.sampleStats["energy"] {
      diagnostics["e_bfmi"] = .numbers(energies.map { Diagnostics.energyFraction($0) }, whole: false)
    }
    if let acceptance = draws.sampleStats["acceptance_rate"] {
      diagnostics["mean_acceptance"] = .number(acceptance.joined().reduce(0, +) / Double(max(draws.chains * draws.drawsPerChain, 1)))
    }
    return ResultDocument(
      modelName: origin["model"] ?? "", modelVersion: version, data: origin["data"].map { .init(source: "merged draws", sha256: $0) },
      method: method, variables: variables, verdict: DrawsVerdict.judge(draws, variables), diagnostics: diagnostics, timing: JSONObject())
  }
}
