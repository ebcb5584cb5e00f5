import CommandLine
import Foundation
import Inference
import ModelLibrary
import Testing

@Suite("Verdicts on targets with known answers")
struct VerdictSuiteTests {
  /// The quick half of `credence agree --verdicts`: methods without flows, on the small targets with closed forms and five posteriors.
  @Test("No ok where an error exceeds a quarter sd, and most good fits are ok")
  func quickHalf() async throws {
    var rows: [VerdictRow] = []
    let names = ["kidiq", "sblrc", "mesquite", "arK", "eight_schools"]
    let posteriors = ModelLibrary.posteriors.filter { model in names.contains { model.name.hasPrefix($0) } }
    let large = ["target-hundred-normals", "target-fifty-normals", "target-wide-funnel"]
    for target in VerdictTargets.all.filter({ !large.contains($0.name) }) + posteriors {
      for (name, request) in VerdictSuite.methods where !name.hasPrefix("flow") {
        rows.append(try await VerdictSuite.row(target, name, request, seed: 1, threads: nil))
      }
    }
    let falseOK = rows.filter(\.isFalseOK).map { "\($0.target) \($0.method): \($0.worst) off by \($0.error)" }
    #expect(falseOK == [])
    let counts = VerdictSuite.counts(rows)
    #expect(counts.good >= 40)
    #expect(Double(counts.goodAndOK) >= VerdictSuite.recallLimit * Double(counts.good), "\(counts)")
  }

  @Test("A second stage that begins in one of two modes does not forget the other", arguments: [Refinement.psis, .nuts])
  func refined(by refinement: Refinement) async throws {
    let target = try #require(VerdictTargets.all.first { $0.name == "target-far-modes" })
    var request = InferenceRequest()
    request.method = .laplace
    request.refinement = refinement
    request.draws = 400
    let outcome = try await target.infer(data: nil, request: request) { _ in }
    #expect(outcome.verdict.verdict == .fail)
    #expect(outcome.verdict.reasons.contains { $0.code == "uncovered_mode" })
  }

  @Test(
    "Linear response is within 5 % of the reference sds on the regressions",
    arguments: ["kidiq-kidscore_interaction", "earnings-logearn_interaction", "mesquite-logmesquite", "nes1980-nes", "sblrc-blr"])
  func linearResponse(name: String) async throws {
    let model = try #require(ModelLibrary.posteriors.first { $0.name == name })
    var request = InferenceRequest()
    request.method = .vi
    request.objective = .fixedDraws
    request.draws = 20_000
    let outcome = try await model.infer(data: nil, request: request) { _ in }
    let reference = try VerdictSuite.moments(of: model)
    #expect(!reference.isEmpty)
    for (variable, moments) in reference {
      let own = try #require(outcome.variables.first { $0.name == variable })
      for (element, truth) in moments.enumerated() {
        let sd = try #require(own["sd"])[element]
        #expect(abs(sd / truth.scale - 1) < 0.05, "\(variable)[\(element)]: \(sd), reference \(truth.scale)")
      }
    }
  }
}
