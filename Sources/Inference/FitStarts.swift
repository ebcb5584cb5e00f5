import Foundation
import Kernels
import Modeling

/// Values of latent sites at which a fit is to begin; sites that are not named begin at draws from their priors.
package struct StartValues: Sendable, Equatable, Codable {
  package struct Site: Sendable, Equatable, Codable {
    package var name: String
    /// Plates leading.
    package var shape: [Int]
    /// Row-major.
    package var values: [Double]
    package init(name: String, shape: [Int], values: [Double]) {
      self.name = name
      self.shape = shape
      self.values = values
    }
  }
  package var sites: [Site]
  /// Whether there are variables among them that are no latent sites, and count for nothing: so it is with draws.
  package var mayHaveOthers = false
  package init(_ sites: [Site]) { self.sites = sites }
}

/// What another run has learnt: positions of chains, their step sizes and metrics, and the coordinates all these are in.
package struct EarlierChains: Sendable, Equatable {
  package var fingerprint: ModelFingerprint?
  package var tunings: [NUTSTuning]
  package var positions: [[Double]]
  package var choice: CenteringChoice?

  /// From the states of a checkpoint; nil where it holds no chains that have begun. Throws ``FitError``.
  package init?(_ checkpoint: FitCheckpoint, fingerprint: ModelFingerprint?) throws {
    self.fingerprint = fingerprint
    choice = try checkpoint.part("pilot").part("choice").restored(CenteringChoice.self) { $0.gradientEvaluations.isCount }
    tunings = []
    positions = []
    for name in checkpoint.names where name.hasPrefix("nuts/chain-") {
      guard let chain = try checkpoint.part(name).restored(NUTSChainResult.self, isSound: \.hasSoundTuning), let state = chain.state else {
        continue
      }
      positions.append(state.position)
      tunings.append(NUTSTuning(stepSize: chain.stepSize, metric: chain.metric))
    }
    if positions.isEmpty { return nil }
  }
}

/// A step size and a metric that a chain begins with.
package struct NUTSTuning: Sendable, Equatable {
  package var stepSize: Double
  package var metric: NUTSMetric
}

/// Where a fit begins, beyond what ``Method/Initialization`` names.
package enum GivenStart: Sendable, Equatable {
  /// One for each chain, in turn.
  case values([StartValues])
  case earlier(EarlierChains)
}

extension FitEngine {
  /// Addresses the coordinates of starting points that a model leaves open.
  private static var startPurpose: UInt32 { 0x4653 }

  /// One start for each chain where the model gives initial values; the other coordinates uniform in (−2, 2).
  func starts(_ compiled: CompiledModel<M>, _ chains: [Int], seed: UInt64) -> [[Double]]? {
    let given = compiled.initialPosition
    guard given.contains(where: { $0 != nil }) else { return nil }
    return chains.map { chain in
      var stream = RandomStream(at: RandomAddress(seed: seed, purpose: Self.startPurpose, chain: UInt32(truncatingIfNeeded: chain)))
      return given.map { value in
        let other = 4 * stream.nextUniform() - 2
        return value ?? other
      }
    }
  }

  /// Draws of multi-path Pathfinder, one for each chain.
  private func pathStarts(_ compiled: CompiledModel<M>, _ chains: [Int]) throws -> [[Double]]? {
    guard let last = chains.max() else { return nil }
    let count = max(method.control.totalChains ?? 0, last + 1)
    let starts = try PathfinderStarts.draws(compiled, count: count, seed: seed, threads: threads)
    return starts.count == count ? chains.map { starts[$0] } : nil
  }

  /// The start of an optimizer: what was asked for, or where the model gives all initial values; nil where it searches by itself.
  func start(_ compiled: CompiledModel<M>) throws -> [Double]? {
    if let asked = try asked(compiled, [0]) { return asked[0] }
    let given = compiled.initialPosition.compactMap { $0 }
    return given.count == compiled.dimension ? given : nil
  }

  /// Where chains begin, in the coordinates of `compiled`, which has been moved from those as written by `choice`.
  func chainStarts(_ compiled: CompiledModel<M>, _ chains: [Int], _ choice: CenteringChoice?) throws -> [[Double]]? {
    if case .earlier(let earlier) = method.given {
      let names = compiled.recorded.sites
      guard earlier.fingerprint.map({ $0.sites == ModelFingerprint.lines(names) }) ?? true,
        earlier.positions.allSatisfy({ $0.count == compiled.dimension })
      else { throw FitError(["The chains to begin from belong to another model: their sites are not those of this one."]) }
      return chains.map { earlier.positions[$0 % earlier.positions.count] }
    }
    if method.initialization == .pathfinder { return try pathStarts(compiled, chains) ?? starts(compiled, chains, seed: seed) }
    guard let choice, choice.parameterization != .asWritten, method.initialization != .zero else {
      return try asked(compiled, chains) ?? starts(compiled, chains, seed: seed)
    }
    let written = try CompiledModel(model)
    guard let asked = try asked(written, chains) else { return starts(compiled, chains, seed: seed) }
    let reader = try CoordinateReader(written)
    return asked.map { reader.read($0).position(in: choice.parameterization) }
  }

  /// Where the method says to begin, in the coordinates as written; nil where it leaves that open.
  private func asked(_ compiled: CompiledModel<M>, _ chains: [Int]) throws -> [[Double]]? {
    if case .values(let values) = method.given {
      return try chains.map { try point(compiled, values[$0 % values.count], number: $0) }
    }
    switch method.initialization {
    case .random, .pathfinder: return nil
    case .zero: return chains.map { _ in [Double](repeating: 0, count: compiled.dimension) }
    case .prior: return try chains.map { try PriorDraws(compiled, seed: seed).read(first: $0, count: 1) }
    }
  }

  /// The unconstrained vector at given values.
  private func point(_ compiled: CompiledModel<M>, _ values: StartValues, number: Int) throws -> [Double] {
    let sites = compiled.recorded.freeSites
    var mistakes: [String] = []
    for given in values.sites where !values.mayHaveOthers || sites.contains(where: { $0.name == given.name }) {
      guard let site = sites.first(where: { $0.name == given.name }) else {
        let hint = NearestName.find(given.name, among: sites.map(\.name)).map { "; the nearest is \($0)" } ?? ""
        mistakes.append("There is no latent site \"\(given.name)\" to begin at\(hint).")
        continue
      }
      if site.outsideShape != given.shape {
        mistakes.append("The start of \(given.name) has the shape \(given.shape), and the site has \(site.outsideShape).")
      }
    }
    guard mistakes.isEmpty else { throw FitError(mistakes) }
    let known = values.sites.filter { given in sites.contains { $0.name == given.name } }
    let supplies = known.map { Simulation<M>.Supply(name: $0.name, shape: $0.shape, example: $0.values) }
    let point = try PriorDraws(compiled, seed: seed, supplies: supplies).read(first: number, count: 1)
    guard point.allSatisfy(\.isFinite) else {
      throw FitError(["A start lies outside of the support of its site, or on its boundary: choose values inside."])
    }
    return point
  }
}
