import Foundation
import Inference
import Testing

/// Each chain takes a dense metric where its draws are strongly correlated, and only there.
@Suite("The automatic metric")
struct MetricAutomaticTests {
  private func run(_ target: PointwiseDensity, _ metric: MetricAdaptation = .automatic, draws: Int = 50) throws -> NUTSResult {
    var configuration = NUTSConfiguration()
    configuration.metric = metric
    configuration.draws = draws
    return try runNUTS(target, configuration: configuration, seed: 5, chainIDs: [1, 2, 3, 4])
  }

  /// Correlation 0.95 between unknowns with sds 10⁻³ and 10³.
  @Test("is dense for strongly correlated unknowns, in any units")
  func correlated() throws {
    let sds = [1e-3, 1e3]
    let c = 1 / (1 - 0.95 * 0.95)
    let precision = [
      [c / (sds[0] * sds[0]), -0.95 * c / (sds[0] * sds[1])], [-0.95 * c / (sds[0] * sds[1]), c / (sds[1] * sds[1])],
    ]
    for chain in try run(NUTSTargets.gaussian(precision: precision)).chains {
      let factor = try #require(chain.metric.factor)
      // L₂₁/√(L₂₁² + L₂₂²) is the correlation; 500 draws know it to 0.005 if they are independent.
      #expect(abs(factor[2] / (factor[2] * factor[2] + factor[3] * factor[3]).squareRoot() - 0.95) < 0.04)
      #expect(abs(factor[0] / sds[0] - 1) < 0.35)
    }
  }

  @Test("is diagonal for uncorrelated unknowns", arguments: [2, 10, 50])
  func uncorrelated(dimension: Int) throws {
    let sds = (0..<dimension).map { pow(10, -2 + 4 * Double($0) / Double(dimension)) }
    let target = NUTSTargets.gaussian(means: sds, sds: sds)
    for chain in try run(target).chains { #expect(chain.metric.factor == nil) }
  }

  @Test("is the diagonal Fisher metric, to the bit, for one unknown and for more than fifty", arguments: [1, 51])
  func beyond(dimension: Int) throws {
    let target = NUTSTargets.autoregression(dimension: dimension, rho: 0.9)
    let automatic = try run(target)
    let fisher = try run(target, .diagonalFisher)
    #expect(automatic.chains.map(\.trace.draws) == fisher.chains.map(\.trace.draws))
    #expect(automatic.chains.map(\.metric) == fisher.chains.map(\.metric))
  }

  @Test("is dense for fifty strongly correlated unknowns")
  func fifty() throws {
    for chain in try run(NUTSTargets.autoregression(dimension: 50, rho: 0.9), draws: 10).chains { #expect(chain.metric.factor != nil) }
  }
}
