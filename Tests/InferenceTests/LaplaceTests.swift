import Foundation
import Inference
import Testing

@Suite("MAP and Laplace")
struct LaplaceTests {
  @Test("Exact on Gaussians: mode, covariance, evidence; k-hat says so", arguments: [(1, 0.0), (2, 0.99), (10, 0.999), (30, 0.9)])
  func exactOnGaussians(n: Int, rho: Double) throws {
    let scales = (0..<n).map { pow(10, -3 + 6 * Double($0) / Double(max(n - 1, 1))) }
    let mean = (0..<n).map { scales[$0] * Double($0 + 1) }
    let result = try runLaplace(VariationalTargets.gaussian(mean: mean, scales: scales, rho: rho), seed: 1)
    #expect(result.status == .converged)
    #expect(result.verdict.verdict == .ok, "\(result.verdict.reasons)")
    #expect(abs(result.logEvidence) < 1e-6)
    let guide = try #require(result.guide)
    let covariance = guide.covariance
    for i in 0..<n {
      #expect(abs(guide.location[i] - mean[i]) < 1e-6 * scales[i])
      for j in 0..<n {
        let exact = scales[i] * scales[j] * pow(rho, Double(abs(i - j)))
        #expect(abs(covariance[i * n + j] - exact) < 1e-4 * scales[i] * scales[j])
      }
    }
  }

  @Test("A Hessian handed over is used")
  func hessianCallback() throws {
    let result = try runLaplace(VariationalTargets.conjugate, seed: 1, hessian: { _ in [-5] })
    #expect(abs(try #require(result.guide).standardDeviations[0] - 0.2.squareRoot()) < 1e-14)
    #expect(abs(result.mode.location[0] - 8) < 1e-9)
  }

  @Test("Eight schools: the centred form has no mode, the non-centred form is not Gaussian")
  func eightSchools() throws {
    let centred = try runLaplace(VariationalTargets.eightSchools(isCentred: true), seed: 1)
    #expect(centred.status == .unbounded)
    #expect(centred.guide == nil)
    #expect(centred.verdict.verdict == .fail)
    let other = try runLaplace(VariationalTargets.eightSchools(isCentred: false), seed: 1)
    #expect(other.status == .converged)
    #expect(other.verdict.verdict == .fail)
    #expect(other.verdict.reasons.contains { $0.code == "pareto_k" })
  }

  @Test("A ridge has no Laplace approximation and the status says what to do")
  func ridge() throws {
    let ridge = PointwiseDensity(dimension: 2, preferredLanes: 4) { x, g in
      let s = x[0] + x[1] - 1
      g[0] = -s
      g[1] = -s
      return -0.5 * s * s
    }
    let result = try runLaplace(ridge, seed: 3)
    #expect(result.status == .notPositiveDefinite)
    #expect(result.verdict.verdict == .fail)
    #expect(result.verdict.reasons.contains { $0.text.contains("not identified") })
  }

  @Test("Two modes are both found, the higher one is reported with a word of caution")
  func twoModes() throws {
    let mixture = PointwiseDensity(dimension: 1, preferredLanes: 8) { x, g in
      let a = -8 * (x[0] - 1) * (x[0] - 1)
      let b = -8 * (x[0] + 1) * (x[0] + 1) - 0.5
      let top = max(a, b)
      let wa = exp(a - top)
      let wb = exp(b - top)
      g[0] = (wa * -16 * (x[0] - 1) + wb * -16 * (x[0] + 1)) / (wa + wb)
      return top + log(wa + wb)
    }
    var configuration = MAPConfiguration()
    configuration.starts = 8
    let result = try runMAP(mixture, configuration: configuration, seed: 2)
    #expect(abs(result.location[0] - 1) < 1e-3)
    #expect(result.verdict.verdict == .caution)
    #expect(result.verdict.reasons.map(\.code) == ["rival_mode"])
  }

  @Test("Nowhere finite: an error whose text gives advice; threads change nothing")
  func failureAndThreads() throws {
    let nowhere = PointwiseDensity(dimension: 2, preferredLanes: 8) { _, g in
      g[0] = 0
      g[1] = 0
      return -.infinity
    }
    #expect {
      _ = try runMAP(nowhere, seed: 1)
    } throws: { "\($0)" == Status.noFiniteStart.text }
    let density = VariationalTargets.eightSchools(isCentred: false)
    let one = try runMAP(density, seed: 4, threads: 1)
    let two = try runMAP(density, seed: 4, threads: 2)
    #expect(one.location == two.location)
  }
}
