import Foundation
import Kernels
import Modeling

/// Short Hamiltonian chains that begin at given points, in groups that share a step size.
///
/// Coordinates z with u = m + L z, where m and L Lᵀ are mean and covariance of the points (their standard deviations alone where there are too few points
/// for a covariance, or above ``VariationalStart/denseLimit`` dimensions), and momenta N(0, I). A trajectory has 4 to 12 leapfrog steps, the same number for eight chains; its
/// step is the group's times a factor between 0.7 and 1.3, and a fifth of that every fourth time, so that narrow places can be entered. The group's step follows the mean acceptance
/// probability towards 0.8 during the first third of the iterations and then stays. Every transition leaves p as it is.
/// All randomness is addressed by (seed, eight chains, iteration), so that results depend on neither threads nor groups of others.
struct ProbeChains {
  /// Chains in a group.
  static let groupSize = 64

  /// The coordinates of the chains.
  struct Coordinates: Sendable {
    var location: [Double]
    var scales: [Double]
    /// L [n][n], lower; nil for diag(scales).
    var factor: [Double]?

    /// Independent coordinates.
    init(location: [Double], scales: [Double]) { (self.location, self.scales) = (location, scales) }

    /// Nil where a coordinate does not vary, or is not finite.
    init?(_ draws: GuideDraws) {
      let n = draws.dimension
      (location, scales) = draws.moments
      guard location.allSatisfy(\.isFinite), scales.allSatisfy({ $0.isFinite && $0 > 0 }) else { return nil }
      guard n <= VariationalStart.denseLimit, draws.count >= 5 * n else { return }
      var covariance = [Double](repeating: 0, count: n * n)
      var away = [Double](repeating: 0, count: n)
      for k in 0..<draws.count {
        for i in 0..<n { away[i] = (draws.positions[k * n + i] - location[i]) / Double(draws.count).squareRoot() }
        for i in 0..<n {
          for j in 0...i { covariance[i * n + j] += away[i] * away[j] }
        }
      }
      factor = DenseCholesky.factor(covariance)
    }
  }

  /// What a group leaves behind.
  struct Trace: Sendable {
    /// [snapshot][chain][n].
    var snapshots: [[Double]] = []
    var acceptance = 0.0
    var evaluations = 0
  }

  private let n: Int
  private let coordinates: Coordinates
  private let block: DensityBlock
  private let noise: GuideNoise
  private let seed: UInt64
  private let firstBlock: Int
  /// β: what is sampled is p^β.
  private let coldness: Double
  /// z and ∇_z log p of every block of eight chains, [block][n].
  private let points, slopes, momenta: LaneRows
  private var values: [Vector8]
  private let trial, trialSlope: LaneRows
  private var step: Double
  private var accepted = 0.0
  private var proposals = 0.0

  /// Runs the chains `first ..< first + starts.count / n`, a multiple of eight of them.
  static func run(
    _ density: any LogDensity, _ coordinates: Coordinates, starts: [Double], first: Int, iterations: Int, snapshots: Int, seed: UInt64
  ) throws -> Trace {
    var chains = ProbeChains(try DensityBlock(density), coordinates, starts: starts, first: first, seed: seed, coldness: 1)
    var trace = Trace()
    let every = max(1, iterations / 2 / snapshots)
    for iteration in 0..<iterations {
      if iteration == iterations / 3 { (chains.accepted, chains.proposals) = (0, 0) }
      chains.advance(iteration, adapts: iteration < iterations / 3)
      if (iterations - 1 - iteration) % every == 0, (iterations - 1 - iteration) / every < snapshots {
        trace.snapshots.append(chains.positions)
      }
    }
    trace.acceptance = chains.accepted / max(chains.proposals, 1)
    trace.evaluations = chains.block.evaluations
    return trace
  }

  /// Where chains end that move through p^β, which has barriers of β times the height: [chain][n].
  static func hotEnds(
    _ block: DensityBlock, _ coordinates: Coordinates, starts: [Double], first: Int, iterations: Int, seed: UInt64, coldness: Double
  ) -> [Double] {
    var chains = ProbeChains(block, coordinates, starts: starts, first: first, seed: seed, coldness: coldness)
    for iteration in 0..<iterations { chains.advance(iteration, adapts: iteration < iterations / 2) }
    return chains.positions
  }

  private init(_ block: DensityBlock, _ coordinates: Coordinates, starts: [Double], first: Int, seed: UInt64, coldness: Double) {
    n = block.dimension
    self.block = block
    self.coldness = coldness
    self.coordinates = coordinates
    self.seed = seed
    let blocks = starts.count / n / 8
    firstBlock = first / 8
    noise = GuideNoise(
      seed: seed, purpose: VariationalPurpose.probe, start: first / 8, dimension: n, samples: 8 * blocks, groupSize: 1)
    (points, slopes, momenta) = (LaneRows(n * blocks), LaneRows(n * blocks), LaneRows(n * blocks))
    (trial, trialSlope) = (LaneRows(n), LaneRows(n))
    values = [Vector8](repeating: Vector8(repeating: 0), count: blocks)
    step = 0.5 / pow(Double(n), 0.25)
    for b in 0..<blocks {
      for lane in 0..<8 {
        let start = Array(starts[((8 * b + lane) * n)..<((8 * b + lane + 1) * n)])
        let z = whitened(start)
        for i in 0..<n { points.base[b * n + i][lane] = z[i] }
      }
      evaluate(points.base + b * n, slopes.base + b * n)
      values[b] = coldness * block.values
    }
  }

