import Differentiation
import Distributions
import Foundation
import Modeling
import Testing

/// a → x → y, with x in a plate.
private struct Chain: Model {
  let y: Tensor
  func body(_ p: Program) throws -> (a: Tensor, x: Tensor) {
    let a = p.sample("a", Normal(0, sd: 2))
    let x = p.plate("n", y.count) { i in
      let x = p.sample("x", Normal(a, sd: 1.5))
      p.observe("y", Normal(x, sd: 0.5), y[i])
      return x
    }
    return (a, x)
  }
}

/// The same with x measured, as one would write it.
private struct ChainMeasured: Model {
  let x, y: Tensor
  func body(_ p: Program) throws -> (a: Tensor, x: Tensor) {
    let a = p.sample("a", Normal(0, sd: 2))
    let known = p.plate("n", y.count) { i in
      p.observe("x", Normal(a, sd: 1.5), x[i])
      p.observe("y", Normal(x[i], sd: 0.5), y[i])
      return x[i]
    }
    return (a, known)
  }
}

private struct Steps: Model {
  let y: Tensor
  func body(_ p: Program) throws -> (drift: Tensor, last: Tensor) {
    let drift = p.sample("drift", HalfNormal(sd: 1))
    let (last, _) = p.each("steps", over: y, from: 0) { before, y in
      let level = p.sample("level", Normal(before, sd: drift))
      p.observe("y", Normal(level, sd: 0.3), y)
      return (level, level)
    }
    return (drift, last)
  }
}

private struct Kinds: Model {
  let k: Tensor
  func body(_ p: Program) throws -> (rate: Tensor, w: Tensor) {
    let w = p.sample("w", Dirichlet([1, 2, 3]))
    let free = p.parameter("free", 1.0, support: .positive)
    let rate = p.sample("rate", Gamma(shape: 2, rate: free))
    p.scope("part") { _ = p.sample("b", Bernoulli(probability: w[0])) }
    p.observe("k", Poisson(rate: rate), k)
    p.factor("f", -rate)
    return (rate, w)
  }
}

private func number(_ operation: Surgery.Operation, _ value: Double) -> Surgery.Entry { .init(operation, shape: [], values: [value]) }

@Suite struct SurgeryTests {
  private let y = [1.0, 0.2, -0.4]
  private var model: Chain { Chain(y: Tensor(y)) }

  private func prior(_ a: Double) -> Double { normalLog(a, 0, 2) }
  private func middle(_ a: Double, _ x: [Double]) -> Double { x.reduce(0) { $0 + normalLog($1, a, 1.5) } }
  private func likelihood(_ x: [Double]) -> Double { zip(y, x).reduce(0) { $0 + normalLog($1.0, $1.1, 0.5) } }

