import Foundation

/// Where batches begin and end: the same for every element and chain. When there are 64 batches, pairs become one and the batches to come are twice as long.
struct BatchClock: Sendable, Codable, Equatable {
  static let firstSize = 50
  static let most = 64

  /// Draws in a batch, whole batches, and draws in the open one.
  private(set) var size = BatchClock.firstSize
  private(set) var batches = 0
  private(set) var open = 0

  /// Whether it has gone on by so many draws.
  func isSound(draws: Int) -> Bool {
    size >= Self.firstSize && size.isCount && (0..<size).contains(open) && (0..<Self.most).contains(batches)
      && batches * size + open == draws
  }

  /// Goes on by `count` draws; `add` hears which of them belong to the open batch, and whether they end it, `merge` when pairs become one.
  mutating func advance(_ count: Int, add: (Range<Int>, Bool) -> Void, merge: () -> Void) {
    var place = 0
    while place < count {
      let step = min(count - place, size - open)
      open += step
      add(place..<(place + step), open == size)
      place += step
      guard open == size else { continue }
      open = 0
      batches += 1
      if batches == Self.most {
        batches /= 2
        size *= 2
        merge()
      }
    }
  }
}

/// Sums over the batches of one chain, about a centre: of values, of their squares, and how many lie in the lower and in the upper tail.
struct BatchSums: Sendable, Codable {
  struct Sums: Sendable, Codable {
    var first = 0.0
    var second = 0.0
    var low = 0.0
    var high = 0.0

    static func + (a: Sums, b: Sums) -> Sums {
      Sums(first: a.first + b.first, second: a.second + b.second, low: a.low + b.low, high: a.high + b.high)
    }
  }
  private(set) var whole: [Sums] = []
  private(set) var open = Sums()

  mutating func add(_ values: ArraySlice<Double>, centre: Double, low: Double, high: Double, ends: Bool) {
    for value in values {
      let x = value - centre
      open.first += x
      open.second += x * x
      if value <= low { open.low += 1 }
      if value >= high { open.high += 1 }
    }
    if ends {
      whole.append(open)
      open = Sums()
    }
  }

  mutating func merge() { whole = stride(from: 0, to: whole.count - 1, by: 2).map { whole[$0] + whole[$0 + 1] } }

  var total: Sums { whole.reduce(open, +) }
}

/// What the batches of all chains say about one quantity.
struct BatchReport {
  var mean = Double.nan
  var sd = Double.nan
  var mcseMean = Double.nan
  var mcseSD = Double.nan
  var essMean = Double.nan
  var essTail = Double.nan
  var rHat = Double.nan

  /// - Parameter count: draws per chain.
  init(_ chains: [BatchSums], _ clock: BatchClock, count: Int, centre: Double) {
    let n = Double(count * chains.count)
    guard n > 1 else { return }
    let total = chains.map(\.total).reduce(BatchSums.Sums(), +)
    let shift = total.first / n
    mean = centre + shift
    let variance = max(total.second / n - shift * shift, 0) * n / (n - 1)
    sd = variance.squareRoot()
    let batches = chains.flatMap(\.whole)
    guard chains.allSatisfy({ $0.whole.count >= 2 }) else { return }
    let size = Double(clock.size)
    /// B times the variance of batch means about the mean of all, which is the variance of one draw times the memory of the chain.
    func long(_ centre: Double, _ value: (BatchSums.Sums) -> Double) -> Double {
      var sum = 0.0
      for batch in batches {
        let deviation = value(batch) / size - centre
        sum += deviation * deviation
      }
      return size * sum / Double(batches.count - 1)
    }
    let spread = long(shift) { $0.first }
    mcseMean = (spread / n).squareRoot()
    essMean = spread > 0 ? min(n * variance / spread, n * log10(n)) : .nan
    let squares = long(total.second / n - shift * shift) { $0.second - 2 * shift * $0.first + size * shift * shift }
    mcseSD = sd > 0 ? (squares / n).squareRoot() / (2 * sd) : .nan
    /// Of the indicator of a tail; infinite where no batch has more or less of it than another.
    func tail(_ value: (BatchSums.Sums) -> Double) -> Double {
      let share = value(total) / n
      let spread = long(share, value)
      return spread > 0 ? min(n * share * (1 - share) / spread, n * log10(n)) : .infinity
    }
    essTail = min(tail { $0.low }, tail { $0.high }, n * log10(n))
    rHat = Self.splitRHat(chains, size: size)
  }

  /// √((W (m − 1)/m + B/m)/W) over the halves of all chains, of m draws each; W is the mean variance within them and B/m the variance between their means.
  private static func splitRHat(_ chains: [BatchSums], size: Double) -> Double {
    let half = chains[0].whole.count / 2
    let m = Double(half) * size
    let moments = chains.flatMap { chain in [chain.whole.prefix(half), chain.whole.suffix(half)] }.map { batches in
      let sums = batches.reduce(BatchSums.Sums(), +)
      let mean = sums.first / m
      return (mean: mean, variance: max(sums.second / m - mean * mean, 0) * m / (m - 1))
    }
    let count = Double(moments.count)
    let within = moments.reduce(0) { $0 + $1.variance } / count
    let centre = moments.reduce(0) { $0 + $1.mean } / count
    let between = moments.reduce(0) { $0 + ($1.mean - centre) * ($1.mean - centre) } / (count - 1)
    return ((within * (m - 1) / m + between) / within).squareRoot()
  }
}
