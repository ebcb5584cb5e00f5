import Foundation
import Modeling

/// A posterior that no algorithm has to look for: the model has no continuous unknowns.
///
/// Its discrete sites, if it has any, are summed out: the log evidence and the probabilities of their values are exact, and draws of them are
/// independent draws from the exact posterior, elements of one draw together. What the body returns is summarized exactly, too, where the joint values
/// of all sites can be gone through (``JointValues``), and by its draws elsewhere. Where every site has a value there is nothing unknown, and what the
/// body returns is computed at these values.
package struct ExactResult: Sendable {
  /// log p(data): −∞ where every site has a value and the data are impossible there.
  package var logEvidence: Double
  /// The sites that are summed out, in order of appearance.
  package var sites: [String]

  package var verdict: Verdict {
    guard sites.isEmpty else {
      let list = sites.count > 5 ? sites.prefix(4).joined(separator: ", ") + ", …" : sites.joined(separator: ", ")
      return Verdict([
        .init(
          code: "exact", severity: .ok,
          text:
            "The model has no continuous unknowns: \(list) \(sites.count == 1 ? "is" : "are") summed out, so that probabilities and the log evidence, \(logEvidence.brief(6)), are exact and the draws independent. No sampler or guide was run."
        )
      ])
    }
    var reasons: [Verdict.Reason] = [
      .init(
        code: "exact", severity: .ok,
        text:
          "The model has no unknowns: every site has a value, and the outputs are computed at these values. Nothing is inferred, and no sampler or guide was run; the log density there is \(logEvidence.brief(6))."
      )
    ]
    if !logEvidence.isFinite {
      reasons.append(
        .init(
          code: "density_not_finite", severity: .caution,
          text: "The log density at these values is \(logEvidence.brief()): the model says that the data cannot come about there."))
    }
    return Verdict(reasons)
  }
}

extension FitEngine {
  /// The posterior of a model without continuous unknowns, whatever the method: as many draws as the method would have given.
  ///
  /// Throws ``FitError`` where the data are impossible for every value of the sites that are summed out.
  func exact(_ compiled: CompiledModel<M>, begin: ContinuousClock.Instant) throws -> Posterior<M.Output> {
    var timing = FitTiming()
    let evaluator = try compiled.makeEvaluator(lanes: 1)
    let ready = ContinuousClock.now
    var value = [0.0]
    var gradient = [0.0]
    evaluator.evaluate(positions: [0], values: &value, gradients: &gradient)
    let sites = compiled.recorded.summation?.sites.map(\.name) ?? []
    guard value[0].isFinite || sites.isEmpty else {
      throw FitError([
        "The log density is \(value[0].brief()) whatever the values of \(sites.joined(separator: ", ")): the data are impossible for what the body says."
      ])
    }
    let result = ExactResult(logEvidence: value[0], sites: sites)
    let joint = try JointValues(compiled, logEvidence: value[0], threads: threads, stop: stop)
    var (chains, count) = exactDraws
    guard !chains.isEmpty, count > 0 else { throw FitError(["There must be at least one draw, and there are none to make."]) }
    func draw(_ count: Int) throws -> (DrawSet, [VariableSummary]) {
      let own = chains.map { UnconstrainedChain(number: $0, positions: [], count: count) }
      let draws = DrawSet(
        chains: chains.count, drawsPerChain: count, variables: try FitDraws.constrain(compiled, own, seed: seed),
        sampleStats: ["lp": chains.map { _ in [Double](repeating: value[0], count: count) }])
      let summaries = try FitSummary.summarize(draws, threads: threads)
      return (draws, summaries.map { $0.exact(compiled.recorded, draws, joint) })
    }
    var (draws, summaries) = try draw(count)
    let first = count
    while let precision = method.control.precision, !precision.isReached(summaries), !stop.isRaised,
      let next = ChainControl.next(after: count, first: first)
    {
      count = next
      (draws, summaries) = try draw(count)
    }
    checkpoint?.part("exact").save(count)
    timing.total = (ContinuousClock.now - begin).inSeconds
    timing.compilation = (ready - begin).inSeconds
    timing.summary = (ContinuousClock.now - ready).inSeconds
    timing.gradientEvaluations = 1
    return Posterior(
      verdict: FitVerdict.verdict(.exact(result), summaries, draws, isInterrupted: false), isInterrupted: false, timing: timing, seed: seed,
      settings: .exact(chains: chains.count, draws: count), recorded: compiled.recorded, drawSet: draws, summaries: summaries,
      details: .exact(result))
  }

  /// The numbers of the chains, and the draws in each, that the method asks for.
  private var exactDraws: (chains: [Int], count: Int) {
    switch method.settings {
    case .nuts(let configuration, let chains, _): (chains, configuration.draws / max(configuration.thin, 1))
    case .vi(_, let draws, _), .approximation(_, let draws), .laplace(_, let draws): ([0], draws)
    case .smc(let configuration): (Array(0..<configuration.populations), configuration.particles)
    case .program(let configuration): ([0], configuration.draws ?? 1000)
    case .map: ([0], 4000)
    case .exact(let chains, let draws): (Array(0..<chains), draws)
    }
  }
}
