import Differentiation
import Distributions
import Inference
import Modeling
import Testing

/// Labelled points: a mean with prior N(0, 3), and labels that say which of mean ± 2 a point belongs to.
private struct Labelled: Model {
  let y: Tensor
  func body(_ p: Program) throws -> Tensor {
    let mu = p.sample("mu", Normal(0, sd: 3))
    p.plate("points", y.count) { i in
      let isUpper = p.sample("label", Bernoulli(probability: 0.5))
      p.observe("y", Normal(mu + 4 * isUpper - 2, sd: 1), y[i])
    }
    return mu
  }
}

/// A number for each observation, N(0, 1) with observations N(z, 1): its posterior is N(y/2, ½).
private struct Local: Model {
  let y: Tensor
  func body(_ p: Program) throws -> Tensor {
    p.plate("points", y.count) { i in
      let z = p.sample("z", Normal(0, sd: 1))
      p.observe("y", Normal(z, sd: 1), y[i])
      return z
    }
  }
}

@Suite("Checks of guides that are programs") struct ProgramCheckTests {
  private static let points = Labelled(y: [1.3, -2.4, 2.6, -1.5, 2.2, 1.7, -2.8, -1.1])

  /// Labels by log-odds 4(y − m̂)·`trust`, the exact ones at the posterior mean for `trust` = 1; mu with the given sd.
  private static func labelled(sd: Double, trust: Double) -> Guide<Labelled> {
    Guide { q, data in
      q.sample("mu", Normal(q.parameter("m", 0), sd: sd))
      q.plate("points", data.y.count) { i in
        q.sample("label", Bernoulli(logits: 4 * trust * data.y[i]), gradient: .enumeration)
      }
    }
  }

  private static func result<M: Model>(_ model: M, _ guide: Guide<M>, seed: UInt64 = 1) async throws -> (ProgramResult, Verdict) {
    let posterior = try await fit(model, .vi(guide: guide), seed: seed)
    guard case .program(let result) = posterior.details else { throw FitError(["another guide was fitted"]) }
    return (result, posterior.verdict)
  }

  /// The posterior of mu is nearly that with known labels: sd 1/√(8 + 1/9), and a little more since labels are not certain.
  @Test("Chains follow the continuous sites with the labels summed out: a right width passes, a narrow one does not")
  func chains() async throws {
    let (right, verdict) = try await Self.result(Self.points, Self.labelled(sd: 0.37, trust: 1))
    let probe = try #require(right.check.probe)
    #expect(!probe.accuses, "\(probe)")
    #expect(verdict.verdict != .fail, "\(verdict)")
    let (narrow, judged) = try await Self.result(Self.points, Self.labelled(sd: 0.15, trust: 1))
    #expect(try #require(narrow.check.probe).accuses)
    #expect(judged.reasons.contains { $0.code == "chains_move" }, "\(judged)")
  }

  @Test("Probabilities of labels are held against those given the other draws")
  func classes() async throws {
    let (right, verdict) = try await Self.result(Self.points, Self.labelled(sd: 0.37, trust: 1))
    #expect(try #require(right.check.classes).count == 16)
    #expect(!verdict.reasons.contains { $0.code == "class_shift" }, "\(verdict)")
    // Labels by chance, where most are nearly certain.
    let (blind, judged) = try await Self.result(Self.points, Self.labelled(sd: 0.37, trust: 0))
    let found = try #require(blind.check.classes)
    // The share of 1000 draws has a standard error of 0.016.
    #expect(found.largest > 0.4 && found.largest < 0.56 && found.site == "label", "\(found)")
    #expect(judged.reasons.contains { $0.code == "class_shift" && $0.severity == .fail }, "\(judged)")
  }

  @Test("Each element of a plate has weights of its own, and what the bound lacks is their Kullback–Leibler divergence")
  func elements() async throws {
    // More coordinates than chains are run for.
    let y = Tensor((0..<400).map { Double($0 % 7) / 3 - 1 })
    func guide(sd: Double) -> Guide<Local> {
      Guide { q, data in
        q.plate("points", data.y.count) { i in q.sample("z", Normal(q.parameter("slope", 0.5) * data.y[i], sd: sd)) }
      }
    }
    let (exact, verdict) = try await Self.result(Local(y: y), guide(sd: 0.5.squareRoot()))
    let right = try #require(exact.check.elements)
    #expect(right.elements == 400 && right.share == 0, "\(right)")
    #expect(abs(right.gap) < 1e-3)
    #expect(!verdict.reasons.contains { $0.code.hasPrefix("pareto_k") }, "\(verdict)")
    // p/q of a normal guide with a third of the width has a tail of index 1 − 1/9: k = 8/9.
    let (narrow, judged) = try await Self.result(Local(y: y), guide(sd: 0.5.squareRoot() / 3))
    let wrong = try #require(narrow.check.elements)
    #expect(wrong.share > 0.5 && wrong.gap > 0.1, "\(wrong)")
    #expect(judged.reasons.contains { $0.code == "pareto_k_elements" && $0.severity == .fail }, "\(judged)")
  }
}
