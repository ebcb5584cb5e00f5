import CommandLine
import Differentiation
import Distributions
import Foundation
import Inference
import Modeling
import Reporting
import Testing

/// Nothing is wrong with it.
private struct Sound: ModelWithExample {
  let x, y: Tensor
  static var example: Sound { Sound(x: [1, 2, 3, 4], y: [2.1, 3.9, 6.2, 7.7]) }
  func body(_ p: Program) throws -> (slope: Tensor, noise: Tensor) {
    let slope = p.sample("slope", Normal(0, sd: 3))
    let noise = p.sample("noise", HalfNormal(sd: 1))
    p.plate("points", y.count) { i in p.observe("y", Normal(slope * x[i], sd: noise), y[i]) }
    return (slope, noise)
  }
}

/// A square whose derivative is wrong by a factor.
private struct WrongSquare: CustomNode {
  var name: String { "wrong-square" }
  func outputShapes(_ shapes: [[Int]]) throws -> [[Int]] { [shapes[0]] }
  func evaluate(_ inputs: [[Double]]) throws -> [[Double]] { [inputs[0].map { $0 * $0 }] }
  func vjp(inputs: [[Double]], outputs: [[Double]], cotangents: [[Double]]) throws -> [[Double]] {
    [zip(inputs[0], cotangents[0]).map { 2.1 * $0 * $1 }]
  }
}

private struct WrongGradient: ModelWithExample {
  let y: Double
  static var example: WrongGradient { WrongGradient(y: 1) }
  func body(_ p: Program) throws {
    let a = p.sample("a", Normal(0, sd: 1))
    p.observe("y", Normal(Tensor.custom(WrongSquare(), [a])[0], sd: 1), Tensor(y))
  }
}

/// Only a + b is seen; c is seen by nothing; weights are read and not used.
private struct Loose: ModelWithExample {
  let y, weights: Tensor
  static var example: Loose { Loose(y: [1, 2, 3], weights: [1, 2, 4]) }
  func body(_ p: Program) throws {
    let a = p.sample("a", Flat())
    let b = p.sample("b", Flat())
    p.sample("c", Normal(0, sd: 1))
    p.plate("n", y.count) { i in p.observe("y", Normal(a + b, sd: 1), y[i]) }
  }
}

/// The unit of the data is not that of the prior, and a bound lies below one of the data.
private struct Far: ModelWithExample {
  let y, z: Tensor
  static var example: Far { Far(y: [1500, 1480, 1530], z: [0.5, 3]) }
  func body(_ p: Program) throws {
    let mu = p.sample("mu", Normal(0, sd: 1))
    let top = p.sample("top", Uniform(1, 2))
    p.plate("n", y.count) { i in p.observe("y", Normal(mu, sd: 1), y[i]) }
    p.plate("m", z.count) { i in p.observe("z", Uniform(0, top), z[i]) }
  }
}

private struct Schools: ModelWithExample {
  let y, sigma: Tensor
  static var example: Schools { Schools(y: [28, 8, -3, 7, -1, 1, 18, 12], sigma: [15, 10, 16, 11, 9, 11, 10, 18]) }
  func body(_ p: Program) throws -> Tensor {
    let mu = p.sample("mu", Normal(0, sd: 5))
    let tau = p.sample("tau", HalfCauchy(scale: 5))
    return p.plate("schools", y.count) { j in
      let theta = p.sample("theta", Normal(mu, sd: tau))
      p.observe("y", Normal(theta, sd: sigma[j]), y[j])
      return theta
    }
  }
}

/// Each value on the one before, and a loop of Swift.
private struct Walk: ModelWithExample {
  let start: Double
  let y: Tensor
  static var example: Walk { Walk(start: 1, y: Tensor((0..<40).map { 0.1 * Double($0) })) }
  func body(_ p: Program) throws {
    let phi = p.sample("phi", Normal(0.9, sd: 0.01))
    var before = Tensor(start)
    for t in 0..<y.count {
      p.observe("y\(t)", Normal(phi * before, sd: 0.1), y[t])
      before = y[t]
    }
  }
}

private let models: [any RunnableModel] = [
  AnyRunnable(Sound.self), AnyRunnable(WrongGradient.self), AnyRunnable(Loose.self), AnyRunnable(Far.self), AnyRunnable(Schools.self),
  AnyRunnable(Walk.self),
]

private func run(_ line: String, input: String = "") async -> Ran {
  let recorder = Recorder()
  let console = recorder.console(input: Data(input.utf8))
  return recorder.ran(await Command.run(arguments: line.split(separator: " ").map(String.init), models: models, console: console))
}

