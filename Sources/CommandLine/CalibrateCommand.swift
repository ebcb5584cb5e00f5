import Foundation
import Inference
import Modeling
import Reporting

extension CommandSpecification {
  static let calibrate = CommandSpecification(
    name: "calibrate", operands: "MODEL",
    summary: "simulation-based calibration of a model with a method: are the posteriors right, on average over data from the model itself?",
    details: """
      Again and again values are drawn from the priors, data are drawn from the model given these, and the model is fitted to the data. Where all is right
      the rank of a true value among posterior draws is uniform: for every latent variable and result, and for the log likelihood of the data.
      A look is taken after 50, 100, 200, … fits. It ends with fail where the ranks of some quantity are not uniform at the level of --significance, divided by the
      numbers of quantities and looks; it ends early with ok where no distribution function of ranks can be further than --tolerance from uniform, at the same
      level. Gradients are compared with differences of the density beside that: a sampler with wrong gradients may be slow and yet calibrated.
      --data gives covariates and shapes; observed values in it count for nothing.
      Exit codes: 0 done; 2 usage, data or model error; 3 the calibration failed; 130 interrupted, with what was finished written out.
      """,
    options: [
      OptionSpecification("--data", "FILE", "the model's data; one JSON object; - reads standard input"),
      OptionSpecification(
        "--truth-data", "FILE",
        "draw true values and data from the model with these data in place of --data: other priors' scales, for instance"),
      OptionSpecification("--method", "NAME", "nuts (default), vi, laplace, pathfinder, batch-and-match, smc or importance"),
      OptionSpecification(
        "--guide", "NAME",
        "with --method vi: mean-field, full-rank, low-rank:R, flow:KIND and all others that infer has (default: the model's own, or mean-field)"
      ),
      OptionSpecification("--steps", "N", "vi: at most this many steps"),
      OptionSpecification("--simulations", "N", "at most so many fits (default 200)"),
      OptionSpecification("--ranked", "L", "posterior draws that the true value is ranked among (default 63)"),
      OptionSpecification(
        "--draws", "N", "draws per chain (500, up to eight times as many where too few are effective), or of a guide (1000)"),
      OptionSpecification("--chains", "N", "nuts: chains of each fit (default 1)"),
      OptionSpecification("--warmup", "N", "nuts: warmup iterations per chain (default 500)"),
      OptionSpecification("--significance", "P", "probability that a calibrated model is failed (default 0.01)"),
      OptionSpecification("--tolerance", "D", "distance of distribution functions that is close enough to end early (default 0.2)"),
      OptionSpecification("--seed", "N", "seed of all randomness; equal seed, equal bits (default 1)"),
      OptionSpecification("--threads", "N", "threads, a fit each (default: one per core); never changes a result"),
      OptionSpecification("--plot", "FILE.svg", "draw the distribution functions of ranks with their simultaneous band"),
      OptionSpecification("--output", "FILE", "write the result as JSON (credence/calibration/1); - writes it to standard output"),
      OptionSpecification("--quiet", nil, "nothing on standard error but errors, and no table where --output is given"),
      OptionSpecification("--help", nil, "this text"),
    ])
}

/// Everything a `calibrate` command line says.
struct CalibrateOptions: Sendable, Equatable {
  var request = CalibrationRequest()
  var dataPath, truthPath, outputPath, plotPath: String?
  var isQuiet: Bool

