import Foundation
import Modeling
import Testing

@Suite struct EnumerationPropertyTests {
  /// The sum, its gradient, and all probabilities, on graphs small enough to list their configurations.
  @Test func randomGraphsEqualTheSumOverAllConfigurations() throws {
    var seen = 0
    var sequences = 0
    for seed in 1...600 as ClosedRange<UInt64> where seen < 40 {
      let model = RandomGraph(seed: seed)
      let probe = try DensityProbe(model)
      guard probe.compiled.recorded.summation != nil,
        let count = BruteForce.configurations(probe.compiled), count <= 128
      else { continue }
      seen += 1
      sequences += probe.compiled.recorded.sites.contains { $0.isSummedOut && $0.sequence != nil } ? 1 : 0
      let u = point(4)
      let expected = try BruteForce(model, probe.compiled, at: u)
      #expect(isClose(probe.value(u), expected.value, 1e-12), "seed \(seed): \(probe.value(u)) and \(expected.value)")
      #expect(probe.gradientError(u) < 1e-7, "seed \(seed)")
      let variables = try probe.variables(u)
      for (site, own) in expected.probabilities {
        let found = try #require(variables["\(site).probability"])
        #expect(found.count == own.count && zip(found, own).allSatisfy { abs($0 - $1) < 1e-12 }, "seed \(seed), site \(site)")
      }
    }
    #expect(seen == 40)
    #expect(sequences >= 12)
  }
}
