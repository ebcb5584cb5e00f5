import Modeling

/// Shares from draws of inputs that depend on one another, as draws of a posterior do.
///
/// First order, Var E[y | θᵢ] / Var y: the closed index of each input, with everything that it shares with others. Draws are sorted by θᵢ, so
/// that neighbours have nearly equal θᵢ and otherwise independent values: the mean of (f₍ⱼ₎ − μ)(f₍ⱼ₊₁₎ − μ) tends to Var E[f | θᵢ] (Chatterjee
/// 2021, J. Am. Stat. Assoc. 116; Gamboa, Gremaud, Klein and Lagnoux 2022, Bernoulli 28). The error is that of a ratio of means, with the
/// covariance of neighbouring products (they share a factor) added, and with the effective sample size of the draws.
///
/// Total, E Var[y | θ₋ᵢ] / Var y: what would remain if all other inputs were known (Kucherenko, Tarantola and Annoni 2012, Comput. Phys. Commun.
/// 183), by the mean of ½(f(θ) − f(θ₋ᵢ, θᵢ′))² with θᵢ′ drawn given the others from a ``GaussianCopula``. With dependent inputs it can be
/// smaller than the first order. Elements of simplexes, ordered vectors and Cholesky factors cannot be moved by themselves and have none.
///
/// What is drawn besides the inputs and is not integrated out is independent of them and an input of its own, `noise`.
struct DependentShares<M: Model>: Sendable {
  let runner: PredictionRunner<M>
  let table: PredictionTable
  let columns: PredictionColumns
  let elements: Int
  let error: PredictionErrorScale
  let hasNoise: Bool
  /// Sites whose elements can be moved by themselves.
  let movable: Set<String>

  /// Sites with more elements are left out.
  private static var siteLimit: Int { 32 }
  private static var limit: Int { 128 }
  /// The step of draws that are independent of all others.
  private var otherStep: UInt64 { 1 << 40 }

  private struct Input: Sendable {
    var name: String
    var column: Int
    var isMovable: Bool
  }

  func estimates() throws -> (shares: [TargetPrediction.Share], notes: [String]) {
    guard table.rows >= 32 else { return ([], ["Shares of the variance need at least 32 draws."]) }
    var notes: [String] = []
    var inputs: [Input] = []
    for block in table.blocks {
      guard block.count <= Self.siteLimit, inputs.count + block.count <= Self.limit else {
        notes.append("The shares of \(block.name), which has \(block.count) elements, are left out.")
        continue
      }
      for element in 0..<block.count {
        let name = block.name + IndependentInput.suffix(element, block.shape)
        inputs.append(Input(name: name, column: block.offset + element, isMovable: movable.contains(block.name)))
      }
    }
    let firsts = try Parallel.map(inputs, threads: runner.threads) { first($0.column) }
    let copula = inputs.contains(where: \.isMovable) ? GaussianCopula(table) : nil
    if copula == nil, inputs.contains(where: \.isMovable) {
      notes.append(
        "Total shares are left out: they take at most \(GaussianCopula.limit) latent numbers and \(GaussianCopula.rowsPerColumn) draws for each, and here are \(table.width) with \(table.rows)."
      )
    }
    var shares: [TargetPrediction.Share] = []
    var misfits: [String] = []
    for (input, first) in zip(inputs, firsts) {
      let total = input.isMovable ? try copula.map { try self.total(input.column, $0) } : nil
      if total?.isMisfit == true { misfits.append(input.name) }
      shares.append(.init(input: input.name, kind: .givenData, first: first, total: total?.values))
    }
    if !misfits.isEmpty {
      let names = misfits.prefix(5).joined(separator: ", ") + (misfits.count > 5 ? " and \(misfits.count - 5) more" : "")
      notes.append(
        "Some total shares of \(names) are left out: drawn given the others by a Gaussian copula, they do not give the results' own spread."
      )
    }
    if hasNoise { shares.append(try noise()) }
    return (shares, notes)
  }

  // MARK: - First order

  private func first(_ column: Int) -> [Estimate] {
    let x = (0..<table.rows).map { table.values[$0 * table.width + column] }
    let order = x.indices.sorted { (x[$0], $0) < (x[$1], $1) }
    return (0..<elements).map { element in
      first(Array(columns[elements + element]), Array(columns[2 * elements + element]), order)
    }
  }

  private func first(_ f: [Double], _ own: [Double], _ order: [Int]) -> Estimate {
    let count = f.count
    let (mean, variance, v) = Self.spread(f, own)
    guard v > 0 else { return .undefined }
    // In order of the input; the last goes with the one before it.
    var influence = [Double](repeating: 0, count: count)
    var sum = 0.0
    for j in 0..<count {
      let next = j + 1 < count ? order[j + 1] : order[count - 2]
      influence[j] = (f[order[j]] - mean) * (f[next] - mean)
      if j + 1 < count { sum += influence[j] }
    }
    let value = sum / Double(count - 1) / v
    var inPlace = influence
    for j in 0..<count {
      influence[j] = (influence[j] - value * variance[order[j]]) / v
      inPlace[order[j]] = influence[j]
    }
    func halfSquare(_ lag: Int) -> Double {
      var sum = 0.0
      for j in 0..<(count - lag) { sum += (influence[j + lag] - influence[j]) * (influence[j + lag] - influence[j]) }
      return sum / Double(2 * (count - lag))
    }
    let shared = max(0, halfSquare(3) - halfSquare(1))
    let base = error.mean(inPlace).error
    return Estimate(value, (base * base + 2 * shared / Double(count)).squareRoot())
  }

