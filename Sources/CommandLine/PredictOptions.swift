import Foundation
import Inference
import Reporting

/// The whole configuration of one `predict`.
package struct PredictionRequest: Sendable {
  /// Where the values of the latent sites come from.
  package enum Source: Sendable {
    case prior
    case draws(DrawSet)
    /// A fit that is made first, to the same data.
    case fit(InferenceRequest)
  }
  package var source = Source.prior
  package var seed: UInt64 = 1
  package var threads: Int?
  package var draws: Int?
  package var replicates: Int?
  package var wantsShares = true
  package var gradients: [String] = []
  package init() {}
}

/// What one prediction found.
package struct PredictionOutcome: Sendable {
  package var draws: DrawSet
  package var variables: [PredictionReport]
  package var notes: [String]
  /// The whole effective configuration; becomes `method` in the result, after `name`.
  package var configuration: JSONObject
  package var warnings: [String]
}

/// Everything a `predict` command line says.
struct PredictOptions: Sendable {
  var request = PredictionRequest()
  var posteriorPaths: [String] = []
  var dataPath: String?
  /// `-` is standard output.
  var outputPath: String?
  var drawsPath: String?
  var isQuiet = false

  /// Throws `UserError` with all mistakes at once.
  init(_ arguments: ParsedArguments) throws {
    var reader = OptionReader("predict", arguments)
    request.seed = reader.seed("--seed") ?? request.seed
    request.threads = reader.whole("--threads", in: 1...1024)
    request.draws = reader.whole("--draws", in: 2...100_000_000)
    request.replicates = reader.whole("--replicates", in: 2...100_000)
    request.gradients = arguments.values["--gradient"] ?? []
    request.wantsShares = !arguments.has("--no-shares")
    posteriorPaths = arguments.values["--posterior"] ?? []
    let method = reader.name("--method", among: ["vi", "nuts", "laplace"])
    if arguments.has("--posterior"), arguments.has("--method") {
      reader.fail("--posterior and --method contradict each other: the draws are either read or made by a fit.")
    }
    if arguments.has("--guide"), method != "vi" { reader.fail("--guide belongs to --method vi.") }
    if arguments.has("--posterior"), arguments.has("--draws") {
      reader.fail("--draws makes no sense with --posterior: each draw of the file is used once.")
    }
    if let method, let kind = InferenceRequest.Method(rawValue: method) {
      var fit = InferenceRequest()
      fit.method = kind
      fit.guide = InferOptions.guide(&reader)
      fit.seed = request.seed
      fit.threads = request.threads
      fit.draws = request.draws
      request.source = .fit(fit)
    }
    dataPath = arguments.last("--data")
    outputPath = arguments.last("--output")
    drawsPath = arguments.last("--draws-output")
    for option in ["--posterior", "--data", "--output", "--draws-output", "--gradient"] where arguments.values[option]?.contains("") == true
    {
      reader.fail(option == "--gradient" ? "\(option) expects a name, not an empty one." : "\(option) expects a file, not an empty name.")
    }
    if let drawsPath, !drawsPath.isEmpty, !drawsPath.lowercased().hasSuffix(".json"), !drawsPath.lowercased().hasSuffix(".csv") {
      reader.fail("--draws-output expects a name that ends in .json or .csv, not \"\(drawsPath)\".")
    }
    for (index, path) in posteriorPaths.enumerated() where path != "-" && posteriorPaths[..<index].contains(path) {
      reader.fail("--posterior \(path) is given twice.")
    }
    isQuiet = arguments.has("--quiet")
    guard reader.mistakes.isEmpty else { throw UserError(sentences: reader.mistakes) }
  }
}
