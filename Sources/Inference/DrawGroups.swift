import Foundation
import Modeling

/// What stands beside the posterior in a file of draws, group by group under ArviZ's names; a group that nobody asked for is empty.
package struct DrawGroups: Sendable {
  /// The groups that can be asked for.
  package enum Name: String, Sendable, CaseIterable {
    case logLikelihood = "log-likelihood"
    case logPrior = "log-prior"
    case predictive
  }

  /// The data of an observed site.
  package struct Observed: Sendable, Equatable {
    package var name: String
    package var shape: [Int]
    package var values: [Double]
    package init(name: String, shape: [Int], values: [Double]) {
      self.name = name
      self.shape = shape
      self.values = values
    }
  }

  /// log p(y_i | draw) for each element of each observed site.
  package var logLikelihood: [VariableDraws] = []
  /// log p of each latent site at each draw, on the scale of the site.
  package var logPrior: [VariableDraws] = []
  /// Observed sites drawn anew.
  package var posteriorPredictive: [VariableDraws] = []
  package var observedData: [Observed] = []
  /// Sentences on sites that could not be had.
  package var notes: [String] = []

  package init() {}
  package var isEmpty: Bool { logLikelihood.isEmpty && logPrior.isEmpty && posteriorPredictive.isEmpty && observedData.isEmpty }
}

