import Foundation
import Inference
import Testing

@Suite("Leave-one-out, WAIC and weights of models")
struct LeaveOneOutTests {
  private static let data = [-1.0, 0.2, 0.5, 1, 2, 4, 9]

  /// The draws of the oracle, [chain][draw].
  static func theta(_ scale: Double) -> [[Double]] {
    (0..<4).map { chain in
      (0..<250).map { draw in
        let u = fmod(Double(chain * 250 + draw + 1) * 0.6180339887498949, 1)
        return scale * log(u / (1 - u))
      }
    }
  }

  private static func likelihood(_ scale: Double, _ shift: Double) -> PointwiseLogLikelihood {
    let values = theta(scale).map { chain -> [Double] in
      chain.flatMap { theta -> [Double] in data.map { normal($0 - shift - theta) } }
    }
    return PointwiseLogLikelihood([VariableDraws(name: "y", kind: .output, shape: [7], values: values)])
  }

  /// The log density of a standard normal.
  private static func normal(_ z: Double) -> Double { -0.5 * z * z - 0.5 * log(2 * Double.pi) }

  private static func close(_ a: Double, _ b: Double, _ tolerance: Double = 1e-9) -> Bool { abs(a - b) <= tolerance * max(1, abs(b)) }

  @Test("PSIS-LOO, k-hat and WAIC agree with ArviZ", arguments: LeaveOneOutOracle.cases)
  func agreesWithArviZ(_ c: LeaveOneOutOracle.Case) {
    let likelihood = Self.likelihood(c.scale, c.shift)
    let loo = LeaveOneOut(likelihood, relativeEfficiency: c.reff, threads: 2)
    #expect(Self.close(loo.total, c.elpd) && Self.close(loo.standardError, c.se) && Self.close(loo.effectiveParameters, c.p))
    for (own, other) in zip(loo.elpd, c.pointwise) { #expect(Self.close(own, other)) }
    for (own, other) in zip(loo.paretoShape, c.shapes) { #expect(Self.close(own, other)) }
    #expect(abs(loo.threshold - (1 - 1 / 3.0)) < 1e-12)
    #expect(loo.unreliable == c.shapes.indices.filter { c.shapes[$0] > 1 - 1 / 3.0 })
    let waic = WidelyApplicable(likelihood)
    // ArviZ divides the variance by S.
    #expect(Self.close(waic.effectiveParameters * 999 / 1000, c.pWAIC))
    #expect(Self.close(waic.total + waic.effectiveParameters, c.waic + c.pWAIC))
    #expect(likelihood.name(of: 3) == "y[3]")
  }

  @Test("A conjugate normal model: leaving one out by importance is leaving it out")
  func conjugate() {
    // y_i ~ Normal(θ, 1), θ ~ Normal(0, 2): the posterior of θ, and of θ without y_i, are normal.
    let y = (0..<20).map { 0.7 + sin(Double($0) * 1.7) }
    func posterior(_ y: [Double]) -> (mean: Double, variance: Double) {
      let precision = 0.25 + Double(y.count)
      return (y.reduce(0, +) / precision, 1 / precision)
    }
    let own = posterior(y)
    // Midpoints of 4000 equally likely cells, by bisection of the distribution function.
    let draws = (0..<4000).map { s -> Double in
      let p = (Double(s) + 0.5) / 4000
      var (low, high) = (-9.0, 9.0)
      while high - low > 1e-12 {
        let middle = 0.5 * (low + high)
        if 0.5 * erfc(-middle / 2.0.squareRoot()) < p { low = middle } else { high = middle }
      }
      return own.mean + own.variance.squareRoot() * 0.5 * (low + high)
    }
    let values = draws.flatMap { theta -> [Double] in y.map { Self.normal($0 - theta) } }
    let loo = LeaveOneOut(PointwiseLogLikelihood([VariableDraws(name: "y", kind: .output, shape: [20], values: [values])]))
    var (within, without) = (0.0, 0.0)
    for i in y.indices {
      let rest = posterior(Array(y[..<i] + y[(i + 1)...]))
      let spread = 1 + rest.variance
      let exact = Self.normal((y[i] - rest.mean) / spread.squareRoot()) - 0.5 * log(spread)
      #expect(abs(loo.elpd[i] - exact) < 2e-3)
      without += exact
      within += Self.normal((y[i] - own.mean) / (1 + own.variance).squareRoot()) - 0.5 * log(1 + own.variance)
      #expect(loo.paretoShape[i] < 0.5)
    }
    #expect(abs(loo.effectiveParameters - (within - without)) < 0.02)
  }

  @Test("LOO-PIT of one point is its place in the distribution without it")
  func integralTransform() {
    let level = [Double](repeating: -1, count: 100)
    let counted = LeaveOneOut.integralTransform(of: 24.5, predictive: (0..<100).map(Double.init), logLikelihood: level)
    #expect(abs(counted.value - 0.25) < 1e-12 && counted.isReliable)
    let halved = LeaveOneOut.integralTransform(of: 1, predictive: (0..<100).map { Double($0 % 2) }, logLikelihood: level)
    #expect(abs(halved.value - 0.75) < 1e-12)
    // A draw twice as likely without the point (half as likely with it) has twice the weight; k̂ of ratios that grow like 1/u is 1.
    let weighted = LeaveOneOut.integralTransform(of: 0, predictive: [-1, 1], logLikelihood: [log(0.5), 0])
    #expect(abs(weighted.value - 2.0 / 3) < 1e-12)
    let heavy = LeaveOneOut.integralTransform(of: 0, predictive: level, logLikelihood: (0..<100).map { log((Double($0) + 0.5) / 100) })
    #expect(!heavy.isReliable)
  }

  @Test("A log likelihood that is not finite is flagged, not trusted")
  func notFinite() {
    let values = (0..<100).flatMap { s -> [Double] in [s == 5 ? -.infinity : -1, .nan] }
    let loo = LeaveOneOut(PointwiseLogLikelihood([VariableDraws(name: "y", kind: .output, shape: [2], values: [values])]))
    #expect(loo.paretoShape == [.infinity, .infinity])
    #expect(loo.unreliable == [0, 1])
  }

  @Test("Stacking finds the known maximum")
  func stacking() {
    // Two models: a share p of the points at which the first is e^a times as dense, the rest the other way round by e^b. The optimum is where the derivative
    // p (A − 1)/(1 + w (A − 1)) = (1 − p)(B − 1)/(1 + (1 − w)(B − 1)).
    let (a, b) = (3.0, 5.0)
    let first = (0..<100).map { $0 < 60 ? log(a) : 0 }
    let second = (0..<100).map { $0 < 60 ? 0 : log(b) }
    let weights = ModelWeights.stacking([first, second])
    let exact = (0.6 * (a - 1) * b - 0.4 * (b - 1)) / ((a - 1) * (b - 1))
    #expect(abs(weights[0] - exact) < 1e-9)
    #expect(abs(weights[0] + weights[1] - 1) < 1e-12)
    // A model that another one dominates at every point has no weight; equal models share theirs.
    let better = (0..<50).map { -1 - 0.01 * Double($0) }
    let dominated = ModelWeights.stacking([better, better.map { $0 - 0.5 }])
    #expect(abs(dominated[0] - 1) < 1e-9)
    let equal = ModelWeights.stacking([better, better])
    #expect(abs(equal[0] - 0.5) < 1e-9)
    #expect(ModelWeights.stacking([better]) == [1])
    // Optimality with three models: no direction into the simplex increases the objective.
    let three = (0..<3).map { k -> [Double] in (0..<40).map { i -> Double in 2 * sin(Double(i * (k + 2)) * 0.9) } }
    let w = ModelWeights.stacking(three)
    var gradient = [0.0, 0, 0]
    for i in 0..<40 {
      let density = three.map { exp($0[i]) }
      let mixed = zip(w, density).reduce(0.0) { $0 + $1.0 * $1.1 }
      for k in 0..<3 { gradient[k] += density[k] / mixed / 40 }
    }
    #expect((gradient.max() ?? 2) < 1 + 1e-9)
    for k in 0..<3 where w[k] > 1e-6 { #expect(abs(gradient[k] - 1) < 1e-9) }
  }

  @Test("Pseudo-BMA weights: the formula, and its bootstrap between it and equal weights")
  func pseudoBMA() {
    let first = (0..<30).map { -1 + 0.3 * sin(Double($0)) }
    let second = first.enumerated().map { $1 - 0.05 + 0.2 * cos(3 * Double($0)) }
    let difference = zip(first, second).reduce(0) { $0 + $1.0 - $1.1 }
    let plain = ModelWeights.pseudoBMA([first, second])
    #expect(abs(plain[0] - 1 / (1 + exp(-difference))) < 1e-12)
    let plus = ModelWeights.bootstrappedPseudoBMA([first, second], seed: 1)
    #expect(plus[0] > 0.5 && plus[0] < plain[0] + 0.02)
    #expect(plus == ModelWeights.bootstrappedPseudoBMA([first, second], seed: 1))
  }

  @Test("The best model comes first, with differences and their errors")
  func comparison() {
    let good = ModelComparison.Entry(name: "good", Self.likelihood(0.1, 2))
    let poor = ModelComparison.Entry(name: "poor", Self.likelihood(0.1, 0))
    let comparison = ModelComparison([poor, good], by: .loo, seed: 1)
    #expect(comparison.rows.map(\.entry.name) == ["good", "poor"])
    #expect(comparison.rows[0].difference == 0 && comparison.rows[0].differenceError == 0)
    #expect(abs(comparison.rows[1].difference - (good.loo.total - poor.loo.total)) < 1e-9)
    #expect(comparison.warnings.contains { $0.hasPrefix("good: k-hat of 1 of 7 points is above 0.667") })
    #expect(comparison.warnings.contains("There are 7 points: with fewer than 100 the standard errors of differences are too small."))
  }

  @Test("An approximation far from the posterior comes last and has no weight, whatever its elpd")
  func unsound() {
    let likelihood = Self.likelihood(0.1, 2)
    let draws = likelihood.values[0].count
    // Ratios like 1/u have k = 1 or more; equal ones are those of the posterior itself.
    let far = (0..<draws).map { -2 * log((Double($0) + 0.5) / Double(draws)) }
    let level = (0..<draws).map { Double($0 % 2) * 1e-15 }
    let entries = [
      ModelComparison.Entry(name: "far", likelihood, logRatios: far),
      ModelComparison.Entry(name: "poor", Self.likelihood(0.1, 0), logRatios: level),
    ]
    #expect(entries.map(\.isUnsound) == [true, false])
    for criterion in ModelComparison.Criterion.allCases {
      let comparison = ModelComparison(entries, by: criterion, seed: 1)
      #expect(comparison.rows.map(\.entry.name) == ["poor", "far"])
      #expect(comparison.rows[1].difference < 0)
      #expect(comparison.rows.map(\.stacking) == [1, 0] && comparison.rows.map(\.pseudoBMA) == [1, 0])
      #expect(comparison.rows.map(\.bootstrappedPseudoBMA) == [1, 0])
      let sentence = "far: comes last and without weight, whatever its elpd: its draws are too far from the posterior."
      #expect(comparison.warnings.contains(sentence))
      // Alone it is compared with nothing.
      let alone = ModelComparison([entries[0]], by: criterion, seed: 1)
      #expect(alone.rows[0].stacking == 1 && !alone.warnings.contains(sentence))
    }
  }
}
