import Differentiation
import Distributions
import Foundation
import Inference
import Kernels
import Modeling
import Testing

/// A normal mean with a known scale: everything about its predictions is known.
private struct Conjugate: Model {
  let y: Tensor
  let location, spread, noise: Double
  func body(_ p: Program) throws -> (theta: Tensor, squared: Tensor) {
    let theta = p.sample("theta", Normal(location, sd: spread))
    p.observe("y", Normal(theta, sd: noise), y)
    return (theta, square(theta))
  }

  static let example = Conjugate(y: [1.2, 0.4, 2.1, 1.7], location: 0.5, spread: 2, noise: 1.5)

  /// Mean and variance of theta's posterior.
  var posterior: (mean: Double, variance: Double) {
    get throws {
      let values = try y.values()
      let variance = 1 / (1 / (spread * spread) + Double(values.count) / (noise * noise))
      return (variance * (location / (spread * spread) + values.reduce(0, +) / (noise * noise)), variance)
    }
  }

  /// Independent draws of it.
  func draws(_ count: Int) throws -> DrawSet {
    var stream = RandomStream(at: RandomAddress(seed: 11, purpose: 78))
    let (mean, variance) = try posterior
    let values = (0..<count).map { _ in mean + variance.squareRoot() * stream.nextNormal() }
    return DrawSet(
      chains: 1, drawsPerChain: count, variables: [VariableDraws(name: "theta", kind: .latent, shape: [], values: [values])],
      sampleStats: [:])
  }
}

/// A hierarchy whose plate may have another size in new data.
private struct Groups: Model {
  let y: Tensor
  func body(_ p: Program) throws -> (mu: Tensor, theta: Tensor, last: Tensor) {
    let mu = p.sample("mu", Normal(0, sd: 10))
    let theta = p.plate("groups", y.count) { i in
      let theta = p.sample("theta", Normal(mu, sd: 0.5))
      p.observe("y", Normal(theta, sd: 2), y[i])
      return theta
    }
    return (mu, theta, theta[y.count - 1])
  }
}

/// A body that looks at a latent number.
private struct Looking: Model {
  let y: Tensor
  func body(_ p: Program) throws -> (x: Tensor, jump: Tensor) {
    let x = p.sample("x", Normal(0, sd: 1))
    let jump: Tensor = try x.item() > 0 ? 5 + x : x
    p.observe("y", Normal(jump, sd: 0.1), y)
    return (x, jump)
  }
}

private func agrees(_ value: Tensor, _ error: Tensor, _ exact: Double) throws -> Bool {
  try zip(value.values(), error.values()).allSatisfy { abs($0 - exact) <= 4 * $1 + 1e-12 }
}

private var independent: PredictionConfiguration {
  var configuration = PredictionConfiguration()
  configuration.hasIndependentDraws = true
  return configuration
}

@Suite struct PredictTests {
  @Test func theConjugateModelIsKnown() async throws {
    let model = Conjugate.example
    let (mean, variance) = try model.posterior
    let prediction = try await predict(model, .draws(try model.draws(20_000), independent: nil), independent, threads: 2)
    #expect(prediction.names == ["squared", "y"] && prediction.notes.isEmpty)
    let y = try #require(prediction["y"])
    #expect(y.shape == [4])
    #expect(try agrees(y.mean, y.mcse, mean))
    let total = variance + 2.25
    #expect(try y.sd.values().allSatisfy { abs($0 * $0 / total - 1) < 4 * (2.0 / 20_000).squareRoot() })
    // Exact: no draw enters.
    #expect(try y.aleatoric.values() == [2.25, 2.25, 2.25, 2.25] && y.aleatoricError.values() == [0, 0, 0, 0])
    #expect(try agrees(y.epistemic, y.epistemicError, variance))
    #expect(try y.epistemicError.values().allSatisfy { $0 < 0.02 })
    let squared = prediction.squared
    #expect(try agrees(squared.mean, squared.mcse, mean * mean + variance))
    #expect(try agrees(squared.epistemic, squared.epistemicError, 4 * mean * mean * variance + 2 * variance * variance))
    // The four observations have draws of their own.
    let draws = try y.draws.values()
    #expect(Set(draws.prefix(4)).count == 4)
  }

