import Differentiation
import Foundation
import Modeling

/// Draws of everything a model has from its prior: latent sites, what the body returns, and every observed site drawn given them.
package struct PriorPredictive<M: Model>: Sendable {
  /// An observed site with its data.
  package struct Observed: Sendable {
    package let name: String
    /// With the axes of plates leading.
    package let shape: [Int]
    /// What was observed, row-major.
    package let data: [Double]
  }

  package let recorded: RecordedModel<M.Output>
  /// One chain; kinds latent, output and predictive.
  package let draws: DrawSet
  package let observed: [Observed]
  /// Observed sites that cannot be drawn, with the reason.
  package let omitted: [(site: String, reason: String)]

  static var purpose: UInt32 { 0x5043 }

  /// - Parameter count: draws; the first are the same for every count.
  /// Throws ``ModelError`` where the model has parameters, which have no prior, what the body throws, and `CancellationError`.
  package init(_ model: M, count: Int, seed: UInt64, threads: Int = 1, stop: FitStop = FitStop()) throws {
    let simulation = try Simulation(model)
    recorded = simulation.recorded
    let program = try SimulationProgram(simulation) { recorded in Self.wanted(recorded).map { ($0.variable.name, $0.node) } }
    let needed = Double(program.count) * Double(count) * 24
    let available = Double(ProcessInfo.processInfo.physicalMemory)
    guard needed < 0.7 * available else {
      throw FitError([
        "\(count) draws of \(program.count) numbers need \((needed / 1e9).brief()) GB, and this machine has \((available / 1e9).brief()): draw less."
      ])
    }
    let runner = PredictionRunner(program: program, seed: seed, purpose: Self.purpose, threads: threads, stop: stop)
    let columns = try runner.run(PredictionTable(blocks: [], rows: count, values: []), step: 0)
    var offset = 0
    var variables = Self.wanted(simulation.recorded).map(\.variable)
    for index in variables.indices {
      let size = variables[index].size
      variables[index].values = [
        [Double](unsafeUninitializedCapacity: count * size) { target, filled in
          for element in 0..<size {
            for draw in 0..<count { target[draw * size + element] = columns.values[(offset + element) * count + draw] }
          }
          filled = count * size
        }
      ]
      offset += size
    }
    draws = DrawSet(chains: 1, drawsPerChain: count, variables: variables, sampleStats: [:])
    observed = try Self.data(simulation, stop)
    omitted = recorded.sites.filter { $0.role == .observed }.compactMap { site in site.drawMistakes.first.map { (site.name, $0) } }
  }

  /// The observed sites that can be drawn anew.
  private static func drawable(_ recorded: RecordedModel<M.Output>) -> [Site] {
    recorded.sites.filter { $0.role == .observed && $0.predictive != nil && $0.drawMistakes.isEmpty }
  }

  /// The data, which are the same in every draw; those of sequences come out of the same loop as what is drawn.
  private static func data(_ simulation: Simulation<M>, _ stop: FitStop) throws -> [Observed] {
    let sites = drawable(simulation.recorded)
    guard !sites.isEmpty else { return [] }
    let program = try SimulationProgram(simulation) { recorded in Self.drawable(recorded).map { ($0.name, $0.outsideValue.node) } }
    let runner = PredictionRunner(program: program, seed: 0, purpose: Self.purpose, threads: 1, stop: stop)
    let values = try runner.run(PredictionTable(blocks: [], rows: 1, values: []), step: 0).values
    var result: [Observed] = []
    var offset = 0
    for site in sites {
      let size = site.outsideShape.reduce(1, *)
      result.append(Observed(name: site.name, shape: site.outsideShape, data: Array(values[offset..<(offset + size)])))
      offset += size
    }
    return result
  }

  private static func wanted(_ recorded: RecordedModel<M.Output>) -> [(variable: VariableDraws, node: Node)] {
    let own = recorded.variables.map { variable in
      (
        VariableDraws(name: variable.name, kind: variable.role == .output ? .output : .latent, shape: variable.shape, values: []),
        variable.value.node
      )
    }
    return own
      + drawable(recorded).compactMap { site in
        guard let predictive = site.predictive else { return nil }
        let value = site.outside(predictive.draw)
        return (VariableDraws(name: site.name, kind: .predictive, shape: value.shape, values: []), value.node)
      }
  }

  /// log p(data | latent variables) at the first draws, discrete sites summed out: −∞ where the data are impossible under them. Nil where it cannot be had
  /// (bodies that read numbers).
  package func logLikelihoods(_ model: M, summedOut: Set<String>, limit: Int) throws -> [Double]? {
    let supplies = draws.variables.filter { $0.kind == .latent && !summedOut.contains($0.name) }.map { variable in
      Simulation<M>.Supply(name: variable.name, shape: variable.shape, example: Array(variable.values[0].prefix(variable.size)))
    }
    guard let simulation = try? Simulation(model, supplies: supplies, for: .likelihood), !simulation.isReexecuted else { return nil }
    let program = try SimulationProgram(simulation, lanes: 1) { [("likelihood", $0.logDensity - $0.logPrior)] }
    let table = PredictionTable(draws, sites: simulation.supplies.map(\.name)).part(0..<min(limit, draws.drawsPerChain))
    let runner = PredictionRunner(program: program, seed: 0, purpose: Self.purpose, threads: 1, stop: FitStop())
    return Array(try runner.run(table, step: 0)[0])
  }
}
