import Differentiation
import Distributions
import TestSupport
import Testing

@Suite("Bijection laws")
struct BijectionTests {
  @Test("forward and inverse undo each other", arguments: BijectionCase.all)
  func roundTrips(law: BijectionCase) throws {
    let problems = try BijectionLaws.roundTrips(law)
    #expect(problems.isEmpty, "\(law): \(problems)")
  }

  @Test("log determinants are those of the dense Jacobian", arguments: BijectionCase.all)
  func determinants(law: BijectionCase) throws {
    let problems = try BijectionLaws.determinantsAgree(law)
    #expect(problems.isEmpty, "\(law): \(problems)")
  }

  @Test("far out everything stays finite", arguments: BijectionCase.all)
  func edges(law: BijectionCase) throws {
    let problems = try BijectionLaws.edgesAreFinite(law)
    #expect(problems.isEmpty, "\(law): \(problems)")
  }

  @Test("values lie in the support that names the map")
  func supports() throws {
    let sets: [(support: Support, shape: [Int])] = [
      (.real, [3]), (.positive, [3]), (.nonnegative, [3]), (.unitInterval, [3]), (.lower(2), [3]), (.upper(-1), [3]),
      (.interval(2, 5), [3]), (.ordered, [4]), (.positiveOrdered, [4]), (.simplex, [5]), (.sumToZero, [5]),
      (.unitVector, [3]), (.choleskyCovariance, [3, 3]), (.choleskyCorrelation, [4, 4]), (.independent([2], .simplex), [2, 3]),
      (.independent([2], .positive), [2]),
    ]
    for (support, shape) in sets {
      let map = try #require(support.bijection)
      let inner = map.unconstrainedShape(for: shape)
      let n = inner.reduce(1, *)
      let u = (0..<n).map { Double($0 % 5) - 2.2 }
      let inside = try Recording.values([(u, inner)]) { v in [support.exclusion(of: map.forward(v[0])) ?? 0] }[0]
      #expect(inside.allSatisfy { $0 == 0 }, "\(support)")
      // One element pushed out by 10 in a direction that leaves every one of these sets.
      guard !"\(support)".contains("ℝ") else { continue }
      let outside = try Recording.values([(u, inner)]) { v in
        let x = map.forward(v[0])
        let push = Tensor((0..<x.count).map { $0 == x.count - 1 ? "\(support)".hasPrefix("x ≤") ? 10 : -10 : 0 }, shape: x.shape)
        return [(support.exclusion(of: x + push) ?? 0).sum()]
      }[0]
      #expect(outside[0] >= 1, "\(support)")
    }
  }

  @Test("bounds may be variables: the determinant carries their derivative")
  func variableBounds() throws {
    // log |dx/du| of the interval (0, b) is log b + …, so its derivative in b is 1/b.
    let result = try Recording.valueAndGradient([([0.3], []), ([4], [])]) { v in
      let map = Support.interval(0, v[1]).bijection!
      return map.logDeterminant(v[0], map.forward(v[0]))
    }
    #expect(abs(result.gradient[1][0] - 0.25) < 1e-15)
  }
}
