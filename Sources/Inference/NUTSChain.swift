import Foundation

/// One chain of the no-U-turn sampler: a machine that asks for one gradient at `point`, is resumed with it, and asks for the next.
///
/// Everything it does depends on (seed, chain number) and the density alone. Buffers are allocated once and given back by `deallocate`.
struct NUTSChain {
  typealias Pointer = PaddedVector.Pointer
  private enum Phase { case start, stepSearch, trajectory, ended }

  let chainID: Int
  private let dimension: Int
  private let blocks: Int
  private let configuration: NUTSConfiguration
  private let random: NUTSRandom
  private let storage: Pointer
  private let slots: UnsafeMutablePointer<PaddedVector.Stretch>
  private let metric: EuclideanMetric
  private var tree: NUTSTree
  private var current: NUTSTree.Point
  private var phase = Phase.start
  private var adaptation: StepSizeAdaptation
  private var target: TargetAcceptance
  private var learner: MetricLearner
  private var stepSize: Double
  /// The step size of the trajectory under way.
  private var trajectoryStep = 0.0
  /// The step size before the search under way.
  private var stepSizeBeforeSearch = 0.0
  private var attempts = 0
  private var hasGivenStart = false
  private var tuning: NUTSTuning?
  private var hasStarted = false
  private var awaitsStepSearch = false
  private var searchTries = 0
  private var searchDirection = 0
  private var searchEnergy = 0.0
  /// Gradients since the last finished iteration, and up to it.
  private var pendingEvaluations = 0
  private var settledEvaluations = 0
  private var warmupEvaluations = 0
  private var warmupDivergences = 0
  private(set) var iteration = 0
  private var tally = NUTSTally()
  private(set) var failure: String?
  private var trace = NUTSTrace()
  private var warmupTrace = NUTSTrace()
  var divergences: Int { tally.divergences }

  init(chainID: Int, dimension: Int, configuration: NUTSConfiguration, seed: UInt64) {
    self.chainID = chainID
    self.dimension = dimension
    self.configuration = configuration
    blocks = PaddedVector.blocks(dimension)
    random = NUTSRandom(seed: seed, chain: UInt32(truncatingIfNeeded: chainID))
    let hasFactor = configuration.metric.mayBecomeDense(dimension: dimension)
    let stride = 8 * blocks
    let metricStorage = EuclideanMetric.storage(dimension: dimension, hasFactor: hasFactor)
    let treeStorage = NUTSTree.storage(dimension: dimension, maxDepth: configuration.maxTreeDepth)
    let count = metricStorage + treeStorage + 2 * stride
    storage = UnsafeMutableRawPointer.allocate(byteCount: 8 * max(count, 1), alignment: 64).bindMemory(to: Double.self, capacity: count)
    storage.update(repeating: 0, count: count)
    slots = .allocate(capacity: configuration.maxTreeDepth)
    metric = EuclideanMetric(dimension: dimension, hasFactor: hasFactor, storage: storage)
    tree = NUTSTree(
      metric: metric, random: random, maxDepth: configuration.maxTreeDepth, maxEnergyError: configuration.maxEnergyError,
      storage: storage + metricStorage, slots: slots)
    let last = storage + metricStorage + treeStorage
    current = NUTSTree.Point(position: last, gradient: last + stride)
    target = TargetAcceptance(configuration)
    adaptation = StepSizeAdaptation(
      target: target.value, gamma: configuration.gamma, stabilization: configuration.stabilization,
      relaxation: configuration.relaxation)
    learner = MetricLearner(dimension: dimension, configuration: configuration)
    stepSize = configuration.initialStepSize
    trace.reserve(min(configuration.draws / max(configuration.thin, 1), 1 << 14), dimension: dimension)
    if configuration.keepsWarmup { warmupTrace.reserve(configuration.warmup, dimension: dimension) }
  }

  func deallocate() {
    storage.deallocate()
    slots.deallocate()
  }

  /// Where the next value and gradient are wanted, [dimension].
  var point: Pointer { phase == .trajectory ? tree.activePosition : tree.positions.1 }
  /// Where the gradient is to be put before `resume`, [dimension].
  var gradientTarget: Pointer { phase == .trajectory ? tree.activeGradient : tree.gradients.1 }
  var hasEnded: Bool { phase == .ended }
  var gradientEvaluations: Int { settledEvaluations + pendingEvaluations }
  var presentStepSize: Double { stepSize }

  // MARK: Starting

  /// Begins at the given point, or at a random one.
  mutating func start(at initial: [Double]?, tuning: NUTSTuning? = nil) {
    self.tuning = tuning
    if let initial {
      hasGivenStart = true
      for i in 0..<dimension { tree.positions.1[i] = initial[i] }
    } else {
      proposeStart()
    }
  }

