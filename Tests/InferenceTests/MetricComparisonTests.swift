import Foundation
import Inference
import Testing

/// The default metric is chosen by measurement: effective draws per gradient, warm-up's gradients counted.
@Suite("The default metric earns its place")
struct MetricComparisonTests {
  /// The least bulk effective sample size over unknowns per 1000 gradients.
  private func efficiency(_ target: PointwiseDensity, _ metric: MetricAdaptation, seed: UInt64) throws -> Double {
    var configuration = NUTSConfiguration()
    configuration.metric = metric
    let result = try runNUTS(target, configuration: configuration, seed: seed, chainIDs: [1, 2, 3, 4], threads: 2)
    let n = target.dimension
    let least = (0..<n).map { i in
      Diagnostics.essBulk(result.chains.map { chain in (0..<chain.trace.count).map { chain.trace.draws[n * $0 + i] } })
    }.min()
    return 1000 * (least ?? .nan) / Double(result.gradientEvaluations)
  }

  /// A hierarchy of 30 groups of 1 to 15 observations with varying intercepts and slopes.
  private static let hierarchy: PointwiseDensity = {
    var normals = NUTSInvarianceTests.Normals(state: 77)
    var y: [Double] = []
    var group: [Int] = []
    var x: [Double] = []
    for g in 0..<30 {
      let intercept = 1.5 + 0.4 * normals.next()
      let slope = -0.7 + 0.3 * normals.next()
      for k in 0..<(1 + g / 2) {
        x.append(k % 3 == 0 ? 1 : 0)
        group.append(g)
        y.append(intercept + slope * (k % 3 == 0 ? 1 : 0) + 0.8 * normals.next())
      }
    }
    return NUTSTargets.radon(y: y, county: group, floor: x, counties: 30)
  }()

  @Test("more effective draws per gradient than Stan's diagonal metric")
  func efficiencies() throws {
    let scales = (0..<40).map { pow(10, -2 + 4 * Double($0) / 39) }
    let targets = [
      ("eight schools", NUTSTargets.eightSchools), ("ill-scaled normal", NUTSTargets.gaussian(means: scales, sds: scales)),
      ("hierarchy", Self.hierarchy),
    ]
    let standard = NUTSConfiguration().metric
    for (name, target) in targets {
      let ours = try (1...3).map { try efficiency(target, standard, seed: $0) }.reduce(0, +)
      let stan = try (1...3).map { try efficiency(target, .diagonalVariance, seed: $0) }.reduce(0, +)
      #expect(ours > stan, "\(name): \(ours / 3) against \(stan / 3)")
    }
  }
}
