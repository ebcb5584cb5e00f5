import Modeling
import Reporting

/// What `describe` says of sites that are summed out: their values, the order of elimination, and what it costs.
package struct SummationReport: Sendable, Equatable {
  package struct Line: Sendable, Equatable {
    package let key: String
    package let text: String
  }
  package let lines: [Line]
  package let json: JSONValue

  init(_ summation: Summation) {
    var lines = summation.sites.map { site in
      let reported =
        site.isReported
        ? "draws and \(site.name).probability in results"
        : "returned by the body, its draws and probabilities are in results"
      return Line(key: site.name, text: "\(site.values.count) values; \(reported)")
    }
    let order = summation.steps.map {
      ($0.kind == .product ? "product over " : "") + $0.name + ($0.repeats > 1 ? " (\($0.repeats) steps)" : "")
    }
    lines.append(Line(key: "order", text: SummationReport.shortened(order)))
    if let largest = summation.steps.max(by: { $0.size < $1.size }) {
      let axes = largest.axes.map { "\($0.name) \($0.size)" }.joined(separator: " × ")
      lines.append(Line(key: "largest table", text: "\(axes): \(largest.size) numbers"))
    }
    lines.append(Line(key: "all tables", text: "\(summation.work) numbers"))
    self.lines = lines
    json = SummationReport.json(summation)
  }

  /// The first and the last of a long list.
  private static func shortened(_ names: [String]) -> String {
    (names.count <= 12 ? names : names.prefix(6) + ["…"] + names.suffix(4)).joined(separator: ", ")
  }

  private static func json(_ summation: Summation) -> JSONValue {
    let sites = summation.sites.map { site -> JSONValue in
      .object(
        ("name", .string(site.name)), ("values", .array(site.values.map { .number($0) })), ("is_reported", .bool(site.isReported)))
    }
    let order = summation.steps.map { step -> JSONValue in
      let table = step.axes.map { axis -> JSONValue in
        .object(("name", .string(axis.name)), ("size", .integer(axis.size)), ("kind", axis.isPlate ? "plate" : "values"))
      }
      return .object(
        ("kind", .string(step.kind.rawValue)), ("name", .string(step.name)), ("repeats", .integer(step.repeats)), ("table", .array(table)))
    }
    return .object(
      ("sites", .array(sites)), ("order", .array(order)), ("largest_table", .integer(summation.largestTable)),
      ("work", .integer(summation.work)))
  }
}
