import CommandLine
import Differentiation
import Distributions
import Foundation
import Modeling
import Reporting
import Testing

/// A line through the origin with data of its own.
private struct Slope: ModelWithExample {
  let x, y: Tensor
  static let summary = "a line through the origin"
  static var example: Slope { Slope(x: [1, 2, 3], y: [2.1, 3.9, 6.2]) }

  func body(_ p: Program) throws -> Tensor {
    let slope = p.sample("slope", Normal(0, sd: 10))
    let scale = p.sample("scale", HalfNormal(sd: 1))
    p.plate("points", x.count) { i in p.observe("y", Normal(slope * x[i], sd: scale + 0.1), y[i]) }
    return slope
  }
}

/// Another model over the same data.
private struct Level: ModelWithExample {
  let x, y: Tensor
  static let summary = "a level"
  static var example: Level { Level(x: [1, 2, 3], y: [2.1, 3.9, 6.2]) }

  func body(_ p: Program) throws -> Tensor {
    let level = p.sample("level", Normal(0, sd: 10))
    p.plate("points", y.count) { i in p.observe("y", Normal(level, sd: 0.5), y[i]) }
    return level
  }
}

private func run(_ words: String, in directory: String) async -> Ran {
  let recorder = Recorder()
  let arguments = words.split(separator: " ").map { String($0).replacing("{dir}", with: directory) }
  let models: [any RunnableModel] = [AnyRunnable(Slope.self), AnyRunnable(Level.self)]
  return recorder.ran(await Command.run(arguments: arguments, models: models, console: recorder.console()))
}

/// A directory that is gone after the test.
private func inDirectory(_ body: (String) async throws -> Void) async throws {
  let directory = try temporaryDirectory()
  defer { try? FileManager.default.removeItem(atPath: directory) }
  try await body(directory)
}

private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

/// A result without what a clock says.
private func result(_ path: String) throws -> JSONValue {
  guard case .object(var root) = try JSONReader.parse(bytes(path)) else { return .null }
  root["timing"] = nil
  return .object(root)
}

private func write(_ text: String, _ path: String) throws { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) }

@Suite("Long runs from the command line") struct LongRunTests {
  private static let chains = "--chains 2 --warmup 100 --draws 200 --seed 3 --quiet"

  @Test("a finished run is extended to the bytes of a longer one") func extended() async throws {
    try await inDirectory { directory in
      let first = await run(
        "infer slope \(Self.chains) --checkpoint {dir}/run --output {dir}/a.json --draws-output {dir}/a.csv", in: directory)
      #expect(first.notes == "" && [0, 3].contains(first.code))
      // The options, and where results go, are those the run was started with.
      let second = await run("infer slope --resume {dir}/run --extend 150 --quiet", in: directory)
      #expect(second.notes == "" && [0, 3].contains(second.code))
      let whole = await run(
        "infer slope --chains 2 --warmup 100 --draws 350 --seed 3 --quiet --output {dir}/b.json --draws-output {dir}/b.csv", in: directory)
      #expect(whole.notes == "")
      #expect(try result(directory + "/a.json") == result(directory + "/b.json"))
      for chain in [1, 2] {
        let rows = try ["a", "b"].map { name in
          String(decoding: try bytes("\(directory)/\(name)_\(chain).csv"), as: UTF8.self).split(separator: "\n").filter {
            !$0.contains("Elapsed")
          }
        }
        #expect(rows[0] == rows[1])
      }
      // And once more, from where it is now.
      let third = await run("infer slope --resume {dir}/run --extend 1 --quiet", in: directory)
      #expect(third.notes == "")
      #expect(try result(directory + "/a.json")["method"]?["draws"]?.double == 351)
    }
  }

  @Test("one chain of several has its bits, and merged they are the run") func merged() async throws {
    try await inDirectory { directory in
      let settings = "--warmup 100 --draws 200 --seed 3 --quiet"
      _ = await run("infer slope --chains 3 \(settings) --output {dir}/all.json --draws-output {dir}/all.json.csv", in: directory)
      for chain in 1...3 {
        let ran = await run(
          "infer slope --chains 3 --chain-id \(chain) \(settings) --output {dir}/r\(chain).json --draws-output {dir}/c\(chain).csv",
          in: directory)
        #expect(ran.notes == "")
      }
      let ran = await run(
        "merge {dir}/c3.csv {dir}/c1.csv {dir}/c2.csv --output {dir}/merged.json --draws-output {dir}/merged.csv", in: directory)
      #expect(ran.notes == "" && [0, 3].contains(ran.code))
      let (all, merged) = (try result(directory + "/all.json"), try result(directory + "/merged.json"))
      for name in ["slope", "scale"] {
        for key in ["mean", "sd", "mcse_mean", "median", "ess_bulk", "ess_tail", "r_hat"] {
          #expect(merged["variables"]?[name]?[key] == all["variables"]?[name]?[key], "\(name) \(key)")
        }
      }
      #expect(merged["diagnostics"]?["e_bfmi"] == all["diagnostics"]?["e_bfmi"])
      #expect(merged["diagnostics"]?["verdict"] == all["diagnostics"]?["verdict"])
      #expect(merged["data"]?["sha256"] == all["data"]?["sha256"])
      for key in ["name", "seed", "chains", "draws", "warmup", "metric"] {
        #expect(merged["method"]?[key] == all["method"]?[key], "\(key)")
      }
      let rows = try ["all.json_2.csv", "merged_2.csv"].map { name in
        String(decoding: try bytes("\(directory)/\(name)"), as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("#") }
      }
      #expect(rows[0] == rows[1])
    }
  }

