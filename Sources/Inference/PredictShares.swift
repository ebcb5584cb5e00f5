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
