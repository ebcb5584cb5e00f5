import Differentiation
import Foundation
import Modeling

/// What a body returns for every joint value of its discrete sites, with the posterior probability of each: exact moments and quantiles of any function of
/// them. For a model without continuous unknowns.
struct JointValues: Sendable {
  /// The most joint values that are gone through.
  static var limit: Int { 4096 }
  /// P(joint value | data).
  let probabilities: [Double]
  /// Results of the body by name, [joint value][element].
  let outputs: [String: [[Double]]]

  /// Nil where no site is summed out, where there are too many joint values, and where the density of one cannot be had by itself. Throws what replaying
  /// the body throws.
  init?<M: Model>(_ compiled: CompiledModel<M>, logEvidence: Double, threads: Int, stop: FitStop) throws {
    guard let summation = compiled.recorded.summation, let sites = Self.values(summation, compiled.recorded.sites) else { return nil }
    let supplies = sites.variables.map { variable in
      Simulation<M>.Supply(name: variable.name, shape: variable.shape, example: Array(variable.values[0].prefix(variable.size)))
    }
    guard let simulation = try? Simulation(compiled.model, supplies: supplies, for: .density), !simulation.isReexecuted else { return nil }
    let program = try SimulationProgram(simulation) { recorded in
      [("density", recorded.logDensity)] + Self.results(recorded).map { ($0.name, $0.value.node) }
    }
    let runner = PredictionRunner(program: program, seed: 0, purpose: 0, threads: threads, stop: stop)
    let columns = try runner.run(PredictionTable(sites, sites: simulation.supplies.map(\.name)), step: 0)
    probabilities = columns[0].map { exp($0 - logEvidence) }
    // A density that is not the one of the sums is that of another model: there is nothing to weight with.
    guard abs(probabilities.reduce(0, +) - 1) < 1e-6 else { return nil }
    var found: [String: [[Double]]] = [:]
    var offset = 1
    for variable in Self.results(simulation.recorded) {
      let size = variable.shape.reduce(1, *)
      found[variable.name] = (0..<columns.rows).map { row in (0..<size).map { columns.values[(offset + $0) * columns.rows + row] } }
      offset += size
    }
    outputs = found
  }

  /// What the body returns and does not draw itself.
  private static func results<Output>(_ recorded: RecordedModel<Output>) -> [ModelVariable] {
    recorded.undrawnVariables.filter { $0.role == .output }
  }

  /// Every joint value, as draws of one chain.
  private static func values(_ summation: Summation, _ sites: [Site]) -> DrawSet? {
    var total = 1
    var variables: [VariableDraws] = []
    for own in summation.sites {
      guard let site = sites.first(where: { $0.name == own.name }) else { return nil }
      let variable = VariableDraws(name: own.name, kind: .latent, shape: site.outsideShape, values: [[]])
      for _ in 0..<variable.size {
        total *= own.values.count
        guard total <= limit else { return nil }
      }
      variables.append(variable)
    }
    // Digits of the number of the joint value, those of the last element running fastest.
    for row in 0..<total {
      var rest = row
      for (place, own) in summation.sites.enumerated().reversed() {
        var digits: [Double] = []
        for _ in 0..<variables[place].size {
          digits.append(own.values[rest % own.values.count])
          rest /= own.values.count
        }
        variables[place].values[0] += digits.reversed()
      }
    }
    return DrawSet(chains: 1, drawsPerChain: total, variables: variables, sampleStats: [:])
  }
}

extension RecordedModel {
  /// The variables that no draw enters.
  var undrawnVariables: [ModelVariable] { variables.filter { !Node.reachable(from: [$0.value.node]).contains(where: \.isDraw) } }
}

extension VariableSummary {
  /// The summary by exact probabilities: of a site that is summed out by those of its values, which are the same in every draw, and of a result by those of
  /// all joint values. What no draw enters is known exactly, and all else stays as it is.
  func exact<Output>(_ recorded: RecordedModel<Output>, _ draws: DrawSet, _ joint: JointValues?) -> VariableSummary {
    var summary = self
    let summation = recorded.summation
    let isSteady = recorded.undrawnVariables.contains { $0.name == name }
    for element in 0..<size {
      if let site = summation?.sites.first(where: { $0.name == name }), let variable = summation?.probabilities[name],
        let all = draws.variables.first(where: { $0.name == variable.name })?.values.first
      {
        let start = element * site.values.count
        summary.set(element, zip(site.values, all[start..<(start + site.values.count)]).map { ($0, $1) })
      } else if let joint, let all = joint.outputs[name], all.allSatisfy({ $0.count == size && $0[element].isFinite }) {
        summary.set(element, zip(all, joint.probabilities).map { ($0[element], $1) }.sorted { $0.0 < $1.0 })
      } else if isSteady, gaps[element] == .constant {
        summary.set(element, [(mean[element], 1)])
      }
    }
    return summary
  }

  /// A quantile is the least value whose distribution function reaches the probability; errors are 0.
  private mutating func set(_ element: Int, _ values: [(value: Double, probability: Double)]) {
    let center = values.reduce(0) { $0 + $1.value * $1.probability }
    mean[element] = center
    sd[element] = values.reduce(0) { $0 + ($1.value - center) * ($1.value - center) * $1.probability }.squareRoot()
    (mcseMean[element], mcseSD[element]) = (0, 0)
    (essBulk[element], essTail[element], rHat[element]) = (.nan, .nan, .nan)
    gaps[element] = .exact
    func quantile(_ probability: Double) -> Double {
      var total = 0.0
      for (value, own) in values {
        total += own
        // A sum that rounding has left a little below the probability reaches it.
        if total >= probability - 1e-12 { return value }
      }
      return values.last?.value ?? .nan
    }
    median[element] = quantile(0.5)
    for k in quantiles.indices {
      quantiles[k].value[element] = quantile(quantiles[k].probability)
      quantiles[k].mcse[element] = 0
    }
  }
}