  /// Throws `UserError` with all mistakes at once.
  init(_ arguments: ParsedArguments) throws {
    var reader = OptionReader("calibrate", arguments)
    isQuiet = arguments.has("--quiet")
    let methods = InferenceRequest.Method.allCases.filter { ![.map, .svgd].contains($0) }.map(\.rawValue)
    if let text = arguments.last("--method"), text == "map" || text == "svgd" {
      reader.fail("--method \(text) has no independent draws that a true value could be ranked among.")
    } else if let method = reader.name("--method", among: methods).flatMap(InferenceRequest.Method.init) {
      request.inference.method = method
    }
    let isChain = request.inference.method == .nuts
    for option in ["--guide", "--steps"] where request.inference.method != .vi && arguments.has(option) {
      reader.fail("\(option) belongs to --method vi.")
    }
    for option in ["--chains", "--warmup"] where !isChain && arguments.has(option) { reader.fail("\(option) belongs to --method nuts.") }
    request.inference.guide = InferOptions.guide(&reader)
    request.inference.steps = reader.whole("--steps", in: 1...1_000_000_000)
    request.inference.draws = reader.whole("--draws", in: 8...10_000_000) ?? (isChain ? 500 : 1000)
    if isChain {
      request.inference.chains = reader.whole("--chains", in: 1...1000) ?? 1
      request.inference.warmup = reader.whole("--warmup", in: 0...10_000_000) ?? 500
    }
    request.inference.threads = reader.whole("--threads", in: 1...1024)
    request.configuration.seed = reader.seed("--seed") ?? 1
    request.inference.seed = request.configuration.seed
    request.configuration.simulations = reader.whole("--simulations", in: 2...1_000_000) ?? request.configuration.simulations
    request.configuration.ranked = reader.whole("--ranked", in: 7...10_000) ?? request.configuration.ranked
    request.configuration.significance = reader.number("--significance", above: 0, below: 1) ?? request.configuration.significance
    request.configuration.tolerance = reader.number("--tolerance", above: 0, below: 1) ?? request.configuration.tolerance
    let draws = (request.inference.draws ?? 0) * (request.inference.chains ?? 1)
    if reader.mistakes.isEmpty, draws < request.configuration.ranked {
      reader.fail("--ranked \(request.configuration.ranked) takes at least as many draws, and there are \(draws).")
    }
    dataPath = arguments.last("--data")
    truthPath = arguments.last("--truth-data")
    outputPath = arguments.last("--output")
    plotPath = arguments.last("--plot")
    for option in ["--data", "--truth-data", "--output", "--plot"] where arguments.last(option) == "" {
      reader.fail("\(option) expects a file, not an empty name.")
    }
    if let plotPath, !plotPath.isEmpty, !plotPath.lowercased().hasSuffix(".svg") {
      reader.fail("--plot expects a name that ends in .svg, not \"\(plotPath)\".")
    }
    if dataPath == "-", truthPath == "-" { reader.fail("--data and --truth-data cannot both be standard input.") }
    guard reader.mistakes.isEmpty else { throw UserError(sentences: reader.mistakes) }
  }
}

/// The whole configuration of one calibration.
package struct CalibrationRequest: Sendable, Equatable {
  package var inference = InferenceRequest()
  package var configuration = CalibrationConfiguration()
  package init() {}
}

/// What one calibration found.
package struct CalibrationOutcome: Sendable {
  package var result: CalibrationResult
  package var method: JSONObject
  package var warnings: [String]
}

extension Command {
  /// `credence calibrate`.
  func calibrate(_ model: any RunnableModel, _ options: CalibrateOptions) async throws -> Int32 {
    try checkData(model, options.dataPath)
    let resultFile = try options.outputPath.flatMap { $0 == "-" ? nil : try OutputFile(path: $0) }
    let plotFile = try options.plotPath.map { try OutputFile(path: $0) }
    let data = try data(options.dataPath)
    let truth = try self.data(options.truthPath)
    let display = options.isQuiet ? nil : progressDisplay(.auto)
    let started = ContinuousClock.now
    let outcome: CalibrationOutcome
    do {
      outcome = try await Interruption.during(console) {
        try await model.calibrate(data: data, truth: truth, request: options.request) { display?.show($0) }
      }
      display?.finish()
    } catch {
      display?.finish()
      throw error
    }
    if !options.isQuiet { for warning in outcome.warnings { console.note("credence: warning: \(warning)") } }
    var source = data.map { ResultDocument.DataSource(source: $0.source, sha256: $0.sha256) }
    if source == nil, let embedded = try model.embeddedData() { source = .init(source: "embedded", sha256: SHA256.hexadecimal(embedded)) }
    let document = CalibrationDocument(
      modelName: model.name, modelVersion: Self.version, data: source, method: outcome.method, result: outcome.result,
      seconds: (ContinuousClock.now - started).seconds)
    if let resultFile { try resultFile.write(document.json) }
    if let plotFile, let plot = document.plot { try plotFile.write(Data(plot.svg.utf8)) }
    if options.outputPath == "-" {
      try console.emit(document.json)
    } else if options.outputPath == nil || !options.isQuiet {
      try console.print(document.text(colors: console.colorsOutput))
    }
    if outcome.result.ending == .interrupted { return ExitCode.interrupted }
    return outcome.result.verdict.verdict == .fail ? ExitCode.verdictFail : ExitCode.done
  }
}

