import Foundation

extension PlotKind {
  /// The objective by step as the result tells it (`diagnostics.elbo_trace`), with the final value.
  static func objective(_ material: PlotMaterial) throws -> PlotFigure {
    guard let result = material.result else {
      throw PlotError(
        "the objective by step is in the result of a variational fit: give the file that infer --method vi --output FILE wrote.")
    }
    let trace = ObjectiveTrace(result)
    guard let trace, trace.steps.contains(where: { $0 > 0 }) else {
      let name = result.method["name"]?.text ?? "the method"
      throw PlotError("the result has no trace of an objective (\(name)): results of infer --method vi have one.")
    }
    var figure = PlotFigure(
      "Objective",
      "Mean of the objective's estimates since the step before, in nats. A curve that still rises at its end has not converged.", columns: 1
    )
    figure.legend = [("objective", .curve(0))]
    // What happens in the first steps would flatten the rest.
    let first = trace.steps.first ?? 0
    let start = first + 0.1 * ((trace.steps.last ?? 0) - first)
    let late = zip(trace.steps, trace.values).filter { $0.0 >= start }.map(\.1)
    let final = trace.final.map { [$0.value - 2 * $0.error, $0.value + 2 * $0.error] } ?? []
    let range = PlotScale.range((late.contains(where: \.isFinite) ? late : trace.values) + final, margin: 0.05)
    if trace.values.contains(where: { $0.isFinite && !range.contains($0) }) {
      figure.notes = ["The vertical axis shows what comes after the first tenth of the steps."]
    }
    let steps = PlotScale.range([0] + trace.steps)
    var panel = PlotPanel(
      "", x: PlotAxis("step", steps), y: PlotAxis(trace.final != nil ? "ELBO, nats" : "\(trace.objective), nats", range), size: (480, 250))
    if let final = trace.final {
      figure.legend.append(("final value ± 2 standard errors", .band))
      let (low, high) = (final.value - 2 * final.error, final.value + 2 * final.error)
      panel.layers = [
        .between(.band, [(steps.lowerBound, low, high), (steps.upperBound, low, high)]),
        .segments(.rule, [(steps.lowerBound, final.value, steps.upperBound, final.value)]),
      ]
    }
    let points = zip(trace.steps, trace.values).map { (x: $0, y: $1) }
    panel.layers.append(points.count > 1 ? .path(.curve(0), points) : .points(.dots(0), points))
    figure.panels = [panel]
    return figure
  }
}

/// The objective of a variational fit by step, as a result carries it in its diagnostics.
package struct ObjectiveTrace: Sendable, Equatable {
  package static let key = "elbo_trace"
  package var steps: [Double]
  /// NaN where an estimate was not finite.
  package var values: [Double]
  /// `elbo`, `iwae:8`, …
  package var objective: String
  /// The ELBO at the end with its error, where that is the objective.
  package var final: Final?
  package struct Final: Sendable, Equatable {
    package var value: Double
    package var error: Double
  }

  /// Nil where the result has none.
  package init?(_ result: ResultDocument) {
    guard let members = result.diagnostics[Self.key], let steps = members["step"].flatMap({ try? Nesting.flatten($0, "") })?.values,
      let values = members["value"].flatMap({ try? Nesting.flatten($0, "") })?.values, steps.count == values.count, !steps.isEmpty
    else { return nil }
    self.steps = steps
    self.values = values
    objective = result.method["objective"]?.text ?? "elbo"
    guard objective == "elbo" || objective == "fixed-draws" else { return }
    if let value = result.diagnostics["elbo"]?["value"]?.double, let error = result.diagnostics["elbo"]?["mcse"]?.double, value.isFinite,
      error.isFinite
    {
      final = Final(value: value, error: error)
    }
  }

  /// The trace as it stands in a result, evenly thinned to at most 500 entries, the last one always among them.
  package static func json(_ trace: [(step: Int, value: Double)]) -> JSONValue {
    let limit = 500
    let places = trace.count <= limit ? Array(trace.indices) : (1...limit).map { $0 * trace.count / limit - 1 }
    let kept = places.map { trace[$0] }
    return .object(
      ("step", .numbers(kept.map { Double($0.step) }, whole: true)), ("value", .numbers(kept.map(\.value), whole: false)))
  }
}
