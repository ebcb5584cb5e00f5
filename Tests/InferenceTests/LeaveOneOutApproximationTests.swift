import Differentiation
import Distributions
import Foundation
import Inference
import Modeling
import Testing

/// A line with known noise: the posterior is a Gaussian in which intercept and slope are correlated.
private struct Regression: Model {
  let x, y: Tensor

  func body(_ p: Program) throws -> (a: Tensor, b: Tensor) {
    let a = p.sample("a", Normal(0, sd: 3))
    let b = p.sample("b", Normal(0, sd: 3))
    p.plate("points", x.count) { i in p.observe("y", Normal(a + b * x[i], sd: 1), y[i]) }
    return (a, b)
  }

  static let x = (0..<24).map { 0.25 + sin(1.3 * Double($0)) }
  static let y = (0..<24).map { 1 - 0.5 * x[$0] + 1.3 * cos(2.1 * Double($0)) }
  static let model = Regression(x: Tensor(x), y: Tensor(y))

  /// log p(y_i | y without i), by the normal equations of the other points.
  static let exact: [Double] = x.indices.map { i in
    var (aa, ab, bb, ya, yb) = (1.0 / 9, 0.0, 1.0 / 9, 0.0, 0.0)
    for k in x.indices where k != i {
      aa += 1
      ab += x[k]
      bb += x[k] * x[k]
      ya += y[k]
      yb += x[k] * y[k]
    }
    let determinant = aa * bb - ab * ab
    let (a, b) = ((bb * ya - ab * yb) / determinant, (aa * yb - ab * ya) / determinant)
    let variance = 1 + (bb - 2 * x[i] * ab + x[i] * x[i] * aa) / determinant
    return -0.5 * pow(y[i] - a - b * x[i], 2) / variance - 0.5 * log(2 * Double.pi * variance)
  }
}

/// Independent normals for both, of a width that is half as much again as the posterior's.
extension Regression: ModelWithGuide {
  static var guide: Guide<Regression> {
    Guide { q, _ in
      for name in ["a", "b"] {
        q.sample(name, Normal(q.parameter("\(name).m", 0), sd: 0.4))
      }
    }
  }
}

@Suite("Leave-one-out from draws of approximations") struct LeaveOneOutApproximationTests {
  private static func likelihood(_ posterior: Posterior<(a: Tensor, b: Tensor)>) throws -> PointwiseLogLikelihood {
    let evaluation = DrawEvaluation(Regression.model, posterior.drawSet, seed: 1)
    return PointwiseLogLikelihood(try evaluation.groups([.logLikelihood]).logLikelihood)
  }

  @Test("weights correct a guide that is too wide, whose draws are wrong without")
  func tooWide() async throws {
    let posterior = try await fit(Regression.model, .vi(steps: 3000, draws: 20_000), seed: 1)
    let ratios = try #require(posterior.drawSet.logRatios)
    let likelihood = try Self.likelihood(posterior)
    let exact = Regression.exact.reduce(0, +)
    #expect(LeaveOneOut(likelihood).total < exact - 4)
    let loo = LeaveOneOut(likelihood, logRatios: ratios)
    #expect(abs(loo.total - exact) < 0.05, "\(loo.total) \(exact)")
    for (own, other) in zip(loo.elpd, Regression.exact) { #expect(abs(own - other) < 0.015) }
    #expect(loo.paretoShape.allSatisfy { $0 < 0.5 }, "\(loo.paretoShape)")
    let waic = WidelyApplicable(likelihood, logRatios: ratios)
    #expect(abs(waic.total - exact) < 0.1)
    #expect(WidelyApplicable(likelihood).total < exact - 4)
    // One slope and one intercept, give or take.
    #expect(abs(loo.effectiveParameters - 2) < 0.5 && abs(waic.effectiveParameters - 2) < 0.5)
  }

  @Test("k-hat sees how far independent normals are from a correlated posterior")
  func meanField() async throws {
    let posterior = try await fit(Regression.model, .vi(guide: .meanField, draws: 20_000), seed: 1)
    let ratios = try #require(posterior.drawSet.logRatios)
    let loo = LeaveOneOut(try Self.likelihood(posterior), logRatios: ratios)
    // Four standard errors of the weighted sum, 0.03 over repetitions with other seeds.
    #expect(abs(loo.total - Regression.exact.reduce(0, +)) < 0.12)
    // The guide has the posterior's precisions λ_aa and λ_bb, so that p/q is exp(ρ z²/2) along z with ρ = λ_ab/√(λ_aa λ_bb): moments up to 1/ρ.
    let (aa, ab, bb) = Regression.x.reduce((1.0 / 9, 0.0, 1.0 / 9)) { ($0.0 + 1, $0.1 + $1, $0.2 + $1 * $1) }
    #expect(abs(try #require(loo.approximationShape) - ab / (aa * bb).squareRoot()) < 0.2)
  }

  @Test("exact approximations need no correction and are not hurt by it")
  func exactGuides() async throws {
    let exact = Regression.exact.reduce(0, +)
    for method in [Method<Regression>.laplace(draws: 20_000), .vi(guide: .fullRank, draws: 20_000), .batchAndMatch(draws: 20_000)] {
      let posterior = try await fit(Regression.model, method, seed: 2)
      let ratios = try #require(posterior.drawSet.logRatios)
      let loo = LeaveOneOut(try Self.likelihood(posterior), logRatios: ratios)
      #expect(abs(loo.total - exact) < 0.02, "\(posterior.method) \(loo.total) \(exact)")
      #expect(loo.unreliable.isEmpty)
    }
  }

  @Test("draws that stand for the posterior as they are have no ratios")
  func posteriorDraws() async throws {
    let exact = Regression.exact.reduce(0, +)
    for method in [
      Method<Regression>.nuts(chains: 2, warmup: 500, draws: 2000), .pathfinder(draws: 8000), .importance(draws: 8000),
      .smc(particles: 2000),
      .vi(guide: .meanField, draws: 4000).refined(by: .psis),
    ] {
      let posterior = try await fit(Regression.model, method, seed: 3)
      #expect(posterior.drawSet.logRatios == nil)
      let loo = LeaveOneOut(try Self.likelihood(posterior))
      #expect(abs(loo.total - exact) < 0.12, "\(posterior.method) \(loo.total) \(exact)")
    }
  }

  @Test("a beta posterior by Laplace's normal: leaving out a flip is a ratio of counts")
  func flips() async throws {
    let y = [1.0, 0, 1, 1, 1, 0, 1, 1, 0, 1]
    let posterior = try await fit(Coin(y: Tensor(y)), .laplace(draws: 20_000), seed: 1)
    let groups = try DrawEvaluation(Coin(y: Tensor(y)), posterior.drawSet, seed: 1).groups([.logLikelihood])
    let loo = LeaveOneOut(PointwiseLogLikelihood(groups.logLikelihood), logRatios: posterior.drawSet.logRatios)
    for (flip, own) in zip(y, loo.elpd) {
      // Beta(9, 5) without the flip.
      #expect(abs(own - log((flip == 1 ? 8 : 4) / 13)) < 0.01)
    }
  }
}

private struct Coin: Model {
  let y: Tensor
  func body(_ p: Program) throws -> Tensor {
    let bias = p.sample("bias", Beta(2, 2))
    p.plate("flips", y.count) { i in p.observe("y", Bernoulli(probability: bias), y[i]) }
    return bias
  }
}