  private func whitened(_ u: [Double]) -> [Double] {
    let away = zip(u, coordinates.location).map { $0 - $1 }
    if let factor = coordinates.factor { return DenseCholesky.forward(factor, away) }
    return zip(away, coordinates.scales).map { $0 / $1 }
  }

  /// u = m + L z of one block into `rows`.
  private func place(_ z: UnsafePointer<Vector8>, _ rows: UnsafeMutablePointer<Vector8>) {
    for i in 0..<n {
      var sum = Vector8(repeating: coordinates.location[i])
      if let factor = coordinates.factor {
        for j in 0...i { sum = multiplyAdd(Vector8(repeating: factor[i * n + j]), z[j], sum) }
      } else {
        sum += coordinates.scales[i] * z[i]
      }
      rows[i] = sum
    }
  }

  /// log p and its gradient by z; the values stay in the block.
  private func evaluate(_ z: UnsafePointer<Vector8>, _ slope: UnsafeMutablePointer<Vector8>) {
    place(z, block.positions.base)
    block.evaluate(active: 8)
    let gradient = block.gradients.base
    guard let factor = coordinates.factor else {
      for i in 0..<n { slope[i] = coldness * coordinates.scales[i] * gradient[i] }
      return
    }
    for j in 0..<n {
      var sum = Vector8(repeating: 0)
      for i in j..<n { sum = multiplyAdd(Vector8(repeating: factor[i * n + j]), gradient[i], sum) }
      slope[j] = coldness * sum
    }
  }

  /// One trajectory of every chain.
  private mutating func advance(_ iteration: Int, adapts: Bool) {
    noise.fill(step: iteration)
    var mean = 0.0
    for b in values.indices {
      var stream = RandomStream(
        at: RandomAddress(
          seed: seed, purpose: VariationalPurpose.probe ^ 0x8000, chain: UInt32(firstBlock + b), step: UInt64(iteration)))
      let length = 4 + Int(stream.nextInteger(below: 9))
      let isSmall = stream.nextInteger(below: 4) == 0
      let size = step * (0.7 + 0.6 * stream.nextUniform()) * (isSmall ? 0.2 : 1)
      let acceptance = move(b, length: length, size: size)
      for lane in 0..<8 where stream.nextUniform() < acceptance[lane] {
        for i in 0..<n {
          points.base[b * n + i][lane] = trial.base[i][lane]
          slopes.base[b * n + i][lane] = trialSlope.base[i][lane]
        }
        values[b][lane] = coldness * block.values[lane]
      }
      guard !isSmall else { continue }
      mean += laneSum(acceptance)
      proposals += 8
    }
    accepted += mean
    if adapts {
      let share = accepted / max(proposals, 1)
      if proposals > 0 { step = min(max(step * exp(1.5 * (share - 0.8)), 1e-8), 2) }
      (accepted, proposals) = (0, 0)
    }
  }

  /// Leapfrog from block b to `trial`; the acceptance probabilities.
  private func move(_ b: Int, length: Int, size: Double) -> Vector8 {
    let momentum = momenta.base + b * n
    var energy = -values[b]
    for i in 0..<n {
      momentum[i] = noise.rows.base[b * n + i]
      energy += 0.5 * momentum[i] * momentum[i]
      trial.base[i] = points.base[b * n + i]
      trialSlope.base[i] = slopes.base[b * n + i]
    }
    for _ in 0..<length {
      for i in 0..<n {
        momentum[i] += 0.5 * size * trialSlope.base[i]
        trial.base[i] += size * momentum[i]
      }
      evaluate(trial.base, trialSlope.base)
      for i in 0..<n { momentum[i] += 0.5 * size * trialSlope.base[i] }
    }
    var change = energy + coldness * block.values
    for i in 0..<n { change -= 0.5 * momentum[i] * momentum[i] }
    var result = Vector8(repeating: 0)
    for lane in 0..<8 where !change[lane].isNaN && block.badMask[lane] == 0 { result[lane] = min(1, exp(change[lane])) }
    return result
  }

  /// [chain][n], as p has them.
  private var positions: [Double] {
    var result = [Double](repeating: 0, count: 8 * n * values.count)
    for b in values.indices {
      place(points.base + b * n, trial.base)
      for lane in 0..<8 {
        for i in 0..<n { result[(8 * b + lane) * n + i] = trial.base[i][lane] }
      }
    }
    return result
  }
}
