import Foundation
import Inference
import Reporting

/// What a command line says about saving and going on: `--checkpoint`, `--checkpoint-every`, `--resume`.
struct LongRunOptions: Sendable, Equatable {
  var checkpointPath: String?
  var resumePath: String?
  /// Seconds between savings.
  var interval = 30.0
  /// The options that decide what the run computes, and where its results go, as they stand in a checkpoint.
  var saved: [String: [String]] = [:]

  /// What has no place in a checkpoint: it never changes a result, or is about the checkpoint itself.
  private static let passing: Set = ["--resume", "--extend", "--checkpoint", "--quiet", "--progress", "--threads", "--help"]
  /// What may be given anew when a run goes on.
  private static let free: Set = ["--data", "--output", "--draws-output", "--checkpoint-every"]

  init(_ reader: inout OptionReader, _ arguments: ParsedArguments) {
    checkpointPath = arguments.last("--checkpoint")
    resumePath = arguments.last("--resume")
    for option in ["--checkpoint", "--resume"] where arguments.last(option) == "" {
      reader.fail("\(option) expects a file, not an empty name.")
    }
    interval = reader.seconds("--checkpoint-every") ?? interval
    if arguments.has("--checkpoint-every"), checkpointPath == nil, resumePath == nil {
      reader.fail("--checkpoint-every says how often to save, but there is no --checkpoint to save to.")
    }
    if arguments.has("--extend"), resumePath == nil {
      reader.fail("--extend adds draws to an earlier run, which --resume names.")
    }
    saved = arguments.values.filter { !Self.passing.contains($0.key) }
  }

  /// The arguments of a run that goes on: what was not given anew is as it was. Throws `UserError` for what would make it another run.
  static func resumed(_ given: ParsedArguments) throws -> ParsedArguments {
    guard let path = given.last("--resume"), !path.isEmpty else { return given }
    let earlier = try CheckpointFile.read(path).header.options
    var mistakes: [String] = []
    for (option, values) in given.values.sorted(by: { $0.key < $1.key })
    where !passing.contains(option) && !free.contains(option) && earlier[option] != values {
      let asked = values.map { $0.isEmpty ? option : "\(option) \($0)" }.joined(separator: " ")
      let before = earlier[option].map { "with " + $0.map { $0.isEmpty ? option : "\(option) \($0)" }.joined(separator: " ") }
      mistakes.append("infer: \(asked): the run of \(path) was started \(before ?? "without it"); leave it out, or begin anew.")
    }
    var merged = given
    for (option, values) in earlier where merged.values[option] == nil { merged.values[option] = values }
    if let text = given.last("--extend") { merged.values["--draws"] = [try extended(text, merged, path, &mistakes)] }
    guard mistakes.isEmpty else { throw UserError(sentences: mistakes) }
    return merged
  }

  /// The number of draws after `--extend`.
  private static func extended(_ text: String, _ arguments: ParsedArguments, _ path: String, _ mistakes: inout [String]) throws -> String {
    let method = arguments.last("--method") ?? "nuts"
    let before = arguments.last("--draws").flatMap { Int($0) } ?? (method == "nuts" ? 1000 : nil)
    guard let more = Int(text), (1...100_000_000).contains(more) else {
      mistakes.append("infer: --extend expects a whole number from 1 to 100000000, not \"\(text)\".")
      return "1"
    }
    if arguments.has("--until") { mistakes.append("infer: --extend: the run of \(path) ends by --until, not after a number of draws.") }
    guard let before, ["nuts", "vi"].contains(method) else {
      let reason =
        method == "vi" ? "was started without --draws, which --extend adds to" : "has the method \(method), which has no draws to add to"
      mistakes.append("infer: --extend: the run of \(path) \(reason).")
      return "1"
    }
    return String(before + more)
  }
}

extension OptionReader {
  /// A number of seconds, 0 or more.
  mutating func seconds(_ option: String) -> Double? {
    guard let text = arguments.last(option) else { return nil }
    if let value = Double(text), value >= 0, value <= 1e9 { return value }
    fail("\(option) expects a number of seconds from 0 to 1000000000, not \"\(text)\".")
    return nil
  }
}

/// The checkpoint of a run, if it has one.
struct LongRun: Sendable {
  let checkpoint: FitCheckpoint?
  private let path: String?

  /// Takes the checkpoint's file, which no other run may write meanwhile, and reads what there is to go on from. Throws `UserError` and `FileError`.
  init(_ options: InferOptions, _ model: any RunnableModel, _ data: ModelData?, _ console: Console) throws {
    let run = options.longRun
    path = run.checkpointPath ?? run.resumePath
    guard let path else {
      checkpoint = nil
      return
    }
    var source = data.map { CheckpointHeader.Data(source: $0.source, sha256: $0.sha256) }
    if source == nil, let embedded = try model.embeddedData() { source = .init(source: "embedded", sha256: SHA256.hexadecimal(embedded)) }
    let blank = CheckpointHeader(version: Command.version, model: model.name, data: source, options: run.saved)
    let file = try CheckpointFile(path: path)
    if path != run.resumePath, access(path, F_OK) == 0 {
      throw UserError("\(path) exists already: go on from it with --resume \(path), or remove it to begin anew.")
    }
    let earlier = try run.resumePath.map { try Self.read($0, blank) }
    checkpoint = FitCheckpoint(
      interval: run.interval, writing: .behind, parts: earlier?.parts ?? [:], fingerprint: earlier?.header.fingerprint,
      write: { fingerprint, parts in
        var header = blank
        header.fingerprint = fingerprint
        try file.write(header, parts)
      },
      onProblem: { error in
        console.note("credence: warning: \(Command.describe(error)) The run goes on, and what was saved before is whole.")
      })
  }

  private static func read(_ path: String, _ now: CheckpointHeader) throws -> (header: CheckpointHeader, parts: [String: Data]) {
    let earlier = try CheckpointFile.read(path)
    var mistakes: [String] = []
    if earlier.header.version != now.version {
      mistakes.append("\(path) was written by Credence \(earlier.header.version), and this is \(now.version): begin anew.")
    }
    if earlier.header.model != now.model {
      mistakes.append("\(path) belongs to the model \(earlier.header.model), not to \(now.model).")
    } else if earlier.header.data?.sha256 != now.data?.sha256 {
      let name = { (data: CheckpointHeader.Data?) in data.map { "\($0.source) (SHA-256 \($0.sha256.prefix(12))…)" } ?? "no data" }
      mistakes.append("\(path) belongs to other data: that run read \(name(earlier.header.data)), this one \(name(now.data)).")
    }
    guard mistakes.isEmpty else { throw UserError(sentences: mistakes) }
    return earlier
  }

  /// Writes what could not be written before. Throws `FileError` where it still cannot.
  func finish() throws { try checkpoint?.finish() }

  /// How to go on after an interruption; nil without a checkpoint.
  var advice: String? { path.map { "go on with --resume \($0)." } }
}
