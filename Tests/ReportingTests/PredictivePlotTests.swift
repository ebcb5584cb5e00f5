import Foundation
import Inference
import Reporting
import Testing

@Suite struct PredictivePlotTests {
  /// Observed values and replications, both from a normal distribution; the replications shifted, and with log likelihoods that are all equal.
  private func material(elements: Int, shift: Double = 0, isWhole: Bool = false) throws -> PlotMaterial {
    var source = PlotDraws()
    func value(_ shift: Double) -> Double {
      let x = source.normal() + shift
      return isWhole ? (4 * x).rounded() : x
    }
    let observed = (0..<elements).map { _ in value(0) }
    let replications = (0..<2).map { _ in (0..<100).map { _ in (0..<elements).map { _ in value(shift) } } }
    let likelihoods = replications.map { $0.map { $0.map { _ in -1.0 } } }
    let text = """
      {"posterior": {"x": [[1, 2], [3, 4]]}, "observed_data": {"y": \(observed), "other": [1]},
       "posterior_predictive": {"y": \(replications)}, "log_likelihood": {"y": \(likelihoods)}}
      """
    return PlotMaterial(checks: try PredictiveCheck.decode(JSONReader.parse(Data(text.utf8))))
  }

  @Test func groupsAreRead() throws {
    let checks = try material(elements: 5).checks
    #expect(checks.map(\.name) == ["y"] && checks[0].shape == [5] && checks[0].replications?.count == 2)
    #expect(try PredictiveCheck.decode(JSONReader.parse(Data(#"{"posterior": {"x": [[1]]}}"#.utf8))).isEmpty)
    #expect(throws: (any Error).self) {
      try PredictiveCheck.decode(JSONReader.parse(Data(#"{"observed_data": {"y": [[1, 2], [3]]}}"#.utf8)))
    }
  }

  @Test(arguments: [1, 3, 40, 41, 400], [false, true]) func checks(_ elements: Int, _ isWhole: Bool) throws {
    let material = try material(elements: elements, isWhole: isWhole)
    for kind in [PlotKind.ppc, .looPIT] {
      let figure = try kind.figure(material)
      try PlotTests.check(figure, "\(kind.rawValue), \(elements)")
      #expect(figure.panels.count == 1 && figure.svg.utf8.count < 150_000)
    }
  }

  /// Equal weights make the transforms plain parts of replications below the observed value: uniform where the two have one law, and out of the band
  /// where they have not.
  @Test func calibrationShows() throws {
    func isInside(_ shift: Double) throws -> Bool {
      let panel = try PlotKind.looPIT.figure(material(elements: 200, shift: shift)).panels[0]
      guard case .between(_, let band) = panel.layers[0], case .path(_, let curve) = panel.layers[2] else { return false }
      return zip(curve, band).allSatisfy { $0.y >= $1.low - 1e-12 && $0.y <= $1.high + 1e-12 }
    }
    #expect(try isInside(0))
    #expect(try !isInside(0.7))
  }

  @Test func onlyWhatIsThere() throws {
    var material = try material(elements: 5)
    material.checks[0].logLikelihoods = nil
    #expect(throws: PlotError.self) { try PlotKind.looPIT.figure(material) }
    #expect(throws: Never.self) { try PlotKind.ppc.figure(material) }
    material.variables = ["z"]
    #expect(throws: PlotError("--variable: there is no observed variable \"z\"; there are y.")) { try PlotKind.ppc.figure(material) }
  }

  @Test func theObjectiveIsReadFromAResult() throws {
    var diagnostics = JSONObject([("elbo", .object(("value", -10.5), ("mcse", 0.1)))])
    diagnostics[ObjectiveTrace.key] = ObjectiveTrace.json((1...1203).map { ($0, -10.5 - 1000 / Double($0 * $0)) })
    let result = ResultDocument(
      modelName: "m", modelVersion: "1", data: nil, method: JSONObject([("name", "vi")]), variables: [], verdict: Verdict([]),
      diagnostics: diagnostics, timing: JSONObject())
    let read = try ResultDocument(JSONReader.parse(result.json))
    let trace = try #require(ObjectiveTrace(read))
    #expect(trace.steps.count == 500 && trace.steps.last == 1203 && trace.final?.error == 0.1)
    #expect(trace.steps == trace.steps.sorted() && Set(trace.steps).count == 500)
    let figure = try PlotKind.elbo.figure(PlotMaterial(result: read))
    try PlotTests.check(figure, "elbo")
    #expect(figure.notes.contains { $0.contains("after the first tenth") })
    #expect(throws: PlotError.self) {
      try PlotKind.elbo.figure(
        PlotMaterial(
          result: ResultDocument(
            modelName: "", modelVersion: "", data: nil, method: JSONObject(), variables: [], verdict: Verdict([]),
            diagnostics: JSONObject(),
            timing: JSONObject())))
    }
  }
}
