import Differentiation
import Distributions
import Foundation
import Inference
import Modeling
import TestSupport
import Testing

/// A bit for each datum, above its observation.
private struct Bits: Model {
  let y: Tensor
  func body(_ p: Program) throws {
    p.plate("n", y.count) { i in
      let z = p.sample("z", Bernoulli(probability: 0.3))
      p.observe("y", Normal(1.7 * z, sd: 0.8), y[i])
    }
  }

  @Sendable static func guide(_ q: GuideProgram, _ data: Bits) {
    let (a, b) = (q.parameter("a", 0.2), q.parameter("b", 0.5))
    q.plate("n", data.y.count) { i in q.sample("z", Bernoulli(logits: a + b * data.y[i]), gradient: .scoreFunction()) }
  }

  /// log p(z, y) − log q(z) for one datum.
  static func weight(_ z: Double, _ y: Double, _ logits: Tensor) -> Tensor {
    let prior = z == 1 ? log(0.3) : log(0.7)
    let r = (y - 1.7 * z) / 0.8
    return prior - 0.5 * r * r - log(0.8) - 0.5 * log(2 * Double.pi)
      - Bernoulli(logits: logits).logDensity(of: IntTensor(rounding: Tensor(z)))
  }
}

/// x ~ Normal(z + shift, 1), z ~ Normal(0, 2), for each of some data; `shift` belongs to the model.
private struct Shifted: Model {
  let y: Tensor
  func body(_ p: Program) throws {
    let shift = p.parameter("shift", 0.1)
    p.plate("n", y.count) { i in
      let z = p.sample("z", Normal(0, sd: 2))
      p.observe("y", Normal(z + shift, sd: 1), y[i])
    }
  }

  @Sendable static func guide(_ q: GuideProgram, _ data: Shifted) {
    let (a, b, s) = (q.parameter("a", 0.2), q.parameter("b", 0.5), q.parameter("s", -0.4))
    q.plate("n", data.y.count) { i in q.sample("z", Normal(a + b * data.y[i], sd: exp(s))) }
  }
}

@Suite struct EstimatorBoundTests {
  /// Means, standard errors and variances of value and gradient.
  private func moments<M: Model>(_ model: GuidedModel<M>, at parameters: [Double]? = nil, steps: Int) throws -> (
    mean: [Double], error: [Double], variance: [Double]
  ) {
    let objective = try GuidedObjective(model, particles: 8, seed: 3)
    var gradient = [Double](repeating: 0, count: model.parameterCount)
    var rows: [[Double]] = []
    for step in 0..<steps {
      var value = 0.0
      objective.evaluate(parameters: parameters ?? model.initial, step: step, value: &value, gradient: &gradient)
      rows.append([value] + gradient)
    }
    let n = Double(steps)
    let mean = rows[0].indices.map { k in rows.map { $0[k] }.reduce(0, +) / n }
    let variance = rows[0].indices.map { k in rows.map { ($0[k] - mean[k]) * ($0[k] - mean[k]) }.reduce(0, +) / (n - 1) }
    return (mean, variance.map { ($0 / n).squareRoot() }, variance)
  }

  /// VIMCO has the gradient of Σᵢ E log (1/K) Σₖ wᵢₖ, by enumeration of all draws of each datum; also where a datum at a time is present.
  @Test(arguments: [[:], ["n": 1]]) func vimcoHasTheGradientOfItsBound(_ minibatch: [String: Int]) throws {
    let y = [0.4, 2.1]
    let exact = try Recording.valueAndGradient([([0.2, 0.5], [2])]) { t in
      var total = Tensor(0)
      for datum in y {
        let logits = t[0][0] + t[0][1] * datum
        let q = Bernoulli(logits: logits)
        for draws in ExpectationProblem.all(2, 3) {
          let weight = draws.map { q.logDensity(of: IntTensor(rounding: Tensor($0))) }.reduce(Tensor(0)) { $0 + $1 }
          total += exp(weight) * (stack(draws.map { Bits.weight($0, datum, logits) }).logSumExp(axis: 0) - log(Tensor(3)))
        }
      }
      return total
    }
    let found = try moments(GuidedModel(Bits(y: Tensor(y)), guide: Bits.guide, minibatch: minibatch, bound: 3), steps: 6000)
    for (k, truth) in ([exact.value] + exact.gradient[0]).enumerated() {
      #expect(abs(found.mean[k] - truth) < 4 * found.error[k], "\(k): \(found.mean[k]) ± \(found.error[k]), exactly \(truth)")
    }
  }

