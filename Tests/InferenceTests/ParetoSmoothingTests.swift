import Foundation
import Inference
import Testing

@Suite("Pareto smoothed importance sampling")
struct ParetoSmoothingTests {
  private static func ratios(_ c: ParetoOracle.Case) -> [Double] {
    (0..<c.count).map { i in
      let u = fmod(Double(i + 1) * 0.6180339887498949, 1)
      return c.kind == "pareto" ? -c.parameter * log(1 - u) : c.parameter * sin(12345 * u)
    }
  }

  @Test("k-hat, effective sample size and weights agree with ArviZ", arguments: ParetoOracle.cases)
  func agreesWithArviZ(_ c: ParetoOracle.Case) {
    let r = Self.ratios(c)
    let result = ParetoSmoothing(logRatios: r)
    #expect(result.shape == c.shape || abs(result.shape - c.shape) < 1e-9 * max(1, abs(c.shape)))
    #expect(abs(result.effectiveSampleSize - c.ess) < 1e-9 * c.ess)
    let order = r.indices.sorted { r[$0] < r[$1] }
    for (index, expected) in zip([order[c.count - 1], order[c.count - 3], order[c.count / 2]], c.logWeights) {
      #expect(abs(result.logWeights[index] - expected) < 1e-9 * abs(expected))
    }
    #expect(abs(result.weights.reduce(0, +) - 1) < 1e-12)
  }

  @Test("The fit recovers the shape of a generalized Pareto sample")
  func fitRecoversShape() {
    // Quantiles at the midpoints are a sample without noise; the prior pulls k to 0.5 with weight 10/(n + 10).
    for k in [-0.3, 0.2, 0.7, 1.2] {
      let sample = (0..<2000).map { (pow(1 - (Double($0) + 0.5) / 2000, -k) - 1) / k * 3 }
      let fit = GeneralizedPareto(fittedTo: sample)
      #expect(abs(fit.shape - k) < 0.03)
      #expect(abs(fit.scale - 3) < 0.15)
    }
  }

  @Test("Edges: equal ratios, zero weights, ratios that are not finite, none at all")
  func edges() {
    let equal = ParetoSmoothing(logRatios: [Double](repeating: -7, count: 100))
    #expect(equal.shape == .infinity)
    #expect(abs(equal.effectiveSampleSize - 100) < 1e-9)
    let halfZero = ParetoSmoothing(logRatios: (0..<200).map { $0 % 2 == 0 ? -.infinity : 0.001 * Double($0) })
    #expect(halfZero.logWeights[0] == -.infinity)
    #expect(halfZero.effectiveSampleSize < 101)
    let broken = ParetoSmoothing(logRatios: [0, .nan, 1, .infinity])
    #expect(broken.shape == .infinity)
    #expect(broken.weights[1] == 0 && broken.weights[3] == 0)
    #expect(abs(broken.weights[2] / broken.weights[0] - exp(1)) < 1e-12)
    #expect(ParetoSmoothing(logRatios: []).logWeights.isEmpty)
  }

  @Test("The threshold is min(1 − 1/log₁₀ S, 0.7)")
  func threshold() {
    #expect(abs(ParetoSmoothing.threshold(draws: 100) - 0.5) < 1e-15)
    #expect(ParetoSmoothing.threshold(draws: 4000) == 0.7)
    #expect(ParetoSmoothing.threshold(draws: 1) == 0)
  }
}
