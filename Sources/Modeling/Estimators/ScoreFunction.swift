import Differentiation

/// ∇E f = E[(f − b) ∇log q(z)]: unbiased for every distribution with a density and any f (Glynn 1990; Williams 1992), at all orders of
/// derivatives (the magic box, Foerster et al. 2018). Its variance grows with that of f − b and with the number of draws that f depends on; of f
/// only what a draw's element reaches counts (Rao–Blackwellization; Ranganath, Gerrish & Blei 2014; Schulman et al. 2015).
///
/// In an evidence bound the derivative of −log q itself, which has mean zero, is left out: where q is the posterior, f − b has no variance and
/// neither has the gradient.
struct ScoreFunction: DrawEstimator {
  let baseline: Baseline
  /// Further independent draws, for leave-one-out.
  let others: [Node]
  /// For learned baselines: what it is a function of, features leading, then the axes that are told apart.
  let features: Node?

  func surrogate(_ costs: [Node], _ site: DrawSite, _ context: inout SurrogateContext) -> [Node] {
    let split = TouchedCosts(costs, site)
    guard !split.touched.isEmpty else { return costs }
    let draws = [site.value] + others
    let terms = draws.map { split.at($0, site) }
    let scores = draws.map { site.logDensity($0) }
    let signals = terms.map { site.signal($0, split.reach, split.maps).stopped }
    let share = 1 / Double(draws.count)
    var result = split.rest
    for k in draws.indices {
      result += terms[k].map { share * $0 }
      result += boxed(terms[k], split, scores[k]).map { share * $0 }
      let b = baseline.value(of: k, signals, scores, features, &context)
      result.append(share * ((1 - Node.magicBox(scores[k])) * b.stopped))
      if site.ownCost != 0 { result.append((share * site.ownCost) * (Node.magicBox(scores[k]) - 1)) }
    }
    return result
  }

  /// Terms of value 0 whose derivatives are those of the costs through the density of the draw: T·(box(W) − 1), W the log densities of the
  /// elements that T reaches.
  private func boxed(_ terms: [Node], _ split: TouchedCosts, _ score: Node) -> [Node] {
    let groups = Dictionary(grouping: terms.indices, by: { split.maps[$0] }).sorted { $0.value[0] < $1.value[0] }
    return groups.map { map, places in
      let cost = places.map { split.reach.reduced(terms[$0], map) }.reduce(.fill(0), +)
      return (Node.magicBox(split.reach.summed(score, map)) - 1) * cost
    }
  }
}

/// What is subtracted from the costs in a score-function estimate. None of them depends on the draw that it is used for, so that none adds a
/// bias.
package enum Baseline: Sendable, Equatable {
  case none
  /// The running mean of past costs, with this decay (Mnih & Gregor 2014, arXiv:1402.0030).
  case movingAverage(decay: Double)
  /// The mean cost of the other draws of this many (RLOO: Salimans & Knowles 2014; Kool, van Hoof & Welling 2019). In an evidence bound it is
  /// half the gradient of the variance of log p − log q (VarGrad: Richter et al. 2020, arXiv:2010.10436).
  case leaveOneOut(draws: Int)
  /// The constant of least variance, E⟨f ∇log q, ∇log q⟩ / E‖∇log q‖², from past draws (Greensmith, Bartlett & Baxter 2004).
  case optimal
  /// A linear function of features of the input, fitted to past costs by normalized least mean squares (after Mnih & Gregor 2014).
  case learned

  /// The baseline for draw k.
  fileprivate func value(of k: Int, _ signals: [Node], _ scores: [Node], _ features: Node?, _ context: inout SurrogateContext) -> Node {
    let shape = signals[k].shape
    let zero = Node.fill(0, shape: shape)
    switch self {
    case .none: return zero
    case .leaveOneOut:
      let others = signals.indices.filter { $0 != k }.map { signals[$0] }
      return others.isEmpty ? zero : (1 / Double(others.count)) * others.reduce(zero, +)
    case .movingAverage(let decay):
      let mean = context.state("moving average", [0])
      let weight = context.state("weight of the moving average", [0])
      context.update(mean, to: decay * mean + (1 - decay) * Baseline.mean(signals[k]))
      context.update(weight, to: decay * weight + (1 - decay))
      return (mean / .binary(.maximum, weight, .fill(1e-300))).broadcast(to: shape, axes: [])
    case .optimal: return optimal(signals[k], scores[k], &context).broadcast(to: shape, axes: [])
    case .learned: return learned(signals[k], features, &context)
    }
  }

  private static func mean(_ x: Node) -> Node { (1 / Double(max(1, x.count))) * x.total }

  private func optimal(_ signal: Node, _ score: Node, _ context: inout SurrogateContext) -> Node {
    let inputs = Node.reachable(from: [score]).filter { if case .input = $0.operation { true } else { false } }
    func gradient(_ weight: Node) -> [Node] {
      zip(inputs, Derivatives.pullback(of: [score], cotangents: [weight], to: inputs)).map { $1 ?? .fill(0, shape: $0.shape) }
    }
    let (plain, weighted) = (gradient(.fill(1, shape: score.shape)), gradient(signal))
    func product(_ a: [Node], _ b: [Node]) -> Node { zip(a, b).map { ($0 * $1).total }.reduce(.fill(0), +).stopped }
    // Plain averages over the first 1000 steps, then exponential ones of that length.
    let count = context.state("steps", [0])
    let rate = Node.binary(.maximum, .unary(.reciprocal, count + 1), .fill(0.001))
    let numerator = context.state("cost along the score", [0])
    let denominator = context.state("square of the score", [0])
    context.update(count, to: count + 1)
    context.update(numerator, to: numerator + rate * (product(weighted, plain) - numerator))
    context.update(denominator, to: denominator + rate * (product(plain, plain) - denominator))
    return numerator / .binary(.maximum, denominator, .fill(1e-300))
  }

  private func learned(_ signal: Node, _ features: Node?, _ context: inout SurrogateContext) -> Node {
    let offset = context.state("offset of the baseline", [0])
    guard let features else {
      context.update(offset, to: offset + 0.1 * (Baseline.mean(signal) - offset))
      return offset.broadcast(to: signal.shape, axes: [])
    }
    let x = features.stopped
    let d = x.shape[0]
    let weights = context.state("weights of the baseline", [Double](repeating: 0, count: d), shape: [d])
    let spread = x.shape
    let b = (x * weights.broadcast(to: spread, axes: [0])).reduced(.sum, axes: [0]) + offset.broadcast(to: signal.shape, axes: [])
    let error = signal - b
    let power = (Node.unary(.square, x).total + Double(signal.count))
    let along = (x * error.broadcast(to: spread, axes: Array(1..<spread.count))).reduced(.sum, axes: Array(1..<spread.count))
    let rate = (0.1 * Node.unary(.reciprocal, power))
    context.update(weights, to: weights + along * rate.broadcast(to: [d], axes: []))
    context.update(offset, to: offset + rate * error.total)
    return b
  }
}
