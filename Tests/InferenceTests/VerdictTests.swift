import Foundation
import Inference
import Testing

@Suite("Verdicts, statuses and stochastic ascent")
struct VerdictTests {
  private static func figures(_ change: (inout VerdictRules.ChainFigures) -> Void = { _ in }) -> [Verdict.Reason] {
    var f = VerdictRules.ChainFigures(
      chains: 4, draws: 1000, worstRHat: 1.002, smallestBulkESS: 2000, smallestTailESS: 1500, divergences: 0, saturations: 0,
      smallestEnergyFraction: 0.9, worstName: "tau")
    change(&f)
    return VerdictRules.chains(f)
  }

  @Test("The rules for chains, one by one")
  func chains() {
    #expect(Verdict(Self.figures()).verdict == .ok)
    #expect(Self.figures { $0.worstRHat = 1.02 }.map(\.code) == ["r_hat"])
    #expect(Self.figures { $0.worstRHat = 1.02 }[0].text.hasPrefix("R-hat is 1.02, above 1.01 (worst: tau)"))
    #expect(Verdict(Self.figures { $0.worstRHat = .nan }).verdict == .fail)
    #expect(Verdict(Self.figures { $0.worstRHat = 1.2 }).verdict == .fail)
    #expect(Self.figures { $0.smallestBulkESS = 399 }.map(\.code) == ["ess_bulk"])
    #expect(Self.figures { $0.smallestTailESS = 50 }[0].severity == .fail)
    #expect(Self.figures { $0.smallestBulkESS = 399 }[0].text.hasSuffix("Draw more."))
    let diagonal = Self.figures {
      $0.smallestBulkESS = 399
      $0.couldBeDense = true
    }
    #expect(
      diagonal[0].text.hasSuffix(
        "are noisy. Draw more, or let the metric know correlations (--metric dense; with so many unknowns it does only if asked)."))
    #expect(Self.figures { $0.divergences = 3 }[0].severity == .caution)
    #expect(Self.figures { $0.divergences = 3 }[0].text.hasPrefix("3 of 4000 draws diverged"))
    #expect(Self.figures { $0.divergences = 300 }[0].severity == .fail)
    #expect(Self.figures { $0.saturations = 1 }.map(\.code) == ["tree_depth"])
    #expect(Self.figures { $0.smallestEnergyFraction = 0.2 }.map(\.code) == ["e_bfmi"])
    #expect(Self.figures { $0.smallestEnergyFraction = .nan }.isEmpty)
  }

  @Test("A verdict is the worst of its reasons and survives JSON")
  func codable() throws {
    let reasons: [Verdict.Reason] = [
      .init(code: "a", severity: .ok, text: "A."), .init(code: "b", severity: .caution, text: "B."),
    ]
    let verdict = Verdict(reasons)
    #expect(verdict.verdict == .caution)
    #expect(verdict.adding([.init(code: "c", severity: .fail, text: "C.")]).verdict == .fail)
    #expect(Verdict().verdict == .ok)
    let data = try JSONEncoder().encode(verdict)
    #expect(try JSONDecoder().decode(Verdict.self, from: data) == verdict)
  }

  @Test("Every status is a sentence, no two alike; failures give advice")
  func statuses() {
    #expect(Set(Status.allCases.map(\.text)).count == Status.allCases.count)
    for status in Status.allCases {
      #expect(status.text.hasSuffix("."))
      if !status.isSuccess, status != .cancelled { #expect(status.text.count > 80) }
    }
  }

  @Test(
    "Numbers in sentences",
    arguments: [(0.7312, "0.731"), (12345, "12345"), (3, "3"), (0.00012345, "0.000123"), (1.0206, "1.02"), (-2.5e300, "-2.5e+300")])
  func brief(value: Double, text: String) { #expect(value.brief() == text) }

  @Test("Numbers in sentences that are not finite")
  func briefNonFinite() {
    #expect(1.2101430968414206e-14.brief(2) == "1.2e-14" && (-9.999e-300).brief() == "-1e-299")
    #expect(Double.infinity.brief() == "infinite")
    #expect(Double.nan.brief() == "not a number")
  }

  @Test("Adam does what its formula says, and takes what is not finite for zero")
  func adam() {
    let n = 19
    let optimizer = Adam(count: n)
    var x = [Double](repeating: 0, count: n)
    var y = x
    var m = x
    var v = x
    for t in 1...50 {
      var g = (0..<n).map { sin(Double(t * ($0 + 1))) * pow(10, Double($0 - 9)) }
      if t == 7 { g[3] = .nan }
      optimizer.ascend(&x, gradient: g, rate: 0.1)
      if t == 7 { g[3] = 0 }
      for i in 0..<n {
        m[i] = 0.9 * m[i] + 0.1 * g[i]
        v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i]
        y[i] += 0.1 * m[i] / (1 - pow(0.9, Double(t))) / ((v[i] / (1 - pow(0.999, Double(t)))).squareRoot() + 1e-8)
      }
    }
    for i in 0..<n { #expect(abs(x[i] - y[i]) < 1e-10) }
  }

  /// −½ Σ (x − i)² with noise in the gradient, repeatable by step; every seventh value fails where asked for.
  private final class NoisyQuadratic: StochasticObjective {
    let parameterCount = 5
    let failsAt: Int

    init(failsAt: Int = .max) { self.failsAt = failsAt }

    func evaluate(
      parameters: UnsafePointer<Double>, step: Int, value: UnsafeMutablePointer<Double>, gradient: UnsafeMutablePointer<Double>
    ) {
      value.pointee = 0
      for i in 0..<5 {
        let d = parameters[i] - Double(i)
        value.pointee -= 0.5 * d * d
        gradient[i] = -d + sin(12.9898 * Double(step * 5 + i) + 0.3)
      }
      if step % failsAt == failsAt - 1 { value.pointee = .nan }
    }
  }

  @Test("Stochastic ascent: automatic, fixed, plain, and with failing steps")
  func stochastic() {
    let start = [Double](repeating: 0, count: 5)
    let automatic = runStochastic(NoisyQuadratic(), from: start, configuration: StochasticConfiguration())
    #expect(automatic.status == .converged)
    for i in 0..<5 { #expect(abs(automatic.parameters[i] - Double(i)) < 0.05) }
    #expect(automatic.iterateRHat < 1.1)
    var configuration = StochasticConfiguration()
    configuration.steps = 3000
    let fixed = runStochastic(NoisyQuadratic(failsAt: 7), from: start, configuration: configuration)
    #expect(fixed.status == .stepsDone)
    #expect(fixed.badSteps == 428)
    for i in 0..<5 { #expect(abs(fixed.parameters[i] - Double(i)) < 0.05) }
    configuration.isPlain = true
    let plain = runStochastic(NoisyQuadratic(), from: start, configuration: configuration)
    for i in 0..<5 { #expect(abs(plain.parameters[i] - Double(i)) < 0.3) }
    let stopped = runStochastic(NoisyQuadratic(), from: start, configuration: configuration) { _, _ in .stop }
    #expect(stopped.status == .cancelled)
    #expect(stopped.steps == 64)
  }
}
