import Differentiation
import Distributions
import Foundation
import Inference
import Modeling
import Testing

/// A normal mean under a normal prior of scale `scale`.
private struct Location: Model {
  let scale: Double
  let y: Tensor

  func body(_ p: Program) throws -> Tensor {
    let mu = p.sample("mu", Normal(0, sd: scale))
    p.observe("y", Normal(mu, sd: 1), y)
    return mu
  }
}

/// Two numbers of which only the sum is observed: their posterior is a ridge.
private struct Ridge: Model {
  let y: Tensor

  func body(_ p: Program) throws -> Tensor {
    let x = p.sample("x", Normal(0, sd: 1).repeated(2))
    p.observe("y", Normal(x.sum(), sd: 0.1), y)
    return x
  }
}

/// x ↦ x with the gradient of x ↦ factor · x.
private struct Scaled: CustomNode {
  let factor: Double
  var name: String { "scaled" }
  func outputShapes(_ shapes: [[Int]]) throws -> [[Int]] { shapes }
  func evaluate(_ inputs: [[Double]]) throws -> [[Double]] { inputs }
  func vjp(inputs: [[Double]], outputs: [[Double]], cotangents: [[Double]]) throws -> [[Double]] { [cotangents[0].map { factor * $0 }] }
}

/// ``Location`` with a wrong derivative of the mean.
private struct Derived: Model {
  let factor: Double
  let y: Tensor

  func body(_ p: Program) throws -> Tensor {
    let mu = p.sample("mu", Normal(0, sd: 1))
    p.observe("y", Normal(Tensor.custom(Scaled(factor: factor), [mu])[0], sd: 1), y)
    return mu
  }
}

private struct CalibratedSchools: Model {
  let y, sigma: Tensor

  func body(_ p: Program) throws -> (mu: Tensor, tau: Tensor, theta: Tensor) {
    let mu = p.sample("mu", Normal(0, sd: 5))
    let tau = p.sample("tau", HalfCauchy(scale: 5))
    let theta = p.plate("schools", y.count) { j in
      let theta = mu + tau * p.sample("xi", Normal(0, sd: 1))
      p.observe("y", Normal(theta, sd: sigma[j]), y[j])
      return theta
    }
    return (mu, tau, theta)
  }

  static let data = CalibratedSchools(y: [28, 8, -3, 7, -1, 1, 18, 12], sigma: [15, 10, 16, 11, 9, 11, 10, 18])
}

@Suite("Simulation-based calibration")
struct CalibrationTests {
  private static func settings(_ simulations: Int) -> CalibrationConfiguration {
    var configuration = CalibrationConfiguration()
    configuration.simulations = simulations
    return configuration
  }

  private static func chains<M: Model>(draws: Int = 300) -> Method<GivenModel<M>> { .nuts(chains: 1, warmup: 300, draws: draws) }

  @Test("The test of ranks is exact: its p-values over all rank sequences are those of the statistic")
  func exactTest() {
    // Two ranks, N = 4: 16 equally likely sequences. R_0 is Binomial(4, 1/2), with tails of 1/16, 5/16, 11/16.
    let test = RankUniformity(last: 1, count: 4)
    #expect(abs(test.pValue([0, 0, 0, 0]) - 2.0 / 16) < 1e-12)
    #expect(abs(test.pValue([0, 0, 0, 1]) - 10.0 / 16) < 1e-12)
    #expect(abs(test.pValue([0, 1, 0, 1]) - 1) < 1e-12)
    // Three ranks, N = 5: the share of the 243 sequences with a p-value of at most p is p, for every p that occurs.
    let three = RankUniformity(last: 2, count: 5)
    let all = (0..<243).map { code in three.pValue((0..<5).map { code / [1, 3, 9, 27, 81][$0] % 3 }) }.sorted()
    for (index, p) in all.enumerated() where index == 242 || all[index + 1] > p + 1e-9 {
      #expect(abs(p - Double(index + 1) / 243) < 1e-9)
    }
    #expect(RankUniformity(last: 63, count: 10).pValue([1]).isNaN)
  }