  @Test("what does not belong together is not merged") func notMerged() async throws {
    try await inDirectory { directory in
      let settings = "--warmup 50 --draws 50 --quiet --chains 2 --chain-id"
      _ = await run("infer slope \(settings) 1 --draws-output {dir}/a.csv --output {dir}/a.json", in: directory)
      _ = await run("infer slope \(settings) 1 --draws-output {dir}/again.csv --output {dir}/x.json", in: directory)
      _ = await run("infer slope \(settings) 2 --seed 5 --draws-output {dir}/seed.csv --output {dir}/x.json", in: directory)
      _ = await run("infer level \(settings) 2 --draws-output {dir}/level.csv --output {dir}/x.json", in: directory)
      _ = await run("infer slope \(settings) 2 --max-depth 5 --draws-output {dir}/depth.csv --output {dir}/x.json", in: directory)
      try write(#"{"x": [1, 2], "y": [2, 4]}"#, directory + "/data.json")
      _ = await run("infer slope \(settings) 2 --data {dir}/data.json --draws-output {dir}/data.csv --output {dir}/x.json", in: directory)
      let cases = [
        ("again", "{dir}/a.csv and {dir}/again.csv both hold chain 1: the same draws would count twice."),
        ("seed", "{dir}/seed.csv does not belong to {dir}/a.csv: the seed is 1 there and 5 here."),
        ("level", "{dir}/level.csv does not belong to {dir}/a.csv: the model is slope there and level here."),
        ("depth", "{dir}/depth.csv does not belong to {dir}/a.csv: the max_depth is 10 there and 5 here."),
      ]
      for (name, message) in cases {
        let ran = await run("merge {dir}/a.csv {dir}/\(name).csv", in: directory)
        #expect(ran.notes == "credence: \(message.replacing("{dir}", with: directory))\n")
        #expect(ran.code == 2 && ran.output == "")
      }
      #expect(await run("merge {dir}/a.csv {dir}/data.csv", in: directory).notes.contains("the data is "))
      let mistaken = await run("merge {dir}/a.json", in: directory)
      #expect(
        mistaken.notes == "credence: \(directory)/a.json holds no draws but a result: merge takes what --draws-output writes.\n")
    }
  }

