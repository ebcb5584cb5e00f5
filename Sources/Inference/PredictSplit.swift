import Modeling

/// The Monte Carlo error of a mean over the rows of a prediction.
struct PredictionErrorScale: Sendable {
  var chains: Int
  /// Whether rows are independent; otherwise they are successive draws of chains.
  var isIndependent: Bool

  /// Mean and standard error: sd/√S for independent rows, from the effective sample size for chains. An error of 0 where all are equal.
  func mean(_ values: [Double]) -> Estimate {
    let count = Double(values.count)
    let average = values.reduce(0, +) / count
    guard values.contains(where: { $0 != values[0] }) else { return Estimate(values.first ?? .nan, values.isEmpty ? .nan : 0) }
    if isIndependent {
      let squares = values.reduce(0) { $0 + ($1 - average) * ($1 - average) }
      return Estimate(average, (squares / (count - 1) / count).squareRoot())
    }
    guard values.allSatisfy(\.isFinite) else { return Estimate(average, .nan) }
    let squares = values.reduce(0) { $0 + ($1 - average) * ($1 - average) }
    return Estimate(average, (squares / (count - 1) / effectiveSize(values)).squareRoot())
  }

  /// The effective number of draws for a mean, from the halves of chains; NaN for fewer than four draws a chain.
  private func effectiveSize(_ values: [Double]) -> Double {
    let length = values.count / max(chains, 1)
    guard length >= 4 else { return .nan }
    let half = length / 2
    let starts = (0..<chains).map { $0 * length } + (0..<chains).map { $0 * length + length - half }
    return EffectiveSampleSize.estimate(starts.flatMap { values[$0..<($0 + half)] }, count: 2 * chains)
  }
}

/// The law of total variance, Var y = E Var[y | θ] + Var E[y | θ], for each element of what is predicted.
///
/// Where mean and variance of y given θ are known, both parts are averages over the draws of θ. Where something is drawn between θ and the mean m
/// and variance v that are known, R replicates of it are drawn for each θ: with the sample variance w of the R means and their average m̄,
/// the aleatoric part is the mean of w + v̄ and the epistemic part the variance of m̄ less the mean of w/R, both unbiased. (The epistemic
/// estimate of something that θ hardly moves can come out below zero, within its error.)
struct PredictionSplit<M: Model>: Sendable {
  let runner: PredictionRunner<M>
  let table: PredictionTable
  let elements: Int
  let replicates: Int
  let error: PredictionErrorScale

  /// - Parameter first: values, means and variances of the replicate with step 0.
  func estimates(_ first: PredictionColumns) throws -> (aleatoric: [Estimate], epistemic: [Estimate]) {
    let rows = table.rows
    let size = elements * rows
    var shift = [Double](repeating: 0, count: replicates > 1 ? size : 0)
    var squares = shift
    var variances = Array(first.values[(2 * size)...])
    for replicate in 1..<max(replicates, 1) {
      let next = try runner.run(table, step: UInt64(replicate))
      for k in 0..<size {
        let difference = next.values[size + k] - first.values[size + k]
        shift[k] += difference
        squares[k] += difference * difference
        variances[k] += next.values[2 * size + k]
      }
    }
    let count = Double(max(replicates, 1))
    let (shifts, squared, own) = (shift, squares, variances)
    let results = try Parallel.map(Array(0..<elements), threads: runner.threads) { element in
      var aleatoric = [Double](repeating: 0, count: rows)
      var means = aleatoric
      var within = aleatoric
      for row in 0..<rows {
        let k = element * rows + row
        means[row] = first.values[size + k]
        aleatoric[row] = own[k] / count
        guard replicates > 1 else { continue }
        means[row] += shifts[k] / count
        within[row] = (squared[k] - shifts[k] * shifts[k] / count) / (count - 1)
        aleatoric[row] += within[row]
      }
      let average = means.reduce(0, +) / Double(rows)
      let correction = Double(rows) / Double(max(rows - 1, 1))
      let epistemic = (0..<rows).map { row in
        let deviation = means[row] - average
        return deviation * deviation * correction - within[row] / count
      }
      return (error.mean(aleatoric), rows > 1 ? error.mean(epistemic) : .undefined)
    }
    return (results.map(\.0), results.map(\.1))
  }
}
