import Differentiation
import Distributions

/// Replays the graph of a recorded model. No allocation in ``evaluate(positions:values:gradients:)``.
package final class RecordedEvaluator: LogDensityEvaluator {
  package let lanes: Int
  /// The lanes of one replay.
  private let width: Int
  private let executor: Executor
  private let blocks: [FlatBlock]
  private let subsets: [Plate]
  /// Room for one block in the input's own order.
  private let staging: UnsafeMutablePointer<Double>
  /// The blocks that have elements, without arrays: a replay touches no reference count.
  private let moves: UnsafeMutablePointer<Move>
  private let moveCount: Int

  /// A block between the flat vector and its input; `order` where the input's is another.
  private struct Move {
    let slot: Int
    let offset: Int
    let count: Int
    let order: UnsafeMutablePointer<Int>?
  }

  /// The plan: the log density, then its gradient by each input.
  static func plan<Output>(_ recorded: RecordedModel<Output>, inputs: [Node], lanes: Int) throws -> Plan {
    let value = recorded.logJoint
    let gradients = zip(inputs, Derivatives.pullback(of: [value], cotangents: [.fill(1)], to: inputs))
    let subsets = recorded.plates.compactMap(\.subset)
    return try Plan(
      outputs: [value] + gradients.map { $1 ?? .fill(0, shape: $0.shape) }, inputs: inputs + subsets, lanes: lanes,
      laned: inputs.map { _ in true } + subsets.map { _ in false })
  }

  /// - Parameter lanes: a multiple of the plan's; groups of as many as the plan has are evaluated one after another.
  init(_ plan: Plan, lanes: Int, blocks: [FlatBlock], plates: [Plate]) throws {
    self.lanes = lanes
    width = plan.lanes
    executor = try Executor(plan)
    self.blocks = blocks
    subsets = plates.filter { $0.subset != nil }
    staging = .allocate(capacity: max(1, blocks.map(\.count).max() ?? 1) * plan.lanes)
    let present = blocks.enumerated().filter { $1.count > 0 }
    moveCount = present.count
    moves = .allocate(capacity: max(1, moveCount))
    for (index, (slot, block)) in present.enumerated() {
      let order = block.order.map { order in
        let copy = UnsafeMutablePointer<Int>.allocate(capacity: block.count)
        for k in 0..<block.count { copy[k] = order[k] }
        return copy
      }
      (moves + index).initialize(to: Move(slot: slot, offset: block.offset, count: block.count, order: order))
    }
    for index in subsets.indices { choose(Array(0..<subsets[index].present), ofPlate: subsets[index].name) }
  }

  deinit {
    for i in 0..<moveCount { moves[i].order?.deallocate() }
    moves.deallocate()
    staging.deallocate()
  }

  /// Chooses the elements of a minibatch, counted from 0 over the whole plate.
  package func choose(_ numbers: [Int], ofPlate name: String) {
    guard let index = subsets.firstIndex(where: { $0.name == name }) else { return }
    executor.setInput(blocks.count + index, numbers.map(Double.init))
  }

  package func evaluate(
    positions: UnsafePointer<Double>, values: UnsafeMutablePointer<Double>, gradients: UnsafeMutablePointer<Double>
  ) {
    if width == lanes {
      evaluateAll(positions, values, gradients)
    } else {
      for group in 0..<(lanes / width) { evaluate(group, positions, values, gradients) }
    }
  }

  /// All lanes in one replay.
  private func evaluateAll(
    _ positions: UnsafePointer<Double>, _ values: UnsafeMutablePointer<Double>, _ gradients: UnsafeMutablePointer<Double>
  ) {
    for i in 0..<moveCount {
      let move = moves[i]
      let source = positions + move.offset * lanes
      guard let order = move.order else {
        executor.setInput(move.slot, source)
        continue
      }
      for k in 0..<move.count { (staging + order[k] * lanes).update(from: source + k * lanes, count: lanes) }
      executor.setInput(move.slot, staging)
    }
    executor.run()
    executor.copyOutput(0, lanes: lanes, to: values)
    for i in 0..<moveCount {
      let move = moves[i]
      let target = gradients + move.offset * lanes
      guard let order = move.order else {
        executor.copyOutput(1 + move.slot, lanes: lanes, to: target)
        continue
      }
      executor.copyOutput(1 + move.slot, lanes: lanes, to: staging)
      for k in 0..<move.count { (target + k * lanes).update(from: staging + order[k] * lanes, count: lanes) }
    }
  }

  /// The lanes of one group: `width` neighbouring ones.
  private func evaluate(
    _ group: Int, _ positions: UnsafePointer<Double>, _ values: UnsafeMutablePointer<Double>, _ gradients: UnsafeMutablePointer<Double>
  ) {
    let first = group * width
    for i in 0..<moveCount {
      let move = moves[i]
      for k in 0..<move.count {
        let target = staging + (move.order?[k] ?? k) * width
        let source = positions + (move.offset + k) * lanes + first
        for lane in 0..<width { target[lane] = source[lane] }
      }
      executor.setInput(move.slot, staging)
    }
    executor.run()
    executor.copyOutput(0, lanes: width, to: values + first)
    for i in 0..<moveCount {
      let move = moves[i]
      executor.copyOutput(1 + move.slot, lanes: width, to: staging)
      for k in 0..<move.count {
        let source = staging + (move.order?[k] ?? k) * width
        let target = gradients + (move.offset + k) * lanes + first
        for lane in 0..<width { target[lane] = source[lane] }
      }
    }
  }
}

