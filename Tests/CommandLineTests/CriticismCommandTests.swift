import CommandLine
import Differentiation
import Distributions
import Foundation
import Modeling
import Reporting
import Testing

/// A line through the origin whose noise is data.
private struct Line: ModelWithExample {
  let x, y: Tensor
  let scale: Double
  static let summary = "a line through the origin"
  static var example: Line { Line(x: [1, 2, 3, 4, 5, 6], y: [2.1, 3.9, 6.2, 7.7, 10.4, 12.1], scale: 10) }

  func body(_ p: Program) throws -> Tensor {
    let slope = p.sample("slope", Normal(0, sd: scale))
    p.plate("points", x.count) { i in p.observe("y", Normal(slope * x[i], sd: 0.5), y[i]) }
    return slope
  }
}

/// The same data without a slope.
private struct Level: ModelWithExample {
  let y: Tensor
  static var example: Level { Level(y: [2.1, 3.9, 6.2, 7.7, 10.4, 12.1]) }

  func body(_ p: Program) throws -> Tensor {
    let level = p.sample("level", Normal(0, sd: 10))
    p.plate("points", y.count) { i in p.observe("y", Normal(level, sd: 3), y[i]) }
    return level
  }
}

/// A model whose only data term is a number for all data.
private struct Lump: ModelWithExample {
  let y: Tensor
  static var example: Lump { Lump(y: [1, 2]) }
  func body(_ p: Program) throws -> Tensor {
    let level = p.sample("level", Normal(0, sd: 10))
    p.factor("lump", Normal(level, sd: 1).logDensity(of: y).sum())
    return level
  }
}

private func run(_ line: String, input: String = "") async -> Ran {
  let recorder = Recorder()
  let console = recorder.console(input: Data(input.utf8))
  let models: [any RunnableModel] = [AnyRunnable(Line.self), AnyRunnable(Level.self), AnyRunnable(Lump.self)]
  return recorder.ran(await Command.run(arguments: line.split(separator: " ").map(String.init), models: models, console: console))
}

private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

@Suite("credence compare, calibrate, sensitivity and convert")
struct CriticismCommandTests {
  private static let directory: String = (try? temporaryDirectory()) ?? ""

  /// A file of draws with all groups.
  private static func draws(_ model: String, _ name: String, _ more: String = "") async throws -> String {
    let path = "\(directory)/\(name)"
    let ran = await run(
      "infer \(model) --draws 200 --include log-likelihood,log-prior --include predictive --draws-output \(path) --quiet \(more)")
    #expect(ran.code == 0 && ran.notes == "")
    return path
  }

  @Test func comparison() async throws {
    let (line, level) = (try await Self.draws("line", "c-line.json"), try await Self.draws("level", "c-level.csv"))
    let ran = await run("compare \(level) \(line) --output - --quiet")
    #expect(ran.code == 0)
    let root = try JSONReader.parse(Data(ran.output.utf8))
    #expect(root["schema"]?.text == "credence/comparison/1" && root["criterion"]?.text == "loo")
    guard case .array(let models)? = root["models"] else { throw UserError("no models") }
    #expect(models.map { $0["name"]?.text } == [line, level])
    #expect(try #require(models[1]["elpd_difference"]?.double) > 5)
    #expect(try #require(models[0]["weights"]?["stacking"]?.double) > 0.9)
    // One slope with six points: one effective parameter, give or take.
    #expect(abs(try #require(models[0]["loo"]?["p"]?.double) - 0.8) < 0.8)
    let table = await run("compare line level --criterion waic")
    #expect(table.code == 0 && table.output.contains("elpd_waic") && table.output.contains("level"))
    #expect(table.notes.contains("credence: warning: There are 6 points"))
  }

