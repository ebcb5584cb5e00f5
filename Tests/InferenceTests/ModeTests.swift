import Differentiation
import Distributions
import Foundation
import Inference
import Modeling
import Testing

private let covariance = [[2.0, 0.6, -0.3], [0.6, 1, 0.2], [-0.3, 0.2, 0.5]]

private struct Gaussian: Model {
  func body(_ p: Program) throws -> Tensor {
    p.sample("x", MultivariateNormal(Tensor([1, -2, 0.5]), covariance: Tensor(covariance)))
  }
}

/// Vectors in a plate (whose elements stand in another order in the graph), a simplex, a scale, a scan.
private struct Mixed: Model {
  func body(_ p: Program) throws -> Tensor {
    let scale = p.sample("scale", HalfCauchy(scale: 2))
    let shares = p.sample("shares", Dirichlet(Tensor([2.0, 3, 4])))
    let x = p.plate("groups", 3) { _ in
      let x = p.sample("x", MultivariateNormal(0, covariance: Tensor([[1.0, 0.3], [0.3, 2]])))
      p.observe("y", StudentT(df: 4, x.sum(), scale: scale), 0.7)
      return x
    }
    let steps = p.each("steps", 4) { _ in p.sample("step", Normal(shares[0], sd: scale)) }
    return x.sum() * stack(steps).sum()
  }
}

/// Seven heads of ten under Beta(2, 3).
private struct Coin: Model {
  func body(_ p: Program) throws -> Tensor {
    let share = p.sample("share", Beta(2, 3))
    p.observe("heads", Binomial(10, probability: share), 7)
    return share
  }
}

private struct Waiting: Model {
  func body(_ p: Program) throws -> Tensor { p.sample("time", Exponential(rate: 1)) }
}

/// Twice differentiable only by differences: the draw's derivative by its shape has none itself.
private struct Implicit: Model {
  func body(_ p: Program) throws -> Tensor {
    let a = p.sample("a", Gamma(shape: 3, rate: 1))
    p.observe("y", Truncated(Gamma(shape: a, rate: 1), lower: 2), 3)
    return a
  }
}

@Suite("Modes, their Hessians and their verdicts")
struct ModeTests {
  @Test("Laplace with the exact Hessian is exact on a Gaussian")
  func exact() throws {
    let model = try CompiledModel(Gaussian())
    let hessian = try #require(try model.makeHessian())
    let result = try runLaplace(model, seed: 1, hessian: hessian.hessian(at:))
    let guide = try #require(result.guide)
    for i in 0..<3 {
      #expect(abs(guide.location[i] - [1, -2, 0.5][i]) < 1e-12)
      for j in 0..<3 { #expect(abs(guide.covariance[3 * i + j] - covariance[i][j]) < 1e-12) }
    }
    #expect(abs(result.logEvidence) < 1e-12)
    #expect(result.verdict.verdict == .ok)
  }

  private func differences<M: Model>(_ model: CompiledModel<M>, at u: [Double]) throws -> [Double] {
    let evaluator = try model.makeEvaluator(lanes: 1)
    let n = u.count
    func gradient(_ at: [Double]) -> [Double] {
      var value = 0.0
      var g = [Double](repeating: 0, count: n)
      evaluator.evaluate(positions: at, values: &value, gradients: &g)
      return g
    }
    var result = [Double](repeating: 0, count: n * n)
    for j in 0..<n {
      let h = 1e-3
      let parts = [-2.0, -1, 1, 2].map { shift in gradient(u.indices.map { u[$0] + ($0 == j ? shift * h : 0) }) }
      for i in 0..<n { result[i * n + j] = (parts[0][i] - 8 * parts[1][i] + 8 * parts[2][i] - parts[3][i]) / (12 * h) }
    }
    return result
  }

  @Test("The exact Hessian is that of differences, whatever the order of coordinates")
  func hessian() throws {
    func check<M: Model>(_ model: M) throws {
      let compiled = try CompiledModel(model)
      let u = (0..<compiled.dimension).map { 0.7 * sin(Double(3 * $0 + 1)) }
      let exact = try #require(try compiled.makeHessian()).hessian(at: u)
      let numeric = try differences(compiled, at: u)
      let size = numeric.map(abs).max()!
      for (a, b) in zip(exact, numeric) { #expect(abs(a - b) < 1e-8 * size) }
    }
    try check(Mixed())
    try check(Schools.rubin)
    try check(Coin())
  }

  @Test("Where a second derivative is not defined, differences take over")
  func fallback() async throws {
    #expect(try CompiledModel(Implicit()).makeHessian() == nil)
    let posterior = try await fit(Implicit(), .laplace(draws: 100), seed: 1)
    #expect(try #require(posterior["a"]).mean.item().isFinite)
  }

  @Test("The mode of .map() is that of the constrained density, Laplace's that of the unconstrained one")
  func space() async throws {
    let mode = try await fit(Coin(), .map(), seed: 1)
    #expect(abs(try #require(mode["share"]).mean.item() - 8.0 / 13) < 1e-6)
    let compiled = try CompiledModel(Coin())
    let unconstrained = try runMAP(compiled, seed: 1).location[0]
    #expect(abs(1 / (1 + exp(-unconstrained)) - 9.0 / 15) < 1e-6)
    let other = try runMAP(compiled.withoutJacobian(), seed: 1).location[0]
    #expect(abs(1 / (1 + exp(-other)) - 8.0 / 13) < 1e-6)
  }

  @Test("A mode in the middle of its posterior is ok, one far from the mass is not")
  func verdicts() async throws {
    #expect(try await fit(Gaussian(), .map(), seed: 1).verdict.verdict == .ok)
    #expect(try await fit(OneObservation(y: 10), .map(), seed: 1).verdict.verdict == .ok)
    let schools = try await fit(Schools.rubin, .map(), seed: 1).verdict
    #expect(schools.verdict == .caution)
    #expect(schools.reasons.contains { $0.code == "pareto_k" && $0.text.hasPrefix("The mode may not be the posterior's middle.") })
    // The density of a waiting time is highest at 0, in the corner of its support.
    let waiting = try await fit(Waiting(), .map(), seed: 1).verdict
    #expect(waiting.verdict == .caution)
    #expect(waiting.reasons.contains { $0.code == "mode_off_center" || $0.code == "flat_mode" })
  }

  @Test("The rules for a mode")
  func rules() throws {
    #expect(VerdictRules.posteriorAroundMode(nil, distance: .nan).map(\.code) == ["no_gaussian"])
    let equal = try #require(try runLaplace(VariationalTargets.conjugate, seed: 1).evaluation)
    #expect(VerdictRules.posteriorAroundMode(equal, distance: 0.4).isEmpty)
    let far = VerdictRules.posteriorAroundMode(equal, distance: 2.5)
    #expect(far.map(\.code) == ["mode_off_center"] && far[0].severity == .caution)
    #expect(far[0].text.hasPrefix("The mode lies 2.5 posterior sd from the middle of the posterior"))
  }
}