  /// The mean, the variance at each row, and its mean.
  private static func spread(_ f: [Double], _ own: [Double]) -> (mean: Double, rows: [Double], variance: Double) {
    let count = Double(f.count)
    let mean = f.reduce(0, +) / count
    var rows = own
    for k in f.indices { rows[k] += (f[k] - mean) * (f[k] - mean) }
    return (mean, rows, rows.reduce(0, +) / count)
  }

  // MARK: - Total

  private func total(_ column: Int, _ copula: GaussianCopula) throws -> (values: [Estimate], isMisfit: Bool) {
    guard let redrawn = copula.redrawn(column, seed: runner.seed) else {
      return ([Estimate](repeating: Estimate(0, 0), count: elements), false)
    }
    var moved = table
    for (row, value) in redrawn.values.enumerated() { moved.values[row * table.width + column] = value }
    let other = try runner.run(moved, step: 0)
    // The residual variance s² of the scores is estimated too. With normal scores the mean of ½(f − f′)² has the variance 2σ⁴/n as a mean
    // over rows and 3.5σ⁴/n in all, where s² has 2σ⁴/n: three quarters of that are missing.
    let residual = error.mean(redrawn.squares)
    let missing = 0.75 * (residual.error / residual.value) * (residual.error / residual.value)
    let values = try Parallel.map(Array(0..<elements), threads: runner.threads) { element -> Estimate? in
      let own = Array(columns[2 * elements + element])
      let known = total(Array(columns[elements + element]), Array(other[elements + element]), own, isChecked: true)
      return known.map { Estimate($0.value, ($0.error * $0.error + missing * $0.value * $0.value).squareRoot()) }
    }
    return (values.map { $0 ?? .undefined }, values.contains { $0 == nil })
  }

  /// ½(f − f′)² relative to the variance; nil where `isChecked` and f′ does not have the spread of f.
  private func total(_ f: [Double], _ other: [Double], _ own: [Double], isChecked: Bool) -> Estimate? {
    let (mean, variance, v) = Self.spread(f, own)
    guard v > 0 else { return .undefined }
    if isChecked {
      var excess = [Double](repeating: 0, count: f.count)
      var epistemic = 0.0
      for k in f.indices {
        let (before, after) = ((f[k] - mean) * (f[k] - mean), (other[k] - mean) * (other[k] - mean))
        excess[k] = after - before
        epistemic += before / Double(f.count)
      }
      let moved = error.mean(excess)
      guard abs(moved.value) <= 4 * moved.error + 0.2 * epistemic else { return nil }
    }
    var influence = [Double](repeating: 0, count: f.count)
    var sum = 0.0
    for k in f.indices {
      influence[k] = (f[k] - other[k]) * (f[k] - other[k]) / 2
      sum += influence[k]
    }
    let value = sum / Double(f.count) / v
    for k in f.indices { influence[k] = (influence[k] - value * variance[k]) / v }
    return Estimate(value, error.mean(influence).error)
  }

  // MARK: - Noise

  /// First order by pairs of distant draws with equal noise, total by pairs of equal draws with other noise.
  private func noise() throws -> TargetPrediction.Share {
    let (rows, width) = (table.rows, table.width)
    var distant = table
    for row in 0..<rows {
      let from = (row + rows / 2) % rows
      for k in 0..<width { distant.values[row * width + k] = table.values[from * width + k] }
    }
    let equal = try runner.run(distant, step: 0)
    let other = try runner.run(table, step: otherStep)
    let both = try Parallel.map(Array(0..<elements), threads: runner.threads) { element -> (Estimate, Estimate) in
      let (f, own) = (Array(columns[elements + element]), Array(columns[2 * elements + element]))
      let (mean, variance, v) = Self.spread(f, own)
      guard v > 0 else { return (.undefined, .undefined) }
      var influence = [Double](repeating: 0, count: rows)
      for (k, moved) in equal[elements + element].enumerated() { influence[k] = (f[k] - mean) * (moved - mean) }
      let value = influence.reduce(0, +) / Double(rows) / v
      for k in 0..<rows { influence[k] = (influence[k] - value * variance[k]) / v }
      let total = total(f, Array(other[elements + element]), own, isChecked: false) ?? .undefined
      return (Estimate(value, error.mean(influence).error), total)
    }
    return .init(input: "noise", kind: .givenData, first: both.map(\.0), total: both.map(\.1))
  }
}
