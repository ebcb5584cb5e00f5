import Foundation
import Modeling
import Reporting

/// The words of a command line, sorted into operands and options; their meaning comes later.
struct ParsedArguments: Sendable, Equatable {
  var operands: [String] = []
  /// Option name → its values in the order given; an empty string for a flag.
  var values: [String: [String]] = [:]

  func has(_ option: String) -> Bool { values[option] != nil }
  func last(_ option: String) -> String? { values[option]?.last }
}

extension CommandSpecification {
  /// Sorts the words after the command's name. All that is wrong with them comes back at once, a sentence each.
  func parse(_ words: [String]) -> (parsed: ParsedArguments, mistakes: [String]) {
    var parsed = ParsedArguments()
    var mistakes: [String] = []
    var index = 0
    var optionsEnded = false
    while index < words.count {
      let word = words[index]
      index += 1
      if optionsEnded || word == "-" || !word.hasPrefix("-") {
        parsed.operands.append(word)
        continue
      }
      if word == "--" {
        optionsEnded = true
        continue
      }
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = Self.shortNames[String(parts[0])] ?? String(parts[0])
      guard let option = options.first(where: { $0.name == name }) else {
        mistakes.append(unknown(name))
        // What follows belongs to the unknown option, most likely, and is no operand.
        if parts.count == 1, index < words.count, !words[index].hasPrefix("-"), parsed.operands.count >= 1 { index += 1 }
        continue
      }
      var value = parts.count == 2 ? String(parts[1]) : nil
      if option.value == nil {
        if let value { mistakes.append("\(self.name): \(name) takes no value, but has \"\(value)\".") }
        value = ""
      } else if value == nil {
        guard index < words.count, !isOption(words[index]) else {
          let found = index < words.count ? "the option \(words[index]) follows" : "nothing follows"
          mistakes.append("\(self.name): \(name) needs a value (\(option.value ?? "")), but \(found).")
          continue
        }
        value = words[index]
        index += 1
      }
      if parsed.has(name), !option.repeats { mistakes.append("\(self.name): \(name) is given twice.") }
      parsed.values[name, default: []].append(value ?? "")
    }
    return (parsed, mistakes)
  }

  /// The options that have a letter of their own.
  private static let shortNames = ["-h": "--help", "-o": "--output"]

  /// A value may be negative (`-1`) or standard input (`-`), but `--seed` after `--data` is a forgotten value.
  private func isOption(_ word: String) -> Bool { word.hasPrefix("--") || (word.hasPrefix("-") && word.count > 1 && Double(word) == nil) }

  private func unknown(_ name: String) -> String {
    if let near = NearestName.find(name, among: options.map(\.name)) {
      return "\(self.name): there is no option \(name); the nearest is \(near)."
    }
    let elsewhere = Self.all.filter { $0.name != self.name && $0.options.contains { $0.name == name } }.map(\.name)
    if !elsewhere.isEmpty {
      return "\(self.name): the option \(name) belongs to \(OptionReader.list(elsewhere, "and")), not to \(self.name)."
    }
    return "\(self.name): there is no option \(name) (\(self.name) --help lists them)."
  }
}

/// Reads typed values out of parsed arguments and collects every mistake as a sentence.
struct OptionReader {
  let command: String
  let arguments: ParsedArguments
  var mistakes: [String] = []

  init(_ command: String, _ arguments: ParsedArguments) {
    self.command = command
    self.arguments = arguments
  }

  mutating func fail(_ sentence: String) { mistakes.append("\(command): \(sentence)") }

  /// A whole number within a range.
  mutating func whole(_ option: String, in range: ClosedRange<Int>) -> Int? {
    guard let text = arguments.last(option) else { return nil }
    if let value = Int(text), range.contains(value) { return value }
    fail("\(option) expects a whole number from \(range.lowerBound) to \(range.upperBound), not \"\(text)\".")
    return nil
  }

  mutating func seed(_ option: String) -> UInt64? {
    guard let text = arguments.last(option) else { return nil }
    if let value = UInt64(text) { return value }
    fail("\(option) expects a whole number from 0 to \(UInt64.max), not \"\(text)\".")
    return nil
  }

  /// A number strictly between two bounds.
  mutating func number(_ option: String, above low: Double, below high: Double) -> Double? {
    guard let text = arguments.last(option) else { return nil }
    if let value = Double(text), value > low, value < high { return value }
    fail("\(option) expects a number between \(low.formatted) and \(high.formatted) (both excluded), not \"\(text)\".")
    return nil
  }

  /// One of several names.
  mutating func name(_ option: String, among legal: [String]) -> String? {
    guard let text = arguments.last(option) else { return nil }
    return name(text, option, among: legal)
  }

  mutating func name(_ text: String, _ option: String, among legal: [String]) -> String? {
    if legal.contains(text) { return text }
    let list = Self.list(legal)
    // What has a space in it describes names and is none: `a file`.
    if let near = NearestName.find(text, among: legal.filter { !$0.contains(" ") }) {
      fail("\(option) expects \(list), not \"\(text)\"; the nearest is \(near).")
    } else {
      fail("\(option) expects \(list), not \"\(text)\".")
    }
    return nil
  }

  /// `KEY=VALUE` pairs of a repeated option; a key must not come twice.
  mutating func pairs(_ option: String, form: String) -> [(key: String, value: String)] {
    var seen: Set<String> = []
    var pairs: [(String, String)] = []
    for text in arguments.values[option] ?? [] {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
        fail("\(option) expects \(form), not \"\(text)\".")
        continue
      }
      guard seen.insert(parts[0]).inserted else {
        fail("\(option) is given twice for \"\(parts[0])\".")
        continue
      }
      pairs.append((parts[0], parts[1]))
    }
    return pairs
  }

  static func list(_ names: [String], _ conjunction: String = "or") -> String {
    guard let last = names.last, names.count > 1 else { return names.first ?? "" }
    return names.dropLast().joined(separator: ", ") + " \(conjunction) " + last
  }
}

extension Double {
  /// Without a needless `.0`.
  fileprivate var formatted: String { self == rounded() && abs(self) < 1e15 ? String(Int(self)) : description }
}