  /// The doubly reparameterized gradient has the mean of the derivative of the bound itself, with less variance in the guide's parameters.
  @Test func theDoublyReparameterizedGradient() throws {
    let y = [0.9, -0.4]
    let doubly = try moments(GuidedModel(Shifted(y: Tensor(y)), guide: Shifted.guide, bound: 4), steps: 4000)
    let plain = try EstimatorLaws.moments(parameters: [0.2, 0.5, -0.4, 0.1], steps: 4000) { t, source in
      var total = Tensor(0)
      for datum in y {
        let q = Normal(t[0] + t[1] * datum, sd: exp(t[2]))
        let weights = (0..<4).map { _ in
          let z = q.sample(using: source)
          return Normal(0, sd: 2).logDensity(of: z) + Normal(z + t[3], sd: 1).logDensity(of: Tensor(datum)) - q.logDensity(of: z)
        }
        total += stack(weights).logSumExp(axis: 0) - log(Tensor(4))
      }
      return (total, [])
    }
    for k in 0..<4 {
      let error = (doubly.error[1 + k] * doubly.error[1 + k] + plain.error[k] * plain.error[k]).squareRoot()
      #expect(abs(doubly.mean[1 + k] - plain.mean[k]) < 4 * error, "\(k): \(doubly.mean[1 + k]) and \(plain.mean[k]) ± \(error)")
      // Eight particles are averaged.
      if k < 3 { #expect(8 * doubly.variance[1 + k] < plain.variance[k], "\(k)") }
    }
  }

  /// At the posterior every weight is the evidence: no variance, no gradient of the guide.
  @Test func theBoundIsExactAtThePosterior() throws {
    let (slope, sd) = (0.8, (4.0 / 5).squareRoot())
    let guided = try GuidedModel(Shifted(y: [0.9, -0.4]), guide: Shifted.guide, bound: 3)
    let found = try moments(guided, at: [-0.1 * slope, slope, log(sd), 0.1], steps: 20)
    var evidence = -log(2 * Double.pi * 5)
    for datum in [0.9, -0.4] { evidence -= 0.1 * (datum - 0.1) * (datum - 0.1) }
    #expect(abs(found.mean[0] - evidence) < 1e-12)
    #expect(found.variance[0...3].allSatisfy { $0 < 1e-24 } && found.mean[1...3].allSatisfy { abs($0) < 1e-12 })
  }

  /// Importance sampling finds the evidence of every datum: log Σ_z p(z, y).
  @Test func evidenceByImportanceSampling() throws {
    let y = [0.4, 2.1, -0.3]
    let guided = try GuidedModel(Bits(y: Tensor(y)), guide: Bits.guide)
    #expect(guided.elementCount == 3)
    var exact = 0.0
    for datum in y {
      var sum = 0.0
      for (z, share) in [(0.0, 0.7), (1.0, 0.3)] {
        let r = (datum - 1.7 * z) / 0.8
        sum += share * exp(-0.5 * r * r) / (0.8 * (2 * Double.pi).squareRoot())
      }
      exact += log(sum) / 3
    }
    let found = try ImportanceEvidence.estimate(guided, guided.initial, draws: 20_000, seed: 5)
    #expect(abs(found.value - exact) < 4 * found.error + 1e-9, "\(found) \(exact)")
    #expect(found.error < 0.01)
  }

  @Test func whatTheBoundCannotHaveIsASentence() {
    #expect {
      _ = try GuidedModel(Bits(y: [0.4]), guide: Bits.guide, estimators: ["z": .disarm], bound: 3)
    } throws: {
      "\($0)".contains("the bound of 3 draws has estimators of its own (VIMCO, doubly reparameterized), so that it cannot have disarm")
    }
  }

  /// Training curves: every estimator starts at the same bound, and learns; the test bound agrees with the exact evidence's order of size.
  @Test func curvesOfTraining() throws {
    var configuration = EstimatorCurveConfiguration()
    configuration.optimization.steps = 200
    configuration.optimization.rate = 0.05
    configuration.places = 4
    configuration.importanceDraws = 64
    let model = Bits(y: [0.4, 2.1, -0.3, 1.5])
    let found = try EstimatorCurves(model, test: model, guide: Bits.guide, estimators: [], configuration, seed: 2)
    #expect(
      found.curves.map(\.estimator) == ["score-function:moving-average", "arm", "rloo:2", "disarm", "rebar:0.5", "gumbel-softmax:0.5"])
    #expect(found.elements == 4 && found.sites == ["z"])
    for curve in found.curves {
      #expect(curve.points.map(\.step) == [0, 50, 100, 150, 200])
      #expect(curve.points[0].bound == found.curves[0].points[0].bound)
      // The evidence is the same for every guide, as the model has no parameters.
      #expect(abs(curve.evidence.value - found.curves[0].evidence.value) < 0.02, "\(curve)")
    }
  }
}
