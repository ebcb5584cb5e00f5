import Foundation
import Inference

/// What a prediction says about one variable: the summary of its draws, and where its variance comes from.
package struct PredictionReport: Sendable, Equatable {
  package struct Share: Sendable, Equatable {
    package var input: String
    package var first, firstError: [Double]
    /// Nil where it is not defined.
    package var total, totalError: [Double]?
    package init(input: String, first: [Double], firstError: [Double], total: [Double]?, totalError: [Double]?) {
      self.input = input
      self.first = first
      self.firstError = firstError
      self.total = total
      self.totalError = totalError
    }
  }
  package struct Gradient: Sendable, Equatable {
    package var name: String
    package var value, error: [Double]
    package init(name: String, value: [Double], error: [Double]) {
      self.name = name
      self.value = value
      self.error = error
    }
  }
  /// With `aleatoric`, `mcse_aleatoric`, `epistemic` and `mcse_epistemic` after the statistics of a posterior.
  package var summary: VariableReport
  /// `independent` or `given-data`.
  package var sharesKind: String
  package var shares: [Share]
  package var gradients: [Gradient]
  package init(summary: VariableReport, sharesKind: String, shares: [Share], gradients: [Gradient]) {
    self.summary = summary
    self.sharesKind = sharesKind
    self.shares = shares
    self.gradients = gradients
  }
}

/// A prediction, `credence/prediction/1`: the fields of a posterior with, for each variable, `aleatoric` and `epistemic` variance, `shares` by
/// input and `gradients` by hyperparameter.
package struct PredictionDocument: Sendable, Equatable {
  package static let schema = "credence/prediction/1"

  package var modelName: String
  package var modelVersion: String
  package var data: ResultDocument.DataSource?
  /// Where the inputs come from and the whole effective configuration.
  package var method: JSONObject
  package var variables: [PredictionReport]
  package var notes: [String]
  package var timing: JSONObject

  package init(
    modelName: String, modelVersion: String, data: ResultDocument.DataSource?, method: JSONObject, variables: [PredictionReport],
    notes: [String], timing: JSONObject
  ) {
    self.modelName = modelName
    self.modelVersion = modelVersion
    self.data = data
    self.method = method
    self.variables = variables
    self.notes = notes
    self.timing = timing
  }

  /// The text of the result.
  package var json: Data {
    var object = JSONObject([
      ("schema", .string(Self.schema)), ("model", .object(("name", .string(modelName)), ("version", .string(modelVersion)))),
      ("data", data.map { .object(("source", .string($0.source)), ("sha256", .string($0.sha256))) } ?? .null), ("method", .object(method)),
    ])
    object["variables"] = .object(JSONObject(variables.map { ($0.summary.name, .object($0.object)) }))
    object["notes"] = .array(notes.map { .string($0) })
    object["timing"] = .object(timing.explainingNulls())
    return JSONWriter.pretty(.object(object))
  }

  /// The same as a result of an inference, for the head of draws in CSV.
  package var asResult: ResultDocument {
    ResultDocument(
      modelName: modelName, modelVersion: modelVersion, data: data, method: method, variables: variables.map(\.summary),
      verdict: Verdict([]), diagnostics: JSONObject(), timing: timing)
  }
}

extension PredictionDocument {
  /// Reads a prediction. Throws `DataError` with the key path where it is not one.
  package init(_ root: JSONValue) throws {
    guard root["schema"]?.text == Self.schema else {
      throw DataError(keyPath: "schema", reason: "expected \(Self.schema), found \(root["schema"]?.text ?? "nothing")")
    }
    guard let members = root["variables"]?.members else { throw DataError(keyPath: "variables", reason: "the key is missing or no object") }
    var notes: [String] = []
    if case .array(let items) = root["notes"] { notes = items.compactMap(\.text) }
    self.init(
      modelName: root["model"]?["name"]?.text ?? "", modelVersion: root["model"]?["version"]?.text ?? "",
      data: root["data"]?["source"]?.text.map { .init(source: $0, sha256: root["data"]?["sha256"]?.text ?? "") },
      method: root["method"]?.members ?? JSONObject(), variables: try members.entries.map { try PredictionReport(name: $0.key, $0.value) },
      notes: notes, timing: root["timing"]?.members ?? JSONObject())
  }
}

