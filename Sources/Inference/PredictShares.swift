import Modeling

/// Sobol's first-order and total shares for independent inputs, by picking and freezing.
///
/// A and B are independent tables of N rows of all inputs; ABᵢ is A with input i from B. With f = E[y | inputs, what is drawn besides] and its
/// grand mean μ, per row:
///
/// * first order (Saltelli et al. 2010, Comput. Phys. Commun. 181): Vᵢ = mean of (f(B) − μ)(f(ABᵢ) − f(A));
/// * total (Jansen 1999, Comput. Phys. Commun. 117): Tᵢ = mean of ½(f(A) − f(ABᵢ))²;
/// * variance: V = mean of ½((f(A) − μ)² + (f(B) − μ)²) + Var[y | …].
///
/// Shares are Vᵢ/V and Tᵢ/V. Their errors are those of ratios of means of independent rows, by the delta method. What is drawn besides the
/// inputs and is not integrated out is an input of its own, `noise`; what is known in closed form counts in V only.
struct IndependentShares<M: Model>: Sendable {
  let runner: PredictionRunner<M>
  let table: PredictionTable
  let other: PredictionTable
  let inputs: [IndependentInput]
  let elements: Int
  let hasNoise: Bool

  /// The step of draws that are independent of all others.
  private var otherStep: UInt64 { 1 << 40 }

  func estimates() throws -> [TargetPrediction.Share] {
    let a = try runner.run(table, step: 0)
    let b = try runner.run(other, step: otherStep)
    var shares: [TargetPrediction.Share] = []
    for input in inputs {
      let mixed = try runner.run(table.replacing(table.columns(of: input), from: other), step: 0)
      shares.append(try share(input.name, a, b, mixed))
    }
    if hasNoise { shares.append(try share("noise", a, b, runner.run(table, step: otherStep))) }
    return shares
  }

  private func share(_ name: String, _ a: PredictionColumns, _ b: PredictionColumns, _ mixed: PredictionColumns) throws
    -> TargetPrediction.Share
  {
    let both = try Parallel.map(Array(0..<elements), threads: runner.threads) { element in
      let (fa, fb, fm) = (Array(a[elements + element]), Array(b[elements + element]), Array(mixed[elements + element]))
      let own = zip(a[2 * elements + element], b[2 * elements + element]).map { ($0 + $1) / 2 }
      let mean = (fa.reduce(0, +) + fb.reduce(0, +)) / Double(2 * fa.count)
      let variance = fa.indices.map { row in
        ((fa[row] - mean) * (fa[row] - mean) + (fb[row] - mean) * (fb[row] - mean)) / 2 + own[row]
      }
      let first = fa.indices.map { (fb[$0] - mean) * (fm[$0] - fa[$0]) }
      let total = fa.indices.map { (fa[$0] - fm[$0]) * (fa[$0] - fm[$0]) / 2 }
      return (Self.ratio(first, variance), Self.ratio(total, variance))
    }
    return .init(input: name, kind: .independent, first: both.map(\.0), total: both.map(\.1))
  }

  /// mean(n)/mean(v) for independent rows; undefined where nothing varies.
  static func ratio(_ numerator: [Double], _ variance: [Double]) -> Estimate {
    let count = Double(variance.count)
    let v = variance.reduce(0, +) / count
    guard v > 0 else { return .undefined }
    let value = numerator.reduce(0, +) / count / v
    var squares = 0.0
    for (n, own) in zip(numerator, variance) {
      let influence = (n - value * own) / v
      squares += influence * influence
    }
    return Estimate(value, (squares / (count - 1) / count).squareRoot())
  }
}

/// First-order shares Var E[y | θᵢ] / Var y from draws of inputs that depend on one another: the closed index of each input, with everything
/// that it shares with others. Total shares are not defined by such draws.
///
/// Draws are sorted by θᵢ, so that neighbours have nearly equal θᵢ and otherwise independent values: the mean of (f₍ⱼ₎ − μ)(f₍ⱼ₊₁₎ − μ) tends to
/// Var E[f | θᵢ] (Chatterjee 2021, J. Am. Stat. Assoc. 116; Gamboa, Gremaud, Klein and Lagnoux 2022, Bernoulli 28). The error is that
/// of a ratio of means, with the covariance of neighbouring products (they share a factor) added, and with the effective
/// sample size of the draws.
struct GivenDataShares: Sendable {
  let table: PredictionTable
  let columns: PredictionColumns
  let elements: Int
  let error: PredictionErrorScale
  let threads: Int

  /// Sites with more elements are left out.
  private static let siteLimit = 32
  private static let limit = 128

  func estimates() -> (shares: [TargetPrediction.Share], notes: [String]) {
    guard table.rows >= 32 else { return ([], ["Shares of the variance need at least 32 draws."]) }
    var notes: [String] = []
    var inputs: [(name: String, column: Int)] = []
    for block in table.blocks {
      guard block.count <= Self.siteLimit, inputs.count + block.count <= Self.limit else {
        notes.append("The shares of \(block.name), which has \(block.count) elements, are left out.")
        continue
      }
      for element in 0..<block.count {
        inputs.append((block.name + IndependentInput.suffix(element, block.shape), block.offset + element))
      }
    }
    // Nothing in here throws.
    let shares = try? Parallel.map(inputs, threads: threads) { input in share(input.name, input.column) }
    return (shares ?? [], notes)
  }

  private func share(_ name: String, _ column: Int) -> TargetPrediction.Share {
    let x = (0..<table.rows).map { table.values[$0 * table.width + column] }
    let order = x.indices.sorted { (x[$0], $0) < (x[$1], $1) }
    let first = (0..<elements).map { element in
      estimate(Array(columns[elements + element]), Array(columns[2 * elements + element]), order)
    }
    return .init(input: name, kind: .givenData, first: first, total: nil)
  }

  private func estimate(_ f: [Double], _ own: [Double], _ order: [Int]) -> Estimate {
    let count = Double(f.count)
    let mean = f.reduce(0, +) / count
    let variance = f.indices.map { (f[$0] - mean) * (f[$0] - mean) + own[$0] }
    let v = variance.reduce(0, +) / count
    guard v > 0 else { return .undefined }
    // The last in order goes with the one before it.
    let next = Array(order.dropFirst()) + [order[order.count - 2]]
    let products = zip(order, next).map { (f[$0] - mean) * (f[$1] - mean) }
    let value = products.dropLast().reduce(0, +) / (count - 1) / v
    let influence = zip(order, products).map { place, product in (product - value * variance[place]) / v }
    var inPlace = influence
    for (place, own) in zip(order, influence) { inPlace[place] = own }
    func halfSquare(_ lag: Int) -> Double {
      var sum = 0.0
      for j in 0..<(influence.count - lag) { sum += (influence[j + lag] - influence[j]) * (influence[j + lag] - influence[j]) }
      return sum / Double(2 * (influence.count - lag))
    }
    let shared = max(0, halfSquare(3) - halfSquare(1))
    let base = error.mean(inPlace).error
    return Estimate(value, (base * base + 2 * shared / count).squareRoot())
  }
}
