import Foundation
import Inference

/// A calibration, `credence/calibration/1`: as JSON, as a table and as a plot.
package struct CalibrationDocument: Sendable {
  package static let schema = "credence/calibration/1"

  package var modelName: String
  package var modelVersion: String
  package var data: ResultDocument.DataSource?
  package var method: JSONObject
  package var result: CalibrationResult
  package var seconds: Double

  package init(
    modelName: String, modelVersion: String, data: ResultDocument.DataSource?, method: JSONObject, result: CalibrationResult,
    seconds: Double
  ) {
    self.modelName = modelName
    self.modelVersion = modelVersion
    self.data = data
    self.method = method
    self.result = result
    self.seconds = seconds
  }

  package var json: Data {
    let configuration = result.configuration
    let verdict = result.verdict
    // As everywhere: a seed beyond the range of a signed integer is text.
    let seed: JSONValue = Int(exactly: configuration.seed).map { .integer($0) } ?? .string(String(configuration.seed))
    var object = JSONObject([
      ("schema", .string(Self.schema)), ("model", .object(("name", .string(modelName)), ("version", .string(modelVersion)))),
      ("data", data.map { .object(("source", .string($0.source)), ("sha256", .string($0.sha256))) } ?? .null), ("method", .object(method)),
      (
        "configuration",
        .object(
          JSONObject([
            ("simulations", .integer(configuration.simulations)), ("looks", .array(configuration.looks.map { .integer($0) })),
            ("ranked", .integer(configuration.ranked)), ("significance", .number(configuration.significance)),
            ("look_significance", .number(result.lookSignificance)), ("tolerance", .number(configuration.tolerance)),
            ("seed", seed),
          ]))
      ),
      ("fitted", .integer(result.fitted)), ("failed", .integer(result.failures.count)), ("correlated", .integer(result.correlated)),
      ("ending", .string(result.ending.rawValue)),
    ])
    if let worst = result.gradient.worst {
      object["gradient"] = .object(
        JSONObject([
          ("comparisons", .integer(result.gradient.comparisons)), ("passed", .bool(result.gradient.isPassed)),
          ("coordinate", .string(worst.coordinate)), ("gradient", .number(worst.gradient)), ("difference", .number(worst.difference)),
          ("excess", .number(worst.excess)),
        ]).explainingNulls())
    }
    object["quantities"] = .object(
      JSONObject(
        result.quantities.map { own in
          (
            own.name,
            .object(
              JSONObject([
                ("p", .number(own.pValue)), ("p_adjusted", .number(own.adjustedPValue)), ("distance", .number(own.distance)),
                ("ranks", .numbers(own.ranks.map(Double.init), whole: true)),
              ]).explainingNulls())
          )
        }))
    object["diagnostics"] = .object(
      ("verdict", .string(verdict.verdict.rawValue)),
      (
        "reasons",
        .array(
          verdict.reasons.map {
            .object(("code", .string($0.code)), ("severity", .string($0.severity.rawValue)), ("text", .string($0.text)))
          })
      ))
    object["notes"] = .array(result.notes.map { .string($0) })
    object["timing"] = .object(("total_seconds", .number(seconds)))
    return JSONWriter.pretty(.object(object))
  }

  /// The quantities, the least calibrated first, and the verdict.
  package func text(colors: Bool = false, limit: Int = 20) -> String {
    var table = TextTable(columns: [.left(""), .right("p"), .right("p adjusted"), .right("distance")])
    let sorted = result.quantities.sorted { ($0.pValue, $0.name) < ($1.pValue, $1.name) }
    for own in sorted.prefix(limit) {
      table.append(
        [
          own.name, NumberText.significant(own.pValue, 2), NumberText.significant(own.adjustedPValue, 2),
          NumberText.significant(own.distance, 2),
        ])
    }
    if sorted.count > limit { table.append(["\(sorted.count - limit) more quantities, all with larger p"]) }
    let verdict = result.verdict
    let code =
      switch verdict.verdict {
      case .ok: "32"
      case .caution: "33"
      case .fail: "31"
      }
    let word = verdict.verdict.rawValue
    var text = table.text
    text += "\n\(result.fitted) fits of at most \(result.configuration.simulations) (\(result.ending.rawValue)).\n"
    text += "verdict: \(colors ? "\u{1B}[\(code)m\(word)\u{1B}[0m" : word)\n"
    for reason in verdict.reasons { text += "  \(reason.text) (\(reason.code))\n" }
    for note in result.notes { text += "\(note)\n" }
    return text
  }

  /// Differences between the distribution functions of ranks and the uniform one, the least calibrated quantities first, and the band that holds the whole curve of a
  /// calibrated quantity with probability 0.95. Nil where nothing was fitted.
  package var plot: LinePlot? {
    guard let count = result.quantities.first?.ranks.count, count > 0 else { return nil }
    let last = result.configuration.ranked
    let test = RankUniformity(last: last, count: count)
    let band = test.bands(probability: 0.95)
    func z(_ i: Int) -> Double { Double(i + 1) / Double(last + 1) }
    func closed(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
      var all: [(x: Double, y: Double)] = [(0, 0)]
      all += points
      all.append((1, 0))
      return all
    }
    var curves = [
      LinePlot.Curve("95 % band", closed(band.upper.enumerated().map { (z($0), $1 - z($0)) })),
      LinePlot.Curve("95 % band ", closed(band.lower.enumerated().map { (z($0), $1 - z($0)) })),
    ]
    let worst = result.quantities.sorted { ($0.pValue, $0.name) < ($1.pValue, $1.name) }.prefix(6)
    for own in worst {
      let path = test.cumulated(own.ranks)
      curves.append(LinePlot.Curve(own.name, closed(path.enumerated().map { (z($0), Double($1) / Double(count) - z($0)) })))
    }
    let reach = curves.flatMap(\.points).map { abs($0.y) }.max() ?? 1
    return LinePlot(
      title: "\(modelName): ranks of true values, \(count) fits", xLabel: "rank, as a share", yLabel: "distribution function less uniform",
      curves: curves, yRange: (-1.1 * reach)...(1.1 * reach))
  }
}
