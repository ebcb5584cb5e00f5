import CommandLine
import Foundation
import Inference
import ModelLibrary
import Modeling
import Reporting
import Testing

private func model(_ name: String) throws -> any RunnableModel { try #require(ModelLibrary.all.first { $0.name == name }) }

private func predict(_ name: String, data: String? = nil, _ change: (inout PredictionRequest) -> Void = { _ in }) async throws
  -> PredictionOutcome
{
  var request = PredictionRequest()
  request.seed = 7
  change(&request)
  let own = try data.map { try ModelData(source: "new", bytes: Data($0.utf8)) }
  return try await model(name).predict(data: own, request: request)
}

extension PredictionOutcome {
  fileprivate func report(_ name: String) throws -> PredictionReport { try #require(variables.first { $0.summary.name == name }) }
}

extension PredictionReport {
  fileprivate func values(_ statistic: String) throws -> [Double] { try #require(summary[statistic]) }
}

@Suite("Predictions of built-in models")
struct PredictionModelTests {
  /// The inputs are log-normal and the deflection is a product of powers of them, so everything is known: with c the power and s the
  /// relative error of an input, its first-order share is (exp(c²s²) − 1)/(exp(Σ c²s²) − 1).
  @Test func theBeam() async throws {
    let outcome = try await predict("cantilever-beam") {
      $0.draws = 40_000
      $0.gradients = ["loadError"]
    }
    let powers: [(String, Double, Double)] = [
      ("load", 1, 0.06), ("length", 3, 0.01), ("modulus", -1, 0.05), ("width", -1, 0.03), ("height", -3, 0.025),
    ]
    let parts: [String: Double] = Dictionary(uniqueKeysWithValues: powers.map { ($0.0, $0.1 * $0.1 * $0.2 * $0.2) })
    let sum = parts.values.reduce(0.0, +)
    let inertia: Double = 40 * 80 * 80 * 80 / 12
    let middle: Double = 8e9 / (600 * inertia)
    let report = try outcome.report("deflection")
    let mean = middle * exp(sum / 2)
    #expect(abs(try report.values("mean")[0] - mean) < 4 * (try report.values("mcse_mean")[0]))
    let variance: Double = mean * mean * (exp(sum) - 1)
    #expect(abs(try report.values("epistemic")[0] - variance) < 4 * (try report.values("mcse_epistemic")[0]))
    #expect(report.shares.map(\.input) == ["load", "length", "modulus", "width", "height"])
    for share in report.shares {
      let own = try #require(parts[share.input])
      let first = (exp(own) - 1) / (exp(sum) - 1)
      let total = exp(sum - own) * (exp(own) - 1) / (exp(sum) - 1)
      #expect(abs(share.first[0] - first) < 4 * share.firstError[0] && share.firstError[0] < 0.02, "\(share.input)")
      let (own2, error) = (try #require(share.total)[0], try #require(share.totalError)[0])
      #expect(abs(own2 - total) < 4 * error && error < 0.02, "\(share.input), total")
    }
    let gradient = try #require(report.gradients.first)
    #expect(gradient.name == "loadError" && abs(gradient.value[0] - mean * 0.06) < 4 * gradient.error[0])
    let reading = try outcome.report("reading")
    #expect(try reading.values("aleatoric").allSatisfy { abs($0 - 0.09) < 1e-15 })
  }

  /// y_rep ~ N(θ, σ): E = E θ and Var = Var θ + σ², with the moments of posteriordb's reference draws.
  @Test func eightSchools() async throws {
    struct Reference: Decodable {
      struct Entry: Decodable { var mean, mcse_mean, sd, mcse_sd: Double }
      var parameters: [String: Entry]
    }
    let name = "eight_schools-eight_schools_noncentered"
    let file = try BuiltInData.read("reference/\(name).json")
    let reference = try JSONDecoder().decode(Reference.self, from: file).parameters
    var fit = InferenceRequest()
    fit.seed = 3
    fit.draws = 4000
    fit.targetAcceptance = 0.95
    let outcome = try await predict(name) { $0.source = .fit(fit) }
    let y = try outcome.report("y")
    let sigma = [15.0, 10, 16, 11, 9, 11, 10, 18]
    for j in 0..<8 {
      let own = try #require(reference["theta[\(j + 1)]"])
      let error = hypot(try y.values("mcse_mean")[j], own.mcse_mean)
      #expect(abs(try y.values("mean")[j] - own.mean) < 4 * error, "school \(j)")
      #expect(abs(try y.values("aleatoric")[j] - sigma[j] * sigma[j]) < 1e-9)
      let variance = own.sd * own.sd
      let spread = hypot(try y.values("mcse_epistemic")[j], 2 * own.sd * own.mcse_sd)
      #expect(abs(try y.values("epistemic")[j] - variance) < 4 * spread, "school \(j)")
      let total = (variance + sigma[j] * sigma[j]).squareRoot()
      #expect(abs(try y.values("sd")[j] - total) < 4 * hypot(try y.values("mcse_sd")[j], own.sd / total * own.mcse_sd), "school \(j)")
    }
  }

  /// What the curve could be is wide where there are no data; the noise is the same everywhere.
  @Test func theNetworkKnowsWhatItDoesNotKnow() async throws {
    var fit = InferenceRequest()
    fit.seed = 5
    fit.draws = 500
    fit.warmup = 500
    fit.chains = 2
    let draws = try #require(try await model("bayesian-neural-network").infer(data: nil, request: fit) { _ in }.draws)
    let outcome = try await predict("bayesian-neural-network", data: #"{"x": [-0.7, 0.05, 0.7, 3], "y": [0, 0, 0, 0]}"#) {
      $0.source = .draws(draws)
      $0.wantsShares = false
    }
    #expect(outcome.notes.isEmpty)
    let curve = try outcome.report("result")
    let sd = try curve.values("epistemic").map { $0.squareRoot() }
    #expect(sd[1] > 3 * sd[0] && sd[1] > 3 * sd[2] && sd[3] > 3 * sd[2], "\(sd)")
    let noise = try outcome.report("y").values("aleatoric").map { $0.squareRoot() }
    #expect(noise.allSatisfy { abs($0 / noise[0] - 1) < 1e-12 } && abs(noise[0] - 0.1) < 0.04, "\(noise)")
    for (x, f) in zip([-0.7, 0.7], [try curve.values("mean")[0], try curve.values("mean")[2]]) {
      #expect(abs(f - sin(4 * x) - 0.5 * x) < 0.15, "\(x): \(f)")
    }
  }

  /// Each topic has 0.24 on its own four words.
  @Test func topicsComeBack() async throws {
    var fit = InferenceRequest()
    fit.method = .vi
    fit.seed = 2
    fit.draws = 500
    fit.steps = 3000
    let outcome = try await model("topic-model").infer(data: nil, request: fit) { _ in }
    let topics = try #require(outcome.variables.first { $0.name == "topics" }?["mean"])
    #expect(topics.count == 36)
    for (place, value) in topics.enumerated() {
      let exact = place / 12 == place % 12 / 4 ? 0.24 : 0.005
      #expect(abs(value - exact) < 0.07, "topic \(place / 12), word \(place % 12): \(value)")
    }
    // New words of the same documents: whole numbers among the twelve.
    let new = try await predict("topic-model") {
      $0.source = .draws(outcome.draws!)
      $0.wantsShares = false
    }
    let words = try #require(new.draws.variables.first { $0.name == "word" })
    #expect(words.shape == [40, 30] && words.values[0].allSatisfy { $0 >= 0 && $0 < 12 && $0 == $0.rounded() })
  }
}
