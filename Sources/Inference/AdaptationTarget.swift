/// The acceptance statistic that a chain's step size aims at: as given, or 0.8 at first and higher after unstable trajectories late in warm-up.
///
/// A trajectory is unstable when its energy error exceeds 20 nats, on the way to a divergence or at its end. One before the metric is known, or
/// soon after a search for a new step size (which begins with large ones), says nothing of the posterior; nor does one at a step size far above
/// the average that will be kept, since dual averaging tries out long steps, with which every Gaussian diverges. One that comes later and with a
/// step near the average does: there is a region for which the step size is too large, and the draws will miss it. Each such divides what the
/// target lacks to 1 by four, down to 0.01: 0.95, 0.9875, 0.99. Where none comes, nothing changes to the bit.
///
/// Warm-up may not see the whole of such a region. So that a chain which enters it later does not stay for hundreds of iterations, rejecting
/// almost everything, one trajectory in eight after warm-up has steps of a quarter of the length, where the target was raised. The choice is made before the
/// trajectory and does not depend on the position: a mixture of kernels that all leave the posterior unchanged does so, too.
package struct TargetAcceptance: Sendable, Codable, Equatable {
  package private(set) var value: Double
  package private(set) var isRaised = false
  private let isFixed: Bool
  /// The first iteration that counts.
  private let first: Int
  private var sinceSearch = 0

  package static let initial = 0.8
  package static let greatest = 0.99
  /// Iterations after a search for the step size in which it still settles.
  private static let settling = 50
  /// The share of warm-up after which trajectories count.
  private static let earlyShare = 0.3
  /// Above this a trajectory is unstable: at its worst point it has a share of e⁻²⁰ in the choice of the next draw.
  private static let largestError = 20.0
  /// The largest step, in averages, with which that counts. At an acceptance of 0.8 a Gaussian of some dimensions becomes unstable at
  /// 1.5 and more.
  private static let longestStep = 1.25
  /// How many trajectories have short steps, and how short.
  private static let shortShare = 0.125
  private static let shortening = 0.25

  package init(_ configuration: NUTSConfiguration) {
    isFixed = configuration.targetAcceptance != nil
    value = configuration.targetAcceptance ?? Self.initial
    first = Int(Self.earlyShare * Double(configuration.warmup))
  }

  /// Whether it can have begun as `fresh`.
  func isSound(_ fresh: TargetAcceptance) -> Bool {
    value > 0 && value < 1 && isFixed == fresh.isFixed && first == fresh.first && sinceSearch.isCount
  }

  /// The step size has been searched anew.
  package mutating func restart() { sinceSearch = 0 }

  /// Takes in one warm-up trajectory with its largest energy error (infinite where it diverged), `relativeStep` being its step size divided by the
  /// average; the new target where it is raised.
  package mutating func learn(iteration: Int, energyError: Double, relativeStep: Double) -> Double? {
    sinceSearch += 1
    guard energyError > Self.largestError, !isFixed, iteration >= first, sinceSearch > Self.settling, relativeStep <= Self.longestStep,
      value < Self.greatest
    else { return nil }
    value = min(1 - 0.25 * (1 - value), Self.greatest)
    isRaised = true
    return value
  }

  /// What the step size of a trajectory after warm-up is multiplied by, for a uniform number of its own.
  package static func factor(_ uniform: Double) -> Double { uniform < shortShare ? shortening : 1 }
}
