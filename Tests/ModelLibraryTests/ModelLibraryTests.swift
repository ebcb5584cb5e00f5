import CommandLine
import Foundation
import Inference
import ModelLibrary
import Modeling
import Reporting
import Testing

/// One evaluation on one lane.
private func evaluate(_ density: any LogDensity, _ position: [Double]) throws -> (value: Double, gradient: [Double]) {
  #expect(density.dimension == position.count)
  var value = [0.0]
  var gradient = [Double](repeating: 0, count: position.count)
  try density.makeEvaluator(lanes: 1).evaluate(positions: position, values: &value, gradients: &gradient)
  return (value[0], gradient)
}

private func model(_ name: String) throws -> any ModelWithDensity {
  try #require(ModelLibrary.all.first { $0.name == name } as? any ModelWithDensity)
}

/// Equal up to rounding: relative to the value, and for gradients to their largest element, which sums cancel against.
private func isClose(_ a: Double, _ b: Double, scale: Double) -> Bool { abs(a - b) <= 1e-9 * max(1, abs(b), scale) }

@Suite("Built-in models: densities")
struct ModelDensityTests {
  @Test("Posteriors against densities written a second time", arguments: DensityOracle.all)
  func posterior(_ oracle: DensityOracle) throws {
    let found = try evaluate(model(oracle.model).logDensity(data: nil), oracle.position)
    #expect(isClose(found.value, oracle.value, scale: 1), "\(oracle.model): \(found.value), not \(oracle.value)")
    let scale = oracle.gradient.map(abs).max() ?? 1
    for (own, other) in zip(found.gradient, oracle.gradient) {
      #expect(isClose(own, other, scale: scale), "\(oracle.model): \(found.gradient), not \(oracle.gradient)")
    }
  }

  @Test("Models of the other systems at their fixed points", arguments: PeerOracle.all)
  func peers(_ oracle: PeerOracle) throws {
    // Our simplex is the isometric log-ratio: uᵢ = (Σ_{k ≤ i} log xₖ − i·log xᵢ₊₁)/√(i(i+1)), log |det| = ½ log K + Σ log xₖ.
    let logs = oracle.simplex.map { log($0) }
    let free = (0..<max(0, logs.count - 1)).map { i -> Double in
      let rank = Double(i + 1)
      return (logs[...i].reduce(0, +) - rank * logs[i + 1]) / (rank * (rank + 1)).squareRoot()
    }
    let jacobian = logs.isEmpty ? 0 : 0.5 * log(Double(logs.count)) + logs.reduce(0, +)
    let found = try evaluate(model(oracle.model).logDensity(data: nil), free + oracle.position)
    #expect(isClose(found.value - jacobian, oracle.value, scale: 1), "\(oracle.model): \(found.value - jacobian), not \(oracle.value)")
    let scale = oracle.gradient.map(abs).max() ?? 1
    for (own, other) in zip(found.gradient.dropFirst(free.count), oracle.gradient) {
      #expect(isClose(own, other, scale: scale), "\(oracle.model): \(own), not \(other)")
    }
  }

  @Test("Every model is listed once, describes itself, and has data")
  func listed() throws {
    let names = ModelLibrary.all.map(\.name)
    #expect(Set(names).count == names.count && names.count >= 18)
    for model in ModelLibrary.all {
      #expect(!model.summary.isEmpty && model.hasEmbeddedData)
      #expect(try model.describe(data: nil).dimension > 0)
    }
    #expect(ModelLibrary.posteriors.count == 12)
  }

  @Test("A data file that is missing is a sentence")
  func missing() {
    #expect {
      _ = try BuiltInData.read("nothing.json")
    } throws: { error in
      "\(error)".hasPrefix("the built-in data file nothing.json is in none of ")
    }
  }
}

@Suite("Built-in posteriors against posteriordb")
struct PosteriorAgreementTests {
  /// The faster half; `credence agree` does all.
  static let fast = [
    "arK-arK", "eight_schools-eight_schools_centered", "eight_schools-eight_schools_noncentered", "low_dim_gauss_mix-low_dim_gauss_mix",
    "mesquite-logmesquite", "nes1980-nes",
    "sblrc-blr",
  ]

  @Test("NUTS: means, sds and quantiles within 4 errors, R-hat below 1.01", arguments: fast)
  func nuts(_ name: String) async throws {
    let model = try #require(ModelLibrary.posteriors.first { $0.name == name })
    let row = try await Agreement.nuts(model, seed: 20)
    #expect(row.agrees, "\(row)")
    #expect(row.divergences == 0, "\(row)")
  }

  @Test("Full-rank variational inference: right, or not ok", arguments: fast)
  func variational(_ name: String) async throws {
    let model = try #require(ModelLibrary.posteriors.first { $0.name == name })
    let row = try await Agreement.variational(model, seed: 20)
    #expect(row.agrees, "\(row)")
  }

  @Test("A reference that is not the posterior's is noticed")
  func wrongReference() async throws {
    let model = try #require(ModelLibrary.posteriors.first { $0.name == "sblrc-blr" })
    let row = try await Agreement.nuts(Shifted(base: model), seed: 20)
    #expect(!row.agrees)
  }

  /// A posterior with the reference of another data set: the mean of one coefficient is off by half a standard deviation.
  struct Shifted: ReferencedModel {
    let base: any ReferencedModel
    var name: String { base.name }
    var summary: String { base.summary }
    var hasEmbeddedData: Bool { true }
    var isReferenced: Bool { true }
    func embeddedData() throws -> Data? { try base.embeddedData() }
    func dataSchema() -> [DataField] { base.dataSchema() }
    func describe(data: ModelData?) throws -> ModelDescription { try base.describe(data: data) }
    func bench(data: ModelData?, request: BenchRequest) throws -> BenchOutcome { try base.bench(data: data, request: request) }
    func estimators(data: ModelData?, test: ModelData?, request: EstimatorsRequest, note: (String) -> Void) throws -> EstimatorsOutcome {
      try base.estimators(data: data, test: test, request: request, note: note)
    }
    func infer(data: ModelData?, request: InferenceRequest, progress: @escaping @Sendable (ProgressEvent) -> Void) async throws
      -> InferenceOutcome
    { try await base.infer(data: data, request: request, progress: progress) }

    func referenceData() throws -> Data? {
      let text = String(decoding: try base.referenceData() ?? Data(), as: UTF8.self)
      return Data(text.replacing("0.9996473863", with: "1.0001386689").utf8)
    }
  }
}
