import Differentiation
import Distributions
import Foundation
import Modeling

/// A stochastic computation with one parameter vector θ: what is drawn, and what is paid for it.
package struct ExpectationProblem: Sendable, CustomStringConvertible {
  package let name: String
  package let theta: [Double]
  package let make: @Sendable (Tensor) -> any Distribution
  /// The cost of a draw, a number; it may depend on θ directly.
  package let cost: @Sendable (_ z: Tensor, _ theta: Tensor) -> Tensor
  /// All values that a draw may have, or values and weights that make sums exact.
  package let configurations: [[Double]]
  /// Closed forms of E and ∇E where the values cannot be enumerated.
  package let exact: (value: Double, gradient: [Double])?
  package var description: String { name }

  package init(
    _ name: String, _ theta: [Double], configurations: [[Double]] = [], exact: (value: Double, gradient: [Double])? = nil,
    _ make: @escaping @Sendable (Tensor) -> any Distribution, cost: @escaping @Sendable (Tensor, Tensor) -> Tensor
  ) {
    self.name = name
    self.theta = theta
    self.make = make
    self.cost = cost
    self.configurations = configurations
    self.exact = exact
  }

  /// E f and its gradient: as given, or the sum over all values.
  package func truth() throws -> (value: Double, gradient: [Double]) {
    if let exact { return exact }
    let found = try Recording.valueAndGradient([(theta, [theta.count])]) { x in
      let d = make(x[0])
      return configurations.map { values in
        let z = Tensor(values, shape: d.shape)
        return exp(d.density(of: z).sum()) * cost(z, x[0])
      }.reduce(Tensor(0)) { $0 + $1 }
    }
    return (found.value, found.gradient[0])
  }

  /// Estimators that the distribution has.
  package var legal: [GradientEstimator] { GradientEstimator.legal(for: make(Tensor(theta))) }
}

/// Means and variances of an estimator's gradients.
package struct EstimatorMoments: Sendable {
  package var draws = 0.0
  package var value = 0.0
  package var valueError = 0.0
  package var mean: [Double]
  package var variance: [Double]
  /// Standard errors of the mean, and of the variance.
  package var error: [Double]
  package var varianceError: [Double]
  package var totalVariance: Double { variance.reduce(0, +) }
}

