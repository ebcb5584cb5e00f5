import Differentiation
import Distributions
import Foundation
import TestSupport
import Testing

@Suite("Ordered classes, correlation factors, counts and vectors beyond the scalar laws")
struct FamilyTests {
  static let n = 20_000

  func differences(_ inputs: [(values: [Double], shape: [Int])], _ f: ([Tensor]) -> Tensor) throws {
    try MultivariateTests().differences(inputs, f)
  }

  /// Averages within 5 standard errors (false-alarm rate 6·10⁻⁷ a comparison).
  func average(_ x: [Double], is truth: Double, _ what: String) {
    let mean = x.reduce(0, +) / Double(x.count)
    let error = (x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }).squareRoot() / Double(x.count)
    #expect(abs(mean - truth) <= 5 * error + 1e-12, "\(what): \(mean) ± \(error), not \(truth)")
  }

  @Test("ordered classes against mpmath, and their gradients in cut points")
  func ordered() throws {
    for (text, isLogistic) in [(OracleTable.orderedLogistic, true), (OracleTable.orderedProbit, false)] {
      for row in OracleTable.rows(text) {
        let value = try Recording.values([([row[0]], []), (Array(row[1..<4]), [3]), ([row[4]], [])]) { v in
          let k = IntTensor(drawn: v[2])
          let d: any Distribution = isLogistic ? OrderedLogistic(v[0], cutpoints: v[1]) : OrderedProbit(v[0], cutpoints: v[1])
          return [d.density(of: k.tensor)]
        }[0][0]
        #expect(OracleBound(row).holds(value), "\(isLogistic ? "logistic" : "probit") \(row): \(value)")
      }
    }
    for k in 0..<4 {
      try differences([([0.4], []), ([-1, 0.5, 2], [3])]) { OrderedLogistic($0[0], cutpoints: $0[1]).logDensity(of: IntTensor(k)) }
      try differences([([0.4], []), ([-1, 0.5, 2], [3])]) { OrderedProbit($0[0], cutpoints: $0[1]).logDensity(of: IntTensor(k)) }
    }
    // One predictor for each value, and the probabilities of all classes.
    let d = OrderedLogistic(Tensor([0, 1.5]), cutpoints: Tensor([-1, 0.5, 2]))
    let all = try d.logProbabilities.values()
    for place in 0..<2 { #expect(abs((0..<4).reduce(0) { $0 + exp(all[2 * $1 + place]) } - 1) < 1e-14) }
    #expect(try d.logDensity(of: IntTensor([2, 0])).values() == [all[4], all[1]])
    // Cut points that are equal because they were computed so: no inner class between them.
    let equal = try Recording.values([([1, 1], [2])]) { [OrderedLogistic(0, cutpoints: $0[0]).logDensity(of: 1)] }[0][0]
    #expect(equal == -.infinity)
  }

  @Test("LKJ factors: oracle, gradient, mass, marginals of draws, entropy, derivative in the concentration")
  func lkj() throws {
    for row in OracleTable.rows(OracleTable.lkjCholesky) {
      let n = Int(row[0])
      let value = try Recording.values([([row[1]], []), (Array(row[2..<(2 + n * n)]), [n, n])]) { v in
        [LKJCholesky(size: n, concentration: v[0]).logDensity(of: v[1])]
      }
      #expect(OracleBound(row).holds(value[0][0]), "\(row): \(value)")
    }
    try differences([([1.7], []), ([0.3, -0.4, 0.9], [3])]) { v in
      let x = CholeskyCorrelationBijection().forward(v[1])
      return LKJCholesky(size: 3, concentration: v[0]).logDensity(inside: x) + CholeskyCorrelationBijection().logDeterminant(v[1], x)
    }
    // Over the unconstrained points of two and three variables: partial correlations are independent, so the mass is that of a product grid.
    let step = 0.1
    let line = (-120...120).map { Double($0) * step }
    for size in [2, 3] {
      let grid = size == 2 ? line.map { [$0] } : line.flatMap { a in line.flatMap { b in [-0.5, 0.9].map { [a, b, $0] } } }
      let logs = try Recording.values([(grid.flatMap { $0 }, [grid.count, grid[0].count])]) { v in
        let map = IndependentBijection(copies: [grid.count], base: CholeskyCorrelationBijection())
        let x = map.forward(v[0])
        return [LKJCholesky(size: size, concentration: 1.4).repeated(grid.count).logDensity(inside: x) + map.logDeterminant(v[0], x)]
      }[0]
      if size == 2 {
        #expect(abs(logs.reduce(0) { $0 + exp($1) } * step - 1) < 1e-10)
      } else {
        // The third partial correlation is 2y − 1, y ~ Beta(1.4, 1.4), at tanh u: its density in u is the marginal one.
        for (offset, u) in [-0.5, 0.9].enumerated() {
          let mass = stride(from: offset, to: logs.count, by: 2).reduce(0) { $0 + exp(logs[$1]) } * step * step
          let y = 0.5 * (1 + tanh(u))
          let truth = exp(try Beta(1.4, 1.4).logDensity(of: Tensor(y)).item()) * 2 * y * (1 - y)
          #expect(abs(mass - truth) < 1e-9)
        }
      }
    }
    // Each correlation of n variables is 2y − 1 with y ~ Beta(η − 1 + n/2, η − 1 + n/2): Kolmogorov and Smirnov, P(D√n > 2.7) < 10⁻⁶.
    for (size, eta) in [(4, 0.6), (3, 4.0)] {
      let d = LKJCholesky(size: size, concentration: eta)
      let draws = try Recording.draws(seed: 11) { [d.repeated(Self.n).sample(using: $0)] }[0]
      let block = size * size
      let b = eta - 1 + 0.5 * Double(size)
      for (i, j) in [(1, 0), (size - 1, 0), (size - 1, size - 2)] {
        let r = (0..<Self.n).map { row -> Double in
          let (first, second) = (row * block + i * size, row * block + j * size)
          return (0..<size).reduce(0.0) { $0 + draws[first + $1] * draws[second + $1] }
        }
        let y = r.sorted().map { 0.5 * (1 + $0) }
        let cdf = try Recording.values([(y, [Self.n])]) { [Beta(b, b).cdf($0[0])] }[0]
        let count = Double(Self.n)
        let distance = cdf.indices.map { max(abs(cdf[$0] - Double($0) / count), abs(Double($0 + 1) / count - cdf[$0])) }.max()!
        #expect(distance * count.squareRoot() < 2.7, "size \(size), correlation \(i), \(j): \(distance)")
      }
      let densities = try Recording.values([(draws, [Self.n, size, size])]) { [d.repeated(Self.n).logDensity(of: $0[0])] }[0]
      average(densities.map { -$0 }, is: try d.entropy.item(), "entropy")
    }
    // E r² = 1/(2b + 1), so that its derivative in the concentration is −2/(2b + 1)².
    let node = Node.input("η", shape: [])
    let x = LKJCholesky(size: 3, concentration: Tensor(node)).repeated(Self.n).sample(using: DrawSource())
    let squares = square(x.flattened[IntTensor((0..<Self.n).map { 9 * $0 + 6 })]).node
    let tangent = Derivatives.pushforward(of: [squares], along: [(node, .fill(1))])[0]!
    let executor = try Executor(Plan(outputs: [tangent], inputs: [node], lanes: 1, lanedDraws: false))
    executor.random = RandomContext(seed: 12)
    withUnsafePointer(to: 2.0) { executor.setInput(0, $0) }
    executor.run()
    average(Array(executor.output(0)), is: -2 / 36.0, "∂E r²/∂η")
    #expect(try LKJCholesky(size: 1, concentration: 2).logDensity(of: .ones([1, 1])).item() == 0)
    #expect(try LKJCholesky(size: 2, concentration: 2).logDensity(of: Tensor([[1, 0], [0.8, 0.7]])).item() == -.infinity)
  }

  @Test("scales and a correlation factor make a covariance")
  func scaledFactor() throws {
    let l = Tensor([[1, 0], [0.6, 0.8]])
    let s = Tensor([2.0, 5])
    let x = Tensor([1.0, -3])
    let covariance = Tensor([[4.0, 6], [6, 25]])
    let direct = try MultivariateNormal(1, covariance: covariance).logDensity(of: x).item()
    #expect(abs(try MultivariateNormal(1, sd: s, choleskyCorrelation: l).logDensity(of: x).item() - direct) < 1e-14)
    try differences([([2, 5], [2]), ([0.4], [1]), ([1, -3], [2])]) { v in
      MultivariateNormal(0, sd: v[0], choleskyCorrelation: CholeskyCorrelationBijection().forward(v[1])).logDensity(of: v[2])
    }
  }

  @Test("counts of several classes: oracles, draws, gradients, impossible counts")
  func counts() throws {
    for row in OracleTable.rows(OracleTable.multinomialLogits) {
      let n = Int(row[0])
      let values = try Recording.values([([row[1]], []), (Array(row[2..<(2 + n)]), [n]), (Array(row[(2 + n)..<(2 + 2 * n)]), [n])]) { v in
        let k = IntTensor(drawn: v[2])
        return [
          Multinomial(v[0], logits: v[1]).logDensity(of: k), Multinomial(v[0], probabilities: v[1].softmax(axis: 0)).logDensity(of: k),
        ]
      }
      for value in values { #expect(OracleBound(row).holds(value[0]), "\(row): \(value)") }
    }
    for row in OracleTable.rows(OracleTable.dirichletMultinomial) {
      let n = Int(row[0])
      let value = try Recording.values([([row[1]], []), (Array(row[2..<(2 + n)]), [n]), (Array(row[(2 + n)..<(2 + 2 * n)]), [n])]) { v in
        [DirichletMultinomial(v[0], v[1]).logDensity(of: IntTensor(drawn: v[2]))]
      }
      #expect(OracleBound(row).holds(value[0][0]), "\(row): \(value)")
    }
    let p = [0.1, 0, 0.6, 0.3]
    let alpha = [0.7, 2, 4.5]
    let (plain, mixed) = (Multinomial(12, probabilities: Tensor(p)), DirichletMultinomial(12, Tensor(alpha)))
    let draws = try Recording.draws(seed: 13) {
      [plain.repeated(Self.n).sample(using: $0).tensor, mixed.repeated(Self.n).sample(using: $0).tensor]
    }
    for (list, d) in zip(draws, [plain, mixed] as [any DistributionWithMoments]) {
      let width = d.eventShape[0]
      let (mean, variance) = (try d.mean.values(), try d.variance.values())
      for k in 0..<width {
        let x = (0..<Self.n).map { list[$0 * width + k] }
        average(x, is: mean[k], "mean \(k)")
        average(x.map { ($0 - mean[k]) * ($0 - mean[k]) }, is: variance[k], "variance \(k)")
      }
      #expect((0..<Self.n).allSatisfy { row in list[(row * width)..<((row + 1) * width)].reduce(0, +) == 12 })
    }
    #expect(try plain.logDensity(of: IntTensor([1, 1, 6, 4])).item() == -.infinity)
    #expect(try plain.logDensity(of: IntTensor([1, 0, 6, 4])).item() == -.infinity)
    #expect(try mixed.logDensity(of: IntTensor([13, 0, -1])).item() == -.infinity)
    try differences([([0.3, -1, 2], [3])]) { Multinomial(9, logits: $0[0]).logDensity(of: IntTensor([2, 0, 7])) }
    try differences([(alpha, [3])]) { DirichletMultinomial(9, $0[0]).logDensity(of: IntTensor([2, 0, 7])) }
  }

  @Test("Student's t of vectors: oracle, draws, gradient")
  func multivariateStudent() throws {
    for row in OracleTable.rows(OracleTable.multivariateStudentT) {
      let n = Int(row[0])
      let (l, x) = (Array(row[2..<(2 + n * n)]), Array(row[(2 + n * n)..<(2 + n * n + n)]))
      let value = try Recording.values([([row[1]], []), (l, [n, n]), (x, [n])]) { v in
        [MultivariateStudentT(df: v[0], 0, cholesky: v[1]).logDensity(of: v[2])]
      }
      #expect(OracleBound(row).holds(value[0][0]), "\(row): \(value)")
    }
    let d = MultivariateStudentT(df: 9, Tensor([1.0, -2]), cholesky: Tensor([[2.0, 0], [0.5, 0.7]]))
    let draws = try Recording.draws(seed: 14) { [d.repeated(Self.n).sample(using: $0)] }[0]
    let (mean, variance) = (try d.mean.values(), try d.variance.values())
    for k in 0..<2 {
      let x = (0..<Self.n).map { draws[2 * $0 + k] }
      average(x, is: mean[k], "mean \(k)")
      average(x.map { ($0 - mean[k]) * ($0 - mean[k]) }, is: variance[k], "variance \(k)")
    }
    let products = (0..<Self.n).map { row -> Double in
      let (first, second) = (draws[2 * row] - 1, draws[2 * row + 1] + 2)
      return first * second
    }
    average(products, is: 9 / 7.0, "covariance")
    try differences([([3.5], []), ([1, -2, 0.5], [3]), ([1.2, 0, 0, 0.4, 0.8, 0, -0.2, 0.1, 0.6], [3, 3]), ([0.3, -1, 1], [3])]) { v in
      MultivariateStudentT(df: v[0], v[1], cholesky: lowerTriangle(v[2])).logDensity(of: v[3])
    }
  }

  @Test("random walks are their increments")
  func walk() throws {
    let x = [0.5, 1.5, -1]
    let d = GaussianRandomWalk(steps: 3, sd: Tensor([1.0, 2, 0.5]), start: 0.25)
    let before = [0.25, 0.5, 1.5]
    let sd = [1.0, 2, 0.5]
    var each = 0.0
    for t in 0..<3 { each += try Normal(before[t], sd: sd[t]).logDensity(of: Tensor(x[t])).item() }
    #expect(abs(try d.logDensity(of: Tensor(x)).item() - each) < 1e-13)
    let draws = try Recording.draws(seed: 15) { [d.repeated(Self.n).sample(using: $0)] }[0]
    #expect(try d.variance.values() == [1, 5, 5.25])
    let last = (0..<Self.n).map { draws[3 * $0 + 2] }
    average(last, is: 0.25, "mean")
    average(last.map { pow($0 - 0.25, 2) }, is: 5.25, "variance")
    let densities = try Recording.values([(draws, [Self.n, 3])]) { [d.repeated(Self.n).logDensity(of: $0[0])] }[0]
    average(densities.map { -$0 }, is: try d.entropy.item(), "entropy")
    try differences([([0.7], []), ([0.2], []), (x, [3])]) { GaussianRandomWalk(steps: 3, sd: $0[0], start: $0[1]).logDensity(of: $0[2]) }
  }

  @Test("inside a plate every element has its own parameters")
  func plates() throws {
    let axis = PlateAxis(id: 7, name: "rows", size: 3, depth: 0)
    let index = PlateIndex(axis: axis, fullSize: 3)
    let (eta, cuts) = (Tensor([0.0, 1, -2]), Tensor([-1, 0.5, 2]))
    let classes = IntTensor([0, 3, 1])
    let inPlate = try OrderedLogistic(eta[index], cutpoints: cuts).logDensity(of: classes[index]).leaving(axis).values()
    for row in 0..<3 {
      #expect(abs(inPlate[row] - (try OrderedLogistic(eta[row], cutpoints: cuts).logDensity(of: classes[row]).item())) < 1e-15)
    }
    let counts = IntTensor([[1, 2], [3, 0], [0, 3]])
    let logits = Tensor([[0.0, 1], [2, 2], [-1, 3]])
    let several = try Multinomial(3, logits: logits[index]).logDensity(of: counts[index]).leaving(axis).values()
    for row in 0..<3 { #expect(abs(several[row] - (try Multinomial(3, logits: logits[row]).logDensity(of: counts[row]).item())) < 1e-14) }
    let draws = try Recording.draws(seed: 16) { source in
      source.plates = [axis]
      return [LKJCholesky(size: 2, concentration: 1).sample(using: source).leaving(axis)]
    }[0]
    #expect(Set([draws[2], draws[6], draws[10]]).count == 3)
  }
}
