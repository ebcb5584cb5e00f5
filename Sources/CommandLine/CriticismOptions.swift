import Inference
import Reporting

/// What a command that judges fits needs of them.
struct CriticismRequest: Sendable {
  var command: String
  var includes: Set<DrawGroups.Name>
  var options: CriticismOptions

  /// `log-likelihood,log-prior`.
  var includeText: String { DrawGroups.Name.allCases.filter { includes.contains($0) }.map(\.rawValue).joined(separator: ",") }
}

/// What the commands that judge fits have in common: the files, and how a model that is named is fitted.
struct CriticismOptions: Sendable, Equatable {
  var inference = InferenceRequest()
  /// The options of the fit as they stand on the command line.
  var words: [String] = []
  var dataPath, outputPath: String?
  var isQuiet: Bool

  /// Reads them; every mistake becomes a sentence of the reader.
  init(_ reader: inout OptionReader) {
    let arguments = reader.arguments
    var own = ParsedArguments()
    for option in CommandSpecification.fitting { own.values[option.name] = arguments.values[option.name] }
    words = own.values.sorted { $0.key < $1.key }.flatMap { option, values in values.flatMap { [option, $0] } }
    for option in ["--seed", "--threads"] { own.values[option] = arguments.values[option] }
    do { inference = try InferOptions(own, command: reader.command).request } catch {
      reader.mistakes += (error as? UserError)?.sentences ?? [Command.describe(error)]
    }
    if inference.method == .map { reader.fail("--method map finds one point, and there are no draws to judge.") }
    dataPath = arguments.last("--data")
    outputPath = arguments.last("--output")
    isQuiet = arguments.has("--quiet")
    reader.checkFiles([("--data", dataPath), ("--output", outputPath)])
  }
}

extension CommandSpecification {
  /// The options of `infer` that say how a model is fitted.
  static let fitting: [OptionSpecification] = {
    let names: Set = [
      "--method", "--draws", "--chains", "--warmup", "--metric", "--adaptation", "--centering", "--init", "--target-acceptance",
      "--max-depth",
      "--thin", "--until", "--guide", "--estimator", "--steps", "--particles", "--optimizer", "--objective", "--refine", "--minibatch",
    ]
    return infer.options.filter { names.contains($0.name) }
  }()

  /// The options that the commands which judge fits have in common.
  static func criticism(_ schema: String, _ seed: String) -> [OptionSpecification] {
    [
      OptionSpecification("--data", "FILE", "the data of the models that are fitted; one JSON object; - reads standard input"),
      OptionSpecification("--seed", "N", seed),
      OptionSpecification("--threads", "N", "threads (default: one per core); never changes a result"),
      OptionSpecification("--output", "FILE", "write the result as JSON (credence/\(schema)/1); - writes it to standard output"),
      OptionSpecification("--quiet", nil, "nothing on standard error but errors, and no table where --output is given"),
      OptionSpecification("--help", nil, "this text"),
    ] + fitting
  }
}
