import Differentiation
import Distributions
import Foundation
import Inference
import Modeling
import Testing

/// Rain, a sprinkler that is seldom on when it rains, and wet grass (after Pearl 1988).
private struct Sprinkler: Model {
  let wet: Double

  func body(_ p: Program) throws -> (rain: IntTensor, sprinkler: IntTensor, both: Tensor) {
    let rain = p.sample("rain", Bernoulli(probability: 0.2))
    let sprinkler = p.sample("sprinkler", Bernoulli(probability: select(rain.tensor .> 0.5, 0.01, 0.4)))
    let (r, s) = (rain.tensor, sprinkler.tensor)
    let chance = select(r .> 0.5, select(s .> 0.5, 0.99, 0.8), select(s .> 0.5, 0.9, 0))
    p.observe("wet", Bernoulli(probability: chance), Tensor(wet))
    return (rain, sprinkler, r * s)
  }

  /// P(wet, rain, sprinkler), [rain][sprinkler].
  static let joint = [[0.8 * 0.6 * 0, 0.8 * 0.4 * 0.9], [0.2 * 0.99 * 0.8, 0.2 * 0.01 * 0.99]]
}

/// A hidden chain whose rates are known, and its number of steps in the second state.
private struct KnownChain: Model {
  let y: Tensor

  func body(_ p: Program) throws -> Tensor {
    let rows = Tensor(Self.rows)
    let outcome = p.each("t", over: [y], from: [Tensor(0), Tensor(0)]) { carries, parts in
      let z = p.sample("z", Categorical(probabilities: rows[IntTensor(rounding: carries[0])]))
      p.observe("y", Normal(2 * z.tensor - 1, sd: 1), parts[0])
      return ([z.tensor, carries[1] + z.tensor], [z.tensor])
    }
    return outcome.carries[1]
  }

  static let rows = [[0.9, 0.1], [0.2, 0.8]]
  static func data(_ count: Int) -> [Double] { (0..<count).map { 1.5 * sin(0.7 * Double($0) + 0.3) } }

  /// Probabilities of the second state at each step, and the log evidence, by the forward–backward recursions.
  static func exact(_ y: [Double]) -> (second: [Double], logEvidence: Double) {
    func density(_ y: Double, _ z: Int) -> Double { exp(-0.5 * pow(y - Double(2 * z - 1), 2)) / (2 * Double.pi).squareRoot() }
    var forward: [[Double]] = []
    for (t, value) in y.enumerated() {
      forward.append(
        (0..<2).map { z in (t == 0 ? rows[0][z] : (0..<2).reduce(0) { $0 + forward[t - 1][$1] * rows[$1][z] }) * density(value, z) })
    }
    var backward = [[1.0, 1.0]]
    for value in y.dropFirst().reversed() {
      backward.insert((0..<2).map { z in (0..<2).reduce(0) { $0 + rows[z][$1] * density(value, $1) * backward[0][$1] } }, at: 0)
    }
    let total = forward[y.count - 1].reduce(0, +)
    return (zip(forward, backward).map { $0[1] * $1[1] / total }, log(total))
  }
}

/// Nothing is unknown where its mean has a value.
private struct Level: Model {
  let y: Tensor
  func body(_ p: Program) throws -> Tensor {
    let mu = p.sample("mu", Normal(0, sd: 1))
    p.observe("y", Normal(mu, sd: 1), y)
    return 2 * mu
  }
}

@Suite("Posteriors without continuous unknowns") struct FitExactTests {
  private static let methods: [Method<Sprinkler>] = [
    .nuts(chains: 2, draws: 2000), .vi(), .vi(guide: .fullRank), .laplace(), .map(), .pathfinder(), .batchAndMatch(), .svgd(), .smc(),
    .importance(),
  ]

  @Test("are exact by summing out, whatever the method", arguments: methods.indices)
  func network(index: Int) async throws {
    let posterior = try await fit(Sprinkler(wet: 1), Self.methods[index], seed: 3)
    let all = Sprinkler.joint.joined().reduce(0, +)
    guard case .exact(let result) = posterior.details else {
      Issue.record("an algorithm was run")
      return
    }
    #expect(abs(result.logEvidence - log(all)) < 1e-14)
    #expect(posterior.verdict.verdict == .ok && posterior.verdict.reasons.map(\.code) == ["exact"])
    #expect(posterior.method == "exact")
    let rain = Sprinkler.joint[1].reduce(0, +) / all
    #expect(abs(try posterior.rain.mean.item() - rain) < 1e-14)
    #expect(abs(try posterior.rain.sd.item() - (rain * (1 - rain)).squareRoot()) < 1e-14)
    #expect(try posterior.rain.mcse.item() == 0 && posterior.rain.median.item() == 0)
    #expect(abs(try posterior.sprinkler.mean.item() - (Sprinkler.joint[0][1] + Sprinkler.joint[1][1]) / all) < 1e-14)
    // A function of both sites: exact, though its draws may all be zero.
    #expect(abs(try posterior.both.mean.item() - Sprinkler.joint[1][1] / all) < 1e-14)
    // The draws are independent: four standard errors of a share.
    let draws = try posterior.rain.draws.values()
    let share = draws.reduce(0, +) / Double(draws.count)
    #expect(abs(share - rain) < 4 * (rain * (1 - rain) / Double(draws.count)).squareRoot())
  }

