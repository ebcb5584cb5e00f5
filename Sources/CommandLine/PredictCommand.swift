import Foundation
import Inference
import Reporting

extension CommandSpecification {
  static let predict = CommandSpecification(
    name: "predict", operands: "MODEL",
    summary: "push uncertainty through a model: outputs, observations drawn anew, and where the variance comes from",
    details: """
      The latent variables come from draws that infer wrote (--posterior), from a fit made first (--method), or from their priors with nothing
      observed. With --data of other sizes, latent variables in plates whose size has changed are drawn from their priors given the others; a longer
      sequence goes on after the steps of the draws: a forecast. Observed values in the data have only their shapes: they are drawn anew.
      For every output and every observed site: mean, sd, quantiles and their Monte Carlo errors; the variance split into what would remain if the latent
      variables were known (aleatoric) and what knowing them would remove (epistemic); first-order and total shares of the variance by
      input; gradients of the mean by stored properties of the model.
      Exit codes: 0 done; 2 usage, data, draws or model error; 130 interrupted.
      """,
    options: [
      OptionSpecification(
        "--posterior", "FILE", "draws that infer --draws-output wrote, JSON or CSV; several CSV files are the chains of one fit",
        repeats: true),
      OptionSpecification("--method", "NAME", "vi, nuts or laplace: fit the data first, and predict from that"),
      OptionSpecification(
        "--guide", "NAME", "with --method vi: mean-field, full-rank, low-rank:R, flow:KIND and all others that infer has"),
      OptionSpecification(
        "--data", "FILE", "the model's data, those of the fit or new ones; one JSON object; - reads standard input"),
      OptionSpecification("--draws", "N", "draws from the priors (default 10000), or of the fit"),
      OptionSpecification(
        "--replicates", "N", "draws of everything else for each draw of the latent variables, where means are not known (default 8)"),
      OptionSpecification(
        "--gradient", "NAME", "differentiate means by this number in the data: scale, sigma[2] or all of sigma", repeats: true),
      OptionSpecification("--no-shares", nil, "leave out the shares of the variance"),
      OptionSpecification("--seed", "N", "seed of all randomness; equal seed, equal bits (default 1)"),
      OptionSpecification("--threads", "N", "threads (default: one per core); never changes a result"),
      OptionSpecification("--output", "FILE", "write the result as JSON (credence/prediction/1); - writes it to standard output"),
      OptionSpecification(
        "--draws-output", "FILE", "write the draws: F.json for ArviZ's from_dict (posterior_predictive), F.csv with CmdStan's column names"),
      OptionSpecification("--quiet", nil, "nothing on standard error but errors, and no table where --output is given"),
    ] + surgery + [OptionSpecification("--help", nil, "this text")])
}

extension Command {
  /// `credence predict`: everything that can fail for a reason of the user's is checked before the first step.
  func predict(_ model: any RunnableModel, _ options: PredictOptions) async throws -> Int32 {
    try checkData(model, options.dataPath)
    let resultFile = try options.outputPath.flatMap { $0 == "-" ? nil : try OutputFile(path: $0) }
    var request = options.request
    if !options.posteriorPaths.isEmpty { request.source = .draws(try posterior(options.posteriorPaths)) }
    let chains =
      switch request.source {
      case .draws(let draws): draws.chains
      case .fit(let fit): fit.method == .nuts ? 4 : 1
      case .prior: 1
      }
    let isJSON = options.drawsPath?.lowercased().hasSuffix(".json") ?? false
    let drawsFile = try options.drawsPath.flatMap { isJSON ? try OutputFile(path: $0) : nil }
    let drawsFiles = try options.drawsPath.flatMap { isJSON ? nil : try DrawsFiles(path: $0, chains: chains) }
    let data = try data(options.dataPath)
    let asked = request
    let started = ContinuousClock.now
    let outcome = try await Interruption.during(console) { try await model.predict(data: data, request: asked) }
    if !options.isQuiet { for warning in outcome.warnings { console.note("credence: warning: \(warning)") } }
    let seconds = (ContinuousClock.now - started).seconds
    let document = try document(model, data, options, outcome, seconds)
    if let drawsFile {
      let isPrior = if case .prior = request.source { true } else { false }
      try drawsFile.write(PredictionDraws.encode(outcome.draws, isPrior: isPrior))
    }
    try drawsFiles?.write(outcome.draws, document.asResult)
    if let resultFile { try resultFile.write(document.json) }
    if options.outputPath == "-" {
      try console.emit(document.json)
    } else if options.outputPath == nil || !options.isQuiet {
      try console.print(PredictionText(document).text)
    }
    return ExitCode.done
  }

  private func document(
    _ model: any RunnableModel, _ data: ModelData?, _ options: PredictOptions, _ outcome: PredictionOutcome, _ seconds: Double
  ) throws -> PredictionDocument {
    var source = data.map { ResultDocument.DataSource(source: $0.source, sha256: $0.sha256) }
    if source == nil, let embedded = try model.embeddedData() { source = .init(source: "embedded", sha256: SHA256.hexadecimal(embedded)) }
    var method = JSONObject([("name", "predict")])
    if !options.posteriorPaths.isEmpty { method["posterior"] = .array(options.posteriorPaths.map { .string($0) }) }
    for (key, value) in outcome.configuration.entries { method[key] = value }
    if !model.alterations.isEmpty { method["surgery"] = .object(model.alterations) }
    return PredictionDocument(
      modelName: model.name, modelVersion: Self.version, data: source, method: method, variables: outcome.variables, notes: outcome.notes,
      timing: JSONObject([("total_seconds", .number(seconds))]))
  }

  /// The draws in files: one in JSON, or the chains of one fit in CSV. Throws `UserError` with every mistake.
  private func posterior(_ paths: [String]) throws -> DrawSet {
    let sets = try FitFile.all(paths) { try posterior($0) }
    guard sets.count > 1 else { return sets[0].draws }
    if let whole = sets.first(where: { !$0.isCSV }) {
      throw UserError("\(whole.path) holds all chains of a fit: it cannot be joined with other files.")
    }
    return try FitFile.joined(sets.map { ($0.path, $0.draws) })
  }

  private func posterior(_ path: String) throws -> (path: String, draws: DrawSet, isCSV: Bool) {
    let root: JSONValue
    switch try FitFile(path == "-" ? console.input() : InputFile.read(path), path) {
    case .json(let value): root = value
    case .chain(let draws): return (path, draws, true)
    }
    if let schema = root["schema"]?.text {
      throw UserError(
        "\(path) is a result (\(schema)), which has no draws: infer --draws-output FILE writes them, and --posterior FILE reads them.")
    }
    guard root["posterior"] != nil else { throw UserError("\(path) holds no draws (an object with \"posterior\").") }
    return (path, try DrawsJSON.decode(root), false)
  }
}
