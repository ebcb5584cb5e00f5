import Differentiation
import Distributions
import Foundation
import Inference
import Modeling
import Synchronization
import Testing

/// A normal mean with four observations in a plate that may be present in parts.
private struct Plated: ModelWithGuide {
  let y: Tensor

  static var guide: Guide<Plated> {
    Guide { q, _ in q.sample("mu", Normal(q.parameter("m", 0), sd: q.parameter("s", 1, support: .positive))) }
  }

  func body(_ p: Program) throws -> Tensor {
    let mu = p.sample("mu", Normal(0, sd: 1))
    p.plate("n", y.count) { i in p.observe("y", Normal(mu, sd: 0.5), y[i]) }
    return mu
  }
}

/// All files that a run would have written, in order.
private final class Files: Sendable {
  let content = Mutex<[(fingerprint: ModelFingerprint?, parts: [String: Data])]>([])

  func checkpoint(
    interval: Double = 0, share: Double = 1.0 / 3, from earlier: (fingerprint: ModelFingerprint?, parts: [String: Data])? = nil
  ) -> FitCheckpoint {
    FitCheckpoint(interval: interval, share: share, parts: earlier?.parts ?? [:], fingerprint: earlier?.fingerprint) { fingerprint, parts in
      let states = Dictionary(uniqueKeysWithValues: parts.map { ($0.name, $0.state) })
      self.content.withLock { $0.append((fingerprint, states)) }
    }
  }
}

/// What a fit reports, to the bit: draws, summaries, verdict, gradients.
private struct Report: Equatable {
  var draws: [[[UInt64]]]
  var statistics: [String: [[UInt64]]]
  var reasons: [String]
  var means: [[UInt64]]
  var evaluations: Int

  init<Output>(_ posterior: Posterior<Output>) {
    draws = posterior.drawSet.variables.map { $0.values.map { $0.map(\.bitPattern) } }
    statistics = posterior.drawSet.sampleStats.mapValues { $0.map { $0.map(\.bitPattern) } }
    reasons = posterior.verdict.reasons.map(\.text)
    means = posterior.summaries.map { ($0.mean + $0.median + $0.essBulk).map(\.bitPattern) }
    evaluations = posterior.timing.gradientEvaluations
  }
}

@Suite("A run that goes on from any of its checkpoints ends in the same bits") struct CheckpointTests {
  private func fit<M: Model>(_ model: M, _ method: Method<M>, threads: Int = 2, _ checkpoint: FitCheckpoint?) throws -> Report {
    Report(try FitEngine(model, method, seed: 5, threads: threads, stop: FitStop(), checkpoint: checkpoint) { _ in }.run())
  }

  /// Goes on from some of the states that a run leaves, the first and the last among them.
  private func check<M: Model>(_ model: M, _ method: Method<M>, _ name: String, places: Int = 6, atLeast least: Int = 2) throws {
    let whole = try fit(model, method, nil)
    let files = Files()
    #expect(try fit(model, method, files.checkpoint()) == whole, "\(name): saving changes the run")
    let states = files.content.withLock { $0 }
    #expect(states.count >= least, "\(name) saved \(states.count) states")
    for place in Set((0..<places).map { $0 * (states.count - 1) / (places - 1) }).sorted() {
      let resumed = try fit(model, method, threads: 1, Files().checkpoint(from: states[place]))
      #expect(resumed == whole, "\(name), state \(place) of \(states.count)")
    }
  }

  @Test("NUTS, with its pilot run") func chains() throws {
    try check(Schools.rubin, .nuts(warmup: 300, draws: 200), "nuts")
    var thinned = Method<Schools>.nuts(chains: 2, warmup: 200, draws: 300)
    guard case .nuts(var configuration, let chains, let centering) = thinned.settings else {
      Issue.record("The fit is not of the kind that was asked for.")
      return
    }
    configuration.thin = 7
    thinned.settings = .nuts(configuration, chains: chains, centering: centering)
    try check(Schools.rubin, thinned, "thinned", places: 3)
  }

  @Test("Gaussian guides by natural gradients, by Adam, and with a fixed number of steps") func guides() throws {
    try check(Schools.rubin, .vi(), "mean-field")
    try check(Schools.rubin, .vi(guide: .fullRank), "full-rank", places: 4)
    try check(Schools.rubin, .vi(rate: 0.05), "adam", places: 4)
    try check(Schools.rubin, .vi(steps: 2000), "steps", places: 4)
  }

  @Test("a flow, programs and minibatches") func others() throws {
    try check(Schools.rubin, .vi(guide: .flow(FlowArchitecture(.affine, layers: 2)), steps: 600), "flow", places: 4)
    try check(Plated(y: [1, 2, 3, 2.5]), .vi(steps: 2000, minibatch: ["n": 2]), "program", places: 4)
    // So short that it may be saved at its end alone.
    try check(Plated(y: [1, 2, 3, 2.5]), .vi(), "program, automatic", places: 4, atLeast: 1)
    try check(Plated(y: [1, 2, 3, 2.5]), .vi(guide: .meanField, steps: 2000, minibatch: ["n": 2]), "minibatch", places: 4)
  }

  @Test("particles on their way from the prior") func particles() throws {
    try check(Schools.rubin, .smc(particles: 200, populations: 2), "smc")
  }

  @Test("summaries without draws") func streamed() throws {
    var method = Method<Schools>.nuts(chains: 2, warmup: 300, draws: 2500)
    method.control.keepsDraws = false
    try check(Schools.rubin, method, "streamed")
  }

