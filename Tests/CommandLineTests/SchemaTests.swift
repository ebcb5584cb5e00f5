import CommandLine
import Credence
import Differentiation
import Distributions
import Foundation
import Modeling
import Reporting
import Testing

/// A line through the origin whose prior's scale is data.
private struct Ray: ModelWithExample {
  let x, y: Tensor
  let scale: Double
  static var example: Ray { Ray(x: [1, 2, 3], y: [2.1, 3.9, 6.2], scale: 10) }

  func body(_ p: Program) throws -> (slope: Tensor, twice: Tensor) {
    let slope = p.sample("slope", Normal(0, sd: scale))
    p.plate("points", x.count) { i in p.observe("y", Normal(slope * x[i], sd: 0.5), y[i]) }
    return (slope, 2 * slope)
  }
}

/// Switches, each on or off, that a guide draws.
private struct Switches: ModelWithExample, ModelWithGuide {
  let y: Tensor
  static var example: Switches { Switches(y: [0.1, 1.2, 0.9]) }

  func body(_ p: Program) throws {
    p.plate("places", y.count) { i in
      let isOn = p.sample("isOn", Bernoulli(probability: 0.4))
      p.observe("y", Normal(isOn.tensor, sd: 0.5), y[i])
    }
  }

  static let guide = Guide<Switches> { q, data in
    q.plate("places", data.y.count) { _ in
      let odds = q.parameter("odds", 0.0)
      q.sample("isOn", Bernoulli(logits: odds), gradient: .disarm)
    }
  }
}

private func run(_ arguments: [String]) async -> Ran {
  let recorder = Recorder()
  let models: [any RunnableModel] = [AnyRunnable(Ray.self), AnyRunnable(Switches.self)]
  return recorder.ran(await Command.run(arguments: arguments, models: models, console: recorder.console()))
}

private func parsed(_ text: String) throws -> JSONValue { try JSONReader.parse(Data(text.utf8)) }

