/// Counts over the iterations of one chain after warm-up, in constant memory.
package struct NUTSTally: Sendable, Codable, Equatable {
  package private(set) var draws = 0
  package private(set) var divergences = 0
  /// Trajectories that were cut off at the maximum tree depth.
  package private(set) var saturations = 0
  package private(set) var acceptance = 0.0
  package private(set) var steps = 0
  private var meanEnergy = 0.0
  private var energySquares = 0.0
  private var energyChanges = 0.0
  private var lastEnergy = 0.0

  package init() {}

  var isSound: Bool { [draws, divergences, saturations, steps].allSatisfy(\.isCount) }

  mutating func add(_ entry: NUTSTrace.Entry, maxDepth: Int) {
    if draws > 0 { energyChanges += (entry.energy - lastEnergy) * (entry.energy - lastEnergy) }
    lastEnergy = entry.energy
    draws += 1
    let deviation = entry.energy - meanEnergy
    meanEnergy += deviation / Double(draws)
    energySquares += deviation * (entry.energy - meanEnergy)
    acceptance += entry.acceptance
    steps += entry.steps
    if entry.isDiverging { divergences += 1 }
    if entry.treeDepth >= maxDepth { saturations += 1 }
  }

  /// E-BFMI, as ``Diagnostics/energyFraction(_:)`` defines it but for rounding; NaN for fewer than three draws.
  package var energyFraction: Double {
    guard draws > 2, energySquares > 0 else { return .nan }
    return energyChanges / energySquares
  }
}
