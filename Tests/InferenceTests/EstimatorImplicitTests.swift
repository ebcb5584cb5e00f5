import Differentiation
import Distributions
import Foundation
import TestSupport
import Testing

/// dz/dλ of draws against −∂F/∂λ / f by distribution functions that are not the library's.
@Suite struct EstimatorImplicitTests {
  @Test func gammaDrawsByTheirShape() throws {
    let table = gammaDrawDerivatives
    let found = try Recording.values([(table.map(\.a), [table.count]), (table.map(\.z), [table.count])]) { x in
      [Tensor(.binary(.gammaDrawDerivative, x[0].node, x[1].node))]
    }[0]
    for (row, slope) in zip(table, found) {
      #expect(abs(slope - row.slope) <= 1e-6 * abs(row.slope), "a = \(row.a), z = \(row.z): \(slope), exactly \(row.slope)")
    }
  }

  /// A normal cut at bounds that move: F(z) = (Φ(z) − Φ(a))/(Φ(b) − Φ(a)) by the system's erfc, differentiated by differences of fourth order.
  @Test(arguments: [[0.0, 1, -1, 2], [0.3, 0.7, 0.5, 1.1], [-1, 2, -6, -2], [2, 0.5, 2.2, 9]])
  func truncatedNormalsByTheirBounds(_ point: [Double]) throws {
    func phi(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }
    func cdf(_ z: Double, _ p: [Double]) -> Double {
      let (a, b) = (phi((p[2] - p[0]) / p[1]), phi((p[3] - p[0]) / p[1]))
      return (phi((z - p[0]) / p[1]) - a) / (b - a)
    }
    try drawsFollow(cdf, at: point, floor: 1e-3) { Truncated(Normal($0[0], sd: $0[1]), lower: $0[2], upper: $0[3]) }
  }

  @Test func vonMisesDrawsByTheirConcentration() throws {
    let table = vonMisesDrawDerivatives
    let found = try Recording.values([(table.map(\.k), [table.count]), (table.map(\.z), [table.count])]) { x in
      [Tensor(.binary(.vonMisesDrawDerivative, x[0].node, x[1].node))]
    }[0]
    for (row, slope) in zip(table, found) {
      #expect(abs(slope - row.slope) <= 1e-9 * abs(row.slope), "κ = \(row.k), z = \(row.z): \(slope), exactly \(row.slope)")
    }
  }

  /// A mixture of three normals, parameters logits, means and sds: F by the system's erfc.
  @Test func mixturesByAllParameters() throws {
    func cdf(_ z: Double, _ p: [Double]) -> Double {
      let w = p[0..<3].map { exp($0) }
      return (0..<3).map { w[$0] * 0.5 * erfc(-(z - p[3 + $0]) / (p[6 + $0] * 2.0.squareRoot())) }.reduce(0, +) / w.reduce(0, +)
    }
    let point = [0.2, -0.4, 0.1, -1.5, 0.3, 2.0, 0.6, 1.0, 0.4]
    try drawsFollow(cdf, at: point, floor: 1e-2) {
      MixtureSameFamily(logits: stack(Array($0[0..<3])), Normal(stack(Array($0[3..<6])), sd: stack(Array($0[6..<9]))))
    }
  }

