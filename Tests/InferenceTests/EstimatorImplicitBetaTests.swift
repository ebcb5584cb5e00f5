import Differentiation
import Distributions
import Foundation
import TestSupport
import Testing

/// Draws of Beta, Student's t and Dirichlet: derivatives by their parameters against −(∂F/∂λ)/f by distribution functions that are not the
/// library's, mpmath's in tables and a quadrature of the density here for the draws themselves.
@Suite struct EstimatorImplicitBetaTests {
  @Test func betaDrawsByTheTable() throws {
    let table = betaDrawDerivatives
    #expect(table.count == 245)
    let columns = [table.map(\.a), table.map(\.b), table.map(\.u)].map { (values: $0, shape: [table.count]) }
    let found = try Recording.values(columns) { x in
      let (a, b, u) = (x[0].node, x[1].node, x[2].node)
      return [Tensor(.ternary(.betaLogitDrawFirst, a, b, u)), Tensor(.ternary(.betaLogitDrawSecond, a, b, u))]
    }
    for (place, row) in table.enumerated() {
      let (byA, byB) = (found[0][place], found[1][place])
      #expect(abs(byA - row.byA) <= 1e-10 * abs(row.byA), "a = \(row.a), b = \(row.b), u = \(row.u): \(byA), exactly \(row.byA)")
      #expect(abs(byB - row.byB) <= 1e-10 * abs(row.byB), "a = \(row.a), b = \(row.b), u = \(row.u): \(byB), exactly \(row.byB)")
      // The quadrature that the draws are held against below, too; ψ(a) − ψ(a + b) costs it digits where one parameter is far larger.
      #expect(abs(Quadrature.slope(row.a, row.b, row.u) - row.byA) <= 1e-8 * abs(row.byA))
    }
  }

