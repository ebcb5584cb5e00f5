import Foundation
import Inference
import Modeling
import Reporting

extension CommandSpecification {
  static let check = CommandSpecification(
    name: "check", operands: "MODEL", summary: "look for what is wrong with a model and its data before any inference",
    details: """
      Gradients against differences; the data against draws from the prior; data that nothing uses, and unknowns that no data speak about; directions
      along which the posterior does not fall; funnels, with the lines to write in their place; priors that are none; what makes a model slow.
      Grades: ok; note (good to know); caution (look at it); fail (every result would be wrong).
      Exit codes: 0 done; 2 usage, data or model error; 3 a finding is fail; 130 interrupted.
      """,
    options: [
      OptionSpecification("--data", "FILE", "the model's data: one JSON object; - reads standard input"),
      OptionSpecification("--draws", "N", "draws from the prior (default 1000)"),
      OptionSpecification("--seed", "N", "seed of all randomness; equal seed, equal findings (default 1)"),
      OptionSpecification("--threads", "N", "threads (default: one per core); never changes a finding"),
      OptionSpecification(
        "--source", "FILE", "the Swift file that the model is written in, for the lines to change (known where MODEL is a file)"),
      OptionSpecification("--rewrite", "FILE", "write that file with its funnels sampled as standard variables (non-centred)"),
      OptionSpecification("--output", "FILE", "write the findings as JSON (credence/check/1); - writes them to standard output"),
    ] + surgery + [OptionSpecification("--help", nil, "this text")])
}

/// The whole configuration of one `check`.
package struct CheckRequest: Sendable, Equatable {
  package var draws = 1000
  package var seed: UInt64 = 1
  package var threads: Int?
  package init() {}
}

/// What one check found.
package struct CheckOutcome: Sendable, Equatable {
  /// Dimension, size and speed.
  package var facts: JSONObject
  package var findings: [CheckFinding]
  package var grade: CheckGrade { findings.map(\.grade).max() ?? .ok }

  /// Puts the model's own lines into the suggestions, as far as they are written so that they can be changed, and returns their changes.
  mutating func quote(_ source: ModelText) -> [ModelText.Edit] {
    var edits: [ModelText.Edit] = []
    for index in findings.indices {
      guard let site = findings[index].nonCentering, let edit = source.nonCentered(site) else { continue }
      edits.append(edit)
      findings[index].suggestion = CodeSuggestion(place: "\(source.path):\(edit.line)", before: edit.before, after: edit.after)
    }
    return edits
  }
}

/// Everything a `check` command line says.
struct CheckOptions: Sendable, Equatable {
  var request = CheckRequest()
  var dataPath, sourcePath, rewritePath: String?
  /// `-` is standard output.
  var outputPath: String?

  /// Throws `UserError` with all mistakes at once.
  init(_ arguments: ParsedArguments) throws {
    var reader = OptionReader("check", arguments)
    request.draws = reader.whole("--draws", in: 20...1_000_000) ?? request.draws
    request.seed = reader.seed("--seed") ?? request.seed
    request.threads = reader.whole("--threads", in: 1...1024)
    dataPath = arguments.last("--data")
    outputPath = arguments.last("--output")
    sourcePath = arguments.last("--source")
    rewritePath = arguments.last("--rewrite")
    reader.checkFiles([("--data", dataPath), ("--output", outputPath), ("--source", sourcePath), ("--rewrite", rewritePath)])
    guard reader.mistakes.isEmpty else { throw UserError(sentences: reader.mistakes) }
  }
}

extension OptionReader {
  /// Files must have names.
  mutating func checkFiles(_ all: [(option: String, path: String?)]) {
    for (option, path) in all where path == "" { fail("\(option) expects a file, not an empty name.") }
  }
}

extension RunnableModel {
  package func check(data: ModelData?, request: CheckRequest) async throws -> CheckOutcome {
    throw UserError("\(name) cannot be checked: it states no density.")
  }
}

extension Command {
  /// `credence check`.
  func check(_ model: any RunnableModel, _ options: CheckOptions) async throws -> Int32 {
    try checkData(model, options.dataPath)
    let file = try options.outputPath.flatMap { $0 == "-" ? nil : try OutputFile(path: $0) }
    let rewritten = try options.rewritePath.map { try OutputFile(path: $0) }
    let source = try options.sourcePath.map { try ModelText($0) }
    if rewritten != nil, source == nil {
      throw UserError("check: --rewrite needs the file that \(model.name) is written in: give it with --source FILE.")
    }
    let data = try data(options.dataPath)
    let request = options.request
    var outcome = try await Interruption.during(console) { try await model.check(data: data, request: request) }
    if let source {
      let edits = outcome.quote(source)
      if let rewritten { try write(source, edits, to: rewritten, options.rewritePath ?? "") }
    }
    let document = try document(model, data, request, outcome)
    try file?.write(document)
    if options.outputPath == "-" {
      try console.emit(document)
    } else {
      try console.print(CheckText(outcome, colors: console.colorsOutput, width: min(max(console.width, 60), 140)).text(model.name))
    }
    return outcome.grade == .fail ? ExitCode.verdictFail : ExitCode.done
  }

