import Differentiation
import Foundation
import Inference

/// What can stand in a cell of a ``Table``: text, whole numbers, numbers (four significant digits), tensors (a list of their elements).
public protocol TableCell {
  var tableText: String { get }
  /// Whether the cell is written to the right.
  var isTableNumber: Bool { get }
}

extension String: TableCell {
  public var tableText: String { self }
  public var isTableNumber: Bool { false }
}

extension Int: TableCell {
  public var tableText: String { String(self) }
  public var isTableNumber: Bool { true }
}

extension Double: TableCell {
  /// Four significant digits.
  public var tableText: String { NumberText.significant(self, 4).replacing("-", with: "−") }
  public var isTableNumber: Bool { true }
}

extension Tensor: TableCell {
  /// One number, or numbers in brackets; the sentence of the mistake where a tensor has none.
  public var tableText: String {
    do {
      let values = try values()
      return shape.isEmpty ? values[0].tableText : "[\(values.map(\.tableText).joined(separator: ", "))]"
    } catch {
      return "\(error)"
    }
  }
  public var isTableNumber: Bool { shape.isEmpty }
}

/// A table for a notebook, or for a terminal.
///
/// ```swift
/// var table = Table("method", "mean", "sd")
/// table.append("nuts", posterior.tau.mean, posterior.tau.sd)
/// show(table)
/// ```
public struct Table: Sendable {
  public let columns: [String]
  /// As text, a cell for each column.
  public private(set) var rows: [[String]] = []
  private var isNumber: [Bool]

  public init(_ columns: String...) {
    self.columns = columns
    isNumber = [Bool](repeating: true, count: columns.count)
  }

  /// Adds a row. Cells that are missing are empty; those beyond the last column are left out.
  public mutating func append(_ cells: any TableCell...) {
    for (column, cell) in cells.prefix(columns.count).enumerated() where !cell.isTableNumber { isNumber[column] = false }
    rows.append((0..<columns.count).map { cells.indices.contains($0) ? cells[$0].tableText : "" })
  }

  var output: NotebookOutput { .table(columns: columns, isNumber: isNumber.map { $0 && !rows.isEmpty }, rows: rows) }

  /// Columns two spaces apart.
  var text: String {
    var table = TextTable(columns: zip(columns, isNumber).map { $1 ? .right($0) : .left($0) })
    for row in rows { table.append(row) }
    return table.text
  }
}

extension Table {
  /// The summary of a posterior; see ``show(_:only:limit:)``.
  init<Output>(_ posterior: Posterior<Output>, only names: [String]?, limit: Int) {
    self.init("", "mean", "sd", "mcse", "5 %", "95 %", "ess", "r_hat")
    let chosen = names.map { names in names.compactMap { name in posterior.summaries.first { $0.name == name } } } ?? posterior.summaries
    for summary in chosen {
      let (low, high) = (summary.values(0.05), summary.values(0.95))
      for element in 0..<min(summary.size, limit) {
        func digits(_ values: [Double]?) -> String {
          guard let values, values.indices.contains(element) else { return "" }
          return NumberText.upTo(error: summary.mcseMean[element], spread: summary.sd[element], values[element]).replacing("-", with: "−")
        }
        let name = summary.name + Nesting.suffix(element, shape: summary.shape)
        rows.append([
          name, digits(summary.mean), digits(summary.sd), NumberText.significant(summary.mcseMean[element], 2), digits(low), digits(high),
          Table.fixed(summary.essBulk[element], 0), Table.fixed(summary.rHat[element], 3),
        ])
      }
      if summary.size > limit { rows.append(["\(summary.name): \(summary.size - limit) more"] + [String](repeating: "", count: 7)) }
    }
    isNumber[0] = false
  }

  /// With so many decimals, or a dash where the number is not defined.
  private static func fixed(_ value: Double, _ decimals: Int) -> String { value.isFinite ? String(format: "%.\(decimals)f", value) : "–" }
}

extension VariableSummary {
  fileprivate func values(_ probability: Double) -> [Double]? { quantiles.first { $0.probability == probability }?.value }
}