  @Test func studentDrawsByTheTable() throws {
    let table = studentDrawDerivatives
    #expect(table.count == 72)
    let found = try Recording.values([(table.map(\.df), [table.count]), (table.map { -$0.t }, [table.count])]) { x in
      [Tensor(.binary(.studentTDrawDerivative, x[0].node, x[1].node)), Tensor(.binary(.studentTDrawDerivative, x[0].node, -x[1].node))]
    }
    for (place, row) in table.enumerated() {
      #expect(
        abs(found[1][place] - row.slope) <= 1e-11 * abs(row.slope), "ν = \(row.df), t = \(row.t): \(found[1][place]), exactly \(row.slope)")
      #expect(found[0][place] == -found[1][place])
    }
  }

  /// The draws of a grid of small, moderate and large parameters, also where they round to 0 or 1.
  @Test(arguments: [1, 2, 3, 4, 5, 6])
  func betaDraws(_ seed: Int) throws {
    let grid = [0.003, 0.01, 0.3, 1, 4, 30, 700]
    let a = grid.flatMap { a in grid.map { _ in a } }
    let b = grid.flatMap { _ in grid }
    let found = try drawn(seed, [(a, [a.count]), (b, [b.count])]) { x, source in
      Beta(x[0], x[1]).sample(using: source)
    } and: { x, source in
      source.draw(.logGamma, shape: [a.count], parameters: [x[0]]) - source.draw(.logGamma, shape: [a.count], parameters: [x[1]])
    }
    for place in a.indices {
      let (a, b, u) = (a[place], b[place], found.part[place])
      let spread: Double = logistic(u) * logistic(-u)
      let exact = [spread * Quadrature.slope(a, b, u), -spread * Quadrature.slope(b, a, -u)]
      #expect(abs(found.draw[place] - logistic(u)) <= 1e-15)
      for k in 0...1 {
        let slope = found.gradient[k][place]
        #expect(
          abs(slope - exact[k]) <= 1e-6 * abs(exact[k]) + 1e-300,
          "parameter \(k) of Beta(\(a), \(b)), logit \(u): \(slope), exactly \(exact[k])")
      }
    }
  }

  /// With t² = ν·e^u, u the logit of a Beta(½, ν/2) draw: d log t/dν = (1/ν + du/dν)/2.
  @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  func studentDraws(_ seed: Int) throws {
    let nu = [0.05, 0.3, 1, 4, 20, 29, 35, 200]
    let found = try drawn(seed, [(nu, [nu.count]), ([0.7], []), ([1.9], [])]) { x, source in
      StudentT(df: x[0], x[1], scale: x[2]).sample(using: source)
    } and: { x, _ in
      x[0]
    }
    for (place, nu) in nu.enumerated() {
      let t = (found.draw[place] - 0.7) / 1.9
      let u = 2 * log(abs(t)) - log(nu)
      let exact = 1.9 * t * (0.5 / nu - 0.25 * Quadrature.slope(0.5 * nu, 0.5, -u))
      let slope = found.gradient[0][place]
      #expect(abs(slope - exact) <= 1e-6 * abs(exact), "ν = \(nu), t = \(t): \(slope), exactly \(exact)")
    }
  }

  /// Every element by every concentration: ∂xᵢ/∂αⱼ = xᵢ(δᵢⱼ − xⱼ)·∂logit xⱼ/∂αⱼ with xⱼ ~ Beta(αⱼ, Σα − αⱼ).
  @Test(arguments: [
    [0.01, 0.01, 0.01, 0.01], [0.01, 3, 0.5, 40], [1, 1, 1], [300, 0.2, 7, 0.05, 0.05], [0.3, 0.02], [2000, 3000], [0.002, 0.002, 0.002],
  ])
  func dirichletDraws(_ alpha: [Double]) throws {
    for seed in 1...6 {
      for i in alpha.indices {
        let found = try drawn(seed, [(alpha, [alpha.count])]) { x, source in
          Dirichlet(x[0]).sample(using: source)[i]
        } and: { x, source in
          source.draw(.logGamma, shape: [alpha.count], parameters: [x[0]])
        }
        func logit(_ k: Int) -> Double {
          let others = alpha.indices.filter { $0 != k }.map { found.part[$0] }
          let largest = others.max()!
          let sum: Double = others.map { exp($0 - largest) }.reduce(0, +)
          return found.part[k] - (largest + log(sum))
        }
        let x: Double = logistic(logit(i))
        #expect(abs(found.draw[0] - x) <= 4e-15)
        for j in alpha.indices {
          let rest = alpha.indices.filter { $0 != j }.map { alpha[$0] }.reduce(0, +)
          let slope = Quadrature.slope(alpha[j], rest, logit(j))
          let share: Double = i == j ? logistic(-logit(j)) : -logistic(logit(j))
          let exact = x * share * slope
          let gradient = found.gradient[0][j]
          // 1 − xⱼ is a difference of numbers of size one in the derivative of any function of the whole vector.
          #expect(abs(gradient - exact) <= 1e-6 * abs(exact) + 1e-15 * slope, "∂x\(i)/∂α\(j) of \(alpha): \(gradient), exactly \(exact)")
        }
      }
    }
  }

  /// Below the smallest double, P(a, z) = zᵃ/Γ(a + 1), and at a fixed level a·d(log z)/da = ψ(a + 1) − log z.
  @Test func gammaDrawsThatUnderflow() throws {
    let a = [0.0005, 0.001, 0.003, 0.01, 0.03]
    var below = 0
    for seed in 1...20 {
      let found = try drawn(seed, [(a, [a.count])]) { x, source in
        source.draw(.logGamma, shape: [a.count], parameters: [x[0]])
      } and: { x, _ in
        x[0]
      }
      for (place, a) in a.enumerated() where found.draw[place] < -40 {
        below += found.draw[place] < -745 ? 1 : 0
        let exact = (Quadrature.digamma(a + 1) - found.draw[place]) / a
        #expect(abs(found.gradient[0][place] - exact) <= 1e-12 * exact, "a = \(a), log z = \(found.draw[place])")
      }
    }
    #expect(below >= 10)
  }

  /// Two elements are a Beta draw and its complement; one alone is 1.
  @Test func dirichletOfFewElements() throws {
    let one = try drawn(1, [([0.3], [1])]) { x, source in
      Dirichlet(x[0]).sample(using: source)
    } and: { x, _ in
      x[0]
    }
    #expect(one.draw == [1] && one.gradient == [[0]])
  }

  @Test func secondDerivativesAreRefusedInASentence() {
    let draws: [(Tensor, DrawSource) -> Tensor] = [
      { Beta($0, 2).sample(using: $1) }, { Beta(2, $0).sample(using: $1) }, { StudentT(df: $0, 0, scale: 1).sample(using: $1) },
      { Dirichlet(stack([$0, 1])).sample(using: $1)[0] }, { InverseGamma(shape: $0, scale: 1).sample(using: $1) },
    ]
    for draw in draws {
      let x = Node.input("x", shape: [])
      let first = Derivatives.pullback(of: [draw(Tensor(x), DrawSource()).node], cotangents: [.fill(1)], to: [x])[0]!
      let second = Derivatives.pullback(of: [first], cotangents: [.fill(1)], to: [x])[0]!
      #expect(throws: GraphError.self) { try Plan(outputs: [second], inputs: [x], lanes: 1, lanedDraws: false) }
    }
  }

  /// Draws under a seed, Σ of their elements' derivatives by each input, and something else made with the same numbers.
  private func drawn(
    _ seed: Int, _ values: [(values: [Double], shape: [Int])], _ draw: ([Tensor], DrawSource) -> Tensor,
    and part: ([Tensor], DrawSource) -> Tensor
  ) throws -> (draw: [Double], part: [Double], gradient: [[Double]]) {
    let inputs = values.map { Node.input("x", shape: $0.shape) }
    let z = draw(inputs.map { Tensor($0) }, DrawSource()).node
    let other = part(inputs.map { Tensor($0) }, DrawSource()).node
    let gradient = zip(Derivatives.pullback(of: [z], cotangents: [.fill(1, shape: z.shape)], to: inputs), inputs).map {
      $0 ?? .fill(0, shape: $1.shape)
    }
    let executor = try Executor(Plan(outputs: [z, other] + gradient, inputs: inputs, lanes: 1, lanedDraws: false))
    for (k, value) in values.enumerated() { value.values.withUnsafeBufferPointer { executor.setInput(k, $0.baseAddress!) } }
    executor.random = RandomContext(seed: UInt64(seed))
    executor.run()
    return (executor.output(0), executor.output(1), inputs.indices.map { executor.output(2 + $0) })
  }
}