  private func write(_ source: ModelText, _ edits: [ModelText.Edit], to file: OutputFile, _ path: String) throws {
    guard !edits.isEmpty else {
      console.note("credence: nothing in \(source.path) is to be rewritten, and \(path) is not written.")
      return
    }
    try file.write(Data(source.applying(edits).utf8))
    console.note("credence: \(path) has \(edits.count) line\(edits.count == 1 ? "" : "s") of \(source.path) rewritten.")
  }

  private func document(_ model: any RunnableModel, _ data: ModelData?, _ request: CheckRequest, _ outcome: CheckOutcome) throws -> Data {
    var method = JSONObject([("name", "check"), ("seed", .seed(request.seed)), ("draws", .integer(request.draws))])
    if !model.alterations.isEmpty { method["surgery"] = .object(model.alterations) }
    let findings = outcome.findings.map { finding -> JSONValue in
      var object = JSONObject([
        ("check", .string(finding.check)), ("grade", .string(finding.grade.rawValue)), ("text", .string(finding.text)),
        ("numbers", .object(JSONObject(finding.numbers.map { ($0.name, .number($0.value)) }))),
      ])
      if let own = finding.suggestion {
        object["suggestion"] = .object(("place", .string(own.place)), ("before", .string(own.before)), ("after", .string(own.after)))
      }
      return .object(object)
    }
    return JSONWriter.pretty(
      .object(
        ("schema", "credence/check/1"), ("model", .object(("name", .string(model.name)), ("version", .string(Self.version)))),
        ("data", try dataSource(model, data)), ("method", .object(method)), ("facts", .object(outcome.facts)),
        ("findings", .array(findings)),
        ("grade", .string(outcome.grade.rawValue))))
  }

  /// Where the data come from, for results.
  func dataSource(_ model: any RunnableModel, _ data: ModelData?) throws -> JSONValue {
    if let data { return .object(("source", .string(data.source)), ("sha256", .string(data.sha256))) }
    guard let embedded = try model.embeddedData() else { return .null }
    return .object(("source", "embedded"), ("sha256", .string(SHA256.hexadecimal(embedded))))
  }
}

/// Findings on a terminal: a paragraph each, what it is about before it.
struct CheckText {
  private let outcome: CheckOutcome
  private let colors: Bool
  private let width: Int

  init(_ outcome: CheckOutcome, colors: Bool, width: Int) {
    self.outcome = outcome
    self.colors = colors
    self.width = width
  }

  func text(_ name: String) -> String {
    let facts = ["dimension", "instructions", "microseconds_per_gradient"].compactMap { key -> String? in
      guard let value = outcome.facts[key]?.double else { return nil }
      switch key {
      case "dimension": return "\(Int(value)) coordinate\(value == 1 ? "" : "s")"
      case "instructions": return "\(Int(value)) instruction\(value == 1 ? "" : "s")"
      default: return "\(NumberText.significant(value, 2)) µs a gradient"
      }
    }
    let column = (outcome.findings.map(\.check.count).max() ?? 0) + 2
    var text = "\(name): \(facts.joined(separator: ", "))\n\n"
    for finding in outcome.findings {
      let head = finding.grade.rawValue.padding(toLength: 9, withPad: " ", startingAt: 0)
      text += painted(head, finding.grade) + finding.check.padding(toLength: column, withPad: " ", startingAt: 0)
      text += Paragraph.wrapped(finding.text, width: width, indentation: 9 + column) + "\n"
      // Code is to be copied: it stands in lines of its own, however long.
      if let code = finding.suggestion {
        let before = code.before.split(separator: "\n").map { "- \($0)" }
        let after = code.after.split(separator: "\n").map { "+ \($0)" }
        let margin = String(repeating: " ", count: 9 + column)
        for line in [code.place] + before + after { text += margin + line + "\n" }
      }
    }
    return text + "\ncheck: " + painted(outcome.grade.rawValue, outcome.grade) + "\n"
  }

  private func painted(_ text: String, _ grade: CheckGrade) -> String {
    let code = [CheckGrade.ok: "32", .caution: "33", .fail: "31"][grade]
    guard colors, let code else { return text }
    return "\u{1B}[\(code)m\(text)\u{1B}[0m"
  }
}

/// Text in lines.
enum Paragraph {
  /// Words joined by spaces, and by line feeds with so many spaces where a line would pass the width. The first line is taken to be indented already.
  static func wrapped(_ text: String, width: Int, indentation: Int) -> String {
    let room = max(width - indentation, 24)
    var lines = [""]
    for word in text.split(separator: " ") {
      let last = lines[lines.count - 1]
      if last.isEmpty {
        lines[lines.count - 1] = String(word)
      } else if last.count + 1 + word.count <= room {
        lines[lines.count - 1] = last + " " + word
      } else {
        lines.append(String(word))
      }
    }
    return lines.joined(separator: "\n" + String(repeating: " ", count: indentation))
  }
}
