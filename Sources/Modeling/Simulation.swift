import Differentiation
import Distributions
import Synchronization

/// A body whose latent sites are drawn from their priors, or have values from outside, ready to be replayed: what an observation of it would
/// be, and all that its body returns.
///
/// A body that reads numbers out of variables (`item()`) is re-executed along the values that it reads, one lane after the other.
package final class Simulation<M: Model>: Sendable {
  /// A latent site with values from outside: their shape (plates leading), and one value, row-major.
  package struct Supply: Sendable {
    package var name: String
    package var shape: [Int]
    package var example: [Double]
    package init(name: String, shape: [Int], example: [Double]) {
      self.name = name
      self.shape = shape
      self.example = example
    }
    var count: Int { shape.reduce(1, *) }
  }

  /// What the supplies are, and what the body is replayed for.
  package enum Purpose: Sendable {
    /// Values that take the place of draws from the priors.
    case prior
    /// Draws of a posterior: every latent site must be among them, but for those in plates (or sequences) of another size; what the model does
    /// not have is left out.
    case posterior
    /// Values at which the densities of the sites are wanted: nothing is drawn, and all latent sites must be among them.
    case density
    /// The same for each element of the observed sites by itself; sites that are summed out need no values.
    case likelihood
  }

  package let model: M
  package let supplies: [Supply]
  /// What the body recorded; for a body that reads numbers, along the path of the examples.
  package let recorded: RecordedModel<M.Output>
  package let isReexecuted: Bool
  let options: Recording.Options
  let inputs: [Node]

  /// - Parameter isPosterior: whether the supplies are draws of a posterior: then every latent site must be among them, but for those in
  ///   plates (or sequences) of another size, and what the model does not have is left out.
  ///
  /// Throws ``ModelError``, or what the body throws.
  package init(_ model: M, supplies: [Supply] = [], for purpose: Purpose = .prior) throws {
    self.model = model
    let inputs = supplies.map { Node.input($0.name, shape: $0.shape) }
    var options = Recording.Options()
    options.mode = purpose == .density || purpose == .likelihood ? .density : .simulation
    options.isPointwise = purpose == .likelihood
    options.isPosterior = purpose != .prior
    options.drawn = Dictionary(zip(supplies, inputs).map { ($0.name, Tensor($1)) }, uniquingKeysWith: { first, _ in first })
    self.options = options
    var path: [[Double]] = []
    var found: RecordedModel<M.Output>?
    while found == nil {
      switch try Execution.run(model, options, path: path) {
      case .finished(let recorded): found = recorded
      case .reading(let node, _):
        guard path.count < 100_000 else {
          throw ModelError([.init(site: nil, at: nil, "the body has read 100000 numbers and not come to an end")])
        }
        let executor = try Executor(Plan(outputs: [node], inputs: inputs))
        for (index, supply) in supplies.enumerated() where supply.count > 0 { executor.setInput(index, supply.example) }
        executor.run()
        path.append(executor.output(0))
      }
    }
    let recorded = found!
    let missing = recorded.sites.filter { $0.unconstrained != nil || ($0.isSummedOut && purpose == .density) }
    guard options.mode == .simulation || missing.isEmpty else {
      throw ModelError(
        missing.map { .init(site: $0.name, at: $0.source, "it is not among the draws") })
    }
    self.recorded = recorded
    isReexecuted = !path.isEmpty
    let sites = Set(recorded.sites.map(\.name)).subtracting(recorded.redrawn)
    let used = supplies.indices.filter { sites.contains(supplies[$0].name) }
    self.supplies = used.map { supplies[$0] }
    self.inputs = used.map { inputs[$0] }
  }
}