  @Test("draws of a part of a run in JSON know where they come from") func mergedJSON() async throws {
    try await inDirectory { directory in
      let settings = "--warmup 50 --draws 50 --quiet --chains 3 --chain-id"
      for (name, words) in [
        ("a", "slope \(settings) 1"), ("b", "slope \(settings) 2"), ("again", "slope \(settings) 1"),
        ("seed", "slope \(settings) 2 --seed 5"),
        ("level", "level \(settings) 2"), ("fixed", "slope \(settings) 2 --set x=[1,2,4]"),
        ("whole", "slope --warmup 50 --draws 50 --quiet --chains 3"),
      ] {
        #expect(await run("infer \(words) --draws-output {dir}/\(name).json --output {dir}/r.json", in: directory).notes == "", "\(name)")
      }
      #expect(await run("infer slope \(settings) 3 --draws-output {dir}/c.csv --output {dir}/r.json", in: directory).notes == "")
      // JSON and CSV of one run together, in any order.
      let ran = await run(
        "merge {dir}/c.csv {dir}/b.json {dir}/a.json --output {dir}/merged.json --draws-output {dir}/m.json", in: directory)
      #expect(ran.notes == "" && [0, 3].contains(ran.code))
      let whole = try JSONReader.parse(bytes(directory + "/whole.json"))
      let merged = try JSONReader.parse(bytes(directory + "/m.json"))
      #expect(merged["posterior"]?["slope"] == whole["posterior"]?["slope"])
      // Whole ones have groups of arrays and nothing else.
      #expect(merged["attrs"] == nil && whole["attrs"] == nil)
      let part = try JSONReader.parse(bytes(directory + "/b.json"))
      #expect(part["attrs"]?["chain_ids"] == .numbers([2], whole: true) && part["attrs"]?["model"]?.text == "slope")
      for (name, message) in [
        ("again", "{dir}/a.json and {dir}/again.json both hold chain 1: the same draws would count twice."),
        (
          "whole",
          "{dir}/a.json and {dir}/whole.json hold the same draws, which would count twice: chain 1 of the one is chain 1 of the other."
        ),
        ("seed", "{dir}/seed.json does not belong to {dir}/a.json: the seed is 1 there and 5 here."),
        ("level", "{dir}/level.json does not belong to {dir}/a.json: the model is slope there and level here."),
      ] {
        let ran = await run("merge {dir}/a.json {dir}/\(name).json", in: directory)
        #expect(ran.notes == "credence: \(message.replacing("{dir}", with: directory))\n")
        #expect(ran.code == 2 && ran.output == "")
      }
      #expect(await run("merge {dir}/a.json {dir}/fixed.json", in: directory).code == 2)
      // Files that say nothing of themselves are known by their draws.
      for name in ["a", "b"] {
        guard case .object(var root) = try JSONReader.parse(bytes("\(directory)/\(name).json")) else { continue }
        root["attrs"] = nil
        try JSONWriter.pretty(.object(root)).write(to: URL(fileURLWithPath: "\(directory)/bare-\(name).json"))
      }
      #expect([0, 3].contains(await run("merge {dir}/bare-a.json {dir}/bare-b.json", in: directory).code))
      let twice = await run("merge {dir}/b.json {dir}/bare-b.json", in: directory)
      #expect(
        twice.notes
          == "credence: \(directory)/b.json and \(directory)/bare-b.json hold the same draws, which would count twice: chain 1 of the one is chain 1 of the other.\n"
      )
    }
  }

  @Test("wrong checkpoints get a sentence each") func wrongCheckpoints() async throws {
    try await inDirectory { directory in
      _ = await run("infer slope \(Self.chains) --checkpoint {dir}/run --output {dir}/a.json", in: directory)
      let good = try bytes(directory + "/run")
      try write("# nothing\n", directory + "/foreign")
      try good.dropLast(100).write(to: URL(fileURLWithPath: directory + "/cut"))
      var changed = good
      changed[good.count / 2] ^= 1
      try changed.write(to: URL(fileURLWithPath: directory + "/changed"))
      try write("credence/checkpoint/9 00 3\nabc", directory + "/later")
      try write(#"{"x": [1, 2], "y": [2, 4]}"#, directory + "/data.json")
      let length = good.count - (good.firstIndex(of: 0x0A) ?? 0) - 1
      let cases = [
        ("slope --resume {dir}/foreign", "{dir}/foreign is no checkpoint of Credence."),
        ("slope --resume {dir}/cut", "{dir}/cut is damaged: it holds \(length - 100) bytes where \(length) were written."),
        ("slope --resume {dir}/changed", "{dir}/changed is damaged: its checksum is not that of its content."),
        (
          "slope --resume {dir}/later",
          "{dir}/later is a checkpoint of another version (credence/checkpoint/9); this one reads credence/checkpoint/1."
        ),
        ("slope --resume {dir}/zzzzzzzzzzzz", "there is no file {dir}/zzzzzzzzzzzz."),
        ("slope --checkpoint {dir}/run", "{dir}/run exists already: go on from it with --resume {dir}/run, or remove it to begin anew."),
        ("level --resume {dir}/run", "{dir}/run belongs to the model slope, not to level."),
        (
          "slope --resume {dir}/run --seed 4",
          "infer: --seed 4: the run of {dir}/run was started with --seed 3; leave it out, or begin anew."
        ),
        (
          "slope --resume {dir}/run --metric dense",
          "infer: --metric dense: the run of {dir}/run was started without it; leave it out, or begin anew."
        ),
        ("slope --resume {dir}/run --extend many", "infer: --extend expects a whole number from 1 to 100000000, not \"many\"."),
        ("slope --extend 5", "infer: --extend adds draws to an earlier run, which --resume names."),
        ("slope --checkpoint-every 5", "infer: --checkpoint-every says how often to save, but there is no --checkpoint to save to."),
        ("slope --checkpoint {dir}/no/run", "{dir}/no/run cannot be written: there is no directory {dir}/no."),
        ("slope --checkpoint /dev/null", "/dev/null cannot be a checkpoint: it is no regular file."),
        ("slope --thin 2000", "infer: --thin 2000 leaves none of the 1000 draws of a chain."),
        ("slope --until soon", "infer: --until expects mcse.mean=Xsd with X between 0 and 1, or ess=N with N from 1 up, not \"soon\"."),
        ("slope --no-draws --draws-output {dir}/d.csv", "infer: --draws-output: with --no-draws there are no draws to write."),
        ("slope --chain-id 5", "infer: --chain-id 5 is not among the 4 chains of the run; say how many there are with --chains."),
        ("slope --method vi --thin 2", "infer: --thin belongs to --method nuts, not to vi."),
      ]
      for (words, message) in cases {
        let ran = await run("infer " + words, in: directory)
        #expect(ran.notes == "credence: \(message.replacing("{dir}", with: directory))\n")
        #expect(ran.code == 2 && ran.output == "", "\(words)")
      }
      let other = await run("infer slope --resume {dir}/run --data {dir}/data.json", in: directory)
      #expect(
        other.code == 2 && other.notes.hasPrefix("credence: \(directory)/run belongs to other data: that run read embedded (SHA-256 "))
      // Nothing of all this has touched the checkpoint.
      #expect(try bytes(directory + "/run") == good)
    }
  }

  @Test("a file that is being written is refused before anything is done") func locked() async throws {
    try await inDirectory { directory in
      for option in ["--output {dir}/a.json", "--draws-output {dir}/a.json", "--draws-output {dir}/a.csv", "--checkpoint {dir}/run"] {
        let path = directory + option.split(separator: "}")[1]
        let lock = try FileLock(path)
        let ran = await run("infer slope \(Self.chains) \(option)", in: directory)
        // Another process, with its number, is in Tests/Scripts/hostile_files.py.
        #expect(ran.notes == "credence: \(path) would be written twice by this run: choose another name.\n")
        #expect(ran.code == 2 && ran.output == "")
        withExtendedLifetime(lock) {}
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == [])
    }
  }

  @Test("a file that cannot be written keeps nothing from the others") func unwritable() async throws {
    // The device that is always full.
    guard FileManager.default.fileExists(atPath: "/dev/full") else { return }
    try await inDirectory { directory in
      let full = await run("infer slope \(Self.chains) --output /dev/full", in: directory)
      let start = "credence: /dev/full cannot be written: no space left on device; what it was to hold is in "
      #expect(full.notes.hasPrefix(start) && full.notes.hasSuffix("/full instead.\n"))
      let place = String(full.notes.dropFirst(start.count).dropLast(" instead.\n".count))
      #expect(try result(place)["variables"]?["slope"] != nil)
      try FileManager.default.removeItem(at: URL(fileURLWithPath: place).deletingLastPathComponent())
      // What was found is told, too.
      #expect(full.output.contains("slope"))
      #expect(full.code == 2)
    }
  }

  @Test("summaries without draws, thinned draws, and a run until a precision") func controls() async throws {
    try await inDirectory { directory in
      _ = await run("infer slope \(Self.chains) --no-draws --output {dir}/a.json", in: directory)
      let streamed = try result(directory + "/a.json")
      #expect(streamed["diagnostics"]?["approximate"]?["r_hat"]?.text != nil)
      #expect(streamed["variables"]?["slope"]?["mean"]?.double != nil)
      _ = await run("infer slope \(Self.chains) --thin 8 --output {dir}/b.json --draws-output {dir}/b.json.csv", in: directory)
      #expect(try result(directory + "/b.json")["method"]?["thin"]?.double == 8)
      let lines = String(decoding: try bytes(directory + "/b.json_1.csv"), as: UTF8.self).split(separator: "\n")
      #expect(lines.filter { !$0.hasPrefix("#") }.count == 26)
      #expect(lines.contains("#     thin = 8") && lines.contains("#     num_samples = 200"))
      _ = await run("infer slope \(Self.chains) --until mcse.mean=0.05sd --output {dir}/c.json", in: directory)
      let precise = try result(directory + "/c.json")
      let (error, sd) = (precise["variables"]?["slope"]?["mcse_mean"]?.double, precise["variables"]?["slope"]?["sd"]?.double)
      #expect(try #require(error) <= 0.05 * #require(sd))
      #expect(precise["method"]?["until"]?.text == "mcse.mean=0.05sd")
    }
  }

  @Test("evidence from particles and from weights") func evidence() async throws {
    try await inDirectory { directory in
      _ = await run(
        "infer level --method smc --particles 500 --chains 2 --quiet --output {dir}/a.json --draws-output {dir}/a.csv", in: directory)
      _ = await run("infer level --method importance --quiet --output {dir}/b.json", in: directory)
      let particles = try result(directory + "/a.json")["diagnostics"]?["log_evidence"]
      let weights = try result(directory + "/b.json")["diagnostics"]?["log_evidence"]
      let (a, b) = (try #require(particles?["value"]?.double), try #require(weights?["estimate"]?.double))
      let error = try #require(particles?["mcse"]?.double) + #require(weights?["estimate_mcse"]?.double)
      #expect(abs(a - b) < 4 * error + 0.05)
      #expect(FileManager.default.fileExists(atPath: directory + "/a_2.csv"))
    }
  }
}