/// Re-executes a body that reads numbers, one lane after the other. Graphs are kept by the path of values read, so that a path seen before is
/// replayed. Paths of other values often end in the same graph, as where a number only decides a branch: each is compiled once.
final class ReexecutingEvaluator<M: Model>: LogDensityEvaluator {
  let lanes: Int
  private let model: CompiledModel<M>
  private let root = PathStep()
  private var leaves = 0
  private var evaluators: [Graph.Identity: RecordedEvaluator] = [:]
  private var position: [Double]
  private var gradient: [Double]
  private var value = [0.0]
  /// Why the last failed evaluation failed; its value is NaN.
  private(set) var failure: (any Error)?

  /// What comes after a path of values read.
  private final class PathStep {
    enum Next {
      case unknown
      /// The next number is read from this node.
      case read(Executor, inputs: [String])
      case density(RecordedEvaluator)
    }
    var next = Next.unknown
    var branches: [[UInt64]: PathStep] = [:]
  }

  init(_ model: CompiledModel<M>, lanes: Int) {
    self.model = model
    self.lanes = lanes
    position = [Double](repeating: 0, count: model.dimension)
    gradient = position
  }

  func evaluate(
    positions: UnsafePointer<Double>, values: UnsafeMutablePointer<Double>, gradients: UnsafeMutablePointer<Double>
  ) {
    for lane in 0..<lanes {
      for k in position.indices { position[k] = positions[k * lanes + lane] }
      do {
        let leaf = try follow()
        leaf.evaluate(positions: position, values: &value, gradients: &gradient)
        values[lane] = value[0]
        for k in gradient.indices { gradients[k * lanes + lane] = gradient[k] }
      } catch {
        failure = error
        values[lane] = .nan
        for k in gradient.indices { gradients[k * lanes + lane] = .nan }
      }
    }
  }

  /// The graph at the end of the path that this position takes.
  private func follow() throws -> RecordedEvaluator {
    // Numbers that vary continuously never come back: what they left behind is dropped.
    if leaves > 1024 {
      root.branches = [:]
      leaves = 0
      if evaluators.count > 256 { evaluators = [:] }
    }
    var step = root
    var path: [[Double]] = []
    while true {
      if case .unknown = step.next { step.next = try explore(path) }
      switch step.next {
      case .density(let leaf): return leaf
      case .unknown: preconditionFailure("a step was just explored")
      case .read(let executor, let names):
        for (index, name) in names.enumerated() { executor.setInput(index, model.inputOrder(of: name, position)) }
        executor.run()
        let read = executor.output(0)
        path.append(read)
        let key = read.map(\.bitPattern)
        if step.branches[key] == nil { step.branches[key] = PathStep() }
        step = step.branches[key]!
      }
    }
  }

