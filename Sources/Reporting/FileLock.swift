import Foundation

/// Keeps two runs from writing one file: an advisory lock on a hidden file beside it, which the system gives back when the process ends, however it ends.
package final class FileLock: Sendable {
  private let path: String
  private let descriptor: Int32

  /// Whether there is a lock. A file system without locks, and a directory that cannot be written, go without.
  package var isHeld: Bool { descriptor >= 0 }

  /// Takes the lock on the file at `path`, which need not exist. Throws `FileError` where another run holds it, or this one already.
  package init(_ path: String) throws {
    let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    self.path = Self.hidden(beside: target, "lock")
    descriptor = try Self.take(self.path, for: path)
    if descriptor >= 0 { UnfinishedWork.begin(path: self.path) }
  }

  /// The name of a hidden file that belongs to another: `.NAME.KIND`, with a checksum for a name that leaves no room.
  package static func hidden(beside path: String, _ kind: String) -> String {
    let place = URL(fileURLWithPath: path)
    let name = place.lastPathComponent
    let stem = name.utf8.count <= 240 ? name : String(SHA256.hexadecimal(Data(name.utf8)).prefix(40))
    return place.deletingLastPathComponent().appendingPathComponent(".\(stem).\(kind)").path
  }

  private static func take(_ lock: String, for path: String) throws -> Int32 {
    while true {
      let descriptor = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
      // Whether the directory may be written is for the file itself to say.
      guard descriptor >= 0 else { return -1 }
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        let isTaken = errno == EWOULDBLOCK
        let owner = isTaken ? Self.owner(descriptor) : nil
        close(descriptor)
        guard isTaken else { return -1 }
        guard owner != ProcessInfo.processInfo.processIdentifier else {
          throw FileError("\(path) would be written twice by this run: choose another name.")
        }
        let who = owner.map { " (process \($0))" } ?? ""
        throw FileError("\(path) is being written by another run\(who): wait for it, or choose another name.")
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

  /// The process that holds the lock, as far as the file says.
  private static func owner(_ descriptor: Int32) -> Int32? {
    var buffer = [UInt8](repeating: 0, count: 24)
    let count = pread(descriptor, &buffer, buffer.count, 0)
    return Int32(String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
  }

  deinit {
    guard descriptor >= 0 else { return }
    unlink(path)
    close(descriptor)
    UnfinishedWork.end(path: path)
  }
}
