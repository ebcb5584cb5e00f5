import Foundation
import Synchronization

/// Catches SIGINT and SIGTERM while a command runs: the first asks it to stop and keep what is finished, the second ends the process at once.
final class Interruption: Sendable {
  private let count = Mutex(0)
  private let stop: @Sendable () -> Void
  private let announce: @Sendable () -> Void

  private init(announce: @escaping @Sendable () -> Void, stop: @escaping @Sendable () -> Void) {
    self.announce = announce
    self.stop = stop
  }

  private func received() {
    let number = count.withLock { count in
      count += 1
      return count
    }
    guard number == 1 else { _exit(ExitCode.interrupted) }
    announce()
    stop()
  }

  /// Runs the operation as a task that a signal cancels.
  static func during<T: Sendable>(_ console: Console, _ operation: @escaping @Sendable () async throws -> T) async throws -> T {
    let task = Task { try await operation() }
    guard console.catchesSignals else {
      return try await withTaskCancellationHandler {
        try await task.value
      } onCancel: {
        task.cancel()
      }
    }
    let interruption = Interruption(
      announce: { console.note("credence: stopping; what is finished will be written (again to end at once).") }, stop: { task.cancel() })
    let queue = DispatchQueue(label: "credence.signals")
    let sources = [SIGINT, SIGTERM].map { number in
      // Dispatch only observes a signal: its default action must be off.
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { interruption.received() }
      source.resume()
      return source
    }
    defer {
      for (source, number) in zip(sources, [SIGINT, SIGTERM]) {
        source.cancel()
        signal(number, SIG_DFL)
      }
    }
    return try await task.value
  }
}
