import Foundation
import Inference
import Modeling
import Reporting
import Synchronization
import Testing

@Suite struct ReportTests {
  @Test func checksums() {
    // FIPS 180-4 examples and the million a's of NIST's test vectors.
    #expect(SHA256.hexadecimal(Data()) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(SHA256.hexadecimal(Data("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      SHA256.hexadecimal(Data("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8))
        == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    #expect(
      SHA256.hexadecimal(Data(repeating: UInt8(ascii: "a"), count: 1_000_000))
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test func nearestNames() {
    let names = ["eight-schools", "kidiq-kidscore_interaction", "vae", "radon"]
    #expect(NearestName.find("eigth-schools", among: names) == "eight-schools")
    #expect(NearestName.find("Eight_Schools", among: names) == "eight-schools")
    #expect(NearestName.find("eight", among: names) == "eight-schools")
    #expect(NearestName.find("raodn", among: names) == "radon")
    #expect(NearestName.find("x", among: names) == nil)
    #expect(NearestName.find("zzzzzz", among: names) == nil)
    #expect(NearestName.find("", among: names) == nil)
  }

  static let document = ResultDocument(
    modelName: "m", modelVersion: "1", data: .init(source: "d.json", sha256: "00"), method: JSONObject([("name", "nuts"), ("seed", 1)]),
    variables: [
      VariableReport(
        name: "mu", kind: .latent, shape: [],
        statistics: [("mean", [4.40625]), ("sd", [3.3]), ("mcse_mean", [0.05]), ("median", [4.4]), ("r_hat", [.nan])],
        quantiles: [(0.05, [-1]), (0.95, [9.87654])]),
      VariableReport(
        name: "theta", kind: .output, shape: [2, 2],
        statistics: [
          ("mean", [1, 2, 3, 1e6]), ("sd", [1, 1, 1, 1e5]), ("mcse_mean", [0.001, 0.02, 0, 2000]), ("median", [1, 2, 3, 4]),
          ("r_hat", [1, .nan, 1, .infinity]),
        ],
        quantiles: [(0.05, [0, 0, 0, 0]), (0.95, [1, 1, 1, 1])]),
    ], verdict: Verdict([.init(code: "c", severity: .caution, text: "Careful.")]), diagnostics: JSONObject([("divergences", 0)]),
    timing: JSONObject([("total_seconds", 0.5)]))

  @Test func resultsComeBack() throws {
    var document = Self.document
    document.variables[0].statistics.removeLast()
    document.variables[1].statistics.removeLast()
    #expect(try ResultDocument(JSONReader.parse(document.json)) == document)
  }

  @Test func nullsHaveReasons() throws {
    var document = Self.document
    document.variables[0].gaps = ["all draws are equal"]
    let variables = try JSONReader.parse(document.json)["variables"]
    #expect(variables?["mu"]?["r_hat"] == .null)
    #expect(variables?["mu"]?["null_reasons"]?["r_hat"] == "all draws are equal")
    #expect(variables?["theta"]?["null_reasons"]?["r_hat"] == "[0, 1]: not defined; [1, 1]: infinite")
  }

  @Test func tableShowsDigitsThatMean() {
    #expect(
      SummaryTable(Self.document).text == """
                        mean      sd    mcse  median    5 %   95 %  r_hat
        mu              4.41    3.30   0.050    4.40  -1.00   9.88      –
        theta[0, 0]    1.000   1.000  0.0010   1.000  0.000  1.000  1.000
        theta[0, 1]     2.00    1.00   0.020    2.00   0.00   1.00      –
        theta[1, 0]     3.00    1.00       0    3.00   0.00   1.00  1.000
        theta[1, 1]  1000000  100000    2000       4      0      1      –

        verdict: caution
          Careful. (c)

        """)
    #expect(
      SummaryTable(Self.document, colors: true, limit: 2).text.contains("theta: 2 more elements\n\nverdict: \u{1B}[33mcaution\u{1B}[0m\n"))
  }

  @Test func digits() {
    #expect(NumberText.upTo(error: 0.05, spread: 3, 4.40625) == "4.41")
    #expect(NumberText.upTo(error: 0.0012, spread: 0.05, -0.123456) == "-0.123")
    #expect(NumberText.upTo(error: 2000, spread: 1e5, 1_234_567) == "1234567")
    #expect(NumberText.upTo(error: nil, spread: 2, 4.40625) == "4.41")
    #expect(NumberText.upTo(error: nil, spread: nil, 4.40625) == "4.406")
    #expect(NumberText.upTo(error: 1e-9, spread: 1e-8, 1.23456e-7) == "1.23e-07")
    #expect(NumberText.upTo(error: 0.1, spread: 1, .nan) == "–")
    #expect(NumberText.significant(0.04567, 2) == "0.046" && NumberText.significant(0, 2) == "0")
    #expect(NumberText.duration(7) == "0:07" && NumberText.duration(3725) == "1:02:05")
  }

  @Test func aVerdictIsReadBackWithTheWeightOfItsReasons() throws {
    func read(_ diagnostics: String) throws -> Verdict {
      let text = #"{"schema": "credence/posterior/1", "variables": {}, "diagnostics": \#(diagnostics)}"#
      return try ResultDocument(JSONReader.parse(Data(text.utf8))).verdict
    }
    #expect(
      try read(#"{"verdict": "caution", "reasons": [{"code": "c", "severity": "caution", "text": "Careful."}]}"#)
        == Verdict([.init(code: "c", severity: .caution, text: "Careful.")]))
    // A reason that names no weight has the verdict's.
    #expect(try read(#"{"verdict": "fail", "reasons": [{"code": "c", "text": "No."}]}"#).reasons[0].severity == .fail)
    #expect {
      _ = try read(#"{"verdict": "fail", "reasons": []}"#)
    } throws: { "\($0)".contains("it is fail, and the gravest of its reasons is ok") }
  }

  @Test func cmdStanColumnsRunFirstIndexFastest() throws {
    let set = DrawSet(
      chains: 1, drawsPerChain: 1,
      variables: [VariableDraws(name: "b", kind: .latent, shape: [2, 3], values: [[11, 12, 13, 21, 22, 23]])],
      sampleStats: [
        "lp": [[-1.5]], "energy": [[2]], "diverging": [[1]], "tree_depth": [[3]], "n_steps": [[7]], "step_size": [[0.25]],
        "acceptance_rate": [[0.9]],
      ])
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("credence-\(UUID().uuidString).csv").path
    try DrawsFiles(path: path, chains: 1).write(set, Self.document)
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
    #expect(
      lines == [
        "lp__,accept_stat__,stepsize__,treedepth__,n_leapfrog__,divergent__,energy__,b.1.1,b.2.1,b.1.2,b.2.2,b.1.3,b.2.3",
        "-1.5,0.9,0.25,3,7,1,2.0,11.0,21.0,12.0,22.0,13.0,23.0",
      ])
    let back = try DrawsCSV.decode(Data(text.utf8))
    #expect(back.variables[0].values == set.variables[0].values && back.sampleStats == set.sampleStats)
    try FileManager.default.removeItem(atPath: path)
  }

  @Test func savedWarmupIsLeftOut() throws {
    let text = "# num_warmup = 2 (Default)\n# save_warmup = true\nlp__,a\n# Adaptation terminated\n1,1\n1,2\n1,3\n1,4\n"
    #expect(try DrawsCSV.decode(Data(text.utf8)).variables[0].values == [[3, 4]])
    // Every second one of iterations 0, 1, 2 is two of the warmup.
    let thinned = text.replacing("num_warmup = 2", with: "thin = 2\n# num_warmup = 3")
    #expect(try DrawsCSV.decode(Data(thinned.utf8)).variables[0].values == [[3, 4]])
  }

  @Test func drawsJSONIsShapedLikeInferenceData() throws {
    let set = DrawSet(
      chains: 2, drawsPerChain: 2,
      variables: [
        VariableDraws(name: "a", kind: .latent, shape: [], values: [[1, 2], [3, .nan]]),
        VariableDraws(name: "b", kind: .latent, shape: [2], values: [[1, 2, 3, 4], [5, 6, 7, 8]]),
      ], sampleStats: ["diverging": [[0, 1], [0, 0]], "n_steps": [[3, 7], [1, 1]]])
    let text = String(decoding: DrawsJSON.encode(set), as: UTF8.self)
    #expect(
      text
        == #"{"posterior":{"a":[[1.0,2.0],[3.0,null]],"b":[[[1.0,2.0],[3.0,4.0]],[[5.0,6.0],[7.0,8.0]]]},"sample_stats":{"diverging":[[false,true],[false,false]],"n_steps":[[3,7],[1,1]]}}"#
        + "\n")
    let back = try DrawsJSON.decode(JSONReader.parse(Data(text.utf8)))
    #expect(back.variables[1].values == set.variables[1].values && back.sampleStats == set.sampleStats)
    #expect(back.variables[0].values[1][1].isNaN)
  }

  @Test func verdictOfDraws() {
    func judge(_ rHat: Double, _ ess: Double, diverging: Double = 0) -> Verdict {
      let variable = VariableReport(
        name: "v", kind: .latent, shape: [2],
        statistics: [("ess_bulk", [1000, ess]), ("ess_tail", [1000, 1000]), ("r_hat", [.nan, rHat])],
        quantiles: [])
      var set = DrawSet(chains: 4, drawsPerChain: 1000, variables: [], sampleStats: [:])
      set.sampleStats["diverging"] = [[0, diverging], [0, 0]]
      return DrawsVerdict.judge(set, [variable])
    }
    #expect(judge(1.009, 400) == Verdict())
    let caution = judge(1.02, 399, diverging: 1)
    #expect(caution.verdict == .caution && caution.reasons.map(\.code) == ["r_hat", "ess_bulk", "divergences"])
    #expect(caution.reasons[0].text == "R-hat is 1.02, above 1.01 (worst: v[1]): the chains have not mixed. Run longer, or reparameterize.")
    #expect(judge(1.2, 1000).verdict == .fail)
    #expect(judge(1, 30).verdict == .fail)
  }
}

