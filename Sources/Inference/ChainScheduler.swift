import Foundation
import Modeling
import Synchronization

/// Runs the no-U-turn sampler on `density`: chains with the numbers `chainIDs`, spread over `threads`, packed into lanes.
///
/// * `lanes`: points per evaluation (1, 2, 4 or 8); nil lets the density and the number of chains per thread decide.
/// * `initial`: one starting point per chain on the unconstrained scale, [chain][dimension]; nil draws them uniformly.
/// * `tunings`: a step size and a metric that each chain begins with, and keeps where there is no warm-up.
/// * `resume`: an earlier result with the same chains, which every chain goes on from.
/// * `checkpoint`: where the chains save their states from time to time and at the end, and what those go on from that have one there; `resume` goes before.
/// * `onProgress`: called some ten times a second from whichever thread is at hand, never from two at once; `.stop` ends the run within a few
///   evaluations, and what is finished is returned with status `.stopped`.
///
/// The result of a chain depends on (density, configuration, seed, chain number, its starting point) alone: on no other chain, nor on
/// threads or lanes. Throws ``NUTSError`` for settings that make no sense; a chain that fails says so in its status.
package func runNUTS(
  _ density: any LogDensity, configuration: NUTSConfiguration = NUTSConfiguration(), seed: UInt64, chainIDs: [Int], threads: Int = 1,
  lanes: Int? = nil, initial: [[Double]]? = nil, tunings: [NUTSTuning]? = nil,
  resume: NUTSResult? = nil,
  checkpoint: CheckpointPart? = nil, onProgress: (@Sendable (NUTSProgress) -> NUTSControl)? = nil
) throws -> NUTSResult {
  let earlier =
    try resume?.chains
    ?? chainIDs.map { id in
      try checkpoint?.part("chain-\(id)").restored(NUTSChainResult.self) {
        $0.isSound(chainID: id, dimension: density.dimension, configuration: configuration)
      }
    }
  let problems = runProblems(
    dimension: density.dimension, configuration: configuration, chainIDs: chainIDs, threads: threads, lanes: lanes, initial: initial,
    resume: resume)
  guard problems.isEmpty else { throw NUTSError(description: problems.joined(separator: "\n")) }
  let board = RunBoard(configuration: configuration, chainIDs: chainIDs, onProgress: onProgress)
  let workers = max(1, min(threads, chainIDs.count))
  let work: @Sendable (Int) -> Void = { worker in
    let own = worker * chainIDs.count / workers..<(worker + 1) * chainIDs.count / workers
    do {
      var scheduler = try ChainScheduler(
        density: density, configuration: configuration, seed: seed, chainIDs: Array(chainIDs[own]), firstIndex: own.lowerBound, lanes: lanes
      )
      defer { scheduler.deallocate() }
      scheduler.start(initial: initial.map { Array($0[own]) }, tunings: tunings.map { Array($0[own]) }, resume: Array(earlier[own]))
      try scheduler.run(board, checkpoint)
      board.deliver(scheduler.results(), from: own.lowerBound)
    } catch {
      board.fail(error)
    }
  }
  if workers == 1 { work(0) } else { DispatchQueue.concurrentPerform(iterations: workers, execute: work) }
  return NUTSResult(configuration: configuration, seed: seed, chains: try board.collect())
}

/// One sentence for every argument of ``runNUTS`` that makes no sense.
private func runProblems(
  dimension: Int, configuration: NUTSConfiguration, chainIDs: [Int], threads: Int, lanes: Int?, initial: [[Double]]?, resume: NUTSResult?
) -> [String] {
  var found = configuration.problems()
  if dimension < 1 { found.append("The model has no continuous unknowns to sample: the unconstrained vector has length \(dimension).") }
  if chainIDs.isEmpty { found.append("A run needs at least one chain.") }
  if Set(chainIDs).count != chainIDs.count { found.append("The chain numbers \(chainIDs) are not all different.") }
  for id in chainIDs where !(0...Int(UInt32.max)).contains(id) {
    found.append("The chain number \(id) is not between 0 and \(UInt32.max).")
  }
  if threads < 1 { found.append("The number of threads is \(threads); it must be 1 or more.") }
  if let lanes, ![1, 2, 4, 8].contains(lanes) { found.append("The number of lanes is \(lanes); it must be 1, 2, 4 or 8.") }
  if let initial {
    if initial.count != chainIDs.count { found.append("There are \(initial.count) starting points for \(chainIDs.count) chains.") }
    for (id, point) in zip(chainIDs, initial) where point.count != dimension {
      found.append("The starting point of chain \(id) has length \(point.count), but the unconstrained vector has length \(dimension).")
    }
  }
  if let resume {
    if resume.chains.map(\.chainID) != chainIDs {
      found.append("The run to resume has chains \(resume.chains.map(\.chainID)), not \(chainIDs).")
    }
    for chain in resume.chains where chain.dimension != dimension {
      found.append("Chain \(chain.chainID) to resume has dimension \(chain.dimension), the model \(dimension).")
    }
    if resume.configuration.metric != configuration.metric || resume.configuration.warmup != configuration.warmup {
      found.append("A resumed run must keep the metric and the number of warm-up iterations of the earlier one.")
    }
  }
  return found
}