  /// Student's t by its degrees of freedom, and Beta by both parameters: E g(z) has the derivative of the exact expectation.
  @Test func composedDrawsHaveTheDerivativesOfTheirMeans() throws {
    // Var t = ν/(ν − 2) for ν = e^θ: derivative −2ν/(ν − 2)². With ν = 9 the square has a finite variance.
    let nu = 9.0
    let student = ExpectationProblem("t", [log(nu)], exact: (nu / (nu - 2), [-2 * nu / ((nu - 2) * (nu - 2))])) {
      StudentT(df: exp($0[0]), 0, scale: 1)
    } cost: { z, _ in
      square(z)
    }
    // E x² = a(a + 1)/((a + b)(a + b + 1)).
    let (a, b) = (0.4, 1.3)
    let s = a + b
    let mean = a * (a + 1) / (s * (s + 1))
    let byB = -mean * (1 / s + 1 / (s + 1))
    let byA = mean * (1 / a + 1 / (a + 1)) + byB
    let beta = ExpectationProblem("beta", [log(a), log(b)], exact: (mean, [a * byA, b * byB])) {
      Beta(exp($0[0]), exp($0[1]))
    } cost: {
      z, _ in
      square(z)
    }
    // E p₀² = a₀(a₀ + 1)/(s(s + 1)) for a Dirichlet vector, whose first element is Beta(a₀, s − a₀).
    let dirichlet = ExpectationProblem("dirichlet", [log(a), log(b / 2), log(b / 2)], exact: (mean, [a * byA, b / 2 * byB, b / 2 * byB])) {
      Dirichlet(exp($0))
    } cost: { z, _ in
      square(z[0])
    }
    // E cos x = cos μ · I₁(κ)/I₀(κ), at κ = 1.7 by Simpson's rule.
    func moment(_ f: (Double) -> Double) -> Double {
      let n = 4000
      return (0...n).map { i in
        let t = Double.pi * Double(i) / Double(n)
        return (i == 0 || i == n ? 1 : i % 2 == 1 ? 4 : 2) * exp(1.7 * cos(t)) * f(t)
      }.reduce(0, +)
    }
    let whole = moment { _ in 1 }
    let r = moment { cos($0) } / whole
    let byKappa = moment { cos($0) * cos($0) } / whole - r * r
    let angle = ExpectationProblem("von Mises", [0.6, 1.7], exact: (cos(0.6) * r, [-sin(0.6) * r, cos(0.6) * byKappa])) {
      VonMises($0[0], concentration: $0[1])
    } cost: { z, _ in
      Differentiation.cos(z)
    }
    for problem in [student, beta, dirichlet, angle] {
      let found = try EstimatorLaws.isUnbiased(problem, .pathwise, steps: 10_000)
      #expect(found == [], "\(found)")
    }
  }

  /// dz/dλ of twenty draws against −(∂F/∂λ)/f, both derivatives of F by differences of fourth order: 1e-6 relative to the exact
  /// value and `floor` together.
  private func drawsFollow<D: ReparameterizedDistribution>(
    _ cdf: (_ z: Double, _ point: [Double]) -> Double, at point: [Double], floor: Double, _ make: ([Tensor]) -> D
  ) throws {
    func slope(_ at: [Double], _ k: Int, _ f: ([Double]) -> Double) -> Double {
      let h = 2e-4
      let values = [-2.0, -1, 1, 2].map { step in
        var moved = at
        moved[k] += step * h
        return f(moved)
      }
      return (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * h)
    }
    for seed in 1...20 {
      let inputs = point.map { _ in Node.input("x", shape: []) }
      let z = make(inputs.map { Tensor($0) }).sample(using: DrawSource())
      let gradient = Derivatives.pullback(of: [z.node], cotangents: [.fill(1)], to: inputs).map { $0! }
      let executor = try Executor(Plan(outputs: [z.node] + gradient, inputs: inputs, lanes: 1, lanedDraws: false))
      for (k, value) in point.enumerated() { executor.setInput(k, [value]) }
      executor.random = RandomContext(seed: UInt64(seed))
      executor.run()
      let value = executor.output(0)[0]
      let density = slope([value], 0) { cdf($0[0], point) }
      for k in point.indices {
        let exact = -slope(point, k) { cdf(value, $0) } / density
        let found = executor.output(1 + k)[0]
        #expect(abs(found - exact) <= 1e-6 * (abs(exact) + floor), "parameter \(k) at z = \(value): \(found), exactly \(exact)")
      }
    }
  }
}
