import Foundation
import Kernels
import Modeling

/// A zeroed array of doubles at a fixed address, for loops that must not allocate or count references per element.
final class Storage {
  let base: UnsafeMutablePointer<Double>
  let count: Int

  init(_ count: Int) {
    self.count = count
    base = UnsafeMutablePointer<Double>.allocate(capacity: max(count, 1))
    base.initialize(repeating: 0, count: max(count, 1))
  }

  convenience init(_ values: [Double]) {
    self.init(values.count)
    for i in values.indices { base[i] = values[i] }
  }

  deinit { base.deallocate() }

  var array: [Double] { Array(UnsafeBufferPointer(start: base, count: count)) }

  /// Takes the first `count` of the values.
  func fill(_ values: some Collection<Double>) {
    for (i, value) in values.prefix(count).enumerated() { base[i] = value }
  }
}

/// `count` rows of eight lanes, each row one `Vector8`.
final class LaneRows {
  let base: UnsafeMutablePointer<Vector8>
  let count: Int

  init(_ count: Int) {
    self.count = count
    base = UnsafeMutablePointer<Vector8>.allocate(capacity: max(count, 1))
    base.initialize(repeating: Vector8(repeating: 0), count: max(count, 1))
  }

  deinit { base.deallocate() }

  /// The rows as doubles, [row][lane].
  var doubles: UnsafeMutablePointer<Double> { UnsafeMutableRawPointer(base).assumingMemoryBound(to: Double.self) }
  var array: [Double] { Array(UnsafeBufferPointer(start: doubles, count: 8 * count)) }

  /// Takes the first 8 · `count` of the values.
  func fill(_ values: some Collection<Double>) {
    for (i, value) in values.prefix(8 * count).enumerated() { doubles[i] = value }
  }
}

/// Eight points of a log density at once, whatever number of lanes its evaluator has.
///
/// Lane l of a block is sample 8b + l, so sums over lanes have one order that depends on neither the evaluator's lanes nor on threads.
final class DensityBlock {
  let dimension: Int
  /// [dimension][8]; written by the caller.
  let positions: LaneRows
  /// [dimension][8]; zero in lanes that were not asked for or are not finite.
  let gradients: LaneRows
  /// log p of each lane; −∞ where value or gradient is not finite.
  private(set) var values = Vector8(repeating: 0)
  /// 1 in the lanes asked for whose value or gradient was not finite, else 0.
  private(set) var badMask = Vector8(repeating: 0)
  private(set) var badLanes = 0
  /// Number of single-point evaluations so far.
  var evaluations = 0
  private let evaluator: any LogDensityEvaluator
  private let lanes: Int
  private let packed: Storage
  private let packedGradients: Storage
  private let packedValues: Storage

  /// - Parameter activeLanes: the largest number of lanes ever asked for; a single one gets an evaluator of one lane.
  init(_ density: any LogDensity, activeLanes: Int = 8) throws {
    dimension = density.dimension
    lanes = activeLanes == 1 ? 1 : min(8, [1, 2, 4, 8].last { $0 <= max(density.preferredLanes, 1) } ?? 1)
    evaluator = try density.makeEvaluator(lanes: lanes)
    positions = LaneRows(dimension)
    gradients = LaneRows(dimension)
    packed = Storage(dimension * lanes)
    packedGradients = Storage(dimension * lanes)
    packedValues = Storage(8)
  }

  /// How many evaluations a density that is a sequence (of minibatches) has behind it; 0 for any other.
  var sequence: Int {
    get { (evaluator as? any SequentialEvaluator)?.step ?? 0 }
    set { (evaluator as? any SequentialEvaluator)?.step = newValue }
  }

  /// Evaluates lanes 0..<active.
  func evaluate(active: Int) {
    evaluations += active
    let points = positions.doubles
    let slopes = gradients.doubles
    if lanes == 8 {
      if active < 8 {
        for i in 0..<dimension {
          for lane in active..<8 { points[8 * i + lane] = points[8 * i] }
        }
      }
      evaluator.evaluate(positions: points, values: packedValues.base, gradients: slopes)
    } else {
      evaluateInGroups(active: active, points: points, slopes: slopes)
    }
    for lane in 0..<8 { values[lane] = lane < active ? packedValues.base[lane] : 0 }
    silenceBadLanes(active: active)
  }

  private func evaluateInGroups(
    active: Int, points: UnsafeMutablePointer<Double>, slopes: UnsafeMutablePointer<Double>
  ) {
    var first = 0
    while first < active {
      for i in 0..<dimension {
        for lane in 0..<lanes {
          packed.base[i * lanes + lane] = points[8 * i + (first + lane < active ? first + lane : first)]
        }
      }
      evaluator.evaluate(positions: packed.base, values: packedValues.base + first, gradients: packedGradients.base)
      for i in 0..<dimension {
        for lane in 0..<lanes { slopes[8 * i + first + lane] = packedGradients.base[i * lanes + lane] }
      }
      first += lanes
    }
  }

  private func silenceBadLanes(active: Int) {
    var mask = Vector8(repeating: 0)
    // x·0 is 0 for finite x, NaN otherwise.
    for i in 0..<dimension { mask += gradients.base[i] * 0 }
    mask += values * 0
    badLanes = 0
    badMask = Vector8(repeating: 0)
    for lane in 0..<8 where lane >= active || mask[lane] != 0 {
      if lane < active {
        values[lane] = -.infinity
        badMask[lane] = 1
        badLanes += 1
      }
      for i in 0..<dimension { gradients.base[i][lane] = 0 }
    }
  }
}

/// An evaluator whose density is another one at every evaluation.
protocol SequentialEvaluator: LogDensityEvaluator {
  /// Evaluations so far.
  var step: Int { get set }
}

/// Sum of the eight partial sums in the order of the house: ((p0+p4)+(p2+p6)) + ((p1+p5)+(p3+p7)).
@inline(__always)
func laneSum(_ v: Vector8) -> Double {
  ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]))
}
