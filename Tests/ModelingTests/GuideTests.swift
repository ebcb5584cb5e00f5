import Differentiation
import Distributions
import Foundation
import Modeling
import Testing

/// A Gaussian target: prior N(0, 1), four observations with sd 0.5 in a plate.
private struct Mean: Model {
  let y: Tensor
  func body(_ p: Program) throws -> Tensor {
    let mu = p.sample("mu", Normal(0, sd: 1))
    p.plate("n", y.count) { i in p.observe("y", Normal(mu, sd: 0.5), y[i]) }
    return mu
  }
}

/// A latent variable for each datum, and a parameter of the model.
private struct Local: Model {
  let y: Tensor
  func body(_ p: Program) throws -> (scale: Tensor, z: Tensor) {
    let scale = p.parameter("scale", 0.8, support: .positive)
    let z = p.plate("n", y.count) { i in
      let z = p.sample("z", Normal(0, sd: 1))
      p.observe("y", Normal(z * scale, sd: 0.5), y[i])
      return z
    }
    return (scale, z)
  }
}

private struct Positive: Model {
  func body(_ p: Program) throws -> Tensor { p.sample("tau", HalfNormal(sd: 1)) }
}

private func problems<M: Model>(_ model: M, _ guide: @Sendable (GuideProgram, M) throws -> Void) -> [String] {
  do {
    _ = try GuidedModel(model, guide: guide)
    return []
  } catch let error as ModelError {
    // The lines are those of the tests themselves, which macros move; `ErrorTests` holds lines of models to the letter.
    return error.problems.map { $0.description.replacing(/swift:\d+/, with: "swift:_") }
  } catch {
    return ["unexpected: \(error)"]
  }
}

@Suite struct GuideTests {
  private let y = [0.4, 1.1, 0.9, 1.3]

  private func evaluate<M: Model>(_ objective: GuidedObjective<M>, _ parameters: [Double], step: Int) -> (value: Double, gradient: [Double])
  {
    var value = 0.0
    var gradient = parameters
    objective.evaluate(parameters: parameters, step: step, value: &value, gradient: &gradient)
    return (value, gradient)
  }

  @Test func atThePosteriorTheBoundIsTheEvidenceWithoutVariance() throws {
    let guided = try GuidedModel(Mean(y: Tensor(y))) { q, _ in
      let location = q.parameter("location", 0)
      let scale = q.parameter("scale", 1, support: .positive)
      q.sample("mu", Normal(location, sd: scale))
    }
    #expect(guided.blocks.map(\.name) == ["location", "scale"])
    #expect(guided.initial == [0, 0])
    let precision = 1 + 4 / 0.25
    let mean = y.reduce(0, +) / 0.25 / precision
    let sd = (1 / precision).squareRoot()
    // log p(y) = log p(y, μ) − log p(μ | y) at any μ.
    let evidence = normalLog(0.3, 0, 1) + y.reduce(0) { $0 + normalLog($1, 0.3, 0.5) } - normalLog(0.3, mean, sd)
    let objective = try GuidedObjective(guided, particles: 8, seed: 3)
    for step in 0..<3 {
      let estimate = evaluate(objective, [mean, log(sd)], step: step)
      #expect(isClose(estimate.value, evidence, 1e-11))
      // Sticking the landing: no variance at the optimum, so the gradient is zero to rounding.
      #expect(estimate.gradient.allSatisfy { Swift.abs($0) < 1e-11 })
    }
  }

  @Test func gradientsOfTheTotalDerivativeMatchDifferencesAtEqualDraws() throws {
    let guided = try GuidedModel(Local(y: Tensor(y))) { q, data in
      let weight = q.parameter("weight", 0.3)
      let scale = q.parameter("spread", [0.5], support: .positive)
      q.plate("n", data.y.count) { i in
        q.sample("z", Normal(weight * data.y[i], sd: scale[0]), gradient: .pathwise)
      }
    }
    #expect(guided.blocks.map(\.name) == ["weight", "spread", "scale"])
    let objective = try GuidedObjective(guided, particles: 4, seed: 5)
    let at = [0.2, -0.4, 0.1]
    let gradient = evaluate(objective, at, step: 7).gradient
    for k in 0..<3 {
      var (above, below) = (at, at)
      above[k] += 1e-5
      below[k] -= 1e-5
      let difference = (evaluate(objective, above, step: 7).value - evaluate(objective, below, step: 7).value) / 2e-5
      #expect(isClose(gradient[k], difference, 1e-7))
    }
  }

