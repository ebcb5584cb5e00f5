import Foundation
import Kernels

extension GuideDraws {
  /// Means and standard deviations of the coordinates.
  var moments: (location: [Double], scales: [Double]) {
    var (mean, square) = ([Double](repeating: 0, count: dimension), [Double](repeating: 0, count: dimension))
    for k in 0..<count {
      for i in 0..<dimension { mean[i] += positions[k * dimension + i] / Double(count) }
    }
    for k in 0..<count {
      for i in 0..<dimension {
        let away = positions[k * dimension + i] - mean[i]
        square[i] += away * away / Double(count)
      }
    }
    return (mean, square.map { $0.squareRoot() })
  }

  mutating func append(_ other: GuideDraws) {
    positions += other.positions
    logP += other.logP
    logQ += other.logQ
    count += other.count
  }

  /// `wanted` draws by Pareto smoothed weights: systematic resampling (Kitagawa 1996), in which each draw appears the whole number of times below or above
  /// its expectation, put in random order.
  func resampled(_ wanted: Int, seed: UInt64) -> GuideDraws {
    let weights = ParetoSmoothing(logRatios: zip(logP, logQ).map { $0 - $1 }).weights
    var stream = RandomStream(at: RandomAddress(seed: seed, purpose: VariationalPurpose.resampling))
    let offset = stream.nextUniform()
    var chosen: [Int] = []
    var total = 0.0
    for (index, weight) in weights.enumerated() {
      total += weight
      while chosen.count < wanted, (Double(chosen.count) + offset) / Double(wanted) < total { chosen.append(index) }
    }
    // Weights that add up to a little less than one.
    while chosen.count < wanted { chosen.append(chosen.last ?? 0) }
    for last in stride(from: wanted - 1, to: 0, by: -1) { chosen.swapAt(last, Int(stream.nextInteger(below: UInt64(last + 1)))) }
    return GuideDraws(
      dimension: dimension, count: wanted, positions: chosen.flatMap { draw($0) }, logP: chosen.map { logP[$0] },
      logQ: chosen.map { logQ[$0] })
  }
}
