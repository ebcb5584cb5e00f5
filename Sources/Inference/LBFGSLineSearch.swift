import Foundation

/// A step along a descent direction that meets the strong Wolfe conditions f(x + αd) ≤ f + c₁ α f′, |f′(x + αd)| ≤ c₂ |f′| with
/// c₁ = 10⁻⁴, c₂ = 0.9.
///
/// Source: Nocedal & Wright (2006), algorithms 3.5 (bracketing) and 3.6 (zoom, here with safeguarded cubic interpolation). Near the
/// rounding level of f the decrease condition is relaxed by a few units in the last place of f, with the slope deciding (Hager & Zhang
/// 2005). Points where f or its gradient is not finite count as too far.
struct LineSearch {
  private let origin: [Double]
  private let direction: [Double]
  private let startValue: Double
  private let startSlope: Double
  private let firstStep: Double
  private let largestStep: Double
  private(set) var point: [Double]
  private(set) var gradient: [Double]
  private(set) var value = Double.nan
  private(set) var evaluations = 0
  private var slope = Double.nan

  private struct Trial {
    var step: Double
    var value: Double
    var slope: Double
  }

  init(origin: [Double], direction: [Double], value: Double, slope: Double, firstStep: Double, largestStep: Double) {
    self.origin = origin
    self.direction = direction
    startValue = value
    startSlope = slope
    self.largestStep = largestStep
    self.firstStep = min(firstStep, largestStep)
    point = origin
    gradient = direction
  }

  private var slack: Double { 4 * Double.ulpOfOne * max(abs(startValue), 1) }

  /// Leaves point, value and gradient of the accepted step; false where none was found.
  mutating func run(_ objective: Objective) -> Bool {
    var previous = Trial(step: 0, value: startValue, slope: startSlope)
    var step = firstStep
    for _ in 0..<30 {
      let trial = evaluate(step, objective)
      guard trial.value.isFinite, trial.slope.isFinite else {
        return zoom(low: previous, high: Trial(step: step, value: .infinity, slope: .nan), objective)
      }
      if !decreases(trial) || (previous.step > 0 && trial.value > previous.value + slack) {
        return zoom(low: previous, high: trial, objective)
      }
      if abs(trial.slope) <= -0.9 * startSlope { return true }
      if trial.slope >= 0 { return zoom(low: trial, high: previous, objective) }
      if step >= largestStep { return true }
      let next = min(min(10 * step, largestStep), max(2 * step, interpolate(previous, trial) ?? 2 * step))
      previous = trial
      step = next
    }
    return decreases(previous)
  }

  private func decreases(_ trial: Trial) -> Bool { trial.value <= startValue + 1e-4 * trial.step * startSlope + slack }

  private mutating func zoom(low first: Trial, high second: Trial, _ objective: Objective) -> Bool {
    var low = first
    var high = second
    for _ in 0..<50 {
      let width = high.step - low.step
      var step = low.step + width * (high.value.isFinite ? 0.5 : 0.2)
      if high.value.isFinite, let cubic = interpolate(low, high) {
        let margin = 0.1 * abs(width)
        let lower = min(low.step, high.step) + margin
        let upper = max(low.step, high.step) - margin
        step = min(max(cubic, lower), upper)
      }
      if abs(width) < 1e-16 * max(abs(low.step), 1e-300) || step == low.step { break }
      let trial = evaluate(step, objective)
      if !(trial.value.isFinite && trial.slope.isFinite) {
        high = Trial(step: step, value: .infinity, slope: .nan)
      } else if !decreases(trial) || trial.value > low.value + slack {
        high = trial
      } else {
        if abs(trial.slope) <= -0.9 * startSlope { return true }
        if trial.slope * (high.step - low.step) >= 0 { high = low }
        low = trial
      }
    }
    // The curvature condition could not be met: the best point that decreases f is progress all the same.
    guard low.step > 0, low.value < startValue else { return false }
    _ = evaluate(low.step, objective)
    return true
  }

  private mutating func evaluate(_ step: Double, _ objective: Objective) -> Trial {
    for i in origin.indices { point[i] = origin[i] + step * direction[i] }
    value = objective(point, &gradient)
    evaluations += 1
    slope = dot(gradient, direction)
    return Trial(step: step, value: value, slope: slope)
  }

  /// The minimizer of the cubic through two values and slopes; nil where there is none.
  private func interpolate(_ a: Trial, _ b: Trial) -> Double? {
    let d1 = a.slope + b.slope - 3 * (a.value - b.value) / (a.step - b.step)
    let square = d1 * d1 - a.slope * b.slope
    guard square >= 0 else { return nil }
    let d2 = (b.step > a.step ? 1.0 : -1.0) * square.squareRoot()
    let step = b.step - (b.step - a.step) * (b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2)
    return step.isFinite ? step : nil
  }
}