/// Evaluates a model at draws of its latent sites, from any method: densities of single observations, of the priors, and new observations.
package struct DrawEvaluation<M: Model>: Sendable {
  let model: M
  let draws: DrawSet
  /// Latent sites whose draws are left aside, since they are summed out.
  let summedOut: Set<String>
  let seed: UInt64
  let threads: Int
  let stop: FitStop

  /// Addresses new observations.
  static var purpose: UInt32 { 0x504C }

  /// - Parameters:
  ///   - draws: at least every latent site of the model; what it does not have is left aside.
  ///   - summedOut: nil for the sites that a fit without a guide of its own sums out.
  ///   - threads: nil for as many as the machine has cores. Results do not depend on it.
  package init(_ model: M, _ draws: DrawSet, summedOut: Set<String>? = nil, seed: UInt64, threads: Int? = nil, stop: FitStop = FitStop()) {
    self.model = model
    self.draws = draws
    self.summedOut = summedOut ?? Set((try? CompiledModel(model))?.recorded.summation?.sites.map(\.name) ?? [])
    self.seed = seed
    self.threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
    self.stop = stop
  }

  /// The groups asked for, and the data where a group is about them. Throws ``ModelError``, ``PredictionError``, what the body throws, and `CancellationError`
  /// when stopped.
  package func groups(_ wanted: Set<DrawGroups.Name>) throws -> DrawGroups {
    var groups = DrawGroups()
    if wanted.contains(.logLikelihood) || wanted.contains(.logPrior) { try addDensities(to: &groups, wanted) }
    if wanted.contains(.predictive) { try addPredictions(to: &groups) }
    return groups
  }

  private func supplies(_ names: (String) -> Bool) -> [Simulation<M>.Supply] {
    draws.variables.filter { names($0.name) }.map { variable in
      .init(name: variable.name, shape: variable.shape, example: Array((variable.values.first ?? []).prefix(variable.size)))
    }
  }

  private func addDensities(to groups: inout DrawGroups, _ wanted: Set<DrawGroups.Name>) throws {
    let simulation = try Simulation(model, supplies: supplies { !summedOut.contains($0) }, for: .likelihood)
    let (targets, omitted) = simulation.recorded.likelihoodTargets()
    let isLikelihood = wanted.contains(.logLikelihood)
    let isPrior = wanted.contains(.logPrior)
    if isLikelihood { groups.notes += omitted }
    let priors = simulation.recorded.priorTargets
    let program = try SimulationProgram(simulation) { recorded in
      (isLikelihood ? recorded.likelihoodTargets().targets.map { ("likelihood " + $0.name, $0.value.node) } : [])
        + (isPrior ? recorded.priorTargets.map { ("prior " + $0.name, $0.value) } : [])
    }
    let shapes = (isLikelihood ? targets.map { ($0.name, $0.shape) } : []) + (isPrior ? priors.map { ($0.name, [Int]()) } : [])
    let all = try evaluate(program, simulation, shapes, kind: .output)
    groups.logLikelihood = isLikelihood ? Array(all.prefix(targets.count)) : []
    groups.logPrior = isPrior ? Array(all.suffix(priors.count)) : []
    if isPrior, priors.isEmpty {
      let hidden = simulation.recorded.sites.filter(\.isSummedOut).map(\.name)
      groups.notes.append(
        hidden.isEmpty
          ? "The model has no latent site: there is no log prior."
          : "There is no log prior: \(hidden.joined(separator: ", ")) \(hidden.count == 1 ? "is" : "are") summed out, and no other site is latent."
      )
    }
    guard isLikelihood else { return }
    groups.observedData = targets.compactMap { target in
      target.observed.map { DrawGroups.Observed(name: target.name, shape: $0.shape, values: $0.values) }
    }
  }

  private func addPredictions(to groups: inout DrawGroups) throws {
    let simulation = try Simulation(model, supplies: supplies { _ in true }, for: .posterior)
    let supplied = Set(simulation.supplies.map(\.name))
    let targets = simulation.recorded.predictionTargets(supplied: supplied).filter { $0.kind == .predictive }
    for site in simulation.recorded.sites where site.role == .observed {
      if let sentence = site.drawMistakes.first { groups.notes.append("\(site.name) is not predicted: \(sentence).") }
    }
    let program = try SimulationProgram(simulation) { recorded in
      recorded.predictionTargets(supplied: supplied).filter { $0.kind == .predictive }.map { ($0.name, $0.value.node) }
    }
    groups.posteriorPredictive = try evaluate(program, simulation, targets.map { ($0.name, $0.shape) }, kind: .predictive)
    guard groups.observedData.isEmpty else { return }
    let known = try Simulation(model, supplies: supplies { !summedOut.contains($0) }, for: .likelihood)
    groups.observedData = known.recorded.likelihoodTargets().targets.compactMap { target in
      target.observed.map { DrawGroups.Observed(name: target.name, shape: $0.shape, values: $0.values) }
    }
  }

  private func evaluate(
    _ program: SimulationProgram<M>, _ simulation: Simulation<M>, _ shapes: [(name: String, shape: [Int])], kind: VariableKind
  ) throws -> [VariableDraws] {
    let names = simulation.supplies.map(\.name)
    let problems = PredictionTable.problems(draws, simulation.recorded, sites: names)
    guard problems.isEmpty else { throw PredictionError(problems) }
    let table = PredictionTable(draws, sites: names)
    let needed = 3 * Double(program.count) * Double(table.rows) * 8
    let available = Double(ProcessInfo.processInfo.physicalMemory)
    guard needed < 0.7 * available else {
      throw PredictionError([
        "\(table.rows) draws of \(program.count) numbers need \((needed / 1e9).brief()) GB, and this machine has \((available / 1e9).brief()): draw less."
      ])
    }
    let runner = PredictionRunner(program: program, seed: seed, purpose: Self.purpose, threads: threads, stop: stop)
    let columns = try runner.run(table, step: 0)
    var offset = 0
    return shapes.map { name, shape in
      let size = shape.reduce(1, *)
      defer { offset += size }
      return columns.variable(name, kind, shape: shape, offset: offset, chains: draws.chains, drawsPerChain: draws.drawsPerChain)
    }
  }
}

extension PredictionColumns {
  /// The elements from `offset` on as draws of one variable, rows being chain after chain.
  func variable(_ name: String, _ kind: VariableKind, shape: [Int], offset: Int, chains: Int, drawsPerChain: Int) -> VariableDraws {
    let size = shape.reduce(1, *)
    let all = (0..<chains).map { chain in
      [Double](unsafeUninitializedCapacity: drawsPerChain * size) { target, count in
        for draw in 0..<drawsPerChain {
          for k in 0..<size { target[draw * size + k] = values[(offset + k) * rows + chain * drawsPerChain + draw] }
        }
        count = drawsPerChain * size
      }
    }
    return VariableDraws(name: name, kind: kind, shape: shape, values: all)
  }
}
