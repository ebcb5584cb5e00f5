import Foundation
import Inference
import Kernels

/// Simultaneous bands for empirical distribution functions of values that should be uniform (Säilynoja, Bürkner and Vehtari 2022, "Graphical test for
/// discrete uniformity and its applications in goodness-of-fit evaluation and multiple sample comparison").
///
/// The band's pointwise probability is chosen by simulation, so that all of a uniform sample's distribution function stays within with the wanted
/// probability: for each of the simulations the smallest two-sided tail probability over all places, and of those the quantile.
struct ECDFBand {
  /// Where the functions are looked at, in (0, 1).
  var places: [Double]
  /// Bounds of the distribution function at the places.
  var low: [Double]
  var high: [Double]

  static let probability = 0.95
  private static let simulations = 1000
  private static var purpose: UInt32 { 0x4543 }

  /// For one sample of n independent uniform numbers.
  init(sample n: Int) {
    places = Self.grid(n)
    let places = places
    var stream = RandomStream(at: RandomAddress(seed: 1, purpose: Self.purpose))
    let tails = BinomialTails(n: n, probabilities: places)
    let smallest = (0..<Self.simulations).map { _ -> Double in
      var bins = [Int](repeating: 0, count: places.count + 1)
      for _ in 0..<n { bins[min(Int(stream.nextUniform() * Double(places.count + 1)), places.count)] += 1 }
      return Self.smallest(bins, tails)
    }
    (low, high) = Self.bounds(n, smallest, tails)
  }

  /// For each of `groups` samples of n, ranked together: what one of them does under the others' company.
  init(groups: Int, of n: Int) {
    places = Self.grid(n)
    let places = places
    let total = groups * n
    var stream = RandomStream(at: RandomAddress(seed: 2, purpose: Self.purpose))
    let tails = BinomialTails(n: n, probabilities: places)
    // The bin that (r − ½)/total falls into, for the ranks r of 1…total.
    let binOf = (0..<total).map { rank in places.firstIndex { (Double(rank) + 0.5) / Double(total) <= $0 } ?? places.count }
    var labels = (0..<total).map { $0 % groups }
    let smallest = (0..<Self.simulations).map { _ -> Double in
      for index in stride(from: total - 1, to: 0, by: -1) { labels.swapAt(index, Int(stream.nextInteger(below: UInt64(index + 1)))) }
      var bins = [[Int]](repeating: [Int](repeating: 0, count: places.count + 1), count: groups)
      for (index, label) in labels.enumerated() { bins[label][binOf[index]] += 1 }
      return bins.map { Self.smallest($0, tails) }.min() ?? 1
    }
    (low, high) = Self.bounds(n, smallest, tails)
  }

  /// At most 50 places between 0 and 1.
  private static func grid(_ n: Int) -> [Double] {
    let count = min(max(n, 2), 51)
    return (1..<count).map { Double($0) / Double(count) }
  }

  private static func smallest(_ bins: [Int], _ tails: BinomialTails) -> Double {
    var below = 0
    var smallest = 1.0
    for place in tails.cumulative.indices {
      below += bins[place]
      smallest = min(smallest, tails.twoSided(below, place))
    }
    return smallest
  }

  private static func bounds(_ n: Int, _ smallest: [Double], _ tails: BinomialTails) -> (low: [Double], high: [Double]) {
    let sorted = smallest.sorted()
    let level = sorted[min(Int(Double(sorted.count) * (1 - probability)), sorted.count - 1)]
    var low: [Double] = []
    var high: [Double] = []
    for place in tails.cumulative.indices {
      let inside = (0...n).filter { tails.twoSided($0, place) >= level }
      low.append(Double(inside.first ?? 0) / Double(max(n, 1)))
      high.append(Double(inside.last ?? n) / Double(max(n, 1)))
    }
    return (low, high)
  }
}

/// Distribution functions of binomial counts.
private struct BinomialTails {
  /// [place][count]: P(X ≤ count).
  let cumulative: [[Double]]

  init(n: Int, probabilities: [Double]) {
    var logs = [0.0]
    for k in 1...max(n, 1) { logs.append(logs[k - 1] + log(Double(k))) }
    cumulative = probabilities.map { p in
      var sum = 0.0
      return (0...n).map { k in
        sum += exp(logs[n] - logs[k] - logs[n - k] + Double(k) * log(p) + Double(n - k) * log1p(-p))
        return min(sum, 1)
      }
    }
  }

  /// 2 min(P(X ≤ k), P(X ≥ k)).
  func twoSided(_ k: Int, _ place: Int) -> Double {
    let below = cumulative[place][k]
    let above = k > 0 ? 1 - cumulative[place][k - 1] : 1
    return 2 * min(below, above)
  }
}