  @Test func gradientsOfTheConjugateModel() async throws {
    let model = Conjugate.example
    let (mean, variance) = try model.posterior
    var configuration = independent
    configuration.gradients = ["location", "spread", "noise", "y[1]"]
    let prediction = try await predict(model, .draws(try model.draws(20_000), independent: nil), configuration, threads: 2)
    let (s, n) = (model.spread, model.noise)
    let sum = try model.y.values().reduce(0, +)
    // μ = v·r with r = m/s² + Σy/n², 1/v = 1/s² + 4/n².
    let inverse = ["location": 0, "spread": -2 / (s * s * s), "noise": -8 / (n * n * n), "y[1]": 0]
    let ratio = [
      "location": 1 / (s * s), "spread": -2 * model.location / (s * s * s), "noise": -2 * sum / (n * n * n), "y[1]": 1 / (n * n),
    ]
    for name in configuration.gradients {
      let dVariance = -variance * variance * inverse[name]!
      let dMean = variance * ratio[name]! + dVariance * mean / variance
      let y = try #require(prediction["y"]?.gradients[name])
      #expect(try agrees(y.value, y.error, dMean), "\(name): \(y.value) ± \(y.error), not \(dMean)")
      #expect(try y.error.values().allSatisfy { $0 < 0.02 })
      let squared = try #require(prediction.squared.gradients[name])
      #expect(try agrees(squared.value, squared.error, 2 * mean * dMean + dVariance), "\(name)")
    }
  }

  /// From the prior: E y = location, E θ² = location² + spread²; nothing is observed, so noise and data have no influence.
  @Test func gradientsOfThePrior() async throws {
    let prediction = try await predict(
      Conjugate.example, draws: 40_000, gradients: ["location", "spread", "noise", "y"], seed: 4)
    func gradient(_ variable: String, _ name: String) throws -> (value: Tensor, error: Tensor) {
      try #require(prediction[variable]?.gradients[name])
    }
    let expected: [(String, String, Double)] = [
      ("y", "location", 1), ("squared", "location", 1), ("squared", "spread", 4), ("y", "spread", 0), ("y", "noise", 0), ("y", "y[2]", 0),
    ]
    for (variable, name, exact) in expected {
      let found = try gradient(variable, name)
      #expect(try agrees(found.value, found.error, exact), "\(variable) by \(name): \(found.value) ± \(found.error)")
    }
    #expect(prediction["y"]?.gradients.count == 7)
  }

  @Test func aFitIsPredictedFrom() async throws {
    let model = Conjugate.example
    let (mean, variance) = try model.posterior
    let chains = try await fit(model, .nuts(), seed: 5)
    let y = try #require(try await predict(model, from: chains, seed: 6)["y"])
    #expect(try agrees(y.mean, y.mcse, mean))
    #expect(try agrees(y.epistemic, y.epistemicError, variance))
    #expect(y.shares.map(\.isGivenData) == [true])
    let guide = try await fit(model, .vi(), seed: 5)
    let shared = try #require(try await predict(model, from: guide, seed: 6)["y"]).shares
    #expect(shared.map(\.isGivenData) == [false])
    let share = try #require(shared.first)
    #expect(try agrees(share.first, share.firstError, variance / (variance + 2.25)))
  }

