import Foundation
import Inference
import Modeling
import Reporting

extension RunnableModel {
  package func predict(data: ModelData?, request: PredictionRequest) async throws -> PredictionOutcome {
    throw UserError("\(name) cannot be simulated: it makes no predictions.")
  }
}

extension AnyRunnable {
  package func predict(data: ModelData?, request: PredictionRequest) async throws -> PredictionOutcome {
    let loaded = try load(data)
    var configuration = PredictionConfiguration()
    configuration.seed = request.seed
    configuration.draws = request.draws ?? configuration.draws
    configuration.replicates = request.replicates ?? configuration.replicates
    configuration.wantsShares = request.wantsShares
    configuration.gradients = request.gradients
    let source: PredictionEngine<M>.Source
    var fit = JSONObject()
    switch request.source {
    case .prior: source = .prior
    case .draws(let draws): source = .draws(draws, independent: nil)
    case .fit(let asked):
      let method = try FitRequest(asked).method(for: M.self)
      let posterior = try await run(loaded.model, method, seed: asked.seed, threads: asked.threads, stop: FitStop()) { _ in }
      guard !posterior.isInterrupted else { throw CancellationError() }
      configuration.hasIndependentDraws = posterior.hasIndependentDraws
      source = .draws(posterior.drawSet, independent: posterior.independentInputs)
      fit = JSONObject([("name", .string(asked.method.rawValue))])
      fit.merge(posterior.configuration(asked))
      fit["verdict"] = .string(posterior.verdict.verdict.rawValue)
    }
    let prediction = try await Inference.predict(loaded.model, source, configuration, threads: request.threads)
    var method = prediction.configuration.json
    if !fit.isEmpty { method["fit"] = .object(fit) }
    var notes = prediction.notes
    if case .draws = request.source, !request.gradients.isEmpty {
      notes.append("The gradients take the draws for those of the posterior of these very data.")
    }
    var warnings = loaded.warnings
    if case .string(let word)? = fit["verdict"], word == "fail" {
      warnings.append("the verdict of the fit is fail: its draws are not those of the posterior (credence infer says why).")
    }
    return PredictionOutcome(
      draws: prediction.drawSet, variables: prediction.targets.map { PredictionReport($0) }, notes: notes, configuration: method,
      warnings: warnings)
  }
}

extension PredictionConfiguration {
  var json: JSONObject {
    JSONObject([
      ("source", .string(source.rawValue)), ("seed", .seed(seed)), ("draws", .integer(draws)), ("replicates", .integer(replicates)),
      ("independent_inputs", .bool(hasIndependentInputs)), ("independent_draws", .bool(hasIndependentDraws)),
    ])
  }
}

extension PredictionReport {
  init(_ target: TargetPrediction) {
    var summary = VariableReport(target.summary)
    summary.statistics += [
      ("aleatoric", target.split.aleatoric.map(\.value)), ("mcse_aleatoric", target.split.aleatoric.map(\.error)),
      ("epistemic", target.split.epistemic.map(\.value)), ("mcse_epistemic", target.split.epistemic.map(\.error)),
    ]
    self.init(
      summary: summary, sharesKind: target.shares.first?.kind.rawValue ?? "",
      shares: target.shares.map { share in
        Share(
          input: share.input, first: share.first.map(\.value), firstError: share.first.map(\.error), total: share.total?.map(\.value),
          totalError: share.total?.map(\.error))
      }, gradients: target.gradients.map { Gradient(name: $0.name, value: $0.value.map(\.value), error: $0.value.map(\.error)) })
  }
}
