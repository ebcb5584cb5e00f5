import CommandLine
import Differentiation
import Foundation
import Inference
import Reporting
import Synchronization

/// What a command wrote and how it ended.
struct Ran {
  var code: Int32
  var output: String
  var notes: String
  /// Programs that were to be started, with their arguments.
  var started: [[String]]
}

/// Collects what a command writes.
final class Recorder: Sendable {
  struct Streams {
    var output = Data()
    var notes = ""
    var started: [[String]] = []
  }
  let streams = Mutex(Streams())

  func console(variables: [String: String] = [:], input: Data = Data(), program: String = "/nowhere/credence") -> Console {
    Console(
      output: { data in
        self.streams.withLock { $0.output.append(data) }
        return true
      },
      notes: { text in self.streams.withLock { $0.notes += text } }, input: { input }, variables: variables, programPath: program,
      execute: { program, arguments in
        self.streams.withLock { $0.started.append([program] + arguments) }
        return 0
      })
  }

  func ran(_ code: Int32) -> Ran {
    streams.withLock { Ran(code: code, output: String(decoding: $0.output, as: UTF8.self), notes: $0.notes, started: $0.started) }
  }
}

/// Runs a command line in this process, with two small models.
func credence(_ arguments: [String], variables: [String: String] = [:], input: String = "", program: String = "/nowhere/credence") async
  -> Ran
{
  let recorder = Recorder()
  let console = recorder.console(variables: variables, input: Data(input.utf8), program: program)
  let code = await Command.run(arguments: arguments, models: [LineModel(), CoinModel(), StubbornModel()], console: console)
  return recorder.ran(code)
}

/// The directory of the built products, beside this test bundle.
let productsDirectory = URL(fileURLWithPath: ProcessInfo.processInfo.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()

/// The program itself, as it lies beside the tests.
let credenceProgram = productsDirectory.appendingPathComponent("credence").path

/// The variables of a run that compiles: the tests' own search path, and a cache and a home within a directory of the test.
func compilerVariables(_ directory: String) -> [String: String] {
  ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "", "XDG_CACHE_HOME": directory + "/.cache", "HOME": directory]
}

/// A model file: mu ~ N(0, 1), y ~ N(mu, 1). With n values the posterior is N(Σy/(n + 1), 1/√(n + 1)).
let meanModelSource = """
  import Credence

  @main struct Mean: Model {
    let y: Tensor
    func body(_ p: Program) throws -> Tensor {
      let mu = p.sample("mu", Normal(0, sd: 1))
      p.plate("rows", y.count) { i in p.observe("y", Normal(mu, sd: 1), y[i]) }
      return mu
    }
  }

  """