  @Test func observingIsTheModelWithTheSiteObserved() throws {
    let x = [0.3, -1, 2.5]
    let probe = try DensityProbe(OperatedModel(model, Surgery(["x": .init(.observe, shape: [3], values: x)])))
    let written = try DensityProbe(ChainMeasured(x: Tensor(x), y: Tensor(y)))
    #expect(
      probe.compiled.coordinateNames == ["a"] && probe.compiled.recorded.sites.map(\.role) == written.compiled.recorded.sites.map(\.role))
    for a in [-1.3, 0, 0.7, 4] {
      let (one, other) = (probe.both([a]), written.both([a]))
      #expect(one.value == other.value && one.gradient == other.gradient)
      #expect(isClose(one.value, prior(a) + middle(a, x) + likelihood(x)))
    }
    #expect(try probe.variables([0.7]) == written.variables([0.7]))
  }

  @Test func fixingLeavesTheConditional() throws {
    let probe = try DensityProbe(OperatedModel(model, Surgery(["x": number(.fix, 0.4)])))
    let x = [0.4, 0.4, 0.4]
    #expect(probe.compiled.coordinateNames == ["a"])
    for a in [-1.3, 0, 0.7, 4] {
      #expect(isClose(probe.value([a]), prior(a) + middle(a, x) + likelihood(x)))
      #expect(probe.gradientError([a]) < 1e-7)
    }
    // It is held, and no data: the likelihood is that of y alone.
    let roles = Dictionary(uniqueKeysWithValues: probe.compiled.recorded.sites.map { ($0.name, $0.role) })
    #expect(roles == ["a": .latent, "x": .intervened, "y": .observed])
    #expect(try probe.variables([0.7])["x"] == x)
  }

  @Test func interveningCutsOffTheParents() throws {
    let x = [0.3, -1, 2.5]
    let probe = try DensityProbe(OperatedModel(model, Surgery(["x": .init(.intervene, shape: [3], values: x)])))
    for a in [-1.3, 0.7] { #expect(isClose(probe.value([a]), prior(a) + likelihood(x))) }
  }

  @Test func withoutParentsDoAndFixDifferByTheEvidenceOfTheValue() throws {
    let fixed = try DensityProbe(OperatedModel(model, Surgery(["a": number(.fix, 0.8)])))
    let done = try DensityProbe(OperatedModel(model, Surgery(["a": number(.intervene, 0.8)])))
    for point in [[0.1, 0.2, 0.3], [-2, 1, 4]] {
      let (one, other) = (fixed.both(point), done.both(point))
      #expect(isClose(one.value - other.value, prior(0.8)))
      #expect(one.gradient == other.gradient)
    }
  }

  @Test func withoutTheLikelihoodThePriorIsLeft() throws {
    let probe = try DensityProbe(OperatedModel(model, Surgery(dropsLikelihood: true)))
    let u = [0.7, 0.1, -2, 1.1]
    #expect(isClose(probe.value(u), prior(0.7) + middle(0.7, Array(u[1...]))))
    #expect(!probe.compiled.recorded.sites.contains { $0.role == .observed })
    // Factors stay.
    let kinds = try CompiledModel(OperatedModel(Kinds(k: 3), Surgery(dropsLikelihood: true)))
    #expect(kinds.recorded.sites.map(\.name) == ["w", "free", "rate", "part.b", "f"])
    // A simulation draws what is observed all the same.
    let simulation = try Simulation(OperatedModel(model, Surgery(dropsLikelihood: true)))
    #expect(simulation.recorded.sites.contains { $0.name == "y" && $0.predictive != nil })
  }

  @Test func sequencesTakeAValueForEveryStep() throws {
    let levels = [0.1, 0.5, 0.4]
    let data = [0.2, 0.3, 0.7]
    let probe = try DensityProbe(OperatedModel(Steps(y: Tensor(data)), Surgery(["steps.level": .init(.fix, shape: [3], values: levels)])))
    #expect(probe.compiled.coordinateNames == ["drift"])
    let drift = exp(0.3)
    let steps = zip(levels, [0] + levels).reduce(0) { $0 + normalLog($1.0, $1.1, drift) }
    let seen = zip(data, levels).reduce(0) { $0 + normalLog($1.0, $1.1, 0.3) }
    let half = log(2.0) + normalLog(drift, 0, 1) + 0.3
    #expect(isClose(probe.value([0.3]), steps + seen + half))
  }

  @Test func simulationsKeepTheValue() throws {
    for operation in [Surgery.Operation.fix, .intervene, .observe] {
      let simulation = try PriorSimulation(OperatedModel(model, Surgery(["x": number(operation, 7)])), seed: 3)
      let place = try #require(simulation.recorded.variables.firstIndex { $0.name == "x" })
      #expect(try simulation.read(draw: 5)[place] == [7, 7, 7])
    }
  }

  @Test func codingKeepsTheModelsOwnKeys() throws {
    let operated = OperatedModel(model, Surgery(["a": number(.fix, 1)], dropsLikelihood: true))
    let data = try JSONEncoder().encode(operated)
    #expect(try JSONDecoder().decode(ChainData.self, from: data).y == y)
    let back = try JSONDecoder().decode(OperatedModel<Chain>.self, from: data)
    #expect(back.surgery == operated.surgery)
    #expect(try back.base.y.values() == y)
  }
  private struct ChainData: Decodable { let y: [Double] }

  @Test func mistakesAreSentences() throws {
    func said(_ entries: [String: Surgery.Entry]) -> [String] {
      problems(OperatedModel(Kinds(k: 3), Surgery(entries))).map { $0.replacing(#/^SurgeryTests.swift:\d+: /#, with: "") }
    }
    #expect(
      said(["rat": number(.fix, 1)]) == ["a value is given for site \"rat\", and the model has no such site (did you mean \"rate\"?)"])
    #expect(said(["rate": number(.intervene, -1)]) == ["site \"rate\": the value is -1.0, and the support is x > 0"])
    #expect(said(["rate": number(.fix, -1)]) == ["site \"rate\": the value is -1.0, and the support is x > 0"])
    #expect(said(["part.b": number(.intervene, 0.5)]) == ["site \"part.b\": the value given is 0.5, and Bernoulli takes whole numbers"])
    #expect(said(["free": number(.fix, 0)]) == ["site \"free\": the value is 0.0, and the support is x > 0"])
    #expect(
      said(["w": .init(.fix, shape: [2], values: [0.5, 0.5])]) == [
        "site \"w\": the value given for it has shape [2], and the site has shape [3]"
      ])
    #expect(
      said(["w": .init(.intervene, shape: [3], values: [0.5, 0.5, 0.5])]) == [
        "site \"w\": the value given lies outside of the support, simplex"
      ])
    #expect(
      said(["k": number(.fix, 2)]) == [
        "site \"k\": it is observed, and only a latent site can be held at a value; give it other data instead"
      ])
    #expect(
      problems(OperatedModel(model, Surgery(["x": .init(.observe, shape: [2], values: [1, 2])]))).map {
        $0.replacing(#/^SurgeryTests.swift:\d+: /#, with: "")
      } == ["site \"x\": the value given for it has shape [2], and the site has shape [3] (n leading)"])
  }
}
