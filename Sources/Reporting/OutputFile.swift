import Foundation
import Modeling

/// Why a file cannot be read or written: one sentence with its path.
package struct FileError: Error, Equatable, CustomStringConvertible {
  package var description: String
  package init(_ description: String) { self.description = description }
}

/// A file that appears whole or not at all: it is written under a temporary name beside its place and then renamed.
package struct OutputFile: Sendable, Equatable {
  /// As the user wrote it, for messages.
  package let path: String
  /// Where it will stand: symbolic links are followed, so that a link stays one.
  private let target: String
  /// A device or a pipe cannot be replaced and is written as it is.
  private let isStream: Bool

  /// Checks that the file can be written, before any work is done for it. Throws `FileError`.
  package init(path: String) throws {
    self.path = path
    target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    let directory = URL(fileURLWithPath: target).deletingLastPathComponent().path
    var information = stat()
    if stat(target, &information) == 0 {
      let kind = information.st_mode & S_IFMT
      guard kind != S_IFDIR else { throw FileError("\(path) cannot be written: it is a directory.") }
      isStream = kind != S_IFREG
      guard access(target, W_OK) == 0 else { throw FileError("\(path) cannot be written: \(Self.reason()).") }
      if isStream { return }
    } else {
      isStream = false
    }
    guard stat(directory, &information) == 0 else { throw FileError("\(path) cannot be written: there is no directory \(directory).") }
    guard information.st_mode & S_IFMT == S_IFDIR else { throw FileError("\(path) cannot be written: \(directory) is not a directory.") }
    // Permission bits do not tell everything (read-only file systems, quotas), so a temporary file is made for a moment.
    let trial = temporaryName()
    let descriptor = open(trial, O_WRONLY | O_CREAT | O_EXCL, 0o600)
    guard descriptor >= 0 else { throw FileError("\(path) cannot be written: \(Self.reason()).") }
    close(descriptor)
    unlink(trial)
  }

  /// What `errno` says, in lower case as within a sentence.
  private static func reason() -> String { String(cString: strerror(errno)).lowercased() }

  private func temporaryName() -> String {
    let url = URL(fileURLWithPath: target)
    let name = ".\(url.lastPathComponent.prefix(100)).\(ProcessInfo.processInfo.processIdentifier)-\(UUID().uuidString.prefix(8)).part"
    return url.deletingLastPathComponent().appendingPathComponent(name).path
  }

  /// Writes the whole content. On failure nothing of it remains. Throws `FileError`.
  package func write(_ content: Data) throws {
    try write { append in try append(content) }
  }

  /// Writes content that is produced piece by piece.
  package func write(_ produce: (_ append: (Data) throws -> Void) throws -> Void) throws {
    let name = isStream ? target : temporaryName()
    let descriptor = isStream ? open(name, O_WRONLY) : open(name, O_WRONLY | O_CREAT | O_EXCL, 0o666)
    guard descriptor >= 0 else { throw FileError("\(path) cannot be written: \(Self.reason()).") }
    do {
      try produce { try Self.append($0, to: descriptor, path) }
      guard close(descriptor) == 0 else { throw FileError("\(path) cannot be written: \(Self.reason()).") }
      guard isStream || rename(name, target) == 0 else { throw FileError("\(path) cannot be written: \(Self.reason()).") }
    } catch {
      if !isStream { unlink(name) }
      throw error
    }
  }

  private static func append(_ data: Data, to descriptor: Int32, _ path: String) throws {
    var offset = 0
    while offset < data.count {
      let written = data.withUnsafeBytes { bytes in
        // In bounds: `offset` is below the count, and a non-empty buffer has a base address.
        bytes.baseAddress.map { Foundation.write(descriptor, $0 + offset, bytes.count - offset) } ?? 0
      }
      if written > 0 { offset += written } else if errno != EINTR { throw FileError("\(path) cannot be written: \(reason()).") }
    }
  }
}

/// Files that are read whole.
package enum InputFile {
  /// The bytes of a file. Throws `FileError` saying whether it is missing, a directory, or may not be read.
  package static func read(_ path: String) throws -> Data {
    var information = stat()
    guard stat(path, &information) == 0 else {
      guard errno == ENOENT || errno == ENOTDIR else {
        throw FileError("\(path) cannot be read: \(String(cString: strerror(errno)).lowercased()).")
      }
      throw FileError("there is no file \(path)\(suggestion(path)).")
    }
    guard information.st_mode & S_IFMT != S_IFDIR else { throw FileError("\(path) cannot be read: it is a directory.") }
    guard access(path, R_OK) == 0 else { throw FileError("\(path) cannot be read: \(String(cString: strerror(errno)).lowercased()).") }
    do {
      guard information.st_mode & S_IFMT == S_IFREG else {
        // A pipe such as the shell's <(…) has no size to map.
        return try FileHandle(forReadingFrom: URL(fileURLWithPath: path)).readToEnd() ?? Data()
      }
      return try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
    } catch {
      throw FileError("\(path) cannot be read: \(error.localizedDescription)")
    }
  }

  /// The nearest name in the same directory.
  private static func suggestion(_ path: String) -> String {
    let url = URL(fileURLWithPath: path)
    let directory = url.deletingLastPathComponent()
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: directory.path) else {
      return ": there is no directory \(directory.path)"
    }
    guard let near = NearestName.find(url.lastPathComponent, among: names.filter { !$0.hasPrefix(".") }.sorted()) else { return "" }
    return "; the nearest there is \(near)"
  }
}
