import Foundation
import Kernels
import Modeling

/// Draws of a guide with their densities.
package struct GuideDraws: Sendable {
  package var dimension: Int
  package var count: Int
  /// Unconstrained draws, [draw][dimension] in one array.
  package var positions: [Double]
  /// log p(u) of each draw; −∞ outside the support.
  package var logP: [Double]
  /// log q(u) of each draw.
  package var logQ: [Double]

  /// The densities as statistics of one chain: ``DrawSet/logRatios``. Without the guide's where it has none.
  var statistics: [String: [[Double]]] {
    logQ.contains(where: \.isNaN) ? ["lp": [logP]] : ["lp": [logP], "log_q": [logQ]]
  }

  package func draw(_ k: Int) -> ArraySlice<Double> { positions[(k * dimension)..<((k + 1) * dimension)] }
}

/// What fresh draws say about a guide: the ELBO, k̂, and where importance weighting would move the answer.
package struct GuideEvaluation: Sendable, Codable {
  package var draws: Int
  /// Mean of log p − log q over the draws, in nats; −∞ if a draw has no density.
  package var elbo: Double
  /// Its Monte Carlo standard error.
  package var elboError: Double
  /// k̂ of the ratios p/q; −∞ where all ratios are equal to rounding, so that there is no tail.
  package var paretoShape: Double
  /// The k̂ above which this number of draws cannot be relied upon.
  package var paretoThreshold: Double
  /// 1/Σw² of the smoothed weights.
  package var effectiveSampleSize: Double
  /// Largest |weighted mean − mean| / weighted sd over the unconstrained coordinates and the monitored values.
  package var meanShift: Double
  /// Largest |log(weighted sd / sd)| over the same.
  package var scaleShift: Double
  /// Draws with no finite density.
  package var badDraws: Int

  /// Whether the weights cannot be relied upon.
  var isDoubted: Bool { !(paretoShape <= paretoThreshold) }
}

extension GaussianGuide {
  /// `count` independent draws, addressed by (seed, draw), with log p and log q.
  package func draws(_ count: Int, of density: any LogDensity, seed: UInt64) throws -> GuideDraws {
    draws(count, block: try DensityBlock(density), seed: seed, purpose: VariationalPurpose.draws, start: 0)
  }

  func draws(_ count: Int, block: DensityBlock, seed: UInt64, purpose: UInt32, start: Int) -> GuideDraws {
    let n = dimension
    let sampler = GuideSampler(self)
    let noise = GuideNoise(seed: seed, purpose: purpose, start: start, dimension: noiseDimension, samples: 8, groupSize: 1)
    var result = GuideDraws(
      dimension: n, count: count, positions: [Double](repeating: 0, count: n * count), logP: [Double](repeating: 0, count: count),
      logQ: [Double](repeating: 0, count: count))
    for first in stride(from: 0, to: count, by: 8) {
      let active = min(8, count - first)
      noise.fill(step: first / 8)
      sampler.positions(noise: noise.rows.base, into: block.positions.base)
      let q = sampler.logDensity(noise: noise.rows.base)
      block.evaluate(active: active)
      for lane in 0..<active {
        result.logP[first + lane] = block.values[lane]
        result.logQ[first + lane] = q[lane]
        for i in 0..<n { result.positions[(first + lane) * n + i] = block.positions.base[i][lane] }
      }
    }
    return result
  }
}

extension GuideEvaluation {
  /// - Parameter monitored: further values of each draw, [value][draw]: what is reported on the constrained scale.
  package init(_ draws: GuideDraws, monitored: [[Double]] = []) {
    let count = Double(draws.count)
    let ratios = zip(draws.logP, draws.logQ).map { $0 - $1 }
    let mean = ratios.reduce(0, +) / count
    let spread = ratios.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / max(count - 1, 1)
    self.draws = draws.count
    elbo = mean
    elboError = (spread / count).squareRoot()
    badDraws = draws.logP.count { !$0.isFinite }
    paretoThreshold = ParetoSmoothing.threshold(draws: draws.count)
    meanShift = 0
    scaleShift = 0
    let size = draws.logP.reduce(1) { max($0, $1.isFinite ? abs($1) : 0) }
    if spread.squareRoot() < 1e-9 * size {
      paretoShape = -.infinity
      effectiveSampleSize = count
      return
    }
    let smoothing = ParetoSmoothing(logRatios: ratios)
    paretoShape = smoothing.shape
    effectiveSampleSize = smoothing.effectiveSampleSize
    let weights = smoothing.weights
    for i in 0..<draws.dimension {
      compare(weights) { draws.positions[$0 * draws.dimension + i] }
    }
    for values in monitored where values.count == draws.count { compare(weights) { values[$0] } }
  }

  private mutating func compare(_ weights: [Double], value: (Int) -> Double) {
    let count = Double(weights.count)
    let origin = value(0)
    var plain = (0.0, 0.0)
    var weighted = (0.0, 0.0)
    for k in weights.indices {
      let x = value(k) - origin
      plain = (plain.0 + x / count, plain.1 + x * x / count)
      weighted = (weighted.0 + weights[k] * x, weighted.1 + weights[k] * x * x)
    }
    let sd = max(plain.1 - plain.0 * plain.0, 0).squareRoot()
    let weightedSD = max(weighted.1 - weighted.0 * weighted.0, 0).squareRoot()
    guard sd > 1e-14 * abs(origin), weightedSD > 0 else { return }
    meanShift = max(meanShift, abs(weighted.0 - plain.0) / weightedSD)
    scaleShift = max(scaleShift, abs(log(weightedSD / sd)))
  }
}
