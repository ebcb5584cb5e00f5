import Credence
import Foundation

/// Densities with known moments, easy, hard and impossible, on which verdicts are tested (`credence agree --verdicts`).
///
/// Moments are exact. Where they do not exist or no sample of thousands could show them (heavy tails), the location is the median and the scale the
/// interquartile range divided by 1.349, that of a normal distribution.
package enum VerdictTargets {
  package static let all: [any ReferencedModel] = gaussians + shapes + edges + harder

  static let gaussians: [any ReferencedModel] = [
    KnownTarget(CorrelatedPair.self, ["a": [.init(0, 1)], "b": [.init(0, 1)]], isNormal: true),
    KnownTarget(Autoregressive.self, ["x": .init(repeating: .init(0, 1), count: 10)], isNormal: true),
    KnownTarget(ManyScales.self, ["x": (-3...3).map { .init(1, pow(10, Double($0))) }], isNormal: true),
    KnownTarget(FiftyNormals.self, ["x": (0..<50).map { .init(Double($0), 1) }], isNormal: true),
  ]

  static let shapes: [any ReferencedModel] = [
    KnownTarget(Funnel.self, ["v": [.init(0, 3)]]),
    KnownTarget(Banana.self, ["a": [.init(0, 1)], "b": [.init(0, 0.75.squareRoot())]]),
    KnownTarget(FarModes.self, ["x": [.init(0, 26.0.squareRoot())]]),
    KnownTarget(UnevenModes.self, ["x": [.init(1.2, 6.76.squareRoot())]]),
    KnownTarget(NearModes.self, ["x": [.init(0, 3.25.squareRoot())]]),
    // E r² under r · N(r; 3, 0.2²) is 9.12, half of it along each axis.
    KnownTarget(Ring.self, ["x": .init(repeating: .init(0, 4.56.squareRoot()), count: 2)]),
    KnownTarget(StudentFive.self, ["x": .init(repeating: .init(0, (5.0 / 3).squareRoot()), count: 3)]),
    KnownTarget(StudentThree.self, ["x": .init(repeating: .init(0, 3.0.squareRoot()), count: 5)]),
    KnownTarget(CauchyPair.self, ["x": .init(repeating: .init(quartiles: -1, 0, 1), count: 2)]),
    KnownTarget(LaplaceFour.self, ["x": .init(repeating: .init(0, 2.0.squareRoot()), count: 4)]),
  ]

  static let edges: [any ReferencedModel] = [
    KnownTarget(
      LogNormalPair.self, ["x": .init(repeating: .init(exp(0.125), ((exp(0.25) - 1) * exp(0.25)).squareRoot()), count: 2)], isNormal: true),
    KnownTarget(SmallGamma.self, ["x": .init(repeating: .init(0.5, 0.5.squareRoot()), count: 2)]),
    KnownTarget(InverseGammaPair.self, ["x": .init(repeating: .init(1, 3.0.squareRoot() / 3), count: 2)]),
    KnownTarget(ArcsineBeta.self, ["x": [.init(0.5, 0.125.squareRoot())]]),
    KnownTarget(UniformSquare.self, ["x": .init(repeating: .init(0.5, 12.0.squareRoot() / 12), count: 2)]),
    KnownTarget(ExponentialThree.self, ["x": .init(repeating: .init(1, 1), count: 3)]),
    KnownTarget(HalfNormalOne.self, ["x": [.init((2 / Double.pi).squareRoot(), (1 - 2 / Double.pi).squareRoot())]]),
    KnownTarget(HalfCauchyOne.self, ["x": [.init(quartiles: tan(Double.pi / 8), 1, tan(3 * Double.pi / 8))]]),
    KnownTarget(SparseSimplex.self, ["x": .init(repeating: .init(1.0 / 3, (0.7 * 1.4 / (2.1 * 2.1 * 3.1)).squareRoot()), count: 3)]),
  ]

  /// ψ(k) and ψ′(k) of the shapes of ``SkewedLogs``: E log y and var log y.
  private static let skewedLogs: [TargetMoments] = [
    .init(-3.5025242222002757, 12.245364546107789.squareRoot()), .init(-0.5772156649015329, (Double.pi * Double.pi / 6).squareRoot()),
    .init(1.2561176684318005, 0.2838229557371153.squareRoot()),
  ]

  static let harder: [any ReferencedModel] = [
    // Quartiles of t₁: ±1; of t₂: ±√(2/3).
    KnownTarget(
      StudentOneTwo.self,
      [
        "one": [.init(quartiles: -1, 2, 5)],
        "two": .init(repeating: .init(quartiles: -(2.0 / 3).squareRoot(), 0, (2.0 / 3).squareRoot()), count: 2),
      ]),
    KnownTarget(
      PlaneModes.self,
      ["x": [.init(-1.2, (0.7 + 0.3 * 0.25 + 0.21 * 36).squareRoot()), .init(0.6, (0.7 + 0.3 * 0.25 + 0.21 * 4).squareRoot())]]),
    KnownTarget(
      SwappedLabels.self,
      ["x": [.init(0.25, (1.0 / 16 + 1.25 * 1.25).squareRoot()), .init(0.25, (1.0 / 16 + 1.25 * 1.25).squareRoot()), .init(0, 0.5)]]),
    // var b = 0.09 · 2 · 2⁴ + 0.09.
    KnownTarget(BentBanana.self, ["a": [.init(0, 2)], "b": [.init(1.2, 2.97.squareRoot())]]),
    KnownTarget(MildBanana.self, ["a": [.init(0, 1)], "b": [.init(0, 1.02.squareRoot())]]),
    KnownTarget(SmallFunnel.self, ["v": [.init(0, 1)], "x": [.init(0, exp(0.25))]]),
    KnownTarget(WideFunnel.self, ["v": [.init(0, 1.5)]]),
    KnownTarget(HundredNormals.self, ["x": HundredNormals.scales.map { .init(0, $0) }], isNormal: true),
    KnownTarget(SkewedLogs.self, ["y": skewedLogs]),
    KnownTarget(ThreeModes.self, ["x": [.init(1.1, (1.0 / 16 + 0.2 * 4 + 0.3 * 25 - 1.21).squareRoot())]]),
    KnownTarget(WideOverNarrow.self, ["x": .init(repeating: .init(0, 15.0.squareRoot()), count: 2)]),
    // E s² = e^{1/2}.
    KnownTarget(
      CenteredGroups.self,
      [
        "m": [.init(0, 1)], "s": [.init(exp(0.125), ((exp(0.25) - 1) * exp(0.25)).squareRoot())],
        "g": .init(repeating: .init(0, (1 + exp(0.5)).squareRoot()), count: 12),
      ]),
  ]
}