  private func explore(_ path: [[Double]]) throws -> PathStep.Next {
    switch try Execution.run(model.model, model.options, path: path) {
    case .finished(let recorded):
      try model.checkSites(recorded)
      leaves += 1
      let identity = Graph(outputs: [recorded.logJoint]).identity
      if let known = evaluators[identity] { return .density(known) }
      let evaluator = try RecordedEvaluator(
        RecordedEvaluator.plan(recorded, inputs: model.inputs, lanes: 1), lanes: 1, blocks: model.blocks, plates: recorded.plates)
      evaluators[identity] = evaluator
      return .density(evaluator)
    case .reading(let node, let inputs):
      if let stray = inputs.keys.sorted().first(where: { name in !model.blocks.contains { $0.name == name } }) {
        throw ModelError([
          .init(site: stray, at: nil, "it is not sampled on every path of the body; every path must sample the same latent sites")
        ])
      }
      return .read(try Executor(Plan(outputs: [node], inputs: model.inputs)), inputs: model.blocks.map(\.name))
    }
  }
}

/// Maps unconstrained vectors to the values of a model's variables, for reporting draws.
package final class VariableReader<M: Model> {
  package let lanes: Int
  private let model: CompiledModel<M>
  private let variables: [ModelVariable]
  private let executor: Executor?
  private let staging: UnsafeMutablePointer<Double>

  init(_ model: CompiledModel<M>, _ variables: [ModelVariable], lanes: Int) throws {
    self.model = model
    self.variables = variables
    self.lanes = lanes
    let largest = (model.blocks.map(\.count) + variables.map(\.value.count)).max() ?? 1
    staging = .allocate(capacity: max(1, largest) * lanes)
    let subsets = model.recorded.plates.compactMap(\.subset)
    executor =
      model.isReexecuted
      ? nil
      : try Executor(
        Plan(
          outputs: variables.map(\.value.node), inputs: model.inputs + subsets, lanes: lanes,
          laned: model.inputs.map { _ in true } + subsets.map { _ in false }))
  }

  deinit { staging.deallocate() }

  /// The number of values of all variables together.
  package var count: Int { variables.reduce(0) { $0 + $1.value.count } }

  /// positions [dimension][lanes] ↦ values [count][lanes], variable after variable, each row-major. `random` addresses the draws of
  /// variables that are drawn.
  package func read(
    positions: UnsafePointer<Double>, values: UnsafeMutablePointer<Double>, random: RandomContext = RandomContext()
  ) throws {
    guard let executor else { return try reexecute(positions, values) }
    executor.random = random
    for (index, block) in model.blocks.enumerated() where block.count > 0 {
      let source = positions + block.offset * lanes
      for k in 0..<block.count { (staging + (block.order?[k] ?? k) * lanes).update(from: source + k * lanes, count: lanes) }
      executor.setInput(index, staging)
    }
    executor.run()
    if let error = executor.firstError { throw error }
    var offset = 0
    for (index, variable) in variables.enumerated() {
      executor.copyOutput(index, lanes: lanes, to: values + offset * lanes)
      offset += variable.value.count
    }
  }

  private func reexecute(_ positions: UnsafePointer<Double>, _ values: UnsafeMutablePointer<Double>) throws {
    for lane in 0..<lanes {
      let u = (0..<model.dimension).map { positions[$0 * lanes + lane] }
      let found = try model.follow(at: u)
      var offset = 0
      for variable in variables {
        // A result that has another shape on this path, or is missing, is NaN.
        let here = found.variables.first { $0.name == variable.name }
        let numbers =
          here?.shape == variable.shape
          ? try model.value(of: here!.value.node, at: u) : [Double](repeating: .nan, count: variable.value.count)
        for (k, number) in numbers.enumerated() { values[(offset + k) * lanes + lane] = number }
        offset += variable.value.count
      }
    }
  }
}
