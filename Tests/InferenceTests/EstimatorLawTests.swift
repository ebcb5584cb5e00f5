import Differentiation
import Distributions
import Foundation
import Modeling
import TestSupport
import Testing

/// Estimators against exact gradients. Thresholds: four standard errors, that is a false alarm in 16,000 comparisons for a seed that is fixed.
@Suite struct EstimatorLawTests {
  @Test(arguments: ExpectationProblem.every) func unbiasedOnesAre(_ problem: ExpectationProblem) throws {
    for estimator in problem.legal where estimator.isUnbiased {
      let found = try EstimatorLaws.isUnbiased(problem, estimator)
      #expect(found == [], "\(found)")
    }
  }

  @Test func everyEstimatorIsOnTheList() {
    let found = Set(ExpectationProblem.every.flatMap { $0.legal.map(\.family) })
    #expect(
      found == [
        "pathwise", "sticking-the-landing", "score-function", "rloo", "enumeration", "straight-through", "reinmax", "gumbel-softmax",
        "straight-through-gumbel", "gumbel-rao", "rebar", "relax", "arm", "disarm", "unordered-set", "measure-valued",
      ])
  }

  @Test func allConfigurationsOfTwelveBits() throws {
    let problem = ExpectationProblem.twelveBits
    let truth = try problem.truth()
    for estimator: GradientEstimator in [
      .scoreFunction(.leaveOneOut(draws: 4)), .arm, .disarm, .measureValued, .rebar(0.5), .relax(0.5), .unorderedSet(draws: 2),
    ] {
      let found = try EstimatorLaws.moments(problem, estimator, steps: 1000)
      #expect(EstimatorLaws.compare("\(estimator)", found, truth) == [])
    }
    let sum = try EstimatorLaws.moments(problem, .enumeration, steps: 1)
    #expect(sum.totalVariance < 1e-20)
    #expect(EstimatorLaws.compare("enumeration", sum, truth) == [])
  }

  // MARK: - Known biases

  /// One bit with log-odds δ = 0.8 and the cost z: the truth is p(1 − p) = 0.2139096965; Gumbel-softmax has 0.1563945208 at τ = 1 and
  /// approaches the truth as τ falls (closed form p(p − 1 − ln p)/(p − 1)², p = e^δ, at τ = 1; by quadrature at the others).
  @Test(arguments: [(1.0, 0.1563945208129075), (0.5, 0.19270925089008345), (0.1, 0.21291587152051664)])
  func gumbelSoftmaxHasItsKnownBias(_ tau: Double, _ gradient: Double) throws {
    let problem = ExpectationProblem("z", [0.8], configurations: ExpectationProblem.all(2, 1)) {
      Bernoulli(logits: $0[0])
    } cost: { z, _ in
      z
    }
    #expect(abs(try problem.truth().gradient[0] - 0.2139096965202944) < 1e-15)
    for estimator: GradientEstimator in [
      .gumbelSoftmax(.constant(tau)), .straightThroughGumbel(.constant(tau)), .gumbelRao(.constant(tau), draws: 10),
    ] {
      let found = try EstimatorLaws.moments(problem, estimator, steps: 10_000)
      #expect(abs(found.mean[0] - gradient) < 4 * found.error[0], "\(estimator): \(found.mean[0]) ± \(found.error[0])")
    }
    let (plain, averaged) = (
      try EstimatorLaws.moments(problem, .straightThroughGumbel(.constant(tau))),
      try EstimatorLaws.moments(problem, .gumbelRao(.constant(tau), draws: 10))
    )
    #expect(averaged.variance[0] < plain.variance[0])
  }

  /// A cost that is linear has no bias under straight-through; (b − t)² has 2(p − t)p(1 − p) in place of (1 − 2t)p(1 − p). ReinMax is exact for
  /// squares.
  @Test func straightThroughHasItsKnownBias() throws {
    let toy = ExpectationProblem.classes[0]
    let p = 1 / (1 + exp(-0.3))
    let straight = try EstimatorLaws.moments(toy, .straightThrough)
    #expect(abs(straight.mean[0] - 2 * (p - 0.499) * p * (1 - p)) < 4 * straight.error[0])
    let reinMax = try EstimatorLaws.moments(toy, .reinMax)
    #expect(abs(reinMax.mean[0] - 0.002 * p * (1 - p)) < 4 * reinMax.error[0])
    let linear = ExpectationProblem("z", [0.3], configurations: ExpectationProblem.all(2, 1)) {
      Bernoulli(logits: $0[0])
    } cost: { z, _ in
      z
    }
    for estimator: GradientEstimator in [.straightThrough, .reinMax] { #expect(try EstimatorLaws.isUnbiased(linear, estimator) == []) }
  }

  // MARK: - Variances

  /// f(u) = u³ at μ = 3.5, σ = 0.1: the score function's variance is 189,254.18, 2,726.4921 with f(μ) taken off, and 4.4118 along the path.
  @Test func variancesOfTheCube() throws {
    func problem(_ c: Double) -> ExpectationProblem {
      ExpectationProblem("cube", [3.5], exact: (3.5 * 3.5 * 3.5 + 3 * 3.5 * 0.01 - c * c * c, [36.78])) {
        Normal($0[0], sd: 0.1)
      } cost: {
        // z³ − c³ as a product, since a constant that stands by itself is not downstream of the draw and does not count.
        z, _ in
        (z - c) * (square(z) + c * z + c * c)
      }
    }
    let cases: [(Double, GradientEstimator, Double)] = [
      (0, .scoreFunction(.none), 189254.1795999999), (3.5, .scoreFunction(.none), 2726.4921), (0, .pathwise, 4.4118),
    ]
    for (constant, estimator, variance) in cases {
      let found = try EstimatorLaws.moments(problem(constant), estimator, steps: 20_000)
      #expect(EstimatorLaws.compare("\(estimator)", found, try problem(constant).truth()) == [])
      #expect(
        abs(found.variance[0] - variance) < 4 * found.varianceError[0], "\(estimator): \(found.variance[0]) ± \(found.varianceError[0])")
    }
    let optimal = try EstimatorLaws.moments(problem(0), .scoreFunction(.optimal), steps: 20_000)
    #expect(optimal.variance[0] < 2800)
  }

  /// Log-odds 0.4, f(0) = 2, f(1) = −1: gradient −0.7207822372, variances 0.15226 without a baseline, 0.08424 with E f, none with the best.
  @Test func variancesOfABit() throws {
    func problem(_ constant: Double) -> ExpectationProblem {
      ExpectationProblem("bit", [0.4], configurations: ExpectationProblem.all(2, 1)) {
        Bernoulli(logits: $0[0])
      } cost: { z, _ in
        Tensor([2 - constant, -1 - constant])[IntTensor(rounding: z)]
      }
    }
    #expect(abs(try problem(0).truth().gradient[0] + 0.7207822372245875) < 1e-14)
    let mean = 2 - 3 / (1 + exp(-0.4))
    for (constant, variance) in [(0.0, 0.15225714329765416), (mean, 0.08423857767983656)] {
      let found = try EstimatorLaws.moments(problem(constant), .scoreFunction(.none), steps: 20_000)
      #expect(abs(found.variance[0] - variance) < 4 * found.varianceError[0] + 1e-9)
    }
    // With the running estimate of b* = 0.7960629804 what is left is the square of its error.
    let best = try EstimatorLaws.moments(problem(0), .scoreFunction(.optimal), steps: 4000, warmup: 20_000)
    #expect(best.variance[0] < 2e-4)
  }

  /// Comparisons of variances that differ, and one of two that do not: on the toy, f(½) = 0 leaves REBAR nothing to take off, since the mean of
  /// its control variate given the draw is f(½) ∇log q.
  @Test func ordersOfVariance() throws {
    let toy = ExpectationProblem.classes[0]
    func moments(_ estimator: GradientEstimator, _ problem: ExpectationProblem) throws -> EstimatorMoments {
      try EstimatorLaws.moments(problem, estimator, steps: 8000, warmup: 12_000)
    }
    let plain = try moments(.scoreFunction(.none), toy)
    let rebar = try moments(.rebar(0.5), toy)
    let relax = try moments(.relax(0.5), toy)
    #expect(relax.variance[0] < 0.5 * rebar.variance[0], "relax \(relax.variance) rebar \(rebar.variance)")
    #expect(rebar.variance[0] <= plain.variance[0] + 4 * (rebar.varianceError[0] + plain.varianceError[0]))
    #expect(try moments(.scoreFunction(.leaveOneOut(draws: 2)), toy).variance[0] < plain.variance[0])
    let raised = ExpectationProblem("raised", [0.3], configurations: ExpectationProblem.all(2, 1)) {
      Bernoulli(logits: $0[0])
    } cost: { z, _ in
      square(z + 2)
    }
    #expect(try moments(.rebar(0.5), raised).variance[0] < 0.5 * moments(.scoreFunction(.none), raised).variance[0])
    for problem in [toy, ExpectationProblem.classes[1]] {
      #expect(try moments(.disarm, problem).totalVariance <= moments(.arm, problem).totalVariance)
    }
    #expect(try moments(.enumeration, ExpectationProblem.classes[1]).totalVariance < 1e-24)
  }
}
