import Differentiation
import Distributions
import Kernels
import Synchronization

/// A model with a guide that is a program: the evidence lower bound as a graph over the guide's parameters φ and the model's.
///
/// ELBO(φ) = E_q[log p(x, data) − log q(x; φ)], in nats, all constants kept. One evaluation is an unbiased estimate from one draw (a
/// minibatch, where plates have one). Both densities are over constrained values, so no Jacobian enters.
package final class GuidedModel<M: Model>: Sendable {
  package let model: M
  /// The model, its latent sites having the guide's draws as values.
  package let recorded: RecordedModel<M.Output>
  /// The guide's parameters, then the model's, each in flat order of its unconstrained values.
  package let blocks: [FlatBlock]
  package let parameterCount: Int
  package let initial: [Double]
  /// The parameters themselves, constrained: name and value.
  package let parameters: [ModelVariable]
  /// Plates of which a minibatch is present.
  package let minibatches: [Plate]
  package let logJoint: Node
  package let logGuide: Node
  /// The bound of one step, whose derivative is the estimate of the bound's: that of the estimators of the guide's sites.
  package let surrogate: Node
  /// What the estimators adapt from step to step.
  package let states: [EstimatorState]
  /// The sites of the guide.
  package let draws: [GuideDraw]
  /// The elements present of the plate that all draws stand in; nil where they share none, or where costs mix its elements.
  package let elementCount: Int?
  /// log p − log q of each of these elements, or of everything; minibatches are not scaled up.
  package let elementWeights: Node
  /// What belongs to no element.
  package let commonWeight: Node
  let inputs: [Node]
  private let plans = Mutex<[Int: Plan]>([:])

  /// Records both and compares them. Throws ``ModelError`` with everything that does not fit, or what a body throws.
  /// - Parameters:
  ///   - estimators: site name → estimator, in place of those that the guide names.
  ///   - bound: K of the bound of K draws that is the objective; 1 for the ELBO. Above 1 it brings estimators of its own.
  package init(
    _ model: M, guide: @Sendable (GuideProgram, M) throws -> Void, minibatch: [String: Int] = [:],
    estimators: [String: GradientEstimator] = [:], bound: Int = 1
  ) throws {
    self.model = model
    var options = Recording.Options()
    options.minibatch = minibatch
    let recording = Recording(options)
    let program = GuideProgram(recording, estimators: estimators)
    try guide(program, model)
    var comparison = Recording.Options()
    comparison.awaited = Set(program.drawn.filter(\.support.isDiscrete).map(\.name))
    let whole = try CompiledModel(model, comparison)
    guard !whole.isReexecuted else {
      throw ModelError([
        .init(site: nil, at: nil, "a guide that is a program needs a model that reads no numbers (item()) from its variables")
      ])
    }
    var problems = recording.problems
    for name in estimators.keys.sorted() where !program.drawn.contains(where: { $0.name == name }) {
      let hint = NearestName.hint(name, among: program.drawn.map(\.name))
      problems.append(.init(site: nil, at: nil, "an estimator is given for site \"\(name)\", and the guide has no such site\(hint)"))
    }
    for (name, choice) in estimators.sorted(by: { $0.key < $1.key }) where bound > 1 && !choice.isDifferentiable {
      problems.append(
        .init(
          site: name, at: nil,
          "the bound of \(bound) draws has estimators of its own (VIMCO, doubly reparameterized), so that it cannot have \(choice.name)"))
    }
    problems += GuideCheck.problems(program.drawn, whole.recorded.sites)
    let compared = Set(program.drawn.flatMap { $0.plates.map(\.name) })
    for (name, entry) in recording.plates.sorted(by: { $0.key < $1.key }) where !compared.contains(name) {
      if let own = whole.recorded.plates.first(where: { $0.name == name }), own.size != entry.plate.size {
        problems.append(
          .init(site: nil, at: nil, "plate \"\(name)\" has \(entry.plate.size) elements in the guide and \(own.size) in the model"))
      }
    }
    for site in recording.sites where whole.recorded.sites.contains(where: { $0.name == site.name }) {
      problems.append(.init(site: site.name, at: site.source, "the guide's parameter has the name of a site of the model"))
    }
    for site in program.drawn {
      for sentence in Evaluation.mistakes(in: [site.outside.node, site.logDensity]) {
        problems.append(.init(site: site.name, at: site.source, sentence))
      }
    }
    guard problems.isEmpty else { throw ModelError(problems.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }) }

    options.drawn = Dictionary(uniqueKeysWithValues: program.drawn.map { ($0.name, $0.outside) })
    options.knownSubsets = recording.plates.compactMapValues(\.plate.subset)
    guard case .finished(let recorded) = try Execution.run(model, options) else {
      throw ModelError([.init(site: nil, at: nil, "the body reads a number with a guide's values, which it did not before")])
    }
    self.recorded = recorded
    logJoint = recorded.logDensity
    logGuide = program.drawn.map(\.logDensity).reduce(.fill(0), +)
    let owners = recording.sites.compactMap { site in site.unconstrained.map { (site.name, $0.input) } }
    draws = program.drawn.map { drawn in
      let reached = Set(Node.reachable(from: [drawn.logDensity]))
      return GuideDraw(
        name: drawn.name, distribution: drawn.distribution, estimator: drawn.choice, legal: drawn.legal,
        parameters: owners.filter { reached.contains($0.1) }.map(\.0))
    }
    let costs = logJoint - logGuide
    if let plate = PlateElements(program.drawn), let parts = plate.apart(costs) {
      elementCount = plate.count
      elementWeights = (1 / plate.scale) * parts.elements
      commonWeight = parts.rest
    } else {
      elementCount = nil
      elementWeights = costs
      commonWeight = .fill(0)
    }
    if bound > 1 {
      guard
        let several = MultiSampleBound(
          logJoint: logJoint, drawn: program.drawn, guideInputs: recording.sites.compactMap { $0.unconstrained?.input },
          modelInputs: recorded.freeSites.compactMap { $0.unconstrained?.input }, draws: bound)
      else {
        throw ModelError([
          .init(
            site: nil, at: nil,
            "the bound of \(bound) draws is not a sum over minibatches unless all draws stand in the plate that they are of")
        ])
      }
      surrogate = several.surrogate
      states = []
    } else if program.drawn.allSatisfy({ $0.estimator is PathwiseDraw }) {
      surrogate = costs
      states = []
    } else {
      var context = SurrogateContext()
      let split = CostTerms.split(costs, draws: program.drawn.map(\.site.value))
      let terms = Surrogate.of(split, draws: program.drawn.map { ($0.site, $0.estimator) }, &context)
      guard context.problems.isEmpty else { throw ModelError(context.problems.map { .init(site: nil, at: nil, $0) }) }
      surrogate = CostTerms.total(terms)
      states = context.states
    }
    let free = recording.sites.filter { $0.unconstrained != nil } + recorded.freeSites
    var offset = 0
    blocks = free.map { site in
      defer { offset += site.unconstrained!.count }
      return FlatBlock(
        name: site.name, offset: offset, count: site.unconstrained!.count, shape: site.plates.map(\.present) + site.unconstrained!.shape,
        order: site.unconstrained!.order)
    }
    parameterCount = offset
    inputs = free.map { $0.unconstrained!.input }
    initial = free.flatMap { $0.unconstrained!.initial ?? [Double](repeating: 0, count: $0.unconstrained!.count) }
    parameters = free.map { ModelVariable(name: $0.name, role: .parameter, value: $0.outsideValue) }
    minibatches = recorded.plates.filter { $0.subset != nil }
  }

  /// The plan of one step: the ELBO's estimate and its gradient by each input, each lane with draws of its own.
  package func plan(lanes: Int) throws -> Plan {
    try plans.withLock { plans in
      if let known = plans[lanes] { return known }
      let gradients = zip(inputs, Derivatives.pullback(of: [surrogate], cotangents: [.fill(1)], to: inputs))
      let plan = try makePlan([surrogate] + gradients.map { $1 ?? .fill(0, shape: $0.shape) } + states.map(\.next), lanes: lanes)
      plans[lanes] = plan
      return plan
    }
  }

  func makePlan(_ outputs: [Node], lanes: Int) throws -> Plan {
    let all = inputs + minibatches.map { $0.subset! } + states.map(\.input)
    return try Plan(outputs: outputs, inputs: all, lanes: lanes, laned: all.map { _ in false }, lanedDraws: true)
  }

  func set(_ parameters: UnsafePointer<Double>, in executor: Executor, staging: UnsafeMutablePointer<Double>) {
    for (index, block) in blocks.enumerated() where block.count > 0 {
      guard let order = block.order else {
        executor.setInput(index, parameters + block.offset)
        continue
      }
      for k in 0..<block.count { staging[order[k]] = parameters[block.offset + k] }
      executor.setInput(index, staging)
    }
  }
}

