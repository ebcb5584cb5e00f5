import Differentiation
import Distributions
import Foundation
import TestSupport
import Testing

@Suite("Copies, order, truncation, flat priors, plates")
struct CompositionTests {
  @Test("copies of numbers and of vectors: shapes, densities, draws")
  func copies() throws {
    let normals = Normal(1, sd: 2).repeated(3, 2)
    #expect(normals.batchShape == [3, 2])
    let x = Tensor([[0.0, 1], [2, 3], [4, 5]])
    let each = try normals.logDensity(of: x).values()
    for (value, density) in zip(0..<6, each) {
      #expect(density == (try Normal(1, sd: 2).logDensity(of: Tensor(Double(value))).item()))
    }
    let simplexes = Dirichlet(Tensor([1.0, 2, 3])).repeated(2)
    #expect(simplexes.batchShape == [2] && simplexes.eventShape == [3])
    let rows = Tensor([[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]])
    let both = try simplexes.logDensity(of: rows).values()
    let one = try Dirichlet(Tensor([1.0, 2, 3])).logDensity(of: rows[1]).item()
    #expect(both.count == 2 && abs(both[1] - one) < 1e-14)
    let draws = try Recording.draws(seed: 2) { [simplexes.sample(using: $0), normals.sample(using: $0)] }
    #expect(draws[0].count == 6 && abs(draws[0][0] + draws[0][1] + draws[0][2] - 1) < 1e-14 && draws[0][0] != draws[0][3])
    #expect(Set(draws[1]).count == 6)
    #expect(try simplexes.logDensity(of: Tensor([[0.2, 0.3, 0.5], [0.5, 0.6, -0.1]])).values()[1] == -.infinity)
  }

  @Test("a mixture has a density for each value, also where there are as many values as components")
  func mixtureOfValues() throws {
    let d = MixtureSameFamily(probabilities: [0.2, 0.3, 0.5], Normal([-1, 0, 3], sd: [1, 0.5, 2]))
    func density(_ x: Double) -> Double {
      let parts = [(0.2, -1.0, 1.0), (0.3, 0.0, 0.5), (0.5, 3.0, 2.0)].map { w, m, s in
        w * exp(-(x - m) * (x - m) / (2 * s * s)) / (s * (2 * Double.pi).squareRoot())
      }
      return log(parts.reduce(0, +))
    }
    for x in [[0.7], [-1.0, 2], [-1.0, 0.2, 4], [0.1, 0.2, 0.3, 0.4]] {
      let found = try d.logDensity(of: Tensor(x)).values()
      #expect(found.count == x.count)
      #expect(zip(found, x).allSatisfy { abs($0 - density($1)) < 1e-13 }, "\(x): \(found)")
    }
    #expect(abs(try d.logDensity(of: 0.7).item() - density(0.7)) < 1e-13)
    #expect(d.logDensity(of: Tensor.zeros([2, 3])).shape == [2, 3])
  }

  @Test("a mixture of components with ends of their own counts each on its own part")
  func mixtureOfIntervals() throws {
    let d = MixtureSameFamily(probabilities: [0.4, 0.6], Uniform(Tensor([0, 2]), Tensor([1, 4])))
    let densities = try d.logDensity(of: Tensor([0.5, 1.5, 2.5, -1, 5])).values().map { exp($0) }
    #expect(zip(densities, [0.4, 0, 0.3, 0, 0]).allSatisfy { abs($0 - $1) < 1e-14 }, "\(densities)")
    let shares = try exp(d.logCDF(Tensor([0.5, 1.5, 3]))).values()
    #expect(zip(shares, [0.2, 0.4, 0.7]).allSatisfy { abs($0 - $1) < 1e-14 }, "\(shares)")
    let cut = MixtureSameFamily(probabilities: [0.5, 0.5], Truncated(Normal(0, sd: 1), lower: Tensor([0, 2])))
    let above = try cut.logDensity(of: Tensor([1.0, -1])).values().map { exp($0) }
    #expect(abs(above[0] - exp(-0.5) / (2 * Double.pi).squareRoot()) < 1e-14 && above[1] == 0, "\(above)")
  }

  @Test("distribution functions take numbers as they are")
  func numbers() throws {
    let (limit, whole) = (1.5, 2)
    #expect(try Normal(0, sd: 1).logCDF(limit).item() == Normal(0, sd: 1).logCDF(Tensor(limit)).item())
    #expect(try Normal(0, sd: 1).logSurvival(whole).item() == Normal(0, sd: 1).logSurvival(Tensor(2)).item())
  }

