import Foundation

/// Keeps two runs from writing one file: an advisory lock on a hidden file beside it, which the system gives back when the process ends, however it ends.
package final class FileLock: Sendable {
  private let path: String
  private let descriptor: Int32

  /// Takes the lock on the file at `path`, which need not exist. Throws `FileError` where another run holds it. A file system without locks, and a stream, go
  /// without.
  package init(_ path: String) throws {
    let target = URL(fileURLWithPath: path).resolvingSymlinksInPath()
    self.path = target.deletingLastPathComponent().appendingPathComponent(".\(target.lastPathComponent.prefix(200)).lock").path
    var information = stat()
    if stat(target.path, &information) == 0, information.st_mode & S_IFMT != S_IFREG {
      descriptor = -1
      return
    }
    descriptor = try Self.take(self.path, for: path)
  }

  private static func take(_ lock: String, for path: String) throws -> Int32 {
    while true {
      let descriptor = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
      // Whether the directory may be written is for the file itself to say.
      guard descriptor >= 0 else { return -1 }
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        let isTaken = errno == EWOULDBLOCK
        let owner = isTaken ? Self.owner(descriptor) : ""
        close(descriptor)
        guard isTaken else { return -1 }
        throw FileError("\(path) is being written by another run\(owner): wait for it, or choose another name.")
      }
      // The run before may have removed the file between our opening and our locking it.
      var own = stat()
      var present = stat()
      if fstat(descriptor, &own) == 0, stat(lock, &present) == 0, own.st_ino == present.st_ino {
        ftruncate(descriptor, 0)
        let text = "\(ProcessInfo.processInfo.processIdentifier)\n"
        _ = text.withCString { Foundation.write(descriptor, $0, strlen($0)) }
        return descriptor
      }
      close(descriptor)
    }
  }

  private static func owner(_ descriptor: Int32) -> String {
    var buffer = [UInt8](repeating: 0, count: 24)
    let count = pread(descriptor, &buffer, buffer.count, 0)
    let text = String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    return Int(text).map { " (process \($0))" } ?? ""
  }

  deinit {
    guard descriptor >= 0 else { return }
    unlink(path)
    close(descriptor)
  }
}