/// A site of a guide with its estimator.
package struct GuideDraw: Sendable {
  package let name: String
  package let distribution: String
  package let estimator: GradientEstimator
  /// Every estimator that its distribution has.
  package let legal: [GradientEstimator]
  /// The parameters of the guide that its distribution depends on.
  package let parameters: [String]
}

/// Which elements of a plate are present at each step: the plate is shuffled anew for every pass through it, and taken part by part, so
/// that each element is as likely as any other at every step.
package struct MinibatchSchedule {
  let size: Int
  let present: Int
  let seed: UInt64
  let plate: UInt32
  private var shuffled: [Double] = []
  private var epoch = -1

  static let purpose: UInt32 = 0x4D42

  package init(size: Int, present: Int, seed: UInt64, plate: UInt32) {
    self.size = size
    self.present = present
    self.seed = seed
    self.plate = plate
  }

  /// The elements of a step, as numbers.
  package mutating func elements(step: Int) -> ArraySlice<Double> {
    let parts = max(1, size / present)
    if step / parts != epoch {
      epoch = step / parts
      shuffled = (0..<size).map(Double.init)
      var stream = RandomStream(at: RandomAddress(seed: seed, purpose: MinibatchSchedule.purpose, step: UInt64(epoch), site: plate))
      for last in stride(from: size - 1, to: 0, by: -1) { shuffled.swapAt(last, Int(stream.nextInteger(below: UInt64(last + 1)))) }
    }
    let start = step % parts * present
    return shuffled[start..<(start + present)]
  }
}