  @Test("ordered elements: a plain product on the ordered set")
  func ordered() throws {
    let d = Normal(0, sd: 2).ordered(count: 3)
    let product = try [-1.0, 0.5, 2].reduce(0.0) { try $0 + Normal(0, sd: 2).logDensity(of: Tensor($1)).item() }
    #expect(abs(try d.logDensity(of: Tensor([-1.0, 0.5, 2])).item() - product) < 1e-14)
    #expect(try d.logDensity(of: Tensor([0.5, -1.0, 2])).item() == -.infinity)
    #expect(try d.logDensity(of: Tensor([0.5, 0.5, 2])).item() == -.infinity)
    let means = Normal(Tensor([3.0, 10]), sd: 1).positiveOrdered()
    #expect(try means.logDensity(of: Tensor([-1.0, 2])).item() == -.infinity)
    let both = try Normal(3, sd: 1).logDensity(of: 2.5).item() + Normal(10, sd: 1).logDensity(of: 11).item()
    #expect(abs(try means.logDensity(of: Tensor([2.5, 11])).item() - both) < 1e-14)
    let draw = try Recording.draws(seed: 3) { [Normal(0, sd: 2).ordered(count: 9).sample(using: $0)] }[0]
    #expect(draw == draw.sorted() && Set(draw).count == 9)
    // The middle of three ordered standard normal draws has mean 0, the first −3/(2√π); 5 standard errors of at most 1/√n.
    let n = 4000
    let many = try Recording.draws(seed: 4) { [Normal(0, sd: 1).ordered(count: 3).repeated(n).sample(using: $0)] }[0]
    let first = (0..<n).map { many[3 * $0] }.reduce(0, +) / Double(n)
    #expect(abs(first + 1.5 / Double.pi.squareRoot()) < 5 / Double(n).squareRoot())
  }

  @Test("ordered elements with parameters of their own: independent draws given their order")
  func orderedWithParameters() throws {
    // x₂ − x₁ is normal given that it is positive, and x₁ + x₂ does not depend on it: E x₂ = (0.5 + E d)/2, d = N(0.5, √2) above 0.
    let n = 4000
    let d = Normal(Tensor([0, 0.5]), sd: 1)
    let draws = try Recording.draws(seed: 6) {
      [d.ordered().repeated(n).sample(using: $0), d.positiveOrdered().repeated(n).sample(using: $0)]
    }
    let z = 0.5 / 2.0.squareRoot()
    let gap = 0.5 + 2.0.squareRoot() * exp(-z * z / 2) / (2 * Double.pi).squareRoot() / (0.5 * erfc(-z / 2.0.squareRoot()))
    let upper = (0..<n).map { draws[0][2 * $0 + 1] }.reduce(0, +) / Double(n)
    #expect(abs(upper - (0.5 + gap) / 2) < 5 / Double(n).squareRoot())
    for row in 0..<n {
      #expect(draws[0][2 * row] < draws[0][2 * row + 1])
      #expect(draws[1][2 * row] > 0 && draws[1][2 * row] < draws[1][2 * row + 1])
    }
    // Positive ones, one distribution for all: half-normals, sorted; the lesser of two has mean 2(√2 − 1)/√π.
    let lesser = try Recording.draws(seed: 7) { [Normal(0, sd: 1).positiveOrdered(count: 2).repeated(n).sample(using: $0)] }[0]
    let mean = (0..<n).map { lesser[2 * $0] }.reduce(0, +) / Double(n)
    #expect(abs(mean - 2 * (2.0.squareRoot() - 1) / Double.pi.squareRoot()) < 5 / Double(n).squareRoot())
    // An order that all but never happens: no number is invented.
    let never = try Recording.draws(seed: 8) { [Normal(Tensor([9, 0.0]), sd: 0.1).ordered().sample(using: $0)] }[0]
    #expect(never[0].isNaN && never[1].isNaN)
  }

