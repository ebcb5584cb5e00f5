import Foundation
import Inference
import Modeling
import Reporting

/// A model with its type erased, as the commands see it: the one seam between the command line and everything below.
///
/// An error that is thrown by any of these functions is the user's (exit code 2; its description is printed as it stands, a line per sentence),
/// unless it is a `Defect`, which is ours (exit code 1).
package protocol RunnableModel: Sendable {
  /// The name on the command line and in results: `eight-schools`.
  var name: String { get }
  /// One line for `credence models`.
  var summary: String { get }
  /// Whether the model ships with data of its own (its `example`), so that `--data` may be left out.
  var hasEmbeddedData: Bool { get }
  /// The JSON of the embedded data, where there is some: it gives the checksum in the result.
  func embeddedData() throws -> Data?

  /// The sites, the data it reads and the size of its graph; `data` is nil where no `--data` was given.
  func describe(data: ModelData?) throws -> ModelDescription
  /// Runs one inference. When the surrounding task is cancelled it stops within a fraction of a second and returns (does not throw) what is
  /// finished, with `isInterrupted` set.
  func infer(data: ModelData?, request: InferenceRequest, progress: @escaping @Sendable (ProgressEvent) -> Void) async throws
    -> InferenceOutcome
  /// Predicts outputs and observations with their uncertainty. Throws `CancellationError` when the surrounding task is cancelled.
  func predict(data: ModelData?, request: PredictionRequest) async throws -> PredictionOutcome
  /// Simulation-based calibration; `truth` are the data that true values and data are drawn with, nil for `data`. When the surrounding task is cancelled it
  /// returns what is finished.
  func calibrate(
    data: ModelData?, truth: ModelData?, request: CalibrationRequest, progress: @escaping @Sendable (ProgressEvent) -> Void
  ) async throws -> CalibrationOutcome
  /// Looks for mistakes before any inference. Throws `CancellationError` when the surrounding task is cancelled.
  func check(data: ModelData?, request: CheckRequest) async throws -> CheckOutcome
  /// Draws from the prior. Throws `CancellationError` when the surrounding task is cancelled.
  func simulate(data: ModelData?, request: SimulationRequest) async throws -> SimulationOutcome
  /// Times one value-and-gradient on 1, 8 and 64 lanes and the building of the plan. Honours cancellation.
  func bench(data: ModelData?, request: BenchRequest) throws -> BenchOutcome
  /// Compares the gradient estimators of the guide's sites, or trains with several of them. `note` hears how far that is. Honours cancellation.
  func estimators(data: ModelData?, test: ModelData?, request: EstimatorsRequest, note: (String) -> Void) throws -> EstimatorsOutcome
  /// The model as a graph of its sites, data and outputs.
  func graph(data: ModelData?) throws -> ModelGraph
  /// What the command line has done to the model, for results; empty for the model as it is written.
  var alterations: JSONObject { get }
  /// The same model with values for some of its sites, without its likelihood, or with other data. What does not fit the model is told when it runs.
  func operated(by request: SurgeryRequest) throws -> any RunnableModel
  /// The keys its data has, found from the type alone; empty where they cannot be known without data.
  func dataSchema() -> [DataField]
}

/// A defect of Credence itself: exit code 1, with a request to report it.
package struct Defect: Error, CustomStringConvertible {
  package var description: String
  package init(_ description: String) { self.description = description }
}

/// The user's mistakes, all at once, a sentence each: exit code 2.
package struct UserError: Error, Equatable, CustomStringConvertible {
  package var sentences: [String]
  package init(_ sentences: String...) { self.sentences = sentences }
  package init(sentences: [String]) { self.sentences = sentences }
  package var description: String { sentences.joined(separator: "\n") }
}

