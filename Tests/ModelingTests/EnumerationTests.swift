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

// MARK: - Long chains, impossible values, and what is carried

/// Survival and recapture of marked animals (Cormack–Jolly–Seber): the dead stay dead, and are not seen.
private struct Survival: Model {
  let seen: Tensor  // [animals, occasions]
  func body(_ p: Program) throws -> (phi: Tensor, rate: Tensor) {
    let phi = p.sample("phi", Uniform(0, 1))
    let rate = p.sample("rate", Uniform(0, 1))
    p.plate("animals", seen.shape[0]) { i in
      p.each("t", over: seen[i], from: IntTensor(1)) { alive, seen in
        let alive = p.sample("alive", Bernoulli(probability: phi * alive))
        p.observe("seen", Bernoulli(probability: rate * alive), seen)
        return alive
      }
    }
    return (phi, rate)
  }
}

/// A left-to-right chain, with transitions that cannot happen.
private struct LeftToRight: Model {
  let y: Tensor
  func body(_ p: Program) throws {
    let stay = p.sample("stay", Uniform(0, 1))
    let rows = stack([stack([stay, 1 - stay, 0]), stack([0, stay, 1 - stay]), Tensor([0, 0, 1])])
    let mu = p.sample("mu", Normal(0, sd: 3).repeated(3))
    p.each("t", over: y, from: IntTensor(0)) { z, y in
      let z = p.sample("z", Categorical(probabilities: rows[z]))
      p.observe("y", Normal(mu[z], sd: 1), y)
      return z
    }
  }
}

/// The last steps of a chain may be seen from outside, and the steps may be written out.
private struct Unrolled: Model {
  let y: Tensor
  func body(_ p: Program) throws {
    let start = p.sample("start", Dirichlet(count: 3, concentration: 1))
    let rows = p.sample("rows", Dirichlet(count: 3, concentration: 1).repeated(3))
    let mu = p.sample("mu", Normal(0, sd: 3).repeated(3))
    var z = p.sample("first", Categorical(probabilities: start))
    p.observe("y0", Normal(mu[z], sd: 1), y[0])
    p.each("t", y.count - 1) { t in
      z = p.sample("z", Categorical(probabilities: rows[z]))
      p.observe("y", Normal(mu[z], sd: 1), y[t + 1])
    }
  }
}

@Suite struct EnumerationChainTests {
  private func series(_ count: Int) -> Tensor {
    Tensor((0..<count).map { (i: Int) -> Double in 2 * sin(2.3 * Double(i)) + cos(0.1 * Double(i)) })
  }

  /// log p(data | parameters) by the forward algorithm in plain arithmetic.
  private func forward(_ data: [Double], _ start: [Double], _ rows: [Double], _ mu: [Double]) -> Double {
    var forward = (0..<3).map { (k: Int) -> Double in log(start[k]) + normalLog(data[0], mu[k], 1) }
    for y in data.dropFirst() {
      let before = forward
      forward = (0..<3).map { (k: Int) -> Double in
        let terms = (0..<3).map { (j: Int) -> Double in before[j] + log(rows[3 * j + k]) }
        return logSum(terms) + normalLog(y, mu[k], 1)
      }
    }
    return logSum(forward)
  }

  private func logSum(_ terms: [Double]) -> Double {
    let largest = terms.max()!
    return largest + log(terms.reduce(0) { $0 + exp($1 - largest) })
  }

  @Test func fiveHundredStepsEqualTheForwardAlgorithm() throws {
    let probe = try DensityProbe(Chain(y: series(500)))
    let u = point(probe.compiled.dimension).map { 0.7 * $0 }
    let values = try probe.variables(u)
    let (start, rows, mu) = (values["start"]!, values["rows"]!, values["mu"]!)
    // What is left after the likelihood is the prior, whatever the data are.
    let priors = try [500, 2].map { count in
      try DensityProbe(Chain(y: series(count))).value(u) - forward(try series(count).values(), start, rows, mu)
    }
    #expect(abs(priors[0] - priors[1]) < 1e-10)
    let byHand = try DensityProbe(ChainByHand(y: series(500)))
    #expect(isClose(probe.value(u), byHand.value(u), 1e-12))
    #expect(zip(probe.both(u).gradient, byHand.both(u).gradient).allSatisfy { isClose($0, $1, 1e-10) })
  }

  @Test func stepsWrittenOutAreSummedOutToo() throws {
    #expect(try agree(Unrolled(y: series(30)), ChainByHand(y: series(30))))
  }

  @Test func theWorkIsLinearInTheLength() throws {
    let work = try [101, 201, 301].map { try #require(try CompiledModel(Chain(y: series($0))).recorded.summation).work }
    #expect(work[1] - work[0] == 100 * 9 && work[2] - work[1] == 100 * 9)
    let summation = try #require(try CompiledModel(Chain(y: series(500))).recorded.summation)
    #expect(summation.largestTable == 9)
    #expect(summation.steps.filter { $0.repeats == 499 }.map(\.size) == [9])
  }

  @Test func impossibleTransitionsHaveNoDerivative() throws {
    let model = LeftToRight(y: series(5))
    let probe = try DensityProbe(model)
    let u = point(4)
    #expect(isClose(probe.value(u), try BruteForce(model, probe.compiled, at: u).value))
    #expect(probe.gradientError(u) < 1e-8)
  }

  @Test func impossibleValuesHaveNoDerivative() throws {
    let seen = Tensor([[1, 0, 1, 0], [0, 0, 0, 0], [1, 1, 0, 0]])
    let probe = try DensityProbe(Survival(seen: seen))
    let u = [0.4, -0.3]
    let values = try probe.variables(u)
    let (phi, rate) = (values["phi"]![0], values["rate"]![0])
    var expected = log(phi * (1 - phi)) + log(rate * (1 - rate))
    for row in [[1, 0, 1, 0], [0, 0, 0, 0], [1, 1, 0, 0]] {
      // Sum over the time of death, after the last sighting.
      let last = (row.lastIndex(of: 1) ?? -1) + 1
      expected += log(
        (last...4).reduce(0) { sum, alive in
          let path = (0..<alive).reduce(1) { $0 * phi * (row[$1] == 1 ? rate : 1 - rate) }
          return sum + path * (alive < 4 ? 1 - phi : 1)
        })
    }
    #expect(isClose(probe.value(u), expected))
    #expect(probe.gradientError(u) < 1e-8)
    #expect(values["t.alive.probability"]?[4...5].elementsEqual([0, 1]) == true)
  }
}
