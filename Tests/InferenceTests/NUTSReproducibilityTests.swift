import Foundation
import Inference
import Synchronization
import Testing

@Suite("NUTS gives equal bits")
struct NUTSReproducibilityTests {
  private func run(
    _ ids: [Int], threads: Int = 1, lanes: Int? = nil, seed: UInt64 = 21, metric: MetricAdaptation = .diagonalFisher
  ) throws -> [NUTSChainResult] {
    var configuration = NUTSConfiguration()
    configuration.warmup = 200
    configuration.draws = 150
    configuration.metric = metric
    return try runNUTS(
      NUTSTargets.eightSchools, configuration: configuration, seed: seed, chainIDs: ids, threads: threads, lanes: lanes
    ).chains
  }

  private func same(_ a: NUTSChainResult, _ b: NUTSChainResult) -> Bool {
    a.chainID == b.chainID && a.trace == b.trace && a.metric == b.metric && a.stepSize == b.stepSize && a.status == b.status
      && a.gradientEvaluations == b.gradientEvaluations && a.warmupGradientEvaluations == b.warmupGradientEvaluations
  }

  @Test("on any number of threads and lanes", arguments: MetricAdaptation.allCases)
  func threadsAndLanes(metric: MetricAdaptation) throws {
    let plain = try run([1, 2, 3, 4, 5], metric: metric)
    for (threads, lanes) in [(1, 2), (1, 4), (1, 8), (2, 1), (2, 2), (2, 8), (5, 1), (9, 4)] {
      let other = try run([1, 2, 3, 4, 5], threads: threads, lanes: lanes, metric: metric)
      #expect(zip(plain, other).allSatisfy(same), "\(threads) threads, \(lanes) lanes")
    }
  }

  @Test("for a chain alone and among others, in any order")
  func subsets() throws {
    let all = try run([1, 2, 3, 4])
    #expect(same(try run([3])[0], all[2]))
    #expect(zip(try run([4, 2], threads: 2), [all[3], all[1]]).allSatisfy(same))
    #expect(all[0].trace.draws != all[1].trace.draws)
    #expect(try run([3], seed: 22)[0].trace.draws != all[2].trace.draws)
  }

  @Test("when a finished run is extended", arguments: MetricAdaptation.allCases)
  func extended(metric: MetricAdaptation) throws {
    var configuration = NUTSConfiguration()
    configuration.warmup = 120
    configuration.draws = 40
    configuration.metric = metric
    configuration.keepsWarmup = true
    let short = try runNUTS(NUTSTargets.eightSchools, configuration: configuration, seed: 8, chainIDs: [1, 2])
    configuration.draws = 90
    let whole = try runNUTS(NUTSTargets.eightSchools, configuration: configuration, seed: 8, chainIDs: [1, 2])
    let resumed = try runNUTS(
      NUTSTargets.eightSchools, configuration: configuration, seed: 8, chainIDs: [1, 2], resume: try throughJSON(short))
    #expect(zip(whole.chains, resumed.chains).allSatisfy(same))
    #expect(resumed.chains[0].warmup.count == 120)
    #expect(resumed.chains[0].warmup == whole.chains[0].warmup)
  }

  private func throughJSON(_ result: NUTSResult) throws -> NUTSResult {
    try JSONDecoder().decode(NUTSResult.self, from: JSONEncoder().encode(result))
  }

  @Test(
    "when a run is stopped anywhere, written out, read back and resumed",
    arguments: [MetricAdaptation.automatic, .diagonalFisher, .diagonalVariance])
  func stoppedAndResumed(metric: MetricAdaptation) throws {
    var configuration = NUTSConfiguration()
    configuration.warmup = 6000
    configuration.draws = 3000
    configuration.metric = metric
    let target = NUTSTargets.eightSchools
    let whole = try runNUTS(target, configuration: configuration, seed: 2, chainIDs: [1, 2, 3])
    #expect(whole.chains.allSatisfy { $0.status == .finished })
    // A slower twin of the same bits, so that reports come early in the run.
    let slow = PointwiseDensity(dimension: 10) { x, g in
      for _ in 0..<40 { _ = target.body(x, g) }
      return target.body(x, g)
    }
    var part: NUTSResult?
    var stops = 0
    while part == nil || part!.chains.contains(where: { $0.status == .stopped }) {
      let before = part?.chains.map { $0.state?.iteration ?? 0 }.max() ?? 0
      let mayStop = stops < 4
      part = try throughJSON(
        try runNUTS(
          slow, configuration: configuration, seed: 2, chainIDs: [1, 2, 3], threads: 2, resume: part,
          onProgress: { progress in mayStop && progress.chains.contains { $0.iteration > before + 10 } ? .stop : .goOn }))
      stops += 1
    }
    #expect(stops > 1)
    #expect(zip(whole.chains, part!.chains).allSatisfy(same))
  }

  @Test("progress reports count up to the end")
  func progress() throws {
    let seen = Mutex<[NUTSProgress]>([])
    var configuration = NUTSConfiguration()
    configuration.warmup = 100
    configuration.draws = 50
    let result = try runNUTS(
      NUTSTargets.eightSchools, configuration: configuration, seed: 1, chainIDs: [4, 5], threads: 2,
      onProgress: { report in
        seen.withLock { $0.append(report) }
        return .goOn
      })
    let reports = seen.withLock { $0 }
    let last = try #require(reports.last)
    #expect(last.chains.map(\.chainID) == [4, 5])
    #expect(last.chains.allSatisfy { $0.iteration == 150 && $0.hasEnded })
    #expect(last.gradientEvaluations == result.gradientEvaluations)
    #expect(!last.isWarmingUp)
    let counts = reports.map(\.gradientEvaluations)
    #expect(zip(counts, counts.dropFirst()).allSatisfy { $0 <= $1 })
  }
}
