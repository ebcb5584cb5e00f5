import Differentiation
import Distributions
import Foundation
import Modeling
import Testing

private struct Regression: Model {
  let x, y: Tensor
  func body(_ p: Program) throws -> (a: Tensor, b: Tensor, fitted: Tensor) {
    let a = p.sample("a", Normal(0, sd: 2))
    let b = p.sample("b", Normal(a, sd: 1))
    let fitted = p.plate("n", y.count) { i in
      let mean = a + b * x[i]
      p.observe("y", Normal(mean, sd: 0.5), y[i])
      return mean
    }
    p.output("ratio", b / a)
    return (a, b, fitted)
  }
}

private struct Scopes: Model {
  let y: Tensor
  func body(_ p: Program) throws -> Tensor {
    let left = p.scope("left") { p.sample("x", Normal(0, sd: 1)) }
    let right = p.scope("right") { p.scope("deep") { p.sample("x", Normal(left, sd: 2)) } }
    var state = right
    p.each("steps", y.count) { t in
      state = p.sample("state", Normal(0.5 * state, sd: 1))
      p.observe("y", Normal(state, sd: 0.3), y[t])
    }
    return state
  }
}

private struct Constrained: Model {
  func body(_ p: Program) throws -> (s: Tensor, w: Tensor, q: Tensor) {
    let s = p.sample("s", Gamma(shape: 2, rate: 3))
    let w = p.sample("w", Uniform(s, 2 * s + 1))
    let q = p.plate("k", 2) { _ in p.sample("q", Dirichlet([1, 2, 3])) }
    let free = p.parameter("free", [0.5, 2], support: .positive)
    p.factor("f", -free.sum() * w)
    return (s, w, q)
  }
}

@Suite struct GivenTests {
  private let x = [0.5, -1, 2, 0.3]
  private let y = [1.0, 0, 2, 1]
  private var model: Regression { Regression(x: Tensor(x), y: Tensor(y)) }

  private func likelihood(_ a: Double, _ b: Double, _ points: [Int]) -> Double {
    points.reduce(0) { $0 + normalLog(y[$1], a + b * x[$1], 0.5) }
  }

  @Test func conditioningObservesALatentSite() throws {
    let probe = try DensityProbe(condition(model, ["a": 0.7]))
    #expect(probe.compiled.coordinateNames == ["b"])
    #expect(isClose(probe.value([0.2]), normalLog(0.7, 0, 2) + normalLog(0.2, 0.7, 1) + likelihood(0.7, 0.2, [0, 1, 2, 3])))
    #expect(probe.gradientError([0.2]) < 1e-7)
  }

  @Test func interveningLeavesTheDensityOfTheValueOut() throws {
    let probe = try DensityProbe(intervene(model, ["b": 0.2]))
    #expect(isClose(probe.value([0.7]), normalLog(0.7, 0, 2) + likelihood(0.7, 0.2, [0, 1, 2, 3])))
    let role = probe.compiled.recorded.sites.first { $0.name == "b" }?.role
    #expect(role == .intervened)
  }

  @Test func givenModelsNest() throws {
    let both = try DensityProbe(intervene(condition(model, ["a": 0.7]), ["b": 0.2]))
    #expect(both.compiled.dimension == 0)
    #expect(isClose(both.value([]), normalLog(0.7, 0, 2) + likelihood(0.7, 0.2, [0, 1, 2, 3])))
  }

  @Test func outputsFollowTheLatentVariables() throws {
    let probe = try DensityProbe(model)
    let variables = try probe.variables([0.7, 0.2])
    #expect(probe.compiled.recorded.variables.map(\.name) == ["a", "b", "fitted", "ratio"])
    let ratio = try #require(variables["ratio"])
    let fitted = try #require(variables["fitted"])
    #expect(isClose(ratio[0], 0.2 / 0.7))
    #expect(zip(fitted, x).allSatisfy { isClose($0, 0.7 + 0.2 * $1) })
  }

