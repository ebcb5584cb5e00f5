import Differentiation

/// Two antithetic binary draws from one uniform number u: z = [u > σ(−l)] and z′ = [u < σ(l)], each Bernoulli with log-odds l.
///
/// ARM (Yin & Zhou 2019, arXiv:1807.11143): ∇_l E f = E[(f(z) − f(z′))(u − ½)]. Unbiased; two evaluations of the costs.
struct AugmentReinforceMerge: DrawEstimator {
  let pair: AntitheticPair

  func surrogate(_ costs: [Node], _ site: DrawSite, _ context: inout SurrogateContext) -> [Node] {
    pair.surrogate(costs, site) { difference in difference * (pair.uniform - 0.5) }
  }
}

/// ARM with the mean over u given z and z′ in its place (DisARM: Dong, Mnih & Tucker 2020, arXiv:2006.10680; U2G: Yin et al. 2020):
/// ∇_l E f = E[½ (f(z) − f(z′))(z − z′) σ(|l|)]. Unbiased; never more variance than ARM.
struct DisARM: DrawEstimator {
  let pair: AntitheticPair

  func surrogate(_ costs: [Node], _ site: DrawSite, _ context: inout SurrogateContext) -> [Node] {
    pair.surrogate(costs, site) { difference in
      0.5 * (difference * ((site.value - pair.other) * Node.unary(.logistic, .unary(.absolute, pair.logits))))
    }
  }
}

/// What both estimators share. First derivatives only.
struct AntitheticPair: Sendable {
  /// l, u and z′, each of the shape of the draw.
  let logits, uniform, other: Node

  /// The mean of the costs at both draws, and the estimate in its place of the derivative by l.
  func surrogate(_ costs: [Node], _ site: DrawSite, _ derivative: (_ difference: Node) -> Node) -> [Node] {
    let split = TouchedCosts(costs, site)
    guard !split.touched.isEmpty else { return costs }
    let mirrored = split.at(other, site)
    let difference = site.signal(split.touched, split.reach, split.maps) - site.signal(mirrored, split.reach, split.maps)
    var result = split.rest + (split.touched + mirrored).map { 0.5 * $0 }
    result.append(Node.slope(logits, derivative(difference)))
    return result + site.withoutOwnScore([site.value, other])
  }
}

extension DrawSite {
  /// Terms of value 0 that take the derivative of −log q of these draws, which has mean zero, out of an evidence bound.
  func withoutOwnScore(_ draws: [Node]) -> [Node] {
    ownCost == 0 ? [] : draws.map { (ownCost / Double(draws.count)) * (Node.magicBox(logDensity($0)) - 1) }
  }
}