/// du/da of the logit u of a Beta(a, b) draw, by the double-exponential rules (Takahasi & Mori 1974) on the density of the logit.
private enum Quadrature {
  /// ∓∫ (log x − ψ(a) + ψ(a + b)) p dv / p(u), x = logistic v, over the side of u on which the first factor keeps its sign; cut at 0, where the
  /// density bends.
  static func slope(_ a: Double, _ b: Double, _ u: Double) -> Double {
    let mean = digamma(a) - digamma(a + b)
    func logDensity(_ v: Double) -> Double { -(a * softplus(-v) + b * softplus(v)) }
    func score(_ v: Double) -> Double {
      let ratio: Double = exp(logDensity(v) - logDensity(u))
      return -(softplus(-v) + mean) * ratio
    }
    let direction = -softplus(-u) < mean ? -1.0 : 1
    let isCut = u * direction < 0
    var sum = 0.0
    for k in -205...205 where isCut {
      let t = Double(k) / 64
      let w: Double = 0.5 * Double.pi * sinh(t)
      let weight: Double = 0.5 * Double.pi * cosh(t) / (cosh(w) * cosh(w))
      sum += abs(u) / 2 * weight * score(u / 2 * (1 - tanh(w)))
    }
    for k in -300..<900 {
      let t = Double(k) / 64
      let fall: Double = exp(-t)
      let s: Double = exp(t - fall)
      sum += s * (1 + fall) * score((isCut ? 0 : u) + direction * s)
    }
    return direction * sum / 64
  }

  private static func softplus(_ v: Double) -> Double {
    let small: Double = exp(-abs(v))
    return max(v, 0) + log1p(small)
  }

  /// ψ(x), by its recurrence and its asymptotic series.
  static func digamma(_ x: Double) -> Double {
    var (x, sum) = (x, 0.0)
    while x < 10 {
      sum -= 1 / x
      x += 1
    }
    let r = 1 / (x * x)
    let coefficients: [Double] = [-691.0 / 32760, 1.0 / 132, -1.0 / 240, 1.0 / 252, -1.0 / 120, 1.0 / 12]
    let series = coefficients.reduce(0.0) { $0 * r + $1 }
    return sum + log(x) - 0.5 / x - r * series
  }
}

private func logistic(_ u: Double) -> Double { 1 / (1 + exp(-u)) }
