import Differentiation
import Distributions
import Inference
import Modeling
import Testing

/// Four observations with sd 0.5 of a mean with prior N(0, 1), and the guide that contains the posterior.
private struct Guided: ModelWithGuide {
  let y: Tensor

  static var guide: Guide<Guided> {
    Guide { q, _ in
      let m = q.parameter("m", 0)
      let s = q.parameter("s", 1, support: .positive)
      q.sample("mu", Normal(m, sd: s))
    }
  }

  func body(_ p: Program) throws -> Tensor {
    let mu = p.sample("mu", Normal(0, sd: 1))
    p.plate("n", y.count) { i in p.observe("y", Normal(mu, sd: 0.5), y[i]) }
    return mu
  }
}

@Suite("Fits with guides that are programs") struct FitGuideTests {
  private let model = Guided(y: [1, 2, 3, 2.5])
  /// Precision 1 + 4/0.25, mean Σy/0.25 over it.
  private let mean = 8.5 / 0.25 / 17
  private let sd = (1.0 / 17).squareRoot()

  @Test("the model's own guide is the default, and finds the posterior that it contains")
  func own() async throws {
    let posterior = try await fit(model, .vi(), seed: 1)
    guard case .program(let result) = posterior.details else {
      Issue.record("another guide was fitted")
      return
    }
    #expect(posterior.verdict.verdict == .ok, "\(posterior.verdict)")
    #expect(abs(result.parameters[0] - mean) < 0.01 * sd)
    let mu = posterior.variable(\.self)
    // 1000 draws: four standard errors.
    #expect(abs(try mu.mean.item() - mean) < 4 * sd / 1000.0.squareRoot() + 0.01 * sd)
    #expect(abs(try mu.sd.item() / sd - 1) < 4 / 2000.0.squareRoot() + 0.01)
    #expect(result.evaluation.paretoShape < 0.5)
  }

  @Test("a minibatch leads to the same posterior")
  func minibatch() async throws {
    let posterior = try await fit(model, .vi(steps: 20_000, minibatch: ["n": 2]), seed: 2)
    guard case .program(let result) = posterior.details else {
      Issue.record("another guide was fitted")
      return
    }
    // The noise of the halves stays in the average of the last 10 000 steps.
    #expect(abs(result.parameters[0] - mean) < 0.1 * sd)
  }

  @Test("a named guide goes before the model's own")
  func named() async throws {
    let posterior = try await fit(model, .vi(guide: .meanField), seed: 1)
    guard case .vi = posterior.details else {
      Issue.record("the model's own guide was fitted")
      return
    }
    #expect(abs(try posterior.variable(\.self).mean.item() - mean) < 4 * sd / 4000.0.squareRoot() + 0.01 * sd)
  }

  @Test("a Gaussian guide takes minibatches")
  func gaussianMinibatch() async throws {
    let posterior = try await fit(model, .vi(guide: .meanField, steps: 20_000, minibatch: ["n": 2]), seed: 3)
    guard case .vi(let result) = posterior.details else {
      Issue.record("another guide was fitted")
      return
    }
    #expect(abs(result.guide.location[0] - mean) < 0.1 * sd)
    #expect(abs(result.guide.standardDeviations[0] / sd - 1) < 0.1)
    let again = try await fit(model, .vi(guide: .meanField, steps: 20_000, minibatch: ["n": 2]), seed: 3)
    #expect(again.drawSet.variables.map(\.values) == posterior.drawSet.variables.map(\.values))
  }

  @Test("a guide that does not fit the model is refused before the first step")
  func mistakes() async {
    let wrong = Guide<Guided> { q, _ in q.sample("nu", Normal(q.parameter("m", 0), sd: 1)) }
    await #expect(throws: ModelError.self) { try await fit(model, .vi(guide: wrong), seed: 1) }
  }
}
