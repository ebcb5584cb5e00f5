import CommandLine
import Differentiation
import Distributions
import Foundation
import Modeling
import Reporting
import Testing

/// A straight line through the origin with data of its own.
private struct Slope: ModelWithExample {
  let x, y: Tensor
  static let summary = "a line through the origin"
  static var example: Slope { Slope(x: [1, 2, 3], y: [2.1, 3.9, 6.2]) }

  func body(_ p: Program) throws -> (slope: Tensor, twice: Tensor) {
    let slope = p.sample("slope", Normal(0, sd: 10))
    p.plate("points", x.count) { i in p.observe("y", Normal(slope * x[i], sd: 0.5), y[i]) }
    return (slope, 2 * slope)
  }
}

private func run(_ arguments: [String], input: String = "") async -> Ran {
  let recorder = Recorder()
  let console = recorder.console(input: Data(input.utf8))
  return recorder.ran(await Command.run(arguments: arguments, models: [AnyRunnable(Slope.self)], console: console))
}

private func result(_ ran: Ran) throws -> JSONValue { try JSONReader.parse(Data(ran.output.utf8)) }

@Suite("From a model to a result") struct EndToEndTests {
  /// Precision 0.01 + Σx²/0.25, mean (Σxy/0.25) over it.
  private let precision = 0.01 + 14 / 0.25
  private var mean: Double { (2.1 + 7.8 + 18.6) / 0.25 / precision }

  @Test func nuts() async throws {
    let ran = await run(["infer", "slope", "--output", "-", "--seed", "3", "--quiet"])
    #expect(ran.code == 0 && ran.notes == "")
    let root = try result(ran)
    #expect(root["schema"]?.text == "credence/posterior/1")
    #expect(root["data"]?["source"]?.text == "embedded")
    let slope = try #require(root["variables"]?["slope"])
    #expect(slope["kind"]?.text == "latent")
    #expect(root["variables"]?["twice"]?["kind"]?.text == "output")
    let error = try #require(slope["mcse_mean"]?.double)
    #expect(abs(try #require(slope["mean"]?.double) - mean) < 4 * error)
    #expect(abs(try #require(slope["sd"]?.double) * precision.squareRoot() - 1) < 0.1)
    #expect(try #require(slope["r_hat"]?.double) < 1.01)
    let method = try #require(root["method"]?.members)
    #expect(method["name"]?.text == "nuts" && method["seed"]?.double == 3)
    for key in ["chains", "warmup", "draws", "metric", "adaptation", "target_acceptance", "max_depth", "threads"] {
      #expect(method[key] != nil, "\(key)")
    }
    #expect(root["diagnostics"]?["verdict"]?.text == "ok")
    for key in ["divergences", "e_bfmi", "max_depth_hits", "step_size"] { #expect(root["diagnostics"]?[key] != nil, "\(key)") }
    let timing = try #require(root["timing"]?.members)
    for key in ["total_seconds", "compile_seconds", "sampling_seconds", "gradient_evaluations"] {
      #expect(try #require(timing[key]?.double) > 0, "\(key)")
    }
  }

  @Test(arguments: ["vi", "laplace"]) func guides(method: String) async throws {
    let ran = await run(["infer", "slope", "--method", method, "--output", "-", "--quiet"])
    #expect(ran.code == 0)
    let root = try result(ran)
    #expect(abs(try #require(root["variables"]?["slope"]?["mean"]?.double) - mean) < 4 / (4000 * precision).squareRoot())
    #expect(root["diagnostics"]?["elbo"]?["mcse"]?.double != nil)
    #expect(root["diagnostics"]?.members?["pareto_k"] != nil && root["diagnostics"]?["pareto_k_threshold"]?.double != nil)
  }

  @Test func mode() async throws {
    let ran = await run(["infer", "slope", "--method", "map", "--output", "-", "--quiet"])
    #expect(ran.code == 0)
    let root = try result(ran)
    #expect(abs(try #require(root["variables"]?["slope"]?["mode"]?.double) - mean) < 1e-6)
    #expect(root["variables"]?["slope"]?["mean"] == nil)
  }

  @Test func dataFromAFile() async throws {
    let ran = await run(
      ["infer", "slope", "--data", "-", "--output", "-", "--method", "map"], input: "{\"x\": [1], \"y\": [5], \"z\": 1}")
    #expect(ran.code == 0)
    #expect(ran.notes == "credence: warning: standard input: the model does not use the key \"z\".\n")
    #expect(abs(try #require(try result(ran)["variables"]?["slope"]?["mode"]?.double) - 20 / 4.01) < 1e-6)
  }

  @Test func theSameSeedGivesTheSameResult() async throws {
    func variables(_ arguments: [String]) async throws -> JSONValue? {
      try result(await run(["infer", "slope", "--output", "-", "--quiet"] + arguments))["variables"]
    }
    let one = try await variables(["--threads", "1", "--seed", "5"])
    #expect(try await variables(["--threads", "2", "--seed", "5"]) == one)
    #expect(try await variables(["--threads", "2", "--seed", "6"]) != one)
  }

  @Test func mistakesOfTheModelAndOfTheCommandLine() async {
    let estimator = await run(["infer", "slope", "--method", "vi", "--estimator", "slope=stick"])
    #expect(estimator.code == 2)
    #expect(
      estimator.notes.hasPrefix("credence: --estimator slope=stick: a Gaussian guide has closed-form-entropy or sticking-the-landing"))
    let minibatch = await run(["infer", "slope", "--method", "vi", "--minibatch", "point=2"])
    #expect(minibatch.code == 2)
    #expect(
      minibatch.notes
        == "credence: a minibatch is asked for plate \"point\", and the model has no such plate (did you mean \"points\"?)\n")
    let shape = await run(["infer", "slope", "--data", "-"], input: "{\"x\": [1, 2], \"y\": [5]}")
    #expect(shape.code == 2)
    #expect(shape.notes.hasPrefix("credence: EndToEndTests.swift:"))
    let site = await run(["infer", "slope", "--method", "vi", "--estimator", "slop=closed-form-entropy"])
    #expect(site.code == 2)
    #expect(site.notes == "credence: --estimator slop=closed-form-entropy: the model has no site \"slop\"; the nearest is slope.\n")
  }

  @Test func describeAndBench() async throws {
    let described = await run(["describe", "slope", "--json"])
    #expect(described.code == 0)
    let root = try result(described)
    #expect(root["dimension"]?.double == 1)
    guard case .array(let sites) = root["sites"] else {
      Issue.record("no sites")
      return
    }
    #expect(sites.map { $0["name"]?.text } == ["slope", "y", "twice"])
    #expect(sites.map { $0["role"]?.text } == ["latent", "observed", "output"])
    let timed = await run(["bench", "slope", "--batches", "2"])
    #expect(timed.code == 0)
    guard case .array(let lanes) = try result(timed)["value_and_gradient"] else {
      Issue.record("no times")
      return
    }
    #expect(lanes.map { $0["lanes"]?.double } == [1, 8, 64])
    #expect(lanes.allSatisfy { ($0["minimum"]?.double ?? 0) > 0 })
  }
}
