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
    let order = RankedDraws.order(values)
    sorted = order.map { values[Int($0)] }
    place = order.map { index in
      let c = Int(index) / max(n, 1)
      let d = Int(index) - c * n
      if d < half { return Int32(c * half + d) }
      return d >= n - half ? Int32((chains + c) * half + d - (n - half)) : -1
    }
  }

  /// The indices that sort `values` ascending and stably: a radix sort on the order-preserving integer image of a double, 11 bits a pass.
  static func order(_ values: [Double]) -> [Int32] {
    let n = values.count
    guard n > 1 else { return n == 1 ? [0] : [] }
    let digits = 6
    let radix = 1 << 11
    var keys = values.map { value -> UInt64 in
      // −0 and +0 are equal.
      let bits = (value == 0 ? 0.0 : value).bitPattern
      return bits >> 63 == 1 ? ~bits : bits | 1 << 63
    }
    var order = (0..<Int32(n)).map { $0 }
    var otherKeys = keys
    var otherOrder = order
    var counts = [Int32](repeating: 0, count: digits * radix)
    for key in keys {
      for digit in 0..<digits { counts[digit * radix + Int(truncatingIfNeeded: key >> UInt64(11 * digit)) & (radix - 1)] += 1 }
    }
    for digit in 0..<digits {
      let base = digit * radix
      let shift = UInt64(11 * digit)
      if counts[base + Int(truncatingIfNeeded: keys[0] >> shift) & (radix - 1)] == Int32(n) { continue }
      var start: Int32 = 0
      for k in base..<base + radix {
        let count = counts[k]
        counts[k] = start
        start += count
      }
      for i in 0..<n {
        let slot = base + Int(truncatingIfNeeded: keys[i] >> shift) & (radix - 1)
        let target = Int(counts[slot])
        counts[slot] += 1
        otherKeys[target] = keys[i]
        otherOrder[target] = order[i]
      }
      swap(&keys, &otherKeys)
      swap(&order, &otherOrder)
    }
    return order
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
    var values: [Double] = []
    var places: [Int32] = []
    values.reserveCapacity(split.count)
    places.reserveCapacity(split.count)
    for (value, place) in zip(sorted, place) where place >= 0 {
      values.append(value)
      places.append(place)
    }
    return RankedDraws.scores(values, places, table)
  }

  /// Normal scores of |x − median|: the sorted draws fold into two sorted runs, which are merged.
  func foldedScores(_ table: NormalScores) -> [Double] {
    let centre = median
    var values: [Double] = []
    var places: [Int32] = []
    values.reserveCapacity(split.count)
    places.reserveCapacity(split.count)
    var up = sorted.firstIndex { $0 >= centre } ?? sorted.count
    var down = up - 1
    while down >= 0 || up < sorted.count {
      let below = down >= 0 ? abs(sorted[down] - centre) : .infinity
      let above = up < sorted.count ? abs(sorted[up] - centre) : .infinity
      let index = below <= above && down >= 0 ? down : up
      if place[index] >= 0 {
        values.append(min(below, above))
        places.append(place[index])
      }
      if index == down { down -= 1 } else { up += 1 }
    }
    return RankedDraws.scores(values, places, table)
  }

  private static func scores(_ ascending: [Double], _ places: [Int32], _ table: NormalScores) -> [Double] {
    let n = ascending.count
    var scores = [Double](repeating: 0, count: n)
    var first = 0
    while first < n {
      var last = first
      while last + 1 < n && ascending[last + 1] == ascending[first] { last += 1 }
      let score = first == last ? table.whole[first] : table.score(rank: 0.5 * Double(first + last) + 1)
      for k in first...last { scores[Int(places[k])] = score }
      first = last + 1
    }
    return scores
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
      let score = DiagnosticsQuantiles.normal((Double(i) + 0.625) / (Double(size) + 0.25))
      scores[i] = score
      scores[size - 1 - i] = -score
    }
    whole = scores
  }

  func score(rank: Double) -> Double { DiagnosticsQuantiles.normal((rank - 0.375) / (Double(size) + 0.25)) }
}
