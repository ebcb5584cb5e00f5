import Differentiation
import Distributions

extension CompiledModel {
  /// The prior of the unconstrained vector: what is left of the joint density without observations, factors and summed-out sites,
  /// log p(x) + log |det ∂x/∂u| over the latent sites.
  ///
  /// Throws ``ModelError`` where the joint is no product of such a prior and a likelihood: a parameter has no prior, a latent site depends on one that is summed
  /// out, or the body reads numbers out of latent variables.
  package func prior() throws -> any LogDensity {
    var problems: [ModelError.Problem] = []
    if isReexecuted {
      problems.append(.init(site: nil, at: nil, "the body reads a number from a latent variable, so that its prior is no single graph"))
    }
    for site in recorded.freeSites {
      if site.role == .parameter {
        problems.append(.init(site: site.name, at: site.source, "a parameter has no prior; give it one with sample, or use another method"))
      } else if site.logDensity == nil || !site.tables.isEmpty {
        problems.append(.init(site: site.name, at: site.source, "its prior depends on a site that is summed out; use another method"))
      }
    }
    guard problems.isEmpty else { throw ModelError(problems) }
    return PriorDensity(self)
  }

  /// The joint density of some lanes as in ``plan(lanes:)``, of the prior alone.
  fileprivate func priorPlan(lanes: Int) throws -> Plan {
    let value = recorded.freeSites.flatMap { [$0.logDensity, $0.logJacobian] }.compactMap { $0 }.reduce(.fill(0), +)
    let gradients = zip(inputs, Derivatives.pullback(of: [value], cotangents: [.fill(1)], to: inputs))
    return try Plan(
      outputs: [value] + gradients.map { $1 ?? .fill(0, shape: $0.shape) }, inputs: inputs, lanes: lanes, laned: inputs.map { _ in true })
  }
}

/// The prior of a model over its unconstrained vector.
private struct PriorDensity<M: Model>: LogDensity {
  let model: CompiledModel<M>
  var dimension: Int { model.dimension }
  let preferredLanes: Int

  init(_ model: CompiledModel<M>) {
    self.model = model
    preferredLanes = model.preferredLanes
  }

  func makeEvaluator(lanes: Int) throws -> any LogDensityEvaluator {
    let width = lanes == 1 ? 1 : min(lanes, preferredLanes)
    return try RecordedEvaluator(model.priorPlan(lanes: width), lanes: lanes, blocks: model.blocks, plates: [])
  }
}

/// Draws of the unconstrained vector from the prior, each addressed by (seed, number), or the vector at given values of some sites.
package final class PriorDraws<M: Model> {
  package static var purpose: UInt32 { 0x5055 }

  private let reader: SimulationReader<M>
  private let lanes: Int
  private let values: UnsafeMutablePointer<Double>
  private let seed: UInt64
  package let dimension: Int
  /// The given values, [number][lane].
  private var inputs: [Double] = []

  /// - Parameter supplies: sites of the model that have their example for a value in every draw.
  ///
  /// Throws ``ModelError``, or what the body throws.
  package init(_ compiled: CompiledModel<M>, seed: UInt64, supplies: [Simulation<M>.Supply] = []) throws {
    let names = compiled.blocks.map(\.name)
    let simulation = try Simulation(compiled.model, supplies: supplies)
    let program = try SimulationProgram(simulation) { recorded in
      names.compactMap { name in
        guard let site = recorded.sites.first(where: { $0.name == name }), let bijection = site.support?.bijection else { return nil }
        return (name, site.outside(bijection.inverse(site.value)).node)
      }
    }
    dimension = compiled.dimension
    guard program.count == dimension else {
      throw ModelError([
        .init(site: nil, at: nil, "a latent site has no unconstrained value when it is drawn from its prior; use another method")
      ])
    }
    reader = try program.makeReader()
    lanes = program.lanes
    values = .allocate(capacity: max(1, program.count * lanes))
    self.seed = seed
    inputs = simulation.supplies.flatMap { $0.example.flatMap { [Double](repeating: $0, count: program.lanes) } } + [0]
  }

  deinit { values.deallocate() }

  /// Draws `first`, …, `first` + `count` − 1, flat [draw][dimension].
  package func read(first: Int, count: Int) throws -> [Double] {
    var draws = [Double](repeating: 0, count: count * dimension)
    // Groups begin at multiples of the lanes, so that a draw does not depend on where the reading begins.
    var group = first / lanes * lanes
    while group < first + count {
      let random = RandomContext(seed: seed, purpose: Self.purpose, step: 0, firstChain: UInt32(truncatingIfNeeded: group))
      try reader.read(inputs: inputs, values: values, random: random)
      for lane in 0..<lanes where (first..<(first + count)).contains(group + lane) {
        for i in 0..<dimension { draws[(group + lane - first) * dimension + i] = values[i * lanes + lane] }
      }
      group += lanes
    }
    return draws
  }
}