/// What the threads of one run share: results, progress, and the wish to stop.
private final class RunBoard: Sendable {
  private struct Content: Sendable {
    var results: [NUTSChainResult?]
    var progress: NUTSProgress
    var evaluations: [Int]
    var failure: (any Error)?
    /// When the next report is due; the first at once.
    var nextReport = ContinuousClock.now
  }
  private let content: Mutex<Content>
  private let stopFlag = Atomic<Bool>(false)
  private let onProgress: (@Sendable (NUTSProgress) -> NUTSControl)?
  private static let interval = Duration.milliseconds(80)

  init(configuration: NUTSConfiguration, chainIDs: [Int], onProgress: (@Sendable (NUTSProgress) -> NUTSControl)?) {
    self.onProgress = onProgress
    let chains = chainIDs.map { NUTSProgress.Chain(chainID: $0, iteration: 0, divergences: 0, stepSize: 0, hasEnded: false) }
    content = Mutex(
      Content(
        results: Array(repeating: nil, count: chainIDs.count),
        progress: NUTSProgress(warmup: configuration.warmup, draws: configuration.draws, chains: chains, gradientEvaluations: 0),
        evaluations: Array(repeating: 0, count: chainIDs.count)))
  }

  var watches: Bool { onProgress != nil }
  var mustStop: Bool { stopFlag.load(ordering: .relaxed) }

  /// Notes how far some chains are, and reports when the last report is long enough ago.
  func post(_ chains: [NUTSProgress.Chain], evaluations: [Int], from first: Int) {
    guard let onProgress else { return }
    content.withLock { content in
      for (offset, chain) in chains.enumerated() {
        content.progress.chains[first + offset] = chain
        content.evaluations[first + offset] = evaluations[offset]
      }
      let now = ContinuousClock.now
      guard now >= content.nextReport || isLast(content.progress) else { return }
      content.nextReport = now + RunBoard.interval
      content.progress.gradientEvaluations = content.evaluations.reduce(0, +)
      if onProgress(content.progress) == .stop { stopFlag.store(true, ordering: .relaxed) }
    }
  }

  private func isLast(_ progress: NUTSProgress) -> Bool { progress.chains.allSatisfy { $0.hasEnded } }

  func deliver(_ results: [NUTSChainResult], from first: Int) {
    content.withLock { content in
      for (offset, result) in results.enumerated() { content.results[first + offset] = result }
    }
  }

  func fail(_ error: any Error) {
    content.withLock { if $0.failure == nil { $0.failure = error } }
    stopFlag.store(true, ordering: .relaxed)
  }

  func collect() throws -> [NUTSChainResult] {
    try content.withLock { content in
      if let failure = content.failure { throw failure }
      return content.results.compactMap { $0 }
    }
  }
}

/// The chains of one thread and the evaluator they share. Every chain always waits for exactly one gradient, so lanes are filled with
/// whichever chains are left, in order, however deep their trees are.
private struct ChainScheduler: ~Copyable {
  private let density: any LogDensity
  private let chains: UnsafeMutablePointer<NUTSChain>
  private let count: Int
  private let firstIndex: Int
  private let dimension: Int
  private let widest: Int
  private var evaluator: any LogDensityEvaluator
  private var lanes: Int
  /// What making an evaluator cost, and when the run began: they tell whether a narrower one pays.
  private let creation: Duration
  private var begin = ContinuousClock.now
  /// Iterations per chain.
  private let total: Int
  private let positions: UnsafeMutablePointer<Double>
  private let gradients: UnsafeMutablePointer<Double>
  private let values: UnsafeMutablePointer<Double>
  private let spare: UnsafeMutablePointer<Double>
  private let blocks: Int
  /// Point and gradient of the chain in every lane.
  private let points: UnsafeMutablePointer<UnsafeMutablePointer<Double>>
  private let targets: UnsafeMutablePointer<UnsafeMutablePointer<Double>>
  private var alive: [Int]

  init(
    density: any LogDensity, configuration: NUTSConfiguration, seed: UInt64, chainIDs: [Int], firstIndex: Int, lanes requested: Int?
  ) throws {
    self.density = density
    self.firstIndex = firstIndex
    count = chainIDs.count
    dimension = density.dimension
    let widest = requested ?? ChainScheduler.fitting(min(density.preferredLanes, 8), chains: chainIDs.count)
    self.widest = widest
    lanes = widest
    let before = ContinuousClock.now
    evaluator = try density.makeEvaluator(lanes: widest)
    creation = ContinuousClock.now - before
    total = configuration.warmup + configuration.draws
    chains = .allocate(capacity: count)
    for (k, id) in chainIDs.enumerated() {
      (chains + k).initialize(to: NUTSChain(chainID: id, dimension: density.dimension, configuration: configuration, seed: seed))
    }
    blocks = PaddedVector.blocks(dimension)
    let size = 8 * blocks * widest
    positions = .allocate(capacity: 2 * size + 8 * blocks + 8)
    positions.initialize(repeating: 0, count: 2 * size + 8 * blocks + 8)
    gradients = positions + size
    spare = gradients + size
    values = spare + 8 * blocks
    points = .allocate(capacity: 16)
    points.initialize(repeating: spare, count: 16)
    targets = points + 8
    alive = Array(0..<count)
  }