/// A directory of its own for the files of a test; nothing else writes there.
func temporaryDirectory() throws -> String {
  let url = FileManager.default.temporaryDirectory.resolvingSymlinksInPath().appendingPathComponent("credence-tests-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  return url.path
}

/// Draws of a stream that is good enough for a test of formats: multiples of the golden ratio, without their whole parts.
func draws(chains: Int, count: Int, shape: [Int], offset: Double) -> [[Double]] {
  let size = shape.reduce(1, *)
  return (0..<chains).map { chain in
    (0..<(count * size)).map { index in
      let value = Double(chain * count * size + index + 1) * 0.6180339887498949 + offset
      return value - value.rounded(.down)
    }
  }
}

/// A stand-in whose data has every kind of field.
struct LineModel: RunnableModel {
  struct Content: Codable {
    var n: Int
    var x: Tensor
    var group: IntTensor?
    var sigma: Double
    var label: String?
  }

  var name: String { "line" }
  var summary: String { "a straight line" }
  var hasEmbeddedData: Bool { false }
  func embeddedData() -> Data? { nil }
  func dataSchema() -> [DataField] { DataField.schema(of: Content.self) }

  func describe(data: ModelData?) throws -> ModelDescription {
    let decoded = try data?.decode(Content.self)
    return ModelDescription(
      sites: [.init(name: "slope", role: .latent, distribution: "Normal", shape: [], support: "real", plates: [])], plates: [],
      data: decoded?.fields ?? dataSchema(), dimension: 1, graph: JSONObject([("instructions", 12)]))
  }

  func infer(data: ModelData?, request: InferenceRequest, progress: @escaping @Sendable (ProgressEvent) -> Void) async throws
    -> InferenceOutcome
  {
    let decoded = try data?.decode(Content.self)
    return Self.outcome(request, warnings: decoded?.warnings ?? [])
  }

  static func outcome(_ request: InferenceRequest, warnings: [String] = [], verdict: Verdict = Verdict()) -> InferenceOutcome {
    let chains = request.chains ?? 4
    let count = request.draws ?? 100
    let set = DrawSet(
      chains: chains, drawsPerChain: count,
      variables: [
        VariableDraws(name: "slope", kind: .latent, shape: [], values: draws(chains: chains, count: count, shape: [], offset: 0)),
        VariableDraws(
          name: "effect", kind: .output, shape: [2, 3], values: draws(chains: chains, count: count, shape: [2, 3], offset: 0.25)),
      ],
      sampleStats: [
        "lp": draws(chains: chains, count: count, shape: [], offset: 0.5),
        "tree_depth": [[Double]](repeating: [Double](repeating: 3, count: count), count: chains),
        "diverging": [[Double]](repeating: [Double](repeating: 0, count: count), count: chains),
      ])
    return InferenceOutcome(
      draws: set, variables: Summary.summarize(set).map { VariableReport($0) }, verdict: verdict,
      diagnostics: JSONObject([("divergences", 0), ("e_bfmi", .numbers([0.9, .nan], whole: false))]),
      timing: JSONObject([("total_seconds", 0.5), ("gradient_evaluations", 4000)]),
      configuration: JSONObject([("seed", .seed(request.seed)), ("chains", .integer(chains)), ("warmup", 1000)]), warnings: warnings)
  }

  func estimators(data: ModelData?, test: ModelData?, request: EstimatorsRequest, note: (String) -> Void) throws -> EstimatorsOutcome {
    throw UserError("\(name) has no guide.")
  }
  func bench(data: ModelData?, request: BenchRequest) throws -> BenchOutcome {
    _ = try data?.decode(Content.self)
    return BenchOutcome(
      dimension: 1, instructions: 12, planBuildingMinimumMilliseconds: 0.5, planBuildingMedianMilliseconds: 0.6,
      lanes: request.lanes.map {
        .init(lanes: $0, minimumMicroseconds: 0.25, medianMicroseconds: 0.5, batches: request.batches, evaluationsPerBatch: 100)
      })
  }
}

/// A stand-in with data of its own, whose fit is no good.
struct CoinModel: RunnableModel {
  var name: String { "coin-flips" }
  var summary: String { "heads and tails" }
  var hasEmbeddedData: Bool { true }
  func embeddedData() -> Data? { Data("{}".utf8) }
  func dataSchema() -> [DataField] { [] }
  func describe(data: ModelData?) throws -> ModelDescription {
    ModelDescription(sites: [], plates: [.init(name: "flips", size: 10)], data: [], dimension: 0, graph: JSONObject())
  }
  func infer(data: ModelData?, request: InferenceRequest, progress: @escaping @Sendable (ProgressEvent) -> Void) async throws
    -> InferenceOutcome
  {
    LineModel.outcome(request, verdict: Verdict([.init(code: "r_hat_high", severity: .fail, text: "The chains disagree.")]))
  }
  func estimators(data: ModelData?, test: ModelData?, request: EstimatorsRequest, note: (String) -> Void) throws -> EstimatorsOutcome {
    throw UserError("\(name) has no guide.")
  }
  func bench(data: ModelData?, request: BenchRequest) throws -> BenchOutcome { throw Defect("the plan has no instructions.") }
}

/// A stand-in that runs until it is cancelled and then hands over what it has.
struct StubbornModel: RunnableModel {
  var name: String { "stubborn" }
  var summary: String { "never ends by itself" }
  var hasEmbeddedData: Bool { true }
  func embeddedData() -> Data? { nil }
  func dataSchema() -> [DataField] { [] }
  func describe(data: ModelData?) throws -> ModelDescription {
    throw UserError("site \"tau\" (line 7): the scale is negative.", "site \"mu\" (line 6): expected the shape [3], found [8].")
  }
  func infer(data: ModelData?, request: InferenceRequest, progress: @escaping @Sendable (ProgressEvent) -> Void) async throws
    -> InferenceOutcome
  {
    while !Task.isCancelled {
      progress(ProgressEvent(phase: "sampling", completed: 5, total: 10))
      try? await Task.sleep(for: .milliseconds(2))
    }
    var outcome = LineModel.outcome(request)
    outcome.isInterrupted = true
    return outcome
  }
  func estimators(data: ModelData?, test: ModelData?, request: EstimatorsRequest, note: (String) -> Void) throws -> EstimatorsOutcome {
    throw UserError("\(name) has no guide.")
  }
  func bench(data: ModelData?, request: BenchRequest) throws -> BenchOutcome { throw CancellationError() }
}
