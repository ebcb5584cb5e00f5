import Differentiation
import Distributions

/// The bound of K draws, E log (1/K) Σₖ p(x, zₖ)/q(zₖ) (Burda, Grosse & Salakhutdinov 2016, arXiv:1509.00519), with the estimators of its
/// derivative. In plates every element has a bound of its own.
package struct MultiSampleBound {
  /// The bound of these draws, the sum over plates; its derivative is the estimate.
  package let surrogate: Node
  package let value: Node

  /// VIMCO (Mnih & Rezende 2016, arXiv:1602.06725): score functions whose signal for draw k is the bound minus what it would be if draw k had the
  /// geometric mean of the others' weights. For any distribution; unbiased for the gradient of the bound.
  package static func vimco<D: Distribution>(
    _ d: D, draws: Int, using source: DrawSource, logJoint: (D.Value) -> Tensor
  ) -> MultiSampleBound {
    let each = (0..<draws).map { _ in
      let value = D.Value(drawn: stopGradient(d.sample(using: source).tensor))
      let score = elementwise(d, d.logDensity(inside: value))
      return (weight: logJoint(value) - score, score: score)
    }
    let weights = each.map(\.weight)
    let bound = logMeanExp(weights)
    var surrogate = bound
    for k in 0..<draws {
      let others = weights.indices.filter { $0 != k }.map { weights[$0] }
      let stand = others.isEmpty ? weights[k] : others.reduce(Tensor(0)) { $0 + $1 } / Double(others.count)
      let baseline = others.isEmpty ? Tensor(0) : logMeanExp(others + [stand])
      surrogate += stopGradient(bound - baseline) * (each[k].score - stopGradient(each[k].score))
    }
    return MultiSampleBound(surrogate: surrogate.node.total, value: bound.node.total)
  }

  /// The doubly reparameterized gradient (DReG: Tucker, Lawson, Gu & Maddison 2019, arXiv:1810.04152): with normalized weights vₖ, Σₖ vₖ² times the
  /// derivative of log wₖ through the draw zₖ alone. Unbiased for the parameters of q, whose signal-to-noise ratio does not fall with K; parameters that only
  /// the joint has get their usual derivative Σₖ vₖ ∇log p.
  package static func doublyReparameterized<D: ReparameterizedDistribution>(
    _ d: D, draws: Int, using source: DrawSource, logJoint: (Tensor) -> Tensor
  ) -> MultiSampleBound {
    let values = (0..<draws).map { _ in d.sample(using: source) }
    let weights = values.map { logJoint($0) - elementwise(d, d.logDensity(inside: $0)) }
    let bound = logMeanExp(weights)
    let total = bound * 1
    var surrogate = stopGradient(total)
    for (value, weight) in zip(values, weights) {
      let share = stopGradient(exp(weight - bound) / Double(draws))
      // The derivative through the draw, and that of the joint at a draw held fixed.
      let path = Derivatives.pullback(of: [weight.node], cotangents: [square(share).node], to: [value.node])[0]
      if let path { surrogate += Tensor(Node.slope(value.node, path).total) }
      let held = Node.substitute([logJoint(value).node], [value.node: value.node.stopped])[0]
      surrogate += share * Tensor(held - held.stopped, plates: weight.plates)
    }
    return MultiSampleBound(surrogate: surrogate.node.total, value: bound.node.total)
  }

  private static func elementwise<D: Distribution>(_ d: D, _ density: Tensor) -> Tensor { d.batchShape.isEmpty ? density : density.sum() }

  private static func logMeanExp(_ x: [Tensor]) -> Tensor { stack(x).logSumExp(axis: 0) - log(Tensor(Double(x.count))) }
}
