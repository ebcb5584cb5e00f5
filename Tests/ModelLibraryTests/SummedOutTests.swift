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
    let byHand = FileModel(ChangePointByHand.self, "coal-mining.json")
    let hidden = try #require(ModelLibrary.all.first { $0.name == "hidden-states" })
    let recursion = try #require(ModelLibrary.all.first { $0.name == "hmm_example-hmm_example" })
    let change = try #require(ModelLibrary.all.first { $0.name == "change-point" })
    let pairs: [(any RunnableModel, any RunnableModel, [String])] = [
      (change, byHand, ["early", "late"]), (hidden, recursion, ["theta1", "theta2", "mu"]),
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

  @Test("The year of the change is 1890 or near it")
  func year() async throws {
    let change = try #require(ModelLibrary.all.first { $0.name == "change-point" })
    let probabilities = try means(try await run(change, 1), "change.probability").map(\.mean)
    #expect(probabilities.count == 112 && abs(probabilities.reduce(0, +) - 1) < 1e-12)
    #expect(probabilities[35...45].reduce(0, +) > 0.9)
  }
}