  private mutating func proposeStart() {
    let radius = configuration.initialRadius
    random.uniforms(.start, iteration: 0, attempt: attempts, into: tree.positions.1, count: dimension)
    for i in 0..<dimension { tree.positions.1[i] = radius * (2 * tree.positions.1[i] - 1) }
  }

  private mutating func judgeStart(_ logDensity: Double) {
    attempts += 1
    if logDensity.isFinite && PaddedVector.isFinite(tree.gradients.1, blocks: blocks) {
      PaddedVector.copy(tree.positions.1, to: current.position, blocks: blocks)
      PaddedVector.copy(tree.gradients.1, to: current.gradient, blocks: blocks)
      current.logDensity = logDensity
      if configuration.warmup > 0 { learner.begin(position: current.position, gradient: current.gradient, metric: metric) }
      if let tuning {
        metric.set(tuning.metric)
        stepSize = tuning.stepSize
      }
      hasStarted = true
      settle()
      awaitsStepSearch = configuration.warmup > 0
      goOn()
      return
    }
    let what = logDensity.isFinite ? "its gradient is not finite" : "the log density is \(logDensity)"
    if hasGivenStart {
      end("Chain \(chainID + 1) cannot start at the point given: \(what) there. Give a point inside the support, or none.")
    } else if attempts >= configuration.initialAttempts {
      end(
        "Chain \(chainID + 1) found no starting point: at each of \(attempts) random points in (−\(configuration.initialRadius), "
          + "\(configuration.initialRadius)) on the unconstrained scale the log density or its gradient was not finite (at the last one "
          + "\(what)). Check the model against its data, or give initial values.")
    } else {
      proposeStart()
    }
  }

  private mutating func end(_ sentence: String?) {
    settle()
    failure = sentence
    phase = .ended
  }

  // MARK: The machine

  /// Goes on with log density `value` at `point`; the gradient there stands in `gradientTarget`.
  mutating func resume(value: Double) {
    pendingEvaluations += 1
    switch phase {
    case .start: judgeStart(value)
    case .stepSearch: searchStep(value)
    case .trajectory: if tree.absorb(logDensity: value) { finishIteration() }
    case .ended: break
    }
  }

  /// From between two iterations into the next piece of work.
  private mutating func goOn() {
    if iteration >= configuration.warmup + configuration.draws {
      end(nil)
    } else if awaitsStepSearch {
      searchTries = 0
      searchDirection = 0
      stepSizeBeforeSearch = stepSize
      phase = .stepSearch
      proposeStep()
    } else {
      phase = .trajectory
      drawMomentum(.momentum)
      trajectoryStep = stepSize * stepFactor
      tree.begin(from: current, stepSize: trajectoryStep, iteration: iteration)
    }
  }

  /// After warm-up, where the target was raised, some trajectories have shorter steps (``TargetAcceptance``).
  private var stepFactor: Double {
    guard target.isRaised, iteration >= configuration.warmup else { return 1 }
    var uniform = 0.0
    random.uniforms(.stepLength, iteration: iteration, into: &uniform, count: 1)
    return TargetAcceptance.factor(uniform)
  }

  /// A fresh whitened momentum in `tree.momenta.1`. Its padding is cleared: a gradient that was not finite may have reached it.
  private func drawMomentum(_ purpose: NUTSPurpose, attempt: Int = 0) {
    PaddedVector.store(.zero, tree.momenta.1, blocks - 1)
    random.normals(purpose, iteration: iteration, attempt: attempt, into: tree.momenta.1, count: dimension)
  }

  /// One leapfrog step from the present draw with a fresh momentum.
  private mutating func proposeStep() {
    let q = tree.positions.1
    let r = tree.momenta.1
    PaddedVector.copy(current.position, to: q, blocks: blocks)
    PaddedVector.copy(current.gradient, to: tree.gradients.1, blocks: blocks)
    drawMomentum(.stepSearch, attempt: searchTries)
    searchEnergy = 0.5 * PaddedVector.dot(r, r, blocks: blocks) - current.logDensity
    metric.kickAndDrift(position: q, momentum: r, gradient: tree.gradients.1, half: 0.5 * stepSize, step: stepSize)
  }

  /// Stan's heuristic: double or halve the step size until the acceptance probability of one step crosses 0.8.
  private mutating func searchStep(_ value: Double) {
    let energy = 0.5 * metric.kick(momentum: tree.momenta.1, gradient: tree.gradients.1, half: 0.5 * stepSize) - value
    let difference = energy.isNaN ? -.infinity : searchEnergy - energy
    let threshold = -0.22314355131420976  // log 0.8
    let tooSmall = difference > threshold
    searchTries += 1
    if searchDirection == 0 {
      searchDirection = tooSmall ? 1 : -1
    } else if (searchDirection == 1) != tooSmall {
      awaitsStepSearch = false
      adaptation.restart(from: stepSize)
      target.restart()
      goOn()
      return
    }
    if searchTries > 1 { stepSize *= searchDirection == 1 ? 2 : 0.5 }
    if stepSize > 1e7 {
      end(
        "Chain \(chainID + 1) found no largest step size: the log density does not fall off in some direction, so the posterior is improper. "
          + "Check that every parameter has a prior or is identified by data.")
    } else if stepSize < 1e-300 {
      end(
        "Chain \(chainID + 1) found no step size small enough to be accepted: the log density may be discontinuous, or its gradient wrong, near "
          + "the starting point.")
    } else {
      proposeStep()
    }
  }

