import Foundation
import Inference
import Reporting

/// Everything an `infer` command line says.
struct InferOptions: Sendable, Equatable {
  enum Progress: String, CaseIterable { case auto, plain, json, none }

  var request = InferenceRequest()
  var dataPath: String?
  /// `-` is standard output.
  var outputPath: String?
  var drawsPath: String?
  var isQuiet = false
  var progress = Progress.auto
  var longRun: LongRunOptions

  private static let nutsOnly = [
    "--chains", "--warmup", "--metric", "--adaptation", "--centering", "--target-acceptance", "--max-depth",
    "--thin", "--until", "--no-draws", "--chain-id",
  ]
  private static let viOnly = ["--guide", "--estimator", "--steps", "--particles", "--optimizer", "--objective", "--minibatch"]

  /// Reads the options of `infer`, or those of them that another command has; throws `UserError` with all mistakes at once.
  init(_ arguments: ParsedArguments, command: String = "infer") throws {
    var reader = OptionReader(command, arguments)
    longRun = LongRunOptions(&reader, arguments)
    let methodName = reader.name("--method", among: InferenceRequest.Method.allCases.map(\.rawValue))
    if let methodName, let method = InferenceRequest.Method(rawValue: methodName) { request.method = method }
    if !arguments.has("--method") || methodName != nil { Self.checkApplicability(&reader, request.method) }

    request.seed = reader.seed("--seed") ?? request.seed
    request.threads = reader.whole("--threads", in: 1...1024)
    request.draws = reader.whole("--draws", in: 1...100_000_000)
    request.chains = reader.whole("--chains", in: 1...10_000)
    request.warmup = reader.whole("--warmup", in: 0...100_000_000)
    request.readControl(&reader)
    request.metric = reader.name("--metric", among: InferenceRequest.Metric.allCases.map(\.rawValue)).flatMap { .init(rawValue: $0) }
    request.adaptation = reader.name("--adaptation", among: InferenceRequest.Adaptation.allCases.map(\.rawValue)).flatMap {
      .init(rawValue: $0)
    }
    if request.metric == .dense, request.adaptation == .fisher {
      reader.fail("--adaptation fisher is for --metric diagonal, not for dense.")
    }
    if request.metric == .automatic, let adaptation = request.adaptation {
      reader.fail("--adaptation \(adaptation.rawValue) is for --metric diagonal, not for automatic.")
    }
    request.centering = reader.name("--centering", among: Centering.allCases.map(\.rawValue)).flatMap { .init(rawValue: $0) }
    readStart(&reader)
    request.targetAcceptance = reader.number("--target-acceptance", above: 0, below: 1)
    request.maximumTreeDepth = reader.whole("--max-depth", in: 1...24)
    request.readVariational(&reader)
    request.particles = reader.whole("--particles", in: 1...1_000_000)
    request.optimizer = Self.optimizer(&reader)
    request.objective = Self.objective(&reader)
    switch reader.name("--refine", among: ["psis", "nuts"]) {
    case "psis": request.refinement = .psis
    case "nuts": request.refinement = .nuts
    default: break
    }
    readFiles(&reader, arguments)
    readIncludes(&reader)
    isQuiet = arguments.has("--quiet")
    if let kind = reader.name("--progress", among: Progress.allCases.map(\.rawValue)).flatMap(Progress.init) { progress = kind }
    if isQuiet, arguments.has("--progress"), progress != .none {
      reader.fail("--quiet and --progress \(progress.rawValue) contradict each other.")
    }
    guard reader.mistakes.isEmpty else { throw UserError(sentences: reader.mistakes) }
  }

  private static func checkApplicability(_ reader: inout OptionReader, _ method: InferenceRequest.Method) {
    let chosen = reader.arguments.has("--method") ? "" : " (the default)"
    for option in nutsOnly where method != .nuts && reader.arguments.has(option) && !(method == .smc && option == "--chains") {
      reader.fail("\(option) belongs to --method nuts\(option == "--chains" ? " and smc" : ""), not to \(method.rawValue)\(chosen).")
    }
    let shared: Set<String> = method == .smc ? ["--particles"] : method == .importance ? ["--particles", "--guide"] : []
    for option in viOnly where method != .vi && reader.arguments.has(option) && !shared.contains(option) {
      reader.fail("\(option) belongs to --method vi, not to \(method.rawValue)\(chosen).")
    }
    if method == .smc, reader.arguments.has("--draws") {
      reader.fail("--draws: the draws of smc are its particles; say how many with --particles.")
    }
    if method == .importance, let guide = reader.arguments.last("--guide"), !["mean-field", "full-rank"].contains(guide),
      !guide.hasPrefix("low-rank:")
    {
      reader.fail("--guide \(guide): importance sampling has proposals from the prior, or from mean-field, full-rank or low-rank:R.")
    }
    if method == .nuts || method == .map || method == .smc, reader.arguments.has("--refine") {
      reader.fail("--refine goes on from a guide, which --method \(method.rawValue)\(chosen) does not have.")
    }
    if reader.arguments.last("--refine") == "psis" {
      if method == .pathfinder { reader.fail("--refine psis: pathfinder has resampled its draws by their weights already.") }
      if method == .importance { reader.fail("--refine psis: importance sampling has resampled its draws by their weights already.") }
      if method == .svgd { reader.fail("--refine psis: the particles of svgd have no density, so that they have no importance weights.") }
    }
    if reader.arguments.has("--init"), ![.nuts, .vi, .laplace, .map].contains(method) {
      reader.fail("--init belongs to --method nuts, vi, laplace and map, not to \(method.rawValue).")
    }
    for option in ["--draws", "--draws-output"] where method == .map && reader.arguments.has(option) {
      reader.fail("\(option) makes no sense with --method map, which finds one point.")
    }
  }

