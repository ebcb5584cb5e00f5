import Differentiation
import Distributions
import Foundation
import Inference
import Modeling
import Testing

/// Centred eight schools: a funnel.
private struct CentredSchools: Model {
  let y, sigma: Tensor
  static var rubin: CentredSchools { CentredSchools(y: [28, 8, -3, 7, -1, 1, 18, 12], sigma: [15, 10, 16, 11, 9, 11, 10, 18]) }

  func body(_ p: Program) throws -> (mu: Tensor, tau: Tensor, theta: Tensor) {
    let mu = p.sample("mu", Normal(0, sd: 5))
    let tau = p.sample("tau", HalfCauchy(scale: 5))
    let theta = p.plate("schools", y.count) { j in
      let theta = p.sample("theta", Normal(mu, sd: tau))
      p.observe("y", Normal(theta, sd: sigma[j]), y[j])
      return theta
    }
    return (mu, tau, theta)
  }
}

@Suite("Fits with flows, and what comes after a guide") struct FitFlatTests {
  @Test("The dependence of a model: the group's parameters reach every school, no school another")
  func dependence() throws {
    let found = try CompiledModel(CentredSchools.rubin).dependence
    #expect(found.map(\.block) == [0..<1, 1..<2, 2..<10])
    #expect(found[0].parents == [[]] && found[1].parents == [[]])
    #expect(found[2].parents == [[Int]](repeating: [0, 1], count: 8))
  }

  @Test("A funnel by a flow is ok where the Gaussians fail: tau is that of the reference")
  func flow() async throws {
    let posterior = try await fit(CentredSchools.rubin, .vi(guide: .flow(.affine())), seed: 1)
    #expect(posterior.verdict.verdict == .ok, "\(posterior.verdict)")
    // posteriordb: tau 3.60 ± 3.20 for the prior HalfCauchy(5).
    #expect(abs(try posterior.tau.mean.item() - 3.6) < 0.3)
    #expect(abs(try posterior.mu.mean.item() - 4.4) < 0.3)
    let gaussian = try await fit(CentredSchools.rubin, .vi(guide: .fullRank), seed: 1)
    #expect(gaussian.verdict.verdict == .fail)
  }

  @Test("Gaussian by any objective and optimizer through the library")
  func objective() async throws {
    let posterior = try await fit(OneObservation(y: 2), .vi(guide: .fullRank, objective: .forwardKL), seed: 1)
    #expect(posterior.verdict.verdict == .ok, "\(posterior.verdict)")
    #expect(abs(try posterior.mu.mean.item() - 1.6) < 0.05)
    let response = try await fit(OneObservation(y: 2), .vi(guide: .meanField, objective: .fixedDraws), seed: 1)
    #expect(abs(try response.mu.sd.item() / 0.2.squareRoot() - 1) < 0.05)
  }

  @Test("Importance resampling repairs what a Gaussian leaves of the non-centred schools")
  func psis() async throws {
    let posterior = try await fit(Schools.rubin, Method.vi(guide: .lowRank(rank: 2)).refined(by: .psis), seed: 1)
    #expect(posterior.verdict.verdict == .ok, "\(posterior.verdict)")
    #expect(posterior.drawSet.drawsPerChain == 4000)
    #expect(abs(try posterior.tau.mean.item() - 3.6) < 0.4)
  }

  @Test("NUTS goes on from a guide, in fewer warm-up steps and to the right answer")
  func nuts() async throws {
    let posterior = try await fit(Schools.rubin, Method.vi(guide: .fullRank).refined(by: .nuts), seed: 1)
    guard case .nuts(let result) = posterior.details else {
      Issue.record("there are no chains")
      return
    }
    #expect(result.chains.count == 4)
    #expect(abs(try posterior.tau.mean.item() - 3.6) < 0.4)
    #expect(abs(try posterior.mu.mean.item() - 4.4) < 0.4)
    #expect(try posterior.mu.rHat.item() < 1.02)
  }

  @Test("A mode has nothing to refine")
  func nothingToRefine() async {
    await #expect(throws: FitError.self) { _ = try await fit(OneObservation(y: 2), Method.map().refined(by: .psis), seed: 1) }
    await #expect(throws: FitError.self) { _ = try await fit(OneObservation(y: 2), Method.svgd().refined(by: .psis), seed: 1) }
  }
}
