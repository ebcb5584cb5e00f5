import Foundation
import Inference

/// A sensitivity analysis, `credence/sensitivity/1`, as JSON and as a table.
package struct SensitivityDocument: Sendable {
  package static let schema = "credence/sensitivity/1"

  package var source: String
  package var report: SensitivityReport
  /// The sites whose priors are scaled together, and the observed sites whose likelihood is.
  package var priors: [String]
  package var likelihoods: [String]
  package var notes: [String]

  package init(source: String, report: SensitivityReport, priors: [String], likelihoods: [String], notes: [String]) {
    self.source = source
    self.report = report
    self.priors = priors
    self.likelihoods = likelihoods
    self.notes = notes
  }

  package var warnings: [String] { notes + report.warnings }

  package var json: Data {
    JSONWriter.pretty(
      .object(
        JSONObject([
          ("schema", .string(Self.schema)), ("source", .string(source)), ("delta", .number(PowerScaling.delta)),
          ("threshold", .number(PowerScaling.threshold)), ("prior_sites", .array(priors.map { .string($0) })),
          ("likelihood_sites", .array(likelihoods.map { .string($0) })),
          (
            "pareto_k",
            .object(
              JSONObject([
                ("prior", .number(report.priorShape)), ("likelihood", .number(report.likelihoodShape)),
                ("threshold", .number(report.threshold)),
              ]).explainingNulls())
          ),
          (
            "variables",
            .object(
              JSONObject(
                report.rows.map { row in
                  (
                    row.name,
                    .object(
                      JSONObject([
                        ("prior", .number(row.prior)), ("likelihood", .number(row.likelihood)),
                        ("diagnosis", row.diagnosis == .none ? .null : .string(row.diagnosis.rawValue)),
                      ]))
                  )
                }))
          ),
          ("warnings", .array(warnings.map { .string($0) })),
        ])))
  }

  package func text(limit: Int) -> String {
    var table = TextTable(columns: [.left(""), .right("prior"), .right("likelihood"), .left("diagnosis")])
    for row in report.rows.prefix(limit) {
      table.append(
        [row.name] + [row.prior, row.likelihood].map { $0.isFinite ? String(format: "%.3f", $0) : "–" } + [row.diagnosis.rawValue])
    }
    if report.rows.count > limit { table.append(["\(report.rows.count - limit) more (--all shows them)"]) }
    return table.text
  }
}
