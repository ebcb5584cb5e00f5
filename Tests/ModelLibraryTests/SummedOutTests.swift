import CommandLine
import Credence
import Foundation
import ModelLibrary
import Modeling
import Reporting
import Testing

/// The change point with the sum over the year of the change written out.
private struct ChangePointByHand: Model {
  let disasters: Tensor
  func body(_ p: Program) throws -> (early: Tensor, late: Tensor) {
    let early = p.sample("early", Exponential(rate: 1))
    let late = p.sample("late", Exponential(rate: 1))
    let count = disasters.count
    let before = Poisson(rate: early).logDensity(of: IntTensor(rounding: disasters)).cumulativeSum(axis: 0)
    let after = Poisson(rate: late).logDensity(of: IntTensor(rounding: disasters)).cumulativeSum(axis: 0)
    // Years 0 … k − 1 have the early rate.
    let first = concatenate([Tensor.zeros([1]), before[0..<(count - 1)]])
    let rest = after[count - 1] - concatenate([Tensor.zeros([1]), after[0..<(count - 1)]])
    p.factor("disasters", (first + rest).logSumExp() - log(Tensor(Double(count))))
    return (early, late)
  }
}

/// The two groups of animals with both indicators summed by hand; equal animals counted.
private struct CaptureRecaptureByHand: Model {
  let captures: Tensor
  let occasions, augmented: Int
  func body(_ p: Program) throws {
    let psi = p.sample("psi", Uniform(0, 1))
    let bold = p.sample("bold", Beta(1, 1))
    let rate = logistic(p.sample("logits", Normal(-2, sd: 1).ordered(count: 2)))
    func density(_ y: Tensor) -> Tensor {
      let groups = Binomial(occasions, probability: rate).logDensity(of: IntTensor(rounding: y.expandingAxis(1)))
      return (groups + stack([log1p(-bold), log(bold)])).logSumExp(axis: 1) + log(psi)
    }
    p.factor("seen", density(captures).sum())
    let unseen = Double(augmented - captures.count)
    p.factor("unseen", unseen * logAddExp(density([0])[0], log1p(-psi)))
  }
}

@Suite("Models whose discrete sites are summed out")
struct SummedOutTests {
  private func evaluate(_ density: any LogDensity, _ u: [Double]) throws -> (value: Double, gradient: [Double]) {
    var value = [0.0]
    var gradient = [Double](repeating: 0, count: density.dimension)
    try density.makeEvaluator(lanes: 1).evaluate(positions: u, values: &value, gradients: &gradient)
    return (value[0], gradient)
  }

  private func expectEqual(_ name: String, _ other: any LogDensity, constant: Double = 0) throws {
    let model = try #require(ModelLibrary.all.first { $0.name == name } as? any ModelWithDensity)
    let own = try model.logDensity(data: nil)
    #expect(own.dimension == other.dimension)
    let u = (0..<own.dimension).map { 0.4 * sin(1.7 * Double($0) + 0.4) }
    let (a, b) = (try evaluate(own, u), try evaluate(other, u))
    #expect(abs(a.value - b.value - constant) < 1e-10 * abs(b.value), "\(name): \(a.value) and \(b.value)")
    for (x, y) in zip(a.gradient, b.gradient) {
      #expect(abs(x - y) < 1e-10 * max(1, abs(b.value)), "\(name): \(a.gradient), \(b.gradient)")
    }
  }

