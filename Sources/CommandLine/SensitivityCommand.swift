import Foundation
import Inference
import Modeling
import Reporting

extension CommandSpecification {
  static let sensitivity = CommandSpecification(
    name: "sensitivity", operands: "FILE|MODEL",
    summary: "how much a posterior changes where its prior or its likelihood is raised to a power, from the draws of one fit",
    details: """
      The operand is a file of draws as infer --include log-likelihood,log-prior --draws-output FILE wrote it, or a model, built in or a Swift file, which
      is fitted first: by NUTS, or as --method and the other options of infer say.
      Sensitivities from 0.05 on are worth a look. To the prior and to the likelihood: they may be in conflict; to the prior alone: it is strong, or the
      data say little. In a hierarchical model scale the priors of the topmost sites only: --prior mu --prior tau.
      Exit codes: 0 done; 2 usage, data, draws or model error; 130 interrupted.
      """,
    options: [
      OptionSpecification("--prior", "SITE", "scale the prior of this latent site (default: of all of them together)", repeats: true),
      OptionSpecification(
        "--likelihood", "SITE", "scale the likelihood of this observed site (default: of all of them together)", repeats: true),
      OptionSpecification("--all", nil, "every element of every variable (default: at most 40)"),
    ] + criticism("sensitivity", "seed of the fit (default 1)"))
}

/// Everything a `sensitivity` command line says.
struct SensitivityOptions: Sendable, Equatable {
  var operand: String
  var priors, likelihoods: [String]
  var showsAll: Bool
  var shared: CriticismOptions

  /// Throws `UserError` with all mistakes at once.
  init(_ arguments: ParsedArguments) throws {
    var reader = OptionReader("sensitivity", arguments)
    operand = arguments.operands.first ?? ""
    if arguments.operands.count > 1 {
      reader.fail("expected one file or model, found \(arguments.operands.count): \(arguments.operands.joined(separator: " ")).")
    }
    priors = arguments.values["--prior"] ?? []
    likelihoods = arguments.values["--likelihood"] ?? []
    showsAll = arguments.has("--all")
    shared = CriticismOptions(&reader)
    guard reader.mistakes.isEmpty else { throw UserError(sentences: reader.mistakes) }
  }
}

extension Command {
  /// `credence sensitivity`.
  func sensitivity(_ options: SensitivityOptions) async throws -> Int32 {
    let resultFile = try options.shared.outputPath.flatMap { $0 == "-" ? nil : try OutputFile(path: $0) }
    let request = CriticismRequest(command: "sensitivity", includes: [.logLikelihood, .logPrior], options: options.shared)
    try checkFitting([options.operand], request)
    var own = try await criticized(options.operand, request, data(options.shared.dataPath))
    if own.draws.logRatios != nil {
      own.groups.notes.append(
        "the draws are those of an approximation, and so are the sensitivities: fit by nuts, or weight the draws first (infer --refine psis)."
      )
    }
    let prior = try Self.chosen(options.priors, own.groups.logPrior, "log prior", own.name)
    let likelihood = try Self.chosen(options.likelihoods, own.groups.logLikelihood, "log likelihood", own.name)
    let threads = options.shared.inference.threads ?? ProcessInfo.processInfo.activeProcessorCount
    let document = SensitivityDocument(
      source: own.name, report: SensitivityReport(own.draws, logPrior: prior, logLikelihood: likelihood, threads: threads),
      priors: prior.map(\.name), likelihoods: likelihood.map(\.name), notes: own.groups.notes)
    return try write(
      document.json, document.text(limit: options.showsAll ? .max : 40), document.warnings, resultFile, options.shared)
  }

  private static func chosen(_ wanted: [String], _ all: [VariableDraws], _ what: String, _ name: String) throws -> [VariableDraws] {
    let mistakes = wanted.filter { site in !all.contains { $0.name == site } }.map { site in
      "\(name) has no \(what) of a site \"\(site)\"; it has \(all.map(\.name).joined(separator: ", "))."
    }
    guard mistakes.isEmpty else { throw UserError(sentences: mistakes) }
    return wanted.isEmpty ? all : all.filter { wanted.contains($0.name) }
  }
}