/// A model without data whose marginal moments are known.
package struct KnownTarget<M: ModelWithExample>: VerdictTarget {
  private let runnable = AnyRunnable(M.self)
  package let moments: [String: [TargetMoments]]
  package let isNormal: Bool

  init(_ type: M.Type, _ moments: [String: [TargetMoments]], isNormal: Bool = false) { (self.moments, self.isNormal) = (moments, isNormal) }

  package var isReferenced: Bool { true }
  package func referenceData() throws -> Data? { nil }
  package var name: String { runnable.name }
  package var summary: String { runnable.summary }
  package var hasEmbeddedData: Bool { true }
  package func embeddedData() throws -> Data? { try runnable.embeddedData() }
  package func dataSchema() -> [DataField] { runnable.dataSchema() }
  package func describe(data: ModelData?) throws -> ModelDescription { try runnable.describe(data: data) }
  package func infer(data: ModelData?, request: InferenceRequest, progress: @escaping @Sendable (ProgressEvent) -> Void) async throws
    -> InferenceOutcome
  {
    try await runnable.infer(data: data, request: request, progress: progress)
  }
  package func operated(by request: SurgeryRequest) throws -> any RunnableModel { try runnable.operated(by: request) }
  package func predict(data: ModelData?, request: PredictionRequest) async throws -> PredictionOutcome {
    try await runnable.predict(data: data, request: request)
  }
  package func check(data: ModelData?, request: CheckRequest) async throws -> CheckOutcome {
    try await runnable.check(data: data, request: request)
  }
  package func simulate(data: ModelData?, request: SimulationRequest) async throws -> SimulationOutcome {
    try await runnable.simulate(data: data, request: request)
  }
  package func bench(data: ModelData?, request: BenchRequest) throws -> BenchOutcome { try runnable.bench(data: data, request: request) }
  package func estimators(data: ModelData?, test: ModelData?, request: EstimatorsRequest, note: (String) -> Void) throws
    -> EstimatorsOutcome
  {
    try runnable.estimators(data: data, test: test, request: request, note: note)
  }
}
