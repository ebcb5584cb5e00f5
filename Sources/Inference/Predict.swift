import Modeling

/// Predicts from the priors: nothing is observed, and the latent sites are input distributions whose uncertainty is carried through the
/// model.
///
/// ```swift
/// let prediction = try await predict(Beam(), seed: 1)
/// print(prediction.deflection.mean, prediction.deflection.shares)
/// ```
///
/// - Parameters:
///   - draws: of the inputs.
///   - gradients: names of stored properties (`scale`, `sigma[2]`) by which expectations are differentiated.
///   - threads: nil for as many as the machine has cores. Equal seeds give equal bits on any number.
/// - Throws: ``ModelError``, ``PredictionError``, what the body throws, and `CancellationError` when the task is cancelled.
public func predict<M: Model>(
  _ model: M, draws: Int = 10_000, gradients: [String] = [], seed: UInt64, threads: Int? = nil
) async throws -> Prediction<M.Output> {
  var configuration = PredictionConfiguration()
  configuration.seed = seed
  configuration.draws = draws
  configuration.gradients = gradients
  return try await predict(model, .prior, configuration, threads: threads)
}

/// Predicts from a posterior: what the body returns, and every observed site drawn anew, for the data in `model`.
///
/// The data may be other data than those of the fit, also of another size: latent sites in plates whose size has changed are drawn from their
/// priors given the other sites, and ``Prediction/notes`` say so. In a longer sequence the steps of the fit keep their draws, and those after
/// them are drawn given the steps before: a forecast. Observed values in `model` have only their shapes; they are drawn anew.
/// - Parameter replicates: draws of everything else for each draw of the posterior, where a mean is not known in closed form.
/// - Throws: as ``predict(_:draws:gradients:seed:threads:)``.
public func predict<M: Model>(
  _ model: M, from posterior: Posterior<M.Output>, replicates: Int = 8, gradients: [String] = [], seed: UInt64, threads: Int? = nil
) async throws -> Prediction<M.Output> {
  var configuration = PredictionConfiguration()
  configuration.seed = seed
  configuration.replicates = max(2, replicates)
  configuration.gradients = gradients
  configuration.hasIndependentDraws = posterior.hasIndependentDraws
  let source = PredictionEngine<M>.Source.draws(posterior.drawSet, independent: posterior.independentInputs)
  return try await predict(model, source, configuration, threads: threads)
}

/// Runs a prediction on a thread of its own and stops it when the task is cancelled.
package func predict<M: Model>(
  _ model: M, _ source: PredictionEngine<M>.Source, _ configuration: PredictionConfiguration, threads: Int?
) async throws -> Prediction<M.Output> {
  var configuration = configuration
  guard configuration.draws > 1 else { throw PredictionError(["A prediction takes at least 2 draws."]) }
  switch source {
  case .prior:
    configuration.source = .prior
    configuration.hasIndependentDraws = true
  case .draws: configuration.source = .posterior
  }
  let stop = FitStop()
  let engine = PredictionEngine(model, source, configuration, threads: threads, stop: stop)
  return try await withTaskCancellationHandler {
    try await FitThread.run { try engine.run() }
  } onCancel: {
    stop.raise()
  }
}

extension Posterior {
  /// Whether successive draws are independent, as those of a guide are.
  package var hasIndependentDraws: Bool { if case .nuts = details { false } else { true } }

  /// The sites of a mean-field guide, which are independent where each is a function of its own unconstrained numbers; nil where they are
  /// not.
  package var independentInputs: [IndependentInput]? {
    guard case .vi(let result) = details, case .meanField = result.guide.family else { return nil }
    return recorded.meanFieldInputs(limit: 64)
  }
}
