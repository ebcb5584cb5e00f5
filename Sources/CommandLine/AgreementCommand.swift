import Foundation
import Modeling
import Reporting

extension CommandSpecification {
  static let agree = CommandSpecification(
    name: "agree", operands: "", summary: "fit the built-in reference posteriors and compare with their references",
    details: """
      NUTS, at default settings: every mean, sd and quantile with |z| below 4, errors of both sides counted, and R-hat below 1.01.
      VI (full-rank): every mean within 0.1 reference sds, or a verdict that is not ok.
      Exit codes: 0 all agree; 3 something does not.
      """,
    options: [
      OptionSpecification("--model", "NAME", "only this posterior", repeats: true),
      OptionSpecification("--method", "NAME", "nuts or vi (default: both)"),
      OptionSpecification("--seed", "N", "seed of all randomness (default 1)"),
      OptionSpecification("--threads", "N", "threads (default: one per core); never changes a result"),
      OptionSpecification("--help", nil, "this text"),
    ])
}

extension Command {
  struct AgreementOptions {
    var names: [String] = []
    var method: String?
    var seed: UInt64 = 1
    var threads: Int?
  }

  /// Reads the options; throws with every mistake at once.
  func agreementOptions(_ parsed: ParsedArguments) throws -> AgreementOptions {
    var reader = OptionReader("agree", parsed)
    var options = AgreementOptions()
    options.names = parsed.values["--model"] ?? []
    options.method = reader.name("--method", among: ["nuts", "vi"])
    options.seed = reader.seed("--seed") ?? options.seed
    options.threads = reader.whole("--threads", in: 1...1024)
    let known = models.compactMap { $0 as? any ReferencedModel }.filter(\.isReferenced).map(\.name)
    for name in options.names where !known.contains(name) {
      let near = NearestName.find(name, among: known).map { "; the nearest is \($0)" } ?? ""
      reader.fail("there is no posterior \"\(name)\" with a reference\(near).")
    }
    guard reader.mistakes.isEmpty else { throw UserError(sentences: reader.mistakes) }
    return options
  }

  func agree(_ options: AgreementOptions) async throws -> Int32 {
    let all = models.compactMap { $0 as? any ReferencedModel }.filter(\.isReferenced).filter {
      options.names.isEmpty || options.names.contains($0.name)
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
