import Foundation

/// The posterior on a terminal: a row per element, digits only as far as the Monte Carlo error carries, the verdict below.
package struct SummaryTable {
  private let document: ResultDocument
  private let colors: Bool
  /// At most so many elements of a variable are shown.
  private let limit: Int

  package init(_ document: ResultDocument, colors: Bool = false, limit: Int = 20) {
    self.document = document
    self.colors = colors
    self.limit = limit
  }

  enum Cell {
    case statistic(String)
    case quantile(Double)
  }

  var cells: [(title: String, cell: Cell)] {
    let wanted: [(String, Cell)] = [
      ("mode", .statistic("mode")), ("mean", .statistic("mean")), ("sd", .statistic("sd")), ("mcse", .statistic("mcse_mean")),
      ("median", .statistic("median")),
      ("5 %", .quantile(0.05)), ("95 %", .quantile(0.95)), ("hdi_lower", .statistic("hdi_lower")),
      ("hdi_upper", .statistic("hdi_upper")), ("ess_bulk", .statistic("ess_bulk")), ("ess_tail", .statistic("ess_tail")),
      ("r_hat", .statistic("r_hat")),
    ]
    return wanted.filter { _, cell in document.variables.contains { values($0, cell) != nil } }
  }

  private func values(_ variable: VariableReport, _ cell: Cell) -> [Double]? {
    switch cell {
    case .statistic(let name): variable[name]
    case .quantile(let probability): variable.quantile(probability)
    }
  }

  package var text: String {
    // A model without unknowns and outputs has no rows, and then no head and no empty line either.
    guard !document.variables.isEmpty else { return String(verdict.drop { $0.isNewline }) }
    let cells = cells
    var table = TextTable(columns: [.left("")] + cells.map { .right($0.title) })
    for variable in document.variables {
      let shown = variable.size > limit ? limit : variable.size
      for element in 0..<shown {
        table.append([variable.name + Nesting.suffix(element, shape: variable.shape)] + row(variable, element, cells))
      }
      if shown < variable.size { table.append(["\(variable.name): \(variable.size - shown) more elements"]) }
    }
    return table.text + verdict
  }

  func row(_ variable: VariableReport, _ element: Int, _ cells: [(title: String, cell: Cell)]) -> [String] {
    let error = variable["mcse_mean"].map { $0[element] }
    let spread = variable["sd"].map { $0[element] }
    return cells.map { title, cell in
      guard let values = values(variable, cell), values.indices.contains(element) else { return "" }
      let value = values[element]
      switch title {
      case "ess_bulk", "ess_tail": return value.isFinite ? String(format: "%.0f", value) : "–"
      case "r_hat": return value.isFinite ? String(format: value < 10 ? "%.3f" : "%.1f", value) : "–"
      case "mcse": return NumberText.significant(value, 2)
      default: return NumberText.upTo(error: error, spread: spread, value)
      }
    }
  }

  private var verdict: String {
    let code =
      switch document.verdict.verdict {
      case .ok: "32"
      case .caution: "33"
      case .fail: "31"
      }
    let word = document.verdict.verdict.rawValue
    var text = "\nverdict: \(colors ? "\u{1B}[\(code)m\(word)\u{1B}[0m" : word)\n"
    for reason in document.verdict.reasons { text += "  \(reason.text)\(reason.code.isEmpty ? "" : " (\(reason.code))")\n" }
    if case .bool(true) = document.diagnostics["interrupted"] { text += "interrupted: these are the draws that were finished.\n" }
    return text
  }
}

/// Numbers with as many digits as they deserve.
package enum NumberText {
  /// So many significant digits, in positional notation where that is short.
  package static func significant(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite else { return "–" }
    guard value != 0 else { return "0" }
    let exponent = Int(log10(abs(value)).rounded(.down))
    if exponent < -5 || exponent > 9 { return String(format: "%.\(digits - 1)e", value) }
    return String(format: "%.\(max(0, digits - 1 - exponent))f", value)
  }

  /// Digits down to the first of the Monte Carlo error; the digits after it are noise. Without an error, three digits of the spread or four of its own.
  package static func upTo(error: Double?, spread: Double?, _ value: Double) -> String {
    guard value.isFinite else { return "–" }
    var last: Int
    if let error, error.isFinite, error > 0 {
      last = Int(log10(error).rounded(.down))
    } else if let spread, spread.isFinite, spread > 0 {
      last = Int(log10(spread).rounded(.down)) - 2
    } else {
      return significant(value, 4)
    }
    // A spread is worth at least two digits, and no column is wider than a screen.
    if let spread, spread.isFinite, spread > 0 { last = min(last, Int(log10(spread).rounded(.down)) - 1) }
    let top = value == 0 ? last : Int(log10(abs(value)).rounded(.down))
    if last < -6 || top > 9 { return String(format: "%.\(min(max(top - last, 1), 8))e", value) }
    let text = String(format: "%.\(max(0, -last))f", value)
    // What rounds to zero has no sign.
    return text.hasPrefix("-") && text.allSatisfy { "-0.".contains($0) } ? String(text.dropFirst()) : text
  }
}