  @Test func equalSeedAndStepGiveEqualBits() throws {
    let guided = try GuidedModel(Mean(y: Tensor(y))) { q, _ in q.sample("mu", Normal(q.parameter("m", 0.5), sd: 0.3)) }
    let one = try GuidedObjective(guided, particles: 3, seed: 11)
    let other = try GuidedObjective(guided, particles: 3, seed: 11)
    _ = evaluate(other, [0.1], step: 4)
    #expect(evaluate(one, [0.2], step: 9).value == evaluate(other, [0.2], step: 9).value)
    #expect(evaluate(one, [0.2], step: 9).value != evaluate(one, [0.2], step: 10).value)
  }

  @Test func aPassOfMinibatchesAddsUpToTheWhole() throws {
    let guide: @Sendable (GuideProgram, Mean) -> Void = { q, _ in q.sample("mu", Normal(q.parameter("m", 0.5), sd: 0.000001)) }
    let model = Mean(y: Tensor(y))
    let whole = try GuidedObjective(GuidedModel(model, guide: guide), seed: 1)
    let parts = try GuidedObjective(GuidedModel(model, guide: guide, minibatch: ["n": 2]), seed: 1)
    // With a guide that hardly moves, the mean of the scaled halves of one pass is the whole.
    let mean = (evaluate(parts, [0.5], step: 0).value + evaluate(parts, [0.5], step: 1).value) / 2
    let expected = (evaluate(whole, [0.5], step: 0).value + evaluate(whole, [0.5], step: 1).value) / 2
    #expect(Swift.abs(mean - expected) < 1e-3)
    #expect(evaluate(parts, [0.5], step: 0).value != evaluate(parts, [0.5], step: 1).value)
  }

  @Test func localLatentVariablesFollowTheMinibatch() throws {
    let guided = try GuidedModel(
      Local(y: Tensor(y)),
      guide: { q, data in
        let weight = q.parameter("weight", 0.3)
        q.plate("n", data.y.count) { i in q.sample("z", Normal(weight * data.y[i], sd: 0.5)) }
      }, minibatch: ["n": 2])
    #expect(guided.minibatches.map(\.present) == [2])
    let objective = try GuidedObjective(guided, particles: 2, seed: 5)
    let estimate = evaluate(objective, guided.initial, step: 0)
    #expect(estimate.value.isFinite)
    #expect(guided.recorded.variables.first { $0.name == "z" }?.shape == [2])
  }

  @Test func drawsOfAGuideCarryBothDensities() throws {
    let guided = try GuidedModel(Mean(y: Tensor(y))) { q, _ in q.sample("mu", Normal(q.parameter("m", 0.5), sd: 0.3)) }
    let reader = try GuideReader(guided, seed: 2)
    let draw = try reader.read(parameters: [0.7], draw: 3)
    let mu = draw.values[0]
    #expect(isClose(draw.logGuide, normalLog(mu, 0.7, 0.3)))
    #expect(isClose(draw.logJoint, normalLog(mu, 0, 1) + y.reduce(0) { $0 + normalLog($1, mu, 0.5) }))
  }

  @Test func guidesAreComparedSiteBySite() {
    #expect(
      problems(Mean(y: [1])) { q, _ in q.sample("mo", Normal(0, sd: 1)) }
        == [
          "GuideTests.swift:_: site \"mu\": the guide does not sample it",
          "GuideTests.swift:_: site \"mo\": the guide samples it, and the model has no such site (did you mean \"mu\"?)",
        ])
    #expect(
      problems(Mean(y: [1])) { q, _ in q.sample("mu", Normal(Tensor([0, 1]), sd: 1)) } == [
        "GuideTests.swift:_: site \"mu\": its shape is [2] in the guide and [] in the model"
      ])
    #expect(
      problems(Positive()) { q, _ in q.sample("tau", Normal(0, sd: 1)) } == [
        "GuideTests.swift:_: site \"tau\": the guide's Normal gives values with support ℝ, and the model's HalfNormal takes x ≥ 0"
      ])
    #expect(
      problems(Local(y: [1, 2])) { q, _ in q.sample("z", Normal(0, sd: 1)) } == [
        "GuideTests.swift:_: site \"z\": it is outside of plates in the guide and in plate \"n\" in the model"
      ])
    #expect(
      problems(Local(y: [1, 2])) { q, _ in q.plate("n", 3) { _ in q.sample("z", Normal(0, sd: 1)) } } == [
        "GuideTests.swift:_: site \"z\": plate \"n\" has 3 elements in the guide and 2 in the model"
      ])
    #expect(problems(Positive()) { q, _ in q.sample("tau", Gamma(shape: 2, rate: q.parameter("r", 1, support: .positive))) } == [])
  }
}
