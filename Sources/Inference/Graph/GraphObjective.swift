import Differentiation
import Foundation
import Kernels
import Modeling

/// An objective of a graph guide as a stochastic function of its parameters: equal seed and step, equal bits.
package final class GraphObjective: StochasticObjective {
  package let guide: GraphGuide
  package let objective: VariationalObjective
  /// A multiple of eight; with a mixture, components take turns.
  package let particles: Int
  private let block: DensityBlock
  private let evaluator: GraphGuideEvaluator
  private let seed: UInt64
  /// [block][n][8]
  private let slopes, scores, points: Storage
  private let cotangents: Storage
  private var logP: [Double]
  private var logQ: [Double]
  private var selection: [Double]
  private static let purpose: UInt32 = 0x5649_0010

  /// - Throws: ``InferenceError`` where the objective needs a density that the guide does not know; what plans throw.
  package init(_ guide: GraphGuide, _ density: any LogDensity, objective: VariationalObjective = .elbo, particles: Int = 32, seed: UInt64)
    throws
  {
    self.guide = guide
    self.objective = objective
    let unit = guide.components > 1 ? 8 * guide.components : 8
    self.particles = max(1, (particles + unit - 1) / unit) * unit
    self.seed = seed
    block = try DensityBlock(density)
    evaluator = try GraphGuideEvaluator(guide)
    let n = guide.dimension
    (slopes, scores, points) = (Storage(n * self.particles), Storage(n * self.particles), Storage(n * self.particles))
    cotangents = Storage(8 * n)
    logP = [Double](repeating: 0, count: self.particles)
    (logQ, selection) = (logP, logP)
  }

  package var parameterCount: Int { guide.parameterCount }
  package var evaluations: Int { block.evaluations }
  package var usage: DensityUsage {
    get { DensityUsage(evaluations: block.evaluations) }
    set { block.evaluations = newValue.evaluations }
  }

  package func evaluate(
    parameters: UnsafePointer<Double>, step: Int, value: UnsafeMutablePointer<Double>, gradient: UnsafeMutablePointer<Double>
  ) {
    let n = guide.dimension
    evaluator.load(parameters)
    for b in 0..<(particles / 8) { draw(b, step) }
    for k in 0..<parameterCount { gradient[k] = 0 }
    guard logP.contains(where: \.isFinite) else {
      value.pointee = -.infinity
      return
    }
    let weights = objective.weights(logP: logP, logQ: logQ, knowsDensity: guide.knowsDensity)
    // Each component has its turn as often as any other, so that a draw counts by its component's probability.
    let shares = guide.components > 1 ? selection.map { Double(guide.components) * exp($0) } : [Double](repeating: 1, count: particles)
    value.pointee = guide.components > 1 ? stratifiedValue(weights, shares) : weights.value
    for b in 0..<(particles / 8) {
      let base = 8 * b * n
      var ofDensity = Vector8(repeating: 0)
      var ofSelection = Vector8(repeating: 0)
      for lane in 0..<8 {
        let k = 8 * b + lane
        let (model, score) = (weights.model[k] * shares[k], weights.score[k] * shares[k])
        ofDensity[lane] = weights.density[k] * shares[k]
        if guide.components > 1, logP[k].isFinite { ofSelection[lane] = model * (logP[k] - logQ[k] - value.pointee) }
        for i in 0..<n {
          let place = base + 8 * i + lane
          cotangents.base[8 * i + lane] =
            logP[k].isFinite
            ? (model == 0 ? 0 : model * slopes.base[place]) - (score == 0 ? 0 : score * scores.base[place])
            : inward(k, i, points.base[place])
        }
      }
      select(b)
      evaluator.pull(context(b, step), point: cotangents.base, logQ: ofDensity, selection: ofSelection, into: gradient)
    }
  }

  /// Where the density does not exist a draw is pulled towards the anchor as by a Gaussian of half its variance.
  private func inward(_ k: Int, _ i: Int, _ u: Double) -> Double {
    let scale = guide.anchor.scales[i]
    let z = (u - guide.anchor.location[i]) / scale
    return z.isFinite ? -2 * min(max(z, -10), 10) / scale / Double(particles) : 0
  }

  private func stratifiedValue(_ weights: ParticleWeights, _ shares: [Double]) -> Double {
    var sum = 0.0
    for k in 0..<particles where logP[k].isFinite { sum += shares[k] * weights.model[k] * (logP[k] - logQ[k]) }
    return sum
  }

  private func context(_ b: Int, _ step: Int) -> RandomContext {
    RandomContext(seed: seed, purpose: Self.purpose, step: UInt64(step), firstChain: UInt32(8 * b))
  }

  private func select(_ b: Int) {
    guard guide.components > 1 else { return }
    evaluator.select((0..<8).map { (8 * b + $0) % guide.components })
  }

  private func draw(_ b: Int, _ step: Int) {
    let n = guide.dimension
    select(b)
    let (q, s) = evaluator.draw(context(b, step), points: block.positions.doubles)
    block.evaluate(active: 8)
    let base = 8 * b * n
    points.base.advanced(by: base).update(from: block.positions.doubles, count: 8 * n)
    slopes.base.advanced(by: base).update(from: block.gradients.doubles, count: 8 * n)
    let known = evaluator.score(points.base + base, into: scores.base + base)
    for lane in 0..<8 {
      let k = 8 * b + lane
      logQ[k] = q[lane]
      selection[k] = s[lane]
      // A draw so far out that its own density is lost to rounding counts as one without a density.
      let isUsable = block.values[lane].isFinite && q[lane].isFinite && (known.map { $0[lane].isFinite } ?? true)
      logP[k] = isUsable ? block.values[lane] : -.infinity
    }
  }
}
