import Differentiation
import Distributions
import Foundation
import TestSupport
import Testing

@Suite("Censored data: limits, flags, intervals")
struct CensoredTests {
  /// A table against a distribution of the row's parameters, as variables and as data known while recording.
  private func holds(_ name: String, _ text: String, _ make: ([Tensor]) -> any Distribution) throws {
    let rows = OracleTable.rows(text)
    #expect(rows.count >= 50)
    for row in rows {
      let (arguments, bound) = (row.dropLast(2), OracleBound(row))
      let variable = try Recording.values(arguments.map { ([$0], []) }) { [make(Array($0.dropLast())).density(of: $0.last!)] }[0][0]
      let known = try make(arguments.dropLast().map { Tensor($0) }).density(of: Tensor(arguments.last!)).item()
      for value in [variable, known] { #expect(bound.holds(value), "\(name) \(row): \(value)") }
    }
  }

  private func differences(_ inputs: [(values: [Double], shape: [Int])], _ f: ([Tensor]) -> Tensor) throws {
    try MultivariateTests().differences(inputs, f)
  }

  @Test("limits of detection against mpmath")
  func limits() throws {
    try holds("normal", OracleTable.censoredNormal) { Censored(Normal($0[0], sd: $0[1]), lower: $0[2], upper: $0[3]) }
    try holds("Weibull", OracleTable.censoredWeibull) { Censored(Weibull(shape: $0[0], scale: $0[1]), lower: $0[2], upper: $0[3]) }
    // One limit, and limits that censor nothing.
    let x = Tensor([0.5, 1, 2])
    let plain = try Exponential(rate: 2).logDensity(of: x).values()
    #expect(try Censored(Exponential(rate: 2), lower: -1).logDensity(of: x).values() == plain)
    let top = try Censored(Exponential(rate: 2), upper: 2).logDensity(of: x).values()
    #expect(top[0] == plain[0] && top[1] == plain[1] && abs(top[2] + 4) < 1e-15)
    #expect("\(Censored(Exponential(rate: 2), upper: 3).support)" == "0 ≤ x ≤ 3")
    #expect("\(Censored(Normal(0, sd: 1), lower: 2).support)" == "x ≥ 2")
  }

  @Test("intervals against mpmath")
  func intervals() throws {
    try holds("normal", OracleTable.intervalCensoredNormal) { IntervalCensored(Normal($0[0], sd: $0[1]), upper: $0[2]) }
    try holds("gamma", OracleTable.intervalCensoredGamma) { IntervalCensored(Gamma(shape: $0[0], rate: $0[1]), upper: $0[2]) }
    // An upper end that is none: the survival; both ends that are none: certain.
    let d = IntervalCensored(Weibull(shape: 1.5, scale: 2), upper: Tensor([Double.infinity, .infinity]))
    let open = try d.logDensity(of: Tensor([3.0, 0])).values()
    #expect(abs(open[0] + pow(1.5, 1.5)) < 1e-15 && open[1] == 0)
  }

  @Test("flags choose between density and tail, also at the ends of a support, with finite derivatives")
  func flags() throws {
    let (times, flags) = ([0.0, 0.7, 3, 3], [1.0, 0, 1, 0])
    func weibull(_ v: [Tensor]) -> Weibull { Weibull(shape: v[0], scale: v[1]) }
    let parameters: [(values: [Double], shape: [Int])] = [([1.5], []), ([2], [])]
    let plain = try Recording.values(parameters) { v in
      let (d, x) = (weibull(v), Tensor(times))
      return [d.logDensity(of: x), d.logSurvival(x), d.logCDF(x)]
    }
    let flagged = try Recording.values(parameters) { v in
      [
        Censored(weibull(v), isRightCensored: Tensor(flags)).logDensity(of: Tensor(times)),
        Censored(weibull(v), isLeftCensored: Tensor([1, 0, 0, 0])).logDensity(of: Tensor([0.5, 0.7, 3, 3])),
        Censored(weibull(v), isLeftCensored: Tensor([0, 0, 0, 1]), isRightCensored: Tensor(flags)).logDensity(of: Tensor(times)),
      ]
    }
    #expect(flagged[0] == [0, plain[0][1], plain[1][2], plain[0][3]])
    #expect(flagged[2] == [0, plain[0][1], plain[1][2], plain[2][3]])
    let early: Double = log(-expm1(-pow(0.25, 1.5)))
    #expect(abs(flagged[1][0] - early) < 1e-15 && flagged[1][1] == plain[0][1])
    try differences(parameters) { Censored(weibull($0), isRightCensored: Tensor(flags)).logDensity(of: Tensor(times)).sum() }
    try differences([([0.3], []), ([2], []), ([-1, 1.5], [2])]) { v in
      Censored(Normal(v[0], sd: v[1]), lower: v[2][0], upper: v[2][1]).logDensity(of: stack([v[2][0], Tensor(0.5), v[2][1]])).sum()
    }
    // Exact, left-censored, right-censored and inner intervals at once.
    let ends = Tensor([0.7, 0.5, Double.infinity, 4])
    try differences(parameters) { IntervalCensored(weibull($0), upper: ends).logDensity(of: Tensor([0.7, 0.0, 3, 1])).sum() }
    try differences([([0.3], []), ([2], [])]) {
      IntervalCensored(Normal($0[0], sd: $0[1]), upper: ends).logDensity(of: Tensor([0.7, 0.0, 3, 1])).sum()
    }
    // Forty standard deviations out.
    let far = try Censored(Normal(0, sd: 1), isRightCensored: 1).logDensity(of: 40).item()
    #expect(abs(far + 804.6084420137538) < 1e-9)
  }

  @Test("draws are clipped to limits; with flags they are not; every element of a flag has its own")
  func draws() throws {
    let n = 20_000
    let clipped = try Recording.draws(seed: 3) { [Censored(Normal(0, sd: 1), lower: -1, upper: 0.5).repeated(n).sample(using: $0)] }[0]
    #expect(clipped.allSatisfy { $0 >= -1 && $0 <= 0.5 })
    for (limit, share) in [(-1.0, 0.15865525393145707), (0.5, 0.3085375387259869)] {
      let found = Double(clipped.count { $0 == limit }) / Double(n)
      let error: Double = (share * (1 - share) / Double(n)).squareRoot()
      #expect(abs(found - share) < 5 * error)
    }
    let flags = Tensor([0, 1, 1.0])
    let free = try Recording.draws(seed: 4) {
      [
        Censored(Exponential(rate: 1), isRightCensored: flags).sample(using: $0),
        IntervalCensored(Exponential(rate: 1), upper: Tensor([1, 2, 3.0])).sample(using: $0),
      ]
    }
    #expect(free.allSatisfy { Set($0).count == 3 })
  }

  @Test("hurdles before numbers: density, gradient, draws")
  func hurdles() throws {
    let d = Hurdle(Gamma(shape: 2, rate: 3), probability: 0.25)
    let found = try d.logDensity(of: Tensor([0.0, 0.7, -1])).values()
    #expect(found[0] == log(0.25) && found[2] == -.infinity)
    let plain: Double = try Gamma(shape: 2, rate: 3).logDensity(of: 0.7).item()
    #expect(abs(found[1] - plain - log(0.75)) < 1e-15)
    #expect(try Hurdle(Normal(1, sd: 2), logits: 0).logDensity(of: 0).item() == -log(2.0))
    try differences([([2], []), ([3], []), ([-0.4], [])]) { v in
      Hurdle(Gamma(shape: v[0], rate: v[1]), logits: v[2]).logDensity(of: Tensor([0, 0.7, 1.2])).sum()
    }
    let n = 20_000
    let draws = try Recording.draws(seed: 5) { [d.repeated(n).sample(using: $0)] }[0]
    let positive = draws.filter { $0 > 0 }
    let count = Double(positive.count)
    let (share, mean): (Double, Double) = (count / Double(n), positive.reduce(0, +) / count)
    #expect(abs(share - 0.75) < 5 * (0.1875 / Double(n)).squareRoot())
    let error: Double = (2.0 / 9 / count).squareRoot()
    #expect(abs(mean - 2.0 / 3) < 5 * error)
    // A base with fewer axes than ψ has a draw for each.
    let each = try Recording.draws(seed: 6) { source in
      [Hurdle(Poisson(rate: 30), probability: Tensor([0, 0, 0, 0])).sample(using: source).tensor]
    }[0]
    #expect(Set(each).count > 1 && !each.contains(0))
  }

  @Test("NaN stays NaN, as a value and as a parameter")
  func nan() throws {
    let cases: [([Tensor]) -> any Distribution] = [
      { Censored(Normal($0[0], sd: 1), lower: -1, upper: 2) }, { Censored(Weibull(shape: 2, scale: $0[0]), isRightCensored: 1) },
      { IntervalCensored(Gamma(shape: 2, rate: $0[0]), upper: 3) },
    ]
    for make in cases {
      for (parameter, x) in [(1.0, Double.nan), (.nan, 0.5)] {
        #expect(try Recording.values([([parameter], []), ([x], [])]) { [make($0).density(of: $0[1])] }[0][0].isNaN)
      }
    }
  }
}
