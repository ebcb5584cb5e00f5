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
  private let file: OutputFile

  /// Checks that the file can be written, and takes its lock. Throws `FileError`.
  package init(path: String) throws {
    self.path = path
    var information = stat()
    guard stat(path, &information) != 0 || [S_IFREG, S_IFDIR].contains(information.st_mode & S_IFMT) else {
      throw FileError("\(path) cannot be a checkpoint: it is no regular file.")
    }
    file = try OutputFile(path: path)
  }

  /// Writes a whole checkpoint. Throws `FileError`; what stood there before then still does.
  package func write(_ header: CheckpointHeader, _ parts: [(name: String, state: Data)]) throws {
    try file.writeDurably(Self.pieces(header, parts))
  }

  /// The content of a checkpoint: its first line, and what that is the checksum of.
  package static func pieces(_ header: CheckpointHeader, _ parts: [(name: String, state: Data)]) throws -> [Data] {
    var header = header
    header.parts = parts.map { .init(name: $0.name, bytes: $0.state.count) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var body = try encoder.encode(header)
    body.append(0x0A)
    for part in parts { body.append(part.state) }
    return [Data("\(schema) \(SHA256.hexadecimal(body)) \(body.count)\n".utf8), body]
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
