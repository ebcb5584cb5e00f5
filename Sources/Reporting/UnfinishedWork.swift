import Foundation
import Synchronization

/// What must not stay behind where the process ends at once: temporary files and directories, and processes that work for this one.
package enum UnfinishedWork {
  private struct Content {
    var paths: Set<String> = []
    var processes: Set<Int32> = []
  }
  private static let content = Mutex(Content())

  package static func begin(path: String) { content.withLock { _ = $0.paths.insert(path) } }
  package static func end(path: String) { content.withLock { _ = $0.paths.remove(path) } }
  package static func begin(process: Int32) { content.withLock { _ = $0.processes.insert(process) } }
  package static func end(process: Int32) { content.withLock { _ = $0.processes.remove(process) } }

  /// Ends the processes and removes the files; what other threads begin afterwards is theirs.
  package static func abandon() {
    content.withLock { content in
      // What a compiler's driver has started ends with it by SIGINT, not by SIGTERM.
      for process in content.processes { kill(process, SIGINT) }
      for path in content.paths { try? FileManager.default.removeItem(atPath: path) }
      content = Content()
    }
  }
}
