import Foundation
import Inference
import Testing

@Suite("L-BFGS")
struct LBFGSTests {
  @Test("Rosenbrock's valley in two and in twenty dimensions")
  func rosenbrock() {
    for n in [2, 20] {
      var minimizer = LBFGS(dimension: n)
      let start = (0..<n).map { $0 % 2 == 0 ? -1.2 : 1.0 }
      let result = minimizer.minimize(from: start) { x, g in
        var f = 0.0
        for i in 0..<n { g[i] = 0 }
        for i in 0..<(n - 1) {
          let a = x[i + 1] - x[i] * x[i]
          let b = 1 - x[i]
          f += 100 * a * a + b * b
          g[i] += -400 * a * x[i] - 2 * b
          g[i + 1] += 200 * a
        }
        return f
      }
      #expect(result.status == .converged)
      #expect(result.point.allSatisfy { abs($0 - 1) < 1e-4 })
      #expect(result.evaluations < 400)
    }
  }

  @Test("A quadratic with condition number 10⁸")
  func illConditioned() {
    let weights = (0..<9).map { pow(10, Double($0) - 4) }
    var minimizer = LBFGS(dimension: 9)
    let result = minimizer.minimize(from: [Double](repeating: 1, count: 9)) { x, g in
      var f = 0.0
      for i in 0..<9 {
        let d = x[i] - Double(i)
        f += 0.5 * weights[i] * d * d
        g[i] = weights[i] * d
      }
      return f
    }
    #expect(result.status == .converged)
    for i in 0..<9 { #expect(abs(result.point[i] - Double(i)) * weights[i].squareRoot() < 1e-5) }
  }

  @Test("Forbidden points are survived: x − log x from far away, NaN left of zero")
  func barrier() {
    for start in [1e-6, 0.5, 1e3] {
      var minimizer = LBFGS(dimension: 1)
      let result = minimizer.minimize(from: [start]) { x, g in
        g[0] = 1 - 1 / x[0]
        return x[0] > 0 ? x[0] - log(x[0]) : .nan
      }
      #expect(result.status == .converged)
      #expect(abs(result.point[0] - 1) < 1e-5)
    }
  }

  @Test("No minimum and no finite start are told apart")
  func failures() {
    var minimizer = LBFGS(dimension: 1)
    let endless = minimizer.minimize(from: [0]) { x, g in
      g[0] = -1
      return -x[0]
    }
    #expect(endless.status == .unbounded)
    let nowhere = minimizer.minimize(from: [0]) { _, g in
      g[0] = 0
      return .nan
    }
    #expect(nowhere.status == .noFiniteStart)
    let wrongGradient = minimizer.minimize(from: [3]) { x, g in
      g[0] = -2 * x[0]
      return x[0] * x[0]
    }
    #expect(wrongGradient.status == .lineSearchFailed)
  }

  @Test("No element moves further than the bound allows")
  func stepBound() {
    var configuration = LBFGSConfiguration()
    configuration.stepBound = 0.5
    var minimizer = LBFGS(dimension: 2, configuration: configuration)
    var visited: [[Double]] = []
    let result = minimizer.minimize(from: [10, -3]) { x, g in
      g[0] = 2 * x[0]
      g[1] = 2 * x[1]
      return x[0] * x[0] + x[1] * x[1]
    } onIterate: { x, _, _ in
      visited.append(x)
      return true
    }
    #expect(result.status == .converged)
    for (a, b) in zip(visited, visited.dropFirst()) { #expect(zip(a, b).allSatisfy { abs($0 - $1) <= 0.5 + 1e-12 }) }
  }
}
