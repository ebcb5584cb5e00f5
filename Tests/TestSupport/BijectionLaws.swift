import Differentiation
import Distributions
import Foundation

/// One bijection for the laws: the shape of a value, which of its elements are free (all, where nil), and the volume that its determinant is
/// relative to, in logarithms, where it is not that of the free elements.
package struct BijectionCase: Sendable, CustomStringConvertible {
  package let name: String
  package let shape: [Int]
  package let free: [Int]?
  package let logVolume: Double
  package let bijection: any Bijection
  package var description: String { "\(name)\(shape)" }

  package init(_ name: String, shape: [Int], free: [Int]? = nil, logVolume: Double = 0, _ bijection: any Bijection) {
    self.name = name
    self.shape = shape
    self.free = free
    self.logVolume = logVolume
    self.bijection = bijection
  }

  /// Every bijection. A new one is added here, and all laws run on it.
  package static let all: [BijectionCase] = [
    BijectionCase("identity", shape: [3], IdentityBijection()),
    BijectionCase("exponential", shape: [3], ExponentialBijection()),
    BijectionCase("lower", shape: [3], LowerBijection(bound: Tensor([-2.0, 0, 3]))),
    BijectionCase("upper", shape: [3], UpperBijection(bound: 1.5)),
    BijectionCase("interval", shape: [3], IntervalBijection(lower: -1, upper: Tensor([0.5, 4, 30]))),
    BijectionCase("unit interval", shape: [], IntervalBijection(lower: 0, upper: 1)),
    BijectionCase("ordered", shape: [1], OrderedBijection()),
    BijectionCase("ordered", shape: [4], OrderedBijection()),
    BijectionCase("positive ordered", shape: [4], PositiveOrderedBijection()),
    BijectionCase("simplex", shape: [1], free: [], SimplexBijection()),
    BijectionCase("simplex", shape: [2], free: [0], SimplexBijection()),
    BijectionCase("simplex", shape: [6], free: Array(0..<5), SimplexBijection()),
    BijectionCase("sum to zero", shape: [1], free: [], SumToZeroBijection()),
    BijectionCase("sum to zero", shape: [2], free: [1], logVolume: 0.5 * log(2), SumToZeroBijection()),
    BijectionCase("sum to zero", shape: [6], free: [0, 1, 2, 4, 5], logVolume: 0.5 * log(6), SumToZeroBijection()),
    BijectionCase("Cholesky covariance", shape: [1, 1], free: [0], CholeskyCovarianceBijection()),
    BijectionCase("Cholesky covariance", shape: [3, 3], free: [0, 3, 4, 6, 7, 8], CholeskyCovarianceBijection()),
    BijectionCase("Cholesky correlation", shape: [1, 1], free: [], CholeskyCorrelationBijection()),
    BijectionCase("Cholesky correlation", shape: [4, 4], free: [4, 8, 9, 12, 13, 14], CholeskyCorrelationBijection()),
    BijectionCase(
      "independent simplexes", shape: [2, 3], free: [0, 1, 3, 4], IndependentBijection(copies: [2], base: SimplexBijection())),
    BijectionCase("independent numbers", shape: [2, 3], IndependentBijection(copies: [2, 3], base: ExponentialBijection())),
  ]
}

/// What every bijection must satisfy; a sentence for every violation.
package enum BijectionLaws {
  package static func dimension(_ law: BijectionCase) -> Int { law.bijection.unconstrainedShape(for: law.shape).reduce(1, *) }

  /// Deterministic unconstrained points of this size.
  package static func points(_ law: BijectionCase, scale: Double) -> [[Double]] {
    (0..<8).map { point in (0..<dimension(law)).map { scale * sin(Double(7 * point + 3 * $0 + 1)) } }
  }

  /// The shape of the value, u = inverse(forward(u)), and x = forward(inverse(x)).
  package static func roundTrips(_ law: BijectionCase) throws -> [String] {
    let map = law.bijection
    let inner = map.unconstrainedShape(for: law.shape)
    return try points(law, scale: 1.5).flatMap { u -> [String] in
      var shape: [Int] = []
      let results = try Recording.values([(u, inner)]) { v in
        let x = map.forward(v[0])
        shape = x.shape
        let back = map.inverse(x)
        return [x, back, map.forward(back)]
      }
      var problems = shape == law.shape ? [] : ["shape \(shape)"]
      for (a, b) in zip(u, results[1]) where !(abs(a - b) <= 1e-11 * (1 + abs(a))) { problems.append("inverse(forward(\(a))) = \(b)") }
      for (a, b) in zip(results[0], results[2]) where !(abs(a - b) <= 1e-12 * (1 + abs(a))) {
        problems.append("forward(inverse(\(a))) = \(b)")
      }
      return problems
    }
  }

  /// The log determinant against that of the dense Jacobian of the free elements, by elimination, and their volume.
  package static func determinantsAgree(_ law: BijectionCase) throws -> [String] {
    let map = law.bijection
    let inner = map.unconstrainedShape(for: law.shape)
    let n = dimension(law)
    return try points(law, scale: 1.2).compactMap { u in
      let claimed = try Recording.valueAndGradient([(u, inner)]) { map.logDeterminant($0[0], map.forward($0[0])) }.value
      let free = law.free ?? Array(0..<law.shape.reduce(1, *))
      let rows = try free.map { element in
        try Recording.valueAndGradient([(u, inner)]) { map.forward($0[0]).flattened[element] }.gradient[0]
      }
      guard rows.count == n else { return "\(rows.count) free elements for \(n) unconstrained ones" }
      let truth = logAbsoluteDeterminant(rows) + law.logVolume
      return abs(claimed - truth) <= 1e-11 * (1 + abs(truth)) ? nil : "log |det| is \(truth), claimed \(claimed) at \(u)"
    }
  }

  /// Far out, |u| up to 700, values and log determinants are numbers, and the support still holds up to rounding.
  package static func edgesAreFinite(_ law: BijectionCase) throws -> [String] {
    let map = law.bijection
    let inner = map.unconstrainedShape(for: law.shape)
    return try [40.0, 300, 700].flatMap { scale in
      try points(law, scale: scale).compactMap { u in
        let results = try Recording.values([(u, inner)]) { v in [map.forward(v[0]), map.logDeterminant(v[0], map.forward(v[0])) + 0] }
        let gradient = try Recording.valueAndGradient([(u, inner)]) { map.logDeterminant($0[0], map.forward($0[0])) }.gradient[0]
        return (results[0] + results[1] + gradient).allSatisfy(\.isFinite) ? nil : "at \(u): \(results), gradient \(gradient)"
      }
    }
  }

  private static func logAbsoluteDeterminant(_ rows: [[Double]]) -> Double {
    var a = rows
    var log = 0.0
    for k in a.indices {
      let pivot = (k..<a.count).max { abs(a[$0][k]) < abs(a[$1][k]) }!
      a.swapAt(k, pivot)
      log += Foundation.log(abs(a[k][k]))
      for i in (k + 1)..<max(k + 1, a.count) {
        let factor = a[i][k] / a[k][k]
        for j in k..<a.count { a[i][j] -= factor * a[k][j] }
      }
    }
    return log
  }
}
