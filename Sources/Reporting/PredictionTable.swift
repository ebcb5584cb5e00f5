import Foundation

/// A prediction on a terminal: a row per element, then the shares of the variance and the gradients, then what has to be known.
package struct PredictionText {
  private let document: PredictionDocument
  /// At most so many elements of a variable are shown.
  private let limit: Int

  package init(_ document: PredictionDocument, limit: Int = 20) {
    self.document = document
    self.limit = limit
  }

  package var text: String {
    var text = summary
    if document.variables.contains(where: { !$0.shares.isEmpty }) { text += "\n" + shares }
    if document.variables.contains(where: { !$0.gradients.isEmpty }) { text += "\n" + gradients }
    if !document.notes.isEmpty { text += "\n" + document.notes.map { "note: \($0)\n" }.joined() }
    return text
  }

  /// The name of each element that is shown, and a row for what is left out.
  private func rows(_ append: (_ name: String, _ variable: PredictionReport, _ element: Int) -> Void, left: (String) -> Void) {
    for variable in document.variables {
      let own = variable.summary
      for element in 0..<min(own.size, limit) { append(own.name + Nesting.suffix(element, shape: own.shape), variable, element) }
      if own.size > limit { left("\(own.name): \(own.size - limit) more elements") }
    }
  }

  private var summary: String {
    var table = TextTable(columns: [
      .left(""), .left("kind"), .right("mean"), .right("sd"), .right("mcse"), .right("median"), .right("5 %"), .right("95 %"),
      .right("aleatoric sd"), .right("epistemic sd"),
    ])
    rows(
      { name, variable, element in
        let own = variable.summary
        let error = own["mcse_mean"]?[element]
        let spread = own["sd"]?[element]
        func digits(_ values: [Double]?) -> String { NumberText.upTo(error: error, spread: spread, values?[element] ?? .nan) }
        func root(_ name: String) -> String {
          guard let value = own[name]?[element] else { return "–" }
          return digits(own[name].map { $0.map { max($0, 0).squareRoot() } }.flatMap { value.isFinite ? $0 : nil })
        }
        table.append([
          name, own.kind.rawValue, digits(own["mean"]), digits(own["sd"]), NumberText.significant(error ?? .nan, 2), digits(own["median"]),
          digits(own.quantile(0.05)), digits(own.quantile(0.95)), root("aleatoric"), root("epistemic"),
        ])
      }, left: { table.append([$0]) })
    return table.text
  }

  static func percent(_ value: Double, _ error: Double) -> String {
    guard value.isFinite else { return "–" }
    return String(format: "%.1f ± %.1f", 100 * value, 100 * error)
  }

  /// Whether a share is above 1 % and above two of its errors.
  private static func stands(_ value: Double?, _ error: Double?) -> Bool {
    guard let value, let error else { return false }
    return value > 0.01 && !(value < 2 * error)
  }

  /// A row for each input that matters; where there are more than four, the others are counted.
  private var shares: String {
    let isGiven = document.variables.contains { $0.sharesKind == "given-data" && !$0.shares.isEmpty }
    let hasTotals = document.variables.contains { $0.shares.contains { $0.total != nil } }
    var table = TextTable(columns: [.left(""), .left("input"), .right("first order (%)")] + (hasTotals ? [.right("total (%)")] : []))
    var isShortened = false
    rows(
      { name, variable, element in
        let shown = variable.shares.filter { share in
          variable.shares.count <= 4 || Self.stands(share.first[element], share.firstError[element])
            || Self.stands(share.total?[element], share.totalError?[element])
        }
        for share in shown {
          var row = [name, share.input, Self.percent(share.first[element], share.firstError[element])]
          if hasTotals {
            row.append(share.total.flatMap { total in share.totalError.map { Self.percent(total[element], $0[element]) } } ?? "–")
          }
          table.append(row)
        }
        let left = variable.shares.count - shown.count
        guard left > 0 else { return }
        isShortened = true
        table.append([name, "\(left) more"])
      }, left: { table.append([$0]) })
    var head = "Shares of the variance by independent inputs (Sobol): by itself, and with all interactions."
    if isGiven {
      head =
        "Shares of the variance. The inputs depend on one another: Var E[y | input] / Var y counts for each input what it shares with others"
      head += hasTotals ? ", and\nE Var[y | all others] / Var y, by a Gaussian copula of the draws, what is its own." : "."
    }
    if isShortened { head += "\nInputs below 1 %, or below two errors, are counted only." }
    return head + "\n" + table.text
  }

  private var gradients: String {
    var table = TextTable(columns: [.left(""), .left("by"), .right("gradient of the mean"), .right("mcse")])
    rows(
      { name, variable, element in
        for gradient in variable.gradients {
          let error = gradient.error[element]
          table.append([
            name, gradient.name, NumberText.upTo(error: error, spread: nil, gradient.value[element]), NumberText.significant(error, 2),
          ])
        }
      }, left: { table.append([$0]) })
    return table.text
  }
}