/// What every estimator must satisfy. A sentence for every violation; an empty list is a pass.
package enum EstimatorLaws {
  /// Gradients (with `order` 2: Hessians, row-major) of one estimator, after `warmup` steps in which it may learn. Eight draws a step.
  package static func moments(
    _ problem: ExpectationProblem, _ estimator: GradientEstimator, steps: Int = 4000, warmup: Int? = nil, seed: UInt64 = 1, order: Int = 1
  ) throws -> EstimatorMoments {
    try moments(parameters: problem.theta, steps: steps, warmup: warmup, seed: seed, order: order) { theta, source in
      func estimated<D: Distribution>(_ d: D) throws -> [(site: DrawSite, estimator: any DrawEstimator, value: Tensor)] {
        guard let draw = estimator.draw(d, using: source) else { throw TensorError("\(D.name) has no estimator \(estimator)") }
        return [(draw.site, draw.estimator, draw.value.tensor)]
      }
      let draw = try estimated(problem.make(theta))[0]
      return (problem.cost(draw.value, theta), [(draw.site, draw.estimator)])
    }
  }

  /// The same for any computation: a cost, and its draws in order.
  package static func moments(
    parameters: [Double], steps: Int, warmup: Int? = nil, seed: UInt64 = 1, order: Int = 1,
    _ body: (Tensor, DrawSource) throws -> (cost: Tensor, draws: [(site: DrawSite, estimator: any DrawEstimator)])
  ) throws -> EstimatorMoments {
    let input = Node.input("theta", shape: [parameters.count])
    let (cost, draws) = try body(Tensor(input), DrawSource())
    var context = SurrogateContext()
    let surrogate = CostTerms.total(Surrogate.of(CostTerms.split(cost.node.total, draws: draws.map(\.site.value)), draws: draws, &context))
    guard context.problems.isEmpty else { throw TensorError(context.problems.joined(separator: "\n")) }
    func derivative(_ of: Node) -> Node {
      Derivatives.pullback(of: [of], cotangents: [.fill(1)], to: [input])[0] ?? .fill(0, shape: input.shape)
    }
    var target = derivative(surrogate)
    if order == 2 {
      let rows = parameters.indices.map { derivative(target.sliced(starts: [$0], shape: [1]).reshaped(to: [])) }
      target = .concatenate(rows, axis: 0)
    }
    return try run(
      surrogate, target, input, parameters, context.states, steps: steps, warmup: warmup ?? (context.states.isEmpty ? 0 : 3000), seed)
  }

  private static func run(
    _ value: Node, _ target: Node, _ input: Node, _ parameters: [Double], _ states: [EstimatorState], steps: Int, warmup: Int,
    _ seed: UInt64
  ) throws -> EstimatorMoments {
    let lanes = 8
    let inputs = [input] + states.map(\.input)
    let plan = try Plan(
      outputs: [value, target] + states.map(\.next), inputs: inputs, lanes: lanes, laned: inputs.map { _ in false }, lanedDraws: true)
    let executor = try Executor(plan)
    executor.setInput(0, parameters)
    var present = states.map(\.initial)
    var sums = [[Double]](repeating: [Double](repeating: 0, count: 5), count: target.count + 1)
    var origin: [Double] = []
    for step in 0..<(warmup + steps) {
      for (index, state) in present.enumerated() { executor.setInput(1 + index, state) }
      executor.random = RandomContext(seed: seed, purpose: 0x454C, step: UInt64(step))
      executor.run()
      if let error = executor.firstError { throw error }
      for index in present.indices {
        let next = laned(executor, 2 + index, present[index].count, lanes)
        present[index] = next.map { $0.reduce(0, +) / Double(lanes) }
      }
      guard step >= warmup else { continue }
      let found = laned(executor, 0, 1, lanes) + laned(executor, 1, target.count, lanes)
      if origin.isEmpty { origin = found.map { $0.reduce(0, +) / Double(lanes) } }
      for (place, row) in found.enumerated() {
        for x in row {
          var power = 1.0
          for k in 0..<5 {
            sums[place][k] += power
            power *= x - origin[place]
          }
        }
      }
    }
    return summary(sums, origin)
  }

  private static func laned(_ executor: Executor, _ output: Int, _ count: Int, _ lanes: Int) -> [[Double]] {
    var values = [Double](repeating: 0, count: count * lanes)
    values.withUnsafeMutableBufferPointer { executor.copyOutput(output, lanes: lanes, to: $0.baseAddress!) }
    return (0..<count).map { Array(values[($0 * lanes)..<(($0 + 1) * lanes)]) }
  }

  private static func summary(_ sums: [[Double]], _ origin: [Double]) -> EstimatorMoments {
    let n = sums[0][0]
    var mean: [Double] = []
    var variance: [Double] = []
    var varianceError: [Double] = []
    for (s, o) in zip(sums, origin) {
      let m = s[1] / n
      let second = max(0, s[2] / n - m * m)
      let fourth = max(0, s[4] / n - 4 * m * s[3] / n + 6 * m * m * s[2] / n - 3 * m * m * m * m)
      mean.append(o + m)
      variance.append(second * n / (n - 1))
      varianceError.append((max(0, fourth - second * second) / n).squareRoot())
    }
    let error = variance.map { ($0 / n).squareRoot() }
    return EstimatorMoments(
      draws: n, value: mean[0], valueError: error[0], mean: Array(mean.dropFirst()), variance: Array(variance.dropFirst()),
      error: Array(error.dropFirst()), varianceError: Array(varianceError.dropFirst()))
  }

  // MARK: - Laws

  /// The mean of the gradients lies within four standard errors of the exact one, and so does that of the values.
  package static func isUnbiased(_ problem: ExpectationProblem, _ estimator: GradientEstimator, steps: Int = 4000) throws -> [String] {
    let truth = try problem.truth()
    let found = try moments(problem, estimator, steps: steps)
    return compare("\(problem), \(estimator)", found, truth)
  }

  package static func compare(_ what: String, _ found: EstimatorMoments, _ truth: (value: Double, gradient: [Double])) -> [String] {
    var problems: [String] = []
    func close(_ x: Double, _ error: Double, _ y: Double) -> Bool { abs(x - y) <= 4 * error + 1e-10 * (1 + abs(y)) }
    if !close(found.value, found.valueError, truth.value) {
      problems.append("\(what): value \(found.value) ± \(found.valueError), exactly \(truth.value)")
    }
    for k in truth.gradient.indices where !close(found.mean[k], found.error[k], truth.gradient[k]) {
      problems.append("\(what): gradient[\(k)] \(found.mean[k]) ± \(found.error[k]), exactly \(truth.gradient[k])")
    }
    return problems
  }
}
