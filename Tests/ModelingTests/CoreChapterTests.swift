import Credence
import Differentiation
import Distributions
import Foundation
import Inference
import Modeling
import Testing

/// The chapter "The core in two hundred lines" of the documentation, whose code is the file CoreInTwoHundredLines.swift.
@Suite("The core in two hundred lines") struct CoreChapterTests {
  /// Eight schools, non-centred, as Credence has it.
  struct Schools: Model {
    let y, sigma: Tensor
    static let y = [28.0, 8, -3, 7, -1, 1, 18, 12]
    static let sigma = [15.0, 10, 16, 11, 9, 11, 10, 18]
    static var data: Schools { Schools(y: Tensor(y), sigma: Tensor(sigma)) }

    func body(_ p: Program) throws {
      let mu = p.sample("mu", Normal(0, sd: 5))
      let tau = p.sample("tau", HalfCauchy(scale: 5))
      p.plate("schools", y.count) { j in
        let theta = mu + tau * p.sample("xi", Normal(0, sd: 1))
        p.observe("y", Normal(theta, sd: sigma[j]), y[j])
      }
    }
  }

  /// The same, as the chapter has it.
  private var small: SmallModel {
    SmallModel { p in
      let mu = p.sample("mu", normal(0, sd: 5))
      let tau = p.sample("tau", halfCauchy(scale: 5))
      for (y, sigma) in zip(Schools.y, Schools.sigma) {
        let theta = mu + tau * p.sample("xi", normal(0, sd: 1))
        p.observe(y, normal(theta, sd: Traced(sigma)))
      }
    }
  }

  @Test func theChapterIsTheFile() throws {
    let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let root = here.deletingLastPathComponent().deletingLastPathComponent()
    let chapter = try String(
      contentsOf: root.appendingPathComponent("Sources/Credence/Credence.docc/CoreInTwoHundredLines.md"), encoding: .utf8)
    let code = try String(contentsOf: here.appendingPathComponent("CoreInTwoHundredLines.swift"), encoding: .utf8)
    var blocks: [[Substring]] = []
    var isOpen = false
    for line in chapter.split(separator: "\n", omittingEmptySubsequences: false) {
      if line == "```swift" { blocks.append([]) }
      if isOpen, line != "```" { blocks[blocks.count - 1].append(line) }
      isOpen = line == "```swift" || isOpen && line != "```"
    }
    #expect(blocks.count > 3)
    #expect(blocks.map { $0.joined(separator: "\n") }.joined(separator: "\n\n") + "\n" == code)
    #expect(code.split(separator: "\n", omittingEmptySubsequences: false).count - 1 <= 200)
  }

  @Test(arguments: [0.3, 1, 2]) func densityAndGradientAreOurs(scale: Double) throws {
    let ours = try DensityProbe(Schools.data)
    let u = point(10).map { scale * $0 }
    let (expected, found) = (ours.both(u), small.evaluate(u))
    #expect(isClose(found.logDensity, expected.value))
    for (a, b) in zip(found.gradient, expected.gradient) { #expect(isClose(a, b)) }
    #expect(found.gradient.count == 10 && small.names.first == "mu")
    let variables = try ours.variables(u)
    #expect(isClose(found.values[1], try #require(variables["tau"]?.first)))
  }

  /// Forty numbers (means and sds of ten unknowns, of two samplers each with its own Monte Carlo error) within 4.5 combined errors: by chance
  /// one is beyond in one run of 7000.
  @Test func chainsHaveOurPosterior() async throws {
    let model = small
    let chains = (1...4).map { hamiltonian(model, warmup: 500, draws: 1000, seed: UInt64($0)) }
    let set = DrawSet(
      chains: 4, drawsPerChain: 1000,
      variables: model.names.indices.map { k in
        VariableDraws(name: "\(k)", kind: .latent, shape: [], values: chains.map { $0.map { $0[k] } })
      }, sampleStats: [:])
    let found = Summary.summarize(set)
    let ours = try await fit(Schools.data, .nuts(), seed: 7).summaries
    func all(_ path: KeyPath<VariableSummary, [Double]>, _ summaries: [VariableSummary]) -> [Double] {
      summaries.flatMap { $0[keyPath: path] }
    }
    #expect(all(\.mean, ours).count == 10)
    for r in all(\.rHat, found) { #expect(r < 1.05) }
    for (value, error) in [(\VariableSummary.mean, \VariableSummary.mcseMean), (\.sd, \.mcseSD)] {
      for k in 0..<10 {
        let (e, f): (Double, Double) = (all(error, found)[k], all(error, ours)[k])
        let combined: Double = (e * e + f * f).squareRoot()
        let difference: Double = all(value, found)[k] - all(value, ours)[k]
        #expect(abs(difference) < 4.5 * combined, "number \(k): \(difference) ± \(combined)")
      }
    }
  }

  /// For one unknown with normal data the posterior is normal, N(Σ y/σ² · v, v) with 1/v = 1/25 + Σ 1/σ², and the guide can be it. The gradient has noise
  /// even there: eight runs tell how much, and their mean is within 6 of its errors (by chance beyond in one run of 900), with 1 % of an sd besides for the
  /// finite number of steps.
  @Test func guideOfANormalPosterior() throws {
    let model = SmallModel { p in
      let mu = p.sample("mu", normal(0, sd: 5))
      for (y, sigma) in zip(Schools.y, Schools.sigma) { p.observe(y, normal(mu, sd: Traced(sigma))) }
    }
    let weights: [Double] = Schools.sigma.map { 1 / ($0 * $0) }
    let variance: Double = 1 / (1 / 25 + weights.reduce(0, +))
    let products: [Double] = zip(weights, Schools.y).map { $0 * $1 }
    let mean: Double = variance * products.reduce(0, +)
    let runs = (1...8).map { meanField(model, steps: 1000, seed: UInt64($0)) }
    expectMean(runs.map { $0.location[0] }, mean, slack: 0.01 * variance.squareRoot())
    expectMean(runs.map { $0.scale[0] }, variance.squareRoot(), slack: 0.01 * variance.squareRoot())
  }

  /// Eight schools: the same optimum as ours, whose own error is below 0.02 of the guide's sds; that of Adam's steps is as large.
  @Test func guideOfEightSchools() async throws {
    let ours = try await fit(Schools.data, .vi(guide: .meanField, steps: 20_000, particles: 16, rate: 0.02), seed: 1)
    guard case .vi(let result) = ours.details else {
      Issue.record("the fit is variational")
      return
    }
    let model = small
    let runs = (1...8).map { meanField(model, steps: 1500, seed: UInt64($0)) }
    for k in 0..<10 {
      let sd = exp(result.guide.logScale[k])
      expectMean(runs.map { $0.location[k] }, result.guide.location[k], slack: 0.04 * sd)
      expectMean(runs.map { $0.scale[k] }, sd, slack: 0.04 * sd)
    }
  }

  private func expectMean(_ values: [Double], _ expected: Double, slack: Double, _ source: SourceLocation = #_sourceLocation) {
    let n = Double(values.count)
    let mean: Double = values.reduce(0, +) / n
    let squares: [Double] = values.map { ($0 - mean) * ($0 - mean) }
    let error: Double = (squares.reduce(0, +) / (n * (n - 1))).squareRoot()
    #expect(abs(mean - expected) < 6 * error + slack, "\(mean) ± \(error), not \(expected)", sourceLocation: source)
  }
}