  @Test("truncation at no or vacuous bounds is none; one-sided normals are half-normals")
  func truncation() throws {
    let x = Tensor([0.1, 1, 3.5])
    let half = try Truncated(Normal(0, sd: 2), lower: 0).logDensity(of: x).values()
    let same = try HalfNormal(sd: 2).logDensity(of: x).values()
    for (a, b) in zip(half, same) { #expect(abs(a - b) < 1e-14) }
    #expect(try Truncated(Exponential(rate: 2), lower: -1).logDensity(of: x).values() == Exponential(rate: 2).logDensity(of: x).values())
    #expect("\(Truncated(Exponential(rate: 2), upper: 3).support)" == "0 ≤ x ≤ 3")
    #expect("\(Truncated(Normal(0, sd: 1), lower: 2).support)" == "x ≥ 2")
    // 30 standard deviations out the density is nearly exponential with rate 30; the exact value is log φ(30) − log(1 − Φ(30)).
    #expect(abs(try Truncated(Normal(0, sd: 1), lower: 30).logDensity(of: 30).item() - 3.402305423138524) < 4e-12)
    // Draws there lie within a few tenths of the bound.
    let far = try Recording.draws(seed: 5) { [Truncated(Normal(0, sd: 1), lower: 45).repeated(1000).sample(using: $0)] }[0]
    let mean = far.reduce(0, +) / 1000
    #expect(far.allSatisfy { $0 >= 45 } && abs(mean - 45.0222) < 5 * 0.0222 / 1000.0.squareRoot())
  }

  @Test("the truncation's mass has derivatives in parameters and bounds")
  func truncationGradient() throws {
    // ∂/∂a of −log(Φ(b) − Φ(a)) = φ(a)/(Φ(b) − Φ(a)).
    let result = try Recording.valueAndGradient([([9.0], []), ([10.0], [])]) { v in
      Truncated(Normal(0, sd: 1), lower: v[0], upper: v[1]).logDensity(of: 9.5)
    }
    let mass = 0.5 * (erfc(9 / 2.0.squareRoot()) - erfc(10 / 2.0.squareRoot()))
    let density = exp(-40.5) / (2 * Double.pi).squareRoot()
    #expect(abs(result.gradient[0][0] - density / mass) < 1e-10 * density / mass)
  }

  @Test("flat priors: 0 inside, −∞ outside, a sentence for a draw")
  func flat() throws {
    #expect(try Flat().logDensity(of: 1e9).item() == 0)
    #expect(try Flat.positive.logDensity(of: Tensor(-1.0)).item() == -.infinity)
    #expect(try Flat(on: .interval(0, 2)).logDensity(of: 3).item() == -.infinity)
    #expect(Flat(on: .simplex, shape: [3]).eventShape == [3])
    #expect(try Flat(on: .simplex, shape: [3]).logDensity(of: Tensor([0.2, 0.3, 0.5])).item() == 0)
    #expect(try Flat(on: .simplex, shape: [3]).logDensity(of: Tensor([0.2, 0.3, 0.6])).item() == -.infinity)
    #expect(Flat().repeated(4).shape == [4])
    #expect(
      message { try Flat.positive.sample(using: DrawSource()).item() }
        == "Flat on x > 0 has no draws: give the variable a proper distribution where draws from the prior are wanted")
  }

  @Test("inside a plate every element has its own parameters, values and draws")
  func plates() throws {
    let axis = PlateAxis(id: 1, name: "groups", size: 3, depth: 0)
    let index = PlateIndex(axis: axis, fullSize: 3)
    let means = Tensor([[0.0, 1], [2, 3], [4, 5]])
    let covariance = Tensor([[2.0, 0.5], [0.5, 1]])
    let x = Tensor([[0.5, 0.5], [1, 1], [2, -2]])
    let inPlate = MultivariateNormal(means[index], covariance: covariance).logDensity(of: x[index]).leaving(axis)
    let alone = try (0..<3).map { try MultivariateNormal(means[$0], covariance: covariance).logDensity(of: x[$0]).item() }
    for (a, b) in zip(try inPlate.values(), alone) { #expect(abs(a - b) < 1e-13) }
    let draws = try Recording.draws(seed: 6) { source in
      source.plates = [axis]
      return [
        Normal(0, sd: 1).sample(using: source).leaving(axis), Dirichlet(count: 2, concentration: 1).sample(using: source).leaving(axis),
      ]
    }
    #expect(Set(draws[0]).count == 3 && draws[1].count == 6)
    let classes = IntTensor([0, 1, 1])
    let logits = Tensor([[0.0, 1], [2, 2], [-1, 3]])
    let categorical = try Categorical(logits: logits[index]).logDensity(of: classes[index]).leaving(axis).values()
    #expect(abs(categorical[2] - (3 - log(exp(-1.0) + exp(3.0)))) < 1e-14)
  }
}

/// The text of the error that a body throws.
func message(_ body: () throws -> some Any) -> String {
  do {
    return "no error, but \(try body())"
  } catch { return "\(error)" }
}