/// The ELBO of a guided model as a stochastic function of flat parameters, for optimizers: equal seed and steps, equal bits.
///
/// Where estimators learn (baselines, control variates, falling temperatures) a step depends on those before it.
package final class GuidedObjective<M: Model> {
  package let model: GuidedModel<M>
  /// Draws averaged in a step.
  package let particles: Int
  private let seed: UInt64
  private let lanes: Int
  private let executor: Executor
  private var schedules: [MinibatchSchedule]
  /// The present values of what the estimators adapt.
  package var states: [[Double]]
  private let staging: UnsafeMutablePointer<Double>
  private let laned: UnsafeMutablePointer<Double>

  package static var drawPurpose: UInt32 { 0x4744 }

  package init(_ model: GuidedModel<M>, particles: Int = 1, seed: UInt64) throws {
    self.model = model
    self.particles = max(1, particles)
    self.seed = seed
    lanes = [8, 4, 2].first { particles % $0 == 0 } ?? 1
    executor = try Executor(model.plan(lanes: lanes))
    schedules = model.minibatches.enumerated().map {
      MinibatchSchedule(size: $1.size, present: $1.present, seed: seed, plate: UInt32($0))
    }
    states = model.states.map(\.initial)
    let largest = max(1, (model.blocks.map(\.count) + states.map(\.count)).max() ?? 1)
    staging = .allocate(capacity: largest)
    laned = .allocate(capacity: largest * lanes)
  }

  deinit {
    staging.deallocate()
    laned.deallocate()
  }

  package var parameterCount: Int { model.parameterCount }

  /// The mean over the particles of the ELBO's estimate, and its gradient [parameterCount].
  package func evaluate(
    parameters: UnsafePointer<Double>, step: Int, value: UnsafeMutablePointer<Double>, gradient: UnsafeMutablePointer<Double>
  ) {
    model.set(parameters, in: executor, staging: staging)
    for index in schedules.indices {
      schedules[index].elements(step: step).withUnsafeBufferPointer { executor.setInput(model.blocks.count + index, $0.baseAddress!) }
    }
    let firstState = model.blocks.count + schedules.count
    for (index, state) in states.enumerated() { state.withUnsafeBufferPointer { executor.setInput(firstState + index, $0.baseAddress!) } }
    for index in states.indices { for k in states[index].indices { states[index][k] = 0 } }
    value.pointee = 0
    let isDirect = particles == 1 && model.blocks.allSatisfy { $0.order == nil }
    if !isDirect { gradient.update(repeating: 0, count: model.parameterCount) }
    let share = 1 / Double(particles)
    for pass in 0..<(particles / lanes) {
      executor.random = RandomContext(
        seed: seed, purpose: GuidedObjective.drawPurpose, step: UInt64(step), firstChain: UInt32(pass * lanes))
      executor.run()
      executor.copyOutput(0, lanes: lanes, to: laned)
      for lane in 0..<lanes { value.pointee += share * laned[lane] }
      for (index, block) in model.blocks.enumerated() where block.count > 0 {
        if isDirect {
          executor.copyOutput(1 + index, lanes: 1, to: gradient + block.offset)
          continue
        }
        executor.copyOutput(1 + index, lanes: lanes, to: laned)
        for k in 0..<block.count {
          let place = (block.order?[k] ?? k) * lanes
          for lane in 0..<lanes { gradient[block.offset + k] += share * laned[place + lane] }
        }
      }
      for index in states.indices {
        executor.copyOutput(1 + model.blocks.count + index, lanes: lanes, to: laned)
        for k in states[index].indices { for lane in 0..<lanes { states[index][k] += share * laned[k * lanes + lane] } }
      }
    }
  }
}