  @Test("a chain of six steps agrees with forward and backward recursions, and its count with all 64 paths")
  func chain() async throws {
    let y = KnownChain.data(6)
    let posterior = try await fit(KnownChain(y: Tensor(y)), .nuts(chains: 1, draws: 100), seed: 1)
    let exact = KnownChain.exact(y)
    guard case .exact(let result) = posterior.details else {
      Issue.record("The fit is not of the kind that was asked for.")
      return
    }
    #expect(abs(result.logEvidence - exact.logEvidence) < 1e-12)
    let z = try #require(posterior["t.z"])
    for (own, other) in zip(try z.mean.values(), exact.second) { #expect(abs(own - other) < 1e-12) }
    // Every path by itself.
    var (mean, square) = (0.0, 0.0)
    for path in 0..<64 {
      var (density, before) = (1.0, 0)
      for (t, value) in y.enumerated() {
        let state = path >> t & 1
        density *= KnownChain.rows[before][state] * exp(-0.5 * pow(value - Double(2 * state - 1), 2)) / (2 * Double.pi).squareRoot()
        before = state
      }
      let probability = density / exp(exact.logEvidence)
      mean += probability * Double(path.nonzeroBitCount)
      square += probability * Double(path.nonzeroBitCount * path.nonzeroBitCount)
    }
    let visits = posterior.variable(\.self)
    #expect(abs(try visits.mean.item() - mean) < 1e-12)
    #expect(abs(try visits.sd.item() - (square - mean * mean).squareRoot()) < 1e-10)
  }

  @Test("of a chain of sixty steps the probabilities are exact, and a function of all states has its draws with their error")
  func longChain() async throws {
    let y = KnownChain.data(60)
    let posterior = try await fit(KnownChain(y: Tensor(y)), .vi(draws: 4000), seed: 2)
    let exact = KnownChain.exact(y)
    let z = try #require(posterior["t.z"])
    for (own, other) in zip(try z.mean.values(), exact.second) { #expect(abs(own - other) < 1e-12) }
    let visits = posterior.variable(\.self)
    let error = try visits.mcse.item()
    #expect(error > 0 && error < 0.2)
    #expect(abs(try visits.mean.item() - exact.second.reduce(0, +)) < 4 * error)
  }

  @Test("with a value for every site the outputs are computed at it")
  func nothingUnknown() async throws {
    let model = Level(y: [0.5, 2])
    let surgery = Surgery(["mu": .init(.fix, shape: [], values: [0.25])])
    let posterior = try await fit(OperatedModel(model, surgery), .vi(draws: 7), seed: 1)
    guard case .exact(let result) = posterior.details else {
      Issue.record("an algorithm was run")
      return
    }
    let output = posterior.variable(\.self)
    #expect(try output.mean.item() == 0.5 && output.sd.item() == 0 && output.mcse.item() == 0)
    #expect(output.draws.shape == [1, 7])
    let squares = 0.25 * 0.25 + 0.25 * 0.25 + 1.75 * 1.75
    #expect(abs(result.logEvidence + 0.5 * squares + 1.5 * log(2 * Double.pi)) < 1e-14)
    #expect(posterior.verdict.verdict == .ok)
    #expect(posterior.verdict.reasons[0].text.hasPrefix("The model has no unknowns: every site has a value"))
    let bare = try await fit(Nothing(), seed: 1)
    #expect(bare.names.isEmpty && bare.verdict.verdict == .ok)
  }

  @Test("what is impossible is said in sentences")
  func impossible() async {
    await #expect(
      throws: FitError([
        "The log density is minus infinite whatever the values of rain, sprinkler: the data are impossible for what the body says."
      ])
    ) { try await fit(Dry(), .nuts(), seed: 1) }
    await #expect(throws: FitError(["There must be at least one draw, and there are none to make."])) {
      try await fit(Sprinkler(wet: 1), .vi(draws: 0), seed: 1)
    }
  }
}

private struct Nothing: Model {
  func body(_ p: Program) throws { p.factor("data", 1.0) }
}

/// Grass that cannot be wet is wet.
private struct Dry: Model {
  func body(_ p: Program) throws {
    let rain = p.sample("rain", Bernoulli(probability: 0.2)).tensor
    let sprinkler = p.sample("sprinkler", Bernoulli(probability: 0.4)).tensor
    p.observe("wet", Bernoulli(probability: 0 * rain * sprinkler), Tensor(1))
  }
}