  /// What `--init` takes besides files.
  static let startNames = ["random", "pathfinder", "zero", "prior"]

  /// `--init`: a name, or a file that is read here.
  private mutating func readStart(_ reader: inout OptionReader) {
    guard let text = reader.arguments.last("--init") else { return }
    let names = Self.startNames
    guard !names.contains(text), text.contains(".") || text.contains("/") || access(text, F_OK) == 0 || text == "a file" else {
      request.initialization = reader.name("--init", among: names + ["a file"])
      if text == "pathfinder", request.method != .nuts {
        reader.fail("--init pathfinder is for chains, which \(request.method.rawValue) does not have.")
      }
      return
    }
    request.initialization = text
    do { request.start = try InitialFile.read(text) } catch {
      for line in Command.describe(error).split(separator: "\n") { reader.fail("--init: \(line)") }
    }
    if case .earlier = request.start, request.method != .nuts {
      reader.fail("--init \(text): a checkpoint of chains is for --method nuts, not for \(request.method.rawValue).")
    }
  }

  static func guide(_ reader: inout OptionReader) -> InferenceRequest.Guide? {
    guard let text = reader.arguments.last("--guide") else { return nil }
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let legal = ["mean-field", "full-rank", "low-rank:R", "flow:KIND", "mixture:K", "student", "structured"]
    switch (parts[0], parts.count) {
    case ("mean-field", 1): return .meanField
    case ("full-rank", 1): return .fullRank
    case ("mean-field", _), ("full-rank", _): reader.fail("--guide \(parts[0]) takes no argument, but has \":\(parts[1])\".")
    case ("low-rank", 2):
      if let rank = Int(parts[1]), (1...10_000).contains(rank) { return .lowRank(rank) }
      reader.fail("--guide low-rank:R expects a whole number from 1 to 10000 for R, not \"\(parts[1])\".")
    case ("low-rank", _): reader.fail("--guide low-rank needs its rank: low-rank:5 for instance.")
    case ("flow", _), ("mixture", _), ("student", _), ("structured", _): return flatGuide(parts, &reader).map { .flat($0) }
    default: _ = reader.name(text, "--guide", among: legal)
    }
    return nil
  }

  static func optimizer(_ reader: inout OptionReader) -> InferenceRequest.Optimizer? {
    guard let text = reader.arguments.last("--optimizer") else { return nil }
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard let name = reader.name(parts[0], "--optimizer", among: OptimizerName.allCases.map(\.rawValue))
    else {
      return nil
    }
    guard parts.count == 2 else { return .init(name: name) }
    guard let rate = Double(parts[1]), rate > 0, rate.isFinite else {
      reader.fail("--optimizer \(name):RATE expects a positive number for RATE, not \"\(parts[1])\".")
      return nil
    }
    return .init(name: name, rate: rate)
  }

  private mutating func readIncludes(_ reader: inout OptionReader) {
    let legal = DrawGroups.Name.allCases.map(\.rawValue)
    for text in reader.arguments.values["--include"] ?? [] {
      for part in text.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
        if let name = reader.name(part, "--include", among: legal).flatMap(DrawGroups.Name.init) { request.includes.insert(name) }
      }
    }
    if reader.arguments.has("--include"), drawsPath == nil {
      reader.fail("--include says what --draws-output writes beside the draws, and that is not given.")
    }
  }

  private mutating func readFiles(_ reader: inout OptionReader, _ arguments: ParsedArguments) {
    dataPath = arguments.last("--data")
    outputPath = arguments.last("--output")
    drawsPath = arguments.last("--draws-output")
    for option in ["--data", "--output", "--draws-output"] where arguments.last(option) == "" {
      reader.fail("\(option) expects a file, not an empty name.")
    }
    if let drawsPath, !drawsPath.isEmpty {
      if !drawsPath.lowercased().hasSuffix(".json"), !drawsPath.lowercased().hasSuffix(".csv") {
        reader.fail("--draws-output expects a name that ends in .json or .csv, not \"\(drawsPath)\".")
      }
      request.keepsDraws = true
      if arguments.has("--no-draws") { reader.fail("--draws-output: with --no-draws there are no draws to write.") }
    }
  }
}

extension InferenceRequest {
  /// What `infer` and `estimators` have in common.
  mutating func readVariational(_ reader: inout OptionReader) {
    guide = InferOptions.guide(&reader)
    steps = reader.whole("--steps", in: 1...1_000_000_000)
    for (site, name) in reader.pairs("--estimator", form: "SITE=NAME or SITE=NAME:ARGUMENT") { estimators[site] = name }
    for (plate, text) in reader.pairs("--minibatch", form: "PLATE=N") {
      if let size = Int(text), size > 0 {
        minibatch[plate] = size
      } else {
        reader.fail("--minibatch \(plate) expects a whole number from 1 up, not \"\(text)\".")
      }
    }
  }
}
