import Foundation
import Kernels
import Modeling

/// One population on its way from the prior to the posterior: a machine whose state between two moves is a value.
final class SMCPopulation {
  /// Everything the population needs to go on with the same bits.
  struct State: Codable {
    var positions: PackedNumbers
    /// log prior and log likelihood of each particle.
    var prior, likelihood: PackedNumbers
    /// Where the particles of the present temperature began.
    var origin: PackedNumbers
    var temperatures: [Double] = []
    var logEvidence = 0.0
    var stepSize: Double
    /// Moves done at the present temperature, and in all.
    var stageMoves = 0
    var moves = 0
    var acceptance = 0.0
    var correlation = 1.0
    var evaluations = 0
    /// Whether the present temperature is done with.
    var isSettled = true

    func isSound(particles: Int, dimension: Int) -> Bool {
      positions.count == particles * dimension && origin.count == positions.count && prior.count == particles
        && likelihood.count == particles
        && temperatures.allSatisfy { $0 > 0 && $0 <= 1 } && temperatures == temperatures.sorted() && stepSize > 0 && stepSize.isFinite
        && [stageMoves, moves, evaluations].allSatisfy(\.isCount)
    }
  }

  private enum Purpose {
    static let resampling: UInt32 = 0x534D_0001
  }

  private let number: Int
  private let configuration: SMCConfiguration
  private let seed: UInt64
  private let checkpoint: CheckpointPart?
  private let mover: SMCMover
  private var state: State

  private var count: Int { configuration.particles }

  init(
    _ number: Int, _ density: any LogDensity, _ prior: any LogDensity, _ configuration: SMCConfiguration, seed: UInt64,
    checkpoint: CheckpointPart?, start: () throws -> [Double]
  ) throws {
    self.number = number
    self.configuration = configuration
    self.seed = seed
    self.checkpoint = checkpoint
    mover = try SMCMover(density, prior, seed: seed, population: number)
    if let earlier = try checkpoint?.restored(
      State.self, isSound: { $0.isSound(particles: configuration.particles, dimension: density.dimension) })
    {
      state = earlier
      return
    }
    let positions = try start()
    let (priors, likelihoods) = mover.densities(positions)
    state = State(
      positions: PackedNumbers(positions), prior: PackedNumbers(priors), likelihood: PackedNumbers(likelihoods),
      origin: PackedNumbers(positions), stepSize: 0.5 * pow(Double(max(density.dimension, 1)), -0.25),
      evaluations: configuration.particles)
  }

  func run(_ report: (SMCProgress) -> Control) -> SMCPopulationResult {
    while true {
      if state.isSettled {
        if state.temperatures.last == 1 { return finished(.converged) }
        guard state.likelihood.values.contains(where: \.isFinite) else { return finished(.noFiniteStart) }
        guard state.temperatures.count < configuration.stageLimit else { return finished(.stepLimit) }
        heat()
      }
      move()
      let progress = SMCProgress(moves: state.moves, temperature: state.temperatures.last ?? 0, gradientEvaluations: state.evaluations)
      let isStopped = report(progress) == .stop
      if let checkpoint, isStopped || checkpoint.isDue { checkpoint.save(state) }
      if isStopped { return finished(.cancelled) }
    }
  }

  private func finished(_ status: Status) -> SMCPopulationResult {
    if status != .cancelled { checkpoint?.save(state) }
    return SMCPopulationResult(
      status: status, positions: state.positions.values, logDensity: zip(state.prior.values, state.likelihood.values).map { $0 + $1 },
      logEvidence: state.logEvidence, temperatures: state.temperatures, moves: state.moves, acceptance: state.acceptance,
      correlation: state.correlation, gradientEvaluations: state.evaluations)
  }

  // MARK: temperatures

  /// To the next temperature: weights, evidence, resampling.
  private func heat() {
    let present = state.temperatures.last ?? 0
    let next = nextTemperature(after: present)
    let logs = state.likelihood.values.map { $0.isFinite ? (next - present) * $0 : -.infinity }
    let largest = logs.max() ?? 0
    let weights = logs.map { exp($0 - largest) }
    let total = weights.reduce(0, +)
    state.logEvidence += largest + log(total / Double(count))
    resample(weights.map { $0 / total })
    state.temperatures.append(next)
    state.stageMoves = 0
    state.isSettled = false
    mover.learn(state.positions.values)
  }

