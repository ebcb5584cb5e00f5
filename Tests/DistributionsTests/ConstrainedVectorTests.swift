import Differentiation
import Distributions
import Foundation
import TestSupport
import Testing

@Suite("Vectors with sum 0 and of length 1")
struct ConstrainedVectorTests {
  static let n = 20_000

  private func average(_ x: [Double], is truth: Double, _ what: String) { FamilyTests().average(x, is: truth, what) }

  @Test("a normal vector with sum 0 is a standard normal one in orthonormal coordinates")
  func zeroSum() throws {
    let map = SumToZeroBijection()
    let result = try Recording.values([([0.7, -1.2, 0.4], [3]), ([1.3], [])]) { v in
      let x = map.forward(v[0])
      return [ZeroSumNormal(size: 4, sd: v[1]).logDensity(of: x), Normal(0, sd: v[1]).logDensity(inside: v[0]).sum(), x, square(x).sum()]
    }
    #expect(abs(result[0][0] - result[1][0]) < 1e-14)
    #expect(abs(result[2].reduce(0, +)) < 1e-15 && abs(result[3][0] - (0.49 + 1.44 + 0.16)) < 1e-14)
    // By hand, as PyMC and NumPyro have it: −½|x|²/σ² − (n − 1)(log σ + ½ log 2π).
    let normalizer: Double = log(0.5) + 0.5 * log(2 * Double.pi)
    let found: Double = try ZeroSumNormal(size: 3, sd: 0.5).logDensity(of: Tensor([1.0, -2, 1])).item()
    #expect(abs(found + 12 + 2 * normalizer) < 1e-14)
    #expect(try ZeroSumNormal(size: 3, sd: 0.5).logDensity(of: Tensor([1.0, -2, 1.1])).item() == -.infinity)
    #expect(try ZeroSumNormal(size: 1, sd: 0.5).logDensity(of: Tensor([0.0])).item() == 0)
    try MultivariateTests().differences([([0.7, -1.2, 0.4], [3]), ([1.3], [])]) {
      ZeroSumNormal(size: 4, sd: $0[1]).logDensity(inside: map.forward($0[0]))
    }
    let d = ZeroSumNormal(size: 4, sd: 1.5)
    let draws = try Recording.draws(seed: 21) { [d.repeated(Self.n).sample(using: $0)] }[0]
    #expect((0..<Self.n).allSatisfy { row in abs(draws[(4 * row)..<(4 * row + 4)].reduce(0, +)) < 1e-13 })
    let variance = try d.variance.values()
    for k in 0..<4 {
      let x = (0..<Self.n).map { draws[4 * $0 + k] }
      average(x, is: 0, "mean \(k)")
      average(x.map { $0 * $0 }, is: variance[k], "variance \(k)")
    }
    average((0..<Self.n).map { draws[4 * $0] * draws[4 * $0 + 3] }, is: -2.25 / 4, "covariance")
    let densities = try Recording.values([(draws, [Self.n, 4])]) { [d.repeated(Self.n).logDensity(of: $0[0])] }[0]
    average(densities.map { -$0 }, is: try d.entropy.item(), "entropy")
  }

  @Test("unit vectors: uniform ones are normal ones over their length, and the density of those is a normal one")
  func unit() throws {
    let map = UnitVectorMap()
    let result = try Recording.values([([0.7, -1.2, 0.4], [3])]) { v in
      let x = map.forward(v[0])
      return [
        SphericalUniform(size: 3).logDensity(of: x) + map.logDeterminant(v[0], x), Normal(0, sd: 1).logDensity(inside: v[0]).sum(),
        map.forward(map.inverse(x)) - x,
      ]
    }
    #expect(abs(result[0][0] - result[1][0]) < 1e-14 && result[2].allSatisfy { abs($0) < 1e-15 })
    #expect(abs(try SphericalUniform(size: 2).logDensity(of: Tensor([0.6, 0.8])).item() + log(2 * Double.pi)) < 1e-14)
    #expect(abs(try SphericalUniform(size: 3).entropy.item() - log(4 * Double.pi)) < 1e-14)
    #expect(try SphericalUniform(size: 2).logDensity(of: Tensor([0.6, 0.9])).item() == -.infinity)
    #expect(try SphericalUniform(size: 2).logDensity(of: Tensor([0.6, Double.nan])).item().isNaN)
    let draws = try Recording.draws(seed: 22) { [SphericalUniform(size: 3).repeated(Self.n).sample(using: $0)] }[0]
    // Archimedes: each element of a uniform vector in three dimensions is uniform on (−1, 1).
    for k in 0..<3 {
      let x = (0..<Self.n).map { draws[3 * $0 + k] }
      average(x, is: 0, "mean \(k)")
      average(x.map { $0 * $0 }, is: 1 / 3.0, "second moment \(k)")
      average(x.map { pow($0, 4) }, is: 1 / 5.0, "fourth moment \(k)")
    }
  }

  @Test("inside a plate and as copies every element is a vector of its own")
  func plates() throws {
    let axis = PlateAxis(id: 9, name: "rows", size: 2, depth: 0)
    let index = PlateIndex(axis: axis, fullSize: 2)
    let (x, sd) = (Tensor([[1.0, -2, 1], [0.5, 0.5, -1]]), Tensor([0.5, 2.0]))
    let both = try ZeroSumNormal(size: 3, sd: sd[index]).logDensity(of: x[index]).leaving(axis).values()
    for row in 0..<2 { #expect(abs(both[row] - (try ZeroSumNormal(size: 3, sd: sd[row]).logDensity(of: x[row]).item())) < 1e-14) }
    #expect(try SphericalUniform(size: 2).repeated(3).logDensity(of: Tensor([[0.6, 0.8], [1, 0], [1, 1]])).values()[2] == -.infinity)
  }
}
