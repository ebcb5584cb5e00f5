/// The acceptance statistic that a chain's step size aims at: as given, or 0.8 at first and higher after divergences late in warm-up.
///
/// A divergence before the metric is known, or soon after a search for a new step size (which begins with large ones), says nothing of the
/// posterior. One that comes later does: there is a region for which the step size is too large, and the draws will miss it. Each halves what
/// the target lacks to 1, up to 0.99. Where none comes, nothing changes to the bit.
package struct TargetAcceptance: Sendable, Codable, Equatable {
  package private(set) var value: Double
  private let isFixed: Bool
  /// The first iteration whose divergence counts.
  private let first: Int
  private var sinceSearch = 0

  package static let initial = 0.8
  package static let greatest = 0.99
  /// Iterations after a search for the step size in which it still settles.
  private static let settling = 50
  /// The share of warm-up after which divergences count.
  private static let earlyShare = 0.3

  package init(_ configuration: NUTSConfiguration) {
    isFixed = configuration.targetAcceptance != nil
    value = configuration.targetAcceptance ?? Self.initial
    first = Int(Self.earlyShare * Double(configuration.warmup))
  }

  /// The step size has been searched anew.
  package mutating func restart() { sinceSearch = 0 }

  /// Takes in one warm-up trajectory; the new target where it is raised.
  package mutating func learn(iteration: Int, isDiverging: Bool) -> Double? {
    sinceSearch += 1
    guard isDiverging, !isFixed, iteration >= first, sinceSearch > Self.settling, value < Self.greatest else { return nil }
    value = min(1 - 0.5 * (1 - value), Self.greatest)
    return value
  }
}
