import Differentiation
import Distributions
import Foundation
import Inference
import Modeling
import Testing

/// Prior N(0, 1), one observation with sd 0.5: the posterior is N(0.8 y, 0.2), the evidence N(y; 0, √1.25).
struct OneObservation: Model {
  let y: Tensor
  func body(_ p: Program) throws -> (mu: Tensor, doubled: Tensor) {
    let mu = p.sample("mu", Normal(0, sd: 1))
    p.observe("y", Normal(mu, sd: 0.5), y)
    return (mu, 2 * mu)
  }
}

/// Non-centred eight schools.
struct Schools: Model {
  let y, sigma: Tensor
  static var rubin: Schools { Schools(y: [28, 8, -3, 7, -1, 1, 18, 12], sigma: [15, 10, 16, 11, 9, 11, 10, 18]) }

  func body(_ p: Program) throws -> (mu: Tensor, tau: Tensor, theta: Tensor) {
    let mu = p.sample("mu", Normal(0, sd: 5))
    let tau = p.sample("tau", HalfCauchy(scale: 5))
    let theta = p.plate("schools", y.count) { j in
      let theta = mu + tau * p.sample("xi", Normal(0, sd: 1))
      p.observe("y", Normal(theta, sd: sigma[j]), y[j])
      return theta
    }
    return (mu, tau, theta)
  }
}

/// The side of zero on which x falls decides the likelihood: P(x > 0) = 0.9 in the posterior.
private struct TwoSides: Model {
  func body(_ p: Program) throws -> Tensor {
    let x = p.sample("x", Normal(0, sd: 1))
    p.factor("side", try x.item() > 0 ? log(0.9) : log(0.1))
    return x
  }
}

private struct Impossible: Model {
  func body(_ p: Program) throws -> Tensor {
    let x = p.sample("x", Normal(0, sd: 1))
    p.factor("nowhere", x - Double.infinity)
    return x
  }
}

/// `count` by `count` matrices in the workspace.
private struct Square: Model {
  let count: Int
  func body(_ p: Program) throws -> Tensor {
    let scale = p.sample("scale", HalfNormal(sd: 1))
    p.observe(
      "y", MultivariateNormal(Tensor.zeros([count]), covariance: scale * Tensor.identity(count)), Tensor.ones([count]))
    return scale
  }
}

private struct Alone: Model {
  func body(_ p: Program) throws -> Tensor { p.sample("x", Normal(3, sd: 2)) }
}

@Suite("Fits") struct FitTests {
  private let observation = OneObservation(y: 10)

  @Test("VI, Laplace and MAP find a Gaussian posterior at default settings")
  func gaussian() async throws {
    for method in [Method<OneObservation>.vi(), .vi(guide: .fullRank), .laplace()] {
      let posterior = try await fit(observation, method, seed: 1)
      #expect(posterior.verdict.verdict == .ok, "\(posterior.verdict)")
      // 4000 independent draws: 4 standard errors of the mean are 0.028, of the sd 0.020.
      #expect(abs(try posterior.mu.mean.item() - 8) < 0.028)
      #expect(abs(try posterior.mu.sd.item() - 0.2.squareRoot()) < 0.020)
      #expect(abs(try posterior.doubled.mean.item() - 16) < 0.057)
    }
    let mode = try await fit(observation, .map(), seed: 1)
    #expect(abs(try mode.mu.mean.item() - 8) < 1e-6)
    #expect(try mode.mu.sd.item().isNaN)
    #expect(mode.verdict.verdict == .ok)
  }

  @Test("the ELBO of a guide that contains the posterior is the evidence")
  func evidence() async throws {
    let posterior = try await fit(observation, .vi(), seed: 3)
    guard case .vi(let result) = posterior.details else {
      Issue.record("no details of VI")
      return
    }
    let evidence = -0.5 * 100 / 1.25 - 0.5 * log(2 * Double.pi * 1.25)
    #expect(abs(result.elbo - evidence) < 4 * result.elboError + 1e-6)
  }

  @Test("NUTS on the eight schools agrees with the reference of posteriordb")
  func schools() async throws {
    let posterior = try await fit(Schools.rubin, .nuts(), seed: 4)
    #expect(posterior.verdict.verdict != .fail, "\(posterior.verdict)")
    // Mean and its Monte Carlo error from reference.json of eight_schools-eight_schools_noncentered.
    for (variable, mean, error) in [(posterior.mu, 4.410518337, 0.033037), (posterior.tau, 3.602059524, 0.031862)] {
      let own = try variable.mcse.item()
      #expect(abs(try variable.mean.item() - mean) < 4 * (own * own + error * error).squareRoot())
      #expect(try variable.rHat.item() < 1.01)
    }
    #expect(posterior.theta.shape == [8])
    #expect(abs(try posterior.theta.mean.values()[0] - 6.150502293) < 4 * 0.11)
  }

