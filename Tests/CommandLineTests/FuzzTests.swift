import CommandLine
import Differentiation
import Distributions
import Foundation
import Modeling
import Reporting
import Testing

/// A generator that gives the same cases everywhere (SplitMix64, Steele, Lea and Flood 2014).
struct Dice {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
  mutating func below(_ count: Int) -> Int { count < 2 ? 0 : Int(next() % UInt64(count)) }
  mutating func pick<T>(_ items: [T]) -> T { items[below(items.count)] }
}

/// How many cases there are, and from which seed: `CREDENCE_FUZZ=COUNT[:SEED]`, which Tests/Scripts/fuzz.py sets; without it some hundreds.
enum FuzzSetting {
  private static let numbers = (ProcessInfo.processInfo.environment["CREDENCE_FUZZ"] ?? "1200:1").split(separator: ":").compactMap {
    UInt64($0)
  }
  static var count: Int { Int(numbers.first ?? 1200) }
  static var seed: UInt64 { numbers.count > 1 ? numbers[1] : 1 }

  /// Tells a watcher how far it is, and which case it was that did not come back.
  static func mark(_ text: String) {
    guard let path = ProcessInfo.processInfo.environment["CREDENCE_FUZZ_MARK"] else { return }
    try? Data(text.utf8).write(to: URL(fileURLWithPath: path))
  }
}

/// Small damage to a file: of its bytes, of its tokens, of its structure.
private struct Damage {
  var dice: Dice

  private static let words = [
    "NaN", "Infinity", "-Infinity", "null", "true", "false", "1e999", "-1e999", "1e-400", "-0", "0", "-1", "0.5", "9223372036854775808",
    "1e308", "01", "+1",
    ".5", "1.", "1e", "\"", "\"x\"", "[", "]", "{", "}", "[]", "{}", ",", ":", "[[", "]]", "\\u0000", "\\ud800", "\u{FEFF}", "é", " ", "\n",
    "\t", "\u{0}", "#",
    "//", "'", "--", "1,1", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "\"a\":1,", "e", "-",
  ]

  mutating func damaged(_ text: String) -> Data {
    var bytes = Array(text.utf8)
    for _ in 0..<(1 + dice.below(3)) {
      let place = dice.below(bytes.count + 1)
      let length = min(dice.below(dice.below(8) == 0 ? 400 : 12), bytes.count - place)
      switch dice.below(9) {
      case 0 where place < bytes.count: bytes[place] = UInt8(truncatingIfNeeded: dice.next())
      case 1: bytes.removeSubrange(place..<(place + length))
      case 2: bytes.insert(contentsOf: Array(bytes[place..<(place + length)]), at: place)
      case 3: bytes.removeSubrange(place...)
      case 4: bytes.insert(contentsOf: Array(bytes[place..<(place + length)]), at: dice.below(bytes.count + 1))
      case 5: replaceNumber(&bytes)
      case 6: bytes.insert(contentsOf: [UInt8](repeating: dice.pick(Array("[{ 9\"-".utf8)), count: dice.below(600)), at: place)
      default: bytes.insert(contentsOf: Array(dice.pick(Self.words).utf8), at: place)
      }
    }
    return Data(bytes)
  }

  /// A number becomes another word.
  private mutating func replaceNumber(_ bytes: inout [UInt8]) {
    let digits = bytes.indices.filter { (48...57).contains(bytes[$0]) && ($0 == 0 || !(48...57).contains(bytes[$0 - 1])) }
    guard !digits.isEmpty else { return }
    let first = dice.pick(digits)
    let last = bytes[first...].firstIndex { !(48...57).contains($0) && $0 != 46 } ?? bytes.count
    bytes.replaceSubrange(first..<last, with: Array(dice.pick(Self.words).utf8))
  }
}

/// A model with every kind of data.
private struct Varied: ModelWithExample {
  let n: Int
  let x, y: Tensor
  let group: IntTensor
  let scale: Double
  let matrix: Tensor?
  static var example: Varied { Varied(n: 3, x: [1, 2, 3], y: [0, 2, 1], group: [0, 1, 1], scale: 2, matrix: [[1, 2], [3, 4]]) }

  func body(_ p: Program) throws -> (a: Tensor, b: Tensor) {
    let a = p.sample("a", Normal(0, sd: scale))
    let b = p.plate("groups", 2) { _ in p.sample("b", Gamma(shape: 2, rate: 1)) }
    p.plate("rows", n) { i in p.observe("y", Poisson(rate: b[group[i]] * exp(0.1 * x[i])), y[i]) }
    if let matrix { p.factor("f", -0.1 * square(a - matrix.sum())) }
    return (a, b)
  }
}

