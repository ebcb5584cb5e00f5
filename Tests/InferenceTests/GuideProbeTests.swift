import Foundation
import Inference
import Testing

@Suite("Short chains from a guide's draws, and ascent that survives")
struct GuideProbeTests {
  private static let mean = [1.0, -2, 0.5]
  private static let scales = [1.0, 0.1, 50]
  private static let target = VariationalTargets.gaussian(mean: mean, scales: scales, rho: 0.9)

  /// The target's own distribution with its locations moved (in sd) and its scales multiplied.
  private static func guide(moved: Double = 0, stretched: Double = 1) -> GaussianGuide? {
    var covariance = [Double](repeating: 0, count: 9)
    for i in 0..<3 {
      for j in 0..<3 { covariance[3 * i + j] = stretched * stretched * scales[i] * scales[j] * pow(0.9, Double(abs(i - j))) }
    }
    return GaussianGuide(location: zip(mean, scales).map { $0 + moved * $1 }, covariance: covariance)
  }

  private static func probe(_ guide: GaussianGuide?, seed: UInt64 = 1, threads: Int = 1, isBrief: Bool = false) throws -> GuideProbe {
    let guide = try #require(guide)
    let draws = try guide.draws(4000, of: target, seed: seed)
    return try #require(try GuideProbe.run(target, draws, seed: seed, threads: threads, isBrief: isBrief, monitor: nil))
  }

  @Test("A right guide is vouched for", arguments: 1...5)
  func right(seed: UInt64) throws {
    // Three values with four comparisons each, against 0.1 and two standard errors of about 0.03: false alarms are below 10⁻⁶.
    let probe = try Self.probe(Self.guide(), seed: seed)
    #expect(probe.vouches, "\(probe)")
    #expect(abs(probe.location) < 0.15)
    #expect(abs(probe.scale) < 0.15)
  }

  @Test("A wrong location or scale is found, and how wrong it is")
  func wrong() throws {
    let moved = try Self.probe(Self.guide(moved: 0.4))
    #expect(moved.accuses)
    #expect(abs(moved.location + 0.4) < 0.2, "\(moved)")
    for stretch in [0.7, 1.4] {
      let probe = try Self.probe(Self.guide(stretched: stretch))
      #expect(probe.accuses)
      #expect(abs(probe.scale + log(stretch)) < 0.15, "\(probe)")
    }
  }

  @Test("Few chains see gross errors only, and neither vouch nor suspect")
  func brief() throws {
    let (right, wrong) = (try Self.probe(Self.guide(), isBrief: true), try Self.probe(Self.guide(moved: 1.5), isBrief: true))
    #expect(!right.accuses && !right.vouches && !right.suspects)
    #expect(wrong.accuses && abs(wrong.location + 1.5) < 0.6, "\(wrong)")
    #expect(right.evaluations < 15_000)
  }

  @Test("A shift that may be above a quarter is suspect, unless the chains stayed where they began")
  func suspicion() throws {
    func probe(reach: Double, memory: Double) throws -> GuideProbe {
      let found = try JSONEncoder().encode(Self.probe(Self.guide()))
      var fields = try #require(try JSONSerialization.jsonObject(with: found) as? [String: Any])
      (fields["reach"], fields["memory"]) = (reach, memory)
      return try JSONDecoder().decode(GuideProbe.self, from: JSONSerialization.data(withJSONObject: fields))
    }
    let open = try probe(reach: 0.3, memory: 0.35)
    #expect(open.suspects && !open.vouches)
    #expect(VerdictRules.judged([], by: open).map(\.code) == ["chains_unsettled"])
    #expect(try !probe(reach: 0.3, memory: 0.7).suspects)
    #expect(try probe(reach: 0.2, memory: 0.35).vouches)
  }

  @Test("Equal bits on any number of threads")
  func threads() throws {
    let one = try JSONEncoder().encode(Self.probe(Self.guide(), threads: 1))
    let two = try JSONEncoder().encode(Self.probe(Self.guide(), threads: 3))
    let (a, b) = (try JSONDecoder().decode(GuideProbe.self, from: one), try JSONDecoder().decode(GuideProbe.self, from: two))
    #expect(a.location == b.location && a.scale == b.scale && a.memory == b.memory && a.acceptance == b.acceptance)
  }

  @Test("What chains find overrules weights, both ways")
  func rules() throws {
    let doubt = [Verdict.Reason(code: "pareto_k", severity: .fail, text: "k-hat.")]
    let right = try Self.probe(Self.guide())
    #expect(Verdict(VerdictRules.judged(doubt, by: right)).verdict == .ok)
    #expect(VerdictRules.judged(doubt, by: right).map(\.code) == ["chains_vouch"])
    #expect(VerdictRules.judged([], by: right).isEmpty)
    #expect(VerdictRules.judged(doubt, by: nil).map(\.code) == ["pareto_k"])
    let wrong = try Self.probe(Self.guide(moved: 0.4))
    #expect(Verdict(VerdictRules.judged([], by: wrong)).verdict == .caution)
    #expect(Verdict(VerdictRules.judged([], by: try Self.probe(Self.guide(moved: 2)))).verdict == .fail)
  }

  /// −e^{x₀} + x₀ − Σ xᵢ²/2 with a cliff: a step too long falls off to values that never come back by themselves.
  private final class Cliff: StochasticObjective {
    let parameterCount = 3

    func evaluate(
      parameters: UnsafePointer<Double>, step: Int, value: UnsafeMutablePointer<Double>, gradient: UnsafeMutablePointer<Double>
    ) {
      value.pointee = 0
      for i in 0..<3 {
        let d = parameters[i] - 1
        value.pointee -= abs(d) < 3 ? 0.5 * d * d : 1e9
        gradient[i] = abs(d) < 3 ? -d + 0.1 * sin(12.9898 * Double(step * 3 + i)) : d
      }
      // A wild gradient once in a while.
      if step % 300 == 299 { gradient[1] = 1e6 }
    }
  }

  @Test("Guarded ascent is put back after a collapse and ends at the optimum; without the guard it does not")
  func collapse() {
    var configuration = StochasticConfiguration()
    configuration.optimizer = .sgd
    configuration.rate = 0.3
    configuration.steps = 3000
    let plain = runStochastic(Cliff(), from: [0, 0, 0], configuration: configuration)
    #expect(plain.parameters.contains { !(abs($0 - 1) < 0.1) })
    configuration.isGuarded = true
    let guarded = runStochastic(Cliff(), from: [0, 0, 0], configuration: configuration)
    for x in guarded.parameters { #expect(abs(x - 1) < 0.1) }
  }
}