extension PredictionReport {
  /// Reads one variable of a prediction; null becomes NaN.
  init(name: String, _ value: JSONValue) throws {
    guard var members = value.members else {
      throw DataError(keyPath: "variables.\(name)", reason: "expected an object, found \(value.kindName)")
    }
    let (shares, gradients) = (members["shares"], members["gradients"])
    members["shares"] = nil
    members["gradients"] = nil
    let summary = try VariableReport(name: name, .object(members))
    func table(_ value: JSONValue?, _ key: String) throws -> [(name: String, values: [Double])] {
      try (value?[key]?.members?.entries ?? []).map { entry in
        let path = "variables.\(name).\(key).\(entry.key)"
        let flat = try Nesting.flatten(entry.value, path)
        guard flat.values.count == summary.size else {
          throw DataError(keyPath: path, reason: "expected the shape \(summary.shape), found \(flat.shape)")
        }
        return (entry.key, flat.values)
      }
    }
    func entry(_ table: [(name: String, values: [Double])], _ name: String) -> [Double]? { table.first { $0.name == name }?.values }
    let gaps = [Double](repeating: .nan, count: summary.size)
    let (firstErrors, totals, totalErrors) = (try table(shares, "mcse_first"), try table(shares, "total"), try table(shares, "mcse_total"))
    let errors = try table(gradients, "mcse")
    self.init(
      summary: summary, sharesKind: shares?["kind"]?.text ?? "",
      shares: try table(shares, "first").map { input, first in
        Share(
          input: input, first: first, firstError: entry(firstErrors, input) ?? gaps, total: entry(totals, input),
          totalError: entry(totalErrors, input))
      }, gradients: try table(gradients, "value").map { Gradient(name: $0, value: $1, error: entry(errors, $0) ?? gaps) })
  }

  var object: JSONObject {
    var object = summary.object
    func nest(_ values: [Double]) -> JSONValue { Nesting.nest(values, shape: summary.shape) }
    func table(_ entries: [(String, [Double])]) -> JSONValue { .object(JSONObject(entries.map { ($0.0, nest($0.1)) })) }
    if !shares.isEmpty {
      var all = JSONObject([
        ("kind", .string(sharesKind)), ("first", table(shares.map { ($0.input, $0.first) })),
        ("mcse_first", table(shares.map { ($0.input, $0.firstError) })),
      ])
      let totals = shares.compactMap { share in share.total.map { (share.input, $0) } }
      let errors = shares.compactMap { share in share.totalError.map { (share.input, $0) } }
      if !totals.isEmpty {
        if sharesKind == "given-data" { all["total_kind"] = "gaussian-copula" }
        all["total"] = table(totals)
        all["mcse_total"] = table(errors)
      }
      if shares.contains(where: { !($0.first + ($0.total ?? [])).allSatisfy(\.isFinite) }) {
        all["null_reason"] = "the variance is zero or not finite, or the dependence of the inputs is no Gaussian copula's"
      }
      object["shares"] = .object(all)
    }
    if !gradients.isEmpty {
      var all = JSONObject([
        ("value", table(gradients.map { ($0.name, $0.value) })), ("mcse", table(gradients.map { ($0.name, $0.error) })),
      ])
      if gradients.contains(where: { $0.value.contains { !$0.isFinite } }) {
        all["null_reason"] = "the mean given the latent variables is not known in closed form, or a density is not finite"
      }
      object["gradients"] = .object(all)
    }
    return object
  }
}

/// Draws of a prediction shaped like ArviZ's InferenceData: observed sites in `posterior_predictive` (or `prior_predictive`), all else in
/// `posterior` (or `prior`), each name ↦ [chain][draw]….
package enum PredictionDraws {
  package static func encode(_ draws: DrawSet, isPrior: Bool) -> Data {
    func group(_ isPredictive: Bool) -> JSONObject {
      JSONObject(
        draws.variables.filter { ($0.kind == .predictive) == isPredictive }.map { variable in
          let chains = variable.values.map { Nesting.nest($0, shape: [draws.drawsPerChain] + variable.shape) }
          return (variable.name, .array(chains))
        })
    }
    let name = isPrior ? "prior" : "posterior"
    let groups = [(name, group(false)), (name + "_predictive", group(true))].filter { !$0.1.isEmpty }
    return Data((JSONWriter.line(.object(JSONObject(groups.map { ($0.0, .object($0.1)) }))) + "\n").utf8)
  }
}
