import Kernels

/// A Gaussian copula fitted to draws: each variable is a monotone function of one of jointly normal scores, and the correlations of these are
/// those of the normal scores of the draws' ranks (van der Waerden). Draws of one variable given all others are then known in closed form:
/// with the precision matrix Λ of the scores, zᵢ | z₋ᵢ ~ Normal(zᵢ − (Λz)ᵢ/Λᵢᵢ, 1/Λᵢᵢ).
///
/// Exact for Gaussian guides, whose variables are monotone functions of jointly normal numbers; for other draws an approximation of their
/// dependence, whose margins are exact.
struct GaussianCopula: Sendable {
  private let rows: Int
  /// The scores of the order statistics, rising.
  private let levels: [Double]
  /// For each column that varies: its values in rising order, and the scores of its rows.
  private let sorted: [[Double]]
  private let scores: [[Double]]
  private let places: [Int?]
  private let precision: [Double]
  private let isWhole: [Bool]

  /// The most variables.
  static var limit: Int { 256 }
  /// The fewest draws for each variable.
  static var rowsPerColumn: Int { 8 }
  private static var purpose: UInt32 { 0x5043 }

  /// Nil for more than ``limit`` columns, too few draws, and where no column varies.
  init?(_ table: PredictionTable) {
    let (n, width) = (table.rows, table.width)
    guard width <= Self.limit, n >= Self.rowsPerColumn * max(width, 4) else { return nil }
    rows = n
    let levels = NormalScores(size: n).whole
    var places: [Int?] = []
    var sorted: [[Double]] = []
    var scores: [[Double]] = []
    for column in 0..<width {
      let values = (0..<n).map { table.values[$0 * width + column] }
      let order = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
      guard values[order[0]] < values[order[n - 1]] else {
        places.append(nil)
        continue
      }
      places.append(sorted.count)
      sorted.append(order.map { values[$0] })
      var own = [Double](repeating: 0, count: n)
      for (rank, row) in order.enumerated() { own[row] = levels[rank] }
      scores.append(own)
    }
    let count = scores.count
    let norm = levels.reduce(0) { $0 + $1 * $1 }
    var correlations = [Double](repeating: 1, count: count * count)
    for a in 0..<count {
      for b in 0..<a {
        let r = Self.product(scores[a], scores[b]) / norm
        correlations[a * count + b] = r
        correlations[b * count + a] = r
      }
    }
    // Variables that are functions of the others have next to no variance of their own; without the ridge they would have no inverse.
    for a in 0..<count { correlations[a * count + a] += 1e-9 }
    guard count > 0, let precision = DenseCholesky.inverse(correlations) else { return nil }
    self.levels = levels
    self.sorted = sorted
    self.scores = scores
    self.places = places
    self.precision = precision
    isWhole = sorted.map { $0.allSatisfy { $0 == $0.rounded() } }
  }

  private static func product(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for k in a.indices { sum += a[k] * b[k] }
    return sum
  }

  /// A column drawn anew given all other columns of its row, and the squared residuals of its scores; nil for one that does not vary.
  func redrawn(_ column: Int, seed: UInt64) -> (values: [Double], squares: [Double])? {
    guard let place = places[column] else { return nil }
    let count = scores.count
    let own = precision[place * count + place]
    var means = scores[place]
    for other in 0..<count {
      let weight = precision[place * count + other] / own
      let z = scores[other]
      for row in 0..<rows { means[row] -= weight * z[row] }
    }
    // The residual variance of a regression on count − 1 variables and a constant.
    let sd = (Double(rows) / Double(rows - count) / own).squareRoot()
    var stream = RandomStream(at: RandomAddress(seed: seed, purpose: Self.purpose, site: UInt32(column)))
    let squares = zip(scores[place], means).map { ($0 - $1) * ($0 - $1) }
    return (means.map { value($0 + sd * stream.nextNormal(), place) }, squares)
  }

  /// The value of a score: linear between order statistics, the nearest of them where all are whole numbers.
  private func value(_ score: Double, _ place: Int) -> Double {
    let values = sorted[place]
    guard score > levels[0] else { return values[0] }
    guard score < levels[rows - 1] else { return values[rows - 1] }
    var (low, high) = (0, rows - 1)
    while high - low > 1 {
      let middle = (low + high) / 2
      if levels[middle] <= score { low = middle } else { high = middle }
    }
    let share = (score - levels[low]) / (levels[high] - levels[low])
    if isWhole[place] { return share < 0.5 ? values[low] : values[high] }
    return values[low] + share * (values[high] - values[low])
  }
}
