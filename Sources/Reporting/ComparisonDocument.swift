import Foundation
import Inference

/// A comparison of models, `credence/comparison/1`, as JSON and as a table.
package struct ComparisonDocument: Sendable {
  package static let schema = "credence/comparison/1"

  package var comparison: ModelComparison
  /// `y[3]` for each point.
  package var points: [String]
  /// Sentences beside those of the comparison.
  package var notes: [String]

  package init(_ comparison: ModelComparison, points: [String], notes: [String]) {
    self.comparison = comparison
    self.points = points
    self.notes = notes
  }

  package var warnings: [String] { notes + comparison.warnings }

  package var json: Data {
    let models = comparison.rows.enumerated().map { rank, row -> JSONValue in
      let (loo, waic) = (row.entry.loo, row.entry.waic)
      var object = JSONObject([
        ("name", .string(row.entry.name)), ("rank", .integer(rank)), ("elpd_difference", .number(row.difference)),
        ("elpd_difference_se", .number(row.differenceError)),
        (
          "weights",
          .object(
            ("stacking", .number(row.stacking)), ("pseudo_bma", .number(row.pseudoBMA)),
            ("pseudo_bma_plus", .number(row.bootstrappedPseudoBMA)))
        ),
      ])
      object["loo"] = .object(
        JSONObject(
          [
            ("elpd", .number(loo.total)), ("se", .number(loo.standardError)), ("p", .number(loo.effectiveParameters)),
            ("relative_efficiency", .number(loo.relativeEfficiency)), ("pareto_k_threshold", .number(loo.threshold)),
            ("unreliable", .integer(loo.unreliable.count)), ("pointwise", .numbers(loo.elpd, whole: false)),
            ("pareto_k", .numbers(loo.paretoShape, whole: false)),
          ] + (loo.approximationShape.map { [("approximation_pareto_k", .number($0))] } ?? [])
        ).explainingNulls())
      object["waic"] = .object(
        JSONObject([
          ("elpd", .number(waic.total)), ("se", .number(waic.standardError)), ("p", .number(waic.effectiveParameters)),
          ("unreliable", .integer(waic.unreliable.count)), ("pointwise", .numbers(waic.elpd, whole: false)),
        ]).explainingNulls())
      return .object(object)
    }
    return JSONWriter.pretty(
      .object(
        JSONObject([
          ("schema", .string(Self.schema)), ("criterion", .string(comparison.criterion.rawValue)),
          ("points", .array(points.map { .string($0) })), ("models", .array(models)),
          ("warnings", .array(warnings.map { .string($0) })),
        ])))
  }

  package var text: String {
    let isLOO = comparison.criterion == .loo
    let head = isLOO ? "loo" : "waic"
    var table = TextTable(
      columns: [
        .left(""), .right("elpd_\(head)"), .right("se"), .right("p_\(head)"), .right("below best"), .right("se"), .right("stacking"),
        .right("pseudo-BMA+"),
        .right(isLOO ? "k-hat > \(NumberText.significant(comparison.rows.first?.entry.loo.threshold ?? 0.7, 2))" : "unreliable"),
      ])
    for row in comparison.rows {
      let (loo, waic) = (row.entry.loo, row.entry.waic)
      let (total, error, size) =
        isLOO
        ? (loo.total, loo.standardError, loo.effectiveParameters) : (waic.total, waic.standardError, waic.effectiveParameters)
      table.append(
        [row.entry.name] + [total, error, size, row.difference, row.differenceError].map { Self.fixed($0, 1) }
          + [row.stacking, row.bootstrappedPseudoBMA].map { Self.fixed($0, 2) }
          + ["\(isLOO ? loo.unreliable.count : waic.unreliable.count) of \(loo.elpd.count)"])
    }
    return table.text
  }

  private static func fixed(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite else { return "–" }
    let text = String(format: "%.\(digits)f", value)
    // What rounds to zero has no sign.
    return text.allSatisfy { "-0.".contains($0) } ? text.replacing("-", with: "") : text
  }
}
