import Foundation
import Inference
import Modeling
import Reporting

extension CommandSpecification {
  static let sensitivity = CommandSpecification(
    name: "sensitivity", operands: "FILE|MODEL",
    summary: "how much a posterior changes where its prior or its likelihood is raised to a power, from the draws of one fit",
    details: """
      The operand is a file of draws as infer --include log-likelihood,log-prior --draws-output FILE wrote it, or a built-in model, which is fitted by NUTS first.
      Sensitivities from 0.05 on are worth a look. To the prior and to the likelihood: they may be in conflict; to the prior alone: it is strong, or the
      data say little. In a hierarchical model scale the priors of the topmost sites only: --prior mu --prior tau.
      Exit codes: 0 done; 2 usage, data, draws or model error; 130 interrupted.
      """,
    options: [
      OptionSpecification("--prior", "SITE", "scale the prior of this latent site (default: of all of them together)", repeats: true),
      OptionSpecification(
        "--likelihood", "SITE", "scale the likelihood of this observed site (default: of all of them together)", repeats: true),
      OptionSpecification("--data", "FILE", "the data of a model that is fitted; one JSON object; - reads standard input"),
      OptionSpecification("--seed", "N", "seed of the fit (default 1)"),
      OptionSpecification("--threads", "N", "threads (default: one per core); never changes a result"),
      OptionSpecification("--all", nil, "every element of every variable (default: at most 40)"),
      OptionSpecification("--output", "FILE", "write the result as JSON (credence/sensitivity/1); - writes it to standard output"),
      OptionSpecification("--quiet", nil, "nothing on standard error but errors, and no table where --output is given"),
      OptionSpecification("--help", nil, "this text"),
    ])
}

/// Everything a `sensitivity` command line says.
struct SensitivityOptions: Sendable, Equatable {
  var operand: String
  var priors, likelihoods: [String]
  var dataPath, outputPath: String?
  var seed: UInt64 = 1
  var threads: Int?
  var showsAll, isQuiet: Bool

  /// Throws `UserError` with all mistakes at once.
  init(_ arguments: ParsedArguments) throws {
    var reader = OptionReader("sensitivity", arguments)
    operand = arguments.operands.first ?? ""
    if arguments.operands.count > 1 {
      reader.fail("expected one file or model, found \(arguments.operands.count): \(arguments.operands.joined(separator: " ")).")
    }
    priors = arguments.values["--prior"] ?? []
    likelihoods = arguments.values["--likelihood"] ?? []
    seed = reader.seed("--seed") ?? seed
    threads = reader.whole("--threads", in: 1...1024)
    dataPath = arguments.last("--data")
    outputPath = arguments.last("--output")
    showsAll = arguments.has("--all")
    isQuiet = arguments.has("--quiet")
    for option in ["--data", "--output"] where arguments.last(option) == "" {
      reader.fail("\(option) expects a file, not an empty name.")
    }
    reader.checkDistinct([("--data", dataPath), ("--output", outputPath)])
    guard reader.mistakes.isEmpty else { throw UserError(sentences: reader.mistakes) }
  }
}

extension Command {
  /// `credence sensitivity`.
  func sensitivity(_ options: SensitivityOptions) async throws -> Int32 {
    let resultFile = try options.outputPath.flatMap { $0 == "-" ? nil : try OutputFile(path: $0) }
    let own = try await criticized(
      options.operand,
      CriticismRequest(
        command: "sensitivity", includes: [.logLikelihood, .logPrior], dataPath: options.dataPath, seed: options.seed,
        threads: options.threads,
        isQuiet: options.isQuiet), try data(options.dataPath))
    let prior = try Self.chosen(options.priors, own.groups.logPrior, "log prior", own.name)
    let likelihood = try Self.chosen(options.likelihoods, own.groups.logLikelihood, "log likelihood", own.name)
    let threads = options.threads ?? ProcessInfo.processInfo.activeProcessorCount
    let document = SensitivityDocument(
      source: own.name, report: SensitivityReport(own.draws, logPrior: prior, logLikelihood: likelihood, threads: threads),
      priors: prior.map(\.name), likelihoods: likelihood.map(\.name), notes: own.groups.notes)
    if let resultFile { try resultFile.write(document.json) }
    if options.outputPath == "-" {
      try console.emit(document.json)
    } else if options.outputPath == nil || !options.isQuiet {
      try console.print(document.text(limit: options.showsAll ? .max : 40))
    }
    if !options.isQuiet { for warning in document.warnings { console.note("credence: warning: \(warning)") } }
    return ExitCode.done
  }

  private static func chosen(_ wanted: [String], _ all: [VariableDraws], _ what: String, _ name: String) throws -> [VariableDraws] {
    let mistakes = wanted.filter { site in !all.contains { $0.name == site } }.map { site in
      "\(name) has no \(what) of a site \"\(site)\"; it has \(all.map(\.name).joined(separator: ", "))."
    }
    guard mistakes.isEmpty else { throw UserError(sentences: mistakes) }
    return wanted.isEmpty ? all : all.filter { wanted.contains($0.name) }
  }
}
