import CommandLine
import Differentiation
import Distributions
import Foundation
import Inference
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

/// A mean whose guide reads the data: their posterior is N(Σy/(n + 1), 1/(n + 1)), and the guide's sd is `width` times as wide.
private struct Read: ModelWithExample, ModelWithGuide {
  let y: Tensor
  let width: Double
  static var example: Read { Read(y: [1, 2, 3, 4], width: 1) }
  static var guide: Guide<Read> {
    Guide { q, data in
      let n = Double(data.y.count)
      q.sample("mu", Normal(q.parameter("shift", 0) + data.y.sum() / (n + 1), sd: data.width / (n + 1).squareRoot()))
    }
  }

  func body(_ p: Program) throws -> Tensor {
    let mu = p.sample("mu", Normal(0, sd: 1))
    p.plate("points", y.count) { i in p.observe("y", Normal(mu, sd: 1), y[i]) }
    return mu
  }
}

/// The same with what is observed computed from the data.
private struct Logged: ModelWithExample, ModelWithGuide {
  let y: Tensor
  static var example: Logged { Logged(y: [1, 2, 3]) }
  static var guide: Guide<Logged> {
    Guide { q, _ in q.sample("mu", Normal(q.parameter("shift", 0), sd: 1)) }
  }

  func body(_ p: Program) throws -> Tensor {
    let mu = p.sample("mu", Normal(0, sd: 1))
    p.observe("log-y", Normal(mu, sd: 1), log(y))
    return mu
  }
}

/// Two coins of which the first decides which one is thrown.
private struct Coins: ModelWithExample {
  let heads: Double
  static var example: Coins { Coins(heads: 1) }
  func body(_ p: Program) throws -> IntTensor {
    let first = p.sample("first", Bernoulli(probability: 0.5))
    p.observe("heads", Bernoulli(probability: 0.2 + 0.6 * first.tensor), Tensor(heads))
    return first
  }
}

private func run(_ line: String, input: String = "") async -> Ran {
  let recorder = Recorder()
  let console = recorder.console(input: Data(input.utf8))
  let models: [any RunnableModel] = [
    AnyRunnable(Line.self), AnyRunnable(Level.self), AnyRunnable(Lump.self),
    AnyRunnable(Read.self), AnyRunnable(Logged.self), AnyRunnable(Coins.self),
  ]
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
      ("compare \(line) --method vi", "compare: --method says how a model is fitted, and only files of draws are given."),
      ("compare line --method map", "compare: --method map finds one point, and there are no draws to judge."),
      ("compare line --method vi --chains 2", "compare: --chains belongs to --method nuts and smc, not to vi."),
      ("sensitivity line --method laplace --guide full-rank", "sensitivity: --guide belongs to --method vi, not to laplace."),
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
      ("convert \(line) --output \(line)", "convert: --output would overwrite \(line), which is read."),
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

  @Test("A guide that is a program gets the simulated data in place of the observed ones")
  func programGuides() async throws {
    let few = "--method vi --steps 100 --draws 150 --simulations 50 --quiet"
    let right = await run("calibrate read \(few) --output -")
    let root = try JSONReader.parse(Data(right.output.utf8))
    #expect(right.code == 0 && root["method"]?["guide"] == "program" && root["diagnostics"]?["verdict"] == "ok")
    let data = "\(Self.directory)/g-narrow.json"
    try Data(#"{"y": [1, 2, 3, 4], "width": 0.3}"#.utf8).write(to: URL(fileURLWithPath: data))
    let narrow = await run("calibrate read --data \(data) \(few)")
    #expect(narrow.code == 3 && narrow.output.contains("the posteriors are too narrow."))
    let logged = await run("calibrate logged \(few)")
    #expect(logged.code == 2)
    #expect(
      logged.notes
        == "credence: logged has a guide that is a program, which may read the data, and what is observed as log-y is no entry of the data but computed from them: simulated data have no place there. Name another guide by --guide, or another --method.\n"
    )
    #expect(await run("calibrate logged --guide full-rank \(few)").code == 0)
  }

  @Test("Models are fitted as the options of infer say, and draws of a guide are weighted")
  func fittedBy() async throws {
    let ran = await run("compare line level --method laplace --draws 3000 --output - --quiet")
    let root = try JSONReader.parse(Data(ran.output.utf8))
    guard case .array(let models)? = root["models"] else { throw UserError("no models") }
    #expect(models.map { $0["name"]?.text } == ["line", "level"])
    #expect(models.allSatisfy { $0["loo"]?["approximation_pareto_k"] != nil })
    let path = "\(Self.directory)/f-line.json"
    let fitted = await run("infer line --method laplace --draws 3000 --include log-likelihood --draws-output \(path) --quiet")
    #expect(fitted.code == 0)
    let draws = try JSONReader.parse(try bytes(path))
    #expect(draws["sample_stats"]?.members?.keys == ["log_q", "lp"])
    let again = try JSONReader.parse(Data(await run("compare \(path) --output - --quiet").output.utf8))
    guard case .array(let alone)? = again["models"] else { throw UserError("no models") }
    #expect(alone[0]["loo"] == models[0]["loo"])
  }

  @Test("A model of discrete sites alone goes through every command")
  func discrete() async throws {
    let draws = "\(Self.directory)/x.json"
    let ran = await run(
      "infer coins --method vi --draws 1000 --include log-likelihood,predictive --draws-output \(draws) --output - --quiet")
    let root = try JSONReader.parse(Data(ran.output.utf8))
    #expect(ran.code == 0 && ran.notes == "" && root["method"]?["name"] == "exact" && root["method"]?["asked"] == "vi")
    #expect(root["diagnostics"]?["reasons"] != .array([]) && root["diagnostics"]?["verdict"] == "ok")
    #expect(abs(try #require(root["variables"]?["first"]?["mean"]?.double) - 0.8) < 1e-14)
    #expect(abs(try #require(root["diagnostics"]?["log_evidence"]?["value"]?.double) - log(0.5)) < 1e-14)
    // One point: what it is left out of is the prior.
    let compared = try JSONReader.parse(Data(await run("compare \(draws) --output - --quiet").output.utf8))
    guard case .array(let models)? = compared["models"] else { throw UserError("no models") }
    #expect(abs(try #require(models[0]["loo"]?["elpd"]?.double) - log(0.5)) < 1e-12)
    for line in [
      "infer coins --no-draws", "infer coins --init zero", "infer coins --until ess=2000", "check coins", "simulate coins", "predict coins",
      "infer coins --do first=1", "predict coins --fix first=1", "check coins --fix first=1", "compare coins", "report \(draws)",
      "calibrate coins --simulations 50", "summarize \(draws)", "plot density \(draws) --output -",
    ] {
      let ran = await run(line)
      #expect(ran.code == 0 && !ran.output.isEmpty, "\(line): \(ran.notes)")
    }
    let fixed = try JSONReader.parse(Data(await run("infer coins --fix first=1 --output - --quiet").output.utf8))
    #expect(abs(try #require(fixed["diagnostics"]?["log_evidence"]?["value"]?.double) - log(0.5 * 0.8)) < 1e-14)
    #expect(
      await run("sensitivity coins --quiet").notes.hasPrefix(
        "credence: coins: There is no log prior: first is summed out, and no other site is latent.\n"))
  }
}
