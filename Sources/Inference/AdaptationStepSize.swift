import Foundation

/// Dual averaging of the log step size (Nesterov 2009, as in Hoffman and Gelman 2014, section 3.2).
///
/// With Hₜ = target − acceptance: s̄ₜ = (1 − ηₜ) s̄ₜ₋₁ + ηₜ Hₜ, ηₜ = 1/(t + t₀); log εₜ = μ − √t/γ · s̄ₜ; and the average that remains,
/// log ε̄ₜ = t^−κ log εₜ + (1 − t^−κ) log ε̄ₜ₋₁.
package struct StepSizeAdaptation: Sendable, Codable, Equatable {
  package private(set) var target: Double
  package private(set) var gamma: Double
  package private(set) var stabilization: Double
  package private(set) var relaxation: Double
  package private(set) var mu = 0.0
  package private(set) var count = 0
  package private(set) var meanError = 0.0
  package private(set) var logStepSize = 0.0
  package private(set) var logAverage = 0.0

  package init(target: Double, gamma: Double = 0.05, stabilization: Double = 10, relaxation: Double = 0.75) {
    self.target = target
    self.gamma = gamma
    self.stabilization = stabilization
    self.relaxation = relaxation
  }

  /// Forgets what was learnt and draws the step size towards 10·`stepSize` (large steps are cheap to try).
  package mutating func restart(from stepSize: Double) {
    mu = log(10 * stepSize)
    count = 0
    meanError = 0
    logStepSize = log(stepSize)
    logAverage = logStepSize
  }

  /// Aims at another acceptance from now on, beginning with the average step size, made smaller (or larger) as √(1 − target): energy errors of
  /// leapfrog steps are of order ε² and rejection is proportional to their size.
  package mutating func aim(at newTarget: Double) {
    mu = logAverage + 0.5 * log((1 - newTarget) / (1 - target))
    target = newTarget
    count = 0
    meanError = 0
    logStepSize = mu
    logAverage = mu
  }

  /// Takes in the acceptance statistic of one trajectory, in [0, 1] (above 1 counts as 1, NaN as 0).
  package mutating func learn(acceptance: Double) {
    count += 1
    let t = Double(count)
    let statistic = acceptance.isNaN ? 0 : min(1, acceptance)
    let weight = 1 / (t + stabilization)
    meanError = (1 - weight) * meanError + weight * (target - statistic)
    logStepSize = mu - meanError * t.squareRoot() / gamma
    let fresh = pow(t, -relaxation)
    logAverage = (1 - fresh) * logAverage + fresh * logStepSize
  }

  /// Whether the logarithms are such that no arithmetic with them ends in a NaN.
  var isSound: Bool {
    count.isCount && [gamma, relaxation, stabilization].allSatisfy { $0 > 0 && $0.isFinite } && target > 0 && target < 1
      && [mu, meanError, logStepSize, logAverage].allSatisfy { abs($0) < 1e9 }
  }

  /// The step size to try next.
  package var stepSize: Double { exp(logStepSize) }
  /// The step size to keep when warm-up ends.
  package var averageStepSize: Double { exp(logAverage) }
}
