import Differentiation
import Distributions
import Foundation
import Inference
import Kernels
import Modeling
import Testing

/// Every family that can be observed, each in a plate of two elements. The latent `s` is 0 in all draws.
private struct Families: Model {
  func body(_ p: Program) throws {
    let s = p.sample("s", Normal(0, sd: 1))
    let zeros = Tensor([0, 0])
    p.plate("n", 2) { i in
      p.observe("normal", Normal(1 + s, sd: 2), zeros[i])
      p.observe("studentT", StudentT(df: 8, 1 + s, scale: 2), zeros[i])
      p.observe("laplace", Laplace(1 + s, scale: 0.5), zeros[i])
      p.observe("logistic", Logistic(1 + s, scale: 0.5), zeros[i])
      p.observe("uniform", Uniform(s - 1, 3), zeros[i])
      p.observe("beta", Beta(2 + s, 3), zeros[i])
      p.observe("smallGamma", Gamma(shape: 0.7 + s, rate: 2), zeros[i])
      p.observe("gamma", Gamma(shape: 3, rate: 2 + s), zeros[i])
      p.observe("inverseGamma", InverseGamma(shape: 6, scale: 5 + s), zeros[i])
      p.observe("exponential", Exponential(rate: 2 + s), zeros[i])
      p.observe("halfNormal", HalfNormal(sd: 2 + s), zeros[i])
      p.observe("logNormal", LogNormal(s, sd: 0.5), zeros[i])
      p.observe("bernoulli", Bernoulli(probability: 0.3 + s), zeros[i])
      p.observe("logits", Bernoulli(logits: log(1.5) + s), zeros[i])
      p.observe("binomial", Binomial(7, probability: 0.4 + s), zeros[i])
      p.observe("poisson", Poisson(rate: 3.5 + s), zeros[i])
      p.observe("manyPoisson", Poisson(logRate: log(50) + s), zeros[i])
      p.observe("categorical", Categorical(probabilities: Tensor([0.2, 0.3, 0.5])), zeros[i])
      p.observe("truncated", Truncated(Normal(s, sd: 1), lower: 0, upper: 1), zeros[i])
    }
  }

  static let moments: [(name: String, mean: Double, variance: Double)] = [
    ("normal", 1, 4), ("studentT", 1, 16.0 / 3), ("laplace", 1, 0.5), ("logistic", 1, 0.25 * .pi * .pi / 3), ("uniform", 1, 4.0 / 3),
    ("beta", 0.4, 0.04), ("smallGamma", 0.35, 0.175), ("gamma", 1.5, 0.75), ("inverseGamma", 1, 0.25), ("exponential", 0.5, 0.25),
    ("halfNormal", 2 * (2 / Double.pi).squareRoot(), 4 * (1 - 2 / .pi)), ("logNormal", exp(0.125), (exp(0.25) - 1) * exp(0.25)),
    ("bernoulli", 0.3, 0.21), ("logits", 0.6, 0.24), ("binomial", 2.8, 1.68), ("poisson", 3.5, 3.5), ("manyPoisson", 50, 50),
    ("categorical", 1.3, 0.61), ("truncated", 0.4598622077, 0.0796522),
  ]
}

/// What has vectors, other shapes than its data, or no moments.
private struct Shapes: Model {
  let rows: Tensor
  func body(_ p: Program) throws {
    let s = p.sample("s", Normal(0, sd: 1))
    p.observe("dirichlet", Dirichlet(Tensor([1, 2, 3]) + s), Tensor([0.2, 0.3, 0.5]))
    p.observe("multivariate", MultivariateNormal(Tensor([1, 2]) + s, covariance: Tensor([[2, 0.5], [0.5, 1]])), Tensor([0, 0]))
    p.observe("stretched", Normal(s, sd: Tensor([[1], [2]])), rows)
    p.observe("lead", Poisson(rate: Tensor([1, 5, 9]) + s), rows)
    p.observe("repeated", Exponential(rate: 1 + s).repeated(4), Tensor([1, 1, 1, 1]))
    p.observe("cauchy", Cauchy(3 + s, scale: 2), Tensor([0]))
    p.observe("halfCauchy", HalfCauchy(scale: 2 + s), Tensor([0]))
    p.observe("truncatedT", Truncated(StudentT(df: 12, s, scale: 1), lower: 0), Tensor([1]))
    p.observe("flat", Flat(), Tensor([1]))
  }
}

