import Foundation
import Reporting
import Synchronization

/// SIGINT and SIGTERM. While a command works, the first asks it to stop and keep what is finished, and when it has worked, nothing, since results are being
/// written; the second, and the first of a command that has nothing to keep, ends the process at once, with nothing half made left behind.
///
/// The signals have handlers of their own, rather than being ignored and observed: a handler ends with `exec`, so that programs which this one starts, or becomes,
/// end by a signal as they would from a shell.
enum Interruption {
  private struct Content: Sendable {
    var count = 0
    var hasWorked = false
    var stop: (@Sendable () -> Void)?
  }
  private static let content = Mutex(Content())
  /// The handlers write into it: one of the few things that a handler may do.
  private static let ends: (read: Int32, write: Int32) = {
    var pair: [Int32] = [-1, -1]
    pipe(&pair)
    for descriptor in pair { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    return (pair[0], pair[1])
  }()

  /// Watches for signals from now on, as long as the process lives.
  static func watch(_ console: Console) {
    let descriptor = ends.read
    guard descriptor >= 0 else { return }
    Thread.detachNewThread {
      var byte: UInt8 = 0
      while read(descriptor, &byte, 1) == 1 || errno == EINTR { received(console) }
    }
    for number in [SIGINT, SIGTERM] {
      signal(number) { _ in
        let before = errno
        var byte: UInt8 = 0
        _ = Foundation.write(Interruption.ends.write, &byte, 1)
        errno = before
      }
    }
  }

  private static func received(_ console: Console) {
    let present = content.withLock { content in
      content.count += 1
      return content
    }
    if present.count == 1, let stop = present.stop {
      console.note("credence: stopping; what is finished will be written (again to end at once).")
      stop()
    } else if present.count == 1, present.hasWorked {
      console.note("credence: what is finished is being written (again to end at once).")
    } else {
      console.note("credence: interrupted.")
      UnfinishedWork.abandon()
      _exit(ExitCode.interrupted)
    }
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
    content.withLock { $0 = Content(stop: { task.cancel() }) }
    defer {
      content.withLock { content in
        content.hasWorked = true
        content.stop = nil
      }
    }
    return try await task.value
  }
}
