import Foundation
import Kernels
import Modeling

/// Gradients of a log density against differences of its values.
package struct GradientCheck: Sendable {
  /// The worst coordinate at one point.
  package struct Finding: Sendable, Equatable {
    /// `theta[3]`: the site and place of the unconstrained coordinate.
    package var coordinate: String
    package var gradient: Double
    package var difference: Double
    /// |gradient − difference| over what rounding and curvature allow; above 1 the gradient is wrong.
    package var excess: Double
  }

  /// The largest excess of all points and coordinates; nil where the density was finite nowhere.
  package var worst: Finding?
  /// Coordinates compared, over all points.
  package var comparisons = 0

  package var isPassed: Bool { worst.map { $0.excess <= 1 } ?? true }

  /// Compares at `points` standard normal points u, at most `coordinates` of them each: with D(h) the central difference, (4 D(h/2) − D(h))/3 is off by O(h⁴), and
  /// the gradient may differ from it by 10⁻⁴ max(1, |D|) + 10 |D(h/2) − D(h)| and the rounding of the values (measured where that is not enough). Throws what building an evaluator throws.
  package init<M: Model>(_ model: CompiledModel<M>, points: Int = 6, coordinates: Int = 64, seed: UInt64) throws {
    let evaluator = try model.makeEvaluator(lanes: 1)
    let dimension = model.dimension
    guard dimension > 0 else { return }
    let names = model.coordinateNames
    let initial = model.initialPosition
    func evaluate(_ u: [Double]) -> (value: Double, gradient: [Double]) {
      var value = 0.0
      var gradient = [Double](repeating: 0, count: dimension)
      evaluator.evaluate(positions: u, values: &value, gradients: &gradient)
      return (value, gradient)
    }
    for point in 0..<points {
      var stream = RandomStream(at: RandomAddress(seed: seed, purpose: 0x4743, step: UInt64(point)))
      let u = (0..<dimension).map { (initial[$0] ?? 0) + stream.nextNormal() }
      let here = evaluate(u)
      guard here.value.isFinite else { continue }
      let chosen =
        dimension <= coordinates ? Array(0..<dimension) : (0..<coordinates).map { _ in Int(stream.nextInteger(below: UInt64(dimension))) }
      for k in chosen {
        let h = 1e-3 * max(1, abs(u[k]))
        func along(_ step: Double) -> Double {
          var there = u
          there[k] += step
          return evaluate(there).value
        }
        func central(_ h: Double) -> Double { (along(h) - along(-h)) / ((u[k] + h) - (u[k] - h)) }
        let (wide, narrow) = (central(h), central(0.5 * h))
        let difference = (4 * narrow - wide) / 3
        guard difference.isFinite else { continue }
        comparisons += 1
        let rounding = 100 * Double.ulpOfOne * max(1, abs(here.value)) / h
        var allowed = 1e-4 * max(1, abs(difference)) + 10 * abs(narrow - wide) + rounding
        let gap = abs(here.gradient[k] - difference)
        if gap > allowed { allowed += 10 * ComputationalNoise.standardDeviation(spacing: 1e-7 * h, along) / h }
        let excess = gap.isNaN ? .infinity : gap / allowed
        if excess > (worst?.excess ?? -1) {
          worst = Finding(coordinate: names[k], gradient: here.gradient[k], difference: difference, excess: excess)
        }
      }
    }
  }
}
