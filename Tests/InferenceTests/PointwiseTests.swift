import Differentiation
import Distributions
import Foundation
import Inference
import Modeling
import Testing

private struct Groups: Model {
  let y: Tensor
  func body(_ p: Program) throws {
    let mu = p.sample("mu", Normal(0, sd: 2))
    let tau = p.sample("tau", HalfNormal(sd: 1))
    p.plate("n", y.count) { i in p.observe("y", Normal(mu, sd: tau), y[i]) }
    p.observe("pair", MultivariateNormal(Tensor([0, 1]) * mu, cholesky: Tensor([[1, 0], [0.5, 2]])), Tensor([0.3, -0.2]))
    p.observe("all", Normal(mu, sd: 1), Tensor([[1, 2, 3], [4, 5, 6]]))
  }
}

private struct Labelled: Model {
  let y: Tensor
  var isShared = false
  func body(_ p: Program) throws -> (mu: Tensor, label: IntTensor) {
    let mu = p.sample("mu", Normal(0, sd: 2))
    let weight = p.sample("weight", Beta(2, 2))
    if isShared {
      let label = p.sample("label", Bernoulli(probability: weight))
      p.plate("n", y.count) { i in p.observe("y", Normal(mu + 3 * label.tensor, sd: 1), y[i]) }
      return (mu, label)
    }
    let label = p.plate("n", y.count) { i in
      let label = p.sample("label", Bernoulli(probability: weight))
      p.observe("y", Normal(mu + 3 * label.tensor, sd: 1), y[i])
      return label
    }
    return (mu, label)
  }
}

private struct Walk: Model {
  let y: Tensor
  func body(_ p: Program) throws {
    let phi = p.sample("phi", Uniform(-1, 1))
    _ = p.each("t", over: y, from: 0) { h, y in
      p.observe("y", Normal(phi * h, sd: 0.5), y)
      return (y, y)
    }
  }
}

private struct Hidden: Model {
  let y: Tensor
  func body(_ p: Program) throws {
    let mu = p.sample("mu", Normal(0, sd: 2))
    _ = p.each("t", over: y, from: 0) { state, y in
      let next = p.sample("z", Bernoulli(probability: 0.2 + 0.6 * state))
      p.observe("y", Normal(mu * next.tensor, sd: 1), y)
      return (next.tensor, y)
    }
  }
}

private struct Reading: Model {
  let y: Tensor
  func body(_ p: Program) throws {
    let x = p.sample("x", Normal(0, sd: 1))
    let scale = try x.item() > 0 ? 1.0 : 3.0
    p.observe("y", Normal(x, sd: scale), y)
  }
}

private func normal(_ y: Double, _ mean: Double, _ sd: Double) -> Double {
  -0.5 * ((y - mean) / sd) * ((y - mean) / sd) - log(sd) - 0.5 * log(2 * Double.pi)
}

@Suite("Log likelihood of single data, log priors and new data at draws")
struct PointwiseTests {
  private static func draws(_ values: [(String, [Double])]) -> DrawSet {
    DrawSet(
      chains: 2, drawsPerChain: 6,
      variables: values.map { name, all in
        VariableDraws(name: name, kind: .latent, shape: [], values: [Array(all.prefix(6)), Array(all.suffix(6))])
      }, sampleStats: [:])
  }
  private static let mu = (0..<12).map { 0.4 * Double($0) - 2 }
  private static let weight = (0..<12).map { 0.05 + 0.07 * Double($0) }

