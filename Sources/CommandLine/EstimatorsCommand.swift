import Foundation
import Inference
import Modeling
import Reporting

/// How `estimators` compares.
package struct EstimatorsRequest: Sendable, Equatable {
  /// The fit that comes first: guide, steps, minibatch, seed, and the estimators that sites have now.
  package var fit = InferenceRequest()
  /// Gradients of each estimator.
  package var draws = 2000
  /// Train with several estimators, and where the plot of that goes; nil for a comparison at one point.
  package var curves: CurvesRequest?

  package init() { fit.method = .vi }
}

extension CommandSpecification {
  static let estimators = CommandSpecification(
    name: "estimators", operands: "MODEL",
    summary: "compare the gradient estimators that each site of the guide may have: bias, variance and cost",
    details: """
      For every site of the model's guide and every estimator that its distribution has: the distance of the mean gradient from an exact or long-run one,
      the variance of one draw's gradient in the site's parameters, microseconds a draw, and variance times cost, of which the smallest among the
      unbiased is marked. A Gaussian guide has one estimator for all sites.

      With --curves the guide is trained with each of several estimators at all sites that are not differentiable, from the same start and with the same
      seed: a plot of the bound on the training data, and the evidence of test data by importance sampling. Both are of the model as it is written,
      whatever a relaxed estimator maximizes.
      """,
    options: [
      OptionSpecification(
        "--data", "FILE", "the model's data: one JSON object, names to numbers or nested arrays (row-major); - reads standard input"),
      OptionSpecification("--guide", "NAME", "mean-field, full-rank or low-rank:R; the model's own by default, or mean-field"),
      OptionSpecification("--estimator", "SITE=NAME[:ARG]", "the estimator that a site has now", repeats: true),
      OptionSpecification(
        "--steps", "N",
        "fit for this many steps first (default 0: at the starting point; 1000 for a Gaussian guide); with --curves: steps of each training (default 3000)"
      ),
      OptionSpecification("--minibatch", "PLATE=N", "elements of a plate per step", repeats: true),
      OptionSpecification("--draws", "N", "gradients of each estimator (default 2000); with --curves: importance draws (default 512)"),
      OptionSpecification("--curves", "FILE", "train with several estimators, and plot the bounds as SVG"),
      OptionSpecification(
        "--compare", "NAME[:ARG],…", "with --curves: the estimators (default: six that are legal for all sites that are not differentiable)"
      ),
      OptionSpecification(
        "--test", "FILE", "with --curves: the data that fits are scored on (default: the model's own, or the training data)"),
      OptionSpecification("--optimizer", "NAME[:RATE]", "with --curves: as for infer (default adam:0.003)"),
      OptionSpecification("--particles", "N", "with --curves: draws averaged in a step (default 1)"),
      OptionSpecification("--seed", "N", "seed of all randomness (default 1)"),
      OptionSpecification("--json", nil, "print JSON instead of a table (credence/estimators/1)"),
      OptionSpecification("--help", nil, "this text"),
    ])
}

extension Command {
  func estimatorsRequest(_ parsed: ParsedArguments) throws -> EstimatorsRequest {
    var reader = OptionReader("estimators", parsed)
    var request = EstimatorsRequest()
    request.draws = reader.whole("--draws", in: 10...10_000_000) ?? request.draws
    request.fit.readVariational(&reader)
    request.fit.seed = reader.seed("--seed") ?? request.fit.seed
    request.curves = CurvesRequest(&reader, &request.fit)
    guard reader.mistakes.isEmpty else { throw UserError(sentences: reader.mistakes) }
    return request
  }

  func estimators(_ model: any RunnableModel, _ parsed: ParsedArguments) async throws -> Int32 {
    try checkData(model, parsed.last("--data"))
    let request = try estimatorsRequest(parsed)
    let plot = try request.curves.map { try OutputFile(path: $0.path) }
    let (own, test) = (try data(parsed.last("--data")), try data(request.curves?.testPath))
    let found = try await Interruption.during(console) { [console] in
      try model.estimators(data: own, test: test, request: request) { console.note("credence: \($0)") }
    }
    if case .curves(let curves, _) = found { try plot?.write(Data(curves.plot(model.name).svg.utf8)) }
    if parsed.has("--json") {
      try console.emit(JSONWriter.pretty(.object(found.json(model.name))))
    } else {
      try console.print(found.text(model.name))
    }
    return ExitCode.done
  }
}

extension AnyRunnable {
  package func estimators(data: ModelData?, test: ModelData?, request: EstimatorsRequest, note: (String) -> Void) throws
    -> EstimatorsOutcome
  {
    if let curves = request.curves {
      let own = data == nil ? (M.self as? any ModelWithTestData.Type)?.testData as? M : nil
      let (scored, source) =
        try test.map { (try $0.decode(M.self).model, $0.source) } ?? own.map { ($0, "the model's own test data") }
        ?? (load(data).model, "the training data")
      return .curves(try self.curves(load(data).model, scored, request, curves, note), test: source)
    }
    return .comparison(try comparison(load(data).model, request))
  }

