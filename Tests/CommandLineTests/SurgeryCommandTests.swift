import CommandLine
import Differentiation
import Distributions
import Foundation
import Modeling
import Reporting
import Testing

/// A normal mean and scale, with data of its own and a constant.
private struct Spot: ModelWithExample {
  let y: Tensor
  let width: Double
  static let summary = "a place and its spread"
  static var example: Spot { Spot(y: [1.2, 0.4, 2.3], width: 3) }

  func body(_ p: Program) throws -> (mu: Tensor, sigma: Tensor) {
    let mu = p.sample("mu", Normal(0, sd: width))
    let sigma = p.sample("sigma", HalfNormal(sd: 2))
    p.plate("rows", y.count) { i in p.observe("y", Normal(mu, sd: sigma), y[i]) }
    return (mu, sigma)
  }
}

private func run(_ line: String, input: String = "") async -> Ran {
  let recorder = Recorder()
  let console = recorder.console(input: Data(input.utf8))
  let arguments = line.split(separator: " ").map(String.init)
  return recorder.ran(await Command.run(arguments: arguments, models: [AnyRunnable(Spot.self)], console: console))
}

private func json(_ ran: Ran) throws -> JSONValue { try JSONReader.parse(Data(ran.output.utf8)) }

/// The options that change a model, from the command line to the result.
@Suite struct SurgeryCommandTests {
  @Test func aWrongValueIsBlamedOnTheOptionThatGaveIt() async throws {
    #expect(await run("infer spot --set width=[1,2]").notes == "credence: --set width: expected a number, found an array of numbers.\n")
    #expect(await run("infer spot --set y=[1,null]").notes.hasPrefix("credence: --set y[1]: expected a number, found null"))
  }

  @Test func describeShowsWhatWasDone() async throws {
    let done = try json(await run("describe spot --json --do mu=1"))
    #expect(done["dimension"] == 1)
    guard case .array(let sites) = done["sites"] else {
      Issue.record("no sites")
      return
    }
    #expect(sites.map { $0["role"]?.text } == ["intervened", "latent", "observed", "output"])
    let fixed = await run("describe spot --fix mu=1")
    #expect(fixed.output.contains("  mu     fixed     Normal"))
    let observed = await run("describe spot --observe mu=1")
    #expect(observed.output.contains("  mu     observed  Normal"))
    let dropped = await run("describe spot --drop-likelihood")
    #expect(!dropped.output.contains("observed"))
  }

  @Test func theResultRecordsTheSurgery() async throws {
    let ran = await run("infer spot --method map --fix sigma=2 --set width=10 --set y=[1,2,3,4] --output - --quiet")
    #expect(ran.code == 0 && ran.notes == "")
    let root = try json(ran)
    let surgery: JSONValue = .object(
      ("fix", .object(("sigma", 2))), ("set", .object(("width", 10), ("y", .numbers([1, 2, 3, 4], whole: true)))))
    #expect(root["method"]?["surgery"] == surgery)
    #expect(root["data"]?["source"] == "embedded")
    // Precision 4/4 + 1/100, mean 10/4 over it.
    #expect(abs(try #require(root["variables"]?["mu"]?["mode"]?.double) - 2.5 / 1.01) < 1e-6)
    #expect(try json(await run("infer spot --method map --output - --quiet"))["method"]?["surgery"] == nil)
  }

  /// A site that is held is no unknown: the verdict does not suffer from a variable that never moves.
  @Test func whatIsHeldHasNoSayInTheVerdict() async throws {
    let ran = await run("infer spot --fix mu=1.5 --output - --quiet")
    #expect(ran.code == 0)
    let root = try json(ran)
    #expect(root["diagnostics"]?["verdict"] == "ok")
    #expect(root["variables"]?["mu"]?["mean"] == 1.5 && root["variables"]?["mu"]?["sd"]?.double == 0)
    #expect(root["variables"]?["mu"]?["kind"] == "output" && root["variables"]?["sigma"]?["kind"] == "latent")
  }

  @Test func droppingTheLikelihoodSamplesThePrior() async throws {
    let root = try json(await run("infer spot --drop-likelihood --output - --quiet --seed 4"))
    // mu ~ N(0, 3); sigma half normal with sd 2: mean 2 √(2/π), sd 2 √(1 − 2/π). Five standard errors at a fixed seed.
    let expected: [(name: String, mean: Double, sd: Double)] = [
      ("mu", 0, 3), ("sigma", 2 * (2 / Double.pi).squareRoot(), 2 * (1 - 2 / Double.pi).squareRoot()),
    ]
    for (name, mean, sd) in expected {
      let found = try #require(root["variables"]?[name])
      #expect(abs(try #require(found["mean"]?.double) - mean) < 5 * (try #require(found["mcse_mean"]?.double)), "\(name)")
      #expect(abs(try #require(found["sd"]?.double) - sd) < 5 * (try #require(found["mcse_sd"]?.double)), "\(name)")
    }
    #expect(root["method"]?["surgery"]?["drop_likelihood"] == true)
  }

