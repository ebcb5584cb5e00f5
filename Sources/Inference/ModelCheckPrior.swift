import Foundation
import Modeling

extension ModelCheck {
  /// Draws of the likelihood's value.
  private static var likelihoodDraws: Int { 200 }

  /// The data against what the model expects before it has seen them.
  func priorPredictive() throws -> [CheckFinding] {
    let name = "prior predictive"
    guard compiled.recorded.sites.contains(where: { $0.role == .observed }) else { return [] }
    let prior: PriorPredictive<M>
    do {
      prior = try PriorPredictive(model, count: draws, seed: seed, threads: threads, stop: stop)
    } catch let error as ModelError {
      let sentences = error.problems.map(\.sentence).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
      let reasons = sentences.map { sentence in
        let sites = error.problems.filter { $0.sentence == sentence }.compactMap(\.site)
        return sites.isEmpty ? sentence : "\(sites.joined(separator: ", ")): \(sentence)"
      }
      return [CheckFinding(name, .note, "not simulated; \(reasons.joined(separator: "; ")).")]
    }
    var findings = prior.omitted.map { CheckFinding(name, .note, "\($0.site) is not simulated: \($0.reason).") }
    for observed in prior.observed where !observed.data.isEmpty {
      guard let drawn = prior.draws.variables.first(where: { $0.kind == .predictive && $0.name == observed.name }) else { continue }
      findings.append(compare(observed, drawn.values[0]))
    }
    let summedOut = Set(compiled.recorded.summation?.sites.map(\.name) ?? [])
    if let likelihoods = try prior.logLikelihoods(model, summedOut: summedOut, limit: Self.likelihoodDraws), !likelihoods.isEmpty {
      let impossible = likelihoods.count { $0 == -.infinity }
      if impossible == likelihoods.count {
        findings.append(
          CheckFinding(
            name, .fail,
            "the data have probability 0 under each of \(impossible) draws from the prior: something observed is outside of what the body allows."
          ))
      } else if impossible * 10 > likelihoods.count {
        findings.append(
          CheckFinding(
            name, .note,
            "the data have probability 0 under \(impossible) of \(likelihoods.count) draws from the prior: samplers start where it is not.")
        )
      }
      let undefined = likelihoods.count(where: \.isNaN)
      if undefined > 0 {
        findings.append(
          CheckFinding(
            name, .caution,
            "the likelihood is not a number under \(undefined) of \(likelihoods.count) draws from the prior: a parameter leaves its legal range, or a number overflows."
          ))
      }
    }
    return findings
  }

  /// How far into the tails of the draws the data reach.
  private func compare(_ observed: PriorPredictive<M>.Observed, _ drawn: [Double]) -> CheckFinding {
    let size = observed.data.count
    var (outside, least, place) = (0, 2.0, 0)
    var column = [Double](repeating: 0, count: draws)
    for element in 0..<size {
      for draw in 0..<draws { column[draw] = drawn[draw * size + element] }
      let value = observed.data[element]
      let below = column.count { $0 < value }
      let above = column.count { $0 > value }
      if below == draws || above == draws { outside += 1 }
      // Two-sided, ties in half.
      let middle = Double(draws - below - above) / 2
      let tail = 2 * min(Double(below) + middle, Double(above) + middle) / Double(draws)
      if tail < least { (least, place) = (tail, element) }
    }
    let finite = drawn.filter(\.isFinite).sorted()
    let share = Double(drawn.count - finite.count) / Double(max(drawn.count, 1))
    func quantile(_ p: Double) -> Double { finite.isEmpty ? .nan : finite[min(finite.count - 1, Int(p * Double(finite.count)))] }
    let (low, high) = (quantile(0.05), quantile(0.95))
    let (first, last) = (observed.data.min() ?? .nan, observed.data.max() ?? .nan)
    let numbers: [(name: String, value: Double)] = [
      ("observed_min", first), ("observed_max", last), ("predicted_5", low), ("predicted_95", high), ("outside", Double(outside)),
      ("least_tail_probability", least), ("not_finite", share),
    ]
    let range = "\(observed.name): data from \(first.brief()) to \(last.brief()), predicted \(low.brief()) to \(high.brief()) (5 % to 95 %)"
    if share > 0.001 {
      return CheckFinding(
        "prior predictive", .caution,
        "\(range); \((100 * share).brief()) % of what is drawn is not finite: the prior lets a number overflow.", numbers: numbers)
    }
    // So many of the elements lie outside of all draws where the data come from the prior.
    let expected = 2 * Double(size) / Double(draws + 1)
    if Double(outside) > expected + 4 * max(expected, 0.06).squareRoot() {
      let element = IndependentInput.suffix(place, observed.shape)
      let which = outside == 1 ? "\(observed.name)\(element) = \(observed.data[place].brief()) lies" : "\(outside) of \(size) values lie"
      return CheckFinding(
        "prior predictive", .caution,
        "\(range); \(which) outside of all \(draws) draws from the prior: the prior all but excludes what was observed, or the data have another unit.",
        numbers: numbers)
    }
    let width = (high - low) / max(last - first, .leastNonzeroMagnitude)
    if size > 1, width > 1e4, width.isFinite {
      return CheckFinding(
        "prior predictive", .note, "\(range): the prior expects a spread \(width.brief()) times that of the data; it could say more.",
        numbers: numbers)
    }
    return CheckFinding("prior predictive", .ok, "\(range).", numbers: numbers)
  }
}
