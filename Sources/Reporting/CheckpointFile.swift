import Foundation
import Inference

/// What a checkpoint says about the run that it belongs to.
package struct CheckpointHeader: Codable, Sendable, Equatable {
  package struct Data: Codable, Sendable, Equatable {
    package var source: String
    package var sha256: String
    package init(source: String, sha256: String) {
      self.source = source
      self.sha256 = sha256
    }
  }
  struct Part: Codable, Sendable, Equatable {
    var name: String
    var bytes: Int
  }

  /// The version of Credence that wrote it.
  package var version: String
  package var model: String
  /// Nil where the model takes no data.
  package var data: Data?
  /// The options of the run as they were given, name → values.
  package var options: [String: [String]]
  package var fingerprint: ModelFingerprint?
  var parts: [Part] = []

  package init(version: String, model: String, data: Data?, options: [String: [String]]) {
    self.version = version
    self.model = model
    self.data = data
    self.options = options
  }
}

/// A checkpoint on disk, `credence/checkpoint/1`: one line with the SHA-256 checksum and the length of what follows, one line of JSON (``CheckpointHeader``), and the states of
/// the parts, one after the other.
///
/// A new one is written beside the old, brought to the disk, and then takes its name in one step: whenever the process or the machine stops, the name stands for a
/// whole file, the new one or the one before.
package struct CheckpointFile: Sendable {
  package static let schema = "credence/checkpoint/1"

  package let path: String
  private let target: String

  /// Checks that the file can be written. Throws `FileError`.
  package init(path: String) throws {
    self.path = path
    _ = try OutputFile(path: path)
    target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    var information = stat()
    guard stat(target, &information) != 0 || information.st_mode & S_IFMT == S_IFREG else {
      throw FileError("\(path) cannot be a checkpoint: it is no regular file.")
    }
  }

  /// Writes a whole checkpoint. Throws `FileError`; what stood there before then still does.
  package func write(_ header: CheckpointHeader, _ parts: [(name: String, state: Data)]) throws {
    var header = header
    header.parts = parts.map { .init(name: $0.name, bytes: $0.state.count) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var body = try encoder.encode(header)
    body.append(0x0A)
    for part in parts { body.append(part.state) }
    let head = Data("\(Self.schema) \(SHA256.hexadecimal(body)) \(body.count)\n".utf8)
    let place = URL(fileURLWithPath: target)
    let temporary = place.deletingLastPathComponent().appendingPathComponent(".\(place.lastPathComponent.prefix(200)).part").path
    do {
      try Self.store([head, body], at: temporary)
      guard rename(temporary, target) == 0 else { throw Self.reason() }
      Self.synchronizeDirectory(of: place)
    } catch let reason as Reason {
      unlink(temporary)
      throw FileError("\(path) cannot be written: \(reason.text).")
    }
  }

  private struct Reason: Error { var text: String }
  private static func reason() -> Reason { Reason(text: String(cString: strerror(errno)).lowercased()) }

  /// A file with this content that is on the disk when the function returns.
  private static func store(_ pieces: [Data], at path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw reason() }
    var isOpen = true
    defer { if isOpen { close(descriptor) } }
    for piece in pieces {
      var offset = 0
      while offset < piece.count {
        let written = piece.withUnsafeBytes { bytes in
          // In bounds: `offset` is below the count, and a non-empty buffer has a base address.
          bytes.baseAddress.map { Foundation.write(descriptor, $0 + offset, bytes.count - offset) } ?? 0
        }
        if written > 0 { offset += written } else if errno != EINTR { throw reason() }
      }
    }
    guard fsync(descriptor) == 0 else { throw reason() }
    isOpen = false
    guard close(descriptor) == 0 else { throw reason() }
  }

  /// So that the new name is on the disk, too; where directories cannot be synchronized, the file itself is.
  private static func synchronizeDirectory(of place: URL) {
    let descriptor = open(place.deletingLastPathComponent().path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }

  /// Reads a checkpoint and checks that it is whole. Throws `FileError`.
  package static func read(_ path: String) throws -> (header: CheckpointHeader, parts: [String: Data]) {
    let content = try InputFile.read(path)
    guard let end = content.prefix(200).firstIndex(of: 0x0A), content.starts(with: Data("credence/checkpoint/".utf8)) else {
      throw FileError("\(path) is no checkpoint of Credence.")
    }
    let words = String(decoding: content[content.startIndex..<end], as: UTF8.self).split(separator: " ")
    guard words.first == Self.schema[...] else {
      throw FileError("\(path) is a checkpoint of another version (\(words.first ?? "")); this one reads \(Self.schema).")
    }
    let body = Data(content[(end + 1)...])
    guard words.count == 3, let length = Int(words[2]) else { throw FileError("\(path) is damaged: its first line is not whole.") }
    guard body.count == length else { throw FileError("\(path) is damaged: it holds \(body.count) bytes where \(length) were written.") }
    guard SHA256.hexadecimal(body) == words[1] else { throw FileError("\(path) is damaged: its checksum is not that of its content.") }
    guard let line = body.firstIndex(of: 0x0A), let header = try? JSONDecoder().decode(CheckpointHeader.self, from: body[..<line]) else {
      throw FileError("\(path) is damaged: it does not say what run it belongs to.")
    }
    var parts: [String: Data] = [:]
    var place = line + 1
    for part in header.parts {
      guard part.bytes >= 0, part.bytes <= body.count - place else {
        throw FileError("\(path) is damaged: the state of \(part.name) is cut off.")
      }
      parts[part.name] = Data(body[place..<(place + part.bytes)])
      place += part.bytes
    }
    return (header, parts)
  }
}