/// Observations in the steps of a loop; the carry counts the steps.
private struct Steps: Model {
  let y: Tensor
  func body(_ p: Program) throws -> Tensor {
    let s = p.sample("s", Normal(0, sd: 1))
    let (last, _) = p.each("t", over: y, from: 0) { c, y in
      p.observe("normal", Normal(c + s, sd: 1), y)
      p.observe("poisson", Poisson(rate: 2 + c + s), y)
      p.observe("binomial", Binomial(5, probability: 0.5 + s), y)
      p.observe("gamma", Gamma(shape: 1 + c + s, rate: 1), y)
      p.observe("bernoulli", Bernoulli(probability: 0.3 + s), y)
      return (c + 1, y)
    }
    p.plate("units", 2) { _ in
      p.each("u", over: y, from: 0) { c, y in
        p.observe("count", Poisson(rate: 4 + s), y)
        return (c, y)
      }
    }
    p.each("v", 2) { t in p.observe("x", Normal(s + Double(t), sd: 1), y[t]) }
    return last
  }
}

/// A random walk whose steps are latent, or one for each unit of a plate.
private struct RandomWalk: Model {
  let y: Tensor
  var units: Int?
  func body(_ p: Program) throws -> Tensor {
    units.map { units in p.plate("units", units) { _ in walk(p) } } ?? walk(p)
  }
  private func walk(_ p: Program) -> Tensor {
    let (_, path) = p.each("t", over: y, from: 0) { h, y in
      let next = p.sample("h", Normal(h, sd: 1))
      p.observe("y", Normal(next, sd: 0.5), y)
      return (next, next)
    }
    return 2 * path
  }
}

private let count = 20_000

/// Draws of one latent that is always 0.
private var zero: DrawSet {
  DrawSet(
    chains: 1, drawsPerChain: count,
    variables: [VariableDraws(name: "s", kind: .latent, shape: [], values: [[Double](repeating: 0, count: count)])], sampleStats: [:])
}

private func predicted<M: Model>(_ model: M) async throws -> Prediction<M.Output> {
  var configuration = PredictionConfiguration()
  configuration.hasIndependentDraws = true
  configuration.wantsShares = false
  configuration.replicates = 4
  return try await predict(model, .draws(zero, independent: nil), configuration, threads: 2)
}

/// Draws of each element.
private func columns(_ variable: PredictedVariable) throws -> [[Double]] {
  let values = try variable.draws.values()
  let size = variable.shape.reduce(1, *)
  return (0..<size).map { element in stride(from: element, to: values.count, by: size).map { values[$0] } }
}

/// Mean and variance of draws within four and a half standard errors: one of 150 000 numbers fails by chance.
private func matches(_ draws: [Double], _ mean: Double, _ variance: Double) -> Bool {
  let n = Double(draws.count)
  let squares = draws.map { ($0 - mean) * ($0 - mean) }
  let average = squares.reduce(0, +) / n
  let error = (squares.reduce(0) { $0 + ($1 - average) * ($1 - average) } / n / n).squareRoot()
  return abs(draws.reduce(0, +) / n - mean) < 4.5 * (variance / n).squareRoot() && abs(average - variance) < 4.5 * error
}

private func correlation(_ a: [Double], _ b: [Double]) -> Double {
  let n = Double(a.count)
  let (ma, mb) = (a.reduce(0, +) / n, b.reduce(0, +) / n)
  func sum(_ f: (Int) -> Double) -> Double { a.indices.reduce(0) { $0 + f($1) } }
  return sum { (a[$0] - ma) * (b[$0] - mb) } / (sum { (a[$0] - ma) * (a[$0] - ma) } * sum { (b[$0] - mb) * (b[$0] - mb) }).squareRoot()
}

/// Less than four and a half standard errors of a correlation that is zero.
private func isUncorrelated(_ a: [Double], _ b: [Double]) -> Bool { abs(correlation(a, b)) < 4.5 / Double(a.count).squareRoot() }

@Suite struct PredictFamilyTests {
  @Test func everyFamilyIsDrawnWithItsMoments() async throws {
    let prediction = try await predicted(Families())
    #expect(Set(prediction.names) == Set(Families.moments.map(\.name)))
    for (name, mean, variance) in Families.moments {
      let variable = try #require(prediction[name])
      let draws = try columns(variable)
      #expect(variable.shape == [2] && draws.allSatisfy { matches($0, mean, variance) }, "\(name): \(variable.mean), \(variable.sd)")
      #expect(isUncorrelated(draws[0], draws[1]), "\(name)")
      // The law of total variance: everything is noise.
      let (values, errors) = (try variable.aleatoric.values(), try variable.aleatoricError.values())
      #expect(zip(values, errors).allSatisfy { abs($0 - variance) <= 4.5 * $1 + 1e-9 }, "\(name): \(values)")
      let (parts, partErrors) = (try variable.epistemic.values(), try variable.epistemicError.values())
      #expect(zip(parts, partErrors).allSatisfy { abs($0) <= 4.5 * $1 + 1e-12 }, "\(name): \(parts)")
    }
  }

