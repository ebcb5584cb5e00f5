import Credence
import Differentiation
import Foundation
import Modeling
import Testing

@Suite("Latent sites in other coordinates")
struct ParameterizationTests {
  struct Centred: Model {
    let y, sigma: Tensor
    func body(_ p: Program) throws -> (mu: Tensor, tau: Tensor, theta: Tensor) {
      let mu = p.sample("mu", Normal(0, sd: 5))
      let tau = p.sample("tau", HalfCauchy(scale: 5))
      let theta = p.plate("schools", y.count) { j in
        let theta = p.sample("theta", Normal(mu, sd: tau))
        p.observe("y", Normal(theta, sd: sigma[j]), y[j])
        return theta
      }
      return (mu, tau, theta)
    }
    static let three = Centred(y: [28, 8, -3], sigma: [15, 10, 16])
  }

  /// The same by hand.
  struct Standardized: Model {
    let y, sigma: Tensor
    func body(_ p: Program) throws -> (mu: Tensor, tau: Tensor, theta: Tensor) {
      let mu = p.sample("mu", Normal(0, sd: 5))
      let tau = p.sample("tau", HalfCauchy(scale: 5))
      let theta = p.plate("schools", y.count) { j in
        let theta = mu + tau * p.sample("xi", Normal(0, sd: 1))
        p.observe("y", Normal(theta, sd: sigma[j]), y[j])
        return theta
      }
      return (mu, tau, theta)
    }
  }

  /// Every distribution with location and scale, on numbers, vectors and in nested plates.
  struct Zoo: Model {
    func body(_ p: Program) throws -> Tensor {
      let m = p.sample("m", Normal(1, sd: 2))
      let s = p.sample("s", LogNormal(0, sd: 0.5))
      let a = p.sample("a", LogNormal(m, sd: s).repeated(2))
      let b = p.sample("b", StudentT(df: 4, m, scale: s))
      let c = p.sample("c", Cauchy(m, scale: s * 2))
      let all = p.plate("rows", 2) { _ -> Tensor in
        let d = p.sample("d", Laplace(b, scale: s))
        return p.plate("columns", 3) { _ in p.sample("e", Logistic([d, m], scale: s + 1)) }
      }
      p.observe("y", Normal(all.sum() + a.sum() + c, sd: 3), 1.5)
      return all
    }
  }

  /// A vector with a covariance, and one with a factor.
  struct Vectors: Model {
    func body(_ p: Program) throws -> (f: Tensor, g: Tensor) {
      let s = p.sample("s", LogNormal(0, sd: 0.5))
      let k = square(s) * Tensor([[2, 0.5], [0.5, 1]])
      let f = p.sample("f", MultivariateNormal(s, covariance: k))
      let g = p.sample("g", MultivariateNormal(f, cholesky: cholesky(k + Tensor.identity(2))))
      p.observe("y", Normal(f + g, sd: 1), [0.3, 1.2])
      return (f, g)
    }
  }

  /// Vectors with sum 0, whose coordinates are one fewer than their elements, and skewed numbers.
  struct Effects: Model {
    func body(_ p: Program) throws -> (a: Tensor, b: Tensor, skewed: Tensor) {
      let s = p.sample("s", LogNormal(0, sd: 0.5))
      let a = p.sample("a", ZeroSumNormal(size: 4, sd: s))
      let b = p.plate("rows", 2) { _ in p.sample("b", ZeroSumNormal(size: 3, sd: s + 1)) }
      let c = p.sample("c", SkewNormal(s, scale: s, shape: 2))
      let d = p.sample("d", Frechet(shape: 2, scale: s)) + p.sample("e", LogLogistic(scale: s, shape: 3))
      p.observe("y", Normal(a.sum() + a[0] + b[1, 2] + c + d, sd: 3), 1.5)
      return (a, b, c + d)
    }
  }

  struct Walk: Model {
    let y: Tensor
    func body(_ p: Program) throws -> (sigma: Tensor, x: Tensor) {
      let sigma = p.sample("sigma", HalfNormal(sd: 1))
      let (_, x) = p.each("steps", over: y, from: Tensor(0)) { previous, y in
        let x = p.sample("x", Normal(0.9 * previous, sd: sigma))
        p.observe("y", Normal(x, sd: 1), y)
        return (x, x)
      }
      return (sigma, x)
    }
  }

  /// The scale may be negative on the way, where the density as written is NaN.
  struct SignedScale: Model {
    func body(_ p: Program) throws -> Tensor {
      let s = p.sample("s", Normal(0, sd: 1))
      return p.sample("x", Normal(0, sd: s))
    }
  }

  /// λ = 0, ½ and all different numbers for sites that allow it, 0 for vectors.
  static func choices(_ sites: [MovableSite]) -> [Parameterization] {
    [{ _, _ in 0 }, { _, _ in 0.5 }, { (k: Int, n: Int) in Double(k) / Double(max(n - 1, 1)) }].map { (weight: (Int, Int) -> Double) in
      Parameterization(
        weights: Dictionary(
          uniqueKeysWithValues: sites.map { site in
            (site.name, (0..<site.count).map { site.isElementwise ? weight($0, site.count) : 0 })
          }))
    }
  }

