import Differentiation
import Distributions
import Foundation
import Inference
import Kernels
import Modeling
import Testing

@Suite("Summaries of draws that are not kept") struct StreamingTests {
  /// Autoregressive draws x′ = ρ x + √(1 − ρ²) z of each chain, standard normal.
  private func chain(_ number: UInt32, count: Int, memory: Double) -> [Double] {
    var noise = [Double](repeating: 0, count: count)
    var chains = [number]
    RandomFill.normals(count: count, lanes: 1, chains: &chains, at: RandomAddress(seed: 9, purpose: 1), &noise)
    var x = noise[0]
    return noise.map { z in
      x = memory * x + (1 - memory * memory).squareRoot() * z
      return x
    }
  }

  private func streamed(_ chains: [[Double]], block: Int) -> StreamingDraws {
    var summary = StreamingDraws([(name: "x", kind: .latent, shape: [])])
    for first in stride(from: 0, to: chains[0].count, by: block) {
      let values = chains.map { Array($0[first..<min(first + block, $0.count)]) }
      summary.add([VariableDraws(name: "x", kind: .latent, shape: [], values: values)])
    }
    return summary
  }

  @Test("against summaries of all draws", arguments: [0.0, 0.7, -0.4]) func exact(memory: Double) {
    let chains = (0..<4).map { chain($0, count: 50_000, memory: memory) }
    let set = DrawSet(
      chains: 4, drawsPerChain: 50_000, variables: [VariableDraws(name: "x", kind: .latent, shape: [], values: chains)], sampleStats: [:])
    let whole = Summary.summarize(set)[0]
    let found = streamed(chains, block: 1000).summaries[0]
    #expect(abs(found.mean[0] - whole.mean[0]) < 1e-12)
    #expect(abs(found.sd[0] / whole.sd[0] - 1) < 1e-12)
    // 128 to 256 batches: a relative standard error of 1/√(2·128) = 6 %; 4 of them allow for all comparisons here.
    #expect(abs(found.mcseMean[0] / whole.mcseMean[0] - 1) < 0.25)
    #expect(abs(found.mcseSD[0] / whole.mcseSD[0] - 1) < 0.25)
    #expect(abs((found.essBulk[0] / whole.essBulk[0]).squareRoot() - 1) < 0.25)
    #expect(abs((found.essTail[0] / whole.essTail[0]).squareRoot() - 1) < 0.25)
    #expect(abs(found.rHat[0] - whole.rHat[0]) < 0.002)
    for k in whole.quantiles.indices {
      let p = whole.quantiles[k].probability
      // The stated error in rank, 0.2 % in the middle, over the density.
      let z = whole.quantiles[k].value[0]
      let density = exp(-z * z / 2) / (2 * Double.pi).squareRoot()
      #expect(abs(found.quantiles[k].value[0] - z) < 0.004 * (p * (1 - p)).squareRoot() / density)
    }
  }

  @Test("chains that disagree show") func disagreement() {
    let chains = (0..<4).map { number in chain(UInt32(number), count: 4000, memory: 0).map { $0 + (number == 3 ? 1.0 : 0) } }
    #expect(streamed(chains, block: 1000).summaries[0].rHat[0] > 1.05)
  }

  @Test("what cannot be summarized says so") func gaps() {
    #expect(streamed([[1, 1, 1, 1, 1]], block: 5).summaries[0].gaps == [.constant])
    #expect(streamed([[1, 2, .nan, 1, 1]], block: 5).summaries[0].gaps == [.notFinite])
    #expect(streamed([[1, 2, 3, 1, 1]], block: 5).summaries[0].gaps == [.tooFewDraws])
    #expect(streamed([[1, 2, 3, 1, 1]], block: 5).summaries[0].mean[0] == 1.6)
  }

  @Test("the sketch keeps ranks to what it promises, in constant memory", arguments: [1, 7, 1000, 50_000]) func sketch(block: Int) {
    let count = 50_000
    // A permutation of 0, …, count − 1, so that ranks are known.
    let values = (0..<count).map { Double(($0 * 20_011 + 7) % count) }
    var digest = QuantileDigest()
    for first in stride(from: 0, to: count, by: block) { digest.add(values[first..<min(first + block, count)].sorted()) }
    #expect(digest.count == count)
    #expect(digest.centroids <= 410)
    #expect(digest.quantile(0) == 0 && digest.quantile(1) == Double(count - 1))
    for probability in [0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999] {
      let rank = digest.quantile(probability) / Double(count - 1)
      #expect(abs(rank - probability) < .pi * (probability * (1 - probability)).squareRoot() / 400 + 2 / Double(count))
    }
  }

  @Test("a run without draws agrees with one that keeps them") func run() throws {
    var method = Method<Schools>.nuts(chains: 2, warmup: 500, draws: 4000)
    let kept = try FitEngine(Schools.rubin, method, seed: 3, threads: 2, stop: FitStop()) { _ in }.run()
    method.control.keepsDraws = false
    let streamed = try FitEngine(Schools.rubin, method, seed: 3, threads: 1, stop: FitStop()) { _ in }.run()
    for (a, b) in zip(kept.summaries, streamed.summaries) {
      #expect(zip(a.mean, b.mean).allSatisfy { abs($0 - $1) < 1e-9 })
      #expect(zip(a.sd, b.sd).allSatisfy { abs($0 / $1 - 1) < 1e-9 })
    }
    #expect(streamed.drawSet.variables.allSatisfy { $0.values.allSatisfy(\.isEmpty) })
    guard case .nuts(let first) = kept.details, case .nuts(let second) = streamed.details else {
      Issue.record("The fit is not of the kind that was asked for.")
      return
    }
    #expect(first.report.divergences == second.report.divergences)
    #expect(zip(first.report.energyFractions, second.report.energyFractions).allSatisfy { abs($0 / $1 - 1) < 1e-9 })
    #expect(first.gradientEvaluations == second.gradientEvaluations)
  }
}
