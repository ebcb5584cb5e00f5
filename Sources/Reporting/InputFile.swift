import Foundation
import Modeling

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
        return try readStream(FileHandle(forReadingFrom: URL(fileURLWithPath: path)), path)
      }
      return try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
    } catch let error as FileError {
      throw error
    } catch {
      throw FileError("\(path) cannot be read: \(error.localizedDescription)")
    }
  }

  /// No text that people give by a pipe is longer; a device such as /dev/zero would fill the memory.
  private static let longestStream = 1 << 30

  /// All that comes from a stream. Throws `FileError` where it does not end, and what reading throws.
  package static func readStream(_ stream: FileHandle, _ name: String) throws -> Data {
    var all = Data()
    while let next = try stream.read(upToCount: 1 << 20), !next.isEmpty {
      all.append(next)
      guard all.count <= longestStream else { throw FileError("\(name) cannot be read: more than a gigabyte comes from it.") }
    }
    return all
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
