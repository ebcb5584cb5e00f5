import Foundation
import Inference
import Reporting

/// The Swift file that a model is written in, where lines of it are to be changed.
package struct ModelText: Sendable {
  package let path: String
  private let characters: [Character]

  /// What is to stand in the place of a call.
  package struct Edit: Sendable, Equatable {
    /// The first line of the call, counted from 1.
    package var line: Int
    /// The lines of the call as they are and as they would be, without what they are indented by.
    package var before, after: String
    fileprivate var range: Range<Int>
    fileprivate var replacement: String
  }

  /// Throws `UserError` or `FileError` for a file that cannot be read as text.
  package init(_ path: String) throws {
    guard let text = String(data: try InputFile.read(path), encoding: .utf8) else { throw UserError("\(path) is not UTF-8 text.") }
    self.init(path: path, text)
  }

  package init(path: String, _ text: String) {
    self.path = path
    characters = Array(text)
  }

  /// The text after the edits.
  package func applying(_ edits: [Edit]) -> String {
    var result = characters
    for edit in edits.sorted(by: { $0.range.lowerBound > $1.range.lowerBound }) {
      result.replaceSubrange(edit.range, with: Array(edit.replacement))
    }
    return String(result)
  }

  /// The call `p.sample("theta", Normal(m, sd: s))` of a site as `m + s * p.sample("theta_raw", Normal(0, sd: 1))`; nil where the call is not written like that.
  package func nonCentered(_ site: NonCentering) -> Edit? {
    guard let call = call(site), let form = StandardForm(call.distribution, isScalar: site.isScalar) else { return nil }
    var raw = site.literal + "_raw"
    while String(characters).contains("\"\(raw)\"") { raw += "_" }
    let whole = form.expression("\(call.receiver).sample(\"\(raw)\", \(form.standard))")
    guard let isWhole = standsAlone(call.range) else { return nil }
    let replacement = isWhole || form.isCall ? whole : "(\(whole))"
    let lines = lines(around: call.range)
    let before = String(characters[lines])
    let after =
      String(characters[lines.lowerBound..<call.range.lowerBound]) + replacement
      + String(characters[call.range.upperBound..<lines.upperBound])
    func stripped(_ text: String) -> String { text.trimmingCharacters(in: .whitespacesAndNewlines) }
    return Edit(
      line: 1 + characters[..<call.range.lowerBound].count { $0.isNewline }, before: stripped(before), after: stripped(after),
      range: call.range, replacement: replacement)
  }

  private struct Call {
    var receiver: String
    var distribution: String
    var range: Range<Int>
  }

  /// The call that samples a site, from the line on that the site was recorded with.
  private func call(_ site: NonCentering) -> Call? {
    let head = Array(".sample(")
    var place = start(of: site.source.line)
    let end = start(of: site.source.line + 4)
    while place + head.count < end {
      defer { place += 1 }
      guard Array(characters[place..<(place + head.count)]) == head else { continue }
      var first = place
      while first > 0, characters[first - 1].isLetter || characters[first - 1].isNumber || characters[first - 1] == "_" { first -= 1 }
      guard first < place, let close = SwiftText.closing(characters, place + head.count - 1) else { continue }
      let parts = SwiftText.parts(String(characters[(place + head.count)..<close]))
      guard parts.count == 2, parts[0] == "\"\(site.literal)\"" else { continue }
      return Call(receiver: String(characters[first..<place]), distribution: parts[1], range: first..<(close + 1))
    }
    return nil
  }

  /// Whether a call is all of what is assigned, returned or passed; nil where it is a statement by itself, whose value goes nowhere.
  private func standsAlone(_ range: Range<Int>) -> Bool? {
    let before = String(characters[..<range.lowerBound].reversed().prefix { !$0.isNewline }.reversed())
    let after = String(characters[range.upperBound...].prefix { !$0.isNewline }).trimmingCharacters(in: .whitespaces)
    let words = before.trimmingCharacters(in: .whitespaces)
    if words.isEmpty || words.hasSuffix("_ =") { return nil }
    let begins = words.hasSuffix("=") || words.hasSuffix("return") || words.hasSuffix("(") || words.hasSuffix(",") || words.hasSuffix("in")
    return begins && (after.isEmpty || ")},;/".contains(after[after.startIndex]))
  }

  private func lines(around range: Range<Int>) -> Range<Int> {
    let first = characters[..<range.lowerBound].lastIndex { $0.isNewline }.map { $0 + 1 } ?? 0
    let last = characters[range.upperBound...].firstIndex { $0.isNewline } ?? characters.count
    return first..<last
  }

  /// Where a line begins, counted from 1; the end of the text after its last line.
  private func start(of line: Int) -> Int {
    var rest = line - 1
    guard rest > 0 else { return 0 }
    for (place, character) in characters.enumerated() where character.isNewline {
      rest -= 1
      if rest == 0 { return place + 1 }
    }
    return characters.count
  }
}

