import Differentiation
import Distributions
import Foundation
import Modeling
import Testing

private let advice =
  "give it a site in a guide with an estimator for discrete draws (score function, Gumbel-softmax), observe it, or give it a value with condition(_:_:)"

private struct Read: Model {
  func body(_ p: Program) throws {
    let z = p.sample("z", Bernoulli(probability: 0.3))
    if try z.item() == 1 { p.factor("f", 1) }
  }
}

private struct Outside: Model {
  func body(_ p: Program) throws {
    let z = p.plate("n", 3) { _ in p.sample("z", Bernoulli(probability: 0.3)) }
    p.factor("f", z.tensor.sum())
  }
}

private struct Captured: Model {
  func body(_ p: Program) throws {
    var z: IntTensor = 0
    p.plate("n", 3) { _ in z = p.sample("z", Bernoulli(probability: 0.3)) }
    p.factor("f", z.tensor)
  }
}

private struct Crossed: Model {
  func body(_ p: Program) throws {
    p.plate("n", 3) { _ in
      let a = p.sample("a", Bernoulli(probability: 0.3))
      p.plate("m", 2) { _ in p.factor("f", a.tensor) }
    }
    p.plate("m", 2) { _ in
      let b = p.sample("b", Bernoulli(probability: 0.3))
      p.plate("n", 3) { _ in
        let c = p.sample("c", Bernoulli(probability: 0.3))
        p.factor("g", b.tensor * c.tensor)
      }
    }
  }
}

/// A restricted Boltzmann machine: rows and columns meet everywhere.
private struct Coupled: Model {
  func body(_ p: Program) throws {
    var a: IntTensor = 0
    p.plate("n", 3) { _ in a = p.sample("a", Bernoulli(probability: 0.3)) }
    p.plate("m", 2) { _ in
      let b = p.sample("b", Bernoulli(probability: 0.4))
      p.plate("n", 3) { _ in p.factor("f", a.tensor * b.tensor) }
    }
  }
}

private struct Wide: Model {
  let sites: Int
  func body(_ p: Program) throws {
    let all = (0..<sites).map { p.sample("z\($0)", Categorical(logits: Tensor.zeros([10]))).tensor }
    p.factor("f", all.dropFirst().reduce(all[0], +) * p.sample("x", Normal(0, sd: 1)))
  }
}

private struct Together: Model {
  func body(_ p: Program) throws {
    p.sample("z", Bernoulli(logits: Tensor.zeros([40])))
  }
}

private struct MovingBound: Model {
  func body(_ p: Program) throws {
    let z = p.sample("z", Bernoulli(probability: 0.5))
    p.sample("x", Uniform(z.tensor, 2))
    p.sample("k", Binomial(p.sample("n", HalfNormal(sd: 1)), probability: 0.5))
  }
}

private struct Shared: Model {
  let y: Tensor
  func body(_ p: Program) throws {
    let z = p.sample("z", Bernoulli(probability: 0.5))
    p.plate("n", y.count) { n in p.observe("y", Normal(z.tensor, sd: 1), y[n]) }
  }
}

/// A switching autoregression: the carry depends on all states before it.
private struct Switching: Model {
  let y: Tensor
  func body(_ p: Program) throws {
    let phi = p.sample("phi", Normal(0, sd: 1).repeated(2))
    p.each("t", over: y, from: 0) { (h: Tensor, y: Tensor) in
      let z = p.sample("z", Bernoulli(probability: 0.5))
      let next = phi[z] * h + 1
      p.observe("y", Normal(next, sd: 1), y)
      return (next, next)
    }
  }
}

@Suite struct EnumerationErrorTests {
  private func sentence<M: Model>(_ model: M) -> String {
    do {
      _ = try CompiledModel(model)
      return ""
    } catch { return "\(error)" }
  }

  @Test func whatCannotBeSummedOutIsASentence() {
    #expect(
      sentence(Read())
        == "the tensor depends on site \"z\", which is summed out and stands for all of its values at once, so no number can be read from it; choose with select or an index instead of a branch, or condition on the site"
    )
    #expect(
      problems(Outside()) == [
        "EnumerationErrorTests.swift:20: site \"f\": site \"z\" is summed out for each element of \"n\" by itself, and has no single value outside of it; use it inside, or return the site itself for the probabilities of its values"
      ])
    #expect(
      problems(Captured()) == [
        "EnumerationErrorTests.swift:28: site \"f\": it uses site \"z\" outside of the plate or sequence in which that is summed out; use it inside"
      ])
    #expect(
      problems(Coupled()) == [
        "sites \"a\" (\"n\") and \"b\" (\"m\") meet for every pair of elements of their plates, so that no order sums them out one plate after the other; for one of them: \(advice)"
      ])
    #expect(
      problems(MovingBound()) == [
        "EnumerationErrorTests.swift:77: site \"x\": its support depends on site \"z\", which is summed out, so that it has no one value; let its density depend on the site, not its bounds",
        "EnumerationErrorTests.swift:78: site \"k\": the largest value of this Binomial depends on other variables, so that the values to sum over are not known; make it data, or \(advice)",
      ])
    #expect(
      problems(Shared(y: [1, 2, 3]), minibatch: ["n": 2]) == [
        "site \"z\" is shared by the elements of plate n, of which a minibatch is present: its sum needs all of them; leave the plate whole, or \(advice)"
      ])
  }

  @Test func tablesThatAreTooLargeNameTheirSites() {
    #expect(
      problems(Wide(sites: 8)) == [
        "summing out sites \"z0\", \"z1\", \"z2\", \"z3\", \"z4\", \"z5\", \"z6\", \"z7\" takes a table of 10 × 10 × 10 × 10 × 10 × 10 × 10 × 10 = 100000000 numbers, more than 10000000; for one of them: \(advice)"
      ])
    #expect(problems(Wide(sites: 60)).first?.contains("depends on 10 summed-out sites at once (\"z0\", \"z1\"") == true)
    #expect(
      problems(Together()) == [
        "EnumerationErrorTests.swift:70: site \"z\": its 40 elements of 2 values each stand in one tensor, a table of 2^40 numbers, more than 10000000; draw one element in a plate, where each is summed out by itself, or \(advice)"
      ])
  }

  @Test func aCarryThatMovesWithAllStatesIsRefused() {
    let found = problems(Switching(y: [1, 2, 3]))
    #expect(
      found.contains {
        $0.contains(
          "sequence \"t\" goes on with a carry that depends both on summed-out sites and on variables that move continuously, so that its values cannot be listed; carry the site itself"
        )
      }, "\(found)")
  }

  @Test func crossedPlatesWithoutCouplingAreFine() throws {
    #expect(problems(Crossed()) == [])
    let probe = try DensityProbe(Crossed())
    let expected = try BruteForce(Crossed(), probe.compiled, at: [])
    #expect(isClose(probe.value([]), expected.value))
  }
}
