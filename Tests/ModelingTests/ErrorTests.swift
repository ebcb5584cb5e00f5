import Differentiation
import Distributions
import Foundation
import Modeling
import Testing

private struct Twice: Model {
  func body(_ p: Program) throws {
    p.sample("x", Normal(0, sd: 1))
    p.sample("x", Normal(0, sd: 2))
  }
}

private struct Shapes: Model {
  let y: Tensor
  func body(_ p: Program) throws {
    let a = p.plate("groups", 2) { _ in p.sample("a", Normal(0, sd: 1)) }
    p.observe("y", Normal(a, sd: 1), y)
    p.factor("f", (a + Tensor([1, 2, 3])).sum())
    p.observe("z", Normal(0, sd: 1), a[5])
  }
}

private struct Plates: Model {
  let y: Tensor
  func body(_ p: Program) throws {
    p.plate("n", 3) { i in
      p.observe("y", Normal(0, sd: 1), y[i])
      p.plate("n", 3) { _ in p.factor("inner", 1) }
    }
    p.plate("n", 4) { _ in p.factor("f", 1) }
    p.plate("m", -1) { _ in p.factor("g", 1) }
  }
}

private struct Leaking: Model {
  func body(_ p: Program) throws -> Tensor {
    var kept: Tensor = 0
    p.plate("n", 3) { _ in kept = p.sample("z", Normal(0, sd: 1)) }
    p.factor("f", kept)
    return kept
  }
}

private struct Discrete: Model {
  func body(_ p: Program) throws { p.sample("k", Poisson(rate: 3)) }
}

private struct BadData: Model {
  let y, rate: Tensor
  func body(_ p: Program) throws {
    p.plate("n", 3) { i in
      p.observe("y", Exponential(rate: 1), y[i])
      p.observe("count", Poisson(rate: 2), rate[i])
    }
    p.observe("w", Normal(0, sd: 1), Double.nan)
  }
}

private struct BadParameter: Model {
  func body(_ p: Program) throws { p.sample("x", Normal(0, sd: -1)) }
}

private struct Returned: Model {
  func body(_ p: Program) throws -> (mu: Tensor, half: Tensor) {
    let mu = p.sample("mu", Normal(0, sd: 1))
    return (mu: 2 * mu, half: mu / 2)
  }
}

private struct Plain: Model {
  func body(_ p: Program) throws -> (mu: Tensor, tau: Tensor, theta: Tensor) {
    let mu = p.sample("mu", Normal(0, sd: 1))
    let tau = p.sample("tau", HalfNormal(sd: 1))
    let theta = p.plate("schools", 3) { _ in p.sample("theta", Normal(mu, sd: tau)) }
    return (mu, tau, theta)
  }
}

@Suite struct ErrorTests {
  @Test func aNameStandsForOneSite() {
    #expect(problems(Twice()) == ["ErrorTests.swift:10: site \"x\": the name is taken by the site at ErrorTests.swift:9"])
  }

  @Test func allMistakesOfAModelAreReportedAtOnce() {
    #expect(
      problems(Shapes(y: [1, 2, 3])) == [
        "ErrorTests.swift:18: site \"y\": the value has shape [3], and Normal gives values of shape [2]",
        "ErrorTests.swift:19: site \"f\": + cannot combine shapes [2] and [3]: axes, compared from the last, must be equal or 1",
        "ErrorTests.swift:20: site \"z\": index 5 is outside the first axis of shape [2]",
      ])
  }

  @Test func platesKeepTheirSizes() {
    #expect(
      problems(Plates(y: [1, 2])) == [
        "ErrorTests.swift:29: plate \"n\" is opened inside itself",
        "ErrorTests.swift:31: plate \"n\" has 4 elements here and 3 where it was opened first",
        "ErrorTests.swift:32: plate \"m\" cannot have -1 elements",
        "ErrorTests.swift:28: site \"y\": plate n has 3 elements, and the first axis of shape [2] has 2",
      ])
  }

  @Test func valuesStayInTheirPlates() {
    #expect(
      problems(Leaking()) == [
        "ErrorTests.swift:40: site \"f\": it uses a value from inside plate n, which is closed here; return the value from the plate's body",
        "the result \"result\" is a value from inside plate n; return it from the plate's body first",
      ])
  }

  @Test func latentWholeNumbersAreRefusedWithAdvice() {
    #expect(
      problems(Discrete()) == [
        "ErrorTests.swift:46: site \"k\": a latent Poisson has infinitely many values, which gradients cannot move and no finite sum exhausts; bound it (a Categorical or Binomial that is wide enough), or give it a site in a guide with an estimator for discrete draws (score function, Gumbel-softmax), observe it, or give it a value with condition(_:_:)"
      ])
    #expect(problems(condition(Discrete(), ["k": 2])) == [])
  }

  @Test func dataAreCheckedBeforeTheFirstStep() {
    #expect(
      problems(BadData(y: [1, -2, 3], rate: [1, 2, 3.5])) == [
        "ErrorTests.swift:53: site \"y\": element 1 is -2.0, and the support is x ≥ 0",
        "ErrorTests.swift:54: site \"count\": the observed value at [2] is 3.5, and Poisson takes whole numbers",
        "ErrorTests.swift:56: site \"w\": the observed value is nan; data must be finite",
      ])
  }

  @Test func knownParametersAreChecked() {
    #expect(problems(BadParameter()) == ["ErrorTests.swift:61: site \"x\": Normal: sd must be positive and finite, but is -1.0"])
  }

  @Test func aResultMayNotTakeASitesName() {
    #expect(
      problems(Returned()) == [
        "ErrorTests.swift:66: site \"mu\": the body returns something else under this name; give the result another label"
      ])
  }

  @Test func namesFromOutsideMustExist() {
    #expect(
      problems(condition(Plain(), ["tua": 1])) == [
        "a value is given for site \"tua\", and the model has no such site (did you mean \"tau\"?)"
      ])
    #expect(
      problems(intervene(Plain(), ["quite another": 1])) == [
        "a value is given for site \"quite another\", and the model has no such site (there are: mu, tau, theta)"
      ])
    #expect(
      problems(Plain(), minibatch: ["school": 2]) == [
        "a minibatch is asked for plate \"school\", and the model has no such plate (did you mean \"schools\"?)"
      ])
    #expect(
      problems(condition(Plain(), ["theta": Tensor([1, 2])])) == [
        "ErrorTests.swift:75: site \"theta\": the value given for it has shape [2], and the site has shape [3] (schools leading)"
      ])
  }

  @Test func aMinibatchOfLatentVariablesNeedsAGuide() {
    #expect(
      problems(Plain(), minibatch: ["schools": 2]) == [
        "ErrorTests.swift:75: site \"theta\": it is latent inside plate schools, of which a minibatch is present; give the model a guide that computes it from the data"
      ])
    #expect(
      problems(Plain(), minibatch: ["schools": 9]).first
        == "ErrorTests.swift:75: a minibatch of plate \"schools\" has 1 to 3 elements, not 9")
  }

  @Test func latentCensoredVariablesAreRefused() {
    #expect(
      problems(Clipped()) == [
        "ErrorTests.swift:180: site \"x\": Censored Normal gives single values a probability and others a density, which is for observed sites; sample the distribution inside of it"
      ])
    #expect(problems(condition(Clipped(), ["x": 0.5])) == [])
  }
}

private struct Clipped: Model {
  func body(_ p: Program) throws {
    p.sample("x", Censored(Normal(0, sd: 1), lower: 0))
  }
}