@Suite("Schemas of what commands write") struct SchemaTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Sources/Credence/Credence.docc/Schemas")

  /// The schema of `credence/posterior/1` is in `posterior-1.schema.json`.
  private static func schema(_ name: String) throws -> JSONSchema {
    try JSONSchema(JSONReader.parse(Data(contentsOf: folder.appendingPathComponent("\(name)-1.schema.json"))))
  }

  private func problems(_ name: String, _ text: String) throws -> [String] { try Self.schema(name).problems(in: parsed(text)) }

  @Test func filesAreSchemasUnderTheirNames() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).sorted()
    #expect(files.count >= 6)
    for file in files {
      let root = try JSONReader.parse(Data(contentsOf: Self.folder.appendingPathComponent(file)))
      _ = try JSONSchema(root)
      let stem = try #require(root["$id"]?.text).replacing("credence/", with: "").replacing("/", with: "-")
      #expect(file == "\(stem).schema.json")
      if let name = root["properties"]?["schema"]?["enum"] { #expect(name == .array([root["$id"]!])) }
    }
  }

  // MARK: - Real results

  @Test(arguments: ["nuts", "vi", "laplace", "map", "pathfinder", "batch-and-match", "svgd"]) func posteriors(method: String) async throws {
    let ran = await run(["infer", "ray", "--method", method, "--output", "-", "--quiet"])
    #expect(ran.code == 0)
    #expect(try problems("posterior", ran.output) == [])
  }

  @Test(arguments: ["--guide full-rank", "--guide flow:affine:2 --steps 200", "--objective fixed-draws", "--refine psis"])
  func posteriorsOfGuides(options: String) async throws {
    let ran = await run(["infer", "ray", "--method", "vi", "--output", "-", "--quiet"] + options.split(separator: " ").map(String.init))
    #expect(ran.code == 0 || ran.code == 3)
    #expect(try problems("posterior", ran.output) == [])
  }

  @Test func posteriorsOfDiscreteSites() async throws {
    let ran = await run(["infer", "switches", "--method", "vi", "--output", "-", "--quiet"])
    #expect(ran.code == 0 || ran.code == 3)
    #expect(try problems("posterior", ran.output) == [])
  }

  @Test func posteriorsWithNumbersThatAreNone() async throws {
    let ran = await credence(["infer", "coin-flips", "--output", "-", "--quiet"])
    #expect(ran.code == 3 && ran.output.contains("null"))
    #expect(try problems("posterior", ran.output) == [])
  }

  @Test(arguments: ["", "--method laplace", "--no-shares"]) func predictions(options: String) async throws {
    let asked = ["predict", "ray", "--gradient", "scale", "--draws", "500", "--output", "-", "--quiet"]
    let ran = await run(asked + options.split(separator: " ").map(String.init))
    #expect(ran.code == 0)
    #expect(try problems("prediction", ran.output) == [])
  }

  @Test func draws() async throws {
    let directory = try temporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let (fit, prediction) = (directory + "/fit.json", directory + "/prediction.json")
    // So few draws are too few for an ok.
    #expect(await run(["infer", "ray", "--draws", "50", "--draws-output", fit, "--quiet"]).code == 3)
    #expect(await run(["predict", "ray", "--posterior", fit, "--draws-output", prediction, "--quiet"]).code == 0)
    for path in [fit, prediction] { #expect(try problems("draws", String(contentsOfFile: path, encoding: .utf8)) == []) }
  }

  @Test func progress() async throws {
    let notes = await run(["infer", "ray", "--progress", "json", "--output", "-"]).notes
    let lines = notes.split(separator: "\n").filter { $0.hasPrefix("{") }
    #expect(!lines.isEmpty)
    for line in lines { #expect(try problems("progress", String(line)) == []) }
  }

  @Test func estimators() async throws {
    let directory = try temporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let compared = await run(["estimators", "switches", "--draws", "50", "--json"])
    #expect(compared.code == 0)
    #expect(try problems("estimators", compared.output) == [])
    let curves = ["--curves", directory + "/c.svg", "--compare", "disarm,rloo:2", "--steps", "100", "--draws", "20"]
    let trained = await run(["estimators", "switches", "--json"] + curves)
    #expect(trained.code == 0)
    #expect(try problems("estimators", trained.output) == [])
  }

  /// The targets with known moments are in the library of built-in models, so that the program itself is run.
  @Test func verdicts() async throws {
    let directory = try temporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let file = directory + "/verdicts.json"
    let process = Process()
    process.executableURL = URL(fileURLWithPath: credenceProgram)
    process.arguments = ["agree", "--verdicts", "--model", "target-correlated-pair", "--method", "laplace", "--output", file]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    #expect(try problems("verdicts", String(contentsOfFile: file, encoding: .utf8)) == [])
  }

  // MARK: - Results that are broken

  private static let whole = #"""
    {"schema": "credence/posterior/1", "model": {"name": "m", "version": "1"}, "data": null, "method": {"name": "nuts", "seed": 1},
     "variables": {"a": {"kind": "latent", "shape": [2], "mean": [1, null], "quantiles": {"0.5": [1.5, 2]}}},
     "diagnostics": {"verdict": "caution", "reasons": [{"code": "r_hat", "severity": "caution", "text": "No."}], "divergences": 0},
     "timing": {"total_seconds": 0.5}}
    """#

  @Test func aWholeResultPasses() throws { #expect(try problems("posterior", Self.whole) == []) }

  @Test(arguments: [
    ("posterior/1", "posterior/2", "$.schema is none of the values that are allowed"),
    (#""data": null, "#, "", "$.data is missing"),
    (#""data": null"#, #""data": {"source": "f"}"#, "$.data has none of the forms that are allowed"),
    (#""data": null"#, #""data": null, "extra": 1"#, "$.extra is not allowed"),
    (#""latent""#, #""hidden""#, "$.variables.a.kind is none of the values that are allowed"),
    ("[2]", "[2.5]", "$.variables.a.shape[0]: expected integer, found a number"),
    ("[1, null]", #"[1, "x"]"#, "$.variables.a.mean has none of the forms that are allowed"),
    ("[1.5, 2]", "{}", #"$.variables.a.quantiles.0.5 has none of the forms that are allowed"#),
    (#""code": "r_hat", "#, "", "$.diagnostics.reasons[0].code is missing"),
    (#""verdict": "caution""#, #""verdict": "good""#, "$.diagnostics.verdict is none of the values that are allowed"),
    (#""version": "1""#, #""version": 1"#, "$.model.version: expected string, found a number"),
    (#"{"total_seconds": 0.5}"#, "[]", "$.timing: expected object, found an empty array"),
  ]) func brokenResults(from: String, to: String, problem: String) throws {
    let text = Self.whole.replacing(from, with: to)
    #expect(text != Self.whole)
    #expect(try problems("posterior", text) == [problem])
  }

  @Test func oneOfWantsExactlyOne() throws {
    let schema = try JSONSchema(parsed(#"{"oneOf": [{"type": "integer"}, {"type": "number"}]}"#))
    #expect(schema.problems(in: .number(0.5)) == [])
    #expect(schema.problems(in: .integer(1)) == ["$ has 2 of the forms of which it must have one"])
    #expect(schema.problems(in: "x") == ["$ has 0 of the forms of which it must have one"])
  }

  @Test(arguments: [
    (#"{"pattern": "x"}"#, "# has the keyword pattern, which is not understood"),
    (##"{"items": {"$ref": "#/$defs/no"}}"##, "#/items refers to #/$defs/no, which is not there"),
    (#"{"properties": {"a": {"type": "float"}}}"#, "#/properties/a has the type float, which there is not"),
    (#"{"anyOf": [1]}"#, "#/anyOf/0 is no schema"),
  ]) func schemasThatAreNone(text: String, problem: String) throws {
    do {
      _ = try JSONSchema(parsed(text))
      Issue.record("\(text) was taken")
    } catch let error as JSONSchema.SchemaError {
      #expect(error.description == problem)
    }
  }
}
