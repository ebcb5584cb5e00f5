import CommandLine
import Differentiation
import Distributions
import Foundation
import Modeling
import Reporting
import Testing

/// A line through the origin whose prior's scale is data.
private struct Line: ModelWithExample {
  let x, y: Tensor
  let scale: Double
  static let summary = "a line through the origin"
  static var example: Line { Line(x: [1, 2, 3], y: [2.1, 3.9, 6.2], scale: 10) }

  func body(_ p: Program) throws -> (slope: Tensor, atTen: Tensor) {
    let slope = p.sample("slope", Normal(0, sd: scale))
    p.plate("points", x.count) { i in p.observe("y", Normal(slope * x[i], sd: 0.5), y[i]) }
    return (slope, 10 * slope)
  }
}

private struct Positive: ModelWithExample {
  let y: Tensor
  static var example: Positive { Positive(y: [1, 2]) }
  func body(_ p: Program) throws {
    let top = p.sample("top", Uniform(0, 5))
    p.plate("n", y.count) { i in p.observe("y", Exponential(rate: top), y[i]) }
  }
}

private func run(_ arguments: [String], input: String = "") async -> Ran {
  let recorder = Recorder()
  let console = recorder.console(input: Data(input.utf8))
  return recorder.ran(
    await Command.run(arguments: arguments, models: [AnyRunnable(Line.self), AnyRunnable(Positive.self)], console: console))
}

@Suite("credence predict") struct PredictCommandTests {
  /// Posterior of the slope: precision 1/scale² + Σx²/0.25, mean (Σxy/0.25) over it.
  private let precision = 0.01 + 14 / 0.25
  private var mean: Double { (2.1 + 7.8 + 18.6) / 0.25 / precision }

  @Test(arguments: ["json", "csv"]) func fromDraws(form: String) async throws {
    let directory = try temporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let draws = "\(directory)/d.\(form)"
    #expect(await run(["infer", "line", "--draws-output", draws, "--quiet", "--seed", "3"]).code == 0)
    let files = form == "json" ? ["--posterior", draws] : (1...4).flatMap { ["--posterior", "\(directory)/d_\($0).csv"] }
    let ran = await run(
      ["predict", "line", "--output", "-", "--quiet", "--gradient", "scale", "--gradient", "y[0]", "--draws-output", "\(directory)/p.json"]
        + files)
    #expect(ran.code == 0 && ran.notes == "")
    let root = try JSONReader.parse(Data(ran.output.utf8))
    #expect(root["schema"]?.text == "credence/prediction/1" && root["model"]?["name"]?.text == "line")
    #expect(root["method"]?["source"]?.text == "posterior" && root["method"]?["draws"]?.double == 4000)
    let ten = try #require(root["variables"]?["atTen"])
    #expect(ten["kind"]?.text == "output")
    #expect(abs(try #require(ten["mean"]?.double) - 10 * mean) < 4 * (try #require(ten["mcse_mean"]?.double)))
    #expect(ten["aleatoric"]?.double == 0)
    let epistemic = try #require(ten["epistemic"]?.double)
    #expect(abs(epistemic - 100 / precision) < 4 * (try #require(ten["mcse_epistemic"]?.double)))
    #expect(ten["shares"]?["kind"]?.text == "given-data" && ten["shares"]?["total_kind"]?.text == "gaussian-copula")
    let total = try #require(ten["shares"]?["total"]?["slope"]?.double)
    #expect(abs(total - 1) < 4 * (try #require(ten["shares"]?["mcse_total"]?["slope"]?.double)))
    #expect(
      abs(try #require(ten["shares"]?["first"]?["slope"]?.double) - 1) < 4 * (try #require(ten["shares"]?["mcse_first"]?["slope"]?.double))
        + 0.005)
    // ∂(10 m)/∂scale = 10 m · (2/scale³)/precision; ∂/∂y₀ = 10 x₀/0.25/precision.
    for (name, exact) in [("scale", 10 * mean * 0.002 / precision), ("y[0]", 40 / precision)] {
      let gradient = try #require(ten["gradients"]?["value"]?[name]?.double)
      #expect(abs(gradient - exact) < 4 * (try #require(ten["gradients"]?["mcse"]?[name]?.double)), "\(name)")
    }
    let y = try #require(root["variables"]?["y"])
    #expect(y["kind"]?.text == "predictive")
    #expect(
      y["aleatoric"] == .array([.number(0.25), .number(0.25), .number(0.25)])
        || y["aleatoric"] == .numbers([0.25, 0.25, 0.25], whole: false))
    for key in ["sd", "mcse_mean", "mcse_sd", "median", "quantiles", "ess_bulk", "ess_tail", "r_hat"] { #expect(y[key] != nil, "\(key)") }
    // ArviZ's shape: [chain][draw][element].
    let written = try JSONReader.parse(FileManager.default.contents(atPath: "\(directory)/p.json") ?? Data())
    guard case .array(let chains)? = written["posterior_predictive"]?["y"], case .array(let first)? = chains.first else {
      Issue.record("no draws of y")
      return
    }
    #expect(chains.count == 4 && first.count == 1000 && written["posterior"]?["atTen"] != nil)
  }

