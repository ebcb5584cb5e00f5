import Foundation
import Differentiation
import Distributions
import Inference
import Modeling
import Testing

@Suite("Fits under way") struct FitControlTests {
  @Test("a cancelled fit gives what is finished")
  func partial() async throws {
    // Cancelled from a thread of its own: the other tests may keep every thread of the concurrency pool busy. Where they kept even the start
    // of the fit waiting, nothing was finished, and it gets more time.
    var partial: Posterior<Schools.Output>?
    for delay in [0.5, 2, 8, 20] where partial == nil {
      let fitting = fitting(Schools.rubin, .nuts(chains: 2, warmup: 100, draws: 3_000_000), seed: 1)
      DispatchQueue.global().asyncAfter(deadline: .now() + delay) { fitting.cancel() }
      do { partial = try await fitting.value } catch is CancellationError {}
    }
    let posterior = try #require(partial)
    #expect(posterior.isInterrupted)
    #expect(posterior.verdict.reasons.contains { $0.code == "cancelled" })
    #expect(posterior.verdict.verdict != .ok)
    let count = posterior.mu.draws.shape[1]
    #expect(count > 0 && count < 3_000_000)
    #expect(posterior.drawSet.sampleStats["lp"]?.allSatisfy { $0.count == count } == true)
  }

  @Test("where nothing is finished there is an error")
  func nothing() async throws {
    let fitting = fitting(Schools.rubin, .nuts(chains: 2, warmup: 50_000_000, draws: 10), seed: 1)
    for await _ in fitting.progress {
      fitting.cancel()
      break
    }
    await #expect(throws: CancellationError.self) { try await fitting.value }
  }

  @Test("cancelling the task that waits cancels the fit")
  func waiting() async throws {
    let task = Task { try await fit(Schools.rubin, .nuts(chains: 1, warmup: 50_000_000, draws: 10), seed: 1) }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  @Test("optimization stops too", arguments: [1, 2])
  func optimization(threads: Int) async throws {
    let fitting = fitting(Schools.rubin, .vi(steps: 500_000_000), seed: 1, threads: threads)
    for await progress in fitting.progress where progress.phase == "optimizing" {
      fitting.cancel()
      break
    }
    let posterior = try await fitting.value
    #expect(posterior.isInterrupted)
    #expect(posterior.verdict.verdict != .ok)
  }

  @Test("progress rises, ends with the fit, and changes nothing")
  func progress() async throws {
    let method = Method<Schools>.nuts(chains: 2, warmup: 100, draws: 100)
    let fitting = fitting(Schools.rubin, method, seed: 9)
    var last = 0
    for await progress in fitting.progress {
      #expect(progress.completed >= last)
      #expect(progress.total == 400)
      last = progress.completed
    }
    #expect(last == 400)
    let plain = try await fit(Schools.rubin, method, seed: 9)
    #expect(try await fitting.value.drawSet.variables.map(\.values) == plain.drawSet.variables.map(\.values))
  }
}