/// Damaged files through the whole command, in this process.
@Suite(.serialized) struct FuzzTests {
  private func run(_ arguments: [String], _ input: Data = Data()) async -> Ran {
    let recorder = Recorder()
    let models: [any RunnableModel] = [AnyRunnable(Varied.self), LineModel()]
    return recorder.ran(await Command.run(arguments: arguments, models: models, console: recorder.console(input: input)))
  }

  /// What a command may do with a file that is no good: say so in sentences of its own, and nothing else.
  private func isProper(_ ran: Ran) -> Bool {
    switch ran.code {
    case 0, 3: return !ran.output.isEmpty
    case 2:
      return ran.output.isEmpty && !ran.notes.isEmpty && ran.notes.hasSuffix("\n")
        && ran.notes.split(separator: "\n").allSatisfy { $0.hasPrefix("credence: ") && $0.count > 20 }
    default: return false
    }
  }

  private func fuzz(_ commands: [(text: String, arguments: [String], isFile: Bool)], salt: UInt64, share: Int) async throws {
    let directory = try temporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    for number in 0..<max(FuzzSetting.count / share, 1) {
      FuzzSetting.mark("\(number)")
      var damage = Damage(dice: Dice(state: FuzzSetting.seed &* 0x1_0000_0001 &+ salt &+ UInt64(number) &* 0x9E37))
      let (text, arguments, isFile) = damage.dice.pick(commands)
      let bytes = damage.damaged(text)
      let path = directory + "/case" + (arguments.last == "csv" ? ".csv" : ".json")
      let words = arguments.filter { $0 != "csv" }
      if isFile { try bytes.write(to: URL(fileURLWithPath: path)) }
      let ran = await run(words.map { $0 == "FILE" ? path : $0 }, isFile ? Data() : bytes)
      #expect(
        isProper(ran),
        "case \(number) of seed \(FuzzSetting.seed): \(words.joined(separator: " ")): code \(ran.code), \(ran.notes.prefix(300))\n\(String(decoding: bytes.prefix(2000), as: UTF8.self))"
      )
    }
  }

  @Test func data() async throws {
    let varied = #"{"n": 3, "x": [1, 2.5, -3e-1], "y": [0, 2, 1], "group": [0, 1, 1], "scale": 2, "matrix": [[1, 2], [3, 4]]}"#
    let line = #"{"n": 3, "x": [1, 2.5, 3], "group": [0, 1, 1], "sigma": 0.5, "label": "a \u00e9 \n"}"#
    try await fuzz(
      [
        (varied, ["describe", "varied", "--data", "-"], false), (varied, ["describe", "varied", "--json", "--data", "FILE"], true),
        (varied, ["infer", "varied", "--method", "map", "--quiet", "--data", "-"], false),
        (line, ["describe", "line", "--data", "-"], false),
        (varied, ["simulate", "varied", "--draws", "2", "--quiet", "--data", "-"], false),
        ("[0.5, 1.5]", ["describe", "varied", "--fix", "b=FILE"], true), ("2.5", ["describe", "varied", "--set", "scale=FILE"], true),
      ], salt: 11, share: 2)
  }

  @Test func resultsAndDraws() async throws {
    let base = ["infer", "varied", "--chains", "2", "--draws", "5", "--warmup", "20", "--quiet"]
    let result = await run(base + ["--output", "-"]).output
    let directory = try temporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    #expect([0, 3].contains(await run(base + ["--draws-output", directory + "/d.json"]).code))
    #expect([0, 3].contains(await run(base + ["--draws-output", directory + "/d.csv"]).code))
    let draws = try String(contentsOfFile: directory + "/d.json", encoding: .utf8)
    let table = try String(contentsOfFile: directory + "/d_1.csv", encoding: .utf8)
    let predict = ["predict", "varied", "--no-shares", "--replicates", "2", "--quiet", "--posterior", "FILE"]
    try await fuzz(
      [
        (result, ["summarize", "FILE"], true), (draws, ["summarize", "FILE"], true), (table, ["summarize", "FILE", "csv"], true),
        (table, ["summarize", "--all", "FILE", "csv"], true), (draws, predict, true), (table, predict + ["csv"], true),
      ], salt: 12, share: 2)
  }
}
