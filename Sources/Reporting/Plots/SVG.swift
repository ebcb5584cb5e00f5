import Foundation

/// The words of SVG and HTML: escaped text, short coordinates, single elements.
package enum SVG {
  /// Text for content and attributes. Characters that XML 1.0 forbids (controls) are replaced.
  package static func escaped(_ words: String) -> String {
    var text = ""
    text.reserveCapacity(words.utf8.count)
    for scalar in words.unicodeScalars {
      switch scalar {
      case "&": text += "&amp;"
      case "<": text += "&lt;"
      case ">": text += "&gt;"
      case "\"": text += "&quot;"
      case "'": text += "&#39;"
      case "\t", "\n", "\r": text += " "
      case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: text += "\u{FFFD}"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }

  /// A coordinate with at most one decimal. What is not finite, or far outside of any picture, is moved to where it does no harm.
  package static func coordinate(_ value: Double) -> String {
    guard value.isFinite else { return "0" }
    let tenths = (min(max(value, -4000), 20_000) * 10).rounded()
    let whole = Int(tenths)
    if whole % 10 == 0 { return String(whole / 10) }
    let part = abs(whole % 10)
    return "\(whole < 0 ? "-" : "")\(abs(whole) / 10).\(part)"
  }

  static func line(_ kind: String, _ x0: Double, _ y0: Double, _ x1: Double, _ y1: Double) -> String {
    "<line class=\"\(kind)\" x1=\"\(coordinate(x0))\" y1=\"\(coordinate(y0))\" x2=\"\(coordinate(x1))\" y2=\"\(coordinate(y1))\"/>"
  }

  static func label(_ kind: String, _ x: Double, _ y: Double, _ anchor: String, _ words: String) -> String {
    "<text class=\"\(kind)\" x=\"\(coordinate(x))\" y=\"\(coordinate(y))\" text-anchor=\"\(anchor)\">\(escaped(words))</text>"
  }

  static func rectangle(_ kind: String, _ x: Double, _ y: Double, _ width: Double, _ height: Double, radius: Double = 0) -> String {
    "<rect class=\"\(kind)\" x=\"\(coordinate(x))\" y=\"\(coordinate(y))\" width=\"\(coordinate(max(width, 0)))\" height=\"\(coordinate(max(height, 0)))\"\(radius > 0 ? " rx=\"\(coordinate(radius))\"" : "")/>"
  }

  /// About how wide text is, in pixels: no fonts are measured, so this errs to the wide side.
  package static func width(_ words: String, size: Double = 12) -> Double {
    words.unicodeScalars.reduce(0) { sum, scalar in
      let wide =
        scalar.value > 0x2E80
        ? 1.0 : "mwMW—…%@".unicodeScalars.contains(scalar) ? 0.86 : "il.,:;|'![]()1 ".unicodeScalars.contains(scalar) ? 0.4 : 0.58
      return sum + wide * size
    }
  }

  /// The text cut to a width, with an ellipsis where something is missing.
  static func fitted(_ words: String, _ limit: Double, size: Double = 12) -> String {
    guard width(words, size: size) > limit else { return words }
    var short = words
    while !short.isEmpty, width(short + "…", size: size) > limit { short.removeLast() }
    return short + "…"
  }

  /// The text in lines no wider than a limit, broken at spaces.
  static func wrapped(_ words: String, _ limit: Double, size: Double = 12) -> [String] {
    var lines: [String] = []
    for word in words.split(separator: " ") {
      let longer = lines.last.map { $0 + " " + word } ?? String(word)
      if lines.isEmpty || width(longer, size: size) > limit { lines.append(String(word)) } else { lines[lines.count - 1] = longer }
    }
    return lines
  }
}
