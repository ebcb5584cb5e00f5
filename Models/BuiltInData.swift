import Credence
import Foundation

/// The data files that ship with the models, in the directory `Data` beside these sources.
package enum BuiltInData {
  /// Reads a file of `Data`. It is looked for beside the running program (in the bundle that SwiftPM makes), in `share/credence` of an
  /// installation, and where it was built from. Throws ``UserError`` with a sentence where it is in none of them.
  package static func read(_ name: String) throws -> Data {
    for directory in directories {
      if let data = FileManager.default.contents(atPath: directory.appendingPathComponent(name).path) { return data }
    }
    let places = directories.map(\.path).joined(separator: ", ")
    throw UserError("the built-in data file \(name) is in none of \(places): run credence where swift build put it, or give --data FILE.")
  }

  /// A model with the data of a file.
  package static func model<M: Model>(_ type: M.Type, _ file: String) throws -> M {
    try ModelData(source: file, bytes: read(file)).decode(M.self).model
  }

  private static var directories: [URL] {
    let program = Bundle.main.executableURL ?? URL(fileURLWithPath: ProcessInfo.processInfo.arguments.first ?? "")
    let beside = program.resolvingSymlinksInPath().deletingLastPathComponent()
    let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    return [
      beside.appendingPathComponent("Credence_ModelLibrary.resources"),
      beside.appendingPathComponent("Credence_ModelLibrary.bundle"),
      beside.appendingPathComponent("Credence_ModelLibrary.bundle/Contents/Resources"),
      beside.deletingLastPathComponent().appendingPathComponent("share/credence"),
      sources,
    ].map { $0.appendingPathComponent("Data") }
  }
}

/// A model whose density can be looked at without running an inference.
package protocol ModelWithDensity: RunnableModel {
  func logDensity(data: ModelData?) throws -> any LogDensity
}

/// A model whose own data are a file of the library.
package struct FileModel<M: Model>: ReferencedModel, ModelWithDensity {
  private let runnable = AnyRunnable(M.self)
  package let file: String
  package let isReferenced: Bool

  /// A model without a reference posterior.
  package init(_ type: M.Type, _ file: String) {
    self.file = file
    isReferenced = false
  }

  /// A model whose reference posterior is the file of its name in `Data/reference`.
  package init(referenced type: M.Type, _ file: String) {
    self.file = file
    isReferenced = true
  }

  package func referenceData() throws -> Data? { isReferenced ? try BuiltInData.read("reference/\(name).json") : nil }

  package var name: String { runnable.name }
  package var summary: String { runnable.summary }
  package var hasEmbeddedData: Bool { true }
  package func embeddedData() throws -> Data? { try BuiltInData.read(file) }
  package func dataSchema() -> [DataField] { runnable.dataSchema() }

  private func own(_ data: ModelData?) throws -> ModelData {
    try data ?? ModelData(source: "embedded \(file)", bytes: BuiltInData.read(file))
  }

  /// The log density over unconstrained vectors, with its gradient.
  package func logDensity(data: ModelData?) throws -> any LogDensity { try CompiledModel(own(data).decode(M.self).model) }

  package func operated(by request: SurgeryRequest) throws -> any RunnableModel {
    try AnyRunnable(M.self) { [file] in try BuiltInData.read(file) }.operated(by: request)
  }

  package func describe(data: ModelData?) throws -> ModelDescription { try runnable.describe(data: own(data)) }

  package func graph(data: ModelData?) throws -> ModelGraph { try runnable.graph(data: own(data)) }

  package func infer(data: ModelData?, request: InferenceRequest, progress: @escaping @Sendable (ProgressEvent) -> Void) async throws
    -> InferenceOutcome
  {
    try await runnable.infer(data: own(data), request: request, progress: progress)
  }

  package func predict(data: ModelData?, request: PredictionRequest) async throws -> PredictionOutcome {
    try await runnable.predict(data: own(data), request: request)
  }

  package func calibrate(
    data: ModelData?, truth: ModelData?, request: CalibrationRequest, progress: @escaping @Sendable (ProgressEvent) -> Void
  ) async throws -> CalibrationOutcome {
    try await runnable.calibrate(data: own(data), truth: truth, request: request, progress: progress)
  }

  package func check(data: ModelData?, request: CheckRequest) async throws -> CheckOutcome {
    try await runnable.check(data: own(data), request: request)
  }

  package func simulate(data: ModelData?, request: SimulationRequest) async throws -> SimulationOutcome {
    try await runnable.simulate(data: own(data), request: request)
  }

  package func bench(data: ModelData?, request: BenchRequest) throws -> BenchOutcome {
    try runnable.bench(data: own(data), request: request)
  }

  package func estimators(data: ModelData?, test: ModelData?, request: EstimatorsRequest, note: (String) -> Void) throws
    -> EstimatorsOutcome
  {
    try runnable.estimators(data: own(data), test: test, request: request, note: note)
  }
}