  /// At a point u of a model in other coordinates, with the same point as written: log p(u) = log p(v) + log |det ∂v/∂u| with the determinant by
  /// differences; the gradient is that of differences; the variables are the same; u comes back.
  func laws<M: Model>(_ model: M, movable: [String]) throws {
    let written = try DensityProbe(model)
    #expect(written.compiled.movableSites.map(\.name) == movable)
    for choice in Self.choices(written.compiled.movableSites) {
      let compiled = try CompiledModel(model, parameterization: choice)
      let probe = try DensityProbe(compiled)
      let reader = try CoordinateReader(compiled)
      let back = try CoordinateReader(written.compiled)
      let u = point(compiled.dimension).map { 0.6 * $0 }
      let v = reader.read(u).position(in: .asWritten)
      #expect(v != u)
      #expect(
        zip(try written.variables(v).sorted { $0.key < $1.key }, try probe.variables(u).sorted { $0.key < $1.key }).allSatisfy {
          $0.key == $1.key && zip($0.value, $1.value).allSatisfy { isClose($0, $1, 1e-11) }
        })
      #expect(zip(reader.read(u).position(in: choice), u).allSatisfy { isClose($0, $1, 1e-11) })
      #expect(zip(back.read(v).position(in: choice), u).allSatisfy { isClose($0, $1, 1e-10) })
      let logVolume = logDeterminant {
        reader.read($0).position(in: .asWritten)
      } at: {
        u
      }
      #expect(Swift.abs(probe.value(u) - written.value(v) - logVolume) < 1e-6 * (1 + Swift.abs(logVolume)), "\(choice)")
      #expect(probe.gradientError(u) < 1e-7, "\(choice)")
    }
  }

  /// log |det| of the Jacobian of a map, by central differences and elimination with pivots.
  private func logDeterminant(of map: ([Double]) -> [Double], at place: () -> [Double]) -> Double {
    let u = place()
    let h = 1e-5
    var rows = u.indices.map { k -> [Double] in
      var (above, below) = (u, u)
      above[k] += h
      below[k] -= h
      return zip(map(above), map(below)).map { ($0 - $1) / (2 * h) }
    }
    var sum = 0.0
    for k in rows.indices {
      let pivot = (k..<rows.count).max { Swift.abs(rows[$0][k]) < Swift.abs(rows[$1][k]) }!
      rows.swapAt(k, pivot)
      sum += log(Swift.abs(rows[k][k]))
      for i in (k + 1)..<max(rows.count, k + 1) {
        let factor = rows[i][k] / rows[k][k]
        for j in k..<rows.count { rows[i][j] -= factor * rows[k][j] }
      }
    }
    return sum
  }

  @Test("The density has the Jacobian, the gradient is right, points and values go there and back")
  func densities() throws {
    try laws(Centred.three, movable: ["theta"])
    try laws(Zoo(), movable: ["a", "b", "c", "d", "e"])
    try laws(Vectors(), movable: ["f", "g"])
    try laws(Effects(), movable: ["a", "b", "c", "d", "e"])
    try laws(Walk(y: [0.3, -0.2, 1.1, 0.8]), movable: ["steps.x"])
  }

  @Test("Non-centred, the graph is no larger than that of the model written so, and the numbers are equal")
  func small() throws {
    let own = try CompiledModel(Centred.three, parameterization: Parameterization(weights: ["theta": [0, 0, 0]]))
    let other = try CompiledModel(Standardized(y: Centred.three.y, sigma: Centred.three.sigma))
    let (mine, byHand) = try (own.plan(lanes: 1).graph.operationCounts, other.plan(lanes: 1).graph.operationCounts)
    #expect(mine.values.reduce(0, +) <= byHand.values.reduce(0, +), "\(mine) \(byHand)")
    let u = point(5)
    #expect(try DensityProbe(own).both(u).value == DensityProbe(other).both(u).value)
    #expect(try DensityProbe(own).both(u).gradient == DensityProbe(other).both(u).gradient)
  }

  @Test("Weights of one are the model as written")
  func written() throws {
    let ones = try DensityProbe(CompiledModel(Centred.three, parameterization: Parameterization(weights: ["theta": [1, 1, 1]])))
    let u = point(5)
    #expect(try ones.both(u) == DensityProbe(Centred.three).both(u))
  }

  @Test("A site whose location and scale are data has no choice")
  func data() throws {
    #expect(try CompiledModel(Standardized(y: [1], sigma: [1])).movableSites.isEmpty)
  }

  @Test("Where a scale is negative no coordinate has a density", arguments: [0.0, 0.5])
  func negative(weight: Double) throws {
    let probe = try DensityProbe(CompiledModel(SignedScale(), parameterization: Parameterization(weights: ["x": [weight]])))
    #expect(probe.value([-0.5, 0.3]).isNaN)
    #expect(probe.value([0.5, 0.3]).isFinite)
  }

  @Test(
    "Weights that do not fit are sentences",
    arguments: [
      (["mu": [0.0]], "it has no other coordinate than its value"),
      (["theta": [0.0]], "it has 3 elements, and there are 1 weights for its coordinates"),
      (["theta": [0.0, 1, 2]], "the weights of its coordinates must lie between 0 and 1"),
    ])
  func mistakes(_ weights: [String: [Double]], _ sentence: String) {
    #expect {
      _ = try CompiledModel(Centred.three, parameterization: Parameterization(weights: weights))
    } throws: { "\($0)".contains(sentence) }
  }

  @Test("Weights of a vector are all 0 or all 1")
  func vectors() {
    #expect {
      _ = try CompiledModel(Vectors(), parameterization: Parameterization(weights: ["f": [0, 1]]))
    } throws: { "\($0)".contains("its elements depend on each other: the weights of its coordinates must be all 0 or all 1") }
  }
}