  @Test func vectorsAndStretchedShapes() async throws {
    let prediction = try await predicted(Shapes(rows: Tensor([[1, 2, 3], [4, 5, 6]])))
    func all(_ name: String) throws -> [[Double]] { try columns(#require(prediction[name])) }
    for (draws, a) in zip(try all("dirichlet"), [1.0, 2, 3]) { #expect(matches(draws, a / 6, a * (6 - a) / 252)) }
    let pair = try all("multivariate")
    #expect(matches(pair[0], 1, 2) && matches(pair[1], 2, 1))
    #expect(abs(correlation(pair[0], pair[1]) - 0.5 / 2.0.squareRoot()) < 0.03)
    let stretched = try all("stretched")
    #expect(prediction["stretched"]?.shape == [2, 3] && prediction["lead"]?.shape == [2, 3])
    for (place, draws) in stretched.enumerated() { #expect(matches(draws, 0, place < 3 ? 1 : 4)) }
    for (place, draws) in try all("lead").enumerated() { #expect(matches(draws, [1, 5, 9][place % 3], [1, 5, 9][place % 3])) }
    for a in 0..<6 { for b in 0..<a { #expect(isUncorrelated(stretched[a], stretched[b])) } }
    #expect(try all("repeated").allSatisfy { matches($0, 1, 1) })
    // Medians of what has no mean: their standard error is 1/(2 p(median) √n).
    #expect(abs(try all("cauchy")[0].sorted()[count / 2] - 3) < 4.5 * .pi / Double(count).squareRoot())
    #expect(abs(try all("halfCauchy")[0].sorted()[count / 2] - 2) < 4.5 * .pi / Double(count).squareRoot())
    // |t| with ν degrees of freedom: E|t| = 2√ν Γ((ν + 1)/2)/(√π Γ(ν/2)(ν − 1)).
    let half = 2 * 12.0.squareRoot() * tgamma(6.5) / (Double.pi.squareRoot() * tgamma(6) * 11)
    #expect(try matches(all("truncatedT")[0], half, 1.2 - half * half))
    #expect(prediction["flat"] == nil)
    #expect(prediction.notes.count == 1 && prediction.notes[0].hasPrefix("flat is not predicted: Flat on"))
  }

  @Test func everyStepOfALoopHasDrawsOfItsOwn() async throws {
    let prediction = try await predicted(Steps(y: [1, 1, 0]))
    func all(_ name: String) throws -> [[Double]] { try columns(#require(prediction[name])) }
    for t in 0..<3 {
      let c = Double(t)
      #expect(matches(try all("t.normal")[t], c, 1))
      #expect(matches(try all("t.poisson")[t], 2 + c, 2 + c))
      #expect(matches(try all("t.gamma")[t], 1 + c, 1 + c))
      #expect(matches(try all("t.binomial")[t], 2.5, 1.25))
      #expect(matches(try all("t.bernoulli")[t], 0.3, 0.21))
    }
    for name in ["t.normal", "t.poisson", "t.gamma", "t.binomial", "t.bernoulli"] {
      let draws = try all(name)
      for a in 0..<3 { for b in 0..<a { #expect(isUncorrelated(draws[a], draws[b]), "\(name), steps \(b) and \(a)") } }
    }
    let counts = try all("u.count")
    #expect(prediction["u.count"]?.shape == [2, 3] && counts.allSatisfy { matches($0, 4, 4) })
    for a in 0..<6 { for b in 0..<a { #expect(isUncorrelated(counts[a], counts[b])) } }
    #expect(matches(try all("v[0].x")[0], 0, 1))
    #expect(matches(try all("v[1].x")[0], 1, 1))
  }

  @Test func latentStepsAreDrawnFromTheirPriors() async throws {
    let prediction = try await predict(RandomWalk(y: [0, 0, 0, 0]), draws: 20_000, seed: 5)
    let y = try #require(prediction["t.y"])
    for (t, draws) in try columns(y).enumerated() { #expect(matches(draws, 0, Double(t + 1) + 0.25)) }
    for (t, draws) in try columns(#require(prediction["result"])).enumerated() { #expect(matches(draws, 0, 4 * Double(t + 1))) }
    #expect(try y.aleatoric.values() == [0.25, 0.25, 0.25, 0.25])
    #expect(y.shares.map(\.input) == ["t.h"])
  }

  /// h₄ is Normal(1, 0.3) in the draws; each step after it adds a variance of 1.
  @Test(arguments: [nil, 3]) func aLongerSequenceGoesOn(units: Int?) async throws {
    var stream = RandomStream(at: RandomAddress(seed: 3, purpose: 79))
    let plates = units ?? 1
    let values = (0..<(count * plates)).flatMap { _ -> [Double] in [7, 8, 9, 1 + 0.3 * stream.nextNormal()] }
    let site = VariableDraws(name: "t.h", kind: .latent, shape: (units.map { [$0] } ?? []) + [4], values: [values])
    let draws = DrawSet(chains: 1, drawsPerChain: count, variables: [site], sampleStats: [:])
    func forecast(_ steps: Int) async throws -> Prediction<Tensor> {
      var configuration = PredictionConfiguration()
      configuration.hasIndependentDraws = true
      configuration.replicates = 4
      return try await predict(RandomWalk(y: .zeros([steps]), units: units), .draws(draws, independent: nil), configuration, threads: 2)
    }
    let longer = try await forecast(6)
    #expect(longer.notes.first == "t.h goes on: its first 4 steps come from the draws, the 2 after them are drawn given those before.")
    #expect(longer.names == ["t.h", "result", "t.y"])
    let path = try columns(#require(longer["t.h"]))
    #expect(path.count == 6 * plates)
    for unit in 0..<plates {
      let own = Array(path[(6 * unit)..<(6 * unit + 6)])
      for (t, exact) in [7.0, 8, 9].enumerated() { #expect(own[t].allSatisfy { $0 == exact }) }
      for (t, variance) in [(3, 0.09), (4, 1.09), (5, 2.09)] { #expect(matches(own[t], 1, variance), "step \(t)") }
      #expect(abs(correlation(own[4], own[5]) - (1.09 / 2.09).squareRoot()) < 0.02)
    }
    let y = try #require(longer["t.y"])
    let (aleatoric, epistemic) = (try y.aleatoric.values(), try y.epistemic.values())
    let (ownError, error) = (try y.aleatoricError.values(), try y.epistemicError.values())
    for place in 0..<(6 * plates) {
      let exact: (Double, Double) = [(0.25, 0), (0.25, 0), (0.25, 0), (0.25, 0.09), (1.25, 0.09), (2.25, 0.09)][place % 6]
      #expect(abs(aleatoric[place] - exact.0) <= 4.5 * ownError[place] + 1e-12, "\(place): \(aleatoric[place])")
      #expect(abs(epistemic[place] - exact.1) <= 4.5 * error[place] + 1e-12, "\(place): \(epistemic[place])")
    }
    // Var y₆ = 2.34, of which 0.09 is h₄'s and 2 come from the steps after it.
    let last = y.shares.filter { $0.input == (units == nil ? "t.h[3]" : "t.h[0,3]") || $0.input == "noise" }
    #expect(last.count == 2)
    for (share, exact) in zip(last, [0.09 / 2.34, 2 / 2.34]) {
      let place = 5
      let (first, firstError) = (try share.first.values()[place], try share.firstError.values()[place])
      let (total, totalError) = (try #require(share.total).values()[place], try #require(share.totalError).values()[place])
      #expect(abs(first - exact) < 4 * firstError && firstError < 0.02, "\(share.input): \(first) ± \(firstError)")
      #expect(abs(total - exact) < 4 * totalError && totalError < 0.02, "\(share.input): total \(total) ± \(totalError)")
    }
    let shorter = try await forecast(2)
    #expect(shorter.notes.first == "t.h has 2 steps here: the first of the 4 in the draws.")
    #expect(shorter.names == ["result", "t.y"])
    for (place, draws) in try columns(#require(shorter["result"])).enumerated() {
      #expect(draws.allSatisfy { $0 == 2 * Double(7 + place % 2) })
    }
  }

  @Test func drawsThatDoNotBelongToTheModel() async throws {
    let model = Shapes(rows: Tensor([[1, 2, 3], [4, 5, 6]]))
    func sentence(_ values: [Double], _ shape: [Int], name: String = "s") async -> String {
      let draws = DrawSet(
        chains: 1, drawsPerChain: 2, variables: [VariableDraws(name: name, kind: .latent, shape: shape, values: [values])], sampleStats: [:]
      )
      do {
        _ = try await predict(model, .draws(draws, independent: nil), PredictionConfiguration(), threads: 1)
        return ""
      } catch { return "\(error)" }
    }
    #expect(await sentence([1, .nan], []) == "The draws of s are not finite: chain 1, draw 2 is not a number.")
    #expect(await sentence([1, 2], [], name: "t").hasSuffix("site \"s\": it is not among the draws (there are: t)"))
    #expect(await sentence([1, 2, 3, 4], [2]).contains("the value given for it has shape [2], and the site has shape []"))
  }
}