  @Test("Elements of plates, batches and a vector that is one event; priors on the scale of the site")
  func elements() throws {
    let y = [0.5, -1, 2.5]
    let set = Self.draws([("mu", Self.mu), ("tau", Self.weight)])
    let groups = try DrawEvaluation(Groups(y: Tensor(y)), set, seed: 1, threads: 2).groups([.logLikelihood, .logPrior])
    #expect(groups.logLikelihood.map(\.name) == ["y", "pair", "all"])
    #expect(groups.logLikelihood.map(\.shape) == [[3], [], [2, 3]])
    #expect(groups.observedData.map(\.shape) == [[3], [2], [2, 3]])
    #expect(groups.observedData[0].values == y)
    for (draw, (mu, tau)) in zip(Self.mu, Self.weight).enumerated() {
      let (chain, place) = (draw / 6, draw % 6)
      for k in 0..<3 { #expect(abs(groups.logLikelihood[0].values[chain][place * 3 + k] - normal(y[k], mu, tau)) < 1e-10) }
      // L⁻¹ (y − μ): first 0.3, then ((−0.2 − μ) − 0.5 · 0.3)/2.
      let pair = normal(0.3, 0, 1) + normal(-0.2 - mu, 0.15, 2)
      #expect(abs(groups.logLikelihood[1].values[chain][place] - pair) < 1e-10)
      for k in 0..<6 { #expect(abs(groups.logLikelihood[2].values[chain][place * 6 + k] - normal(Double(k + 1), mu, 1)) < 1e-10) }
      #expect(abs(groups.logPrior[0].values[chain][place] - normal(mu, 0, 2)) < 1e-10)
      #expect(abs(groups.logPrior[1].values[chain][place] - normal(tau, 0, 1) - log(2)) < 1e-10)
    }
    #expect(groups.notes.isEmpty)
  }

  @Test("Labels are summed out of each element, whatever is drawn for them")
  func summedOut() throws {
    let y = [0.5, -1, 2.5, 4]
    var set = Self.draws([("mu", Self.mu), ("weight", Self.weight)])
    set.variables.append(
      VariableDraws(name: "label", kind: .latent, shape: [4], values: [[Double]](repeating: [Double](repeating: 1, count: 24), count: 2)))
    let groups = try DrawEvaluation(Labelled(y: Tensor(y)), set, seed: 1).groups([.logLikelihood])
    for (draw, (mu, w)) in zip(Self.mu, Self.weight).enumerated() {
      for k in 0..<4 {
        let (first, second) = (exp(normal(y[k], mu, 1)), exp(normal(y[k], mu + 3, 1)))
        let expected = log((1 - w) * first + w * second)
        #expect(abs(groups.logLikelihood[0].values[draw / 6][draw % 6 * 4 + k] - expected) < 1e-10)
      }
    }
    #expect(groups.logLikelihood[0].shape == [4])
    let shared = try DrawEvaluation(Labelled(y: Tensor(y), isShared: true), set, seed: 1).groups([.logLikelihood])
    #expect(shared.logLikelihood.isEmpty)
    #expect(
      shared.notes == [
        "y has no pointwise log likelihood: its elements share the site \"label\", which is summed out, and depend on each other through it."
      ])
  }

  @Test("Steps of a sequence are points; where states are summed out along it there are none")
  func sequences() throws {
    let y = [0.2, 0.7, -0.4]
    let set = Self.draws([("phi", Self.weight)])
    let groups = try DrawEvaluation(Walk(y: Tensor(y)), set, seed: 1).groups([.logLikelihood])
    #expect(groups.logLikelihood.map(\.shape) == [[3]])
    for (draw, phi) in Self.weight.enumerated() {
      for t in 0..<3 {
        let expected = normal(y[t], t == 0 ? 0 : phi * y[t - 1], 0.5)
        #expect(abs(groups.logLikelihood[0].values[draw / 6][draw % 6 * 3 + t] - expected) < 1e-10)
      }
    }
    let hidden = try DrawEvaluation(Hidden(y: Tensor(y)), Self.draws([("mu", Self.mu)]), seed: 1).groups([.logLikelihood])
    #expect(hidden.logLikelihood.isEmpty)
    #expect(
      hidden.notes == [
        "t.y has no pointwise log likelihood: its elements depend on each other through what is summed out along the sequence \"t\"."
      ])
  }

  @Test("A body that reads numbers is followed draw by draw")
  func reading() throws {
    let groups = try DrawEvaluation(Reading(y: 0.5), Self.draws([("x", Self.mu)]), seed: 1).groups([.logLikelihood])
    for (draw, x) in Self.mu.enumerated() {
      #expect(abs(groups.logLikelihood[0].values[draw / 6][draw % 6] - normal(0.5, x, x > 0 ? 1 : 3)) < 1e-10)
    }
  }

  @Test("New data have the shapes of the data, and equal bits on any number of threads")
  func predictive() throws {
    let set = Self.draws([("mu", Self.mu), ("tau", Self.weight)])
    let one = try DrawEvaluation(Groups(y: Tensor([0, 1, 2])), set, seed: 4, threads: 1).groups([.predictive])
    #expect(one.posteriorPredictive.map(\.shape) == [[3], [2], [2, 3]])
    #expect(one.observedData.map(\.shape) == [[3], [2], [2, 3]] && one.logLikelihood.isEmpty)
    let two = try DrawEvaluation(Groups(y: Tensor([0, 1, 2])), set, seed: 4, threads: 3).groups([.predictive])
    #expect(one.posteriorPredictive.map(\.values) == two.posteriorPredictive.map(\.values))
  }

  @Test("Draws that are not the model's are refused in a sentence")
  func mistakes() {
    #expect(throws: ModelError.self) { try DrawEvaluation(Groups(y: [0]), Self.draws([("mu", Self.mu)]), seed: 1).groups([.logLikelihood]) }
    let negative = Self.draws([("mu", Self.mu), ("tau", Self.mu)])
    #expect(throws: PredictionError.self) { try DrawEvaluation(Groups(y: [0]), negative, seed: 1).groups([.logLikelihood]) }
  }
}