private struct Finding: Equatable {
  var check, grade, text: String
}

private func findings(_ line: String) async throws -> (code: Int32, grade: String, all: [Finding]) {
  let ran = await run("check \(line) --output -")
  let root = try JSONReader.parse(Data(ran.output.utf8))
  guard case .array(let items) = root["findings"] else { return (ran.code, "", []) }
  return (
    ran.code, root["grade"]?.text ?? "",
    items.map { Finding(check: $0["check"]?.text ?? "", grade: $0["grade"]?.text ?? "", text: $0["text"]?.text ?? "") }
  )
}

@Suite struct CheckCommandTests {
  @Test func aSoundModelIsSound() async throws {
    let (code, grade, all) = try await findings("sound")
    #expect(code == 0 && grade == "ok" && all.allSatisfy { $0.grade == "ok" })
    #expect(Set(all.map(\.check)) == ["gradients", "prior predictive", "data", "flat directions"])
    let root = try JSONReader.parse(Data(await run("check sound --output - --seed 7").output.utf8))
    #expect(root.members?.keys == ["schema", "model", "data", "method", "facts", "findings", "grade"])
    #expect(root["schema"] == "credence/check/1" && root["method"]?["seed"] == 7 && root["facts"]?["dimension"] == 2)
    #expect(try #require(root["facts"]?["microseconds_per_gradient"]?.double) > 0)
    let table = await run("check sound")
    #expect(table.code == 0 && table.output.hasPrefix("sound: 2 coordinates, ") && table.output.hasSuffix("\ncheck: ok\n"))
    #expect(table.output.split(separator: "\n").allSatisfy { $0.count <= 100 })
  }

  @Test func aWrongGradientFails() async throws {
    let (code, grade, all) = try await findings("wrong-gradient")
    #expect(code == 3 && grade == "fail")
    let text = try #require(all.first { $0.check == "gradients" && $0.grade == "fail" }?.text)
    #expect(text.hasPrefix("the derivative by a is "))
    #expect(await run("check wrong-gradient").output.hasSuffix("\ncheck: fail\n"))
  }