  private func comparison(_ model: M, _ request: EstimatorsRequest) throws -> EstimatorComparison {
    var fit = request.fit
    let method: Method<M> = try FitRequest(fit).method(for: M.self)
    if let program = method.program, case .program(let configuration) = method.settings {
      var parameters: [Double]?
      if fit.steps != nil {
        let posterior = try FitEngine(model, method, seed: fit.seed, threads: nil, stop: FitStop()) { _ in }.run()
        if case .program(let result) = posterior.details { parameters = result.parameters }
      }
      return try EstimatorComparison(
        model, guide: program, at: parameters, current: configuration.estimators.compactMapValues(\.named), minibatch: fit.minibatch,
        draws: request.draws, seed: fit.seed)
    }
    fit.steps = fit.steps ?? 1000
    let fitted = try FitEngine(model, try FitRequest(fit).method(for: M.self), seed: fit.seed, threads: nil, stop: FitStop()) { _ in }.run()
    guard case .vi(let result) = fitted.details else {
      throw UserError("estimators: the guide is neither Gaussian nor a program: choose --guide mean-field, full-rank or low-rank:R.")
    }
    return try EstimatorComparison(
      CompiledModel(model), guide: result.guide, current: result.configuration.entropy, draws: request.draws, seed: fit.seed)
  }
}

/// What `estimators` found.
package enum EstimatorsOutcome: Sendable {
  case comparison(EstimatorComparison)
  /// `test` says what the fits were scored on.
  case curves(EstimatorCurves, test: String)

  static let schema = "credence/estimators/1"

  func json(_ model: String) -> JSONObject {
    switch self {
    case .comparison(let found): found.json(model)
    case .curves(let found, let test): found.json(model, test)
    }
  }

  func text(_ model: String) -> String {
    switch self {
    case .comparison(let found): found.text(model)
    case .curves(let found, let test): found.text(model, test)
    }
  }
}

extension EstimatorComparison {
  func json(_ model: String) -> JSONObject {
    let best = best
    let rows = reports.map { report -> JSONValue in
      var object = JSONObject([
        ("site", .string(report.site)), ("distribution", .string(report.distribution)), ("estimator", .string(report.estimator)),
        ("unbiased", .bool(report.isUnbiased)), ("current", .bool(report.isCurrent)),
        ("best", .bool(best[report.site] == report.estimator)),
      ])
      if let obstacle = report.obstacle {
        object["obstacle"] = .string(obstacle)
      } else {
        object["bias"] = .object(("value", .number(report.bias)), ("mcse", .number(report.biasError)))
        object["variance"] = .number(report.variance)
        object["microseconds"] = .number(report.cost)
        object["variance_times_cost"] = .number(report.varianceTimesCost)
      }
      return .object(object)
    }
    let origins = references.map { reference -> JSONValue in
      .object(
        ("site", .string(reference.site)), ("estimator", .string(reference.estimator)), ("gradient_norm", .number(reference.norm)))
    }
    return JSONObject([
      ("schema", .string(EstimatorsOutcome.schema)), ("model", .string(model)), ("estimators", .array(rows)),
      ("references", .array(origins)),
    ])
  }

  func text(_ model: String) -> String {
    let best = best
    var text = "\(model): gradient estimators, of one draw\n"
    for reference in references {
      text += "\n\(reference.site): gradient of length \(reference.norm.compact), by \(reference.estimator)\n"
      var table = TextTable(columns: [
        .left("  estimator"), .right("bias"), .right("±"), .right("variance"), .right("µs"), .right("variance × µs"), .left(""),
      ])
      for report in reports where report.site == reference.site {
        guard report.obstacle == nil else {
          table.append(["  \(report.estimator)  \(report.obstacle ?? "")"])
          continue
        }
        let marks = [
          report.isCurrent ? "current" : nil, best[report.site] == report.estimator ? "best" : nil, report.isUnbiased ? nil : "biased",
        ]
        table.append([
          "  \(report.estimator)", report.bias.compact, report.biasError.compact, report.variance.compact, report.cost.compact,
          report.varianceTimesCost.compact, marks.compactMap { $0 }.joined(separator: ", "),
        ])
      }
      text += table.text
    }
    return text
  }
}

extension Double {
  /// In three digits, with an exponent where the number is large or small.
  var compact: String {
    guard isFinite, self != 0, magnitude >= 1e5 || magnitude < 1e-3 else { return brief() }
    return String(format: "%.2e", self)
  }
}