/// What is wanted of a ``Simulation``, laid out for replay.
package struct SimulationProgram<M: Model>: Sendable {
  package typealias Choice = @Sendable (RecordedModel<M.Output>) -> [(name: String, node: Node)]

  let simulation: Simulation<M>
  let choice: Choice
  /// Lanes of one replay; 1 for a body that is re-executed.
  package let lanes: Int
  /// Nil for a body that is re-executed.
  let plan: Plan?
  /// The values that every path is to give.
  let wanted: [(name: String, count: Int)]

  /// `choice` names what is wanted of a recording. A name that is missing on a path, or has another size there, is NaN. Throws `GraphError`.
  package init(_ simulation: Simulation<M>, lanes: Int = 8, _ choice: @escaping Choice) throws {
    self.simulation = simulation
    self.choice = choice
    let here = choice(simulation.recorded)
    wanted = here.map { ($0.name, $0.node.count) }
    self.lanes = simulation.isReexecuted ? 1 : lanes
    plan = simulation.isReexecuted ? nil : try Plan(outputs: here.map(\.node), inputs: simulation.inputs, lanes: lanes)
  }

  /// The number of values.
  package var count: Int { wanted.reduce(0) { $0 + $1.count } }

  /// A reader with a workspace of its own; one reader serves one thread at a time.
  package func makeReader() throws -> SimulationReader<M> { try SimulationReader(self) }
}

/// Replays a ``Simulation``: values of chosen nodes at given values of its inputs.
package final class SimulationReader<M: Model> {
  private let program: SimulationProgram<M>
  private let root = PathStep()
  private var leaves = 0
  private var simulation: Simulation<M> { program.simulation }

  /// What comes after a path of values read.
  private final class PathStep {
    enum Next {
      case unknown
      case read(Executor)
      /// For each value that is wanted its output; nil where this path does not have it.
      case values(Executor, [Int?])
    }
    var next = Next.unknown
    var branches: [[UInt64]: PathStep] = [:]
  }

  init(_ program: SimulationProgram<M>) throws {
    self.program = program
    if let plan = program.plan { root.next = .values(try Executor(plan), program.wanted.indices.map { $0 }) }
  }

  /// inputs [Σ sizes of supplies][lanes] ↦ values [count][lanes], one after the other, each row-major. `random` addresses the draws.
  package func read(inputs: UnsafePointer<Double>, values: UnsafeMutablePointer<Double>, random: RandomContext) throws {
    let lanes = program.lanes
    // Numbers that vary continuously never come back: what they left behind is dropped.
    if leaves > 1024 {
      root.next = .unknown
      root.branches = [:]
      leaves = 0
    }
    var step = root
    var path: [[Double]] = []
    while true {
      if case .unknown = step.next { step.next = try explore(path) }
      switch step.next {
      case .unknown: preconditionFailure("a step was just explored")
      case .read(let executor):
        try run(executor, inputs, random)
        let read = executor.output(0)
        path.append(read)
        let key = read.map(\.bitPattern)
        if step.branches[key] == nil { step.branches[key] = PathStep() }
        step = step.branches[key]!
      case .values(let executor, let places):
        try run(executor, inputs, random)
        var offset = 0
        for (place, own) in zip(places, program.wanted) {
          let target = values + offset * lanes
          if let place {
            executor.copyOutput(place, lanes: lanes, to: target)
          } else {
            target.update(repeating: .nan, count: own.count * lanes)
          }
          offset += own.count
        }
        return
      }
    }
  }

  private func explore(_ path: [[Double]]) throws -> PathStep.Next {
    switch try Execution.run(simulation.model, simulation.options, path: path) {
    case .finished(let recorded):
      let here = program.choice(recorded)
      leaves += 1
      return .values(
        try Executor(Plan(outputs: here.map(\.node), inputs: simulation.inputs)),
        program.wanted.map { own in here.firstIndex { $0.name == own.name && $0.node.count == own.count } })
    case .reading(let node, _): return .read(try Executor(Plan(outputs: [node], inputs: simulation.inputs)))
    }
  }

  private func run(_ executor: Executor, _ inputs: UnsafePointer<Double>, _ random: RandomContext) throws {
    executor.random = random
    var offset = 0
    for (index, supply) in simulation.supplies.enumerated() where supply.count > 0 {
      executor.setInput(index, inputs + offset * program.lanes)
      offset += supply.count
    }
    executor.run()
    if let error = executor.firstError { throw error }
  }
}