  @Test func aMinibatchScalesItsTerms() throws {
    let compiled = try CompiledModel(model, minibatch: ["n": 2])
    let evaluator = try #require(compiled.makeEvaluator(lanes: 1) as? RecordedEvaluator)
    for pair in [[0, 1], [3, 1], [2, 2]] {
      evaluator.choose(pair, ofPlate: "n")
      var value = [0.0]
      var gradient = [0.0, 0]
      evaluator.evaluate(positions: [0.7, 0.2], values: &value, gradients: &gradient)
      #expect(isClose(value[0], normalLog(0.7, 0, 2) + normalLog(0.2, 0.7, 1) + 2 * likelihood(0.7, 0.2, pair)))
    }
  }

  @Test func scopesAndSequencesNameTheirSites() throws {
    let probe = try DensityProbe(Scopes(y: [0.1, 0.4]))
    #expect(probe.compiled.coordinateNames == ["left.x", "right.deep.x", "steps[0].state", "steps[1].state"])
    let u = point(4)
    let expected =
      normalLog(u[0], 0, 1) + normalLog(u[1], u[0], 2) + normalLog(u[2], 0.5 * u[1], 1) + normalLog(u[3], 0.5 * u[2], 1)
      + normalLog(0.1, u[2], 0.3) + normalLog(0.4, u[3], 0.3)
    #expect(isClose(probe.value(u), expected))
    #expect(probe.gradientError(u) < 1e-7)
    #expect(try probe.variables(u)["steps[1].state"] == [u[3]])
  }

  @Test func boundsMayBeVariablesAndSimplicesStandInPlates() throws {
    let probe = try DensityProbe(Constrained())
    #expect(probe.compiled.coordinateNames == ["s", "w", "q[0,0]", "q[0,1]", "q[1,0]", "q[1,1]", "free[0]", "free[1]"])
    let u = point(8)
    #expect(probe.gradientError(u) < 1e-7)
    let variables = try probe.variables(u)
    let s = exp(u[0])
    let w = try #require(variables["w"])[0]
    #expect(isClose(w, s + (s + 1) / (1 + exp(-u[1]))))
    let q = try #require(variables["q"])
    #expect(q.count == 6)
    #expect(isClose(q[0] + q[1] + q[2], 1) && isClose(q[3] + q[4] + q[5], 1))
    let start = probe.compiled.initialPosition
    #expect(start[..<6].allSatisfy { $0 == nil })
    #expect(isClose(start[6] ?? .nan, log(0.5)) && isClose(start[7] ?? .nan, log(2)))
    #expect(variables["free"].map { zip($0, u[6...]).allSatisfy { isClose($0, exp($1)) } } == true)
  }

  @Test func namesAreDashed() {
    #expect(ModelNaming.dashed("EightSchools") == "eight-schools")
    #expect(ModelNaming.dashed("HMMExample") == "hmm-example")
    #expect(ModelNaming.dashed("Radon2") == "radon2")
  }
}

private struct Counts: Model {
  func body(_ p: Program) throws -> (rate: Tensor, k: IntTensor) {
    let rate = p.sample("rate", Gamma(shape: 3, rate: 2))
    let k = p.plate("n", 5) { _ in p.sample("k", Poisson(rate: 4 * rate)) }
    return (rate, k)
  }
}

@Suite struct PriorSimulationTests {
  @Test func priorsAreDrawnWithTheirMoments() throws {
    let simulation = try PriorSimulation(Counts(), seed: 7)
    #expect(simulation.recorded.variables.map(\.shape) == [[], [5]])
    let draws: [[[Double]]] = try (0..<4000).map { try simulation.read(draw: $0) }
    var (rate, count) = (0.0, 0.0)
    for draw in draws {
      rate += draw[0][0] / 4000
      for k in draw[1] { count += k / 20000 }
    }
    // E rate = 1.5 with sd √(3)/2 a draw; E k = 6, sd of a draw's mean of five √(12 + 6/5): five standard errors, a false alarm in a million.
    #expect(Swift.abs(rate - 1.5) < 5 * (0.75 / 4000).squareRoot())
    #expect(Swift.abs(count - 6) < 5 * (13.2 / 4000).squareRoot())
    #expect(draws.allSatisfy { $0[1].allSatisfy { $0 >= 0 && $0.rounded() == $0 } })
    #expect(try simulation.read(draw: 17) == draws[17])
  }
}
