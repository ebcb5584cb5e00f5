import Kernels
import Modeling

/// In which coordinates a sampler moves the latent sites that have a choice (``Parameterization``).
package enum Centering: String, Codable, Sendable, CaseIterable {
  /// Chosen before the chains start (``CenteringPilot``).
  case automatic = "auto"
  /// Every site by its value.
  case asWritten = "as-written"
}

/// The coordinates of a run, and what choosing them cost.
package struct CenteringChoice: Codable, Sendable, Equatable {
  package var parameterization: Parameterization
  package var gradientEvaluations: Int
}

/// Chooses the coordinates of a model's location-scale sites from a short run of its own, so that the choice depends on (model, seed) alone: on no
/// chain, and so on neither threads nor lanes.
///
/// The run is one NUTS chain with all sites non-centred: there every funnel is open, and where the data say much the way through is narrow, but
/// short trajectories suffice to see that. With zⱼ standard and ℓ the rest of the log density, E(−∂²ℓ/∂zⱼ²) = Var(∂(ℓ − zⱼ²/2)/∂zⱼ) − 1 is the
/// weight of the data against the prior at element j, and λⱼ = 1 − 1/Var(∂ log p/∂zⱼ) balances the two (Papaspiliopoulos, Roberts and Sköld 2007,
/// for normals: λ = I/(I + 1/s²)).
///
/// Candidates for each site are its value (λ = 1), the standard variable (λ = 0), and λⱼ as above. The draws are carried over to the coordinates of
/// a candidate, where the Fisher divergence to the nearest Gaussian with independent elements is
///
///     Σᵢ (√(Var uᵢ · Var gᵢ) − 1),   g = ∇ log p(u)
///
/// (twice it, to be exact; 0 for such a Gaussian only). The least wins; a candidate must be better than the model as written by `leastGain`.
struct CenteringPilot<M: Model> {
  let model: M
  /// The model by its values.
  let written: CompiledModel<M>
  let seed: UInt64

  /// What the pilot is to gain on the model as written, and what λⱼ between 0 and 1 is to gain on both ends.
  private static var leastGain: Double { 0.8 }
  private static var leastPartialGain: Double { 0.95 }
  /// With more sites than this all are treated alike.
  private static var siteLimit: Int { 8 }
  private static var purpose: UInt32 { 0x4345 }

  private struct Candidate {
    var parameterization: Parameterization
    var model: CompiledModel<M>
    var divergence: Double
  }

  /// The settings of the pilot chain.
  static var configuration: NUTSConfiguration {
    var configuration = NUTSConfiguration()
    configuration.warmup = 200
    configuration.draws = 200
    configuration.maxTreeDepth = 6
    configuration.targetAcceptance = TargetAcceptance.initial
    configuration.metric = .diagonalFisher
    return configuration
  }

  /// The seed of the pilot chain.
  static func pilotSeed(_ seed: UInt64) -> UInt64 {
    var stream = RandomStream(at: RandomAddress(seed: seed, purpose: purpose))
    return stream.nextInteger(below: .max)
  }

  /// The model in the coordinates chosen; nil for a model without sites that have a choice. Throws `CancellationError` when stopped.
  ///
  /// - Parameter initial: a starting point, whose elements at sites with a choice do not count.
  func choose(
    initial: [Double]?, checkpoint: CheckpointPart? = nil, onProgress: @escaping @Sendable (NUTSProgress) -> NUTSControl
  ) throws -> (model: CompiledModel<M>, choice: CenteringChoice)? {
    let sites = written.movableSites
    guard !sites.isEmpty else { return nil }
    if let choice = try checkpoint?.part("choice").restored(CenteringChoice.self, isSound: { $0.gradientEvaluations.isCount }) {
      let isWritten = choice.parameterization == .asWritten
      return (try isWritten ? written : CompiledModel(model, parameterization: choice.parameterization), choice)
    }
    let found = try search(sites, initial, checkpoint, onProgress)
    checkpoint?.part("choice").save(found.choice)
    return found
  }

