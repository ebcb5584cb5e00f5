import Foundation

/// Averages of iterates at one rate: sums of all parameters, and of the monitored ones (m and log scales) also chunk by chunk.
final class RoundAverage {
  /// Sum of the flat parameters over `count` iterates.
  let sums: Storage
  private(set) var count = 0
  private(set) var chunks = 0
  private let monitored: Int
  private let chunkSums: Storage
  private let chunkSquares: Storage
  private var chunkCount = 0
  /// [chunk][monitored] means and mean squares.
  private var means: [[Double]] = []
  private var squares: [[Double]] = []
  /// The first iterate: sums are about it, so that squares lose no digits.
  private var origin: [Double] = []

  init(parameterCount: Int, monitored: Int) {
    self.monitored = monitored
    sums = Storage(parameterCount)
    chunkSums = Storage(monitored)
    chunkSquares = Storage(monitored)
  }

  struct Memory: Codable {
    var sums, chunkSums, chunkSquares: PackedNumbers
    var count, chunks, chunkCount: Int
    var means, squares: [PackedNumbers]
    var origin: PackedNumbers
  }

  /// Whether the memory is one of such averages.
  func isSound(_ memory: Memory) -> Bool {
    memory.sums.count == sums.count && memory.chunkSums.count == monitored && memory.chunkSquares.count == monitored
      && (memory.means + memory.squares).allSatisfy { $0.count == monitored } && [0, monitored].contains(memory.origin.count)
      && memory.count.isCount && memory.chunkCount.isCount && memory.chunks == memory.means.count && memory.chunks == memory.squares.count
  }

  /// Everything that has been added.
  var memory: Memory {
    get {
      Memory(
        sums: PackedNumbers(sums.array), chunkSums: PackedNumbers(chunkSums.array), chunkSquares: PackedNumbers(chunkSquares.array),
        count: count, chunks: chunks, chunkCount: chunkCount, means: means.map { PackedNumbers($0) },
        squares: squares.map { PackedNumbers($0) }, origin: PackedNumbers(origin))
    }
    set {
      sums.fill(newValue.sums.values)
      chunkSums.fill(newValue.chunkSums.values)
      chunkSquares.fill(newValue.chunkSquares.values)
      (count, chunks, chunkCount) = (newValue.count, newValue.chunks, newValue.chunkCount)
      means = newValue.means.map(\.values)
      squares = newValue.squares.map(\.values)
      origin = newValue.origin.values
    }
  }

  func reset() {
    for i in 0..<sums.count { sums.base[i] = 0 }
    count = 0
    chunks = 0
    means.removeAll()
    squares.removeAll()
    beginChunk()
  }

  /// Nothing added, and the next iterate the first.
  func restart() {
    reset()
    origin = []
  }

  func beginChunk() {
    chunkCount = 0
    for j in 0..<monitored {
      chunkSums.base[j] = 0
      chunkSquares.base[j] = 0
    }
  }

  /// One iterate's monitored values; the caller has added its parameters to `sums`.
  func add(_ values: UnsafePointer<Double>) {
    if origin.isEmpty { origin = Array(UnsafeBufferPointer(start: values, count: monitored)) }
    count += 1
    chunkCount += 1
    for j in 0..<monitored {
      let x = values[j] - origin[j]
      chunkSums.base[j] += x
      chunkSquares.base[j] += x * x
    }
  }

  func endChunk() {
    let inverse = 1 / Double(max(chunkCount, 1))
    means.append((0..<monitored).map { chunkSums.base[$0] * inverse })
    squares.append((0..<monitored).map { chunkSquares.base[$0] * inverse })
    chunks += 1
  }

  /// Largest split R-hat of the monitored iterates, first half against second: √((W + B)/W) with W the mean variance within the halves
  /// and B the variance between their means. Standard deviations below 10⁻⁶ (m in units of `scales`) count as 10⁻⁶.
  func rHat(scales: [Double]) -> Double {
    let half = chunks / 2
    guard half > 0 else { return .nan }
    var worst = 1.0
    for j in 0..<monitored {
      let a = moments(j, 0..<half)
      let b = moments(j, (chunks - half)..<chunks)
      let unit = 1e-6 * (j < scales.count ? scales[j] : 1)
      let within = 0.5 * (a.variance + b.variance) + unit * unit
      let between = 0.5 * (a.mean - b.mean) * (a.mean - b.mean)
      worst = max(worst, ((within + between) / within).squareRoot())
    }
    return worst
  }

  private func moments(_ j: Int, _ range: Range<Int>) -> (mean: Double, variance: Double) {
    var mean = 0.0
    var square = 0.0
    for k in range {
      mean += means[k][j]
      square += squares[k][j]
    }
    mean /= Double(range.count)
    return (mean, max(square / Double(range.count) - mean * mean, 0))
  }

  /// Monte Carlo standard error of each monitored average, by batch means over the chunks; m in units of `scales` [n].
  func errors(scales: [Double]) -> [Double] {
    guard chunks > 1 else { return [Double](repeating: .infinity, count: monitored) }
    return (0..<monitored).map { j in
      var mean = 0.0
      for k in 0..<chunks { mean += means[k][j] }
      mean /= Double(chunks)
      var spread = 0.0
      for k in 0..<chunks { spread += (means[k][j] - mean) * (means[k][j] - mean) }
      let error = (spread / Double(chunks - 1) / Double(chunks)).squareRoot()
      return j < scales.count ? error / scales[j] : error
    }
  }

  func error(scales: [Double]) -> Double { errors(scales: scales).max() ?? 0 }

  /// Whether the averages of two rounds differ by no more than the tolerance (doubled) or their Monte Carlo errors allow.
  func agrees(with other: RoundAverage, scales: [Double], tolerance: Double) -> Bool {
    let own = errors(scales: scales)
    let its = other.errors(scales: scales)
    for j in 0..<monitored {
      let unit = j < scales.count ? scales[j] : 1
      let difference = abs(sums.base[j] / Double(count) - other.sums.base[j] / Double(other.count)) / unit
      if difference > max(2 * tolerance, 3 * (own[j] * own[j] + its[j] * its[j]).squareRoot()) { return false }
    }
    return true
  }
}
