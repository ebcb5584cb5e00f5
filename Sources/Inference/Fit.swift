import Foundation
import Modeling

/// Fits a model and returns its posterior.
///
/// ```swift
/// let posterior = try await fit(EightSchools(y: y, sigma: sigma), .nuts(), seed: 1)
/// print(posterior.tau.mean, posterior.verdict.verdict)
/// ```
///
/// Equal model, method and seed give equal bits, on any number of threads. The work is done on a thread of its own, never on the caller's
/// executor. When the task is cancelled the fit stops within a fraction of a second and returns what is finished, with
/// ``Posterior/isInterrupted`` set and a verdict of at least `caution`.
/// - Parameters:
///   - method: `.nuts()`, `.vi()`, `.laplace()` or `.map()`, with settings.
///   - seed: addresses every random number of the fit.
///   - threads: nil for as many as the machine has cores.
/// - Throws: ``ModelError`` with all mistakes of the model; ``FitError`` or another error with sentences where nothing can be fitted (no finite
///   starting point, settings that make no sense); what the body throws; `CancellationError` where nothing was finished.
public func fit<M: Model>(_ model: M, _ method: Method<M> = .nuts(), seed: UInt64, threads: Int? = nil) async throws
  -> Posterior<M.Output>
{
  try await run(model, method, seed: seed, threads: threads, stop: FitStop()) { _ in }
}

/// Starts a fit and returns at once: ``Fitting/progress`` tells how far it is, ``Fitting/value`` waits for the posterior.
///
/// ```swift
/// let fitting = fitting(model, .vi(), seed: 1)
/// for await progress in fitting.progress { print(progress.phase, progress.completed) }
/// let posterior = try await fitting.value
/// ```
public func fitting<M: Model>(_ model: M, _ method: Method<M> = .nuts(), seed: UInt64, threads: Int? = nil) -> Fitting<M.Output> {
  // Whoever looks at progress wants the newest, not all.
  let (progress, continuation) = AsyncStream.makeStream(of: FitProgress.self, bufferingPolicy: .bufferingNewest(1))
  let task = Task {
    defer { continuation.finish() }
    return try await run(model, method, seed: seed, threads: threads, stop: FitStop()) { continuation.yield($0) }
  }
  return Fitting(progress: progress, task: task)
}

/// A fit that is under way; see ``fitting(_:_:seed:threads:)``.
public struct Fitting<Output: Sendable>: Sendable {
  /// How far the fit is: the newest report whenever the reader is ready for one. Ends with the fit. For one reader.
  public let progress: AsyncStream<FitProgress>
  let task: Task<Posterior<Output>, any Error>

  /// The posterior, as ``fit(_:_:seed:threads:)`` returns it. When the waiting task is cancelled, so is the fit.
  public var value: Posterior<Output> {
    get async throws {
      try await withTaskCancellationHandler {
        try await task.value
      } onCancel: {
        task.cancel()
      }
    }
  }

  /// Asks the fit to stop; ``value`` then gives what is finished.
  public func cancel() { task.cancel() }
}

/// Runs a fit on a thread of its own and tells it when the task is cancelled.
package func run<M: Model>(
  _ model: M, _ method: Method<M>, seed: UInt64, threads: Int?, stop: FitStop, checkpoint: FitCheckpoint? = nil,
  onProgress: @escaping @Sendable (FitProgress) -> Void
) async throws -> Posterior<M.Output> {
  let engine = FitEngine(
    model, method, seed: seed, threads: threads, stop: stop, checkpoint: checkpoint, onProgress: onProgress)
  return try await withTaskCancellationHandler {
    try await FitThread.run { try engine.run() }
  } onCancel: {
    stop.raise()
  }
}

/// Work that takes long, away from the threads that tasks share.
package enum FitThread {
  /// Room for the recursion of graphs with tens of thousands of dependent steps. Only what is touched is taken from the machine.
  private static let stackSize = 1 << 28

  package static func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      let thread = Thread { continuation.resume(with: Result { try work() }) }
      thread.stackSize = stackSize
      thread.name = "credence.fit"
      thread.start()
    }
  }
}
