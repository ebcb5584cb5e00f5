import Differentiation
import Distributions
import Foundation
import Modeling
import Testing

/// A chain of five states with three values and potentials θ[k, i, j] = scale · sin(1 + 7k + 3i + 5j), the first of which is θ[0, 0, ·].
private struct Potentials: Model {
  let scale: Double
  func body(_ p: Program) throws -> (first: IntTensor, last: IntTensor) {
    let theta = Tensor((0..<45).map { scale * Potentials.sine($0 / 9, $0 / 3 % 3, $0 % 3) }, shape: [5, 3, 3])
    let first = p.sample("first", Categorical(logits: [0, 0, 0]))
    p.factor("start", theta[0][0][first])
    let outcome = p.each("steps", over: [theta[1..<5]], from: [first.tensor]) { carries, parts in
      let state = p.sample("state", Categorical(logits: [0, 0, 0]))
      p.factor("pair", parts[0][IntTensor(rounding: carries[0])][state])
      return ([state.tensor], [])
    }
    return (first, IntTensor(rounding: outcome.carries[0]))
  }

  static func sine(_ k: Int, _ i: Int, _ j: Int) -> Double { sin(Double(1 + 7 * k + 3 * i + 5 * j)) }
}

/// A hundred states that follow each other with equal probabilities: the sum over them is one over each step by itself.
private struct Uniform100: Model {
  let y: Tensor
  func body(_ p: Program) throws {
    let mu = p.sample("mu", Normal(0, sd: 1))
    let level = Tensor((0..<100).map { 0.05 * Double($0) })
    p.each("t", over: y, from: IntTensor(0)) { before, y in
      let z = p.sample("z", Categorical(logits: Tensor.zeros([100, 100])[before]))
      p.observe("y", Normal(mu + level[z], sd: 1), y)
      return z
    }
  }
}

/// Two chains at once whose observations depend on both, on the step before, and on a site outside; in each row of a plate.
private struct Factorial: Model {
  let y: Tensor  // [rows, steps]
  func body(_ p: Program) throws {
    let mu = p.sample("mu", Normal(0, sd: 1).repeated(2))
    let loud = p.sample("loud", Bernoulli(probability: 0.3))
    p.plate("rows", y.shape[0]) { i in
      p.each("t", over: [y[i]], from: [Tensor(0), Tensor(1)]) { carries, parts in
        let a = p.sample("a", Bernoulli(logits: mu[0] * (2 * carries[0] - 1)))
        let b = p.sample(
          "b", Categorical(probabilities: Tensor([[0.6, 0.3, 0.1], [0.2, 0.2, 0.6], [0.1, 0.8, 0.1]])[IntTensor(rounding: carries[1])]))
        let level = mu[0] * a.tensor + mu[1] * b.tensor * carries[1] + 0.5 * loud.tensor
        p.observe("y", Normal(level, sd: 1 + loud.tensor), parts[0])
        return ([a.tensor, b.tensor], [])
      }
    }
  }
}

@Suite struct EnumerationOracleTests {
  private func everyPath(_ scale: Double) -> [(path: [Int], score: Double)] {
    (0..<243).map { number in
      let path = (0..<5).map { number / [1, 3, 9, 27, 81][$0] % 3 }
      let pairs = (1..<5).reduce(0) { $0 + Potentials.sine($1, path[$1 - 1], path[$1]) }
      return (path, scale * (Potentials.sine(0, 0, path[0]) + pairs))
    }
  }

  @Test func theLogPartitionAndTheMarginalsAreThoseOfTheBook() throws {
    let probe = try DensityProbe(Potentials(scale: 1))
    #expect(isClose(probe.value([]) + 5 * log(3), 6.917175441622035, 1e-14))
    let marginals = try #require(try probe.variables([])["first.probability"])
    for (found, expected) in zip(marginals, [0.712508300207, 0.181635763747, 0.105855936046]) { #expect(abs(found - expected) < 1e-12) }
  }

  @Test(arguments: [30.0, 400.0, 5000.0])
  func extremePotentialsNeitherOverflowNorVanish(_ scale: Double) throws {
    let probe = try DensityProbe(Potentials(scale: scale))
    let paths = everyPath(scale)
    let largest = paths.map(\.score).max()!
    let weights = paths.map { exp($0.score - largest) }
    let total = weights.reduce(0, +)
    #expect(isClose(probe.value([]) + 5 * log(3), largest + log(total), 1e-13))
    let marginals = try #require(try probe.variables([])["steps.state.probability"])
    for step in 1..<5 {
      for value in 0..<3 {
        let expected = zip(paths, weights).reduce(0) { $0 + ($1.0.path[step] == value ? $1.1 : 0) } / total
        #expect(abs(marginals[3 * (step - 1) + value] - expected) < 1e-10)
      }
    }
  }

  @Test func severalChainsAtOnceInAPlateEqualTheSumOverAllConfigurations() throws {
    let model = Factorial(y: Tensor([[0.4, 1.7, -0.2]]))
    let probe = try DensityProbe(model)
    let u = [0.7, -0.4]
    let expected = try BruteForce(model, probe.compiled, at: u)
    #expect(expected.joint.count == 2 * 6 * 6 * 6)
    #expect(isClose(probe.value(u), expected.value, 1e-13))
    #expect(probe.gradientError(u) < 1e-8)
    let variables = try probe.variables(u)
    for (site, own) in expected.probabilities {
      let found = try #require(variables["\(site).probability"])
      #expect(zip(found, own).allSatisfy { abs($0 - $1) < 1e-12 }, "\(site)")
    }
  }

  @Test func aChainTooLongForAllItsWeightsIsSummedStepByStep() throws {
    let y = (0..<1100).map { 2 + sin(Double($0)) }
    let probe = try DensityProbe(Uniform100(y: Tensor(y)))
    let terms = y.map { y in log((0..<100).reduce(0) { $0 + exp(normalLog(y, 0.3 + 0.05 * Double($1), 1)) } / 100) }
    #expect(isClose(probe.value([0.3]), terms.reduce(0, +) + normalLog(0.3, 0, 1), 1e-12))
    #expect(probe.gradientError([0.3]) < 1e-7)
  }
}