  @Test("Bands hold the stated share of uniform ranks, and uneven ranks are found")
  func bands() {
    let test = RankUniformity(last: 31, count: 100)
    let band = test.bands(probability: 0.9)
    // Additive recurrences with many irrational steps stand for random ranks.
    var inside = 0
    for trial in 0..<1000 {
      let ranks = (0..<100).map { k -> Int in
        var state = UInt64(trial * 100 + k + 1) &* 0x9E37_79B9_7F4A_7C15
        state = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        state = (state ^ (state >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((state ^ (state >> 31)) >> 59)
      }
      let path = test.cumulated(ranks).map { Double($0) / 100 }
      if zip(path, zip(band.lower, band.upper)).allSatisfy({ $1.0 <= $0 + 1e-12 && $0 <= $1.1 + 1e-12 }) { inside += 1 }
    }
    // Four standard errors of 0.9 over 1000 trials; bands of whole numbers hold a little more.
    #expect(inside > 862 && inside < 960)
    #expect(test.pValue((0..<100).map { $0 % 16 }) < 1e-6)
    // As even as 100 ranks in 32 places can be: four of the places have one more.
    #expect(test.pValue((0..<100).map { $0 % 32 }) > 0.95)
    #expect(abs(test.distance((0..<100).map { _ in 0 }) - 31.0 / 32) < 1e-12)
  }

  @Test("NUTS on eight schools passes, with equal bits on any number of threads")
  func eightSchools() throws {
    let one = try CalibrationEngine(CalibratedSchools.data, Self.chains(), Self.settings(60), threads: 1).run()
    #expect(one.verdict.verdict != .fail)
    #expect(one.fitted == 60 && one.ending == .allSimulations)
    #expect(one.quantities.count == 19)
    #expect(one.quantities.last?.name == "log_likelihood")
    #expect(one.gradient.isPassed && one.gradient.comparisons > 30)
    let two = try CalibrationEngine(CalibratedSchools.data, Self.chains(), Self.settings(60), threads: 3).run()
    #expect(two.quantities.map(\.ranks) == one.quantities.map(\.ranks))
  }

  @Test("Data drawn under another prior are found")
  func wrongPrior() throws {
    let y = Tensor([0, 0, 0])
    let wrong = try CalibrationEngine(
      Location(scale: 1, y: y), generator: Location(scale: 4, y: y), Self.chains(), Self.settings(100)
    ).run()
    #expect(wrong.verdict.verdict == .fail)
    #expect(wrong.verdict.reasons.first?.code == "ranks_not_uniform")
    #expect(wrong.ending == .broken && wrong.fitted == 50)
    let right = try CalibrationEngine(Location(scale: 1, y: y), Self.chains(), Self.settings(100)).run()
    #expect(right.verdict.verdict == .ok)
  }

  @Test("A wrong gradient is found, for NUTS by differences, and for variational inference by its ranks as well")
  func wrongGradient() throws {
    let model = Derived(factor: -0.2, y: Tensor([0, 0, 0, 0]))
    var few = Self.settings(8)
    few.extensions = 0
    let chains = try CalibrationEngine(model, Self.chains(draws: 100), few).run()
    #expect(chains.verdict.reasons.contains { $0.code == "gradient_wrong" && $0.severity == .fail })
    #expect(chains.gradient.worst?.coordinate == "mu")
    let guide: Method<GivenModel<Derived>> = .vi(steps: 300, draws: 200)
    let variational = try CalibrationEngine(model, guide, Self.settings(50)).run()
    #expect(variational.verdict.reasons.contains { $0.code == "gradient_wrong" })
    #expect(variational.verdict.reasons.contains { $0.code == "ranks_not_uniform" })
    let right = try GradientCheck(CompiledModel(Derived(factor: 1, y: Tensor([0, 0, 0, 0]))), seed: 1)
    #expect(right.isPassed && right.comparisons == 6)
  }

  @Test("A mean-field guide on a ridge is found to be too narrow, a full-rank one passes")
  func meanField() throws {
    let narrow: Method<GivenModel<Ridge>> = .vi(guide: .meanField, draws: 200)
    let wrong = try CalibrationEngine(Ridge(y: 0), narrow, Self.settings(50)).run()
    #expect(wrong.verdict.verdict == .fail)
    #expect(wrong.verdict.reasons.contains { $0.text.hasSuffix("the posteriors are too narrow.") })
    let wide: Method<GivenModel<Ridge>> = .laplace(draws: 200)
    let right = try CalibrationEngine(Ridge(y: 0), wide, Self.settings(50)).run()
    #expect(right.verdict.verdict == .ok)
  }

  /// A guide that reads the data: the posterior of `Location(scale: 1)` is N(Σy/(n + 1), 1/(n + 1)), with its sd times `width`.
  private static func reading(_ width: Double) -> CalibratedGuide<Location> {
    CalibratedGuide { q, data in
      let n = Double(data.y.count)
      let shift = q.parameter("shift", 0)
      q.sample("mu", Normal(shift + data.y.sum() / (n + 1), sd: width / (n + 1).squareRoot()))
    } model: { data in
      Location(scale: 1, y: Tensor(data["y"]!.values, shape: data["y"]!.shape))
    }
  }

  @Test("A guide that is a program and reads the data passes where it is the posterior, and is found where it is too narrow")
  func programs() throws {
    var configuration = ProgramConfiguration()
    (configuration.optimization.steps, configuration.draws) = (200, 200)
    let method = Method<GivenModel<Location>>(.program(configuration))
    let model = Location(scale: 1, y: Tensor([0, 0, 0, 0]))
    let right = try CalibrationEngine(model, method, guide: Self.reading(1), Self.settings(100)).run()
    #expect(right.verdict.verdict == .ok && right.failures.isEmpty, "\(right.verdict)")
    let narrow = try CalibrationEngine(model, method, guide: Self.reading(0.4), Self.settings(100)).run()
    #expect(narrow.verdict.verdict == .fail)
    #expect(narrow.verdict.reasons.contains { $0.text.contains("ranks of mu") && $0.text.hasSuffix("the posteriors are too narrow.") })
  }

  @Test("What cannot be simulated is said in sentences")
  func impossible() throws {
    struct Bare: Model {
      let a: Double
      func body(_ p: Program) throws -> Tensor { p.sample("x", Normal(a, sd: 1)) }
    }
    #expect(throws: CalibrationError(["The model has no observed site: there are no data to simulate."])) {
      try CalibrationEngine(Bare(a: 0), Self.chains(), Self.settings(50)).run()
    }
    struct Factored: Model {
      let a: Double
      func body(_ p: Program) throws -> Tensor {
        let x = p.sample("x", Normal(0, sd: 1))
        p.factor("f", -a * x * x)
        return x
      }
    }
    #expect(throws: CalibrationError.self) { try CalibrationEngine(Factored(a: 0), Self.chains(), Self.settings(50)).run() }
  }
}
