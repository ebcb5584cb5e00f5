import Modeling

/// Derivatives of expected predictions by hyperparameters η, numbers among the stored properties of the model.
///
/// With l(θ; η) the log density of everything (posterior draws) or of the latent sites alone (draws from the prior) and f(θ; η) = E[y | θ]:
///
///     ∂/∂η E f = Cov(f, ∂l/∂η) + E ∂f/∂η,
///
/// the score-function part and the path part. Both ∂l/∂η and ∂f/∂η are taken at fixed θ, by central differences of fourth order of the exact
/// functions with step 10⁻³|η|, whose relative error is about 10⁻¹¹. The Monte Carlo error is that of the mean of the terms
/// (f − f̄)(l′ − l̄′) + f′ over the draws.
///
/// It takes that the support of no latent site moves with η, which is checked.
struct PredictionGradient<M: Model>: Sendable {
  let engine: PredictionEngine<M>
  let inputs: PredictionEngine<M>.Inputs
  let targets: [PredictionTarget]
  let error: PredictionErrorScale

  private static var steps: [Double] { [-2, -1, 1, 2] }

  /// - Parameter base: values, means and variances at η itself.
  func estimates(_ base: PredictionColumns) throws -> [TargetPrediction.Gradient] {
    guard !engine.configuration.gradients.isEmpty else { return [] }
    guard !inputs.simulation.isReexecuted else {
      throw PredictionError(["The body reads numbers out of variables (item()): gradients by hyperparameters are not defined for it."])
    }
    let supplied = Set(inputs.simulation.supplies.map(\.name))
    let recorded = inputs.simulation.recorded
    let free = recorded.sites.first { $0.role == .latent && !supplied.contains($0.name) }?.name ?? recorded.resized.first?.name
    if let free {
      throw PredictionError([
        "\(free) is not among the draws of the data's own posterior: gradients by hyperparameters need draws of every latent variable, for these data."
      ])
    }
    let hyperparameters = try Hyperparameters(engine.model)
    let elements = try engine.configuration.gradients.flatMap { try hyperparameters.elements($0) }
    let bounds = try density(engine.model)
    return try elements.map { try gradient($0, hyperparameters, base, bounds) }
  }

  private func gradient(
    _ element: Hyperparameters<M>.Element, _ all: Hyperparameters<M>, _ base: PredictionColumns, _ bounds: Densities
  ) throws -> TargetPrediction.Gradient {
    let elements = targets.reduce(0) { $0 + $1.value.count }
    let h = 1e-3 * (element.value == 0 ? 1 : abs(element.value))
    let models = try Self.steps.map { try all.model(element, shift: $0 * h) }
    let densities = try models.map { try density($0) }
    for own in densities {
      if let site = own.movedBound(from: bounds) {
        throw PredictionError([
          "The support of \(site) moves with \(element.name), so that the derivative by it is no mean over draws: write \(site) as a function of a variable with a fixed support."
        ])
      }
    }
    let scores = difference(densities.map(\.columns), h, elements: 1)
    let paths = difference(try models.map { try means($0) }, h, elements: elements)
    let count = Double(base.rows)
    let score = Array(scores[0])
    let center = score.reduce(0, +) / count
    let known = targets.flatMap { target in [Bool](repeating: target.isMeanKnown, count: target.value.count) }
    let values = try Parallel.map(Array(0..<elements), threads: engine.threads) { place -> Estimate in
      guard known[place] else { return .undefined }
      let f = Array(base[elements + place])
      let path = Array(paths[place])
      let mean = f.reduce(0, +) / count
      return error.mean(f.indices.map { (f[$0] - mean) * (score[$0] - center) * (count / (count - 1)) + path[$0] })
    }
    return .init(name: element.name, value: values)
  }

  /// The derivative at the middle of four equally spaced functions.
  private func difference(_ columns: [PredictionColumns], _ h: Double, elements: Int) -> PredictionColumns {
    var result = PredictionColumns(elements: elements, rows: columns[0].rows)
    for k in result.values.indices {
      result.values[k] = (8 * (columns[2].values[k] - columns[1].values[k]) - (columns[3].values[k] - columns[0].values[k])) / (12 * h)
    }
    return result
  }

  private func supplies() -> [Simulation<M>.Supply] { inputs.simulation.supplies }

  private func runner(_ program: SimulationProgram<M>) -> PredictionRunner<M> {
    PredictionRunner(
      program: program, seed: engine.configuration.seed, purpose: PredictionEngine<M>.noisePurpose, threads: engine.threads,
      stop: engine.stop)
  }

  private func means(_ model: M) throws -> PredictionColumns {
    let supplied = Set(supplies().map(\.name))
    let program = try SimulationProgram(Simulation(model, supplies: supplies(), for: .posterior)) { recorded in
      recorded.predictionTargets(supplied: supplied).map { ($0.name, $0.mean.node) }
    }
    return try runner(program).run(inputs.table, step: 0)
  }

  /// The log density at each row, then the bounds of supports.
  private struct Densities {
    var columns: PredictionColumns
    /// The site of each bound, and its number of elements.
    var bounds: [(site: String, count: Int)]

    /// The site whose bounds are not those of another evaluation.
    func movedBound(from other: Densities) -> String? {
      var place = 1
      for (site, count) in bounds {
        for element in place..<(place + count) where columns[element] != other.columns[element] { return site }
        place += count
      }
      return nil
    }
  }

  private func density(_ model: M) throws -> Densities {
    let isPrior = if case .prior = engine.source { true } else { false }
    let simulation = try Simulation(model, supplies: supplies(), for: .density)
    let program = try SimulationProgram(simulation) { recorded in
      [("log density", isPrior ? recorded.logPrior : recorded.logDensity)] + recorded.supportBounds.map { ($0.site, $0.node) }
    }
    return Densities(
      columns: try runner(program).run(inputs.table, step: 0),
      bounds: simulation.recorded.supportBounds.map { ($0.site, $0.node.count) })
  }
}