  private func reference(_ name: String) throws -> any LogDensity {
    try (#require(ModelLibrary.all.first { $0.name == name } as? any ModelWithDensity)).logDensity(data: nil)
  }

  @Test("Densities equal those with the sums written out")
  func densities() throws {
    try expectEqual("mixture-labels", reference("low_dim_gauss_mix-low_dim_gauss_mix"))
    // The first state has probability ½ here and factor 1 there.
    try expectEqual("hidden-states", reference("hmm_example-hmm_example"), constant: log(0.5))
    try expectEqual("change-point", CompiledModel(BuiltInData.model(ChangePointByHand.self, "coal-mining.json")))
    try expectEqual("capture-recapture", CompiledModel(BuiltInData.model(CaptureRecaptureByHand.self, "cottontails.json")))
  }

  /// Means by name, with their Monte Carlo errors.
  private func means(_ variables: [VariableReport], _ name: String) throws -> [(mean: Double, error: Double)] {
    let variable = try #require(variables.first { $0.name == name })
    return Array(zip(try #require(variable["mean"]), try #require(variable["mcse_mean"]))).map { ($0, $1) }
  }

  private func run(_ model: any RunnableModel, _ seed: UInt64) async throws -> [VariableReport] {
    var request = InferenceRequest()
    request.seed = seed
    return try await model.infer(data: nil, request: request) { _ in }.variables
  }

  @Test("NUTS gives the posteriors of the sums written out, within 4 errors of the difference")
  func posteriors() async throws {
    let hidden = try #require(ModelLibrary.all.first { $0.name == "hidden-states" })
    let recursion = try #require(ModelLibrary.all.first { $0.name == "hmm_example-hmm_example" })
    let pairs: [(any RunnableModel, any RunnableModel, [String])] = [
      (hidden, recursion, ["theta1", "theta2", "mu"])
    ]
    for (summed, other, names) in pairs {
      let (a, b) = (try await run(summed, 1), try await run(other, 2))
      for name in names {
        for (x, y) in zip(try means(a, name), try means(b, name)) {
          #expect(abs(x.mean - y.mean) < 4 * (x.error * x.error + y.error * y.error).squareRoot(), "\(name): \(x) and \(y)")
        }
      }
    }
  }

  /// With k years at the early rate, both rates have Gamma posteriors: ∫ λˢ e^(−nλ) e^(−λ) dλ = Γ(s + 1)/(n + 1)^(s + 1).
  private func exactChange(_ counts: [Double]) -> (probabilities: [Double], early: Double, change: Double) {
    let logs = counts.indices.map { k -> (weight: Double, early: Double) in
      let (first, second) = (counts[..<k].reduce(0, +), counts[k...].reduce(0, +))
      let (n, m) = (Double(k) + 1, Double(counts.count - k) + 1)
      return (lgamma(first + 1) - (first + 1) * log(n) + lgamma(second + 1) - (second + 1) * log(m), (first + 1) / n)
    }
    let largest = logs.map(\.weight).max()!
    let weights = logs.map { exp($0.weight - largest) }
    let total = weights.reduce(0, +)
    return (
      weights.map { $0 / total }, zip(weights, logs).reduce(0) { $0 + $1.0 * $1.1.early } / total,
      weights.enumerated().reduce(0) { $0 + $1.element * Double($1.offset) } / total
    )
  }

  @Test("The change point has its exact posterior, by NUTS and by draws of the year")
  func year() async throws {
    let change = try #require(ModelLibrary.all.first { $0.name == "change-point" })
    let variables = try await run(change, 1)
    let data = try BuiltInData.model(ChangePointByHand.self, "coal-mining.json").disasters.values()
    let exact = exactChange(data)
    let probabilities = try means(variables, "change.probability")
    #expect(probabilities.count == 112 && abs(probabilities.map(\.mean).reduce(0, +) - 1) < 1e-12)
    for (found, probability) in zip(probabilities, exact.probabilities) where probability > 1e-6 {
      #expect(abs(found.mean - probability) < 4.5 * found.error)
    }
    let (early, year) = (try means(variables, "early")[0], try means(variables, "change")[0])
    #expect(abs(early.mean - exact.early) < 4 * early.error, "\(early) and \(exact.early)")
    #expect(abs(year.mean - exact.change) < 4 * year.error, "\(year) and \(exact.change)")
    // What the model's comment says.
    #expect(exact.probabilities.firstIndex(of: exact.probabilities.max()!) == 41)
    #expect(exact.probabilities[35...45].reduce(0, +) > 0.94)
  }

  @Test("The number of animals is that of the draws, and has the mean that theory gives it")
  func population() async throws {
    let model = try #require(ModelLibrary.all.first { $0.name == "capture-recapture" })
    var request = InferenceRequest()
    request.seed = 3
    request.warmup = 500
    request.draws = 500
    request.keepsDraws = true
    let outcome = try await model.infer(data: nil, request: request) { _ in }
    let draws = try #require(outcome.draws)
    func values(_ name: String) throws -> [Double] { try #require(draws.variables.first { $0.name == name }).values.flatMap { $0 } }
    let (psi, bold, rate, there) = (try values("psi"), try values("bold"), try values("rate"), try values("there"))
    let population = try values("population")
    let animals = there.count / psi.count
    var sums = 0.0
    var squares = 0.0
    for draw in psi.indices {
      let own = there[(draw * animals)..<((draw + 1) * animals)]
      #expect(population[draw] == own.reduce(0, +) && own.prefix(76).allSatisfy { $0 == 1 })
      // Given the parameters each animal that was never caught is there with this probability, independently of the others.
      let missed = psi[draw] * ((1 - bold[draw]) * pow(1 - rate[2 * draw], 18) + bold[draw] * pow(1 - rate[2 * draw + 1], 18))
      let p = missed / (missed + 1 - psi[draw])
      let unseen = Double(animals - 76)
      let z = (population[draw] - 76 - unseen * p) / max(1e-9, (unseen * p * (1 - p)).squareRoot())
      sums += z
      squares += z * z
    }
    // What the model's comment says.
    #expect((125.0...141).contains(population.sorted()[population.count / 2]))
    // z has mean 0 and variance 1, independently from draw to draw.
    let count = Double(psi.count)
    #expect(abs(sums / count) < 4.5 / count.squareRoot(), "\(sums / count)")
    #expect(abs(squares / count - 1) < 0.15, "\(squares / count)")
  }
}
