import Foundation
import Modeling
import Reporting

extension CommandSpecification {
  static let agree = CommandSpecification(
    name: "agree", operands: "", summary: "fit the built-in reference posteriors and compare with their references",
    details: """
      NUTS, at default settings: every mean, sd and quantile with |z| below 4, errors of both sides counted, and R-hat below 1.01.
      VI (full-rank): every mean within 0.1 reference sds, or a verdict that is not ok.
      With --verdicts: variational and related methods on these posteriors and on targets with known moments; no verdict may be ok where an error
      exceeds 0.25, and at least 80 % of the fits that are right to 0.1 (of targets that are not normal) must be ok. The error is the larger of |mean - true mean| / true sd and
      |sd / true sd - 1|, the largest over all numbers; medians and interquartile ranges where there are no moments.
      Exit codes: 0 all agree; 3 something does not.
      """,
    options: [
      OptionSpecification("--model", "NAME", "only this posterior", repeats: true),
      OptionSpecification("--verdicts", nil, "test the verdicts of variational and related methods"),
      OptionSpecification("--method", "NAME", "nuts or vi; with --verdicts a guide or method of its table (default: all)"),
      OptionSpecification("--output", "FILE", "with --verdicts: write the table as JSON (credence/verdicts/1)"),
      OptionSpecification("--seed", "N", "seed of all randomness (default 1)"),
      OptionSpecification("--threads", "N", "threads (default: one per core); never changes a result"),
      OptionSpecification("--help", nil, "this text"),
    ])
}

extension Command {
  struct AgreementOptions {
    var names: [String] = []
    var method: String?
    var testsVerdicts = false
    var outputPath: String?
    var seed: UInt64 = 1
    var threads: Int?
  }

  /// Reads the options; throws with every mistake at once.
  func agreementOptions(_ parsed: ParsedArguments) throws -> AgreementOptions {
    var reader = OptionReader("agree", parsed)
    var options = AgreementOptions()
    options.names = parsed.values["--model"] ?? []
    options.testsVerdicts = parsed.has("--verdicts")
    options.outputPath = parsed.last("--output")
    options.method = reader.name("--method", among: options.testsVerdicts ? VerdictSuite.methods.map(\.name) : ["nuts", "vi"])
    if options.outputPath != nil, !options.testsVerdicts { reader.fail("--output is for --verdicts.") }
    options.seed = reader.seed("--seed") ?? options.seed
    options.threads = reader.whole("--threads", in: 1...1024)
    let known = models.compactMap { $0 as? any ReferencedModel }.filter {
      $0.isReferenced && (options.testsVerdicts || !($0 is any VerdictTarget))
    }
    .map(\.name)
    for name in options.names where !known.contains(name) {
      let near = NearestName.find(name, among: known).map { "; the nearest is \($0)" } ?? ""
      reader.fail("there is no posterior \"\(name)\" with a reference\(near).")
    }
    guard reader.mistakes.isEmpty else { throw UserError(sentences: reader.mistakes) }
    return options
  }

  func agree(_ options: AgreementOptions) async throws -> Int32 {
    if options.testsVerdicts { return try await verdicts(options) }
    let all = models.compactMap { $0 as? any ReferencedModel }.filter {
      $0.isReferenced && !($0 is any VerdictTarget) && (options.names.isEmpty || options.names.contains($0.name))
    }
    guard !all.isEmpty else { throw UserError("agree: no model of this program has a reference posterior.") }
    let failures = try await Interruption.during(console) {
      var failures = 0
      if options.method != "vi" {
        try console.print("NUTS, 4 chains\n")
        var rows: [AgreementRow] = []
        for model in all {
          console.note("credence: nuts \(model.name)")
          rows.append(try await Agreement.nuts(model, seed: options.seed, threads: options.threads))
        }
        failures += rows.filter { !$0.agrees }.count
        try console.print(Self.nutsTable(rows) + "\n")
      }
      if options.method != "nuts" {
        try console.print("Variational inference, full-rank guide\n")
        var rows: [AgreementRow] = []
        for model in all {
          console.note("credence: vi \(model.name)")
          rows.append(try await Agreement.variational(model, seed: options.seed, threads: options.threads))
        }
        failures += rows.filter { !$0.agrees }.count
        try console.print(Self.variationalTable(rows) + "\n")
      }
      return failures
    }
    let sentence = failures == 0 ? "All agree." : "\(failures) disagree\(failures == 1 ? "s" : "")."
    try console.print(sentence + "\n")
    return failures == 0 ? ExitCode.done : ExitCode.verdictFail
  }

  private static func nutsTable(_ rows: [AgreementRow]) -> String {
    var table = TextTable(columns: [
      .left("posterior"), .right("s"), .right("divergences"), .right("R-hat"), .right("largest |z|"), .left("of"), .left(""),
    ])
    for row in rows {
      table.append([
        row.model, fixed(row.seconds, 1), "\(row.divergences)", fixed(row.rHat, 4), fixed(abs(row.worst), 2), row.worstName,
        row.agrees ? "agrees" : "DISAGREES",
      ])
      if !row.note.isEmpty { table.append(["    " + row.note]) }
    }
    return table.text
  }

  private static func variationalTable(_ rows: [AgreementRow]) -> String {
    var table = TextTable(columns: [
      .left("posterior"), .right("s"), .left("verdict"), .right("largest distance of a mean (sd)"), .left("of"), .left(""),
      .left("reasons"),
    ])
    for row in rows {
      table.append([
        row.model, fixed(row.seconds, 1), row.verdict.verdict.rawValue, fixed(abs(row.worst), 3), row.worstName,
        row.agrees ? "agrees" : "DISAGREES", row.note,
      ])
    }
    return table.text
  }

  private static func fixed(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
}
