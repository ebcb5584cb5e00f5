import Foundation
import Inference
import Modeling
import Reporting

/// Location and scale of one number of a target.
package struct TargetMoments: Sendable, Equatable {
  package var location: Double
  package var scale: Double
  /// Whether they are the median and the interquartile range / 1.349, in place of the mean and the standard deviation.
  package var isRobust: Bool

  /// Mean and standard deviation.
  package init(_ mean: Double, _ sd: Double) { (location, scale, isRobust) = (mean, sd, false) }
  /// The quartiles.
  package init(quartiles low: Double, _ median: Double, _ high: Double) {
    (location, scale, isRobust) = (median, (high - low) / 1.349, true)
  }
}

/// A model that exists to be inferred wrongly, or rightly: its moments are known. `credence models` does not list it.
package protocol VerdictTarget: ReferencedModel {
  /// Whether it is exactly normal in unconstrained space, so that a Gaussian guide has nothing to miss: such a target does not count among the good fits.
  var isNormal: Bool { get }
  /// By variable, row-major.
  var moments: [String: [TargetMoments]] { get }
}

/// One fit of the suite: how wrong it is and what its verdict says.
package struct VerdictRow: Sendable {
  package var target: String
  package var method: String
  /// The larger of |m − μ| / σ and |s / σ − 1|, and the largest of these over all elements of all variables that have a reference: m and s are mean and standard deviation as
  /// the fit reports them (of its draws, on the constrained scale), μ and σ those of the reference, from long runs of another system or exact. Where the target has no such moments,
  /// m and μ are medians and s and σ interquartile ranges / 1.349. In reference sds, so that a tenth is a tenth of the posterior's own width, of its mean as of its scale. Infinite
  /// where the method had no answer.
  package var error: Double
  /// Where it stands: `tau sd`.
  package var worst: String
  package var paretoShape: Double?
  package var verdict: Verdict
  package var seconds: Double
  /// See ``VerdictTarget/isNormal``.
  package var isNormal = false

  /// `ok` although an error exceeds a quarter of the scale.
  package var isFalseOK: Bool { verdict.verdict == .ok && !(error <= VerdictSuite.errorLimit) }
  /// Right to a tenth of the scale.
  package var isGood: Bool { error <= VerdictSuite.goodLimit }
}

/// Variational and related methods on targets whose answer is known.
package enum VerdictSuite {
  package static let errorLimit = 0.25
  package static let goodLimit = 0.1
  /// The share of good fits that must be `ok`.
  package static let recallLimit = 0.8

  /// A method by its name in the table, and as it is asked for.
  package static let methods: [(name: String, request: InferenceRequest)] = {
    var all: [(String, InferenceRequest)] = []
    let guides: [(String, InferenceRequest.Guide)] = [
      ("mean-field", .meanField), ("full-rank", .fullRank), ("low-rank:2", .lowRank(2)),
      ("flow:affine", .flat(.flow(.affine()))), ("flow:spline", .flat(.flow(.spline()))),
    ]
    for (name, guide) in guides {
      var request = InferenceRequest()
      request.method = .vi
      request.guide = guide
      all.append((name, request))
    }
    for method in [InferenceRequest.Method.laplace, .pathfinder] {
      var request = InferenceRequest()
      request.method = method
      all.append((method.rawValue, request))
    }
    return all
  }()

  /// What is known of a model's answer.
  package static func moments(of model: any ReferencedModel) throws -> [String: [TargetMoments]] {
    if let target = model as? any VerdictTarget { return target.moments }
    guard let data = try model.referenceData() else { throw UserError("\(model.name) has no reference posterior.") }
    var found: [String: [Int: TargetMoments]] = [:]
    for (name, entry) in try JSONDecoder().decode(PosteriorReference.self, from: data).parameters {
      let (variable, element) = PosteriorReference.place(name)
      found[variable, default: [:]][element] = TargetMoments(entry.mean, entry.sd)
    }
    return found.mapValues { elements in (0..<elements.count).compactMap { elements[$0] } }
  }

  package static func row(_ model: any ReferencedModel, _ method: String, _ asked: InferenceRequest, seed: UInt64, threads: Int?)
    async throws
    -> VerdictRow
  {
    var request = asked
    request.seed = seed
    request.threads = threads
    let begin = ContinuousClock.now
    var row = VerdictRow(
      target: model.name, method: method, error: .infinity, worst: "", paretoShape: nil,
      verdict: Verdict([.init(code: "no_answer", severity: .fail, text: "There is no answer yet.")]), seconds: 0)
    do {
      let outcome = try await model.infer(data: nil, request: request) { _ in }
      guard !outcome.isInterrupted else { throw CancellationError() }
      row.verdict = outcome.verdict
      if case .number(let k)? = outcome.diagnostics["pareto_k"] { row.paretoShape = k }
      (row.error, row.worst) = try error(of: outcome, moments: moments(of: model))
    } catch let failure as InferenceError {
      // No answer at all is an honest failure.
      row.worst = failure.description
    }
    row.isNormal = (model as? any VerdictTarget)?.isNormal ?? false
    row.seconds = (ContinuousClock.now - begin).seconds
    return row
  }

  private static func error(of outcome: InferenceOutcome, moments: [String: [TargetMoments]]) throws -> (Double, String) {
    var worst = (0.0, "")
    for (name, truths) in moments.sorted(by: { $0.key < $1.key }) {
      guard let own = outcome.variables.first(where: { $0.name == name }) else { throw Defect("there is no variable \(name).") }
      for (element, truth) in truths.enumerated() {
        let (location, scale) = measured(own, element, truth.isRobust)
        let place = truths.count == 1 ? name : "\(name)[\(element + 1)]"
        for (kind, value) in [("location", (location - truth.location) / truth.scale), ("scale", scale / truth.scale - 1)]
        where !(abs(value) <= worst.0) {
          worst = (value.isNaN ? .infinity : abs(value), "\(place) \(kind)")
        }
      }
    }
    return worst
  }

  private static func measured(_ own: VariableReport, _ element: Int, _ isRobust: Bool) -> (Double, Double) {
    guard isRobust else { return (own["mean"]?[element] ?? .nan, own["sd"]?[element] ?? .nan) }
    func quantile(_ p: Double) -> Double { own.quantiles.first { $0.probability == p }?.values[element] ?? .nan }
    return (own["median"]?[element] ?? .nan, (quantile(0.75) - quantile(0.25)) / 1.349)
  }

  /// The counts that decide: false `ok`s of all fits; of the targets that are not normal, good fits, and those of them that are `ok`.
  package static func counts(_ rows: [VerdictRow]) -> (falseOK: Int, good: Int, goodAndOK: Int) {
    let good = rows.filter { $0.isGood && !$0.isNormal }
    return (rows.count { $0.isFalseOK }, good.count, good.count { $0.verdict.verdict == .ok })
  }

  package static func holds(_ rows: [VerdictRow]) -> Bool {
    let counts = counts(rows)
    return counts.falseOK == 0 && Double(counts.goodAndOK) >= recallLimit * Double(counts.good)
  }
}

