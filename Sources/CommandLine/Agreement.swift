import Foundation
import Inference
import Reporting

/// A built-in model whose posterior is known from long runs of another system.
package protocol ReferencedModel: RunnableModel {
  var isReferenced: Bool { get }
  /// JSON, nil where there is none: `parameters`, an object of names (`theta[1]`, counted from 1) to `mean`, `sd`, `q5` … `q95` and their Monte Carlo errors.
  func referenceData() throws -> Data?
}

/// The summary of a reference, as its file has it.
struct PosteriorReference: Decodable {
  struct Entry: Decodable {
    var mean, mcse_mean, sd, mcse_sd: Double
    var q5, mcse_q5, q25, mcse_q25, q50, mcse_q50, q75, mcse_q75, q95, mcse_q95: Double

    /// Value and Monte Carlo error by name.
    var quantities: [(name: String, value: Double, error: Double)] {
      [
        ("mean", mean, mcse_mean), ("sd", sd, mcse_sd), ("q5", q5, mcse_q5), ("q25", q25, mcse_q25), ("q50", q50, mcse_q50),
        ("q75", q75, mcse_q75), ("q95", q95, mcse_q95),
      ]
    }
  }
  var parameters: [String: Entry]

  /// `theta[3]` ↦ the variable and its element counted from 0; `tau` ↦ the variable's only element.
  static func place(_ name: String) -> (variable: String, element: Int) {
    let parts = name.split(separator: "[")
    guard parts.count == 2, let index = Int(parts[1].dropLast()) else { return (name, 0) }
    return (String(parts[0]), index - 1)
  }
}

/// One comparison of a fit with a reference.
package struct AgreementRow: Sendable {
  package var model: String
  package var seconds: Double
  package var divergences: Int
  /// The largest R-hat over everything in the reference; NaN for `vi`.
  package var rHat: Double
  /// The number compared with the largest |z| (`nuts`) or the mean with the largest distance in reference sds (`vi`).
  package var worst: Double
  /// Its name: `tau q95`.
  package var worstName: String
  package var verdict: Verdict
  package var agrees: Bool
  package var note: String
}

/// Fits posteriors and compares them with their references.
package enum Agreement {
  /// |z| below this with the errors of both sides; one of 500 numbers exceeds it by chance in about 3 % of runs.
  package static let zLimit = 4.0
  package static let rHatLimit = 1.01
  /// Distance of a mean from the reference, in reference sds, below which variational inference may say `ok`.
  package static let meanLimit = 0.1

  private static func reference(_ model: any ReferencedModel) throws -> PosteriorReference {
    guard let data = try model.referenceData() else { throw UserError("\(model.name) has no reference posterior.") }
    do {
      return try JSONDecoder().decode(PosteriorReference.self, from: data)
    } catch {
      throw Defect("the reference of \(model.name) cannot be read: \(error).")
    }
  }

  /// NUTS with four chains at the defaults.
  package static func nuts(_ model: any ReferencedModel, seed: UInt64, threads: Int? = nil) async throws -> AgreementRow {
    let reference = try reference(model)
    var request = InferenceRequest()
    request.seed = seed
    request.threads = threads
    request.keepsDraws = true
    let begin = ContinuousClock.now
    let outcome = try await model.infer(data: nil, request: request) { _ in }
    guard !outcome.isInterrupted, let draws = outcome.draws else { throw CancellationError() }
    let summaries = Summary.summarize(draws)
    var row = AgreementRow(
      model: model.name, seconds: (ContinuousClock.now - begin).seconds, divergences: count("divergences", outcome), rHat: 0, worst: 0,
      worstName: "",
      verdict: outcome.verdict, agrees: true, note: "")
    for (name, entry) in reference.parameters.sorted(by: { $0.key < $1.key }) {
      let (variable, element) = PosteriorReference.place(name)
      guard let own = summaries.first(where: { $0.name == variable }), element < own.size else {
        throw Defect("\(model.name) has no variable \(name), which its reference has.")
      }
      row.rHat = worse(row.rHat, own.rHat[element])
      let estimates =
        [(own.mean[element], own.mcseMean[element]), (own.sd[element], own.mcseSD[element])]
        + own.quantiles.map { ($0.value[element], $0.mcse[element]) }
      for (quantity, (value, error)) in zip(entry.quantities, estimates) {
        let z = (value - quantity.value) / (error * error + quantity.error * quantity.error).squareRoot()
        if !(abs(z) <= abs(row.worst)) { (row.worst, row.worstName) = (z, "\(name) \(quantity.name)") }
      }
    }
    // A number that is not finite never agrees.
    row.agrees = abs(row.worst) < zLimit && row.rHat < rHatLimit
    row.note = outcome.verdict.reasons.first { $0.code == "divergences" }?.text ?? ""
    return row
  }

  /// Variational inference with a full-rank guide: means within a tenth of the reference sd, or a verdict that is not `ok`.
  package static func variational(_ model: any ReferencedModel, seed: UInt64, threads: Int? = nil) async throws -> AgreementRow {
    let reference = try reference(model)
    var request = InferenceRequest()
    request.method = .vi
    request.guide = .fullRank
    request.seed = seed
    request.threads = threads
    let begin = ContinuousClock.now
    let outcome = try await model.infer(data: nil, request: request) { _ in }
    guard !outcome.isInterrupted else { throw CancellationError() }
    var row = AgreementRow(
      model: model.name, seconds: (ContinuousClock.now - begin).seconds, divergences: 0, rHat: .nan, worst: 0,
      worstName: "", verdict: outcome.verdict, agrees: true, note: outcome.verdict.reasons.map(\.code).joined(separator: " "))
    for (name, entry) in reference.parameters.sorted(by: { $0.key < $1.key }) {
      let (variable, element) = PosteriorReference.place(name)
      guard let mean = outcome.variables.first(where: { $0.name == variable })?["mean"], element < mean.count else {
        throw Defect("\(model.name) has no variable \(name), which its reference has.")
      }
      let distance = (mean[element] - entry.mean) / entry.sd
      if !(abs(distance) <= abs(row.worst)) { (row.worst, row.worstName) = (distance, "\(name) mean") }
    }
    row.agrees = abs(row.worst) < meanLimit || outcome.verdict.verdict != .ok
    return row
  }

  private static func count(_ name: String, _ outcome: InferenceOutcome) -> Int {
    if case .integer(let value)? = outcome.diagnostics[name] { return value }
    return 0
  }

  /// The larger one; NaN where either is.
  private static func worse(_ a: Double, _ b: Double) -> Double { a.isNaN || b.isNaN ? .nan : max(a, b) }
}
