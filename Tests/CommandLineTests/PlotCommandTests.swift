import CommandLine
import Foundation
import Reporting
import Testing

/// `plot`, `report` and `graph`: files, exit codes and sentences.
@Suite final class PlotCommandTests: Sendable {
  private let directory: String

  init() throws {
    directory = try temporaryDirectory()
    try Data(#"{"n": 3, "x": [1, 2.5, 3], "sigma": 0.5}"#.utf8).write(to: URL(fileURLWithPath: directory + "/data.json"))
  }
  deinit { try? FileManager.default.removeItem(atPath: directory) }

  private func path(_ name: String) -> String { directory + "/" + name }
  private func text(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }

  /// A result and draws, in JSON and in CSV.
  private func fit() async throws {
    for draws in ["d.json", "d.csv"] {
      let ran = await credence([
        "infer", "line", "--data", path("data.json"), "--quiet", "--chains", "2", "--output", path("r.json"), "--draws-output", path(draws),
      ])
      #expect(ran.code == 0 && ran.notes == "")
    }
  }

  @Test func plotsOfAllForms() async throws {
    try await fit()
    for kind in ["trace", "rank", "density", "forest", "pairs", "autocorrelation", "ess", "parallel"] {
      for files in [["d.json"], ["d_1.csv", "d_2.csv"], ["r.json", "d.json"]] {
        let ran = await credence(["plot", kind] + files.map(path) + ["-o", path("x.svg")])
        #expect(ran.code == 0 && ran.output == "" && ran.notes == "", "\(kind) \(files): \(ran.notes)")
        let svg = try text("x.svg")
        #expect(svg.hasPrefix("<svg ") && svg.hasSuffix("</svg>\n"))
      }
    }
    // Equal draws in JSON and CSV make equal bytes.
    let json = await credence(["plot", "trace", path("d.json")])
    let csv = await credence(["plot", "trace", path("d_1.csv"), path("d_2.csv"), "--output", "-"])
    #expect(json.output == csv.output && json.output.contains(">effect[1, 2]<"))
    let one = await credence(["plot", "trace", path("d.json"), "--variable", "effect[1, 2]"])
    #expect(one.output.contains(">effect[1, 2]<") && !one.output.contains(">slope<"))
    let forest = await credence(["plot", "forest", path("r.json")])
    #expect(forest.code == 0 && forest.output.contains(">slope<"))
  }

  @Test func reportOfAllForms() async throws {
    try await fit()
    for files in [["d.json"], ["r.json"], ["d_2.csv", "r.json", "d_1.csv"]] {
      let ran = await credence(["report"] + files.map(path) + ["--output", path("x.html")])
      #expect(ran.code == 0 && ran.output == "" && ran.notes == "", "\(files): \(ran.notes)")
      let page = try text("x.html")
      #expect(page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n") && page.utf8.count < 2_000_000)
      #expect(!page.contains("http:") && !page.contains("https:"))
    }
    let ran = await credence(["report", path("r.json"), path("d.json"), "--variable", "slope"])
    #expect(ran.code == 0 && ran.output.contains("line: posterior") && ran.output.contains("id=\"trace\""))
  }

  @Test func wrongInputs() async throws {
    try await fit()
    try Data(#"{"schema": "credence/prediction/1", "variables": {}}"#.utf8).write(to: URL(fileURLWithPath: path("p.json")))
    try Data(#"{"observed_data": {"y": [[1, 2], [3]]}, "posterior": {"x": [[1]]}}"#.utf8).write(
      to: URL(fileURLWithPath: path("ragged.json")))
    let kinds = "trace, rank, density, forest, pairs, energy, autocorrelation, ess, elbo, parallel, ppc"
    let cases: [(String, String)] = [
      ("plot", "plot: which kind of plot? There are \(kinds) and loo-pit."),
      ("plot trace", "plot: which files? Give results, or draws in JSON or CSV."),
      ("plot tarce {dir}/d.json", "plot: KIND expects \(kinds) or loo-pit, not \"tarce\"; the nearest is trace."),
      (
        "plot {dir}/d.json",
        "plot: KIND expects \(kinds) or loo-pit, not \"{dir}/d.json\".\ncredence: plot: which files? Give results, or draws in JSON or CSV."
      ),
      ("plot trace {dir}/r.json", "plot: a trace needs draws, and there is only a result: infer --draws-output FILE writes them."),
      ("plot trace {dir}/something-else", "there is no file {dir}/something-else."),
      (
        "plot trace {dir}/data.json",
        "{dir}/data.json holds neither a result (credence/posterior/1) nor draws (an object with \"posterior\")."
      ),
      ("plot trace {dir}/d.json {dir}/d.json", "{dir}/d.json and {dir}/d.json both hold draws: the files must be those of one fit."),
      ("plot trace {dir}/d.json {dir}/d_1.csv", "{dir}/d.json and {dir}/d_1.csv both hold draws: the files must be those of one fit."),
      ("plot trace {dir}/d.json --variable slop", "plot: --variable: there is no variable \"slop\"; the nearest is slope."),
      (
        "plot trace {dir}/d.json --variable effect[9]",
        "plot: --variable effect[9]: effect has the shape [2, 3], with elements counted from 0."
      ),
      (
        "plot energy {dir}/d.json",
        "plot: the draws have no energies: those of Hamiltonian samplers have (infer --method nuts --draws-output FILE)."
      ),
      ("plot elbo {dir}/r.json", "plot: the result has no trace of an objective (nuts): results of infer --method vi have one."),
      ("plot trace {dir}/p.json", "plot: a prediction has no draws to plot; predict --draws-output FILE writes some."),
      (
        "plot ppc {dir}/ragged.json",
        "{dir}/ragged.json: observed_data.y[1]: the array is ragged: this part has the shape [1], the first has [2]."
      ),
      ("plot trace {dir}/d.json -o {dir}/d.json", "plot: --output would overwrite {dir}/d.json, which is read."),
      ("plot trace {dir}/d.json -o {dir}/no/x.svg", "{dir}/no/x.svg cannot be written: there is no directory {dir}/no."),
      ("plot trace - -", "plot: standard input (-) can be read once only."),
      ("report", "report: which files? Give results, or draws in JSON or CSV."),
      ("report {dir}/r.json --data {dir}/data.json", "report: --data belongs to --model MODEL."),
      ("report {dir}/r.json --model lin", "report: there is no model \"lin\"; the nearest is line (credence models lists them all)."),
      ("report {dir}/d.json --variable nothing", "report: --variable: there is no variable \"nothing\"."),
      (
        "report {dir}/r.json --model line",
        "line needs data: give it with --data FILE, a JSON object with n (integer), x (real), group (integer, optional), sigma (real), label (text, optional)."
      ),
      ("graph", "graph: which model? Give the name of a built-in model or a Swift file."),
      ("graph coin-flips -o {dir}/g.png", "graph: --output expects a name that ends in .svg or .dot, not \"{dir}/g.png\"."),
      ("graph coin-flips", "coin-flips has no graph to show."),
    ]
    for (arguments, message) in cases {
      let ran = await credence(arguments.split(separator: " ").map { String($0).replacing("{dir}", with: directory) })
      #expect(ran.notes == "credence: " + message.replacing("{dir}", with: directory) + "\n", "\(arguments)")
      #expect(ran.code == 2 && ran.output == "", "\(arguments)")
    }
  }

  @Test func aModelFileBecomesTheProgramThatWritesTheReport() async throws {
    let file = path("fit.swift")
    try Data("import Credence\n@main struct Fit { static func main() {} }\n".utf8).write(to: URL(fileURLWithPath: file))
    let ran = await credence(
      ["report", "r.json", "--model", file, "-o", path("x.html")], variables: compilerVariables(directory), program: credenceProgram)
    #expect(ran.notes == "" && ran.started.first.map { Array($0.dropFirst()) } == ["report", "r.json", "-o", path("x.html")])
  }
}
