import Foundation

/// Why a file cannot be read or written: one sentence with its path.
package struct FileError: Error, Equatable, CustomStringConvertible {
  package var description: String
  package init(_ description: String) { self.description = description }
}

/// A file that appears whole or not at all: it is written under a temporary name beside its place and then renamed.
///
/// No two runs write one file at once (``FileLock``). So the temporary name is the same every time, `.NAME.part`: what a process left that was killed goes away
/// with the next run that writes the file. Where the content cannot be written (a full disk, mostly), it is put into the directory of temporary files
/// instead, and the error says where.
package struct OutputFile: Sendable {
  /// For how long other runs are kept from the file.
  package enum Holding: Sendable {
    /// As long as the value lives.
    case throughout
    /// While it is written; for one of many files, which could be more than a process can have open.
    case whileWriting
  }
  private enum Durability { case eventual, immediate }

  /// As the user wrote it, for messages.
  package let path: String
  /// Where it will stand: symbolic links are followed, so that a link stays one.
  private let target: String
  /// A device or a pipe cannot be replaced and is written as it is.
  private let isStream: Bool
  private let lock: FileLock?

  /// Checks that the file can be written, before any work is done for it. Throws `FileError`, also where another run writes it.
  package init(path: String, holding: Holding = .throughout) throws {
    self.path = path
    target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    let directory = URL(fileURLWithPath: target).deletingLastPathComponent().path
    var information = stat()
    if stat(target, &information) == 0 {
      let kind = information.st_mode & S_IFMT
      guard kind != S_IFDIR else { throw FileError("\(path) cannot be written: it is a directory.") }
      guard access(target, W_OK) == 0 else { throw Failure().error(path) }
      guard kind == S_IFREG else {
        isStream = true
        lock = nil
        return
      }
    }
    isStream = false
    guard stat(directory, &information) == 0 else { throw FileError("\(path) cannot be written: there is no directory \(directory).") }
    guard information.st_mode & S_IFMT == S_IFDIR else { throw FileError("\(path) cannot be written: \(directory) is not a directory.") }
    let lock = try FileLock(path)
    self.lock = holding == .throughout ? lock : nil
    // Permission bits do not tell everything (read-only file systems, quotas), so a temporary file is made for a moment.
    let name = Self.temporaryName(target, lock)
    let trial = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard trial >= 0 else { throw Failure().error(path) }
    close(trial)
    unlink(name)
  }

  /// A name that nobody else writes under: the usual one, if the lock is held and nothing stands in its way.
  private static func temporaryName(_ target: String, _ lock: FileLock?) -> String {
    let usual = FileLock.hidden(beside: target, "part")
    if let lock, lock.isHeld, unlink(usual) == 0 || errno == ENOENT { return usual }
    return FileLock.hidden(beside: target, "\(UUID().uuidString.prefix(8)).part")
  }

  /// Writes the whole content. On failure nothing of it remains. Throws `FileError`.
  package func write(_ content: Data) throws {
    try write { append in try append(content) }
  }

  /// Writes content that is produced piece by piece, and once more where it is put elsewhere.
  package func write(_ produce: (_ append: (Data) throws -> Void) throws -> Void) throws {
    do { try store(.eventual, produce) } catch let failure as Failure {
      // Whoever closed the other end of a pipe does not want the rest.
      guard failure.code != EPIPE, let place = Self.rescue(target, produce) else { throw failure.error(path) }
      throw FileError("\(path) cannot be written: \(failure.reason); what it was to hold is in \(place) instead.")
    }
  }

  /// Writes content that must outlast a power cut from when the function returns; what cannot be written is not put elsewhere. Throws `FileError`.
  package func writeDurably(_ pieces: [Data]) throws {
    do {
      try store(.immediate) { append in for piece in pieces { try append(piece) } }
    } catch let failure as Failure {
      throw failure.error(path)
    }
  }

  /// What the system said.
  private struct Failure: Error {
    let code = errno
    var reason: String { String(cString: strerror(code)).lowercased() }
    func error(_ path: String) -> FileError { FileError("\(path) cannot be written: \(reason).") }
  }

  private func store(_ durability: Durability, _ produce: ((Data) throws -> Void) throws -> Void) throws {
    let lock = isStream ? nil : self.lock ?? (try? FileLock(path))
    defer { withExtendedLifetime(lock) {} }
    let temporary = isStream ? target : Self.temporaryName(target, lock)
    let descriptor = open(temporary, isStream ? O_WRONLY | O_CLOEXEC : O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw Failure() }
    if !isStream { UnfinishedWork.begin(path: temporary) }
    defer { if !isStream { UnfinishedWork.end(path: temporary) } }
    do {
      do {
        try produce { try Self.append($0, to: descriptor) }
        guard durability == .eventual || fsync(descriptor) == 0 else { throw Failure() }
      } catch {
        close(descriptor)
        throw error
      }
      guard close(descriptor) == 0 else { throw Failure() }
      guard isStream || rename(temporary, target) == 0 else { throw Failure() }
    } catch {
      if !isStream { unlink(temporary) }
      throw error
    }
    if durability == .immediate { Self.synchronizeDirectory(of: target) }
  }

  private static func append(_ data: Data, to descriptor: Int32) throws {
    var offset = 0
    while offset < data.count {
      let written = data.withUnsafeBytes { bytes in
        // In bounds: `offset` is below the count, and a non-empty buffer has a base address.
        bytes.baseAddress.map { Foundation.write(descriptor, $0 + offset, bytes.count - offset) } ?? 0
      }
      if written > 0 { offset += written } else if errno != EINTR { throw Failure() }
    }
  }

  /// So that the new name is on the disk, too; where directories cannot be synchronized, the file itself is.
  private static func synchronizeDirectory(of target: String) {
    let descriptor = open(URL(fileURLWithPath: target).deletingLastPathComponent().path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }

  /// Puts the content into a directory of its own among the temporary files; its path, or nil where that fails, too.
  private static func rescue(_ target: String, _ produce: ((Data) throws -> Void) throws -> Void) -> String? {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("credence-\(UUID().uuidString.prefix(8))")
    let place = directory.appendingPathComponent(URL(fileURLWithPath: target).lastPathComponent).path
    do {
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
      let descriptor = open(place, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
      guard descriptor >= 0 else { throw Failure() }
      do { try produce { try append($0, to: descriptor) } } catch {
        close(descriptor)
        throw error
      }
      guard close(descriptor) == 0 else { throw Failure() }
      return place
    } catch {
      try? FileManager.default.removeItem(at: directory)
      return nil
    }
  }
}
