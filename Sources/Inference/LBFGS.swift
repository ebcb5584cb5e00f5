import Foundation

/// What a minimizer needs: f and ∇f at a point, in one thread.
///
/// x [n] ↦ f(x), written gradient [n]. A value that is not finite marks a forbidden point; the line search backs away from it.
package typealias Objective = (_ x: UnsafePointer<Double>, _ gradient: UnsafeMutablePointer<Double>) -> Double

/// Settings of ``LBFGS``; the defaults suit negative log densities in nats.
package struct LBFGSConfiguration: Sendable, Codable {
  /// Number of step and gradient pairs kept.
  package var history = 10
  package var iterationLimit = 1000
  /// Converged when the decrease a quasi-Newton step promises, ½ gᵀ H g, is below this, in nats (a distance of √(2·tolerance) posterior sd).
  package var decreaseTolerance = 1e-12
  /// The iterates are called unbounded when an element exceeds this in magnitude.
  package var bound = 1e8

  /// No element moves by more than this in one iteration; for coordinates with a natural unit.
  package var stepBound = Double.greatestFiniteMagnitude

  package init() {}
}

/// Limited-memory BFGS minimization with a strong-Wolfe line search.
///
/// Source: Nocedal & Wright, Numerical Optimization (2006), algorithms 7.4, 7.5 and 3.5–3.6; the approximate decrease condition near the
/// rounding level of f follows Hager & Zhang (2005). The scaling of the initial inverse Hessian is γ = sᵀy / yᵀy.
package struct LBFGS {
  package struct Result: Sendable {
    package var point: [Double]
    package var value: Double
    package var gradient: [Double]
    package var iterations: Int
    package var evaluations: Int
    package var status: Status
  }

  let dimension: Int
  let configuration: LBFGSConfiguration
  private var steps: [[Double]] = []
  private var changes: [[Double]] = []
  private var curvatures: [Double] = []

  package init(dimension: Int, configuration: LBFGSConfiguration = LBFGSConfiguration()) {
    self.dimension = dimension
    self.configuration = configuration
  }

  /// Minimizes f from `start`. `onIterate` sees every accepted iterate (point, gradient, f) and may end the run by returning false.
  package mutating func minimize(
    from start: [Double], objective: Objective, onIterate: ((_ x: [Double], _ g: [Double], _ f: Double) -> Bool)? = nil
  ) -> Result {
    steps.removeAll()
    changes.removeAll()
    curvatures.removeAll()
    var result = Result(
      point: start, value: .infinity, gradient: [Double](repeating: 0, count: dimension), iterations: 0, evaluations: 1, status: .stepLimit)
    result.value = objective(start, &result.gradient)
    guard result.value.isFinite, result.gradient.allSatisfy(\.isFinite) else {
      result.status = .noFiniteStart
      return result
    }
    var failures = 0
    while result.iterations < configuration.iterationLimit {
      if let onIterate, !onIterate(result.point, result.gradient, result.value) {
        result.status = .cancelled
        return result
      }
      var direction = descentDirection(result.gradient)
      var slope = dot(direction, result.gradient)
      if !(slope < 0) {
        forget()
        direction = result.gradient.map { -$0 }
        slope = dot(direction, result.gradient)
      }
      if slope == 0 || (-slope / 2 < configuration.decreaseTolerance && (steps.count > 0 || -slope < 1e-20)) {
        result.status = .converged
        return result
      }
      var search = LineSearch(
        origin: result.point, direction: direction, value: result.value, slope: slope,
        firstStep: steps.isEmpty ? min(1, 1 / sqrt(-slope)) : 1,
        largestStep: configuration.stepBound / max(direction.reduce(0) { max($0, abs($1)) }, 1e-300))
      let found = search.run(objective)
      result.evaluations += search.evaluations
      guard found else {
        // A second try along the gradient itself, with the curvature pairs forgotten, survives most breakdowns.
        failures += 1
        if failures > 1 || steps.isEmpty {
          let atRounding = -slope / 2 < max(1e-6, 1e-12 * abs(result.value))
          result.status = atRounding ? .converged : .lineSearchFailed
          return result
        }
        forget()
        continue
      }
      failures = 0
      remember(step: search.point, from: result.point, gradient: search.gradient, before: result.gradient)
      result.point = search.point
      result.gradient = search.gradient
      result.value = search.value
      result.iterations += 1
      if result.point.contains(where: { abs($0) > configuration.bound }) {
        result.status = .unbounded
        return result
      }
    }
    return result
  }

  private mutating func forget() {
    steps.removeAll()
    changes.removeAll()
    curvatures.removeAll()
  }

  private mutating func remember(step point: [Double], from previous: [Double], gradient: [Double], before: [Double]) {
    var s = point
    var y = gradient
    for i in 0..<dimension {
      s[i] -= previous[i]
      y[i] -= before[i]
    }
    let curvature = dot(s, y)
    guard curvature > 1e-12 * dot(y, y).squareRoot() * dot(s, s).squareRoot() else { return }
    if steps.count == configuration.history {
      steps.removeFirst()
      changes.removeFirst()
      curvatures.removeFirst()
    }
    steps.append(s)
    changes.append(y)
    curvatures.append(curvature)
  }

  /// −H g by the two-loop recursion; the negative gradient while no pair is known.
  private func descentDirection(_ gradient: [Double]) -> [Double] {
    var q = gradient
    var coefficients = [Double](repeating: 0, count: steps.count)
    for k in steps.indices.reversed() {
      coefficients[k] = dot(steps[k], q) / curvatures[k]
      addScaled(&q, -coefficients[k], changes[k])
    }
    if let last = steps.indices.last {
      let scale = curvatures[last] / dot(changes[last], changes[last])
      for i in q.indices { q[i] *= scale }
    }
    for k in steps.indices {
      let beta = dot(changes[k], q) / curvatures[k]
      addScaled(&q, coefficients[k] - beta, steps[k])
    }
    for i in q.indices { q[i] = -q[i] }
    return q
  }
}

/// Σ aᵢ bᵢ in rising order of i.
func dot(_ a: [Double], _ b: [Double]) -> Double {
  var sum = 0.0
  for i in 0..<min(a.count, b.count) { sum += a[i] * b[i] }
  return sum
}

/// a ← a + c b.
func addScaled(_ a: inout [Double], _ c: Double, _ b: [Double]) {
  for i in 0..<min(a.count, b.count) { a[i] += c * b[i] }
}