  private func search(
    _ sites: [MovableSite], _ initial: [Double]?, _ checkpoint: CheckpointPart?,
    _ onProgress: @escaping @Sendable (NUTSProgress) -> NUTSControl
  ) throws -> (model: CompiledModel<M>, choice: CenteringChoice) {
    let standard = try CompiledModel(model, parameterization: uniform(sites, 0))
    let run = try runNUTS(
      standard, configuration: Self.configuration, seed: Self.pilotSeed(seed), chainIDs: [0], initial: initial.map { [$0] },
      checkpoint: checkpoint, onProgress: onProgress)
    let chain = run.chains[0]
    guard chain.status != .stopped else { throw CancellationError() }
    var evaluations = chain.gradientEvaluations
    guard chain.status == .finished else {
      return (written, CenteringChoice(parameterization: .asWritten, gradientEvaluations: evaluations))
    }
    let reader = try CoordinateReader(standard)
    let n = standard.dimension
    let points = (0..<chain.trace.count).map { reader.read(Array(chain.trace.draws[($0 * n)..<($0 * n + n)])) }

    func candidate(_ parameterization: Parameterization, _ compiled: CompiledModel<M>? = nil) throws -> (Candidate, [Double]) {
      let own = try compiled ?? CompiledModel(model, parameterization: parameterization)
      let spread = try Spread(own, points.map { $0.position(in: parameterization) })
      evaluations += points.count
      return (Candidate(parameterization: parameterization, model: own, divergence: spread.divergence), spread.gradientVariance)
    }

    let (centred, _) = try candidate(.asWritten, written)
    let (standardized, variances) = try candidate(uniform(sites, 0), standard)
    var best = standardized.divergence < centred.divergence ? standardized : centred
    let partial = balanced(sites, variances)
    func consider(_ weights: Parameterization, gain: Double) throws {
      guard weights != best.parameterization else { return }
      let (found, _) = try candidate(weights)
      if found.divergence < gain * best.divergence { best = found }
    }
    try consider(partial, gain: Self.leastPartialGain)
    if (2...Self.siteLimit).contains(sites.count) {
      for site in sites {
        for weights in [[Double](repeating: 1, count: site.count), [Double](repeating: 0, count: site.count), partial.weights[site.name]!] {
          var other = best.parameterization
          other.weights[site.name] = weights
          try consider(other, gain: Self.leastPartialGain)
        }
      }
    }
    if !(best.divergence < Self.leastGain * centred.divergence) { best = centred }
    return (best.model, CenteringChoice(parameterization: best.parameterization, gradientEvaluations: evaluations))
  }

  private func uniform(_ sites: [MovableSite], _ weight: Double) -> Parameterization {
    Parameterization(weights: Dictionary(uniqueKeysWithValues: sites.map { ($0.name, [Double](repeating: weight, count: $0.count)) }))
  }

  /// λⱼ = 1 − 1/Var gⱼ with the gradient by the standard variables; for sites that are moved as a whole the nearer end.
  private func balanced(_ sites: [MovableSite], _ variances: [Double]) -> Parameterization {
    var result = Parameterization()
    for site in sites {
      guard let block = written.blocks.first(where: { $0.name == site.name }) else { continue }
      let weights = variances[block.offset..<(block.offset + block.count)].map { $0 > 1 ? 1 - 1 / $0 : 0 }
      let mean = weights.reduce(0, +) / Double(max(weights.count, 1))
      result.weights[site.name] = site.isElementwise ? weights : weights.map { _ in mean < 0.5 ? 0 : 1 }
    }
    return result
  }
}

/// Draws with their gradients, element by element.
private struct Spread {
  /// Var gᵢ.
  let gradientVariance: [Double]
  /// Σᵢ (√(Var uᵢ · Var gᵢ) − 1); infinite where a gradient is not finite.
  let divergence: Double

  init(_ density: any LogDensity, _ draws: [[Double]]) throws {
    let evaluator = try density.makeEvaluator(lanes: 1)
    var positions = RunningVariance(dimension: density.dimension)
    var gradients = positions
    var value = [0.0]
    var gradient = [Double](repeating: 0, count: density.dimension)
    for draw in draws {
      evaluator.evaluate(positions: draw, values: &value, gradients: &gradient)
      positions.add(draw)
      gradients.add(gradient)
    }
    let share = 1 / Double(max(draws.count - 1, 1))
    gradientVariance = gradients.squares.map { $0 * share }
    let total = zip(positions.squares, gradients.squares).reduce(0) { $0 + ($1.0 * $1.1).squareRoot() * share - 1 }
    divergence = total.isFinite ? total : .infinity
  }
}