  @Test func wrongComparisons() async throws {
    let line = try await Self.draws("line", "w-line.json")
    let data = "\(Self.directory)/w-data.json"
    try Data(#"{"x": [1, 2], "y": [2, 5], "scale": 10}"#.utf8).write(to: URL(fileURLWithPath: data))
    let short = try await Self.draws("line", "w-short.json", "--data \(data)")
    try Data(#"{"x": [1, 2, 3, 4, 5, 6], "y": [2, 5, 6, 8, 9, 12], "scale": 10}"#.utf8).write(to: URL(fileURLWithPath: data))
    let other = try await Self.draws("line", "w-other.json", "--data \(data)")
    let bare = "\(Self.directory)/w-bare.json"
    try Data(#"{"posterior": {"a": [[1, 2, 3]]}}"#.utf8).write(to: URL(fileURLWithPath: bare))
    let odd = "\(Self.directory)/w-odd.json"
    try Data(#"{"posterior": {"a": [[1, 2]]}, "log_likelihood": {"y": [[[1]]]}}"#.utf8).write(to: URL(fileURLWithPath: odd))
    let cases: [(String, String)] = [
      ("compare \(line) \(short)", "\(short) has the log likelihood of 2 points and \(line) of 6: they are not about the same data."),
      ("compare \(line) \(other)", "\(other) and \(line) are not about the same data: the values of y differ."),
      ("compare \(bare)", "\(bare) has no log likelihood: infer --include log-likelihood --draws-output FILE writes it."),
      ("compare \(odd)", "\(odd): log_likelihood.y: expected 1 chains of 2 draws as in the posterior, found the shape [1, 1, 1]."),
      ("compare lin", "compare: \"lin\" is neither a file nor a built-in model; the nearest model is line."),
      ("compare \(line) \(line)", "compare: \(line) is given twice."),
      ("compare \(line) --site z", "\(line) has no log likelihood of a site \"z\"; it has y."),
      ("compare \(line) --criterion aic", "compare: --criterion expects loo or waic, not \"aic\"; the nearest is waic."),
      (
        "compare lump --quiet",
        "lump: lump is one number for all data, and no sum of terms for single data: it has no pointwise log likelihood.\ncredence: lump has no log likelihood: infer --include log-likelihood --draws-output FILE writes it."
      ),
      (
        "compare A.swift",
        "compare: fit A.swift first, by credence infer A.swift --include log-likelihood --draws-output FILE.json, and give FILE.json here."
      ),
      ("compare", "compare: which files? Give results, or draws in JSON or CSV."),
      ("infer line --include log-likelihood", "infer: --include says what --draws-output writes beside the draws, and that is not given."),
      (
        "infer line --include lik --draws-output \(Self.directory)/x.json",
        "infer: --include expects log-likelihood, log-prior or predictive, not \"lik\"."
      ),
      (
        "sensitivity \(bare)",
        "\(bare) has no log likelihood and no log prior: infer --include log-likelihood,log-prior --draws-output FILE writes it."
      ),
      ("sensitivity \(line) --prior tau", "\(line) has no log prior of a site \"tau\"; it has slope."),
      ("sensitivity \(line) \(bare)", "sensitivity: expected one file or model, found 2: \(line) \(bare)."),
      ("calibrate line --method map", "calibrate: --method map has no independent draws that a true value could be ranked among."),
      ("calibrate line --method vi --chains 3", "calibrate: --chains belongs to --method nuts."),
      ("calibrate line --plot x.png", "calibrate: --plot expects a name that ends in .svg, not \"x.png\"."),
      ("calibrate line --ranked 501", "calibrate: --ranked 501 takes at least as many draws, and there are 500."),
      ("calibrate lump", "The factor lump adds to the log density what no data are drawn from: the model cannot be calibrated."),
      ("convert \(line)", "convert: where to? Give --output FILE, or --output - for standard output."),
      ("convert \(line) --output \(line)", "convert: convert and --output name the same file, \(line)."),
      ("convert \(line) --output a.txt --to cmdstan", "convert: --to cmdstan writes files that end in .csv, not \"a.txt\"."),
      ("convert \(line) --output a.csv --to arviz", "convert: --to arviz writes JSON, and a.csv ends in .csv."),
      ("convert \(Self.directory)/zzzzzzzzzzzzzz.json --output -", "there is no file \(Self.directory)/zzzzzzzzzzzzzz.json."),
      ("summarize \(line) --hdi 94", "summarize: --hdi expects a number between 0 and 1 (both excluded), not \"94\"."),
      ("summarize \(line) \(bare) --output -", "summarize: --output - takes one fit, and there are 2."),
    ]
    for (line, message) in cases {
      let ran = await run(line)
      #expect(ran.code == 2 && ran.output == "", "\(line)")
      #expect(ran.notes == "credence: \(message)\n", "\(line)")
    }
  }

  @Test func intervals() async throws {
    let line = try await Self.draws("line", "h-line.json")
    let ran = await run("summarize \(line) --hdi 0.9 --output -")
    let root = try JSONReader.parse(Data(ran.output.utf8))
    let slope = try #require(root["variables"]?["slope"])
    let (low, high) = (try #require(slope["hdi_lower"]?.double), try #require(slope["hdi_upper"]?.double))
    let sd = try #require(slope["sd"]?.double)
    #expect(abs((high - low) / sd - 3.29) < 0.4)
    #expect(try #require(slope["mcse_quantile_0.5"]?.double) > 0)
    let table = await run("summarize \(line) --hdi 0.9")
    #expect(table.output.contains("hdi_lower"))
  }

  @Test func conversions() async throws {
    let json = try await Self.draws("line", "v-line.json")
    let stem = "\(Self.directory)/v-back"
    let written = await run("convert \(json) --output \(stem).csv")
    #expect(written.notes == "credence: warning: CmdStan's format has no place for observed_data.\n")
    #expect(FileManager.default.fileExists(atPath: stem + "_4.csv"))
    let back = await run("convert \(stem).csv --output \(stem).json --quiet")
    #expect(back.code == 0)
    let (before, after) = (try JSONReader.parse(bytes(json)), try JSONReader.parse(bytes(stem + ".json")))
    for group in ["posterior", "sample_stats", "log_likelihood", "log_prior", "posterior_predictive"] {
      #expect(before[group]?.members != nil && before[group] == after[group], "\(group)")
    }
    let listed = await run("convert \(stem)_1.csv \(stem)_2.csv \(stem)_3.csv \(stem)_4.csv --to posteriordb --output \(stem)-pdb.json")
    #expect(listed.notes.contains("posteriordb's format has no place for the statistics acceptance_rate"))
    let again = await run("convert \(stem)-pdb.json --output \(stem)-2.json")
    #expect(again.code == 0)
    let second = try JSONReader.parse(bytes(stem + "-2.json"))
    #expect(second["posterior"] == before["posterior"])
    let summary = await run("summarize \(stem)-2.json")
    #expect(summary.code == 0)
  }

  @Test func sensitivities() async throws {
    // The prior of the slope is far too narrow for the data, and then wide.
    let data = "\(Self.directory)/s-data.json"
    try Data(#"{"x": [1, 2, 3], "y": [8, 16, 24], "scale": 0.3}"#.utf8).write(to: URL(fileURLWithPath: data))
    let narrow = try await Self.draws("line", "s-narrow.json", "--data \(data)")
    let ran = await run("sensitivity \(narrow) --output -")
    let root = try JSONReader.parse(Data(ran.output.utf8))
    #expect(root["variables"]?["slope"]?["diagnosis"]?.text == "potential prior-data conflict")
    let wide = await run("sensitivity line --quiet")
    #expect(wide.code == 0 && wide.output.contains("slope") && !wide.output.contains("potential"))
  }

  @Test func calibration() async throws {
    let (plot, output) = ("\(Self.directory)/k.svg", "\(Self.directory)/k.json")
    let ran = await run("calibrate line --simulations 50 --draws 200 --warmup 200 --plot \(plot) --output \(output)")
    #expect(ran.code == 0 && ran.output.contains("50 fits of at most 50") && ran.output.contains("verdict: ok"))
    let root = try JSONReader.parse(bytes(output))
    #expect(root["schema"]?.text == "credence/calibration/1")
    #expect(root["quantities"]?.members?.keys == ["slope", "log_likelihood"])
    #expect(root["diagnostics"]?["verdict"]?.text == "ok")
    let drawn = String(decoding: try bytes(plot), as: UTF8.self)
    #expect(drawn.contains("log_likelihood"))
    // Data from a far wider prior.
    let data = "\(Self.directory)/k-data.json"
    try Data(#"{"x": [0.01, 0.01, 0.01, 0.01, 0.01, 0.01], "y": [0, 0, 0, 0, 0, 0], "scale": 1000}"#.utf8).write(
      to: URL(fileURLWithPath: data))
    let narrow = "\(Self.directory)/k-narrow.json"
    try Data(#"{"x": [0.01, 0.01, 0.01, 0.01, 0.01, 0.01], "y": [0, 0, 0, 0, 0, 0], "scale": 1}"#.utf8).write(
      to: URL(fileURLWithPath: narrow))
    let wrong = await run("calibrate line --data \(narrow) --truth-data \(data) --method laplace --quiet")
    #expect(wrong.code == 3 && wrong.output.contains("The ranks of slope are not uniform"))
  }
}