  /// The largest β ≤ 1 at which the weights L^(β − present) leave the wanted share of particles effective, by bisection of the increment to 10⁻⁹ of itself.
  private func nextTemperature(after present: Double) -> Double {
    let likelihoods = state.likelihood.values
    let wanted = configuration.effectiveShare * Double(count)
    func isEnough(_ increment: Double) -> Bool {
      let largest = likelihoods.filter(\.isFinite).max() ?? 0
      var (first, second) = (0.0, 0.0)
      for value in likelihoods where value.isFinite {
        let weight = exp(increment * (value - largest))
        first += weight
        second += weight * weight
      }
      return first * first / second >= wanted
    }
    if isEnough(1 - present) { return 1 }
    var (low, high) = (0.0, 1 - present)
    // Particles without a likelihood leave at the first step, however small: then half of the rest is what can be kept.
    guard isEnough(1e-300) else { return present + max(1e-12, 1e-3 * (1 - present)) }
    while high - low > 1e-9 * high, high > 1e-300 {
      let middle = low > 0 ? 0.5 * (low + high) : high * 1e-3
      if isEnough(middle) { low = middle } else { high = middle }
    }
    return present + max(low, 1e-300)
  }

  /// Systematic resampling (Kitagawa 1996) with one uniform number; the particles keep the order of their ancestors.
  private func resample(_ weights: [Double]) {
    var stream = RandomStream(
      at: RandomAddress(
        seed: seed, purpose: Purpose.resampling, chain: UInt32(number), step: UInt64(state.temperatures.count)))
    let offset = stream.nextUniform()
    var chosen: [Int] = []
    chosen.reserveCapacity(count)
    var total = 0.0
    for (index, weight) in weights.enumerated() {
      total += weight
      while chosen.count < count, (Double(chosen.count) + offset) / Double(count) < total { chosen.append(index) }
    }
    let last = weights.lastIndex { $0 > 0 } ?? 0
    while chosen.count < count { chosen.append(last) }
    let n = mover.dimension
    let (positions, prior, likelihood) = (state.positions.values, state.prior.values, state.likelihood.values)
    state.positions.values = chosen.flatMap { positions[($0 * n)..<($0 * n + n)] }
    state.prior.values = chosen.map { prior[$0] }
    state.likelihood.values = chosen.map { likelihood[$0] }
    state.origin = state.positions
  }

  // MARK: moves

  /// One Hamiltonian trajectory for every particle; its mean acceptance moves the step size of the next.
  private func move() {
    if !mover.hasLearnt { mover.learn(state.origin.values) }
    var (positions, prior, likelihood) = (state.positions.values, state.prior.values, state.likelihood.values)
    let moved = mover.move(
      &positions, prior: &prior, likelihood: &likelihood, temperature: state.temperatures.last ?? 0, stepSize: state.stepSize,
      step: state.moves)
    (state.positions.values, state.prior.values, state.likelihood.values) = (positions, prior, likelihood)
    state.evaluations += moved.evaluations
    state.acceptance = moved.acceptance
    state.stepSize = min(max(state.stepSize * exp(moved.acceptance - configuration.targetAcceptance), 1e-8), 2)
    state.moves += 1
    state.stageMoves += 1
    state.correlation = largestCorrelation()
    let isEnough = state.stageMoves >= configuration.fewestMoves && state.correlation <= configuration.largestCorrelation
    state.isSettled = isEnough || state.stageMoves >= configuration.mostMoves
  }

  /// The largest correlation, over the coordinates, between where the particles began at this temperature and where they are.
  private func largestCorrelation() -> Double {
    let n = mover.dimension
    let (a, b) = (state.origin.values, state.positions.values)
    var largest = -1.0
    for i in 0..<n {
      let (x, y) = ((0..<count).map { a[$0 * n + i] }, (0..<count).map { b[$0 * n + i] })
      let (meanX, meanY) = (x.reduce(0, +) / Double(count), y.reduce(0, +) / Double(count))
      var (xx, yy, xy) = (0.0, 0.0, 0.0)
      for k in 0..<count {
        let (dx, dy) = (x[k] - meanX, y[k] - meanY)
        xx += dx * dx
        yy += dy * dy
        xy += dx * dy
      }
      // A coordinate in which all particles are one point is one that has not moved.
      largest = max(largest, xx > 0 && yy > 0 ? xy / (xx * yy).squareRoot() : 1)
    }
    return largest
  }
}
