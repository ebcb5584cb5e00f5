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

/// A ray without data of its own.
private struct Bare: Model {
  let x, y: Tensor
  func body(_ p: Program) throws { p.observe("y", Normal(p.sample("slope", Normal(0, sd: 5)) * x, sd: 0.5), y) }
}

private func run(_ arguments: [String]) async -> Ran {
  let recorder = Recorder()
  let models: [any RunnableModel] = [AnyRunnable(Ray.self), AnyRunnable(Switches.self), AnyRunnable(Bare.self)]
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

  /// A real document has no problems; one that lacks a part that must be there, or has something else in its place, is refused.
  private func expectHeld(_ name: String, _ text: String, _ location: SourceLocation = #_sourceLocation) throws {
    let schema = try Self.schema(name)
    let root = try #require(parsed(text).members, sourceLocation: location)
    #expect(schema.problems(in: .object(root)) == [], sourceLocation: location)
    for key in root.keys {
      var wrong = root
      wrong[key] = .array([.bool(true)])
      #expect(schema.problems(in: .object(wrong)) != [], "\(key) may be anything", sourceLocation: location)
    }
    for key in try Self.required(name) {
      var wrong = root
      wrong[key] = nil
      #expect(schema.problems(in: .object(wrong)).contains("$.\(key) is missing"), sourceLocation: location)
    }
  }

  private static func required(_ name: String) throws -> [String] {
    let root = try JSONReader.parse(Data(contentsOf: folder.appendingPathComponent("\(name)-1.schema.json")))
    guard case .array(let keys)? = root["required"] else { return [] }
    return keys.compactMap(\.text)
  }

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
    try expectHeld("posterior", ran.output)
  }

  @Test(arguments: ["--guide full-rank", "--guide flow:affine:2 --steps 200", "--objective fixed-draws", "--refine psis"])
  func posteriorsOfGuides(options: String) async throws {
    let ran = await run(["infer", "ray", "--method", "vi", "--output", "-", "--quiet"] + options.split(separator: " ").map(String.init))
    #expect(ran.code == 0 || ran.code == 3)
    try expectHeld("posterior", ran.output)
  }

  @Test func posteriorsOfDiscreteSites() async throws {
    let ran = await run(["infer", "switches", "--method", "vi", "--output", "-", "--quiet"])
    #expect(ran.code == 0 || ran.code == 3)
    try expectHeld("posterior", ran.output)
  }

  @Test func posteriorsWithNumbersThatAreNone() async throws {
    let ran = await credence(["infer", "coin-flips", "--output", "-", "--quiet"])
    #expect(ran.code == 3 && ran.output.contains("null"))
    try expectHeld("posterior", ran.output)
  }

  @Test(arguments: ["", "--method laplace", "--no-shares"]) func predictions(options: String) async throws {
    let asked = ["predict", "ray", "--gradient", "scale", "--draws", "500", "--output", "-", "--quiet"]
    let ran = await run(asked + options.split(separator: " ").map(String.init))
    #expect(ran.code == 0)
    try expectHeld("prediction", ran.output)
  }

  @Test(arguments: [
    "--method smc --particles 200", "--method importance --particles 2000", "--no-draws", "--until ess=2000 --draws 200",
    "--set scale=2 --method map", "--drop-likelihood",
  ]) func posteriorsOfLongAndAlteredRuns(options: String) async throws {
    let ran = await run(["infer", "ray", "--output", "-", "--quiet"] + options.split(separator: " ").map(String.init))
    #expect(ran.code == 0 || ran.code == 3)
    try expectHeld("posterior", ran.output)
  }

  @Test func posteriorsFromDraws() async throws {
    let directory = try temporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let files = [1, 2].map { "\(directory)/chain-\($0).csv" }
    for (index, file) in files.enumerated() {
      _ = await run(["infer", "ray", "--chains", "2", "--chain-id", String(index + 1), "--draws-output", file, "--quiet"])
    }
    let merged = await run(["merge", "--output", "-"] + files)
    #expect(merged.code == 0)
    try expectHeld("posterior", merged.output)
    let summary = await run(["summarize", "--hdi", "0.9", "--output", "-"] + files)
    #expect(summary.code == 0 && summary.output.contains("hdi"))
    try expectHeld("posterior", summary.output)
  }

  @Test func draws() async throws {
    let directory = try temporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let (fit, prediction) = (directory + "/fit.json", directory + "/prediction.json")
    // So few draws are too few for an ok.
    #expect(await run(["infer", "ray", "--draws", "50", "--draws-output", fit, "--quiet"]).code == 3)
    #expect(await run(["predict", "ray", "--posterior", fit, "--draws-output", prediction, "--quiet"]).code == 0)
    let (groups, prior) = (directory + "/groups.json", directory + "/prior.json")
    let included = ["--include", "log-likelihood,log-prior,predictive", "--draws-output", groups]
    #expect(await run(["infer", "ray", "--quiet"] + included).code == 0)
    #expect(await run(["simulate", "ray", "--draws", "50", "--draws-output", prior, "--quiet"]).code == 0)
    for path in [fit, prediction, groups, prior] { try expectHeld("draws", String(contentsOfFile: path, encoding: .utf8)) }
  }

  @Test func progress() async throws {
    let notes = await run(["infer", "ray", "--progress", "json", "--output", "-"]).notes
    let lines = notes.split(separator: "\n").filter { $0.hasPrefix("{") }
    #expect(!lines.isEmpty)
    for line in lines { try expectHeld("progress", String(line)) }
  }

  @Test func estimators() async throws {
    let directory = try temporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let compared = await run(["estimators", "switches", "--draws", "50", "--json"])
    #expect(compared.code == 0)
    try expectHeld("estimators", compared.output)
    let curves = ["--curves", directory + "/c.svg", "--compare", "disarm,rloo:2", "--steps", "100", "--draws", "20"]
    let trained = await run(["estimators", "switches", "--json"] + curves)
    #expect(trained.code == 0)
    try expectHeld("estimators", trained.output)
  }

  @Test func criticism() async throws {
    let directory = try temporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let files = ["1", "2"].map { "\(directory)/\($0).json" }
    for (seed, file) in zip(["1", "2"], files) {
      let included = ["--include", "log-likelihood,log-prior", "--draws-output", file]
      #expect(await run(["infer", "ray", "--seed", seed, "--quiet"] + included).code == 0)
    }
    let compared = await run(["compare", "--output", "-"] + files)
    #expect(compared.code == 0)
    try expectHeld("comparison", compared.output)
    #expect(
      try problems("comparison", compared.output.replacing("\"rank\": 1", with: "\"rank\": 1.5"))
        == ["$.models[1].rank: expected integer, found a number"])
    #expect(
      try problems("comparison", compared.output.replacing("\"loo\",", with: "\"aic\","))
        == ["$.criterion is none of the values that are allowed"])
    let scaled = await run(["sensitivity", files[0], "--output", "-"])
    #expect(scaled.code == 0)
    try expectHeld("sensitivity", scaled.output)
    func diagnosed(_ text: String) -> String { scaled.output.replacing(/"diagnosis": (null|"[^"]*")/, with: "\"diagnosis\": \"\(text)\"") }
    try expectHeld("sensitivity", diagnosed("potential prior-data conflict"))
    #expect(
      try problems("sensitivity", diagnosed("bad")).first == "$.variables.slope.diagnosis is none of the values that are allowed")
  }

  @Test(arguments: ["nuts --warmup 100", "laplace"]) func calibrations(method: String) async throws {
    let options = "--simulations 50 --draws 100 --ranked 15 --output - --quiet --method \(method)"
    let ran = await run(["calibrate", "ray"] + options.split(separator: " ").map(String.init))
    #expect(ran.code == 0 || ran.code == 3)
    try expectHeld("calibration", ran.output)
    #expect(
      try problems("calibration", ran.output.replacing(/"ending": "[^"]*"/, with: "\"ending\": \"soon\""))
        == ["$.ending is none of the values that are allowed"])
    #expect(
      try problems("calibration", ran.output.replacing("\"p_adjusted\"", with: "\"q\"")).prefix(2)
        == ["$.quantities.slope.p_adjusted is missing", "$.quantities.slope.q is not allowed"])
  }

  @Test(arguments: ["", "--fix slope=2", "--set scale=1e-9"]) func checks(options: String) async throws {
    let ran = await run(["check", "ray", "--output", "-"] + options.split(separator: " ").map(String.init))
    #expect(ran.code == 0 || ran.code == 3)
    try expectHeld("check", ran.output)
    #expect(
      try problems("check", ran.output.replacing(/"grade": "\w+"/, with: "\"grade\": \"good\"")).last
        == "$.grade is none of the values that are allowed")
  }

  @Test(arguments: ["ray", "switches", "bare", "ray --do slope=2", "ray --fix slope=2"]) func descriptions(model: String) async throws {
    let ran = await run(["describe", "--json"] + model.split(separator: " ").map(String.init))
    #expect(ran.code == 0)
    try expectHeld("description", ran.output)
    #expect(try problems("description", ran.output.replacing("\"key\"", with: "\"name\"")).contains("$.data[0].key is missing"))
  }

  @Test func times() async throws {
    let ran = await run(["bench", "ray", "--batches", "2"])
    #expect(ran.code == 0)
    try expectHeld("bench", ran.output)
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
    try expectHeld("verdicts", String(contentsOfFile: file, encoding: .utf8))
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
