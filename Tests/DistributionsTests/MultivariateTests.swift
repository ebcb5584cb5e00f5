import Differentiation
import Distributions
import Foundation
import TestSupport
import Testing

@Suite("Vector distributions and classes")
struct MultivariateTests {
  static let n = 20_000

  /// Means and second moments of draws within 5 standard errors of the truth (false-alarm rate 6·10⁻⁷ a comparison).
  func check(_ draws: [Double], width: Int, mean: [Double], covariance: [[Double]]) {
    let rows = draws.count / width
    for i in 0..<width {
      let x = (0..<rows).map { draws[$0 * width + i] }
      let average = x.reduce(0, +) / Double(rows)
      #expect(abs(average - mean[i]) < 5 * (covariance[i][i] / Double(rows)).squareRoot(), "mean \(i)")
      for j in 0...i {
        let products = (0..<rows).map { (x[$0] - mean[i]) * (draws[$0 * width + j] - mean[j]) }
        let center = products.reduce(0, +) / Double(rows)
        let spread = products.reduce(0) { $0 + ($1 - center) * ($1 - center) } / Double(rows)
        #expect(abs(center - covariance[i][j]) < 5 * (spread / Double(rows)).squareRoot(), "covariance \(i), \(j)")
      }
    }
  }

  @Test("multivariate normal: draws, moments, entropy, gradient")
  func normal() throws {
    let k = [[2.0, 0.6, -0.3], [0.6, 1, 0.2], [-0.3, 0.2, 0.5]]
    let mean = [1.0, -2, 0.5]
    let d = MultivariateNormal(Tensor(mean), covariance: Tensor(k))
    let factor = MultivariateNormal(Tensor(mean), cholesky: cholesky(Tensor(k)))
    let draws = try Recording.draws(seed: 7) { [d.repeated(Self.n).sample(using: $0), factor.repeated(Self.n).sample(using: $0)] }
    check(draws[0], width: 3, mean: mean, covariance: k)
    check(draws[1], width: 3, mean: mean, covariance: k)
    #expect(try d.variance.values() == [2, 1, 0.5])
    for (a, b) in zip(try factor.variance.values(), [2, 1, 0.5]) { #expect(abs(a - b) < 1e-14) }
    // −E log p over the draws, whose variance is n/2.
    let entropy = try d.entropy.item()
    let densities = try Recording.values([(draws[0], [Self.n, 3])]) { [d.repeated(Self.n).logDensity(of: $0[0])] }[0]
    let estimate = -densities.reduce(0, +) / Double(Self.n)
    #expect(abs(entropy - estimate) < 5 * (1.5 / Double(Self.n)).squareRoot())
    #expect(abs(try factor.entropy.item() - entropy) < 1e-13)
    try differences([(mean, [3]), (k.flatMap { $0 }, [3, 3]), ([0.3, -1, 1], [3])]) { v in
      MultivariateNormal(v[0], covariance: 0.5 * (v[1] + v[1].transposed)).logDensity(of: v[2])
    }
    try differences([(mean, [3]), ([1.2, 0, 0, 0.4, 0.8, 0, -0.2, 0.1, 0.6], [3, 3]), ([0.3, -1, 1], [3])]) { v in
      MultivariateNormal(v[0], cholesky: lowerTriangle(v[1])).logDensity(of: v[2])
    }
  }

  @Test("Dirichlet: the chain of betas, draws, moments, entropy, gradient")
  func dirichlet() throws {
    let alpha = [0.7, 2, 4.5]
    let d = Dirichlet(Tensor(alpha))
    // x₁ ~ Beta(α₁, α₂ + α₃) and x₂/(1 − x₁) ~ Beta(α₂, α₃); the Jacobian of x₂ is 1/(1 − x₁).
    for x in [[0.2, 0.3, 0.5], [0.01, 0.9, 0.09]] {
      let first = try Beta(0.7, 6.5).logDensity(of: Tensor(x[0])).item()
      let second = try Beta(2, 4.5).logDensity(of: Tensor(x[1] / (1 - x[0]))).item()
      #expect(abs(try d.logDensity(of: Tensor(x)).item() - (first + second - log(1 - x[0]))) < 1e-13)
    }
    let total = alpha.reduce(0, +)
    let mean = alpha.map { $0 / total }
    let covariance = (0..<3).map { i in (0..<3).map { j in (i == j ? mean[i] * (1 - mean[i]) : -mean[i] * mean[j]) / (total + 1) } }
    let draws = try Recording.draws(seed: 8) { [d.repeated(Self.n).sample(using: $0)] }[0]
    check(draws, width: 3, mean: mean, covariance: covariance)
    for (a, b) in zip(try d.mean.values(), mean) { #expect(abs(a - b) < 1e-15) }
    for i in 0..<3 { #expect(abs(try d.variance.values()[i] - covariance[i][i]) < 1e-15) }
    let densities = try Recording.values([(draws, [Self.n, 3])]) { [d.repeated(Self.n).logDensity(of: $0[0])] }[0]
    let estimate = -densities.reduce(0, +) / Double(Self.n)
    let spread = densities.reduce(0) { $0 + ($1 + estimate) * ($1 + estimate) } / Double(Self.n)
    #expect(abs(try d.entropy.item() - estimate) < 5 * (spread / Double(Self.n)).squareRoot())
    try differences([(alpha, [3]), ([0.2, 0.3, 0.5], [3])]) { Dirichlet($0[0]).logDensity(inside: $0[1]) }
    // The mean's derivative through the draws.
    let node = Node.input("α", shape: [3])
    let x = Dirichlet(Tensor(node)).repeated(Self.n).sample(using: DrawSource()).node
    let tangent = Derivatives.pushforward(of: [x], along: [(node, .constant([1, 0, 0], shape: [3]))])[0]!
    let executor = try Executor(Plan(outputs: [tangent], inputs: [node], lanes: 1, lanedDraws: false))
    executor.random = RandomContext(seed: 9)
    alpha.withUnsafeBufferPointer { executor.setInput(0, $0.baseAddress!) }
    executor.run()
    let t = executor.output(0)
    for i in 0..<3 {
      let column = (0..<Self.n).map { t[3 * $0 + i] }
      let average = column.reduce(0, +) / Double(Self.n)
      let error = (column.reduce(0) { $0 + ($1 - average) * ($1 - average) }).squareRoot() / Double(Self.n)
      let truth = ((i == 0 ? 1 : 0) - mean[i]) / total
      #expect(abs(average - truth) < 5 * error)
    }
  }

  @Test("classes: frequencies, excluded classes, moments, entropy, gradient")
  func categorical() throws {
    let p = [0.1, 0, 0.6, 0.3]
    let draws = try Recording.draws(seed: 10) { source in
      [
        Categorical(probabilities: Tensor(p)).repeated(Self.n).sample(using: source).tensor,
        Categorical(logits: Tensor(p.map { log($0) + 3 })).repeated(Self.n).sample(using: source).tensor,
      ]
    }
    for list in draws {
      for k in 0..<4 {
        let share = Double(list.count { $0 == Double(k) }) / Double(Self.n)
        #expect(p[k] == 0 ? share == 0 : abs(share - p[k]) < 5 * (p[k] * (1 - p[k]) / Double(Self.n)).squareRoot())
      }
    }
    let d = Categorical(probabilities: Tensor(p))
    #expect(abs(try d.mean.item() - 2.1) < 1e-15)
    #expect(abs(try d.variance.item() - 0.69) < 1e-15)
    #expect(abs(try d.entropy.item() + p.filter { $0 > 0 }.reduce(0) { $0 + $1 * log($1) }) < 1e-15)
    #expect(try d.logDensity(of: 1).item() == -.infinity)
    #expect(try d.logDensity(of: 4).item() == -.infinity)
    try differences([([0.3, -1, 2], [3])]) { Categorical(logits: $0[0]).logDensity(of: 2) }
  }

  /// The gradient against central differences of fourth order.
  func differences(_ inputs: [(values: [Double], shape: [Int])], _ f: ([Tensor]) -> Tensor) throws {
    let gradient = try Recording.valueAndGradient(inputs, f).gradient
    for (argument, input) in inputs.enumerated() {
      for place in input.values.indices {
        let h = 1e-3
        let values = try [-2.0, -1, 1, 2].map { shift in
          var moved = inputs
          moved[argument].values[place] += shift * h
          return try Recording.values(moved) { [f($0)] }[0][0]
        }
        let difference = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * h)
        #expect(abs(gradient[argument][place] - difference) < 1e-8 * (1 + abs(difference)), "argument \(argument), element \(place)")
      }
    }
  }
}
