import Foundation
import Inference

/// Tables of a report, as HTML.
enum ReportTables {
  /// The most rows of a table.
  static let limit = 1000

  /// The summary: the same columns as on a terminal.
  static func summary(_ document: ResultDocument) -> String {
    let table = SummaryTable(document)
    let cells = table.cells
    var rows: [String] = []
    var left = 0
    for variable in document.variables {
      let shown = min(variable.size, limit - rows.count)
      left += variable.size - shown
      for element in 0..<max(shown, 0) {
        let values = zip(cells, table.row(variable, element, cells)).map { cell, text in
          isBad(cell.title, variable, element)
            ? "<td class=\"bad\" title=\"outside of what is safe\">\(SVG.escaped(text)) ▲</td>" : "<td>\(SVG.escaped(text))</td>"
        }
        rows.append(
          "<tr><th scope=\"row\">\(SVG.escaped(variable.name + Nesting.suffix(element, shape: variable.shape)))</th><td class=\"text\">\(variable.kind.rawValue)</td>\(values.joined())</tr>"
        )
      }
    }
    var caption = "Digits go as far as the Monte Carlo errors (mcse) allow."
    if left > 0 { caption += " The first \(limit) rows are shown, \(left) more are in the result." }
    if rows.contains(where: { $0.contains("class=\"bad\"") }) {
      caption += " ▲ marks R-hat above 1.01 and effective sample sizes below 400."
    }
    return html(caption, ["", "kind"] + cells.map(\.title), rows, isSortable: true)
  }

  private static func isBad(_ title: String, _ variable: VariableReport, _ element: Int) -> Bool {
    guard let value = variable[title]?[element], value.isFinite else { return false }
    return (title == "r_hat" && value > 1.01) || (title.hasPrefix("ess_") && value < 400)
  }

  /// Means, variances split, and shares of a prediction.
  static func prediction(_ document: PredictionDocument) -> String {
    var rows: [String] = []
    var shares: [String] = []
    var left = 0
    for variable in document.variables {
      let own = variable.summary
      let shown = max(min(own.size, limit - rows.count), 0)
      left += own.size - shown
      for element in 0..<shown {
        let error = own["mcse_mean"]?[element]
        let spread = own["sd"]?[element]
        func digits(_ value: Double?) -> String { NumberText.upTo(error: error, spread: spread, value ?? .nan) }
        func root(_ name: String) -> String { digits(own[name].map { max($0[element], 0).squareRoot() }) }
        let values = [
          digits(own["mean"]?[element]), digits(spread), NumberText.significant(error ?? .nan, 2), digits(own["median"]?[element]),
          digits(own.quantile(0.05)?[element]), digits(own.quantile(0.95)?[element]), root("aleatoric"), root("epistemic"),
        ]
        let name = SVG.escaped(own.name + Nesting.suffix(element, shape: own.shape))
        rows.append(
          "<tr><th scope=\"row\">\(name)</th><td class=\"text\">\(own.kind.rawValue)</td>\(values.map { "<td>\($0)</td>" }.joined())</tr>")
        for share in variable.shares where shares.count < limit {
          let total = share.total.flatMap { total in share.totalError.map { PredictionText.percent(total[element], $0[element]) } } ?? "–"
          shares.append(
            "<tr><th scope=\"row\">\(name)</th><td class=\"text\">\(SVG.escaped(share.input))</td><td>\(PredictionText.percent(share.first[element], share.firstError[element]))</td><td>\(total)</td></tr>"
          )
        }
      }
    }
    var text = html(
      "Aleatoric: what would remain if the latent variables were known; epistemic: what knowing them would remove."
        + (left > 0 ? " The first \(limit) rows are shown, \(left) more are in the result." : ""),
      ["", "kind", "mean", "sd", "mcse", "median", "5 %", "95 %", "aleatoric sd", "epistemic sd"], rows, isSortable: true)
    if !shares.isEmpty {
      text += "<h3>Shares of the variance</h3>\n"
      text += html(
        "Per cent of the variance by input, with standard errors.", ["", "input", "first order (%)", "total (%)"], shares, isSortable: true)
    }
    return text
  }

  /// Keys and values, objects within objects by their paths.
  static func settings(_ object: JSONObject, _ caption: String) -> String {
    let rows = flat(object, "").prefix(200).map {
      "<tr><th scope=\"row\">\(SVG.escaped($0.key))</th><td class=\"wrap\">\(SVG.escaped($0.value))</td></tr>"
    }
    return html(caption, ["name", "value"], rows, isSortable: false, isText: true)
  }

  private static func flat(_ object: JSONObject, _ prefix: String) -> [(key: String, value: String)] {
    object.entries.flatMap { key, value -> [(String, String)] in
      if case .object(let inner) = value { return flat(inner, prefix + key + ".") }
      return [(prefix + key, text(value))]
    }
  }

  private static func text(_ value: JSONValue) -> String {
    if let text = value.text { return String(text.prefix(400)) }
    if case .numbers(let numbers, let whole) = value {
      let shown = numbers.prefix(12).map { whole ? $0.brief(15) : NumberText.significant($0, 4) }.joined(separator: ", ")
      return numbers.count > 12 ? shown + ", … (\(numbers.count) in all)" : shown
    }
    if case .number(let number) = value { return NumberText.significant(number, 4) }
    let line = JSONWriter.line(value)
    return line.count > 200 ? line.prefix(200) + "…" : line
  }

  static func html(_ caption: String, _ heads: [String], _ rows: [String], isSortable: Bool, isText: Bool = false) -> String {
    let cells = heads.enumerated().map {
      "<th scope=\"col\"\(isText || $0.offset == 1 && isSortable ? " style=\"text-align:left\"" : "")>\(SVG.escaped($0.element))</th>"
    }
    return """
      <div class="scroll" tabindex="0" role="group" aria-label="table"><table\(isSortable ? " class=\"sortable\"" : "")>
      \(caption.isEmpty ? "" : "<caption><span>\(SVG.escaped(caption))</span></caption>")
      <thead><tr>\(cells.joined())</tr></thead>
      <tbody>
      \(rows.joined(separator: "\n"))
      </tbody></table></div>

      """
  }
}