extension Command {
  /// `credence agree --verdicts`.
  func verdicts(_ options: AgreementOptions) async throws -> Int32 {
    let targets = models.compactMap { $0 as? any ReferencedModel }.filter {
      $0.isReferenced && (options.names.isEmpty || options.names.contains($0.name))
    }
    let file = try options.outputPath.map { try OutputFile(path: $0) }
    let rows = try await Interruption.during(console) {
      var rows: [VerdictRow] = []
      for target in targets {
        for (name, request) in VerdictSuite.methods where options.method == nil || options.method == name {
          console.note("credence: \(name) \(target.name)")
          rows.append(try await VerdictSuite.row(target, name, request, seed: options.seed, threads: options.threads))
        }
      }
      return rows
    }
    try console.print(Self.verdictTable(rows))
    let counts = VerdictSuite.counts(rows)
    let share = counts.good > 0 ? Int((100 * Double(counts.goodAndOK) / Double(counts.good)).rounded()) : 100
    try console.print(
      "\n\(rows.count) fits of \(targets.count) targets: \(counts.falseOK) ok with an error above 0.25; of \(counts.good) with an error up to 0.1 on targets that are not normal, \(counts.goodAndOK) ok (\(share) %).\n"
    )
    if let file { try file.write(JSONWriter.pretty(Self.verdictJSON(rows, options))) }
    return VerdictSuite.holds(rows) ? ExitCode.done : ExitCode.verdictFail
  }

  private static func verdictTable(_ rows: [VerdictRow]) -> String {
    var table = TextTable(columns: [
      .left("target"), .left("method"), .right("error"), .left("of"), .right("k-hat"), .left("verdict"), .left(""), .right("s"),
      .left("reasons"),
    ])
    for row in rows {
      let note = row.isFalseOK ? "FALSE" : row.isGood ? (row.verdict.verdict == .ok ? "good" : "good, doubted") : ""
      table.append([
        row.target, row.method, String(format: "%.3f", row.error), row.worst,
        row.paretoShape.map { String(format: "%.2f", $0) } ?? "", row.verdict.verdict.rawValue, note, String(format: "%.1f", row.seconds),
        row.verdict.reasons.map(\.code).joined(separator: " "),
      ])
    }
    return table.text
  }

  private static func verdictJSON(_ rows: [VerdictRow], _ options: AgreementOptions) -> JSONValue {
    let counts = VerdictSuite.counts(rows)
    return .object(
      ("schema", "credence/verdicts/1"), ("seed", .seed(options.seed)), ("false_ok", .integer(counts.falseOK)),
      ("good", .integer(counts.good)), ("good_and_ok", .integer(counts.goodAndOK)),
      (
        "fits",
        .array(
          rows.map { row in
            .object(
              ("target", .string(row.target)), ("method", .string(row.method)), ("error", .number(row.error)), ("of", .string(row.worst)),
              ("pareto_k", .number(row.paretoShape ?? .nan)), ("verdict", .string(row.verdict.verdict.rawValue)),
              ("reasons", .array(row.verdict.reasons.map { .string($0.code) })), ("seconds", .number(row.seconds)))
          })
      ))
  }
}
