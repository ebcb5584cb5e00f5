import CommandLine
import Differentiation
import Distributions
import Foundation
import Inference
import Modeling
import Reporting
import Testing

/// Two scales and two levels, so that states have more than one number; with a guide of its own where it is named `guided`.
private struct Levels: ModelWithExample {
  let y: Tensor
  static var example: Levels { Levels(y: [1, 2.5, 3]) }

  func body(_ p: Program) throws -> Tensor {
    let spread = p.sample("spread", HalfNormal(sd: 2))
    let level = p.sample("level", Normal(0, sd: spread))
    p.plate("rows", y.count) { i in p.observe("y", Normal(level, sd: 1), y[i]) }
    return level
  }
}

private struct Guided: ModelWithExample, ModelWithGuide {
  let y: Tensor
  static var example: Guided { Guided(y: [1, 2.5, 3]) }
  static var guide: Guide<Guided> {
    Guide { q, _ in q.sample("level", Normal(q.parameter("m", 0), sd: q.parameter("s", 1, support: .positive))) }
  }

  func body(_ p: Program) throws -> Tensor {
    let level = p.sample("level", Normal(0, sd: 3))
    p.plate("rows", y.count) { i in p.observe("y", Normal(level, sd: 1), y[i]) }
    return level
  }
}

/// Damage to a state within its form: numbers that cannot be, arrays of other lengths, what is missing.
private struct StateDamage {
  var dice: Dice

  private static var numbers: [Any] {
    [
      0, -1, 1, 2, 7, 0.5, -0.5, 1e308, -1e308, 1e-308, 4096, 1 << 40, 1 << 53, Int.max, Int.min, "nan", "inf", "-inf", NSNull(), true,
      [Int](), "x",
    ]
  }

  mutating func damaged(_ state: Data) -> Data {
    guard var tree = try? JSONSerialization.jsonObject(with: state, options: .fragmentsAllowed) else { return state }
    for _ in 0..<(1 + dice.below(2)) { tree = changed(tree) }
    return (try? JSONSerialization.data(withJSONObject: tree, options: .fragmentsAllowed)) ?? state
  }

  /// Changes one place somewhere below.
  private mutating func changed(_ tree: Any) -> Any {
    switch tree {
    case var object as [String: Any]:
      guard let key = object.isEmpty ? nil : dice.pick(object.keys.sorted()) else { return tree }
      if dice.below(12) == 0 { object[key] = nil } else { object[key] = object[key].map { changed($0) } }
      return object
    case var array as [Any]:
      switch dice.below(array.isEmpty ? 1 : 5) {
      case 0: array.append(dice.pick(Self.numbers))
      case 1: array.removeLast()
      case 2: array = []
      default:
        let place = dice.below(array.count)
        array[place] = changed(array[place])
      }
      return array
    case let text as String: return packed(text)
    default: return dice.pick(Self.numbers)
    }
  }

  /// Packed numbers with others among them, more of them, or fewer.
  private mutating func packed(_ text: String) -> Any {
    guard var bytes = Data(base64Encoded: text), dice.below(8) > 0 else { return dice.pick(Self.numbers) }
    let numbers: [Double] = [.nan, .infinity, -.infinity, 0, -1, 1e308, 9.2e18, 1e300, 0.5]
    func pattern(_ number: Double) -> Data { withUnsafeBytes(of: number.bitPattern.littleEndian) { Data($0) } }
    switch dice.below(bytes.isEmpty ? 1 : 5) {
    case 0: bytes.append(pattern(dice.pick(numbers)))
    case 1: bytes.removeLast(min(bytes.count, 8 * (1 + dice.below(4))))
    case 2: bytes = Data()
    case 3: bytes = Data((0..<(bytes.count / 8)).map { _ in pattern(dice.pick(numbers)) }.joined())
    default:
      let place = bytes.startIndex + 8 * dice.below(bytes.count / 8)
      bytes.replaceSubrange(place..<(place + 8), with: pattern(dice.pick(numbers)))
    }
    return bytes.base64EncodedString()
  }
}

