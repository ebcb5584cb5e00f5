import Inference
import Reporting

extension SMCConfiguration {
  var json: JSONObject {
    JSONObject([
      ("chains", .integer(populations)), ("particles", .integer(particles)), ("draws", .integer(particles)),
      ("effective_share", .number(effectiveShare)), ("largest_correlation", .number(largestCorrelation)),
      ("target_acceptance", .number(targetAcceptance)),
    ])
  }
}

extension SMCResult {
  /// The evidence with its error, and how each population came to the posterior.
  var json: JSONObject {
    let evidence = logEvidence
    return JSONObject([
      ("log_evidence", .object(("value", .number(evidence.value)), ("mcse", .number(evidence.error)))),
      (
        "populations",
        .array(
          populations.map {
            .object(
              ("status", .string($0.status.rawValue)), ("log_evidence", .number($0.logEvidence)),
              ("temperatures", .numbers($0.temperatures, whole: false)), ("moves", .integer($0.moves)),
              ("acceptance", .number($0.acceptance)), ("correlation", .number($0.correlation)))
          })
      ),
    ])
  }
}

extension ImportanceConfiguration {
  var json: JSONObject { JSONObject([("proposal", .string(proposal.name)), ("proposals", .integer(pool))]) }
}