  /// With sigma held at 1.5 all is Gaussian, and the Laplace approximation has the evidence exactly.
  @Test func interveningOnARootChangesTheEvidenceOnly() async throws {
    let fixed = try json(await run("infer spot --method laplace --fix sigma=1.5 --output - --quiet"))
    let done = try json(await run("infer spot --method laplace --do sigma=1.5 --output - --quiet"))
    #expect(fixed["variables"]?["mu"] == done["variables"]?["mu"])
    let (one, other) = (
      try #require(fixed["diagnostics"]?["log_evidence"]?.double), try #require(done["diagnostics"]?["log_evidence"]?.double)
    )
    let density = log(2.0) - 0.5 * (1.5 / 2) * (1.5 / 2) - log(2.0) - 0.5 * log(2 * Double.pi)
    #expect(abs(one - other - density) < 1e-9)
  }

  @Test func predictionsSeeTheValue() async throws {
    let root = try json(await run("predict spot --do mu=100 --fix sigma=0.001 --draws 200 --output - --quiet"))
    guard case .numbers(let means, _) = root["variables"]?["y"]?["mean"] else {
      Issue.record("no predictions of y")
      return
    }
    #expect(means.allSatisfy { abs($0 - 100) < 0.01 })
    #expect(root["method"]?["surgery"]?["do"]?["mu"] == 100)
    let moved = try json(await run("predict spot --fix sigma=1 --gradient width --draws 200 --output - --quiet"))
    #expect(moved["variables"]?["y"]?["gradients"] != nil)
  }

  @Test func valuesComeFromFiles() async throws {
    let directory = try temporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    for (name, text) in [("one.json", "1.25"), ("keyed.json", #"{"z": 3, "mu": 1.25}"#), ("only.json", #"{"z": 1.25}"#)] {
      let path = directory + "/" + name
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))
      let root = try json(await run("infer spot --method map --observe mu=\(path) --output - --quiet"))
      #expect(root["method"]?["surgery"]?["observe"]?["mu"] == 1.25, "\(name)")
    }
    try Data(#"{"a": 3, "b": 1.25}"#.utf8).write(to: URL(fileURLWithPath: directory + "/two.json"))
    #expect(
      await run("infer spot --observe mu=\(directory)/two.json").notes
        == "credence: infer: --observe mu: \(directory)/two.json has no key \"mu\"; it has a and b.\n")
  }

  @Test(arguments: [
    ("--do mu", #"infer: --do expects SITE=VALUE, not "mu"."#),
    ("--do mu=", #"infer: --do expects SITE=VALUE, not "mu="."#),
    ("--do mu=one", #"infer: --do mu: expected a number, an array such as [1, 2.5], or a JSON file, not "one"."#),
    ("--do mu=nan", "infer: --do mu: nan is not a finite number."),
    ("--do mu=[1,[2]]", "infer: --do mu: [1]: expected a number as in its neighbours, found an array of 1 elements."),
    ("--do mu=[1,", "infer: --do mu: line 1, column 4: the file ends where a value was expected."),
    ("--do mu=./none.json", "infer: --do mu: there is no file ./none.json."),
    ("--do mu=1 --fix mu=2", #"infer: site "mu" has a value by --do and by --fix: it can have one."#),
    (
      "--observe mu=1 --drop-likelihood",
      "infer: --observe and --drop-likelihood contradict each other: what is observed would be dropped (--do sets a site to a value)."
    ),
    ("--do mi=1", #"a value is given for site "mi", and the model has no such site (did you mean "mu"?)"#),
    ("--set widht=1", "--set widht: the model reads no data of that name; the nearest is width."),
    ("--set q=1", "--set q: the model reads no data of that name; it reads y and width."),
    ("--set width=[1]", "--set width: expected a number, found an array of numbers."),
    ("--set width=wide", #"--set width: expected a number, found the string "wide"."#),
  ]) func mistakes(line: String, message: String) async {
    let ran = await run("infer spot \(line)")
    #expect(ran.notes == "credence: \(message)\n")
    #expect(ran.code == 2 && ran.output == "")
  }

  @Test func mistakesWithAPlaceInTheSource() async {
    func said(_ line: String) async -> String {
      await run("infer spot \(line)").notes.replacing(#/SurgeryCommandTests.swift:\d+: /#, with: "")
    }
    #expect(await said("--fix sigma=-1") == "credence: site \"sigma\": the value is -1.0, and the support is x ≥ 0\n")
    #expect(await said("--do mu=[1,2]") == "credence: site \"mu\": the value given for it has shape [2], and the site has shape []\n")
    #expect(
      await said("--fix y=1")
        == "credence: site \"y\": it is observed, and only a latent site can be held at a value; give it other data instead\n")
  }
}
