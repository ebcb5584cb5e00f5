import Foundation
import Inference
import Reporting
import Testing

@Suite struct ReportPageTests {
  private func result(_ draws: DrawSet, name: String = "schools", verdict: Verdict = Verdict([]), _ method: String = "nuts")
    -> ResultDocument
  {
    ResultDocument(
      modelName: name, modelVersion: "1", data: .init(source: "d<a>ta.json", sha256: "abc"),
      method: JSONObject([("name", .string(method)), ("seed", 1), ("nested", .object(("a", .numbers([1, 2], whole: true))))]),
      variables: Summary.summarize(draws).map { VariableReport($0) }, verdict: verdict,
      diagnostics: JSONObject([("divergences", 3), ("e_bfmi", .numbers([0.9, .nan], whole: false))]),
      timing: JSONObject([("total_seconds", 0.25)]))
  }

  /// The page as XML: its own language is close enough to it but for the head.
  private func check(_ page: Data) throws -> String {
    let text = String(decoding: page, as: UTF8.self)
    #expect(
      !text.contains("http:") && !text.contains("https:") && !text.contains("src=") && !text.contains("@import") && !text.contains("url("))
    #expect(page.count < 2_000_000, "\(page.count)")
    let start = try #require(text.range(of: "<body>"))
    let end = try #require(text.range(of: "<script>"))
    let body = try #require(MarkupReader.read(String(text[start.lowerBound..<end.lowerBound]) + "</body>"), "the body is not well-formed")
    let ids = body.elements.compactMap { $0.attributes["id"] }
    #expect(Set(ids).count == ids.count)
    // Every link of the navigation leads somewhere, and every section has one.
    #expect(body.elements.compactMap { $0.attributes["href"] } == ids.map { "#" + $0 })
    #expect(body.coordinates.allSatisfy { $0.isFinite && abs($0) <= 20_000 })
    return text
  }

  private func sections(_ text: String) -> [String] { text.matches(of: /<section id="([^"]*)"/).map { String($0.output.1) } }

  @Test func wholeFit() throws {
    let draws = PlotDraws.set()
    let verdict = Verdict([.init(code: "divergences", severity: .fail, text: "3 < 5 transitions & more diverged.")])
    let result = result(draws, name: "<b>&", verdict: verdict)
    let text = try check(ReportPage(PlotMaterial(draws: draws, result: result), version: "1.2").html(summary: result))
    #expect(
      sections(text) == [
        "summary", "forest", "trace", "rank", "density", "pairs", "parallel", "energy", "autocorrelation", "ess", "configuration",
        "diagnostics",
        "timing", "missing",
      ])
    #expect(
      text.contains("Verdict: fail") && text.contains("3 &lt; 5 transitions &amp; more diverged.")
        && text.contains("<code>divergences</code>"))
    #expect(text.contains("<title>&lt;b&gt;&amp;: posterior</title>") && !text.contains("<b>&"))
    #expect(text.contains("nested.a") && text.contains("d&lt;a&gt;ta.json") && text.contains("prefers-color-scheme:dark"))
    #expect(
      text == String(decoding: ReportPage(PlotMaterial(draws: draws, result: result), version: "1.2").html(summary: result), as: UTF8.self))
  }

  @Test func resultAlone() throws {
    let result = result(PlotDraws.set(), "vi")
    let text = try check(ReportPage(PlotMaterial(result: result), version: "1").html(summary: result))
    #expect(sections(text) == ["summary", "forest", "configuration", "diagnostics", "timing", "missing"])
    #expect(text.contains("infer --draws-output FILE writes draws"))
  }

  @Test func modeAlone() throws {
    var result = result(PlotDraws.set(), "map")
    result.variables = result.variables.map {
      VariableReport(name: $0.name, kind: $0.kind, shape: $0.shape, statistics: [("mode", $0["mean"] ?? [])], quantiles: [])
    }
    let text = try check(ReportPage(PlotMaterial(result: result), version: "1").html(summary: result))
    #expect(text.contains("Not shown: a forest plot needs quantiles"))
  }

  /// The order of independent draws says nothing.
  @Test func drawsOfAGuideHaveNoTraces() throws {
    let draws = PlotDraws.set(chains: 1, isSampler: false)
    let result = result(draws, "vi")
    let text = try check(ReportPage(PlotMaterial(draws: draws, result: result), version: "1").html(summary: result))
    #expect(sections(text) == ["summary", "forest", "density", "pairs", "configuration", "diagnostics", "timing", "missing"])
  }

  @Test func predictions() throws {
    let reports = Summary.summarize(PlotDraws.set([("y", [2])])).map { VariableReport($0) }
    var summary = reports[0]
    summary.statistics += [
      ("aleatoric", [1, 4]), ("mcse_aleatoric", [0.1, 0.1]), ("epistemic", [0.25, .nan]), ("mcse_epistemic", [0.1, 0.1]),
    ]
    let prediction = PredictionDocument(
      modelName: "beam", modelVersion: "1", data: nil, method: JSONObject([("name", "predict"), ("source", "prior")]),
      variables: [
        PredictionReport(
          summary: summary, sharesKind: "independent",
          shares: [.init(input: "load<", first: [0.5, 0.25], firstError: [0.01, 0.01], total: [0.6, 0.3], totalError: [0.02, 0.02])],
          gradients: [.init(name: "scale", value: [1, 2], error: [0.1, 0.2])])
      ], notes: ["A note <here>."], timing: JSONObject([("total_seconds", 1)]))
    let read = try PredictionDocument(JSONReader.parse(prediction.json))
    #expect(read.variables[0].shares == prediction.variables[0].shares && read.variables[0].gradients == prediction.variables[0].gradients)
    #expect(read.json == prediction.json)
    let text = try check(ReportPage(PlotMaterial(), prediction: read, version: "1").html(summary: nil))
    #expect(sections(text) == ["prediction", "configuration", "timing"])
    #expect(text.contains("load&lt;") && text.contains("50.0 ± 1.0") && text.contains("A note &lt;here&gt;."))
  }

  @Test func manyVariablesStayBelowTwoMegabytes() throws {
    let names = (0..<900).map { ("variable_with_a_name_\($0)", [Int]()) } + [("x", [5000])]
    let draws = PlotDraws.set(names, chains: 2, draws: 10)
    let result = result(draws)
    let text = try check(ReportPage(PlotMaterial(draws: draws, result: result), version: "1").html(summary: result))
    #expect(text.contains("The first 1000 rows are shown, 4900 more are in the result."))
  }

  @Test func longAndManyChainsStayBelowTwoMegabytes() throws {
    let names = (0..<14).map { ("v\($0)", [Int]()) }
    for (chains, draws) in [(40, 300), (2, 5000)] {
      let set = PlotDraws.set(names, chains: chains, draws: draws)
      let result = result(PlotDraws.set(names, chains: 4, draws: 20))
      _ = try check(ReportPage(PlotMaterial(draws: set, result: result), version: "1").html(summary: result))
    }
  }

  @Test func nothingFinite() throws {
    let draws = PlotDraws.set { _, _, _ in .nan }
    let result = result(draws)
    _ = try check(ReportPage(PlotMaterial(draws: draws, result: result), version: "1").html(summary: result))
  }
}
