import Inference
import Modeling
import Reporting

// What a result says about a fit by a method that is neither a Markov chain nor a native Gaussian guide.

extension ApproximationConfiguration {
  var json: JSONObject {
    switch algorithm {
    case .graph(let configuration): return configuration.json
    case .fixedDraws(let own):
      return JSONObject([
        ("guide", "mean-field"), ("objective", "fixed-draws"), ("covariance", "linear-response"), ("optimizer", "newton"),
        ("particles", .integer(own.fixedDraws)), ("step_limit", .integer(own.newtonLimit)),
        ("evaluation_draws", .integer(own.evaluationDraws)),
      ])
    case .pathfinder(let own):
      return JSONObject([
        ("paths", .integer(own.paths)), ("history", .integer(own.history)), ("iteration_limit", .integer(own.iterationLimit)),
        ("draws_per_path", .integer(own.drawsPerPath)),
      ])
    case .batchAndMatch(let own):
      return JSONObject([
        ("guide", "full-rank"), ("particles", own.batch.map { .integer($0) } ?? "automatic"), ("step_limit", .integer(own.iterationLimit)),
        ("tolerance", .number(own.tolerance)), ("evaluation_draws", .integer(own.evaluationDraws)),
      ])
    case .importance(let own): return own.json
    case .svgd(let own):
      return JSONObject([
        ("particles", .integer(own.particles)), ("optimizer", "adagrad"), ("learning_rate", .number(own.rate)),
        ("step_limit", .integer(own.stepLimit)), ("tolerance", .number(own.tolerance)),
      ])
    }
  }
}

extension GraphConfiguration {
  var json: JSONObject {
    JSONObject([
      ("guide", .string(family.name)), ("objective", .string(objective.name)), ("particles", .integer(particles ?? 32)),
      ("optimizer", .string(ascent.optimizer.rawValue)), ("learning_rate", .number(ascent.rate ?? ascent.optimizer.defaultRate)),
      ("steps", ascent.steps.map { .integer($0) } ?? "automatic"), ("step_limit", .integer(ascent.stepLimit)),
      ("tolerance", .number(ascent.tolerance)), ("evaluation_draws", .integer(evaluationDraws)),
    ])
  }
}

extension EvidenceBracket {
  var json: JSONValue {
    .object(
      ("lower", .number(lower)), ("lower_mcse", .number(lowerError)), ("estimate", .number(estimate)),
      ("estimate_mcse", .number(estimateError)), ("upper", .number(upper)), ("upper_mcse", .number(upperError)))
  }
}

extension ApproximationResult {
  var json: JSONObject {
    var object = evaluation?.json ?? JSONObject()
    if let bracket { object["log_evidence"] = bracket.json }
    if let probe { object["probe"] = probe.json }
    object["status"] = .string(status.rawValue)
    object["steps"] = .integer(steps)
    for (name, value) in details {
      object[name] = value == value.rounded() && value.magnitude < 1e15 ? .integer(Int(value)) : .number(value)
    }
    return object
  }
}