/// The whole configuration of one `infer`. What is `nil` was not given: the method decides, and says what it decided in the outcome's `configuration`.
package struct InferenceRequest: Sendable, Equatable {
  package enum Method: String, Sendable, CaseIterable {
    case vi, nuts, laplace, map, pathfinder
    case batchAndMatch = "batch-and-match"
    case svgd, smc, importance
  }
  package enum Guide: Sendable, Equatable { case meanField, fullRank, lowRank(Int), flat(FlatGuideFamily) }
  package enum Metric: String, Sendable, CaseIterable { case automatic, diagonal, dense }
  /// How warmup adapts the metric: Stan's windowed variances, or the Fisher divergence of draws and gradients as in nutpie.
  package enum Adaptation: String, Sendable, CaseIterable { case windowed, fisher }
  package struct Optimizer: Sendable, Equatable {
    package var name: String
    package var rate: Double?
    package init(name: String, rate: Double? = nil) {
      self.name = name
      self.rate = rate
    }
  }

  package var method: Method = .nuts
  package var seed: UInt64 = 1
  /// Threads to use; nil is as many as the machine has cores.
  package var threads: Int?
  /// Draws per chain for `nuts`, draws from the fitted guide for `vi` and `laplace`.
  package var draws: Int?

  package var guide: Guide?
  /// Site name → estimator name with its argument, as written after `--estimator`.
  package var estimators: [String: String] = [:]
  package var steps: Int?
  /// Monte Carlo samples per step of `vi`.
  package var particles: Int?
  package var optimizer: Optimizer?
  /// A second stage after `vi`, `laplace` and their like.
  package var refinement: Refinement?
  /// Nil for the ELBO.
  package var objective: VariationalObjective?
  /// Plate name → elements per step.
  package var minibatch: [String: Int] = [:]

  package var chains: Int?
  package var warmup: Int?
  package var metric: Metric?
  package var adaptation: Adaptation?
  package var centering: Centering?
  /// Where a fit begins: `random`, `pathfinder`, `zero`, `prior`, or a file, of which `start` holds the content.
  package var initialization: String?
  package var start: GivenStart?
  /// Target acceptance statistic, in (0, 1).
  package var targetAcceptance: Double?
  package var maximumTreeDepth: Int?
  /// Whether the draws themselves are wanted in the outcome (`--draws-output`).
  package var keepsDraws = false
  /// Keep every so many of the draws; nil for all.
  package var thin: Int?
  package var control = ChainControl()
  /// The only chain to run of `chains`, counted from 1; nil for all.
  package var chainID: Int?
  /// Where states are saved and what the run goes on from; nil for neither.
  package var checkpoint: FitCheckpoint?
  /// What is wanted beside the draws (`--include`).
  package var includes: Set<DrawGroups.Name> = []

  package init() {}
}

/// What one inference found.
package struct InferenceOutcome: Sendable {
  /// The draws, on the constrained scale; for `vi` and `laplace` those from the guide (one chain); nil for `map`.
  package var draws: DrawSet?
  package var variables: [VariableReport]
  package var verdict: Verdict
  /// All diagnostics but the verdict, in the order of printing: `elbo`, `pareto_k`, `divergences`, `e_bfmi`, …
  package var diagnostics: JSONObject
  /// `total_seconds`, `gradient_evaluations` and whatever else was timed.
  package var timing: JSONObject
  /// The whole effective configuration with every default filled in; becomes `method` in the result, after `name`.
  package var configuration: JSONObject
  /// Sentences for standard error.
  package var warnings: [String]
  /// True when the run was cancelled and this is only what was finished.
  package var isInterrupted: Bool
  /// What was asked for beside the draws.
  package var groups: DrawGroups?

  package init(
    draws: DrawSet?, variables: [VariableReport], verdict: Verdict, diagnostics: JSONObject, timing: JSONObject,
    configuration: JSONObject, warnings: [String] = [], isInterrupted: Bool = false
  ) {
    self.draws = draws
    self.variables = variables
    self.verdict = verdict
    self.diagnostics = diagnostics
    self.timing = timing
    self.configuration = configuration
    self.warnings = warnings
    self.isInterrupted = isInterrupted
  }
}

