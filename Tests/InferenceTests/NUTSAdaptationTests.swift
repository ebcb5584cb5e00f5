import Foundation
import Inference
import Testing

@Suite("NUTS adaptation")
struct NUTSAdaptationTests {
  /// The iterations (counted from 1) after which a window ends, and those that are collected.
  private func schedule(_ warmup: Int) -> (ends: [Int], collected: [Int]) {
    var windows = AdaptationWindows(warmup: warmup)
    var ends: [Int] = []
    var collected: [Int] = []
    for iteration in 1...max(warmup, 1) {
      if windows.isCollecting { collected.append(iteration) }
      if windows.closesWindow { ends.append(iteration) }
      windows.advance()
    }
    return (ends, collected)
  }

  @Test("windows end where Stan's do")
  func windows() {
    #expect(schedule(1000).ends == [100, 150, 250, 450, 950])
    #expect(schedule(1000).collected == Array(76...950))
    #expect(schedule(2000).ends == [100, 150, 250, 450, 850, 1950])
    #expect(schedule(500).ends == [100, 150, 250, 450])
    #expect(schedule(200).ends == [100, 150])
    #expect(schedule(150).ends == [100])
    // Too short for 75/25/50: 15 %, 75 %, 10 %.
    #expect(schedule(100).ends == [90])
    #expect(schedule(100).collected == Array(16...90))
    #expect(schedule(20).ends == [18])
    #expect(schedule(19).ends == [])
    #expect(schedule(19).collected == [])
  }

  @Test("dual averaging follows its recurrence, worked by hand")
  func recurrence() {
    var adaptation = StepSizeAdaptation(target: 0.8)
    adaptation.restart(from: 0.5)
    #expect(adaptation.stepSize == exp(log(0.5)))
    adaptation.learn(acceptance: 0.3)
    // η = 1/11, s̄ = 0.5/11; log ε = log 5 − s̄/0.05; the first average is log ε itself.
    let first = log(5.0) - 0.5 / 11 / 0.05
    #expect(abs(adaptation.logStepSize - first) < 1e-15)
    #expect(adaptation.logAverage == adaptation.logStepSize)
    adaptation.learn(acceptance: 7)
    let mean = (1 - 1.0 / 12) * 0.5 / 11 + (0.8 - 1) / 12
    let second = log(5.0) - mean * 2.0.squareRoot() / 0.05
    #expect(abs(adaptation.logStepSize - second) < 1e-14)
    let weight = pow(2, -0.75)
    #expect(abs(adaptation.logAverage - ((1 - weight) * first + weight * second)) < 1e-14)
    adaptation.learn(acceptance: .nan)
    #expect(adaptation.logStepSize < second)
  }

  @Test("the step size settles where acceptance meets the target", arguments: [0.6, 0.8, 0.95])
  func settles(target: Double) {
    var adaptation = StepSizeAdaptation(target: target)
    adaptation.restart(from: 10)
    for _ in 0..<2000 { adaptation.learn(acceptance: exp(-adaptation.stepSize * adaptation.stepSize)) }
    #expect(abs(exp(-adaptation.averageStepSize * adaptation.averageStepSize) - target) < 0.005)
  }

  /// The kept step size is an average over steps that scatter, so acceptance meets the target only roughly, mostly from above.
  @Test("a run accepts about as often as asked", arguments: [0.65, 0.8, 0.9])
  func acceptance(target: Double) throws {
    var configuration = NUTSConfiguration()
    configuration.targetAcceptance = target
    configuration.metric = .diagonalVariance
    let result = try runNUTS(
      NUTSTargets.gaussian(means: Array(repeating: 0, count: 30), sds: Array(repeating: 1, count: 30)), configuration: configuration,
      seed: 1, chainIDs: [1, 2, 3, 4])
    let mean = result.chains.flatMap(\.trace.acceptance).reduce(0, +) / 4000
    #expect(mean > target - 0.05 && mean < target + 0.15)
  }

  @Test("without warm-up the step size given is the step size used, and the metric is the identity")
  func noWarmup() throws {
    var configuration = NUTSConfiguration()
    configuration.warmup = 0
    configuration.draws = 5
    configuration.initialStepSize = 0.3125
    let chain = try runNUTS(NUTSTargets.eightSchools, configuration: configuration, seed: 1, chainIDs: [1]).chains[0]
    #expect(chain.trace.stepSize == Array(repeating: 0.3125, count: 5))
    #expect(chain.metric.scale == Array(repeating: 1, count: 10))
  }
}

@Suite("NUTS refuses and fails in sentences")
struct NUTSFailureTests {
  private func run(
    _ density: PointwiseDensity, _ ids: [Int] = [3], initial: [[Double]]? = nil, change: (inout NUTSConfiguration) -> Void = { _ in }
  ) throws -> NUTSResult {
    var configuration = NUTSConfiguration()
    configuration.warmup = 100
    configuration.draws = 20
    change(&configuration)
    return try runNUTS(density, configuration: configuration, seed: 1, chainIDs: ids, initial: initial)
  }

