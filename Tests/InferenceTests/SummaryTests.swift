import Foundation
import Inference
import Testing

@Suite("Summaries of draws")
struct SummaryTests {
  private func draws() -> DrawSet {
    let a = DiagnosticsTests.draws(DiagnosticsOracle.cases[1])
    let b = DiagnosticsTests.draws(DiagnosticsOracle.cases[0])
    let pair = zip(a, b).map { x, y in zip(x, y).flatMap { [$0, $1] } }
    return DrawSet(
      chains: 4, drawsPerChain: 1000,
      variables: [
        VariableDraws(name: "tau", kind: .latent, shape: [], values: a),
        VariableDraws(name: "theta", kind: .output, shape: [1, 2], values: pair),
        VariableDraws(name: "fixed", kind: .predictive, shape: [1], values: Array(repeating: Array(repeating: 2, count: 1000), count: 4)),
        VariableDraws(name: "broken", kind: .output, shape: [], values: Array(repeating: Array(repeating: .nan, count: 1000), count: 4)),
      ], sampleStats: [:])
  }

  @Test("every element has the numbers its draws have alone")
  func elements() {
    let summaries = Summary.summarize(draws())
    #expect(summaries.map(\.name) == ["tau", "theta", "fixed", "broken"])
    #expect(summaries.map(\.shape) == [[], [1, 2], [1], []])
    #expect(summaries.map(\.kind) == [.latent, .output, .predictive, .output])
    for (index, report) in [DiagnosticsOracle.cases[1], DiagnosticsOracle.cases[0]].map({ DrawReport(DiagnosticsTests.draws($0)) })
      .enumerated()
    {
      let theta = summaries[1]
      #expect(theta.mean[index] == report.mean)
      #expect(theta.sd[index] == report.sd)
      #expect(theta.mcseMean[index] == report.mcseMean)
      #expect(theta.mcseSD[index] == report.mcseSD)
      #expect(theta.median[index] == report.median)
      #expect(theta.essBulk[index] == report.essBulk)
      #expect(theta.essTail[index] == report.essTail)
      #expect(theta.rHat[index] == report.rHat)
      #expect(theta.quantiles.map(\.probability) == [0.05, 0.25, 0.5, 0.75, 0.95])
      #expect(theta.quantiles.map { $0.value[index] } == Summary.probabilities.map(report.quantile))
      #expect(theta.quantiles.map { $0.mcse[index] } == Summary.probabilities.map(report.mcseQuantile))
      #expect(theta.gaps[index] == nil)
    }
    #expect(summaries[0].mean[0] == summaries[1].mean[0])
  }

  @Test("what has no diagnostics says why")
  func gaps() {
    let summaries = Summary.summarize(draws(), probabilities: [0.1, 0.9])
    #expect(summaries[2].gaps == [.constant])
    #expect(summaries[2].mean == [2])
    #expect(summaries[2].sd == [0])
    #expect(summaries[2].quantiles.map(\.value) == [[2], [2]])
    #expect(summaries[2].rHat[0].isNaN && summaries[2].essBulk[0].isNaN && summaries[2].mcseMean[0].isNaN)
    #expect(summaries[3].gaps == [.notFinite])
    #expect(summaries[3].mean[0].isNaN && summaries[3].median[0].isNaN)
    var ragged = draws()
    ragged.variables[0].values[2].removeLast()
    #expect(Summary.summarize(ragged)[0].gaps == [.unequalChains])
    let none = DrawSet(
      chains: 0, drawsPerChain: 0, variables: [VariableDraws(name: "x", kind: .latent, shape: [], values: [])], sampleStats: [:])
    #expect(Summary.summarize(none)[0].gaps == [.noDraws])
  }
}
