/// Aligned columns of text.
package struct TextTable {
  package struct Column: Sendable {
    let title: String
    let isLeft: Bool
    package static func left(_ title: String) -> Column { Column(title: title, isLeft: true) }
    package static func right(_ title: String) -> Column { Column(title: title, isLeft: false) }
  }

  private let columns: [Column]
  private var rows: [[String]] = []

  package init(columns: [Column]) { self.columns = columns }

  /// A row has one cell per column; a shorter one is a note that spans the table.
  package mutating func append(_ row: [String]) { rows.append(row) }

  /// The lines, each ending in a line feed; columns two spaces apart, no trailing spaces.
  package var text: String {
    let full = rows.filter { $0.count == columns.count }
    let widths = columns.indices.map { column in max(columns[column].title.count, full.map { $0[column].count }.max() ?? 0) }
    return ([columns.map(\.title)] + rows).map { row in
      guard row.count == columns.count else { return row.joined(separator: " ") + "\n" }
      let cells = zip(zip(row, widths), columns).map { cell, column in
        let padding = String(repeating: " ", count: max(0, cell.1 - cell.0.count))
        return column.isLeft ? cell.0 + padding : padding + cell.0
      }
      var line = cells.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line + "\n"
    }.joined()
  }
}
