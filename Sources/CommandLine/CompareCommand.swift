import Foundation
import Inference
import Modeling
import Reporting

extension CommandSpecification {
  static let compare = CommandSpecification(
    name: "compare", operands: "FILE|MODEL…",
    summary: "compare models by the predictive density of data left out: PSIS-LOO with k-hat, WAIC, stacking weights",
    details: """
      Each operand is a file of draws with their log likelihood, as infer --include log-likelihood --draws-output FILE wrote it (for CSV in several chains, the
      name without their numbers), or a model, built in or a Swift file, which is fitted first: by NUTS, or as --method and the other options of infer
      say. All must be about the same data. Draws of an approximation (vi, laplace, batch-and-match) are corrected by their importance weights.
      elpd is the expected log density of new data, the sum over points of the density of each given all others; p the effective number of parameters.
      Exit codes: 0 done; 2 usage, data, draws or model error; 130 interrupted.
      """,
    options: [
      OptionSpecification("--criterion", "NAME", "loo (default) or waic: what the models are ordered and weighted by"),
      OptionSpecification("--site", "NAME", "only the points of this observed site (default: those of all)", repeats: true),
    ] + criticism("comparison", "seed of the fits and of the bootstrap behind pseudo-BMA+ (default 1)"))
}

/// Everything a `compare` command line says.
struct CompareOptions: Sendable, Equatable {
  var operands: [String]
  var criterion = ModelComparison.Criterion.loo
  var sites: [String] = []
  var shared: CriticismOptions

  /// Throws `UserError` with all mistakes at once.
  init(_ arguments: ParsedArguments) throws {
    var reader = OptionReader("compare", arguments)
    operands = arguments.operands
    let legal = ModelComparison.Criterion.allCases.map(\.rawValue)
    if let name = reader.name("--criterion", among: legal), let known = ModelComparison.Criterion(rawValue: name) { criterion = known }
    sites = arguments.values["--site"] ?? []
    shared = CriticismOptions(&reader)
    let twice = Set(operands.filter { name in operands.count { $0 == name } > 1 }).sorted()
    for name in twice { reader.fail("\(name) is given twice.") }
    guard reader.mistakes.isEmpty else { throw UserError(sentences: reader.mistakes) }
  }
}

extension Command {
  /// `credence compare`.
  func compare(_ options: CompareOptions) async throws -> Int32 {
    let resultFile = try options.shared.outputPath.flatMap { $0 == "-" ? nil : try OutputFile(path: $0) }
    let request = CriticismRequest(command: "compare", includes: [.logLikelihood], options: options.shared)
    try checkFitting(options.operands, request)
    let data = try data(options.shared.dataPath)
    var all: [NamedDraws] = []
    var mistakes: [String] = []
    for name in options.operands {
      do { all.append(try await criticized(name, request, data)) } catch is CancellationError {
        console.note(
          "credence: compare: interrupted while \(name) was being fitted; nothing is written, since a comparison needs every model.")
        return ExitCode.interrupted
      } catch { mistakes += try FitFile.sentences(error, name) }
    }
    guard mistakes.isEmpty else { throw UserError(sentences: mistakes) }
    try Self.checkSameData(&all, options.sites)
    let threads = options.shared.inference.threads ?? ProcessInfo.processInfo.activeProcessorCount
    let likelihoods = all.map { PointwiseLogLikelihood($0.groups.logLikelihood) }
    let entries = zip(all, likelihoods).map { own, likelihood in
      ModelComparison.Entry(
        name: own.name, likelihood, logRatios: own.draws.logRatios,
        relativeEfficiency: LeaveOneOut.relativeEfficiency(of: own.draws, threads: threads), threads: threads)
    }
    let document = ComparisonDocument(
      ModelComparison(entries, by: options.criterion, seed: options.shared.inference.seed),
      points: (0..<(likelihoods.first?.points ?? 0)).map { likelihoods[0].name(of: $0) },
      notes: all.flatMap { own in own.groups.notes.map { "\(own.name): \($0)" } })
    return try write(document.json, document.text, document.warnings, resultFile, options.shared)
  }

  /// Leaves the sites that are asked for. Throws `UserError` where models have other points or other data.
  private static func checkSameData(_ all: inout [NamedDraws], _ sites: [String]) throws {
    var mistakes: [String] = []
    for index in all.indices where !sites.isEmpty {
      let names = all[index].groups.logLikelihood.map(\.name)
      for site in sites where !names.contains(site) {
        mistakes.append("\(all[index].name) has no log likelihood of a site \"\(site)\"; it has \(names.joined(separator: ", ")).")
      }
      all[index].groups.logLikelihood.removeAll { !sites.contains($0.name) }
    }
    guard mistakes.isEmpty, let first = all.first else { throw UserError(sentences: mistakes) }
    func points(_ own: NamedDraws) -> Int { own.groups.logLikelihood.reduce(0) { $0 + $1.size } }
    for own in all.dropFirst() {
      if points(own) != points(first) {
        mistakes.append(
          "\(own.name) has the log likelihood of \(points(own)) points and \(first.name) of \(points(first)): they are not about the same data."
        )
        continue
      }
      for observed in own.groups.observedData {
        guard let other = first.groups.observedData.first(where: { $0.name == observed.name }), other != observed else { continue }
        mistakes.append("\(own.name) and \(first.name) are not about the same data: the values of \(observed.name) differ.")
      }
    }
    guard mistakes.isEmpty else { throw UserError(sentences: mistakes) }
  }
}
