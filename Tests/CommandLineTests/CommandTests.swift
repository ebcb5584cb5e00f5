import CommandLine
import Foundation
import Reporting
import Testing

/// What commands do when nothing is wrong.
@Suite final class CommandTests: Sendable {
  private let directory: String

  init() throws { directory = try temporaryDirectory() }
  deinit { try? FileManager.default.removeItem(atPath: directory) }

  private func dataFile(_ directory: String, extra: String = "") throws -> String {
    let path = directory + "/data.json"
    try Data("{\"n\": 3, \"x\": [1, 2.5, 3], \"sigma\": 0.5\(extra)}".utf8).write(to: URL(fileURLWithPath: path))
    return path
  }

  @Test func withoutArguments() async {
    let ran = await credence([])
    #expect(ran.code == 2)
    #expect(ran.output == "")
    #expect(ran.notes.contains("credence infer MODEL [options]"))
  }

  @Test func helpAndVersion() async {
    for arguments in [["--help"], ["-h"], ["help"]] {
      let ran = await credence(arguments)
      #expect(ran.code == 0 && ran.notes == "" && ran.output.contains("credence summarize FILE…"))
    }
    for command in ["models", "describe", "infer", "summarize", "bench"] {
      let ran = await credence([command, "--help"])
      #expect(ran.code == 0 && ran.output.hasPrefix("usage: credence \(command)") && ran.notes == "")
      #expect(await credence(["help", command]).output == ran.output)
    }
    #expect(await credence(["--version"]).output.hasPrefix("credence \(Command.version)\n"))
  }

  @Test func models() async {
    let ran = await credence(["models"])
    #expect(ran.output == "coin-flips  heads and tails\nline        a straight line\nstubborn    never ends by itself\n")
  }

