import Differentiation
import Distributions
import Foundation

/// What every distribution of numbers must satisfy. Each law returns a sentence for every violation; an empty list is a pass.
///
/// Statistical laws use fixed seeds and thresholds with a false-alarm rate of about 10⁻⁶ a comparison, so a failure is a defect.
package enum DistributionLaws {
  package static let drawCount = 20_000

  // MARK: - Draws

  /// Independent draws at a parameter point.
  package static func draws(_ law: DistributionCase, _ point: [Double], seed: UInt64 = 1) throws -> [Double] {
    try Recording.draws(seed: seed) { source in [law.make(point.map { Tensor($0) }).copies(drawCount).draw(using: source)] }[0]
  }

  /// Draws lie in the support and have a finite log density.
  package static func supportIsRespected(_ law: DistributionCase, _ point: [Double]) throws -> [String] {
    let x = try draws(law, point)
    let density = try Recording.values([(x, [x.count])]) { [law.make(point.map { Tensor($0) }).density(of: $0[0])] }[0]
    return zip(x, density).filter { !$1.isFinite }.prefix(3).map { "draw \($0) has log density \($1)" }
  }

  /// Kolmogorov and Smirnov's distance between draws and the distribution function: P(D√n > 2.7) < 10⁻⁶. Where a family has none its density is
  /// integrated by trapezoids: over its bounded support, or, on ℝ, as far beyond the draws as they reach.
  package static func drawsMatchDistribution(_ law: DistributionCase, _ point: [Double]) throws -> [String] {
    let x = try draws(law, point).sorted()
    let cdf: [Double]
    if let d = law.make(point.map { Tensor($0) }) as? any CumulativeDistribution {
      cdf = try Recording.values([(x, [x.count])]) { [exp(d.logCDF($0[0]))] }[0]
    } else if let integrated = try integratedDensity(law, point, at: x) {
      cdf = integrated
    } else {
      return ["has no distribution function, and its support is neither an interval nor ℝ"]
    }
    let n = Double(x.count)
    let distance = cdf.indices.map { max(abs(cdf[$0] - Double($0) / n), abs(Double($0 + 1) / n - cdf[$0])) }.max()!
    return distance * n.squareRoot() < 2.7 ? [] : ["Kolmogorov–Smirnov distance \(distance)"]
  }

  private static func integratedDensity(_ law: DistributionCase, _ point: [Double], at x: [Double]) throws -> [Double]? {
    let (low, high): (Double, Double)
    switch law.make(point.map { Tensor($0) }).support {
    case .interval(let lower, let upper): (low, high) = (try lower.item(), try upper.item())
    case .real: (low, high) = (2 * x[0] - x.last!, 2 * x.last! - x[0])
    default: return nil
    }
    let count = 20_000
    let width = (high - low) / Double(count)
    let grid = (0...count).map { low + Double($0) * width }
    let density = try Recording.values([(grid, [count + 1])]) { [exp(law.make(point.map { Tensor($0) }).density(of: $0[0]))] }[0]
    var sums = [0.0]
    for k in 1...count { sums.append(sums[k - 1] + 0.5 * width * (density[k - 1] + density[k])) }
    return x.map { value in
      let place = (value - low) / width
      let k = min(Int(place), count - 1)
      return sums[k] + (place - Double(k)) * (sums[k + 1] - sums[k])
    }
  }

  /// Pearson's χ² of draws of whole numbers, cells with an expectation of 10 or more, as a normal score by Wilson and Hilferty: below 5.
  package static func drawsMatchProbabilities(_ law: DistributionCase, _ point: [Double]) throws -> [String] {
    let x = try draws(law, point)
    let top = Int(x.max()!) + 1
    let log = try Recording.values([((0...top).map(Double.init), [top + 1])]) { [law.make(point.map { Tensor($0) }).density(of: $0[0])] }[0]
    var counts = [Double](repeating: 0, count: top + 1)
    for value in x { counts[Int(value)] += 1 }
    var score = 0.0
    var cells = 0.0
    var rest = (count: 0.0, expected: Double(x.count))
    for k in 0...top {
      let expected = Double(x.count) * exp(log[k])
      if expected == 0, counts[k] > 0 { return ["\(k) was drawn and has probability 0"] }
      guard expected >= 10 else {
        rest.count += counts[k]
        continue
      }
      rest.expected -= expected
      score += (counts[k] - expected) * (counts[k] - expected) / expected
      cells += 1
    }
    if rest.expected >= 10 {
      score += (rest.count - rest.expected) * (rest.count - rest.expected) / rest.expected
      cells += 1
    }
    if cells < 2 { return rest.count <= 60 ? [] : ["\(rest.count) draws outside the cells"] }
    let f = cells - 1
    let normal = (pow(score / f, 1 / 3.0) - (1 - 2 / (9 * f))) / (2 / (9 * f)).squareRoot()
    return normal < 5 ? [] : ["χ² is \(score) on \(f) degrees of freedom"]
  }

  // MARK: - Mass

  /// The integral (or sum) of the density, its mean and variance, and its entropy.
  package struct Integrals {
    package var mass = 0.0
    package var mean = 0.0
    package var variance = 0.0
    package var entropy = 0.0
  }

  /// Trapezoids after the doubly exponential map, in the unconstrained space of the support, around the middle of some draws: each element
  /// of error falls faster than any power of the step for a smooth density.
  package static func integrals(_ law: DistributionCase, _ point: [Double]) throws -> Integrals {
    let d = law.make(point.map { Tensor($0) })
    if d.support.isDiscrete { return try sums(d) }
    let map = d.support.bijection!
    let middle = try Recording.values([(try draws(law, point).sorted(), [drawCount])]) { [map.inverse($0[0])] }[0]
    let center = middle[drawCount / 2]
    let spread = abs(middle[3 * drawCount / 4] - middle[drawCount / 4])
    let step = 1.0 / 512
    let t = (-3100...3100).map { Double($0) * step }
    let u = t.map { center + spread * sinh(.pi / 2 * sinh($0)) }
    let weight = t.map { step * spread * .pi / 2 * cosh($0) * cosh(.pi / 2 * sinh($0)) }
    let values = try Recording.values([(u, [u.count])]) { v in
      let x = map.forward(v[0])
      return [x, d.density(of: x), map.logDeterminant(v[0], x) + Tensor.zeros([u.count])]
    }
    var result = Integrals()
    var mean = 0.0
    let kept = t.indices.filter { values[1][$0] > -700 && values[0][$0].isFinite && (values[1][$0] + values[2][$0]).isFinite }
    let mass = kept.map { exp(values[1][$0] + values[2][$0]) * weight[$0] }
    for (place, m) in zip(kept, mass) {
      result.mass += m
      mean += m * values[0][place]
      result.entropy -= m * values[1][place]
    }
    for (place, m) in zip(kept, mass) { result.variance += m * (values[0][place] - mean) * (values[0][place] - mean) }
    result.mean = mean
    return result
  }

  private static func sums(_ d: any Distribution) throws -> Integrals {
    let k = (0...2000).map(Double.init)
    let log = try Recording.values([(k, [k.count])]) { [d.density(of: $0[0])] }[0]
    var result = Integrals()
    for (x, l) in zip(k, log) where l > -.infinity {
      result.mass += exp(l)
      result.mean += x * exp(l)
      result.entropy -= l * exp(l)
    }
    for (x, l) in zip(k, log) where l > -.infinity { result.variance += (x - result.mean) * (x - result.mean) * exp(l) }
    return result
  }

  /// The density integrates to one, and closed-form moments and entropy are those of the density.
  package static func integralsAgree(_ law: DistributionCase, _ point: [Double], tolerance: Double) throws -> [String] {
    let found = try integrals(law, point)
    let d = law.make(point.map { Tensor($0) })
    var problems: [String] = []
    func compare(_ what: String, _ value: Double, _ truth: Double, _ scale: Double) {
      if !(abs(value - truth) <= tolerance * scale) { problems.append("\(what): \(truth), by quadrature \(value)") }
    }
    compare("mass", found.mass, 1, 1)
    if let d = d as? any DistributionWithMoments {
      let (mean, variance) = (try d.mean.item(), try d.variance.item())
      if variance.isFinite {
        compare("mean", found.mean, mean, 1 + variance.squareRoot() + abs(mean))
        compare("variance", found.variance, variance, 1 + variance)
      }
    }
    if let d = d as? any DistributionWithEntropy {
      let entropy = try d.entropy.item()
      compare("entropy", found.entropy, entropy, 1 + abs(entropy))
    }
    return problems
  }

  // MARK: - Derivatives

  /// d log F/dx = p/F and d log(1 − F)/dx = −p/(1 − F) at draws; F + (1 − F) = 1; quantiles invert.
  package static func cumulativeMatchesDensity(_ law: DistributionCase, _ point: [Double]) throws -> [String] {
    guard let d = law.make(point.map { Tensor($0) }) as? any CumulativeDistribution else { return [] }
    let x = Array(try draws(law, point, seed: 3).prefix(60))
    let shape = [x.count]
    let lower = try Recording.valueAndGradient([(x, shape)]) { d.logCDF($0[0]) }.gradient[0]
    let upper = try Recording.valueAndGradient([(x, shape)]) { d.logSurvival($0[0]) }.gradient[0]
    let values = try Recording.values([(x, shape)]) { [d.density(of: $0[0]), d.logCDF($0[0]), d.logSurvival($0[0])] }
    var problems: [String] = []
    for i in x.indices {
      let (density, below, above) = (values[0][i], values[1][i], values[2][i])
      let sum = exp(below) + exp(above)
      if !(abs(sum - 1) < 1e-12) { problems.append("F + (1 − F) = \(sum) at \(x[i])") }
      let slope = exp(density - below)
      if !(abs(lower[i] - slope) <= 1e-8 * slope) { problems.append("(log F)′ = \(lower[i]), p/F = \(slope) at \(x[i])") }
      let fall = -exp(density - above)
      if !(abs(upper[i] - fall) <= -1e-8 * fall) { problems.append("(log(1−F))′ = \(upper[i]), −p/(1−F) = \(fall) at \(x[i])") }
    }
    guard let q = d as? any QuantileDistribution else { return problems }
    let back = try Recording.values([(values[1], shape), (values[2], shape)]) {
      [q.quantile(logCDF: $0[0]), q.quantile(logSurvival: $0[1])]
    }
    for i in x.indices {
      // The nearer tail determines x; what an error of one part in 10¹⁴ of a probability moves x by is the bound.
      let (below, above) = (values[1][i], values[2][i])
      let slack = 1e-12 * (1 + abs(x[i])) + 1e-14 * (1 + abs(min(below, above))) / exp(values[0][i])
      if below < above ? !(abs(back[0][i] - x[i]) <= slack) : !(abs(back[1][i] - x[i]) <= slack) {
        problems.append("quantiles \(back[0][i]), \(back[1][i]) for \(x[i])")
      }
    }
    return problems
  }

  /// The gradient of the log density with respect to the value and every parameter, against central differences of fourth order.
  package static func gradientsAgree(_ law: DistributionCase, _ point: [Double]) throws -> (problems: [String], checked: Int) {
    let isDiscrete = law.make(point.map { Tensor($0) }).support.isDiscrete
    let xs = Array(try draws(law, point, seed: 4).prefix(12))
    var problems: [String] = []
    var checked = 0
    for x in xs {
      let arguments = point + [x]
      func density(_ v: [Tensor]) -> Tensor { law.make(Array(v.dropLast())).density(of: v.last!) }
      let gradient = try Recording.valueAndGradient(arguments.map { ([$0], []) }, density).gradient.map { $0[0] }
      for place in arguments.indices where !(isDiscrete && place == arguments.count - 1) {
        let h = 2e-4 * max(abs(arguments[place]), 0.05)
        let shifted = [-2.0, -1, 1, 2].map { shift in arguments.indices.map { $0 == place ? arguments[$0] + shift * h : arguments[$0] } }
        let f = try Recording.values(arguments.indices.map { column in (shifted.map { $0[column] }, [4]) }) { [density($0)] }[0]
        guard f.allSatisfy(\.isFinite) else { continue }
        checked += 1
        let difference = (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h)
        let rounding = 1e-15 * (1 + abs(f[1])) / h
        if !(abs(gradient[place] - difference) <= 1e-7 * (1 + abs(difference)) + rounding) {
          problems.append("argument \(place) at \(arguments): \(gradient[place]), by differences \(difference)")
        }
      }
    }
    return (problems, checked)
  }

  /// E ∂x/∂θ = ∂E x/∂θ for reparameterized draws with known mean, within 5 standard errors.
  package static func drawsAreDifferentiable(_ law: DistributionCase, _ point: [Double]) throws -> [String] {
    guard let fixed = law.make(point.map { Tensor($0) }) as? any DistributionWithMoments, fixed is any ReparameterizedDistribution,
      try fixed.variance.item().isFinite
    else { return [] }
    let nodes = point.map { _ in Node.input("θ", shape: []) }
    let d = law.make(nodes.map { Tensor($0) })
    let x = d.copies(drawCount).draw(using: DrawSource()).node
    let mean = (d as! any DistributionWithMoments).mean.node
    var problems: [String] = []
    for (place, node) in nodes.enumerated() {
      let tangents = Derivatives.pushforward(of: [x, mean], along: [(node, .fill(1))])
      let outputs = [tangents[0] ?? .fill(0, shape: x.shape), tangents[1] ?? .fill(0)]
      let executor = try Executor(Plan(outputs: outputs, inputs: nodes, lanes: 1, lanedDraws: false))
      executor.random = RandomContext(seed: 5)
      for (index, value) in point.enumerated() { withUnsafePointer(to: value) { executor.setInput(index, $0) } }
      executor.run()
      let t = executor.output(0)
      let n = Double(t.count)
      let average = t.reduce(0, +) / n
      let error = (t.reduce(0) { $0 + ($1 - average) * ($1 - average) } / (n * (n - 1))).squareRoot()
      let truth = executor.output(1)[0]
      if !(abs(average - truth) <= 5 * error + 1e-9 * (1 + abs(truth))) {
        problems.append("∂E x/∂θ\(place) is \(truth), draws give \(average) ± \(error)")
      }
    }
    return problems
  }

  /// ∂x/∂θ of single draws is what the distribution function says: at a fixed level dx/dθ = −(∂ log F/∂θ)/(∂ log F/∂x), in the smaller tail.
  package static func drawsFollowParameters(_ law: DistributionCase, _ point: [Double]) throws -> [String] {
    guard law.name.hasPrefix("truncated") || law.name.hasSuffix("Below") || law.name.hasSuffix("Above") else { return [] }
    let count = 40
    let nodes = point.map { _ in Node.input("θ", shape: []) }
    let drawn = law.make(nodes.map { Tensor($0) }).copies(count).draw(using: DrawSource()).node
    var problems: [String] = []
    for (place, node) in nodes.enumerated() {
      let tangent = Derivatives.pushforward(of: [drawn], along: [(node, .fill(1))])[0] ?? .fill(0, shape: drawn.shape)
      let executor = try Executor(Plan(outputs: [drawn, tangent], inputs: nodes, lanes: 1, lanedDraws: false))
      executor.random = RandomContext(seed: 1)
      for (index, value) in point.enumerated() { withUnsafePointer(to: value) { executor.setInput(index, $0) } }
      executor.run()
      let (x, moved) = (executor.output(0), executor.output(1))
      // Every draw has parameters of its own, all equal, so that one gradient holds the derivatives of all.
      let inputs = (point.map { [Double](repeating: $0, count: count) } + [x]).map { (values: $0, shape: [count]) }
      func slopes(_ tail: (any CumulativeDistribution, Tensor) -> Tensor) throws -> [Double] {
        let gradient = try Recording.valueAndGradient(inputs) { v in
          tail(law.make(Array(v.dropLast())) as! any CumulativeDistribution, v.last!)
        }.gradient
        return zip(gradient[place], gradient.last!).map { -$0 / $1 }
      }
      let (below, above) = (try slopes { $0.logCDF($1) }, try slopes { $0.logSurvival($1) })
      let level = try Recording.values(inputs) { v in
        [(law.make(Array(v.dropLast())) as! any CumulativeDistribution).logCDF(v.last!)]
      }[0]
      for i in 0..<count {
        let truth = level[i] > -0.69 ? above[i] : below[i]
        if !(abs(moved[i] - truth) <= 1e-6 * (1 + abs(truth))) {
          problems.append("∂x/∂θ\(place) at \(x[i]) is \(moved[i]), by the distribution function \(truth)")
        }
      }
    }
    return Array(problems.prefix(3))
  }
}