  @Test("every optimizer's memory", arguments: OptimizerName.allCases) func optimizers(name: OptimizerName) throws {
    var configuration = StochasticConfiguration()
    configuration.optimizer = name
    configuration.rate = 0.01
    configuration.isGuarded = true
    let start = [3.0, -2, 1, 0.5, 8, 7, -6, 5, 4]
    for steps in [nil, 40_000] {
      configuration.steps = steps
      let whole = runStochastic(Bowl(), from: start, configuration: configuration)
      let files = Files()
      // Every state that there is: how many, does not depend on the machine.
      _ = try runStochastic(Bowl(), from: start, configuration: configuration, checkpoint: files.checkpoint(share: 1).part("bowl"))
      let states = files.content.withLock { $0 }
      #expect(states.count > 1)
      for state in [states[0], states[states.count / 2], states[states.count - 1]] {
        let resumed = try runStochastic(
          Bowl(), from: start, configuration: configuration, checkpoint: Files().checkpoint(from: state).part("bowl"))
        #expect(
          resumed.parameters == whole.parameters && resumed.steps == whole.steps && resumed.value.bitPattern == whole.value.bitPattern)
        #expect(resumed.trace.map(\.value.bitPattern) == whole.trace.map(\.value.bitPattern))
      }
    }
  }

  @Test("another model, or other data, is refused") func anotherModel() throws {
    let files = Files()
    _ = try fit(Schools.rubin, .nuts(chains: 1, warmup: 20, draws: 20), files.checkpoint())
    let state = try #require(files.content.withLock { $0.last })
    let other = Schools(y: [28, 8, -3, 7, -1, 1, 18, 13], sigma: Schools.rubin.sigma)
    #expect(
      throws: FitError(["The checkpoint belongs to another model or other data: its log density at a fixed point was another."])
    ) { try fit(other, .nuts(chains: 1, warmup: 20, draws: 20), Files().checkpoint(from: state)) }
    do {
      _ = try fit(OneObservation(y: 1), .nuts(chains: 1, warmup: 20, draws: 20), Files().checkpoint(from: state))
      Issue.record("another model went on")
    } catch let error as FitError {
      #expect(error.description.hasPrefix("The checkpoint belongs to another model or other data: where this one has the site \"y []"))
      #expect(error.description.contains("it has \"tau []"))
    }
  }

  @Test("a state that cannot be written stops nothing, and is tried again") func unwritable() throws {
    let problems = Mutex(0)
    let attempts = Mutex(0)
    let checkpoint = FitCheckpoint(interval: 0) { _, _ in
      attempts.withLock { $0 += 1 }
      throw FitError(["The disk is full."])
    } onProblem: { _ in
      problems.withLock { $0 += 1 }
    }
    let method = Method<Schools>.nuts(chains: 2, warmup: 200, draws: 100)
    #expect(try fit(Schools.rubin, method, checkpoint) == fit(Schools.rubin, method, nil))
    #expect(attempts.withLock { $0 } > 1)
    #expect(problems.withLock { $0 } == 1)
    #expect(throws: FitError(["The disk is full."])) { try checkpoint.finish() }
  }

  @Test("a finished run goes on to more draws as if they had been asked for") func extended() throws {
    for keepsDraws in [true, false] {
      var short = Method<Schools>.nuts(chains: 2, warmup: 200, draws: 1300)
      var long = Method<Schools>.nuts(chains: 2, warmup: 200, draws: 2600)
      short.control.keepsDraws = keepsDraws
      long.control.keepsDraws = keepsDraws
      let files = Files()
      _ = try fit(Schools.rubin, short, files.checkpoint(interval: 1e9))
      let last = try #require(files.content.withLock { $0.last })
      #expect(try fit(Schools.rubin, long, Files().checkpoint(from: last)) == fit(Schools.rubin, long, nil))
    }
  }

  @Test("a run that ends at a precision has it, and is as long on any machine") func precision() throws {
    for keepsDraws in [true, false] {
      var method = Method<Schools>.nuts(chains: 2, warmup: 200, draws: 100)
      method.control.keepsDraws = keepsDraws
      method.control.precision = .effectiveSize(1500)
      let posterior = try FitEngine(Schools.rubin, method, seed: 5, threads: 2, stop: FitStop()) { _ in }.run()
      #expect(posterior.summaries.allSatisfy { $0.essBulk.allSatisfy { $0 >= 1500 } && $0.essTail.allSatisfy { $0 >= 1500 } })
      let lengths = (0..<12).reduce(into: [100]) { lengths, _ in lengths.append(min(6400, lengths.last! + lengths.last! / 2)) }
      #expect(lengths.contains(posterior.drawSet.drawsPerChain))
      try check(Schools.rubin, method, "precision", places: 3)
    }
  }
}

/// A bowl with its lowest point at (0, 1, 2, …), seen through noise.
private final class Bowl: StochasticObjective {
  var parameterCount: Int { 9 }

  func evaluate(
    parameters: UnsafePointer<Double>, step: Int, value: UnsafeMutablePointer<Double>, gradient: UnsafeMutablePointer<Double>
  ) {
    value.pointee = 0
    for i in 0..<9 {
      let d = parameters[i] - Double(i)
      value.pointee -= 0.5 * d * d
      gradient[i] = -d + sin(12.9898 * Double(step * 9 + i) + 0.3)
    }
  }
}