  @Test func describeWithoutDataNamesTheKeys() async {
    let ran = await credence(["describe", "line"])
    #expect(ran.code == 0)
    #expect(
      ran.output == """
        line: a straight line

        data
          key    type     shape
          n      integer
          x      real
          group  integer         optional
          sigma  real
          label  text            optional

        With --data FILE the sites and shapes are shown too.

        """)
  }

  @Test func describeWithData() async throws {
    let path = try dataFile(directory)
    let ran = await credence(["describe", "line", "--data", path])
    #expect(ran.output.contains("  slope  latent  Normal        []     real\n"))
    #expect(ran.output.contains("  x      real     [3]\n"))
    let json = try JSONReader.parse(Data(await credence(["describe", "line", "--data", path, "--json"]).output.utf8))
    #expect(json["sites"] != nil && json["dimension"] == 1)
  }

  @Test func resultKeepsTheContract() async throws {
    let path = try dataFile(directory)
    let ran = await credence(["infer", "line", "--data", path, "--output", directory + "/r.json", "--seed", "18446744073709551615"])
    #expect(ran.code == 0)
    #expect(ran.notes == "")
    let result = try JSONReader.parse(try Data(contentsOf: URL(fileURLWithPath: directory + "/r.json")))
    #expect(result.members?.keys == ["schema", "model", "data", "method", "variables", "diagnostics", "timing"])
    #expect(result["schema"] == "credence/posterior/1")
    #expect(result["data"]?["source"]?.text == path)
    #expect(result["data"]?["sha256"]?.text?.count == 64)
    #expect(result["method"]?.members?.keys.first == "name")
    #expect(result["method"]?["seed"] == "18446744073709551615")
    #expect(
      result["variables"]?["slope"]?.members?.keys == [
        "kind", "shape", "mean", "sd", "mcse_mean", "mcse_sd", "median", "quantiles", "ess_bulk", "ess_tail", "r_hat",
      ])
    #expect(result["variables"]?["slope"]?["quantiles"]?.members?.keys == ["0.05", "0.25", "0.5", "0.75", "0.95"])
    guard case .array(let rows) = result["variables"]?["effect"]?["mean"] else {
      Issue.record("the mean of effect is not nested")
      return
    }
    #expect(rows.count == 2)
    #expect(result["diagnostics"]?["null_reasons"]?["e_bfmi"] == "not defined")
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory).sorted() == ["data.json", "r.json"])
  }

  @Test func resultToStandardOutputIsAllThatIsThere() async throws {
    let ran = await credence(["infer", "line", "--data", "-", "--output", "-"], input: #"{"n": 1, "x": [1], "sigma": 1}"#)
    #expect(try JSONReader.parse(Data(ran.output.utf8))["data"]?["source"] == "standard input")
  }

  @Test func unusedKeysAreNamed() async throws {
    let path = try dataFile(directory, extra: ", \"weights\": [1], \"z\": 2")
    let ran = await credence(["infer", "line", "--data", path])
    #expect(ran.code == 0)
    #expect(ran.notes == "credence: warning: \(path): the model does not use the keys \"weights\", \"z\".\n")
    #expect(await credence(["infer", "line", "--data", path, "--quiet"]).notes == "")
  }

  @Test func failingVerdictIsThree() async {
    let ran = await credence(["infer", "coin-flips"])
    #expect(ran.code == 3)
    #expect(ran.output.hasSuffix("\nverdict: fail\n  The chains disagree. (r_hat_high)\n"))
  }

  @Test func interruptionKeepsWhatIsFinished() async throws {
    let recorder = Recorder()
    let console = recorder.console()
    let task = Task {
      await Command.run(
        arguments: ["infer", "stubborn", "--output", directory + "/r.json", "--progress", "json"], models: [StubbornModel()],
        console: console)
    }
    while recorder.streams.withLock({ $0.notes.isEmpty }) { await Task.yield() }
    task.cancel()
    #expect(await task.value == 130)
    let result = try JSONReader.parse(try Data(contentsOf: URL(fileURLWithPath: directory + "/r.json")))
    #expect(result["diagnostics"]?["interrupted"] == true)
    let ran = recorder.ran(130)
    #expect(ran.notes.hasPrefix(#"{"event":"progress","phase":"sampling","completed":5,"total":10,"#))
    #expect(ran.output.hasSuffix("interrupted: these are the draws that were finished.\n"))
  }

  @Test func bench() async throws {
    let path = try dataFile(directory)
    let ran = await credence(["bench", "line", "--data", path, "--batches", "7"])
    let json = try JSONReader.parse(Data(ran.output.utf8))
    guard case .array(let lanes) = json["value_and_gradient"] else {
      Issue.record("no lanes")
      return
    }
    #expect(lanes.map { $0["lanes"] } == [1, 8, 64])
    #expect(lanes[1]["minimum_per_lane"] == .number(0.03125) && lanes[0]["batches"] == 7)
  }

  @Test func drawsGoOutAndComeBack() async throws {
    let data = try dataFile(directory)
    let base = ["infer", "line", "--data", data, "--chains", "3", "--draws", "50", "--quiet"]
    let direct = await credence(base)
    #expect(await credence(base + ["--draws-output", directory + "/d.json"]).code == 0)
    #expect(await credence(base + ["--draws-output", directory + "/d.csv"]).code == 0)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: directory).sorted() == ["d.json", "d_1.csv", "d_2.csv", "d_3.csv", "data.json"])
    let fromJSON = await credence(["summarize", directory + "/d.json"])
    let fromCSV = await credence(["summarize"] + (1...3).map { "\(directory)/d_\($0).csv" })
    #expect(fromJSON.code == 0)
    #expect(fromCSV.output == fromJSON.output)
    // The rows are those of the fit itself; the verdict is the summary's own.
    #expect(fromJSON.output.split(separator: "\n").prefix(8) == direct.output.split(separator: "\n").prefix(8))
    #expect(await credence(base + ["--output", directory + "/r.json"]).code == 0)
    #expect(await credence(["summarize", directory + "/r.json"]).output == direct.output)
  }

  @Test func aProgramThatIsOneModelTakesNoName() async {
    let recorder = Recorder()
    let code = await Command.run(
      arguments: ["infer", "--method", "nuts"], model: CoinModel(), console: recorder.console(program: "/x/coin"))
    #expect(code == 3)
    let other = Recorder()
    #expect(await Command.run(arguments: ["infer", "coin-flips"], model: CoinModel(), console: other.console(program: "/x/coin")) == 2)
    #expect(other.ran(2).notes == "credence: infer: \"coin-flips\" is one argument too many; it takes options only.\n")
    let help = Recorder()
    #expect(await Command.run(arguments: ["--help"], model: CoinModel(), console: help.console(program: "/x/coin")) == 0)
    #expect(help.ran(0).output.contains("  coin infer [options]  "))
  }
}
