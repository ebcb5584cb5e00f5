import Foundation
import Inference
import Testing

@Suite("VI is exact on Gaussians")
struct VariationalExactTests {
  private static func scales(_ n: Int) -> [Double] { (0..<n).map { pow(10, -3 + 6 * Double($0) / Double(max(n - 1, 1))) } }

  @Test("Full-rank: mean, covariance, ELBO = evidence", arguments: [(1, 0.0), (2, 0.99), (10, 0.999), (50, 0.99)])
  func fullRank(n: Int, rho: Double) throws {
    let scales = Self.scales(n)
    let mean = scales.enumerated().map { $1 * Double($0 + 1) }
    let density = VariationalTargets.gaussian(mean: mean, scales: scales, rho: rho)
    let result = try runVI(density, configuration: VIConfiguration(guide: .fullRank), seed: 1)
    #expect(result.status == .converged)
    #expect(result.verdict.verdict == .ok, "\(result.verdict.reasons)")
    #expect(abs(result.elbo) < 1e-8)
    #expect(result.elboError < 1e-8)
    let covariance = result.guide.covariance
    for i in 0..<n {
      #expect(abs(result.guide.location[i] - mean[i]) < 1e-6 * scales[i])
      for j in 0..<n {
        let exact = scales[i] * scales[j] * pow(rho, Double(abs(i - j)))
        #expect(abs(covariance[i * n + j] - exact) < 1e-6 * scales[i] * scales[j])
      }
    }
  }

  @Test("Mean-field: mean, and the diagonal of the precision", arguments: [(1, 0.0), (2, 0.99), (10, 0.999), (50, 0.99)])
  func meanField(n: Int, rho: Double) throws {
    let scales = Self.scales(n)
    let mean = scales.enumerated().map { $1 * Double($0 + 1) }
    let density = VariationalTargets.gaussian(mean: mean, scales: scales, rho: rho)
    let result = try runVI(density, configuration: VIConfiguration(guide: .meanField), seed: 1)
    #expect(result.status == .converged)
    let exact = VariationalTargets.conditionalScales(scales, rho: rho)
    for i in 0..<n {
      #expect(abs(result.guide.location[i] - mean[i]) < 1e-6 * scales[i])
      #expect(abs(result.guide.standardDeviations[i] / exact[i] - 1) < 1e-6)
    }
    if rho > 0.9 { #expect(result.verdict.verdict == .fail) }
  }

  @Test("Low-rank: a posterior of the family is found")
  func lowRank() throws {
    let n = 6
    // Σ = diag(d²) + v vᵀ, its precision by Sherman and Morrison.
    let d: [Double] = [1, 0.5, 2, 0.1, 30, 1]
    let v: [Double] = [2, -1, 1, 0.3, 50, 0]
    let w = (0..<n).map { v[$0] / (d[$0] * d[$0]) }
    let scale = 1 / (1 + (0..<n).reduce(0) { $0 + v[$1] * w[$1] })
    let density = PointwiseDensity(dimension: n, preferredLanes: 8) { x, g in
      var projection = 0.0
      for i in 0..<n { projection += w[i] * (x[i] - 3) }
      var value = 0.5 * scale * projection * projection
      for i in 0..<n {
        let z = (x[i] - 3) / d[i]
        value -= 0.5 * z * z
        g[i] = -z / d[i] + scale * projection * w[i]
      }
      return value
    }
    let evidence = 3 * log(2 * Double.pi) + d.reduce(0) { $0 + log($1) } - 0.5 * log(scale)
    let result = try runVI(density, configuration: VIConfiguration(guide: .lowRank(1)), seed: 1)
    #expect(result.verdict.verdict == .ok, "\(result.verdict.reasons)")
    #expect(abs(result.elbo - evidence) < 1e-4)
    let covariance = result.guide.covariance
    for i in 0..<n {
      #expect(abs(result.guide.location[i] - 3) < 1e-3 * d[i])
      #expect(abs(covariance[i * n + i] / (d[i] * d[i] + v[i] * v[i]) - 1) < 1e-2)
    }
  }

  @Test(
    "Prior N(0, 1), observation 10 with sd 0.5, at defaults: mean 8, sd 0.447",
    arguments: [GuideFamily.meanField, .fullRank, .lowRank(1)])
  func conjugate(guide: GuideFamily) throws {
    let result = try runVI(VariationalTargets.conjugate, configuration: VIConfiguration(guide: guide), seed: 1)
    #expect(result.verdict.verdict == .ok)
    #expect(abs(result.guide.location[0] - 8) < 1e-6)
    #expect(abs(result.guide.standardDeviations[0] - 0.2.squareRoot()) < 1e-5)
  }

  /// Beta(2, 2) and six heads in eight tosses, in the log-odds u: log p = 8u − 12 log(1 + eᵘ) − log B(8, 4); evidence 1. The weights p/q of
  /// the best Gaussian have a plateau, on which k-hat is large without meaning.
  @Test("A nearly exact guide is ok whatever k-hat says")
  func plateau() throws {
    let logBeta = lgamma(8.0) + lgamma(4.0) - lgamma(12.0)
    let density = PointwiseDensity(dimension: 1) { u, g in
      g[0] = 8 - 12 / (1 + exp(-u[0]))
      return 8 * u[0] - 12 * log1p(exp(u[0])) - logBeta
    }
    let result = try runVI(density, configuration: VIConfiguration(guide: .meanField), seed: 1)
    #expect(result.evaluation.effectiveSampleSize > 0.9 * Double(result.evaluation.draws))
    #expect(result.verdict.verdict == .ok)
    // E u = ψ(8) − ψ(4) and Var u = ψ′(8) + ψ′(4) exactly; the guide is within a tenth of a standard deviation.
    let sd = (0.13313701469403142 + 0.2838229557371153).squareRoot()
    #expect(abs(result.guide.location[0] - (2.01564147795561 - 1.2561176684318005)) < 0.1 * sd)
  }

  @Test("Heavy tails are never ok by way of effective draws", arguments: [1.0, 2.0, 3.0])
  func heavyTails(df: Double) throws {
    let density = PointwiseDensity(dimension: 1) { x, g in
      g[0] = -(df + 1) * x[0] / (df + x[0] * x[0])
      return -0.5 * (df + 1) * log1p(x[0] * x[0] / df)
    }
    let result = try runVI(density, configuration: VIConfiguration(guide: .meanField), seed: 1)
    #expect(result.verdict.verdict != .ok)
  }

  @Test("Closed-form entropy and Adam reach the same place, less exactly")
  func otherWays() throws {
    let density = VariationalTargets.gaussian(mean: [1, -20], scales: [0.1, 10], rho: 0.8)
    for optimizer in [GuideOptimizer.natural, .adam] {
      var configuration = VIConfiguration(guide: .fullRank)
      configuration.entropy = .closedForm
      configuration.optimizer = optimizer
      let result = try runVI(density, configuration: configuration, seed: 1)
      #expect(abs(result.guide.location[0] - 1) < 0.1 * 0.1)
      #expect(abs(result.guide.location[1] + 20) < 0.1 * 10)
      #expect(abs(result.elbo) < 0.05)
    }
  }
}
