import Differentiation
import Distributions
import Foundation
import Modeling
import Testing

/// A mixture whose labels are sampled.
private struct Labels: Model {
  let y: Tensor
  func body(_ p: Program) throws -> (mu: Tensor, z: IntTensor) {
    let w = p.sample("w", Dirichlet(count: 3, concentration: 2))
    let mu = p.sample("mu", Normal(0, sd: 3).repeated(3))
    let z = p.plate("n", y.count) { n in
      let z = p.sample("z", Categorical(probabilities: w))
      p.observe("y", Normal(mu[z], sd: 1), y[n])
      return z
    }
    return (mu, z)
  }
}

/// The same with the sum written out.
private struct LabelsByHand: Model {
  let y: Tensor
  func body(_ p: Program) throws {
    let w = p.sample("w", Dirichlet(count: 3, concentration: 2))
    let mu = p.sample("mu", Normal(0, sd: 3).repeated(3))
    p.plate("n", y.count) { n in
      p.factor("y", (log(w) + Normal(mu, sd: 1).logDensity(of: y[n])).logSumExp())
    }
  }
}

/// A hidden Markov model, its states sampled along the sequence.
private struct Chain: Model {
  let y: Tensor
  func body(_ p: Program) throws -> Tensor {
    let start = p.sample("start", Dirichlet(count: 3, concentration: 1))
    let rows = p.sample("rows", Dirichlet(count: 3, concentration: 1).repeated(3))
    let mu = p.sample("mu", Normal(0, sd: 3).repeated(3))
    let first = p.sample("first", Categorical(probabilities: start))
    p.observe("y0", Normal(mu[first], sd: 1), y[0])
    p.each("t", over: y[1..<y.count], from: first) { z, y in
      let z = p.sample("z", Categorical(probabilities: rows[z]))
      p.observe("y", Normal(mu[z], sd: 1), y)
      return z
    }
    return mu
  }
}

/// The same by the forward recursion.
private struct ChainByHand: Model {
  let y: Tensor
  func body(_ p: Program) throws {
    let start = p.sample("start", Dirichlet(count: 3, concentration: 1))
    let rows = p.sample("rows", Dirichlet(count: 3, concentration: 1).repeated(3))
    let mu = p.sample("mu", Normal(0, sd: 3).repeated(3))
    let emissions = Normal(mu, sd: 1).logDensity(of: y.expandingAxis(1))
    let transitions = log(rows)
    let forward = scan(over: emissions[1..<y.count], from: log(start) + emissions[0]) { state, emission in
      let next = (state.expandingAxis(1) + transitions).logSumExp(axis: 0) + emission
      return (carry: next, result: next.sum())
    }
    p.factor("y", forward.carry.logSumExp())
  }
}

func agree<A: Model, B: Model>(_ a: A, _ b: B, tolerance: Double = 1e-12) throws -> Bool {
  let (a, b) = (try DensityProbe(a), try DensityProbe(b))
  let u = point(a.compiled.dimension).map { 0.5 * $0 }
  let (left, right) = (a.both(u), b.both(u))
  return isClose(left.value, right.value, tolerance)
    && zip(left.gradient, right.gradient).allSatisfy { isClose($0, $1, 100 * tolerance) } && left.gradient.count == right.gradient.count
}

@Suite struct EnumerationTests {
  private let y = Tensor(
    (0..<40).map { (i: Int) -> Double in
      let shift: Double = (i / 5) % 3 == 1 ? 3 : 0
      return 2 * sin(2.3 * Double(i)) + shift
    })

  @Test func aMixtureEqualsTheSumWrittenOut() throws {
    #expect(try agree(Labels(y: y), LabelsByHand(y: y)))
  }

  @Test func aHiddenMarkovModelEqualsTheForwardRecursion() throws {
    #expect(try agree(Chain(y: y), ChainByHand(y: y)))
  }

  @Test func probabilitiesOfLabelsAreThoseOfBayes() throws {
    let probe = try DensityProbe(Labels(y: y))
    let u = point(5)
    let variables = try probe.variables(u)
    let (w, mu) = (variables["w"]!, variables["mu"]!)
    let found = try #require(variables["z.probability"])
    for (n, y) in try y.values().enumerated() {
      let weights = (0..<3).map { (k: Int) -> Double in w[k] * exp(-0.5 * (y - mu[k]) * (y - mu[k])) }
      let total = weights.reduce(0, +)
      for k in 0..<3 { #expect(isClose(found[3 * n + k], weights[k] / total, 1e-13)) }
    }
  }
}
