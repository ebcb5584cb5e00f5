import Foundation
import Inference

/// Where draws come from, as far as the comments of their file say: model, data, method and settings, and which chain they are.
package struct DrawsOrigin: Sendable, Equatable {
  /// The chain's number, from 1; nil where the file does not say.
  package var chain: Int?
  /// What must be the same for draws to be of one posterior, in order: `model`, `method`, `seed`, `data`, then the settings.
  package var facts: [(name: String, value: String)] = []

  package init() {}

  package subscript(name: String) -> String? { facts.first { $0.name == name }?.value }

  package static func == (a: DrawsOrigin, b: DrawsOrigin) -> Bool {
    a.chain == b.chain && a.facts.elementsEqual(b.facts) { $0.name == $1.name && $0.value == $1.value }
  }

  /// From the comments at the head of a CSV.
  package init(csv data: Data) {
    for line in String(decoding: data.prefix(1 << 16), as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: true) {
      guard line.hasPrefix("#") else { break }
      let parts = line.dropFirst().split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
      guard parts.count == 2 else { continue }
      // CmdStan marks what was not asked for.
      let value = parts[1].replacing(" (Default)", with: "")
      if parts[0] == "id" {
        chain = Int(value)
      } else if let name = Self.name(parts[0]), self[name] == nil {
        facts.append((name, value))
      }
    }
  }

  /// Under which name a comment counts; nil for one that does not.
  private static func name(_ key: String) -> String? {
    if key.hasPrefix(settingPrefix) { return String(key.dropFirst(settingPrefix.count)) }
    return ["model", "method", "seed", "num_samples", "num_warmup", "thin"].contains(key) ? key : nil
  }

  /// What stands before the settings that CmdStan has no place for.
  static let settingPrefix = "credence_"

  /// The settings of a result as comments: those that are one number or word, but for what never changes a draw.
  static func comments(_ document: ResultDocument) -> String {
    var text = ""
    if let data = document.data { text += "#   \(settingPrefix)data = \(data.sha256)\n" }
    for (key, value) in document.method.entries where !["name", "seed", "threads", "chain_id", "warmup", "draws"].contains(key) {
      if value.members != nil { continue }
      let word = value.text ?? JSONWriter.line(value)
      text += "#   \(settingPrefix)\(key) = \(word.replacing("=", with: ":"))\n"
    }
    return text
  }

  /// The first fact in which two origins differ, in words; nil where they do not contradict each other.
  package func difference(from other: DrawsOrigin) -> String? {
    for (name, value) in facts {
      if let its = other[name], its != value { return "\(name) is \(value) there and \(its) here" }
    }
    return nil
  }
}