/// One key of a model's data.
package struct DataField: Sendable, Equatable {
  package var key: String
  /// `real`, `integer`, `text`, `truth`, or the Swift type's name.
  package var type: String
  /// The shape, where it is known from data.
  package var shape: [Int]?
  package var isOptional: Bool
  package init(key: String, type: String, shape: [Int]? = nil, isOptional: Bool = false) {
    self.key = key
    self.type = type
    self.shape = shape
    self.isOptional = isOptional
  }
}

/// What `credence describe` prints.
package struct ModelDescription: Sendable, Equatable {
  package struct Site: Sendable, Equatable {
    package enum Role: String, Sendable {
      case latent, observed, parameter, factor, output
      /// Set from outside, without and with its density.
      case intervened, fixed
    }
    package var name: String
    package var role: Role
    /// `Normal`, `HalfCauchy`, …; nil for a factor or an output.
    package var distribution: String?
    package var shape: [Int]
    /// `real`, `positive`, `simplex`, …
    package var support: String
    /// Names of the open plates, outermost first.
    package var plates: [String]
    package var isSummedOut: Bool
    package init(
      name: String, role: Role, distribution: String?, shape: [Int], support: String, plates: [String], isSummedOut: Bool = false
    ) {
      self.name = name
      self.role = role
      self.distribution = distribution
      self.shape = shape
      self.support = support
      self.plates = plates
      self.isSummedOut = isSummedOut
    }
  }
  package struct Plate: Sendable, Equatable {
    package var name: String
    package var size: Int
    package init(name: String, size: Int) {
      self.name = name
      self.size = size
    }
  }

  package var sites: [Site]
  package var plates: [Plate]
  package var data: [DataField]
  /// Coordinates of the unconstrained space.
  package var dimension: Int
  /// Primitive operations in the graph of the log density by kind, and instructions in the plan.
  package var graph: JSONObject
  /// How discrete sites are summed out; nil where there are none.
  package var summation: SummationReport?
  package init(
    sites: [Site], plates: [Plate], data: [DataField], dimension: Int, graph: JSONObject, summation: SummationReport? = nil
  ) {
    self.sites = sites
    self.plates = plates
    self.data = data
    self.dimension = dimension
    self.graph = graph
    self.summation = summation
  }
}

/// How long and how often `bench` measures.
package struct BenchRequest: Sendable, Equatable {
  package var lanes: [Int] = [1, 8, 64]
  /// Batches of evaluations for each number of lanes; a batch lasts at least a millisecond.
  package var batches = 100
  package var seed: UInt64 = 1
  package init() {}
}

/// What `credence bench` prints: microseconds of one value-and-gradient for all lanes together.
package struct BenchOutcome: Sendable, Equatable {
  package struct Lanes: Sendable, Equatable {
    package var lanes: Int
    package var minimumMicroseconds: Double
    package var medianMicroseconds: Double
    package var batches: Int
    package var evaluationsPerBatch: Int
    package init(lanes: Int, minimumMicroseconds: Double, medianMicroseconds: Double, batches: Int, evaluationsPerBatch: Int) {
      self.lanes = lanes
      self.minimumMicroseconds = minimumMicroseconds
      self.medianMicroseconds = medianMicroseconds
      self.batches = batches
      self.evaluationsPerBatch = evaluationsPerBatch
    }
  }
  package var dimension: Int
  package var instructions: Int
  /// Milliseconds to record the body, transform the graph and compile the plan: minimum and median of several.
  package var planBuildingMinimumMilliseconds: Double
  package var planBuildingMedianMilliseconds: Double
  package var lanes: [Lanes]
  package init(
    dimension: Int, instructions: Int, planBuildingMinimumMilliseconds: Double, planBuildingMedianMilliseconds: Double, lanes: [Lanes]
  ) {
    self.dimension = dimension
    self.instructions = instructions
    self.planBuildingMinimumMilliseconds = planBuildingMinimumMilliseconds
    self.planBuildingMedianMilliseconds = planBuildingMedianMilliseconds
    self.lanes = lanes
  }
}