/// Draws of a fitted guide: the model's variables with both densities.
package final class GuideReader<M: Model> {
  package let model: GuidedModel<M>
  private let executor: Executor
  private let staging: UnsafeMutablePointer<Double>
  private let seed: UInt64
  private let extraCount: Int

  /// - Parameter extra: further functions of the draws.
  package init(_ model: GuidedModel<M>, extra: [Node] = [], seed: UInt64) throws {
    self.model = model
    self.seed = seed
    extraCount = extra.count
    executor = try Executor(
      model.makePlan([model.logJoint, model.logGuide] + model.recorded.variables.map(\.value.node) + extra, lanes: 1))
    staging = .allocate(capacity: max(1, model.blocks.map(\.count).max() ?? 1))
    for (index, plate) in model.minibatches.enumerated() {
      executor.setInput(model.blocks.count + index, (0..<plate.present).map(Double.init))
    }
  }

  deinit { staging.deallocate() }

  /// Draw number `draw`: log p(x, data), log q(x), and the values of the variables one after the other, row-major.
  package func read(parameters: [Double], draw: Int) throws -> (logJoint: Double, logGuide: Double, values: [Double]) {
    model.set(parameters, in: executor, staging: staging)
    executor.random = RandomContext(seed: seed, purpose: GuidedObjective<M>.drawPurpose &+ 1, step: UInt64(draw))
    executor.run()
    if let error = executor.firstError { throw error }
    let values = model.recorded.variables.indices.flatMap { executor.output(2 + $0) }
    return (executor.output(0)[0], executor.output(1)[0], values)
  }

  /// The further functions at the draw that was read last, one after the other.
  package var extra: [Double] { (0..<extraCount).flatMap { executor.output(2 + model.recorded.variables.count + $0) } }
}
