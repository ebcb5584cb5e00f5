import Differentiation
import Distributions
import Foundation
import Inference
import Modeling
import TestSupport
import Testing

/// Two normal components with unknown locations; the component of every datum is a discrete latent in a plate.
private struct Components: Model {
  let y: Tensor
  func body(_ p: Program) throws -> (mu: Tensor, z: IntTensor) {
    let mu = p.sample("mu", Normal(0, sd: 3).repeated(2))
    let z = p.plate("n", y.count) { i in
      let z = p.sample("z", Categorical(probabilities: [0.4, 0.6]))
      p.observe("y", Normal(mu[z], sd: 1), y[i])
      return z
    }
    return (mu, z)
  }

  @Sendable static func guide(_ q: GuideProgram, _ data: Components) {
    let location = q.parameter("location", [-1, 1.5])
    q.sample("mu", Normal(location, sd: 0.3))
    q.plate("n", data.y.count) { _ in
      q.sample("z", Categorical(logits: q.parameter("logits", [0.0, 0.3])), gradient: .enumeration)
    }
  }
}

/// A bit above three bits, each with an observation: the first draw's costs hold the others.
private struct Tree: Model {
  let y: Tensor
  func body(_ p: Program) throws {
    let top = p.sample("top", Bernoulli(probability: 0.3))
    p.plate("n", y.count) { i in
      let leaf = p.sample("leaf", Bernoulli(logits: 2 * top - 1))
      p.observe("y", Normal(leaf * 1.5 + top, sd: 0.8), y[i])
    }
  }

  @Sendable static func guide(_ q: GuideProgram, _ data: Tree) {
    let top = q.sample("top", Bernoulli(logits: q.parameter("a", 0.2)), gradient: .enumeration)
    q.plate("n", data.y.count) { i in
      let b = q.parameter("b", 0.1)
      q.sample("leaf", Bernoulli(logits: b + 0.7 * top), gradient: .enumeration)
    }
  }
}

@Suite struct EstimatorGuideTests {
  /// Means and standard errors of value and gradient over steps, eight particles each.
  private func moments<M: Model>(_ model: GuidedModel<M>, steps: Int, warmup: Int = 200, seed: UInt64 = 1) throws -> (
    mean: [Double], error: [Double]
  ) {
    let objective = try GuidedObjective(model, particles: 8, seed: seed)
    var gradient = [Double](repeating: 0, count: model.parameterCount)
    var sums = [(Double, Double)](repeating: (0, 0), count: model.parameterCount + 1)
    for step in 0..<(warmup + steps) {
      var value = 0.0
      objective.evaluate(parameters: model.initial, step: step, value: &value, gradient: &gradient)
      guard step >= warmup else { continue }
      for (k, x) in ([value] + gradient).enumerated() { sums[k] = (sums[k].0 + x, sums[k].1 + x * x) }
    }
    let n = Double(steps)
    return (sums.map { $0.0 / n }, sums.map { (max(0, $0.1 / n - $0.0 * $0.0 / n / n) / n).squareRoot() })
  }