extension RunnableModel {
  package func calibrate(
    data: ModelData?, truth: ModelData?, request: CalibrationRequest, progress: @escaping @Sendable (ProgressEvent) -> Void
  ) async throws -> CalibrationOutcome {
    throw UserError("\(name) cannot be simulated: it cannot be calibrated.")
  }
}

extension AnyRunnable {
  package func calibrate(
    data: ModelData?, truth: ModelData?, request: CalibrationRequest, progress: @escaping @Sendable (ProgressEvent) -> Void
  ) async throws -> CalibrationOutcome {
    let loaded = try load(data)
    let generator = try truth.map { try load($0) }
    let own = try FitRequest(request.inference).method(for: M.self)
    var method = Method<GivenModel<M>>(own.settings)
    method.initialization = .init(rawValue: own.initialization.rawValue) ?? .random
    method.refinement = own.refinement
    let stop = FitStop()
    let asked = method
    let result = try await withTaskCancellationHandler {
      try await FitThread.run {
        let guide = try own.program.map { try self.calibrated($0, data, loaded.model) }
        let engine = CalibrationEngine(
          loaded.model, generator: generator?.model, asked, guide: guide, request.configuration, threads: request.inference.threads,
          stop: stop
        ) { progress(ProgressEvent($0)) }
        return try engine.run()
      }
    } onCancel: {
      stop.raise()
    }
    var configuration = JSONObject([("name", .string(request.inference.method.rawValue))])
    if let guide = own.settings.guide { configuration["guide"] = guide }
    if let draws = request.inference.draws { configuration["draws"] = .integer(draws) }
    if let chains = request.inference.chains { configuration["chains"] = .integer(chains) }
    if let warmup = request.inference.warmup { configuration["warmup"] = .integer(warmup) }
    return CalibrationOutcome(result: result, method: configuration, warnings: loaded.warnings + (generator?.warnings ?? []))
  }

  /// The model's own guide, which may read the data: it gets the simulated ones where the observed ones stand.
  private func calibrated(_ body: @escaping @Sendable (GuideProgram, M) throws -> Void, _ data: ModelData?, _ model: M) throws
    -> CalibratedGuide<M>
  {
    let members = try source.content(data)
    let observed = try PriorPredictive(model, count: 1, seed: 0).observed
    let places = ObservedPlaces(members, observed.map { ($0.name, $0.data) })
    guard places.missing.isEmpty else {
      throw UserError(
        "\(name) has a guide that is a program, which may read the data, and what is observed as \(OptionReader.list(places.missing, "and")) is no entry of the data but computed from them: simulated data have no place there. Name another guide by --guide, or another --method."
      )
    }
    let load = source.load
    return CalibratedGuide(body) { simulated in
      var changed = members
      for (site, value) in simulated { places.put(value.values, of: site, into: &changed) }
      return try load(ModelData(source: "the simulated data", sha256: "", root: .object(changed))).model
    }
  }
}

extension FitSettings {
  /// The name of the guide as results have it; nil for a method without one.
  fileprivate var guide: JSONValue? {
    switch self {
    case .vi(let configuration, _, _): configuration.json["guide"]
    case .program(let configuration): configuration.json["guide"]
    case .approximation(let configuration, _): configuration.json["guide"]
    case .nuts, .laplace, .map, .smc, .exact: nil
    }
  }
}