  @Test("sites and results are reported once each, and results belong to their draws")
  func variables() async throws {
    let posterior = try await fit(Schools.rubin, .nuts(chains: 2, warmup: 200, draws: 50), seed: 1)
    #expect(posterior.names == ["mu", "tau", "xi", "theta"])
    #expect(posterior.summaries.map(\.kind) == [.latent, .latent, .latent, .output])
    #expect(posterior["eta"] == nil)
    #expect(posterior.theta.draws.shape == [2, 50, 8])
    #expect(posterior.mu.draws.shape == [2, 50])
    let mu = try posterior.mu.draws.values()
    let tau = try posterior.tau.draws.values()
    let xi = try #require(posterior["xi"]).draws.values()
    let theta = try posterior.theta.draws.values()
    for draw in 0..<100 {
      for j in 0..<8 {
        let expected = mu[draw] + tau[draw] * xi[draw * 8 + j]
        #expect(abs(theta[draw * 8 + j] - expected) <= 1e-14 * (abs(mu[draw]) + abs(expected) + 1))
      }
    }
    #expect(tau.allSatisfy { $0 > 0 })
  }

  @Test("quantiles are those of the draws")
  func quantiles() async throws {
    let posterior = try await fit(Alone(), .nuts(chains: 1, warmup: 100, draws: 5), seed: 2)
    let x = posterior.variable(\.self)
    let sorted = try x.draws.values().sorted()
    #expect(try x.quantile(0).item() == sorted[0])
    #expect(try x.quantile(1).item() == sorted[4])
    #expect(try x.quantile(0.5).item() == sorted[2])
    #expect(abs(try x.quantile(0.3).item() - (sorted[1] + 0.2 * (sorted[2] - sorted[1]))) < 1e-12)
    #expect(try x.quantile(1.5).item().isNaN)
  }

  @Test("equal seed, equal bits, on any number of threads and with chains left out")
  func reproducibility() async throws {
    let method = Method<Schools>.nuts(chains: 4, warmup: 150, draws: 60)
    let one = try await fit(Schools.rubin, method, seed: 11, threads: 1)
    let two = try await fit(Schools.rubin, method, seed: 11, threads: 2)
    #expect(one.drawSet.variables.map(\.values) == two.drawSet.variables.map(\.values))
    let fewer = try await fit(Schools.rubin, .nuts(chains: 3, warmup: 150, draws: 60), seed: 11, threads: 2)
    #expect(zip(one.drawSet.variables, fewer.drawSet.variables).allSatisfy { Array($0.values[0..<3]) == $1.values })
    let other = try await fit(Schools.rubin, method, seed: 12, threads: 1)
    #expect(one.drawSet.variables.map(\.values) != other.drawSet.variables.map(\.values))
    for method in [Method<Schools>.vi(steps: 300), .laplace(draws: 30), .map()] {
      let one = try await fit(Schools.rubin, method, seed: 5, threads: 1)
      let two = try await fit(Schools.rubin, method, seed: 5, threads: 2)
      #expect(one.drawSet.variables.map(\.values) == two.drawSet.variables.map(\.values))
    }
  }

  @Test("a body that reads a number is run anew for every point")
  func reexecution() async throws {
    let posterior = try await fit(TwoSides(), .nuts(chains: 4, warmup: 300, draws: 1000), seed: 6)
    let x = posterior.variable(\.self)
    let positive = try x.draws.values().map { $0 > 0 ? 1.0 : 0 }
    let share = positive.reduce(0, +) / Double(positive.count)
    let ess = Diagnostics.essMean((0..<4).map { Array(positive[($0 * 1000)..<(($0 + 1) * 1000)]) })
    // Four standard errors of a share of 0.9.
    #expect(abs(share - 0.9) < 4 * (0.09 / ess).squareRoot())
    #expect(ess > 50)
  }

  @Test("small models have eight lanes, models that leave the cache with so many fewer, re-executed ones have one")
  func lanes() throws {
    #expect(try CompiledModel(Schools.rubin).preferredLanes == 8)
    #expect(try CompiledModel(TwoSides()).preferredLanes == 1)
    let large = try CompiledModel(Square(count: 300)).preferredLanes
    #expect(large < 8)
    #expect(try CompiledModel(Square(count: 4)).preferredLanes == 8)
  }

  @Test("what cannot be fitted is said in sentences")
  func impossible() async {
    await #expect(throws: FitError.self) { try await fit(Impossible(), .nuts(chains: 2), seed: 1) }
    await #expect(throws: FitError.self) { try await fit(Alone(), .nuts(draws: 1_000_000_000_000), seed: 1) }
    await #expect(throws: InferenceError.self) { try await fit(Impossible(), .vi(), seed: 1) }
    await #expect(throws: NUTSError.self) { try await fit(Alone(), .nuts(chains: 0), seed: 1) }
    await #expect(throws: NUTSError.self) { try await fit(Alone(), .nuts(targetAcceptance: 2), seed: 1) }
  }
}
