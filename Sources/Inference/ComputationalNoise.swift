/// How finely a computed function can be told apart from itself nearby: the standard deviation of its rounding along a line.
///
/// Third differences of eight values that lie too close together for the function itself to bend are differences of rounding alone; rounding of standard deviation
/// σ gives them the standard deviation √20 σ (Moré and Wild 2011, "Estimating computational noise"). A factorization of a matrix of condition number κ has
/// about κ times the rounding of its entries, which no bound by the size of the value knows.
enum ComputationalNoise {
  /// σ of f around 0, from values `spacing` apart; 0 where f is not finite there.
  static func standardDeviation(spacing: Double, _ f: (Double) -> Double) -> Double {
    var table = (0..<8).map { f((Double($0) - 3.5) * spacing) }
    for _ in 0..<3 { table = zip(table.dropFirst(), table).map { $0 - $1 } }
    let variance = table.reduce(0) { $0 + $1 * $1 } / (20 * Double(table.count))
    return variance.isFinite ? variance.squareRoot() : 0
  }
}