  private mutating func settle() {
    settledEvaluations += pendingEvaluations
    pendingEvaluations = 0
  }

  private mutating func finishIteration() {
    let chosen = tree.sample
    let isInformative = tree.isDiverging ? abs(chosen.index) > 4 : chosen.index != 0
    PaddedVector.copy(chosen.position, to: current.position, blocks: blocks)
    PaddedVector.copy(chosen.gradient, to: current.gradient, blocks: blocks)
    current.logDensity = chosen.logDensity
    let isWarmup = iteration < configuration.warmup
    let draw = UnsafeBufferPointer(start: UnsafePointer(current.position), count: dimension)
    if isWarmup {
      if configuration.keepsWarmup { warmupTrace.append(entry, at: draw) }
      if tree.isDiverging { warmupDivergences += 1 }
      adapt(isInformative: isInformative)
    } else {
      let entry = entry
      tally.add(entry, maxDepth: configuration.maxTreeDepth)
      if tally.draws % configuration.thin == 0 { trace.append(entry, at: draw) }
    }
    iteration += 1
    settle()
    if iteration == configuration.warmup {
      if configuration.warmup > 0 { stepSize = adaptation.averageStepSize }
      awaitsStepSearch = false
      warmupEvaluations = settledEvaluations
    }
    goOn()
  }

  private mutating func adapt(isInformative: Bool) {
    let steps = Double(max(tree.steps, 1))
    let statistic = (learner.usesSymmetricStatistic ? tree.symmetricSum : tree.acceptanceSum) / steps
    let effect = learner.learn(position: current.position, gradient: current.gradient, isInformative: isInformative, metric: metric)
    let relativeStep = trajectoryStep / adaptation.averageStepSize
    adaptation.learn(acceptance: statistic)
    if let raised = target.learn(iteration: iteration, energyError: tree.largestError, relativeStep: relativeStep) {
      adaptation.aim(at: raised)
    }
    stepSize = adaptation.stepSize
    if effect == .restartStepSize { awaitsStepSearch = true }
  }

  private var entry: NUTSTrace.Entry {
    NUTSTrace.Entry(
      logDensity: current.logDensity, acceptance: tree.acceptanceSum / Double(max(tree.steps, 1)), stepSize: trajectoryStep,
      energy: tree.sample.energy, treeDepth: tree.depth, steps: tree.steps, isDiverging: tree.isDiverging)
  }

  // MARK: Results and checkpoints

  /// What the chain has done up to its last finished iteration.
  func result() -> NUTSChainResult {
    let status: NUTSChainStatus = failure.map { .failed($0) } ?? (hasEnded ? .finished : .stopped)
    let vector = { (p: Pointer) in Array(UnsafeBufferPointer(start: p, count: dimension)) }
    let state = NUTSChainState(
      iteration: iteration, awaitsStepSearch: awaitsStepSearch, position: vector(current.position), gradient: vector(current.gradient),
      logDensity: current.logDensity, stepSize: phase == .stepSearch ? stepSizeBeforeSearch : stepSize, adaptation: adaptation,
      target: target, learner: learner, metric: metric.value,
      gradientEvaluations: settledEvaluations)
    return NUTSChainResult(
      chainID: chainID, status: status, dimension: dimension, trace: trace, warmup: warmupTrace, tally: tally,
      warmupDivergences: warmupDivergences,
      targetAcceptance: target.value, stepSize: stepSize, metric: metric.value, gradientEvaluations: settledEvaluations,
      warmupGradientEvaluations: iteration < configuration.warmup ? settledEvaluations : warmupEvaluations,
      state: hasStarted ? state : nil)
  }

  /// Goes on where `earlier` stood.
  mutating func restore(_ earlier: NUTSChainResult) {
    guard let state = earlier.state else { return start(at: nil) }
    trace = earlier.trace
    warmupTrace = earlier.warmup
    tally = earlier.tally
    warmupDivergences = earlier.warmupDivergences
    warmupEvaluations = earlier.warmupGradientEvaluations
    settledEvaluations = state.gradientEvaluations
    iteration = state.iteration
    awaitsStepSearch = state.awaitsStepSearch
    for i in 0..<dimension {
      current.position[i] = state.position[i]
      current.gradient[i] = state.gradient[i]
    }
    current.logDensity = state.logDensity
    stepSize = state.stepSize
    adaptation = state.adaptation
    target = state.target
    learner = state.learner
    metric.set(state.metric)
    hasStarted = true
    goOn()
  }
}