  private func agree<M: Model>(
    _ model: M, _ guide: @Sendable (GuideProgram, M) throws -> Void, _ choices: [[String: GradientEstimator]], steps: Int
  ) throws {
    let exact = try moments(GuidedModel(model, guide: guide), steps: steps, seed: 2)
    for choice in choices {
      let found = try moments(GuidedModel(model, guide: guide, estimators: choice), steps: steps)
      for k in exact.mean.indices {
        let error = (exact.error[k] * exact.error[k] + found.error[k] * found.error[k]).squareRoot()
        #expect(
          abs(found.mean[k] - exact.mean[k]) < 4 * error + 1e-9,
          "\(choice): coordinate \(k) \(found.mean[k]), enumerated \(exact.mean[k]) ± \(error)")
      }
    }
  }

  @Test func discreteSitesOfPlatesHaveTheEnumeratedGradient() throws {
    let model = Components(y: [-1.2, -0.4, 1.9, 2.4, 0.3])
    let legal = GradientEstimator.legal(for: Categorical(logits: [0, 0])).filter(\.isUnbiased)
    try agree(model, Components.guide, legal.map { ["z": $0] }, steps: 1500)
  }

  @Test func estimatorsNest() throws {
    let model = Tree(y: [0.4, 2.1, -0.3])
    let some: [GradientEstimator] = [
      .scoreFunction(.none), .scoreFunction(.leaveOneOut(draws: 2)), .enumeration, .disarm, .measureValued, .rebar(0.5),
    ]
    try agree(model, Tree.guide, some.flatMap { a in some.map { ["top": a, "leaf": $0] } }, steps: 1500)
  }

  /// With bits that are independent given everything else the bound is exact: value and gradient by enumeration do not vary.
  @Test func enumerationHasNoVariance() throws {
    let found = try moments(GuidedModel(Tree(y: [0.4, 2.1, -0.3]), guide: Tree.guide), steps: 20)
    #expect(found.error.allSatisfy { $0 < 1e-8 })
  }

  /// Where the guide is the posterior, log p − log q is constant and leave-one-out has no variance at all.
  @Test func leaveOneOutIsExactAtThePosterior() throws {
    struct Coin: Model {
      func body(_ p: Program) throws {
        let z = p.sample("z", Bernoulli(probability: 0.3))
        p.observe("y", Normal(z * 1.0, sd: 1), Tensor(0.7))
      }
    }
    let odds = log(0.3 / 0.7) + 0.5 * (0.7 * 0.7 - 0.3 * 0.3)
    let guided = try GuidedModel(Coin()) { q, _ in
      q.sample("z", Bernoulli(logits: q.parameter("l", odds)), gradient: .scoreFunction(baseline: .leaveOneOut(draws: 2)))
    }
    let found = try moments(guided, steps: 50)
    #expect(found.error.allSatisfy { $0 < 1e-9 })
    #expect(abs(found.mean[1]) < 1e-12)
  }

  @Test func minibatchesOfDiscreteSitesAddUpToTheWhole() throws {
    let model = Components(y: [-1.2, -0.4, 1.9, 2.4])
    let guide: @Sendable (GuideProgram, Components) -> Void = { q, data in
      q.sample("mu", Normal(q.parameter("location", [-1, 1.5]), sd: 0.01))
      let slope = q.parameter("slope", 0.5)
      q.plate("n", data.y.count) { i in
        q.sample(
          "z", Categorical(logits: stack([Tensor(0), slope * data.y[i]])), gradient: .scoreFunction(baseline: .leaveOneOut(draws: 2)))
      }
    }
    let whole = try moments(GuidedModel(model, guide: guide), steps: 4000)
    let parts = try moments(GuidedModel(model, guide: guide, minibatch: ["n": 2]), steps: 4000)
    for k in whole.mean.indices {
      let error = (whole.error[k] * whole.error[k] + parts.error[k] * parts.error[k]).squareRoot()
      #expect(abs(whole.mean[k] - parts.mean[k]) < 4 * error)
    }
  }

  @Test func temperaturesFall() throws {
    let guided = try GuidedModel(
      Components(y: [0.5]), guide: Components.guide, estimators: ["z": .gumbelSoftmax(.annealed(from: 1, to: 0.1, over: 10))])
    let objective = try GuidedObjective(guided, particles: 2, seed: 1)
    var (value, gradient) = (0.0, guided.initial)
    for step in 0..<7 { objective.evaluate(parameters: guided.initial, step: step, value: &value, gradient: &gradient) }
    #expect(objective.states == [[7]])
  }

  /// A guide whose weights of classes are relaxed is judged by classes that are drawn: by the model as it is written.
  @Test func relaxedGuidesAreScoredOnTheHardModel() throws {
    let relaxed = try GuidedModel(Components(y: [0.5, 2]), guide: Components.guide, estimators: ["z": .gumbelSoftmax(2)])
    let reader = try GuideReader(relaxed, seed: 1)
    for draw in 0..<20 {
      let found = try reader.read(parameters: relaxed.initial, draw: draw)
      #expect(found.values[2...].allSatisfy { $0 == 0 || $0 == 1 })
      #expect(found.logJoint.isFinite && found.logGuide.isFinite)
    }
  }

  @Test func whatIsNotLegalIsASentence() {
    func sentences(_ estimators: [String: GradientEstimator]) -> [String] {
      do {
        _ = try GuidedModel(Components(y: [0.5]), guide: Components.guide, estimators: estimators)
        return []
      } catch let error as ModelError {
        return error.problems.map(\.sentence)
      } catch {
        return ["unexpected: \(error)"]
      }
    }
    #expect(
      sentences(["mu": .disarm]).first
        == "Normal has no estimator disarm; it has sticking-the-landing, pathwise, score-function, score-function:moving-average, rloo:2, score-function:optimal, score-function:learned, measure-valued"
    )
    #expect(
      sentences(["zz": .enumeration]) == ["an estimator is given for site \"zz\", and the guide has no such site (did you mean \"z\"?)"])
    #expect(GradientEstimator.named("gumbel-softmax:-1") != .success(.gumbelSoftmax(-1)))
    for estimator in GradientEstimator.legal(for: Bernoulli(logits: 0)) {
      #expect(GradientEstimator.named(estimator.name) == .success(estimator))
    }
    #expect(throws: EstimatorNameError("there is no estimator \"disarn\" (did you mean \"disarm\"?)")) {
      try GradientEstimator.named("disarn").get()
    }
  }
}
