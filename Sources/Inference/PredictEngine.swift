import Foundation
import Modeling

/// One prediction from the model and its inputs to everything that is known about the outcome, on the thread that calls ``run()``.
package struct PredictionEngine<M: Model>: Sendable {
  /// Where the inputs come from.
  package enum Source: Sendable {
    /// All latent sites are drawn from their priors; nothing is observed.
    case prior
    /// Draws of the latent sites. `independent` names inputs that are independent of each other, with independent draws; nil for draws of
    /// a Markov chain, or of a joint distribution.
    case draws(DrawSet, independent: [IndependentInput]?)
  }

  let model: M
  let source: Source
  let configuration: PredictionConfiguration
  let threads: Int
  let stop: FitStop

  /// Addresses what is drawn for the inputs, and what is drawn besides them.
  static var inputPurpose: UInt32 { 0x5041 }
  static var noisePurpose: UInt32 { 0x5042 }
  /// Independent inputs are taken apart by element up to so many.
  static var inputLimit: Int { 64 }

  /// - Parameter threads: nil for as many as the machine has cores. Results do not depend on it.
  package init(_ model: M, _ source: Source, _ configuration: PredictionConfiguration, threads: Int?, stop: FitStop) {
    self.model = model
    self.source = source
    self.configuration = configuration
    self.threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
    self.stop = stop
  }

  /// Inputs as the rest works with them.
  struct Inputs: Sendable {
    var simulation: Simulation<M>
    var table: PredictionTable
    var chains: Int
    var independent: [IndependentInput]?
    /// Independent draws of all inputs beside `table`; nil where there are none.
    var other: PredictionTable?
    var notes: [String] = []
  }

  /// Throws ``ModelError``, ``PredictionError``, what the body throws, and `CancellationError` when stopped.
  package func run() throws -> Prediction<M.Output> {
    var inputs = try makeInputs()
    var settings = configuration
    settings.hasIndependentInputs = inputs.independent != nil
    settings.draws = inputs.table.rows
    guard inputs.table.rows > 1 else { throw PredictionError(["A prediction takes at least 2 draws; a mode is one point."]) }
    let supplied = Set(inputs.simulation.supplies.map(\.name))
    let targets = inputs.simulation.recorded.predictionTargets(supplied: supplied)
    inputs.notes += notes(inputs.simulation, supplied)
    guard !targets.isEmpty else {
      throw PredictionError(
        inputs.notes + ["The model has no outputs besides its latent sites, and no observed sites: there is nothing to predict."])
    }
    let elements = targets.reduce(0) { $0 + $1.value.count }
    try checkMemory(elements, rows: inputs.table.rows)
    let program = try SimulationProgram(inputs.simulation) { recorded in
      let all = recorded.predictionTargets(supplied: supplied)
      return all.map { ($0.name, $0.value.node) } + all.map { ("mean " + $0.name, $0.mean.node) }
        + all.map { ("variance " + $0.name, $0.variance.node) }
    }
    let runner = PredictionRunner(program: program, seed: settings.seed, purpose: Self.noisePurpose, threads: threads, stop: stop)
    let columns = try runner.run(inputs.table, step: 0)
    let error = PredictionErrorScale(chains: inputs.chains, isIndependent: settings.hasIndependentDraws)
    let draws = drawSet(targets, columns, inputs)
    var summaries = try FitSummary.summarize(draws, threads: threads)
    if settings.hasIndependentDraws {
      let root = Double(inputs.table.rows).squareRoot()
      for index in summaries.indices { summaries[index].mcseMean = summaries[index].sd.map { $0 / root } }
    }
    var results = summaries.map { TargetPrediction(summary: $0) }
    let isNested = targets.contains { !$0.isMeanKnown }
    settings.replicates = isNested ? settings.replicates : 1
    let splits = try PredictionSplit(runner: runner, table: inputs.table, elements: elements, replicates: settings.replicates, error: error)
      .estimates(columns)
    var shares: [TargetPrediction.Share] = []
    if settings.wantsShares {
      shares = try self.shares(runner, inputs, columns, elements, isNested: isNested, error: error, &inputs.notes)
    }
    let gradients = try PredictionGradient(engine: self, inputs: inputs, targets: targets, error: error).estimates(columns)
    var offset = 0
    for (index, target) in targets.enumerated() {
      let range = offset..<(offset + target.value.count)
      results[index].split = .init(aleatoric: Array(splits.aleatoric[range]), epistemic: Array(splits.epistemic[range]))
      results[index].shares = shares.map { share in
        .init(input: share.input, kind: share.kind, first: Array(share.first[range]), total: share.total.map { Array($0[range]) })
      }
      results[index].gradients = gradients.map { .init(name: $0.name, value: Array($0.value[range])) }
      offset = range.upperBound
    }
    return Prediction(
      notes: inputs.notes, recorded: inputs.simulation.recorded, targets: results, drawSet: draws, configuration: settings)
  }

  // MARK: - Inputs

  private func makeInputs() throws -> Inputs {
    switch source {
    case .prior: return try priorInputs()
    case .draws(let draws, let independent):
      let supplies = draws.variables.map { variable in
        Simulation<M>.Supply(
          name: variable.name, shape: variable.shape, example: Array((variable.values.first ?? []).prefix(variable.size)))
      }
      let simulation = try Simulation(model, supplies: supplies, for: .posterior)
      let names = simulation.supplies.map(\.name)
      let problems = PredictionTable.problems(draws, simulation.recorded, sites: names)
      guard problems.isEmpty else { throw PredictionError(problems) }
      let whole = PredictionTable(draws, sites: names)
      let known = independent?.filter { $0.parts.allSatisfy { names.contains($0.site) } }
      // Half of the draws are the independent copy of the other half.
      return Inputs(
        simulation: simulation, table: whole, chains: draws.chains, independent: known,
        other: known == nil || whole.rows < 16 ? nil : whole.part((whole.rows / 2)..<(whole.rows / 2 * 2)))
    }
  }

  private func priorInputs() throws -> Inputs {
    let sampler = try Simulation(model)
    let sites = sampler.recorded.sites.filter { $0.role == .latent }
    let program = try SimulationProgram(sampler) { recorded in
      recorded.sites.filter { $0.role == .latent }.map { ($0.name, $0.outsideValue.node) }
    }
    let runner = PredictionRunner(program: program, seed: configuration.seed, purpose: Self.inputPurpose, threads: threads, stop: stop)
    let nothing = PredictionTable(blocks: [], rows: configuration.draws, values: [])
    func draw(_ step: UInt64) throws -> PredictionTable {
      let columns = try runner.run(nothing, step: step)
      var table = nothing
      var offset = 0
      for site in sites {
        table.blocks.append(.init(name: site.name, shape: site.outsideShape, offset: offset))
        offset += site.outsideShape.reduce(1, *)
      }
      table.values = (0..<table.rows).flatMap { row in (0..<offset).map { columns.values[$0 * columns.rows + row] } }
      return table
    }
    let table = try draw(0)
    let independent = sampler.isReexecuted ? nil : sampler.recorded.independentInputs(limit: Self.inputLimit)
    let supplies = table.blocks.map { block in
      Simulation<M>.Supply(name: block.name, shape: block.shape, example: Array(table.values[block.offset..<(block.offset + block.count)]))
    }
    return Inputs(
      simulation: try Simulation(model, supplies: supplies), table: table, chains: 1, independent: independent,
      other: independent == nil || !configuration.wantsShares ? nil : try draw(1))
  }

  /// What a reader of the numbers has to know.
  private func notes(_ simulation: Simulation<M>, _ supplied: Set<String>) -> [String] {
    let recorded = simulation.recorded
    var notes = recorded.sites.filter { $0.role == .latent && !supplied.contains($0.name) }.map { site in
      recorded.redrawn.contains(site.name)
        ? "\(site.name) is drawn from its prior given the other variables: its plate or sequence has another size than in the draws."
        : "\(site.name) is not among the draws and is drawn from its prior given the other variables."
    }
    notes += recorded.resized.map { site in
      site.steps > site.known
        ? "\(site.name) goes on: its first \(site.known) steps come from the draws, the \(site.steps - site.known) after them are drawn given those before."
        : "\(site.name) has \(site.steps) steps here: the first of the \(site.known) in the draws."
    }
    for site in recorded.sites where site.role == .observed {
      if let sentence = site.drawMistakes.first { notes.append("\(site.name) is not predicted: \(sentence).") }
    }
    if case .prior = source {
      notes += recorded.sites.filter { $0.role == .factor }.map { "The factor \($0.name) does not act on draws from the prior." }
    }
    return notes
  }

  /// Refuses to begin what the machine cannot hold: the draws, their means and variances, and sums of them.
  private func checkMemory(_ elements: Int, rows: Int) throws {
    let needed = 8 * Double(elements) * Double(rows) * 8
    let available = Double(ProcessInfo.processInfo.physicalMemory)
    guard needed > 0.7 * available else { return }
    throw PredictionError([
      "\(rows) draws of \(elements) predicted numbers need \((needed / 1e9).brief()) GB, and this machine has \((available / 1e9).brief()): draw less."
    ])
  }

  // MARK: - Draws and shares

  private func drawSet(_ targets: [PredictionTarget], _ columns: PredictionColumns, _ inputs: Inputs) -> DrawSet {
    let perChain = inputs.table.rows / max(inputs.chains, 1)
    var offset = 0
    let variables = targets.map { target in
      let size = target.value.count
      let kind: VariableKind =
        switch target.kind {
        case .latent: .latent
        case .output: .output
        case .predictive: .predictive
        }
      defer { offset += size }
      return columns.variable(
        target.name, kind, shape: target.shape, offset: offset, chains: inputs.chains, drawsPerChain: perChain)
    }
    return DrawSet(chains: inputs.chains, drawsPerChain: perChain, variables: variables, sampleStats: [:])
  }

  private func shares(
    _ runner: PredictionRunner<M>, _ inputs: Inputs, _ columns: PredictionColumns, _ elements: Int, isNested: Bool,
    error: PredictionErrorScale, _ notes: inout [String]
  ) throws -> [TargetPrediction.Share] {
    if let independent = inputs.independent, let other = inputs.other {
      return try IndependentShares(
        runner: runner, table: inputs.table.part(0..<other.rows), other: other, inputs: independent, elements: elements, hasNoise: isNested
      ).estimates()
    }
    let movable = inputs.simulation.recorded.sites.filter { $0.role == .latent && ($0.support?.eventRank ?? 0) == 0 }.map(\.name)
    let (shares, omitted) = try DependentShares(
      runner: runner, table: inputs.table, columns: columns, elements: elements, error: error, hasNoise: isNested, movable: Set(movable)
    ).estimates()
    notes += omitted
    return shares
  }
}