  func deallocate() {
    for k in 0..<count { chains[k].deallocate() }
    chains.deinitialize(count: count)
    chains.deallocate()
    positions.deallocate()
    points.deallocate()
  }

  /// The fewest lanes of 1, 2, 4, 8 that hold `chains`, but no more than `limit`.
  private static func fitting(_ limit: Int, chains: Int) -> Int {
    var lanes = 1
    while lanes < chains && 2 * lanes <= limit { lanes *= 2 }
    return lanes
  }

  mutating func start(initial: [[Double]]?, tunings: [NUTSTuning]?, resume: [NUTSChainResult?]) {
    for k in 0..<count {
      if let earlier = resume[k], earlier.state != nil {
        chains[k].restore(earlier)
      } else {
        chains[k].start(at: initial?[k], tuning: tunings?[k])
      }
    }
  }

  /// The states of all chains, when the interval is over and in the end.
  private func save(to checkpoint: CheckpointPart?, always: Bool) {
    guard let checkpoint, always || checkpoint.part("chain-\(chains[0].chainID)").isDue else { return }
    checkpoint.saveAll(results().map { (name: "chain-\($0.chainID)", state: $0 as any Encodable) })
  }

  mutating func run(_ board: RunBoard, _ checkpoint: CheckpointPart?) throws {
    // The clock is read every `interval` rounds, so that it costs nothing with cheap densities and stops dear ones soon.
    var interval = 1
    begin = ContinuousClock.now
    var round = 0
    var last = ContinuousClock.now
    drop()
    while !alive.isEmpty {
      var next = 0
      while next < alive.count {
        let end = min(next + lanes, alive.count)
        evaluate(next..<end)
        next = end
      }
      if alive.contains(where: { chains[$0].hasEnded }) {
        drop()
        try narrow()
      }
      guard board.watches || checkpoint != nil else { continue }
      round += 1
      if round < interval { continue }
      round = 0
      let now = ContinuousClock.now
      if now - last < .milliseconds(1) {
        interval = min(interval * 2, 1 << 14)
      } else if now - last > .milliseconds(20) {
        interval = max(interval / 2, 1)
      }
      last = now
      post(to: board)
      if board.mustStop { break }
      save(to: checkpoint, always: false)
    }
    save(to: checkpoint, always: true)
    post(to: board)
  }

  /// One evaluation for the chains `alive[range]`.
  private mutating func evaluate(_ range: Range<Int>) {
    if lanes == 1 {
      let chain = chains + alive[range.lowerBound]
      evaluator.evaluate(positions: chain.pointee.point, values: values, gradients: chain.pointee.gradientTarget)
      chain.pointee.resume(value: values[0])
      return
    }
    // A lane without a chain repeats the first chain's point, and its gradient goes nowhere.
    for lane in 0..<lanes {
      let isFilled = range.lowerBound + lane < range.upperBound
      let chain = chains + alive[isFilled ? range.lowerBound + lane : range.lowerBound]
      points[lane] = chain.pointee.point
      targets[lane] = isFilled ? chain.pointee.gradientTarget : spare
    }
    LaneOrder.interleave(points, lanes: lanes, blocks: blocks, into: positions)
    evaluator.evaluate(positions: positions, values: values, gradients: gradients)
    LaneOrder.separate(gradients, lanes: lanes, blocks: blocks, into: targets)
    for lane in 0..<range.count { chains[alive[range.lowerBound + lane]].resume(value: values[lane]) }
  }

  private mutating func drop() { alive.removeAll { chains[$0].hasEnded } }

  /// Fewer chains need fewer lanes, where what is left to do is long against the making of another evaluator.
  private mutating func narrow() throws {
    let fitting = ChainScheduler.fitting(widest, chains: alive.count)
    guard fitting < lanes, let behind = alive.map({ chains[$0].iteration }).min() else { return }
    let left = (ContinuousClock.now - begin) * (Double(total - behind) / Double(max(behind, 1)))
    guard left > creation * 4 else { return }
    evaluator = try density.makeEvaluator(lanes: fitting)
    lanes = fitting
  }

  private func post(to board: RunBoard) {
    guard board.watches else { return }
    let state = (0..<count).map { k in
      NUTSProgress.Chain(
        chainID: chains[k].chainID, iteration: chains[k].iteration, divergences: chains[k].divergences,
        stepSize: chains[k].presentStepSize, hasEnded: chains[k].hasEnded)
    }
    board.post(state, evaluations: (0..<count).map { chains[$0].gradientEvaluations }, from: firstIndex)
  }

  func results() -> [NUTSChainResult] { (0..<count).map { chains[$0].result() } }
}
