import Foundation
import Inference
import Testing

extension DiagnosticsOracle.Case: CustomTestStringConvertible {
  var testDescription: String { "\(kind), \(chains) chains of \(draws), rho \(rho)" }
}

@Suite("Convergence diagnostics")
struct DiagnosticsTests {
  /// The draws of one oracle case, by the recurrence of Oracles/diagnostics.py.
  static func draws(_ c: DiagnosticsOracle.Case) -> [[Double]] {
    var state = UInt64(c.seed) &* 2_654_435_761 &+ 12345
    func uniform() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) * 0x1p-53
    }
    return (0..<c.chains).map { chain in
      var x = 0.0
      return (0..<c.draws).map { _ in
        let e = ((uniform() + uniform()) + uniform()) - 1.5
        let w = uniform() + 0.0001
        x = c.rho * x + e
        switch c.kind {
        case "shifted": return x + 0.25 * Double(chain)
        case "scaled": return x * (1.0 + Double(chain))
        case "heavy": return x / (w * w)
        case "ties": return (x * 3.0).rounded(.down)
        case "large": return 1_000_000.0 + x
        case "tiny": return x * 0x1p-60
        default: return x
        }
      }
    }
  }

  private func agree(_ ours: Double, _ theirs: Double, _ tolerance: Double = 1e-9) -> Bool {
    ours.isNaN && theirs.isNaN || abs(ours - theirs) <= tolerance * abs(theirs)
  }

  @Test("every diagnostic equals ArviZ's to 1e-9 relative", arguments: DiagnosticsOracle.cases)
  func equalsArviZ(_ c: DiagnosticsOracle.Case) {
    let chains = DiagnosticsTests.draws(c)
    let report = DrawReport(chains)
    let names = ["mean", "sd", "mcse_mean", "mcse_sd", "ess_bulk", "ess_tail", "r_hat", "ess_mean", "bfmi"]
    let ours = [
      report.mean, report.sd, report.mcseMean, report.mcseSD, report.essBulk, report.essTail, report.rHat, report.essMean,
      Diagnostics.energyFraction(chains[0]),
    ]
    for (k, name) in names.enumerated() {
      // The mean of a centred sample is a difference: its rounding scales with the spread.
      let allowance = name == "mean" ? 1e-14 * report.sd : 0
      #expect(
        agree(ours[k], c.values[k]) || abs(ours[k] - c.values[k]) <= allowance, "\(name): \(ours[k]), ArviZ \(c.values[k])")
    }
    for (k, p) in Summary.probabilities.enumerated() {
      #expect(abs(report.quantile(p) - c.values[9 + k]) <= 1e-13 * (report.sd + abs(c.values[9 + k])), "quantile \(p)")
      #expect(agree(report.essQuantile(p), c.values[14 + k]), "ESS of quantile \(p): \(report.essQuantile(p)), \(c.values[14 + k])")
      #expect(agree(report.mcseQuantile(p), c.values[19 + k]), "MCSE of quantile \(p): \(report.mcseQuantile(p)), \(c.values[19 + k])")
    }
  }

  @Test("what cannot be diagnosed is NaN with its reason")
  func gaps() {
    let cases: [([[Double]], DiagnosticsGap)] = [
      ([], .noDraws), ([[], []], .noDraws), ([[1, 2, 3], [4, 5, 6]], .tooFewDraws), ([[1]], .constant),
      ([[1, 1, 1, 1], [1, 1, 1, 1]], .constant),
      ([[1, 2, .nan, 4, 5]], .notFinite), ([[1, 2, .infinity, 4, 5]], .notFinite), ([[1, 2, 3, 4], [1, 2, 3]], .unequalChains),
    ]
    for (chains, gap) in cases {
      let report = DrawReport(chains)
      #expect(report.gap == gap, "\(chains)")
      let undefined = [
        report.essBulk, report.essTail, report.essMean, report.rHat, report.mcseMean, report.mcseSD, report.mcseQuantile(0.5),
      ]
      #expect(undefined.allSatisfy { $0.isNaN }, "\(chains): \(undefined)")
    }
    #expect(DrawReport([[2, 2], [2, 2]]).sd == 0)
    #expect(DrawReport([[2, 2], [2, 2]]).median == 2)
    #expect(Diagnostics.energyFraction([1, 2]).isNaN)
    #expect(Diagnostics.energyFraction([3, 3, 3, 3]).isNaN)
  }

  @Test("ranks do not change under a monotone map, nor do R-hat and bulk ESS under shift and scale")
  func invariances() {
    let chains = DiagnosticsTests.draws(DiagnosticsOracle.cases[3])
    let report = DrawReport(chains)
    let cubed = DrawReport(chains.map { $0.map { $0 * $0 * $0 } })
    #expect(cubed.essBulk == report.essBulk)
    let moved = DrawReport(chains.map { $0.map { 1024 * $0 } })
    #expect(moved.rHat == report.rHat)
    #expect(moved.essTail == report.essTail)
    let reversed = DrawReport(Array(chains.reversed()))
    #expect(abs(reversed.rHat - report.rHat) < 1e-12)
  }

  @Test("a chain that is stuck elsewhere shows in R-hat, one of another scale in its folded half")
  func detectsDisagreement() {
    func r(_ index: Int) -> Double { DrawReport(DiagnosticsTests.draws(DiagnosticsOracle.cases[index])).rHat }
    #expect(r(0) < 1.01)
    #expect(r(8) > 1.05)
    #expect(r(9) > 1.05)
  }
}
