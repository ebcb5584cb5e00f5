import Foundation
import Inference
import Modeling
import Reporting

/// What `estimators --curves` trains and where it goes.
package struct CurvesRequest: Sendable, Equatable {
  /// The plot.
  package var path: String
  package var testPath: String?
  /// Names of estimators; empty for six usual ones.
  package var estimators: [String] = []
  package var importanceDraws = 512

  /// Nil without `--curves`. The options of the fit itself go to `fit`.
  init?(_ reader: inout OptionReader, _ fit: inout InferenceRequest) {
    let own = ["--compare", "--test", "--optimizer", "--particles"]
    guard let path = reader.arguments.last("--curves") else {
      for option in own where reader.arguments.has(option) { reader.fail("\(option) belongs to --curves FILE.") }
      return nil
    }
    self.path = path
    testPath = reader.arguments.last("--test")
    if path == "-" || path.isEmpty { reader.fail("--curves expects the name of a file for the plot, not \"\(path)\".") }
    for name in (reader.arguments.last("--compare") ?? "").split(separator: ",").map(String.init) {
      if case .failure(let error) = GradientEstimator.named(name) { reader.fail("--compare \(name): \(error).") }
      estimators.append(name)
    }
    if reader.arguments.has("--compare"), estimators.isEmpty {
      reader.fail("--compare expects names of estimators, such as rloo:4,disarm.")
    }
    importanceDraws = reader.whole("--draws", in: 10...10_000_000) ?? importanceDraws
    fit.steps = fit.steps ?? 3000
    fit.optimizer = InferOptions.optimizer(&reader) ?? .init(name: "adam", rate: 0.003)
    fit.particles = reader.whole("--particles", in: 1...1_000_000)
  }
}

extension AnyRunnable {
  /// Trains with each estimator; `note` hears the name of each and the steps done, every thousand steps.
  func curves(_ model: M, _ test: M, _ request: EstimatorsRequest, _ curves: CurvesRequest, _ note: (String) -> Void) throws
    -> EstimatorCurves
  {
    let method: Method<M> = try FitRequest(request.fit).method(for: M.self)
    guard let program = method.program, case .program(let settings) = method.settings else {
      throw UserError(
        "--curves needs a model that brings a guide of its own with draws that are not differentiable; \(name) has a Gaussian one.")
    }
    var configuration = EstimatorCurveConfiguration()
    configuration.current = settings.estimators.compactMapValues(\.named)
    configuration.optimization = settings.optimization
    configuration.optimization.isPlain = true
    configuration.particles = settings.particles
    configuration.minibatch = settings.minibatch
    configuration.importanceDraws = curves.importanceDraws
    let steps = configuration.optimization.steps ?? 0
    return try EstimatorCurves(
      model, test: test, guide: program, estimators: curves.estimators.compactMap { try? GradientEstimator.named($0).get() }, configuration,
      seed: request.fit.seed
    ) { estimator, step in
      if step == steps || step % 1024 == 0 { note("\(estimator): step \(step) of \(steps)") }
    }
  }
}

extension EstimatorCurves {
  /// Best first, those that did not run last.
  private var ranked: [EstimatorCurve] {
    curves.enumerated().sorted { a, b in
      let (x, y) = (a.element.evidence.value, b.element.evidence.value)
      return x.isNaN || y.isNaN ? !x.isNaN && y.isNaN : x == y ? a.offset < b.offset : x > y
    }.map(\.element)
  }

  func plot(_ model: String) -> LinePlot {
    LinePlot(
      title: "\(model): training with \(curves.count) gradient estimators", xLabel: "steps",
      yLabel: "ELBO of the training data, nats an element",
      curves: curves.filter { $0.obstacle == nil }.map { curve in
        LinePlot.Curve(
          "\(curve.estimator) (\(String(format: "%.2f", curve.evidence.value)))", curve.points.map { (Double($0.step), $0.bound) })
      })
  }

  func json(_ model: String, _ test: String) -> JSONObject {
    let rows = curves.map { curve -> JSONValue in
      var object = JSONObject([("estimator", .string(curve.estimator)), ("unbiased", .bool(curve.isUnbiased))])
      if let obstacle = curve.obstacle {
        object["obstacle"] = .string(obstacle)
        return .object(object)
      }
      object["test_bound"] = .object(("value", .number(curve.evidence.value)), ("mcse", .number(curve.evidence.error)))
      object["seconds"] = .number(curve.seconds)
      object["steps"] = .array(curve.points.map { .integer($0.step) })
      object["elbo"] = .array(curve.points.map { .number($0.bound) })
      return .object(object)
    }
    return JSONObject([
      ("schema", .string(EstimatorsOutcome.schema)), ("model", .string(model)), ("sites", .array(sites.map { .string($0) })),
      ("elements", .integer(elements)), ("test", .string(test)),
      ("importance_draws", .integer(importanceDraws)), ("curves", .array(rows)),
    ])
  }

  func text(_ model: String, _ test: String) -> String {
    var text = "\(model): training with one estimator at \(sites.joined(separator: ", ")), in nats an element\n"
    text += "log p by \(importanceDraws) importance draws: \(test)\n\n"
    var table = TextTable(columns: [.left("estimator"), .right("final ELBO"), .right("log p"), .right("±"), .right("seconds"), .left("")])
    for curve in ranked {
      if let obstacle = curve.obstacle {
        table.append([curve.estimator, obstacle])
        continue
      }
      table.append([
        curve.estimator, String(format: "%.3f", curve.points.last?.bound ?? .nan), String(format: "%.3f", curve.evidence.value),
        String(format: "%.3f", curve.evidence.error), String(format: "%.1f", curve.seconds), curve.isUnbiased ? "" : "biased",
      ])
    }
    return text + table.text
  }
}
