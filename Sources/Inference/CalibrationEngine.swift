import Differentiation
import Dispatch
import Foundation
import Kernels
import Modeling
import Synchronization

/// Simulation-based calibration: values of the latent sites are drawn from their priors, data from the model given these, and the model is fitted to the data. Where
/// model, data and method belong together the rank of the true value among the draws of each posterior is uniform, for every quantity.
///
/// Source: Talts, Betancourt, Simpson, Vehtari, Gelman, "Validating Bayesian inference algorithms with simulation-based calibration" (2018). The log
/// likelihood of the data is a quantity like the others: it sees defects that no function of the parameters alone sees (Modrák, Moon, Kim, Bürkner, Huurre, Faltejsková,
/// Gelman, Vehtari, "Simulation-based calibration checking for Bayesian computation: the choice of test quantities shapes sensitivity", Bayesian Analysis 2023).
///
/// Equal seed, equal bits, on any number of threads: data sets are addressed by their number, and a look comes after a fixed number of them.
package struct CalibrationEngine<M: Model>: Sendable {
  /// The model that data are drawn from.
  let generator: M
  /// The model that is fitted; its own data have only their shapes.
  let model: M
  let method: Method<GivenModel<M>>
  let guide: CalibratedGuide<M>?
  let configuration: CalibrationConfiguration
  let threads: Int
  let stop: FitStop
  let onProgress: @Sendable (FitProgress) -> Void

  static var truthPurpose: UInt32 { 0x5341 }
  static var fitPurpose: UInt32 { 0x5342 }
  static var tiePurpose: UInt32 { 0x5343 }

  /// - Parameters:
  ///   - generator: nil for the model itself.
  ///   - guide: the guide of a method whose guide is a program; nil for other methods.
  ///   - threads: nil for as many as the machine has cores. Results do not depend on it.
  package init(
    _ model: M, generator: M? = nil, _ method: Method<GivenModel<M>>, guide: CalibratedGuide<M>? = nil,
    _ configuration: CalibrationConfiguration, threads: Int? = nil, stop: FitStop = FitStop(),
    onProgress: @escaping @Sendable (FitProgress) -> Void = { _ in }
  ) {
    self.generator = generator ?? model
    self.model = model
    self.method = method
    self.guide = guide
    self.configuration = configuration
    self.threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
    self.stop = stop
    self.onProgress = onProgress
  }

  /// One data set with the values that it was drawn from.
  private struct Truth: Sendable {
    var values: [String: (shape: [Int], values: [Double])]
    var data: [String: (shape: [Int], values: [Double])]

    /// The model with these data.
    func given(_ model: M) -> GivenModel<M> { condition(model, data.mapValues { Tensor($0.values, shape: $0.shape) }) }
  }

  /// Ranks of one fit, by quantity; nil for one that is not finite.
  private struct Fitted: Sendable {
    var ranks: [Int?]
    var names: [String]
    var isCorrelated: Bool
  }

  /// Throws ``ModelError``, ``CalibrationError``, what the body throws, and `CancellationError` where nothing was finished.
  package func run() throws -> CalibrationResult {
    let truths = try simulate()
    let gradient = try GradientCheck(
      CompiledModel(truths[0].given(model)), seed: configuration.seed)
    var outcomes: [Result<Fitted, FitError>] = []
    let looks = configuration.looks
    let level = configuration.significance / Double(looks.count)
    var result = CalibrationResult(
      configuration: configuration, quantities: [], fitted: 0, failures: [], correlated: 0, gradient: gradient, ending: .allSimulations,
      notes: [], lookSignificance: level)
    for look in looks {
      let numbers = Array(outcomes.count..<look)
      do {
        outcomes += try CalibrationThreads.map(numbers, threads: threads) { number -> Result<Fitted, FitError> in
          if stop.isRaised { throw CancellationError() }
          defer { onProgress(FitProgress(phase: "calibration", completed: number + 1, total: configuration.simulations)) }
          do {
            return .success(try fit(truths[number], number))
          } catch is CancellationError {
            throw CancellationError()
          } catch let error as FitError {
            return .failure(error)
          } catch {
            return .failure(FitError([String(describing: error)]))
          }
        }
      } catch is CancellationError {
        guard !outcomes.isEmpty else { throw CancellationError() }
        result.ending = .interrupted
      }
      judge(outcomes, &result)
      if result.ending == .interrupted || look == looks.last { break }
      if result.quantities.contains(where: { $0.adjustedPValue < level }) {
        result.ending = .broken
        break
      }
      let precision = RankUniformity.precision(
        count: max(result.fitted, 1), significance: level / Double(max(result.quantities.count, 1)))
      if result.fitted > 0, result.quantities.allSatisfy({ $0.distance + precision <= configuration.tolerance }) {
        result.ending = .calibrated
        break
      }
    }
    return result
  }

  private func judge(_ outcomes: [Result<Fitted, FitError>], _ result: inout CalibrationResult) {
    let fitted = outcomes.compactMap { try? $0.get() }
    result.fitted = fitted.count
    result.correlated = fitted.count { $0.isCorrelated }
    result.failures = outcomes.compactMap { outcome -> String? in
      guard case .failure(let error) = outcome else { return nil }
      return error.sentences.first ?? "it gave no reason."
    }
    result.notes = []
    guard let first = fitted.first else { return }
    let test = RankUniformity(last: configuration.ranked, count: fitted.count)
    var quantities: [CalibratedQuantity] = []
    for (index, name) in first.names.enumerated() {
      let ranks = fitted.compactMap { $0.ranks.indices.contains(index) ? $0.ranks[index] : nil }
      guard ranks.count == fitted.count else {
        result.notes.append("\(name) is left out: its value is not finite in \(fitted.count - ranks.count) of \(fitted.count) fits.")
        continue
      }
      quantities.append(
        CalibratedQuantity(
          name: name, ranks: ranks, pValue: test.pValue(ranks), adjustedPValue: 1, distance: test.distance(ranks)))
    }
    for index in quantities.indices { quantities[index].adjustedPValue = min(1, quantities[index].pValue * Double(quantities.count)) }
    result.quantities = quantities
  }

  // MARK: - Data

  /// All data sets: draws of the generator, one row each.
  private func simulate() throws -> [Truth] {
    let simulation = try Simulation(generator)
    try check(simulation.recorded)
    let program = try SimulationProgram(simulation) { recorded in
      recorded.variables.map { ("value " + $0.name, $0.value.node) }
        + recorded.sites.compactMap { site -> (name: String, node: Node)? in
          guard site.role == .observed, let own = site.predictive else { return nil }
          return ("data " + site.name, site.outside(own.draw).node)
        }
    }
    let variables = simulation.recorded.variables.map { ($0.name, $0.shape) }
    let sites = simulation.recorded.sites.compactMap { site in
      site.role == .observed ? site.predictive.map { (site.name, site.outside($0.draw).shape) } : nil
    }
    let rows = configuration.simulations
    let runner = PredictionRunner(program: program, seed: configuration.seed, purpose: Self.truthPurpose, threads: threads, stop: stop)
    let columns = try runner.run(PredictionTable(blocks: [], rows: rows, values: []), step: 0)
    return (0..<rows).map { row in
      var offset = 0
      func next(_ shape: [Int]) -> [Double] {
        let size = shape.reduce(1, *)
        defer { offset += size }
        return (0..<size).map { columns.values[(offset + $0) * rows + row] }
      }
      var truth = Truth(values: [:], data: [:])
      for (name, shape) in variables { truth.values[name] = (shape, next(shape)) }
      for (name, shape) in sites { truth.data[name] = (shape, next(shape)) }
      return truth
    }
  }

  private func check(_ recorded: RecordedModel<M.Output>) throws {
    var sentences = recorded.sites.filter { $0.role == .factor }.map {
      "The factor \($0.name) adds to the log density what no data are drawn from: the model cannot be calibrated."
    }
    let observed = recorded.sites.filter { $0.role == .observed }
    if observed.isEmpty, sentences.isEmpty { sentences.append("The model has no observed site: there are no data to simulate.") }
    sentences += observed.compactMap { site in site.drawMistakes.first.map { "\(site.name) cannot be drawn: \($0)." } }
    guard sentences.isEmpty else { throw CalibrationError(sentences) }
  }

  // MARK: - Fits

  private func fit(_ truth: Truth, _ number: Int) throws -> Fitted {
    if let stray = truth.data.sorted(by: { $0.key < $1.key }).first(where: { !$0.value.values.allSatisfy(\.isFinite) }) {
      throw FitError(["The data drawn for \(stray.key) are not finite."])
    }
    let given = truth.given(model)
    var method = try guide?.method(method, truth.data) ?? method
    var posterior: Posterior<M.Output>
    var round = 0
    repeat {
      var stream = RandomStream(at: RandomAddress(seed: configuration.seed, purpose: Self.fitPurpose, step: UInt64(number)))
      let engine = FitEngine(given, method, seed: stream.nextBits(), threads: 1, stop: stop, onProgress: { _ in })
      posterior = try engine.run()
      if posterior.isInterrupted { throw CancellationError() }
      round += 1
      method = method.longer
    } while method.isChain && round <= configuration.extensions && leastSize(posterior) < Double(configuration.ranked)
    let draws = posterior.drawSet.thinned(to: configuration.ranked)
    guard draws.drawsPerChain == configuration.ranked else {
      throw FitError(["There are \(draws.drawsPerChain) draws, fewer than the \(configuration.ranked) that ranks are taken among."])
    }
    let isCorrelated = method.isChain && leastSize(posterior) < Double(configuration.ranked)
    return ranked(draws, truth, given, number, Set(posterior.recorded.summation?.sites.map(\.name) ?? []), isCorrelated)
  }

  /// The least bulk effective sample size of all latent sites.
  private func leastSize(_ posterior: Posterior<M.Output>) -> Double {
    posterior.summaries.filter { $0.kind == .latent }.flatMap(\.essBulk).filter { !$0.isNaN }.min() ?? .infinity
  }

  private func ranked(
    _ draws: DrawSet, _ truth: Truth, _ given: GivenModel<M>, _ number: Int, _ summedOut: Set<String>, _ isCorrelated: Bool
  ) -> Fitted {
    var fitted = Fitted(ranks: [], names: [], isCorrelated: isCorrelated)
    func add(_ name: String, _ value: Double, _ others: [Double]) {
      fitted.names.append(name)
      guard value.isFinite, others.allSatisfy(\.isFinite) else {
        fitted.ranks.append(nil)
        return
      }
      // Equal draws (of whole numbers) stand on either side of the true value with equal probabilities.
      var stream = RandomStream(
        at: RandomAddress(seed: configuration.seed, purpose: Self.tiePurpose, step: UInt64(number), site: UInt32(fitted.names.count)))
      let equal = others.count { $0 == value }
      fitted.ranks.append(others.count { $0 < value } + Int(stream.nextInteger(below: UInt64(equal + 1))))
    }
    for variable in draws.variables {
      guard let own = truth.values[variable.name], own.shape == variable.shape else { continue }
      for k in 0..<variable.size {
        let others = stride(from: k, to: variable.values[0].count, by: variable.size).map { variable.values[0][$0] }
        add(variable.name + IndexText.suffix(k, variable.shape), own.values[k], others)
      }
    }
    if let densities = try? likelihoods(draws, truth, given, summedOut) {
      add("log_likelihood", densities[0], Array(densities.dropFirst()))
    }
    return fitted
  }

  /// log p(data | latent sites) at the true values, then at each draw.
  private func likelihoods(_ draws: DrawSet, _ truth: Truth, _ given: GivenModel<M>, _ summedOut: Set<String>) throws -> [Double] {
    var all = draws
    all.drawsPerChain += 1
    all.variables = draws.variables.compactMap { variable in
      guard !summedOut.contains(variable.name), variable.kind == .latent, let own = truth.values[variable.name] else { return nil }
      var longer = variable
      longer.values[0] = own.values + variable.values[0]
      return longer
    }
    let supplies = all.variables.map { variable in
      Simulation<GivenModel<M>>.Supply(name: variable.name, shape: variable.shape, example: Array(variable.values[0].prefix(variable.size)))
    }
    let simulation = try Simulation(given, supplies: supplies, for: .likelihood)
    let program = try SimulationProgram(simulation) { [("likelihood", $0.logDensity - $0.logPrior)] }
    let runner = PredictionRunner(program: program, seed: 0, purpose: Self.truthPurpose, threads: 1, stop: stop)
    return try runner.run(PredictionTable(all, sites: simulation.supplies.map(\.name)), step: 0).values
  }
}

