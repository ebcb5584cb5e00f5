/// Highest-density intervals.
extension DrawReport {
  /// The shortest interval with at least ⌊probability · S⌋ + 1 of the draws, both ends being draws; of equally short ones the lowest. It is the region of
  /// highest density where the density has one mode (Chen and Shao 1999; ArviZ's `hdi`). NaN where a draw is not finite or the probability
  /// is not in (0, 1).
  package func highestDensityInterval(_ probability: Double) -> (lower: Double, upper: Double) {
    let sorted = draws.sorted
    guard !sorted.isEmpty, probability > 0, probability < 1 else { return (.nan, .nan) }
    let width = Int(probability * Double(sorted.count))
    var best = 0
    for start in 0..<(sorted.count - width) where sorted[start + width] - sorted[start] < sorted[best + width] - sorted[best] {
      best = start
    }
    return (sorted[best], sorted[best + width])
  }
}

extension Summary {
  /// The highest-density interval of each element.
  package static func highestDensityIntervals(_ variable: VariableDraws, probability: Double) -> (lower: [Double], upper: [Double]) {
    let size = variable.size
    let ends = (0..<size).map { k in
      DrawReport(variable.values.map { chain in stride(from: k, to: chain.count, by: size).map { chain[$0] } })
        .highestDensityInterval(probability)
    }
    return (ends.map(\.lower), ends.map(\.upper))
  }
}
