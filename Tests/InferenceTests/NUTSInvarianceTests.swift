import Foundation
import Inference
import Testing

/// The laws of the sampler: what it leaves unchanged, what it converges to, when it turns round.
@Suite("NUTS leaves its target unchanged")
struct NUTSInvarianceTests {
  /// Independent standard normals from a linear congruence and the polar method: exact draws to start chains from.
  struct Normals {
    var state: UInt64
    mutating func uniform() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) * 0x1p-53
    }
    mutating func next() -> Double {
      while true {
        let u = 2 * uniform() - 1
        let v = 2 * uniform() - 1
        let s = u * u + v * v
        if s > 0 && s < 1 { return u * (-2 * log(s) / s).squareRoot() }
      }
    }
  }

  /// x₀ ~ N(0, 1), x₁ | x₀ ~ N(x₀², 1): a bent density whose exact draws are (z₀, z₀² + z₁).
  static let banana = PointwiseDensity(dimension: 2) { x, g in
    let e = x[1] - x[0] * x[0]
    g[0] = -x[0] + 2 * e * x[0]
    g[1] = -e
    return -0.5 * (x[0] * x[0] + e * e)
  }

  /// Mean, variance and fourth moment of what should be standard normal, each as a z-score: variances 1/n, 2/n, 96/n.
  static func zScores(_ z: [Double]) -> [Double] {
    let n = Double(z.count)
    let m1 = z.reduce(0, +) / n
    let m2 = z.reduce(0) { $0 + $1 * $1 } / n
    let m4 = z.reduce(0) { $0 + $1 * $1 * $1 * $1 } / n
    return [m1 * n.squareRoot(), (m2 - 1) * (n / 2).squareRoot(), (m4 - 3) * (n / 96).squareRoot()]
  }

  /// Chains that start at exact draws and make three steps are again exact draws, independent of each other: nothing here depends on mixing.
  /// Threshold 4.9: a false alarm once in 10⁶ per score, eight scores per case. A depth of two exercises the cut-off tree.
  @Test("exact draws stay exact draws", arguments: [(0.9, 10), (0.35, 10), (0.35, 2), (0.1, 10)])
  func stationarity(step: Double, depth: Int) throws {
    var normals = Normals(state: 11)
    let count = 8000
    let starts = (0..<count).map { _ in
      let z = normals.next()
      return [z, z * z + normals.next()]
    }
    var configuration = NUTSConfiguration()
    configuration.warmup = 0
    configuration.draws = 3
    configuration.maxTreeDepth = depth
    configuration.initialStepSize = step
    let result = try runNUTS(Self.banana, configuration: configuration, seed: 5, chainIDs: Array(0..<count), initial: starts)
    let ends = result.chains.map { Array($0.trace.draws.suffix(2)) }
    let first = ends.map { $0[0] }
    let second = ends.map { $0[1] - $0[0] * $0[0] }
    var scores = Self.zScores(first) + Self.zScores(second)
    // Uncorrelated, also with where they came from only through mixing: E z₀z₁ = 0, E z₀²z₁ = 0.
    let n = Double(count)
    scores.append(zip(first, second).reduce(0) { $0 + $1.0 * $1.1 } / n.squareRoot())
    scores.append(zip(first, second).reduce(0) { $0 + $1.0 * $1.0 * $1.1 } / (3 * n).squareRoot())
    #expect(scores.allSatisfy { abs($0) < 4.9 }, "\(scores)")
    #expect(zip(ends, starts).contains { $0[0] != $1[0] })
  }

  /// Means and variances of adapted runs against the truth, in units of their own Monte Carlo errors; 4.9 as above, 12 scores per metric.
  @Test("adapted chains find the moments of an ill-scaled, correlated normal", arguments: MetricAdaptation.allCases)
  func moments(metric: MetricAdaptation) throws {
    // Σ = D R D with sds 0.05, 1, 20 and correlation 0.6 between the last two.
    let sds = [0.05, 1.0, 4.0]
    let rho = 0.6
    let c = 1 / (1 - rho * rho)
    let precision = [
      [1 / (sds[0] * sds[0]), 0, 0], [0, c / (sds[1] * sds[1]), -c * rho / (sds[1] * sds[2])],
      [0, -c * rho / (sds[1] * sds[2]), c / (sds[2] * sds[2])],
    ]
    var configuration = NUTSConfiguration()
    configuration.metric = metric
    let result = try runNUTS(NUTSTargets.gaussian(precision: precision), configuration: configuration, seed: 3, chainIDs: [1, 2, 3, 4])
    for i in 0..<3 {
      let chains = result.chains.map { chain in (0..<chain.trace.count).map { chain.trace.draws[3 * $0 + i] } }
      let squares = chains.map { $0.map { $0 * $0 / (sds[i] * sds[i]) } }
      let mean = DrawReport(chains)
      let square = DrawReport(squares)
      #expect(abs(mean.mean / mean.mcseMean) < 4.9)
      #expect(abs((square.mean - 1) / square.mcseMean) < 4.9)
      #expect(mean.rHat < 1.02)
    }
  }

  @Test("the dense metric learns the covariance, the diagonal ones the scales")
  func metrics() throws {
    let target = NUTSTargets.gaussian(means: [3, -1, 0], sds: [1e-3, 1, 1e3])
    for metric in [MetricAdaptation.automatic, .diagonalVariance, .diagonalFisher, .dense] {
      var configuration = NUTSConfiguration()
      configuration.metric = metric
      let result = try runNUTS(target, configuration: configuration, seed: 1, chainIDs: [7])
      let learnt = result.chains[0].metric
      for (scale, truth) in zip(learnt.scale, [1e-3, 1, 1e3]) {
        // Stan's windows end with 500 draws (sd within some 10 %), the variances shrunk towards 10⁻³; Fisher's ratio is exact for a normal.
        let floor = metric == .diagonalVariance ? (1e-3 * 5 / 505.0).squareRoot() : 0
        let isFisher = metric == .diagonalFisher || metric == .automatic
        #expect(abs(scale - (truth * truth + floor * floor).squareRoot()) < (isFisher ? 1e-6 : 0.35) * truth + floor)
      }
      #expect((learnt.factor != nil) == (metric == .dense))
    }
    var configuration = NUTSConfiguration()
    configuration.metric = .dense
    let result = try runNUTS(NUTSTargets.autoregression(dimension: 5, rho: 0.8), configuration: configuration, seed: 2, chainIDs: [1])
    let factor = try #require(result.chains[0].metric.factor)
    for i in 0..<5 {
      for j in 0...i {
        let covariance = (0..<5).reduce(0) { $0 + factor[5 * i + $1] * factor[5 * j + $1] }
        #expect(abs(covariance - pow(0.8, Double(i - j))) < 0.35)
      }
    }
  }

  /// In a standard normal of many dimensions a trajectory is a circle: over N leaves at φ radians a step the criterion's dot products are
  /// proportional to sin(Nφ/2) cos((N−1)φ/2), up to noise of relative size 1/√dimension (over six deviations away here).
  @Test(
    "a trajectory stops where it turns round, also between halves",
    arguments: [
      // 16 leaves span 112°, 32 leaves 233°: the whole check stops the doubling to 32.
      (0.1309, 2000, 5),
      // 16 leaves span 177°, 32 leaves 366°: the ends of the whole have come full circle and look straight; only the check from one
      // half to the first leaf of the other (189°) sees the turn.
      (0.206, 60000, 5),
    ])
  func turning(angle: Double, dimension: Int, depth: Int) throws {
    var normals = Normals(state: 3)
    let target = PointwiseDensity(dimension: dimension) { x, g in
      var value = 0.0
      for i in 0..<dimension {
        g[i] = -x[i]
        value -= 0.5 * x[i] * x[i]
      }
      return value
    }
    var configuration = NUTSConfiguration()
    configuration.warmup = 0
    configuration.draws = 12
    configuration.initialStepSize = 2 * sin(angle / 2)
    let start = (0..<dimension).map { _ in normals.next() }
    let chain = try runNUTS(target, configuration: configuration, seed: 9, chainIDs: [0], initial: [start]).chains[0]
    #expect(chain.trace.treeDepth == Array(repeating: depth, count: 12))
    #expect(chain.trace.steps == Array(repeating: 1 << depth - 1, count: 12))
  }

  @Test("trees stop at the maximum depth, and say so")
  func saturation() throws {
    var configuration = NUTSConfiguration()
    configuration.warmup = 0
    configuration.draws = 20
    configuration.initialStepSize = 1e-4
    configuration.maxTreeDepth = 3
    let result = try runNUTS(NUTSTargets.gaussian(means: [0, 0], sds: [1, 1]), configuration: configuration, seed: 1, chainIDs: [0])
    #expect(result.chains[0].trace.steps.allSatisfy { $0 == 7 })
    #expect(result.chains[0].tally.saturations == 20)
    #expect(result.gradientEvaluations == 1 + 20 * 7)
  }

  @Test("Neal's funnel shows divergences, a normal shows none")
  func divergences() throws {
    let funnel = try runNUTS(NUTSTargets.funnel, seed: 1, chainIDs: [1, 2, 3, 4])
    #expect(funnel.divergences > 0)
    let normal = try runNUTS(NUTSTargets.gaussian(means: [0, 0, 0], sds: [1, 2, 3]), seed: 1, chainIDs: [1, 2, 3, 4])
    #expect(normal.divergences == 0)
  }

  @Test("statistics of a draw are those of its trajectory")
  func statistics() throws {
    let result = try runNUTS(NUTSTargets.eightSchools, seed: 4, chainIDs: [1])
    let trace = result.chains[0].trace
    var gradient = [Double](repeating: 0, count: 10)
    for k in [0, 17, 999] {
      let point = Array(trace.draws[10 * k..<10 * k + 10])
      #expect(NUTSTargets.eightSchools.body(point, &gradient) == trace.logDensity[k])
      // Energy = kinetic energy − log density, and kinetic energy is positive.
      #expect(trace.energy[k] > -trace.logDensity[k])
    }
    #expect(trace.acceptance.allSatisfy { $0 >= 0 && $0 <= 1 })
    #expect(zip(trace.treeDepth, trace.steps).allSatisfy { $1 < 1 << ($0 + 1) && $1 >= 1 })
    // One step size, and a quarter of it for the short trajectories of a chain whose target was raised.
    let sizes = Set(trace.stepSize).sorted()
    #expect(sizes.count == 1 || sizes.count == 2 && sizes[0] == 0.25 * sizes[1])
    let stats = result.sampleStats
    #expect(
      Set(stats.keys) == ["lp", "acceptance_rate", "step_size", "energy", "tree_depth", "n_steps", "diverging"]
        && stats.values.allSatisfy { $0.count == 1 && $0[0].count == 1000 })
    #expect(stats["lp"] == [trace.logDensity])
    let report = result.report
    #expect(report.draws == 1000 && report.failures.isEmpty && report.divergences == trace.diverging.filter { $0 }.count)
    #expect(report.energyFractions == [Diagnostics.energyFraction(trace.energy)])
    #expect(report.energyFractions[0] > NUTSReport.lowEnergyFraction)
    #expect(trace.steps.reduce(0, +) == result.gradientEvaluations - result.chains[0].warmupGradientEvaluations)
  }
}