  @Test func newDataOfAnotherSize() async throws {
    var stream = RandomStream(at: RandomAddress(seed: 12, purpose: 78))
    let mu = (0..<4000).map { _ in 1 + 3 * stream.nextNormal() }
    let theta = (0..<(4000 * 8)).map { _ in stream.nextNormal() }
    let draws = DrawSet(
      chains: 1, drawsPerChain: 4000,
      variables: [
        VariableDraws(name: "mu", kind: .latent, shape: [], values: [mu]),
        VariableDraws(name: "theta", kind: .latent, shape: [8], values: [theta]),
        VariableDraws(name: "last", kind: .output, shape: [], values: [mu]),
      ], sampleStats: [:])
    let same = try await predict(
      Groups(y: Tensor([Double](repeating: 0, count: 8))), .draws(draws, independent: nil), independent, threads: 1)
    #expect(same.notes.isEmpty && same.names == ["last", "y"])
    let known = try #require(same["y"])
    #expect(try agrees(known.epistemic, known.epistemicError, 1) && agrees(known.aleatoric, known.aleatoricError, 4))
    let new = try await predict(Groups(y: [0, 0, 0]), .draws(draws, independent: nil), independent, threads: 1)
    #expect(
      new.notes == ["theta is drawn from its prior given the other variables: its plate or sequence has another size than in the draws."])
    #expect(new.names == ["theta", "last", "y"])
    for (name, noise) in [("theta", 0.25), ("y", 4.25), ("last", 0.25)] {
      let variable = try #require(new[name])
      #expect(try agrees(variable.mean, variable.mcse, 1))
      #expect(try agrees(variable.aleatoric, variable.aleatoricError, noise), "\(name): \(variable.aleatoric) ± \(variable.aleatoricError)")
      #expect(try agrees(variable.epistemic, variable.epistemicError, 9), "\(name): \(variable.epistemic) ± \(variable.epistemicError)")
      #expect(try variable.aleatoricError.values().allSatisfy { $0 < 0.02 })
    }
  }

  @Test func bodiesThatReadNumbersAreReexecuted() async throws {
    let prediction = try await predict(Looking(y: [0, 0]), draws: 4000, seed: 9)
    let jump = prediction.jump
    #expect(try agrees(jump.mean, jump.mcse, 2.5))
    let y = try #require(prediction["y"])
    // Var(x + 5·1(x > 0)) = 1 + 25/4 + 10·E[x; x > 0].
    let variance = 1 + 25.0 / 4 + 10 / (2 * Double.pi).squareRoot()
    #expect(try agrees(y.epistemic, y.epistemicError, variance))
    #expect(try agrees(y.aleatoric, y.aleatoricError, 0.01))
    #expect(y.shares.map(\.isGivenData) == [true])
    await #expect(throws: PredictionError.self) { try await predict(Looking(y: [0]), gradients: ["y"], seed: 1) }
  }

  @Test func equalSeedsGiveEqualBitsOnAnyNumberOfThreads() async throws {
    var settings = independent
    settings.gradients = ["noise"]
    let model = Conjugate.example
    let draws = try model.draws(1003)
    func found(_ threads: Int, _ seed: UInt64) async throws -> [Double] {
      settings.seed = seed
      let prediction = try await predict(model, .draws(draws, independent: nil), settings, threads: threads)
      let y = try #require(prediction["y"])
      return try y.draws.values() + y.epistemic.values() + (y.shares.first?.first.values() ?? [])
        + (y.gradients["noise"]?.value.values() ?? [])
    }
    let one = try await found(1, 1)
    #expect(try await found(2, 1) == one)
    #expect(try await found(3, 1) == one)
    #expect(try await found(2, 2) != one)
    let prior = try await predict(Groups(y: [0, 0, 0]), draws: 501, seed: 3, threads: 1)
    let again = try await predict(Groups(y: [0, 0, 0]), draws: 501, seed: 3, threads: 2)
    #expect(try #require(prior["y"]).draws.values() == #require(again["y"]).draws.values())
    #expect(try #require(prior["y"]).shares[0].first.values() == #require(again["y"]).shares[0].first.values())
  }
}
