import Foundation
import Inference
import Modeling
import Reporting

/// Draws with what stands beside them, under the name by which they were given.
struct NamedDraws: Sendable {
  var name: String
  var draws: DrawSet
  var groups: DrawGroups
}

/// What a command that judges fits needs of them.
struct CriticismRequest: Sendable {
  var command: String
  var includes: Set<DrawGroups.Name>
  var dataPath: String?
  var seed: UInt64
  var threads: Int?
  var isQuiet: Bool

  /// `log-likelihood,log-prior`.
  var includeText: String { DrawGroups.Name.allCases.filter { includes.contains($0) }.map(\.rawValue).joined(separator: ",") }
}

extension Command {
  /// The draws that an operand names: a file of them, or a built-in model, which is fitted by NUTS. Throws `UserError`, `FileError`, and what the fit throws.
  func criticized(_ name: String, _ request: CriticismRequest, _ data: ModelData?) async throws -> NamedDraws {
    if let model = models.first(where: { $0.name == name }) {
      let own = try await fitted(model, request, data)
      return try checked(own, request)
    }
    if name.hasSuffix(".swift") {
      throw UserError(
        "\(request.command): fit \(name) first, by credence infer \(name) --include \(request.includeText) --draws-output FILE.json, and give FILE.json here."
      )
    }
    let isFile =
      name == "-" || FileManager.default.fileExists(atPath: name) || name.contains("/") || name.hasSuffix(".json") || name.hasSuffix(".csv")
    guard isFile else {
      let near = NearestName.find(name, among: models.map(\.name)).map { "; the nearest model is \($0)" } ?? ""
      throw UserError("\(request.command): \"\(name)\" is neither a file nor a built-in model\(near).")
    }
    return try checked(namedDraws(name), request)
  }

  private func checked(_ own: NamedDraws, _ request: CriticismRequest) throws -> NamedDraws {
    let missing = [
      request.includes.contains(.logLikelihood) && own.groups.logLikelihood.isEmpty ? "log likelihood" : nil,
      request.includes.contains(.logPrior) && own.groups.logPrior.isEmpty ? "log prior" : nil,
    ].compactMap { $0 }
    guard missing.isEmpty else {
      throw UserError(
        sentences: own.groups.notes.map { "\(own.name): \($0)" }
          + [
            "\(own.name) has no \(missing.joined(separator: " and no ")): infer --include \(request.includeText) --draws-output FILE writes it."
          ])
    }
    return own
  }

  private func fitted(_ model: any RunnableModel, _ request: CriticismRequest, _ data: ModelData?) async throws -> NamedDraws {
    try checkData(model, request.dataPath)
    var inference = InferenceRequest()
    inference.seed = request.seed
    inference.threads = request.threads
    inference.keepsDraws = true
    inference.includes = request.includes
    let asked = inference
    let outcome = try await Interruption.during(console) { try await model.infer(data: data, request: asked) { _ in } }
    guard let draws = outcome.draws, !outcome.isInterrupted else { throw CancellationError() }
    var groups = outcome.groups ?? DrawGroups()
    if !request.isQuiet {
      for warning in outcome.warnings where !groups.notes.contains(warning) { console.note("credence: warning: \(warning)") }
      for reason in outcome.verdict.reasons { console.note("credence: warning: \(model.name): \(reason.text)") }
    }
    if groups.logLikelihood.isEmpty, groups.notes.isEmpty { groups.notes = ["The model has no observed site: there is no log likelihood."] }
    return NamedDraws(name: model.name, draws: draws, groups: groups)
  }

  /// Reads draws with their groups: ArviZ's JSON, posteriordb's, or CSV files of which each holds a chain (`F.csv` for `F_1.csv`, `F_2.csv`, …). Throws `UserError` and `FileError`.
  func namedDraws(_ path: String) throws -> NamedDraws {
    do {
      let paths = path == "-" || FileManager.default.fileExists(atPath: path) ? [path] : DrawsFiles.chains(path)
      let sets = try paths.map { try drawsFile($0) }
      guard sets[0].isCSV else { return NamedDraws(name: path, draws: sets[0].draws, groups: sets[0].groups) }
      var (draws, groups) = DrawsCSV.separated(try DrawsCSV.join(sets.map(\.draws)))
      // The point of a site's name stands as a colon in a column's.
      for index in draws.variables.indices { draws.variables[index].name = draws.variables[index].name.replacing(":", with: ".") }
      groups.renameColumns()
      return NamedDraws(name: path, draws: draws, groups: groups)
    } catch let error as DataError {
      throw UserError("\(path): \(error.keyPath.isEmpty ? "" : error.keyPath + ": ")\(error.reason).")
    }
  }

  private func drawsFile(_ path: String) throws -> (draws: DrawSet, groups: DrawGroups, isCSV: Bool) {
    let bytes = try path == "-" ? console.input() : InputFile.read(path)
    if path.lowercased().hasSuffix(".csv") || DrawsCSV.recognizes(bytes) { return (try DrawsCSV.decode(bytes), DrawGroups(), true) }
    guard !bytes.isEmpty else { throw UserError("\(path): the file is empty.") }
    let root: JSONValue
    do { root = try JSONReader.parse(bytes) } catch { throw UserError("\(path), \(error).") }
    if let schema = root["schema"]?.text {
      throw UserError("\(path) is a result (\(schema)), which has no draws: infer --draws-output FILE writes them.")
    }
    if PosteriordbJSON.recognizes(root) { return (try PosteriordbJSON.decode(root), DrawGroups(), false) }
    guard root["posterior"] != nil else { throw UserError("\(path) holds no draws (an object with \"posterior\").") }
    let draws = try DrawsJSON.decode(root)
    return (draws, try DrawsJSON.groups(root, like: draws), false)
  }
}

extension DrawGroups {
  /// The point of a site's name stands as a colon in a column's.
  fileprivate mutating func renameColumns() {
    for index in logLikelihood.indices { logLikelihood[index].name = logLikelihood[index].name.replacing(":", with: ".") }
    for index in logPrior.indices { logPrior[index].name = logPrior[index].name.replacing(":", with: ".") }
    for index in posteriorPredictive.indices { posteriorPredictive[index].name = posteriorPredictive[index].name.replacing(":", with: ".") }
  }
}