  @Test func newDataFromStandardInput() async throws {
    let directory = try temporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let draws = "\(directory)/d.json"
    #expect(await run(["infer", "line", "--draws-output", draws, "--quiet"]).code == 0)
    let ran = await run(
      ["predict", "line", "--posterior", draws, "--data", "-", "--output", "-", "--quiet"], input: #"{"x": [100], "y": [0], "scale": 10}"#)
    #expect(ran.code == 0)
    let y = try #require(try JSONReader.parse(Data(ran.output.utf8))["variables"]?["y"])
    guard case .numbers(let values, _)? = y["mean"], case .numbers(let errors, _)? = y["mcse_mean"] else {
      Issue.record("no mean")
      return
    }
    #expect(values.count == 1 && abs(values[0] - 100 * mean) < 4 * errors[0])
  }

  @Test func fromThePriorAndFromAFit() async throws {
    let prior = await run(["predict", "line", "--draws", "2000", "--seed", "4"])
    #expect(prior.code == 0 && prior.notes == "")
    #expect(prior.output.contains("Shares of the variance by independent inputs (Sobol)"))
    #expect(prior.output.contains("aleatoric sd") && prior.output.contains("atTen") && prior.output.contains("y[2]"))
    let fit = await run(["predict", "line", "--method", "vi", "--output", "-", "--quiet"])
    #expect(fit.code == 0)
    let root = try JSONReader.parse(Data(fit.output.utf8))
    #expect(root["method"]?["fit"]?["name"]?.text == "vi" && root["method"]?["independent_inputs"] == .bool(true))
    let ten = try #require(root["variables"]?["atTen"])
    #expect(abs(try #require(ten["mean"]?.double) - 10 * mean) < 5 * (try #require(ten["mcse_mean"]?.double)))
    #expect(ten["shares"]?["kind"]?.text == "independent" && ten["shares"]?["total"]?["slope"]?.double != nil)
  }

  /// Each with its sentence, exit code 2 and nothing on standard output.
  @Test func wrongInput() async throws {
    let directory = try temporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let files = [
      "result.json": #"{"schema": "credence/posterior/1"}"#, "empty.json": "", "none.json": #"{"a": 1}"#,
      "ragged.json": #"{"posterior": {"slope": [[1, 2], [3]]}}"#, "other.json": #"{"posterior": {"slopes": [[1, 2]]}}"#,
      "shape.json": #"{"posterior": {"slope": [[[1, 2], [3, 4]]]}}"#, "null.json": #"{"posterior": {"slope": [[1, 2], [3, null]]}}"#,
      "far.json": #"{"posterior": {"top": [[1, 2], [7, 4]]}}"#, "good.json": #"{"posterior": {"slope": [[1, 2, 4], [3, 4, 5]]}}"#,
      "one.json": #"{"posterior": {"slope": [[1]]}}"#, "top.json": #"{"posterior": {"top": [[1, 2], [3, 4]]}}"#,
      "a.csv": "lp__,slope\n1,2\n3,4\n", "b.csv": "lp__,slope\n1,2\n",
    ]
    for (name, text) in files { try Data(text.utf8).write(to: URL(fileURLWithPath: "\(directory)/\(name)")) }
    let cases: [(String, String)] = [
      (
        "line --posterior D/result.json",
        "credence: D/result.json is a result (credence/posterior/1), which has no draws: infer --draws-output FILE writes them, and --posterior FILE reads them."
      ),
      ("line --posterior D/empty.json", "credence: D/empty.json: the file is empty."),
      ("line --posterior D/none.json", "credence: D/none.json holds no draws (an object with \"posterior\")."),
      ("line --posterior D/nothing.json", "credence: there is no file D/nothing.json."),
      (
        "line --posterior D/ragged.json",
        "credence: D/ragged.json: posterior.slope[1]: the array is ragged: this part has the shape [1], the first has [2]."
      ),
      (
        "line --posterior D/other.json",
        "credence: PredictCommandTests.swift:17: site \"slope\": it is not among the draws (did you mean \"slopes\"?)"
      ),
      (
        "line --posterior D/shape.json",
        "credence: PredictCommandTests.swift:17: site \"slope\": the value given for it has shape [2], and the site has shape []"
      ),
      ("line --posterior D/null.json", "credence: The draws of slope are not finite: chain 2, draw 2 is not a number."),
      ("line --posterior D/one.json", "credence: A prediction takes at least 2 draws; a mode is one point."),
      (
        "positive --posterior D/far.json",
        "credence: The draws of top do not belong to the model: in chain 2 element 0 is 7.0, and the support is 0 ≤ x ≤ 5."
      ),
      (
        "line --posterior D/a.csv --posterior D/b.csv",
        "credence: D/b.csv does not belong to D/a.csv: it has 1 draws where the first file has 2."
      ),
      (
        "line --posterior D/a.csv --posterior D/good.json",
        "credence: D/good.json holds all chains of a fit: it cannot be joined with other files."
      ),
      (
        "line --posterior D/good.json --posterior D/good.json",
        "credence: predict: --posterior D/good.json is given twice."
      ),
      (
        "line --posterior D/good.json --method vi",
        "credence: predict: --posterior and --method contradict each other: the draws are either read or made by a fit."
      ),
      (
        "line --posterior D/good.json --draws 10",
        "credence: predict: --draws makes no sense with --posterior: each draw of the file is used once."
      ),
      ("line --guide full-rank", "credence: predict: --guide belongs to --method vi."),
      ("line --method map", "credence: predict: --method expects vi, nuts or laplace, not \"map\"."),
      ("line --replicates 1", "credence: predict: --replicates expects a whole number from 2 to 100000, not \"1\"."),
      ("line --gradient scal", "credence: The model has no stored property \"scal\"; the nearest is scale."),
      ("line --gradient y[7]", "credence: There is no element y[7] in the model's data: elements are counted from 0, as in y[0]."),
      ("line --draws-output D/x.txt", "credence: predict: --draws-output expects a name that ends in .json or .csv, not \"D/x.txt\"."),
      ("line --posterior D/good.json --output D/good.json", "credence: predict: --output would overwrite D/good.json, which is read."),
      ("line --posteriors D/good.json", "credence: predict: there is no option --posteriors; the nearest is --posterior."),
      ("lines", "credence: predict: there is no model \"lines\"; the nearest is line (credence models lists them all)."),
    ]
    for (words, message) in cases {
      let ran = await run(["predict"] + words.replacing("D/", with: directory + "/").split(separator: " ").map(String.init))
      #expect(ran.notes == message.replacing("D/", with: directory + "/") + "\n", "\(words)")
      #expect(ran.code == 2 && ran.output == "", "\(words)")
    }
    #expect(try Set(FileManager.default.contentsOfDirectory(atPath: directory)) == Set(files.keys))
    // Defined, and said otherwise: data of another size have no gradients by the hyperparameters of a fit to other data.
    let new = await run(["predict", "line", "--posterior", directory + "/good.json", "--draws", "3", "--method", "vi"])
    #expect(new.code == 2 && new.notes.split(separator: "\n").count == 2)
  }
}