/// Checkpoints with a right checksum over states that no run has left: one sentence, or a result, and no trap. `CREDENCE_FUZZ` as in ``FuzzTests``.
@Suite(.serialized) struct CheckpointFuzzTests {
  private func run(_ arguments: String) async -> Ran {
    let recorder = Recorder()
    let models: [any RunnableModel] = [AnyRunnable(Levels.self), AnyRunnable(Guided.self)]
    let words = arguments.split(separator: " ").map(String.init)
    return recorder.ran(await Command.run(arguments: words, models: models, console: recorder.console()))
  }

  /// Runs of every kind that has a state, and how they go on.
  private static let runs = [
    ("levels --draws 60 --warmup 60 --chains 2", "--extend 40"), ("levels --draws 60 --warmup 60 --chains 2 --metric dense", "--extend 40"),
    ("levels --draws 1100 --warmup 60 --chains 2 --no-draws --centering as-written", "--extend 40"),
    ("levels --draws 60 --warmup 60 --chains 2 --until ess=100", ""), ("levels --method vi --guide full-rank", ""),
    ("levels --method vi --steps 300", ""), ("levels --method vi --guide low-rank:1 --steps 300", ""),
    ("levels --method vi --guide flow:affine --steps 200", ""), ("levels --method smc --particles 50 --chains 2", ""),
    ("guided --method vi --steps 300", ""), ("guided --method vi --guide mean-field --steps 300 --minibatch rows=2", ""),
    ("levels --method vi --guide mean-field --draws 100 --refine nuts", ""),
  ]

  @Test func forgedStates() async throws {
    let directory = try temporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let share = max(FuzzSetting.count / 10 / Self.runs.count, 1)
    for (kind, (begin, more)) in Self.runs.enumerated() {
      let path = "\(directory)/run-\(kind)"
      let first = await run("infer \(begin) --seed 3 --checkpoint-every 0 --checkpoint \(path) --quiet --output -")
      #expect([0, 3].contains(first.code), "\(begin): \(first.notes)")
      let (header, states) = try CheckpointFile.read(path)
      for number in 0..<share {
        FuzzSetting.mark("checkpoint \(kind).\(number)")
        var damage = StateDamage(dice: Dice(state: FuzzSetting.seed &* 0x1_0000_0001 &+ UInt64(kind << 32 | number) &* 0x9E37))
        var parts = states.sorted { $0.key < $1.key }.map { (name: $0.key, state: $0.value) }
        // Without what is done already, a run goes on from within.
        if damage.dice.below(2) == 0 { parts.removeAll { $0.name.hasSuffix("done") || $0.name.hasSuffix("choice") } }
        for _ in 0..<(1 + damage.dice.below(2)) where !parts.isEmpty {
          let place = damage.dice.below(parts.count)
          parts[place].state = damage.damaged(parts[place].state)
        }
        var content = Data()
        for piece in try CheckpointFile.pieces(header, parts) { content.append(piece) }
        let forged = "\(directory)/forged"
        try content.write(to: URL(fileURLWithPath: forged))
        let name = begin.prefix { $0 != " " }
        let ending =
          damage.dice.below(4) == 0 && more != ""
          ? "infer \(name) --init \(forged) --warmup 0 --draws 30" : "infer \(name) --resume \(forged) \(more)"
        let ran = await run("\(ending) --quiet --output -")
        let isProper =
          ran.code == 2
          ? ran.output.isEmpty && !ran.notes.isEmpty
            && ran.notes.split(separator: "\n").allSatisfy { $0.hasPrefix("credence: ") && $0.count > 20 }
          : [0, 3].contains(ran.code) && !ran.output.isEmpty
        #expect(
          isProper,
          "case \(number) of seed \(FuzzSetting.seed): \(begin), then \(ending): code \(ran.code), \(ran.notes.prefix(300))")
      }
    }
  }
}