@Suite struct OutputTests {
  private func directory() throws -> String {
    let url = FileManager.default.temporaryDirectory.resolvingSymlinksInPath().appendingPathComponent("credence-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url.path
  }

  @Test func filesAppearWholeOrNotAtAll() throws {
    let directory = try directory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let path = directory + "/r.json"
    func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: directory).sorted() }
    func write() throws {
      let file = try OutputFile(path: path)
      #expect(try names() == [".r.json.lock"])
      struct Broken: Error {}
      #expect(throws: Broken.self) {
        try file.write { append in
          try append(Data("half".utf8))
          throw Broken()
        }
      }
      #expect(try names() == [".r.json.lock"])
      try file.write(Data("first".utf8))
      try file.write(Data("second".utf8))
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "second")
    }
    try write()
    #expect(try names() == ["r.json"])
  }

  @Test func whatAKilledProcessLeftGoesWithTheNextRun() throws {
    let directory = try directory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    for name in [".r.json.part", ".r.json.lock"] { try Data("4194305\n".utf8).write(to: URL(fileURLWithPath: directory + "/" + name)) }
    try OutputFile(path: directory + "/r.json").write(Data("new".utf8))
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["r.json"])
  }

  @Test func oneFileHasOneWriterAtATime() throws {
    let directory = try directory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    // Names that leave room for a hidden one beside them, and one that does not.
    for name in ["r.json", String(repeating: "é", count: 127)] {
      let path = directory + "/" + name
      let first = try OutputFile(path: path)
      #expect(throws: FileError("\(path) would be written twice by this run: choose another name.")) { try OutputFile(path: path) }
      try first.write(Data("whole".utf8))
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "whole")
    }
    // Several chains: each file has its name while it is written only.
    func hold() throws {
      let chains = try DrawsFiles(path: directory + "/d.csv", chains: 2)
      #expect(throws: FileError.self) { try DrawsFiles(path: directory + "/d.csv", chains: 3) }
      withExtendedLifetime(chains) {}
    }
    try hold()
    _ = try DrawsFiles(path: directory + "/d.csv", chains: 3)
  }

  @Test func whatCannotBeWrittenIsPutElsewhere() throws {
    // The device that is always full.
    guard FileManager.default.fileExists(atPath: "/dev/full") else { return }
    do {
      try OutputFile(path: "/dev/full").write(Data("all of it".utf8))
      Issue.record("the full device took it")
    } catch let error as FileError {
      let (start, end) = ("/dev/full cannot be written: no space left on device; what it was to hold is in ", " instead.")
      #expect(error.description.hasPrefix(start) && error.description.hasSuffix(end))
      let place = String(error.description.dropFirst(start.count).dropLast(end.count))
      #expect(try String(contentsOfFile: place, encoding: .utf8) == "all of it")
      try FileManager.default.removeItem(at: URL(fileURLWithPath: place).deletingLastPathComponent())
    }
  }

  @Test func linksStayLinks() throws {
    let directory = try directory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try Data("old".utf8).write(to: URL(fileURLWithPath: directory + "/real.json"))
    try FileManager.default.createSymbolicLink(atPath: directory + "/link.json", withDestinationPath: "real.json")
    try OutputFile(path: directory + "/link.json").write(Data("new".utf8))
    #expect(try String(contentsOfFile: directory + "/real.json", encoding: .utf8) == "new")
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: directory + "/link.json") == "real.json")
  }

  @Test func devicesAreNotReplaced() throws {
    try OutputFile(path: "/dev/null").write(Data("gone".utf8))
    let type = try FileManager.default.attributesOfItem(atPath: "/dev/null")[.type] as? FileAttributeType
    #expect(type == .typeCharacterSpecial)
  }

  private final class Clock: Sendable {
    let time = Mutex(0.0)
    let written = Mutex<[String]>([])
  }

  private func display(_ style: ProgressDisplay.Style) -> (ProgressDisplay, Clock) {
    let clock = Clock()
    let display = ProgressDisplay(
      style: style, write: { text in clock.written.withLock { $0.append(text) } }, clock: { clock.time.withLock { $0 } })
    return (display, clock)
  }

  @Test func plainLinesComeSeldom() {
    let (display, clock) = display(.plain)
    for second in 0..<12 {
      clock.time.withLock { $0 = Double(second) }
      display.show(
        ProgressEvent(
          phase: "sampling", completed: second * 100, total: 2000, measures: [.init("divergences", 0), .init("step_size", 0.25)]))
    }
    display.finish()
    #expect(
      clock.written.withLock { $0 } == [
        "sampling  25 %  500/2000  100/s  0:15 left  step size 0.25\n", "sampling  50 %  1000/2000  100/s  0:10 left  step size 0.25\n",
      ])
  }

  @Test func aTerminalHasOneLine() {
    let (display, clock) = display(.line(width: 30))
    display.show(ProgressEvent(phase: "sampling", completed: 0, total: 2000))
    clock.time.withLock { $0 = 0.05 }
    display.show(ProgressEvent(phase: "sampling", completed: 10, total: 2000))
    clock.time.withLock { $0 = 1 }
    display.show(ProgressEvent(phase: "sampling", completed: 1000, total: 2000))
    display.finish()
    display.finish()
    #expect(
      clock.written.withLock { $0 } == ["\rsampling  0 %  0/2000\u{1B}[K", "\rsampling  50 %  1000/2000\u{1B}[K", "\r\u{1B}[K"])
  }

  @Test func eventsAreJSONAndTheLastIsKept() throws {
    let (display, clock) = display(.json)
    display.show(ProgressEvent(phase: "optimizing", completed: 1, total: 0, measures: [.init("elbo", -3.5)]))
    clock.time.withLock { $0 = 0.1 }
    display.show(ProgressEvent(phase: "optimizing", completed: 2, total: 0))
    display.finish()
    let events = try clock.written.withLock { $0 }.map { try JSONReader.parse(Data($0.utf8)) }
    #expect(events.count == 2)
    #expect(events[0]["elbo"] == -3.5 && events[0]["total"] == .null)
    #expect(events[1]["completed"] == 2 && events[1]["rate_per_second"] == 10.0)
  }
}