  @Test func whatNothingTellsApartIsFlat() async throws {
    let (code, _, all) = try await findings("loose")
    #expect(code == 3)
    #expect(
      all.contains(
        Finding(
          check: "flat directions", grade: "fail",
          text:
            "only a combination of a, b is known, each by itself is not: the data see it alone, and no prior decides. Drop one, or give them priors."
        )))
    #expect(
      all.contains(Finding(check: "priors", grade: "note", text: "a, b have no proper prior: the data alone must keep them in place.")))
    #expect(
      all.contains(
        Finding(
          check: "data", grade: "caution", text: "no path leads from c to anything observed: its posterior is its prior. Is a term missing?"
        )))
    #expect(all.contains(Finding(check: "data", grade: "caution", text: "weights is read, but nothing depends on it.")))
    // Without the likelihood nothing is left of a and b.
    let dropped = try await findings("loose --drop-likelihood")
    #expect(
      dropped.all.contains(
        Finding(check: "priors", grade: "fail", text: "a, b have no proper prior, and nothing is observed: there is no posterior.")))
  }

  @Test func dataThatThePriorDoesNotExpect() async throws {
    let (code, _, all) = try await findings("far")
    #expect(code == 3)
    let far = try #require(
      all.first { $0.text.hasPrefix("y: data from 1.48e+03 to 1.53e+03") || $0.text.hasPrefix("y: data from 1480 to 1530") })
    #expect(far.grade == "caution" && far.text.contains("3 of 3 values lie outside of all 1000 draws from the prior"))
    #expect(all.contains { $0.grade == "fail" && $0.text.hasPrefix("the data have probability 0 under each of 200 draws from the prior") })
  }

  @Test func funnelsAreNamed() async throws {
    let (code, grade, all) = try await findings("schools")
    #expect(code == 0 && grade == "note")
    #expect(all.contains { $0.check == "funnels" && $0.grade == "note" && $0.text.hasPrefix("theta is a funnel") })
    #expect(all.contains { $0.check == "flat directions" && $0.text.hasPrefix("not looked for: the density grows without bound") })
  }

  /// The model `Schools` of this file, with the line that it samples its funnel in.
  @Test func funnelsAreRewritten() async throws {
    let directory = try temporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let before = #"let theta = p.sample("theta", Normal(mu, sd: tau))"#
    // Shorter names stand in this file already.
    let raw = "theta_raw" + "__"
    let after = "let theta = mu + tau * p.sample(\"\(raw)\", Normal(0, sd: 1))"
    let ran = await run("check schools --source \(#filePath) --rewrite \(directory)/fixed.swift")
    #expect(ran.code == 0 && ran.output.contains("- \(before)\n") && ran.output.contains("+ \(after)\n"))
    #expect(ran.notes == "credence: \(directory)/fixed.swift has 1 line of \(#filePath) rewritten.\n")
    let own = try String(contentsOfFile: #filePath, encoding: .utf8)
    let call = try #require(own.range(of: "      " + before))
    #expect(
      try String(contentsOfFile: directory + "/fixed.swift", encoding: .utf8) == own.replacingCharacters(in: call, with: "      " + after))
    // Without the file the change is told in words of its own.
    let alone = await run("check schools")
    #expect(alone.output.contains(#"- p.sample("theta", Normal(m, sd: s))"#))
    #expect(alone.output.contains(#"+ m + s * p.sample("theta_raw", Normal(0, sd: 1))"#))
    let sound = await run("check sound --source \(#filePath) --rewrite \(directory)/none.swift")
    #expect(sound.notes == "credence: nothing in \(#filePath) is to be rewritten, and \(directory)/none.swift is not written.\n")
    #expect(!FileManager.default.fileExists(atPath: directory + "/none.swift"))
  }

  @Test(arguments: [
    (
      #"return p.sample("theta", LogNormal(a + b * x[j], sd: exp(s)))"#,
      "return exp((a + b * x[j]) + exp(s) * p.sample(\"theta_raw\", Normal(0, sd: 1)))"
    ),
    (
      #"let t = 2 * p.sample("theta", Cauchy(0.0, scale: tau / 2))"#,
      #"let t = 2 * ((tau / 2) * p.sample("theta_raw", Cauchy(0, scale: 1)))"#
    ),
    (
      #"f(q.sample("theta", StudentT(df: 4, mu[k], scale: tau).repeated(3)), 1)"#,
      #"f(mu[k] + tau * q.sample("theta_raw", StudentT(df: 4, 0, scale: 1).repeated(3)), 1)"#
    ),
    ("let t = p.sample(\n  \"theta\",\n  Laplace(mu, scale: tau))", #"let t = mu + tau * p.sample("theta_raw", Laplace(0, scale: 1))"#),
    (
      #"let t = p.sample("theta", Normal(mu, sd: tau)); let raw = "theta_raw""#,
      #"let t = mu + tau * p.sample("theta_raw_", Normal(0, sd: 1)); let raw = "theta_raw""#
    ),
    (#"p.sample("theta", Normal(mu, sd: tau))"#, nil), (#"_ = p.sample("theta", Normal(mu, sd: tau))"#, nil),
    (#"let t = p.sample("theta", MultivariateNormal(mu, covariance: s))"#, nil), (#"let t = p.sample("eta", Normal(mu, sd: tau))"#, nil),
    (#"let t = p.sample("theta", prior)"#, nil), (#"let t = p.sample("theta", Normal(mu, sd: tau)"#, nil),
  ]) func callsAreRewritten(call: String, expected: String?) {
    let text = ModelText(path: "m.swift", "// first\n\(call)\n// last\n")
    let site = NonCentering(source: SourceLine("M/m.swift", 2), literal: "theta", distribution: "Normal", isScalar: true)
    let edit = text.nonCentered(site)
    #expect(edit?.after == expected)
    if let edit, let expected { #expect(text.applying([edit]) == "// first\n\(expected)\n// last\n" && edit.line == 2) }
    // A tensor of the distribution's own shape is no single standard number.
    var vector = site
    vector.isScalar = false
    #expect(text.nonCentered(vector) == nil || call.contains("repeated"))
  }

  @Test func unusedKeysAndLoopsAreTold() async throws {
    let ran = await run("check sound --data - --output -", input: #"{"x": [1, 2], "y": [1, 2], "extra": 3}"#)
    #expect(ran.code == 0 && ran.output.contains("the model does not use the key \\\"extra\\\"."))
    let (_, _, all) = try await findings("walk")
    #expect(all.contains { $0.check == "speed" && $0.text.hasPrefix("40 sites are called y with a number: a loop of Swift unrolls") })
  }

  @Test func equalSeedsGiveEqualFindings() async throws {
    let one = try await findings("schools --threads 1 --seed 3").all
    #expect(try await findings("schools --threads 2 --seed 3").all == one)
  }
}

@Suite struct SimulateCommandTests {
  private func json(_ ran: Ran) throws -> JSONValue { try JSONReader.parse(Data(ran.output.utf8)) }

  @Test func theTableShowsPriorAndData() async throws {
    let ran = await run("simulate sound --draws 4000")
    #expect(ran.code == 0 && ran.notes == "")
    let lines = ran.output.split(separator: "\n").map(String.init)
    #expect(lines.count == 7 && lines[0].hasSuffix("observed"))
    #expect(lines.filter { $0.contains("  prior  ") }.count == 2 && lines.filter { $0.contains("  predicted  ") }.count == 4)
    #expect(lines.last?.hasSuffix("7.700") ?? false)
  }

  /// What is made up goes into infer, which finds what made it.
  @Test func madeUpDataGoIntoInfer() async throws {
    let directory = try temporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let wide =
      "{\"x\": [\((1...60).map(String.init).joined(separator: ", "))], \"y\": [\((1...60).map { "\($0)" }.joined(separator: ", "))]}"
    try Data(wide.replacing("\"y\": [1,", with: "\"y\": [0.5,").utf8).write(to: URL(fileURLWithPath: directory + "/d.json"))
    let made = await run(
      "simulate sound --data \(directory)/d.json --seed 5 --output \(directory)/fake.json --truth \(directory)/truth.json --quiet")
    #expect(made.code == 0 && made.notes == "" && made.output == "")
    let truth = try JSONReader.parse(Data(contentsOf: URL(fileURLWithPath: directory + "/truth.json")))
    let fake = try JSONReader.parse(Data(contentsOf: URL(fileURLWithPath: directory + "/fake.json")))
    #expect(fake.members?.keys == ["x", "y"] && fake["x"] == .numbers((1...60).map(Double.init), whole: true))
    let fit = try json(await run("infer sound --data \(directory)/fake.json --output - --quiet --chains 2 --draws 500"))
    for name in ["slope", "noise"] {
      let (mean, sd) = (try #require(fit["variables"]?[name]?["mean"]?.double), try #require(fit["variables"]?[name]?["sd"]?.double))
      #expect(abs(mean - (try #require(truth[name]?.double))) < 5 * sd, "\(name)")
    }
    let again = await run("simulate sound --data \(directory)/d.json --seed 5 --output - --threads 1")
    #expect(Data(again.output.utf8) == (try Data(contentsOf: URL(fileURLWithPath: directory + "/fake.json"))))
  }

  /// y_t is drawn given the made-up y_{t−1}, not given that of the data.
  @Test func seriesGoOnFromTheirOwnPast() async throws {
    let directory = try temporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let ran = await run("simulate walk --output - --truth \(directory)/truth.json")
    guard case .numbers(let y, _) = try json(ran)["y"] else {
      Issue.record("no series")
      return
    }
    let phi = try #require(try JSONReader.parse(Data(contentsOf: URL(fileURLWithPath: directory + "/truth.json")))["phi"]?.double)
    let residuals = zip(y, [1] + y).map { $0 - phi * $1 }
    // 40 residuals with sd 0.1: their root mean square within five standard errors.
    let scale = (residuals.reduce(0) { $0 + $1 * $1 } / 40).squareRoot()
    #expect(abs(scale - 0.1) < 5 * 0.1 / 80.0.squareRoot())
    #expect(y != (0..<40).map { 0.1 * Double($0) })
  }

  @Test func drawsGoToArviZsForm() async throws {
    let directory = try temporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    #expect(await run("simulate sound --draws 30 --draws-output \(directory)/p.json --quiet").code == 0)
    let root = try JSONReader.parse(Data(contentsOf: URL(fileURLWithPath: directory + "/p.json")))
    #expect(root.members?.keys == ["prior", "prior_predictive"] && root["prior"]?.members?.keys == ["slope", "noise"])
  }

  @Test(arguments: [
    ("simulate sound --draws 1", #"simulate: --draws expects a whole number from 2 to 100000000, not "1"."#),
    ("simulate sound --draws-output p.csv", #"simulate: --draws-output expects a name that ends in .json, not "p.csv"."#),
    ("simulate sound --output - --truth -", "simulate: --output and --truth cannot both go to standard output."),
    ("check sound --draws 3", #"check: --draws expects a whole number from 20 to 1000000, not "3"."#),
    ("check sound --rewrite a.swift", "check: --rewrite needs the file that sound is written in: give it with --source FILE."),
    ("check sound --output=", "check: --output expects a file, not an empty name."),
    ("check sound --batches 2", "check: the option --batches belongs to bench, not to check."),
    ("check sond", #"check: there is no model "sond"; the nearest is sound (credence models lists them all)."#),
  ]) func mistakes(line: String, message: String) async {
    let ran = await run(line)
    #expect(ran.notes == "credence: \(message)\n")
    #expect(ran.code == 2 && ran.output == "")
  }
}
