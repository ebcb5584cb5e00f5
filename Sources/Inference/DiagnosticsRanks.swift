import Kernels

/// The draws of one quantity from several chains, in the forms diagnostics ask for: as they are, halved, sorted once, ranked.
///
/// Halving follows Vehtari et al. (2021): each chain of n draws becomes its first and last ⌊n/2⌋ (an odd chain loses its middle draw).
struct RankedDraws {
  let chains: Int
  let drawsPerChain: Int
  /// ⌊n/2⌋.
  let half: Int
  /// [chain][draw].
  let values: [Double]
  /// [2·chains][half]: the first halves of all chains, then the last halves.
  let split: [Double]
  /// All values, ascending.
  let sorted: [Double]
  /// Where each sorted value stands in `split`; −1 for a dropped middle draw.
  private let place: [Int32]

  /// `values` [chain][draw], all finite.
  init(values: [Double], chains: Int) {
    self.chains = chains
    self.values = values
    let n = chains == 0 ? 0 : values.count / chains
    drawsPerChain = n
    let half = n / 2
    self.half = half
    split = Array(unsafeUninitializedCapacity: 2 * chains * half) { target, count in
      for c in 0..<chains {
        for d in 0..<half {
          target[c * half + d] = values[c * n + d]
          target[(chains + c) * half + d] = values[c * n + n - half + d]
        }
      }
      count = 2 * chains * half
    }
    let order = DrawOrder.ascending(values)
    sorted = Array(unsafeUninitializedCapacity: values.count) { target, count in
      values.withUnsafeBufferPointer { values in
        for k in 0..<order.count { target[k] = values[Int(order[k])] }
      }
      count = order.count
    }
    // Where draw number i of all stands in `split`: a table, so that no division is left in the loop.
    var table = [Int32](repeating: -1, count: values.count)
    for c in 0..<chains {
      for d in 0..<half {
        table[c * n + d] = Int32(c * half + d)
        table[c * n + n - half + d] = Int32((chains + c) * half + d)
      }
    }
    place = order.map { table[Int($0)] }
  }

  var isConstant: Bool { sorted.first == sorted.last }

  /// The quantile at p of all draws, linear between order statistics (type 7 of Hyndman and Fan 1996).
  func quantile(_ p: Double) -> Double {
    guard !sorted.isEmpty else { return .nan }
    let position = p * Double(sorted.count - 1)
    let below = min(max(Int(position.rounded(.down)), 0), sorted.count - 1)
    let above = min(below + 1, sorted.count - 1)
    let share = position - Double(below)
    return (1 - share) * sorted[below] + share * sorted[above]
  }

  var median: Double {
    let n = sorted.count
    guard n > 0 else { return .nan }
    return n % 2 == 1 ? sorted[n / 2] : 0.5 * (sorted[n / 2 - 1] + sorted[n / 2])
  }

  /// Normal scores of the halved draws: average ranks r ↦ Φ⁻¹((r − 3/8)/(S + 1/4)), in the layout of `split`.
  func normalScores(_ table: NormalScores) -> [Double] {
    scores(table) { values, places in
      var n = 0
      for k in 0..<sorted.count where place[k] >= 0 {
        values[n] = sorted[k]
        places[n] = place[k]
        n += 1
      }
    }
  }

  /// Normal scores of |x − median|: the sorted draws fold into two sorted runs, which are merged.
  func foldedScores(_ table: NormalScores) -> [Double] {
    let centre = median
    return scores(table) { values, places in
      var n = 0
      var up = sorted.firstIndex { $0 >= centre } ?? sorted.count
      var down = up - 1
      while down >= 0 || up < sorted.count {
        let below = down >= 0 ? abs(sorted[down] - centre) : .infinity
        let above = up < sorted.count ? abs(sorted[up] - centre) : .infinity
        let takesLower = below <= above && down >= 0
        let index = takesLower ? down : up
        if place[index] >= 0 {
          values[n] = takesLower ? below : above
          places[n] = place[index]
          n += 1
        }
        if takesLower { down -= 1 } else { up += 1 }
      }
    }
  }

  /// Scores of values that `fill` writes in ascending order, each with its place; ties share the score of their average rank.
  private func scores(
    _ table: NormalScores, fill: (UnsafeMutablePointer<Double>, UnsafeMutablePointer<Int32>) -> Void
  ) -> [Double] {
    let n = split.count
    return Array(unsafeUninitializedCapacity: n) { scores, count in
      withUnsafeTemporaryAllocation(of: Double.self, capacity: n + 1) { values in
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: n + 1) { places in
          guard n > 0, let ascending = values.baseAddress, let place = places.baseAddress else { return }
          fill(ascending, place)
          table.whole.withUnsafeBufferPointer { whole in
            var first = 0
            while first < n {
              var last = first
              while last + 1 < n && ascending[last + 1] == ascending[first] { last += 1 }
              let score = first == last ? whole[first] : table.score(rank: 0.5 * Double(first + last) + 1)
              for k in first...last { scores[Int(place[k])] = score }
              first = last + 1
            }
          }
        }
      }
      count = n
    }
  }
}

/// Φ⁻¹((r − 3/8)/(S + 1/4)) for the ranks 1…S of S draws (Blom 1958), computed once for all quantities of a fit.
struct NormalScores {
  let size: Int
  /// Scores of the whole ranks, `whole[r − 1]`.
  let whole: [Double]

  init(size: Int) {
    self.size = size
    var scores = [Double](repeating: 0, count: size)
    for i in 0..<size / 2 {
      let score = Special.normalQuantile((Double(i) + 0.625) / (Double(size) + 0.25))
      scores[i] = score
      scores[size - 1 - i] = -score
    }
    whole = scores
  }

  func score(rank: Double) -> Double { Special.normalQuantile((rank - 0.375) / (Double(size) + 0.25)) }
}
