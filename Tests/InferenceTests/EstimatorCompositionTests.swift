import Differentiation
import Distributions
import Foundation
import Modeling
import TestSupport
import Testing

/// Estimators of several draws in one computation, of which one may stand in the cost of another.
@Suite struct EstimatorCompositionTests {
  private typealias Draws = [(site: DrawSite, estimator: any DrawEstimator)]

  private func draw<D: Distribution>(_ d: D, _ estimator: GradientEstimator, _ source: DrawSource, _ draws: inout Draws) throws -> D.Value {
    guard let drawn = estimator.draw(d, using: source) else { throw TensorError("\(D.name) has no estimator \(estimator)") }
    draws.append((drawn.site, drawn.estimator))
    return drawn.value
  }

  private static let binary: [GradientEstimator] = [
    .scoreFunction(.none), .scoreFunction(.leaveOneOut(draws: 3)), .enumeration, .arm, .disarm, .measureValued, .rebar(0.5),
    .unorderedSet(draws: 2),
  ]

  /// The stochastic computation graph of the acceptance numbers: X ~ Bernoulli(σ(a)), Y ~ Normal(b X, 1), cost Y²; a = 0.3, b = 1.7.
  @Test func theStochasticComputationGraph() throws {
    let truth = (value: 2.6601388735856943, gradient: [0.7064845207862555, 1.9531045571596406])
    for outer in Self.binary {
      for inner: GradientEstimator in [.pathwise, .scoreFunction(.none), .scoreFunction(.leaveOneOut(draws: 2)), .measureValued] {
        let found = try EstimatorLaws.moments(parameters: [0.3, 1.7], steps: 4000) { theta, source in
          var draws: Draws = []
          let x = try draw(Bernoulli(logits: theta[0]), outer, source, &draws)
          let y = try draw(Normal(theta[1] * x, sd: 1), inner, source, &draws)
          return (square(y), draws)
        }
        let problems = EstimatorLaws.compare("\(outer) around \(inner)", found, truth)
        #expect(problems == [], "\(problems)")
      }
    }
  }

  /// Second derivatives, alone and nested: E = Σ p(x) q(y | x) f(x, y), with f depending on θ besides.
  @Test func secondDerivativesAreRight() throws {
    let theta = [0.4, -0.3]
    func cost(_ x: Tensor, _ y: Tensor, _ t: Tensor) -> Tensor { (1 + x) * square(y - 0.7) * exp(t[0] * y) + 2 * x * t[1] }
    func inner(_ x: Tensor, _ t: Tensor) -> Bernoulli { Bernoulli(logits: t[1] + x * t[0]) }
    let exact = try Recording.values([(theta, [2])]) { v in
      [
        hessian { t in
          [(0.0, 0.0), (0, 1), (1, 0), (1, 1)].map { pair in
            let (x, y) = (Tensor(pair.0), Tensor(pair.1))
            let weight =
              Bernoulli(logits: t[0]).logDensity(of: IntTensor(rounding: x)) + inner(x, t).logDensity(of: IntTensor(rounding: y))
            return exp(weight) * cost(x, y, t)
          }.reduce(Tensor(0)) { $0 + $1 }
        }(v[0])
      ]
    }[0]
    let orders: [GradientEstimator] = [
      .scoreFunction(.none), .scoreFunction(.movingAverage(decay: 0.9)), .scoreFunction(.leaveOneOut(draws: 2)), .enumeration,
    ]
    for outer in orders {
      for estimator in orders {
        #expect(outer.hasHigherOrders && estimator.hasHigherOrders)
        let found = try EstimatorLaws.moments(parameters: theta, steps: 6000, order: 2) { t, source in
          var draws: Draws = []
          let x = try draw(Bernoulli(logits: t[0]), outer, source, &draws).tensor
          let y = try draw(inner(x, t), estimator, source, &draws).tensor
          return (cost(x, y, t), draws)
        }
        for k in exact.indices {
          #expect(
            abs(found.mean[k] - exact[k]) <= 4 * found.error[k] + 1e-10,
            "\(outer) around \(estimator): H[\(k)] \(found.mean[k]) ± \(found.error[k]), exactly \(exact[k])")
        }
      }
    }
  }

  /// Only what a draw reaches enters its learning signal: with twenty independent bits the variance of each gradient is that of one.
  @Test func costsOfOthersDoNotCount() throws {
    func variance(_ n: Int) throws -> Double {
      try EstimatorLaws.moments(parameters: [Double](repeating: 0.3, count: n), steps: 3000) { theta, source in
        var draws: Draws = []
        let z = try draw(Bernoulli(logits: theta), .scoreFunction(.none), source, &draws)
        return (exp(z.tensor).sum(), draws)
      }.variance[0]
    }
    let (one, twenty) = (try variance(1), try variance(20))
    #expect(abs(twenty - one) < 0.1 * one, "\(one) \(twenty)")
  }

  @Test func reachFollowsAxes() throws {
    let z = Node.input("z", shape: [2, 3])
    let w = Node.input("w", shape: [4, 2])
    let mixed = Node.contract(w, z, Contraction([0, 1], [1, 2], [0, 2]))
    let terms = [z.transposed([1, 0]), mixed, z.reshaped(to: [6]), z.reduced(.sum, axes: [0]), w]
    let reach = Reach(of: z, in: terms)
    #expect(reach.axes(of: terms[0]) == [1, 0])
    #expect(reach.axes(of: terms[1]) == [nil, 1])
    #expect(reach.axes(of: terms[2]) == [nil, nil])
    #expect(reach.axes(of: terms[3]) == [nil, 0])
    #expect(!reach.reaches(w))
  }
}
