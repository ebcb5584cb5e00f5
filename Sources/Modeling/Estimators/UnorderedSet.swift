import Differentiation

/// Several different classes drawn without replacement by Gumbel top-k, and the expectation of the score-function estimate over their order,
/// with a built-in baseline (Kool, van Hoof & Welling 2020, arXiv:2002.06043). Unbiased, never the same evaluation twice; k evaluations of the
/// costs, times the elements that a cost mixes. First derivatives only.
struct UnorderedSet: DrawEstimator {
  let classes: Classes
  /// The classes in order of drawing; the first is the value of the site.
  let draws: [Node]

  /// The classes of the k largest scores of each element.
  static func top(_ k: Int, of scores: Tensor, _ classes: Classes) -> [Node] {
    var left = scores
    return (0..<k).map { _ in
      let best = Classes.argmax(left)
      left = select(classes.oneHot(best), -Double.infinity, left)
      return best
    }
  }

  func surrogate(_ costs: [Node], _ site: DrawSite, _ context: inout SurrogateContext) -> [Node] {
    let split = TouchedCosts(costs, site)
    guard !split.touched.isEmpty else { return costs }
    let signals: [Node]
    do {
      signals = try draws.enumerated().map { place, draw in
        place == 0 ? site.signal(split.touched, split.reach, split.maps) : try split.replacing(by: draw, site)
      }
    } catch {
      context.report("\(error)")
      return costs
    }
    let p = draws.map { (classes.oneHot($0) * classes.probabilities).sum(axis: 0).node.stopped }
    let all = Array(draws.indices)
    let whole = probability(of: all, without: [], p)
    var result = costs
    for s in all {
      let others = all.filter { $0 != s }
      let rest = probability(of: others, without: [s], p)
      let baseline = all.map { t in
        let ratio = t == s ? Node.fill(1, shape: rest.shape) : probability(of: others.filter { $0 != t }, without: [s, t], p) / rest
        return p[t] * ratio * signals[t]
      }.reduce(.fill(0, shape: rest.shape), +)
      let weight = p[s] * (rest / whole)
      result.append(Node.slope(site.logDensity(draws[s]), weight * (signals[s] - baseline)))
    }
    return result + site.withoutOwnScore([site.value])
  }

  /// The probability that draws without replacement from the classes but for `excluded` begin with this set, in any order.
  private func probability(of set: [Int], without excluded: [Int], _ p: [Node]) -> Node {
    guard let first = p.first, !set.isEmpty else { return .fill(1, shape: p[0].shape) }
    let left = excluded.map { p[$0] }.reduce(Node.fill(1, shape: first.shape), -)
    let safe = Node.binary(.maximum, left, .fill(1e-300, shape: first.shape))
    return set.map { s in p[s] / safe * probability(of: set.filter { $0 != s }, without: excluded + [s], p) }
      .reduce(.fill(0, shape: first.shape), +)
  }
}