/// A distribution `Normal(m, sd: s)` taken apart into location, scale and the standard distribution.
private struct StandardForm {
  private let location, scale: String
  let standard: String
  private let isLogarithmic: Bool
  /// Whether the expression is a call, which needs no parentheses.
  var isCall: Bool { isLogarithmic }

  /// Nil for other distributions, and for values that are no single numbers unless they are copies (`.repeated(n)`).
  init?(_ text: String, isScalar: Bool) {
    let characters = Array(text)
    guard let open = characters.firstIndex(of: "("), let close = SwiftText.closing(characters, open) else { return nil }
    let name = String(characters[..<open])
    let suffix = String(characters[(close + 1)...]).trimmingCharacters(in: .whitespacesAndNewlines)
    guard suffix.isEmpty ? isScalar : suffix.hasPrefix(".repeated(") && suffix.hasSuffix(")") else { return nil }
    var arguments: [String: String] = [:]
    for part in SwiftText.parts(String(characters[(open + 1)..<close])) {
      let label = part.firstMatch(of: #/^(\w+)\s*:\s*/#)
      arguments[label.map { String($0.1) } ?? ""] = label.map { String(part[$0.range.upperBound...]) } ?? part
    }
    guard let location = arguments[""], let scale = arguments["sd"] ?? arguments["scale"] else { return nil }
    switch (name, arguments.count) {
    case ("Normal", 2), ("LogNormal", 2): standard = "Normal(0, sd: 1)" + suffix
    case ("Cauchy", 2), ("Laplace", 2), ("Logistic", 2): standard = "\(name)(0, scale: 1)" + suffix
    case ("StudentT", 3):
      guard let df = arguments["df"] else { return nil }
      standard = "StudentT(df: \(df), 0, scale: 1)" + suffix
    default: return nil
    }
    isLogarithmic = name == "LogNormal"
    self.location = location
    self.scale = scale
  }

  /// Location and scale around the standard variable.
  func expression(_ variable: String) -> String {
    let spread = "\(SwiftText.operand(scale)) * \(variable)"
    let whole = Double(location) == 0 ? spread : "\(SwiftText.operand(location)) + \(spread)"
    return isLogarithmic ? "exp(\(whole))" : whole
  }
}

/// A little of Swift's grammar: parentheses, commas and strings.
private enum SwiftText {
  /// The parenthesis that closes the one at a place; nil where there is none.
  static func closing(_ text: [Character], _ open: Int) -> Int? {
    var depth = 0
    var isString = false
    for place in open..<text.count {
      let character = text[place]
      if character == "\"", place == 0 || text[place - 1] != "\\" { isString.toggle() }
      guard !isString else { continue }
      if "([{".contains(character) { depth += 1 }
      if ")]}".contains(character) { depth -= 1 }
      if depth == 0 { return place }
    }
    return nil
  }

  /// What stands between the commas that are in no parentheses.
  static func parts(_ text: String) -> [String] {
    var parts = [""]
    var depth = 0
    var isString = false
    var last: Character = " "
    for character in text {
      if character == "\"", last != "\\" { isString.toggle() }
      if !isString, "([{".contains(character) { depth += 1 }
      if !isString, ")]}".contains(character) { depth -= 1 }
      last = character
      if character == ",", depth == 0, !isString { parts.append("") } else { parts[parts.count - 1].append(character) }
    }
    return parts.map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
  }

  /// In parentheses where it is more than a name, a number, a call or a subscript.
  static func operand(_ text: String) -> String {
    var depth = 0
    let isSimple = text.allSatisfy { character in
      if ")]}".contains(character) { depth -= 1 }
      defer { if "([{".contains(character) { depth += 1 } }
      return depth > 0 || character.isLetter || character.isNumber || "_.()[]".contains(character)
    }
    return isSimple ? text : "(\(text))"
  }
}
