import Foundation
import Synchronization

/// How a program that was started ended.
struct ProcessEnding: Sendable {
  /// Its exit code, or the number of the signal.
  var code: Int32
  var isSignal: Bool
  var isInterrupted = false
}

/// A process that another thread may end.
final class RunningProcess: Sendable {
  private struct State {
    var identifier: pid_t?
    var isStopped = false
  }
  private let state = Mutex(State())
  private let process: Mutex<Process>

  init(_ process: sending Process) { self.process = Mutex(process) }

  /// Runs the process until it ends; a signal to this process ends it. Throws `UserError` where it cannot be started.
  func run(_ program: String, _ console: Console) async throws -> ProcessEnding {
    try await Interruption.during(console) {
      try await withTaskCancellationHandler {
        try await self.run(program)
      } onCancel: {
        self.stop()
      }
    }
  }

  private func run(_ program: String) async throws -> ProcessEnding {
    let (endings, ended) = AsyncStream.makeStream(of: ProcessEnding.self)
    try process.withLock { process in
      process.terminationHandler = { process in
        let isSignal = process.terminationReason == .uncaughtSignal
        // From a terminal the signal goes to the program, too, and may be there first.
        let isInterrupted = isSignal && process.terminationStatus == SIGINT
        ended.yield(ProcessEnding(code: process.terminationStatus, isSignal: isSignal, isInterrupted: isInterrupted))
        ended.finish()
      }
      do { try process.run() } catch {
        throw UserError("the compiled program \(program) cannot be started: \(Command.describe(error))")
      }
      state.withLock {
        $0.identifier = process.processIdentifier
        if $0.isStopped { kill(process.processIdentifier, SIGKILL) }
      }
    }
    // A stream ends at once where its task is cancelled, and the process must have ended before its output is read.
    let waiting = Task.detached { await endings.first { _ in true } }
    var ending = await waiting.value ?? ProcessEnding(code: -1, isSignal: true)
    state.withLock {
      ending.isInterrupted = ending.isInterrupted || $0.isStopped
      $0.identifier = nil
    }
    return ending
  }

  private func stop() {
    state.withLock {
      $0.isStopped = true
      if let identifier = $0.identifier { kill(identifier, SIGKILL) }
    }
  }
}
