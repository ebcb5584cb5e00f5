import Foundation
import Inference
import Reporting

extension CommandSpecification {
  static let convert = CommandSpecification(
    name: "convert", operands: "FILE…",
    summary: "turn draws from one format into another: ArviZ's JSON, CmdStan's CSV, posteriordb's JSON",
    details: """
      The format of a file is seen from its content. Several CSV files are the chains of one fit, and F.csv stands for F_1.csv, F_2.csv, … where there is no F.csv.
      Numbers keep all their bits. Indices count from 0 in ArviZ's arrays and from 1 in the names of the other two; a point in a name is a colon in CmdStan's.
      What a format has no place for is named in a warning.
      """,
    options: [
      OptionSpecification(
        "--output", "FILE", "the file to write; for CmdStan's format with several chains F_1.csv, F_2.csv, …; - for standard output"),
      OptionSpecification(
        "--to", "FORMAT", "arviz, cmdstan or posteriordb (default: cmdstan for a name that ends in .csv, arviz otherwise)"),
      OptionSpecification("--quiet", nil, "no warnings"), OptionSpecification("--help", nil, "this text"),
    ])
}

/// Everything a `convert` command line says.
struct ConvertOptions: Sendable, Equatable {
  enum Format: String, CaseIterable { case arviz, cmdstan, posteriordb }

  var operands: [String]
  var outputPath: String
  var format: Format
  var isQuiet: Bool

  /// Throws `UserError` with all mistakes at once.
  init(_ arguments: ParsedArguments) throws {
    var reader = OptionReader("convert", arguments)
    operands = arguments.operands
    outputPath = arguments.last("--output") ?? ""
    isQuiet = arguments.has("--quiet")
    if !arguments.has("--output") { reader.fail("where to? Give --output FILE, or --output - for standard output.") }
    if arguments.last("--output") == "" { reader.fail("--output expects a file, not an empty name.") }
    let isCSV = outputPath.lowercased().hasSuffix(".csv")
    format = isCSV ? .cmdstan : .arviz
    let chosen = reader.name("--to", among: Format.allCases.map(\.rawValue)).flatMap(Format.init)
    if let chosen { format = chosen }
    if !outputPath.isEmpty, outputPath != "-", format == .cmdstan, !isCSV {
      reader.fail("--to cmdstan writes files that end in .csv, not \"\(outputPath)\".")
    }
    if chosen != nil, format != .cmdstan, isCSV { reader.fail("--to \(format.rawValue) writes JSON, and \(outputPath) ends in .csv.") }
    guard reader.mistakes.isEmpty else { throw UserError(sentences: reader.mistakes) }
  }
}

extension Command {
  /// `credence convert`.
  func convert(_ options: ConvertOptions) throws -> Int32 {
    let own = try converted(options.operands)
    let problems = options.format == .cmdstan ? DrawsCSV.unwritable(own.draws, own.groups) : []
    guard problems.isEmpty else { throw UserError(sentences: problems.map { "\(own.name): \($0)" }) }
    if options.outputPath == "-" {
      switch options.format {
      case .arviz: try console.emit(DrawsJSON.encode(own.draws, own.groups))
      case .posteriordb: try console.emit(PosteriordbJSON.encode(own.draws))
      case .cmdstan:
        guard own.draws.chains == 1 else {
          throw UserError("convert: CmdStan's format has a file for each chain, and there are \(own.draws.chains): give --output FILE.csv.")
        }
        try DrawsCSV.write(DrawsCSV.flattened(own.draws, own.groups), chain: 0, Self.unknown) { try console.emit($0) }
      }
    } else {
      switch options.format {
      case .arviz: try OutputFile(path: options.outputPath).write(DrawsJSON.encode(own.draws, own.groups))
      case .posteriordb: try OutputFile(path: options.outputPath).write(PosteriordbJSON.encode(own.draws))
      case .cmdstan:
        try DrawsFiles(path: options.outputPath, chains: own.draws.chains).write(own.draws, Self.unknown, own.groups)
      }
    }
    if !options.isQuiet { for warning in Self.losses(own, options.format) { console.note("credence: warning: \(warning)") } }
    return ExitCode.done
  }

  /// Settings that nobody knows any more.
  private static var unknown: ResultDocument {
    ResultDocument(
      modelName: "", modelVersion: version, data: nil, method: JSONObject(), variables: [], verdict: Verdict(), diagnostics: JSONObject(),
      timing: JSONObject())
  }

  private func converted(_ paths: [String]) throws -> NamedDraws {
    guard paths.count > 1 else { return try namedDraws(paths[0]) }
    let sets = try paths.map { try namedDraws($0) }
    do {
      var joined = sets[0]
      joined.draws = try DrawsCSV.join(sets.map(\.draws))
      joined.groups.logLikelihood = try Self.joined(sets.map(\.groups.logLikelihood), sets)
      joined.groups.logPrior = try Self.joined(sets.map(\.groups.logPrior), sets)
      joined.groups.posteriorPredictive = try Self.joined(sets.map(\.groups.posteriorPredictive), sets)
      return joined
    } catch let error as DataError {
      let name = Int(error.keyPath).map { sets[$0].name } ?? ""
      throw UserError("\(name) does not belong to \(sets[0].name): \(error.reason).")
    }
  }

  private static func joined(_ groups: [[VariableDraws]], _ sets: [NamedDraws]) throws -> [VariableDraws] {
    try DrawsCSV.join(
      zip(groups, sets).map { DrawSet(chains: $1.draws.chains, drawsPerChain: $1.draws.drawsPerChain, variables: $0, sampleStats: [:]) }
    ).variables
  }

  /// What the format has no place for, a sentence each.
  private static func losses(_ own: NamedDraws, _ format: ConvertOptions.Format) -> [String] {
    var sentences: [String] = []
    let statistics = own.draws.sampleStats.keys.sorted()
    let groups = own.groups
    let names =
      (groups.logLikelihood.isEmpty ? [] : ["log_likelihood"]) + (groups.logPrior.isEmpty ? [] : ["log_prior"])
      + (groups.posteriorPredictive.isEmpty ? [] : ["posterior_predictive"])
    switch format {
    case .posteriordb:
      if !statistics.isEmpty {
        sentences.append("posteriordb's format has no place for the statistics \(statistics.joined(separator: ", ")).")
      }
      let all = names + (groups.observedData.isEmpty ? [] : ["observed_data"])
      if !all.isEmpty { sentences.append("posteriordb's format has no place for \(all.joined(separator: ", ")).") }
    case .cmdstan:
      if !groups.observedData.isEmpty { sentences.append("CmdStan's format has no place for observed_data.") }
    case .arviz: break
    }
    if format != .cmdstan {
      for variable in own.draws.variables {
        let infinite = variable.values.joined().count { $0.isInfinite }
        if infinite > 0 {
          sentences.append("\(infinite) draws of \(variable.name) are infinite, which JSON has no number for: they are null.")
        }
      }
    }
    return sentences
  }
}