extension Method {
  /// Whether the draws are those of Markov chains.
  fileprivate var isChain: Bool { if case .nuts = settings { true } else { false } }

  /// Twice the draws of the chains.
  fileprivate var longer: Method {
    guard case .nuts(var configuration, let chains, let centering) = settings else { return self }
    configuration.draws *= 2
    var method = self
    method.settings = .nuts(configuration, chains: chains, centering: centering)
    return method
  }
}

extension DrawSet {
  /// One chain of `count` draws that are as far apart as can be, of all chains one after the other; fewer where there are fewer.
  fileprivate func thinned(to count: Int) -> DrawSet {
    let total = chains * drawsPerChain
    let kept = min(count, total)
    let places = (0..<kept).map { ($0 * total + total / 2) / kept }
    var set = DrawSet(chains: 1, drawsPerChain: kept, variables: [], sampleStats: [:])
    set.variables = variables.map { variable in
      let values = places.flatMap { place -> ArraySlice<Double> in
        let start = place % drawsPerChain * variable.size
        return variable.values[place / drawsPerChain][start..<(start + variable.size)]
      }
      return VariableDraws(name: variable.name, kind: variable.kind, shape: variable.shape, values: [values])
    }
    return set
  }
}

/// Whole fits side by side, each on a thread with room for the recursion of large graphs.
enum CalibrationThreads {
  /// `body` of each item, in order; the first error in order of the items is thrown.
  static func map<Item: Sendable, Value: Sendable>(
    _ items: [Item], threads: Int, _ body: @escaping @Sendable (Item) throws -> Value
  ) throws -> [Value] {
    guard threads > 1, items.count > 1 else { return try items.map { try body($0) } }
    let results = SharedResults<Value>(count: items.count)
    let group = DispatchGroup()
    for _ in 0..<min(threads, items.count) {
      group.enter()
      let thread = Thread {
        while let k = results.next() { results.set(k, Result { try body(items[k]) }) }
        group.leave()
      }
      thread.stackSize = 1 << 28
      thread.start()
    }
    group.wait()
    return try results.all.compactMap { $0 }.map { try $0.get() }
  }

  private final class SharedResults<Value: Sendable>: Sendable {
    private let state: Mutex<(next: Int, values: [Result<Value, any Error>?])>
    init(count: Int) { state = Mutex((0, [Result<Value, any Error>?](repeating: nil, count: count))) }
    func next() -> Int? {
      state.withLock { state in
        guard state.next < state.values.count else { return nil }
        defer { state.next += 1 }
        return state.next
      }
    }
    func set(_ index: Int, _ value: Result<Value, any Error>) { state.withLock { $0.values[index] = value } }
    var all: [Result<Value, any Error>?] { state.withLock { $0.values } }
  }
}