  private func refusal(_ body: () throws -> NUTSResult) -> String {
    do {
      _ = try body()
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  private let normal = NUTSTargets.gaussian(means: [0, 0], sds: [1, 1])

  @Test("settings that make no sense are refused, all at once")
  func settings() {
    #expect(
      refusal { try run(normal) { $0.targetAcceptance = 1 } } == "The target acceptance is 1.0; it must lie strictly between 0 and 1.")
    let two = refusal {
      try run(normal, []) {
        $0.warmup = -1
        $0.maxTreeDepth = 0
      }
    }
    #expect(
      two == """
        The number of warm-up iterations is -1; it must be 0 or more.
        The maximum tree depth is 0; it must be from 1 to 24.
        A run needs at least one chain.
        """)
    #expect(refusal { try run(normal, [1, 1]) } == "The chain numbers [1, 1] are not all different.")
    #expect(
      refusal { try run(normal, initial: [[1]]) }
        == "The starting point of chain 3 has length 1, but the unconstrained vector has length 2.")
    #expect(refusal { try run(normal, [1, 2], initial: [[1, 1]]) } == "There are 1 starting points for 2 chains.")
    #expect(
      refusal { try runNUTS(normal, seed: 1, chainIDs: [1], threads: 0, lanes: 3) }
        == "The number of threads is 0; it must be 1 or more.\nThe number of lanes is 3; it must be 1, 2, 4 or 8.")
    let empty = PointwiseDensity(dimension: 0) { _, _ in 0 }
    #expect(
      refusal { try run(empty) } == "The model has no continuous unknowns to sample: the unconstrained vector has length 0.")
  }

  @Test("a chain that finds no starting point says so, and the others go on")
  func noStart() throws {
    let nowhere = PointwiseDensity(dimension: 1) { _, g in
      g[0] = 0
      return -.infinity
    }
    let result = try run(nowhere)
    #expect(
      result.chains[0].status
        == .failed(
          "Chain 4 found no starting point: at each of 100 random points in (−2.0, 2.0) on the unconstrained scale the log density or its "
            + "gradient was not finite (at the last one the log density is -inf). Check the model against its data, or give initial values."
        ))
    #expect(result.chains[0].trace.count == 0)
    #expect(result.chains[0].state == nil)
    #expect(result.gradientEvaluations == 100)
    let half = PointwiseDensity(dimension: 1) { x, g in
      g[0] = x[0] > 0 ? -x[0] : .nan
      return -0.5 * x[0] * x[0]
    }
    let given = try run(half, [1, 2], initial: [[-1], [1]])
    #expect(
      given.chains[0].status
        == .failed("Chain 2 cannot start at the point given: its gradient is not finite there. Give a point inside the support, or none."))
    #expect(given.chains[1].status == .finished)
    #expect(given.chains[1].trace.draws.allSatisfy { $0 > 0 })
  }

  @Test("an improper density is recognized")
  func improper() throws {
    let flat = PointwiseDensity(dimension: 2) { _, g in
      g[0] = 0
      g[1] = 0
      return 0
    }
    #expect(
      try run(flat).chains[0].status
        == .failed(
          "Chain 4 found no largest step size: the log density does not fall off in some direction, so the posterior is improper. "
            + "Check that every parameter has a prior or is identified by data."))
  }

  @Test("edges of the support are divergences, not draws")
  func support() throws {
    // The half-normal, cut off hard: outside, −∞ and a gradient that is NaN.
    let cut = PointwiseDensity(dimension: 1) { x, g in
      g[0] = x[0] < 0 ? .nan : -x[0]
      return x[0] < 0 ? -.infinity : -0.5 * x[0] * x[0]
    }
    let result = try run(cut, [1, 2, 3, 4]) {
      $0.warmup = 500
      $0.draws = 500
    }
    #expect(result.divergences > 0)
    #expect(result.chains.allSatisfy { $0.status == .finished && $0.trace.draws.allSatisfy { $0 >= 0 } })
  }

  @Test("a step into overflow is forgotten", arguments: MetricAdaptation.allCases)
  func overflow(metric: MetricAdaptation) throws {
    // Steep walls: far out the gradient is not finite.
    let walls = PointwiseDensity(dimension: 3) { x, g in
      var value = 0.0
      for i in 0..<3 {
        let e = exp(x[i] * x[i])
        value -= e
        g[i] = -2 * x[i] * e
      }
      return value
    }
    let result = try run(walls, [1, 2]) {
      $0.metric = metric
      $0.initialStepSize = 64
    }
    #expect(result.chains.allSatisfy { $0.status == .finished && $0.trace.draws.allSatisfy { abs($0) < 3 } })
  }

  @Test("a resumed run must fit")
  func misfit() throws {
    let short = try run(normal)
    #expect(
      refusal { try runNUTS(normal, seed: 1, chainIDs: [4], resume: short) }
        == "The run to resume has chains [3], not [4].\nA resumed run must keep the metric and the number of warm-up iterations of the earlier one."
    )
  }
}
