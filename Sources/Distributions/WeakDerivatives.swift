import Differentiation

/// The derivative of a distribution in one of its parameters as a difference of two distributions:
/// ∂p_θ/∂θ = c·(p⁺ − p⁻), so that ∂E f/∂θ = c·(E f(z⁺) − E f(z⁻)) for any f, continuous or not (Pflug 1989; Mohamed, Rosca, Figurnov &
/// Mnih 2020, arXiv:1906.10652, table 1).
package struct WeakDerivative: Sendable {
  /// θ, an element for each element of a value.
  package let parameter: Tensor
  /// c ≥ 0.
  package let constant: Tensor
  /// Draws of p⁺ and p⁻; nil where the distribution itself takes that part. Draws are coupled: they share their randomness.
  package let positive, negative: Tensor?
}

/// A distribution whose derivatives in its parameters are differences of distributions that can be drawn from.
public protocol WeaklyDifferentiableDistribution: Distribution {
  /// A value and the parts of the derivative in each parameter. Shapes: ``Distribution/shape``.
  func weakDerivatives(using source: DrawSource) -> WeakDraw
}

/// A draw with the derivatives of its distribution.
public struct WeakDraw: Sendable {
  package let value: Tensor
  package let derivatives: [WeakDerivative]
}

extension Normal: WeaklyDifferentiableDistribution {
  /// In the mean: c = 1/(σ√(2π)), μ ± σW with W a Rayleigh draw. In σ: c = 1/σ, μ + σM with M a two-sided Maxwell draw, minus the normal
  /// itself, as M·U with U uniform.
  public func weakDerivatives(using source: DrawSource) -> WeakDraw {
    let rayleigh = sqrt(2 * source.draw(.exponential, shape: batchShape))
    let half = sqrt(2 * source.draw(.gamma, shape: batchShape, parameters: [Tensor(1.5)]))
    let maxwell = select(source.draw(.uniform, shape: batchShape) .< 0.5, -half, half)
    let u = source.draw(.uniform, shape: batchShape)
    let scale = sd.broadcast(to: batchShape)
    return WeakDraw(
      value: stopGradient(mu + sd * maxwell * u),
      derivatives: [
        WeakDerivative(
          parameter: mu.broadcast(to: batchShape), constant: 0.3989422804014327 / scale, positive: mu + sd * rayleigh,
          negative: mu - sd * rayleigh),
        WeakDerivative(parameter: scale, constant: 1 / scale, positive: mu + sd * maxwell, negative: nil),
      ])
  }
}

extension Poisson: WeaklyDifferentiableDistribution {
  /// In the rate: c = 1, z + 1 minus z.
  public func weakDerivatives(using source: DrawSource) -> WeakDraw {
    let z = sample(using: source).tensor
    return WeakDraw(
      value: z, derivatives: [WeakDerivative(parameter: rate, constant: .ones(batchShape), positive: z + 1, negative: nil)])
  }
}

extension Gamma: WeaklyDifferentiableDistribution {
  /// In the rate r: c = a/r, Gamma(a, r) minus Gamma(a + 1, r), which is the same draw plus an exponential one. The derivative in the shape a
  /// has no such pair of known distributions; there the draw's own (implicit) derivative is left in place.
  public func weakDerivatives(using source: DrawSource) -> WeakDraw {
    let r = rate.broadcast(to: batchShape)
    let z = source.draw(.gamma, shape: batchShape, parameters: [concentration]) / stopGradient(r)
    return WeakDraw(
      value: z,
      derivatives: [
        WeakDerivative(
          parameter: r, constant: concentration / r, positive: nil, negative: z + source.draw(.exponential, shape: batchShape) / r)
      ])
  }
}

extension Bernoulli: WeaklyDifferentiableDistribution {
  /// In the log-odds: c = p(1 − p), 1 minus 0.
  public func weakDerivatives(using source: DrawSource) -> WeakDraw {
    let p = probability
    return WeakDraw(
      value: sample(using: source).tensor,
      derivatives: [
        WeakDerivative(
          parameter: logits, constant: p * logistic(-logits), positive: .ones(batchShape), negative: .zeros(batchShape))
      ])
  }
}

extension Categorical: WeaklyDifferentiableDistribution {
  /// In the logit of class k: c = pₖ, class k minus the distribution itself.
  public func weakDerivatives(using source: DrawSource) -> WeakDraw {
    let p = probabilities
    return WeakDraw(
      value: sample(using: source).tensor,
      derivatives: (0..<supportSize).map { k in
        WeakDerivative(parameter: logits[k], constant: p[k], positive: Tensor(Double(k)), negative: nil)
      })
  }
}

extension Repeated: WeaklyDifferentiableDistribution where Base: WeaklyDifferentiableDistribution {
  public func weakDerivatives(using source: DrawSource) -> WeakDraw {
    let axis = CopyAxis(copies)
    let own = source.within(axis.plate) { base.weakDerivatives(using: source) }
    return WeakDraw(
      value: axis.left(own.value),
      derivatives: own.derivatives.map {
        WeakDerivative(
          parameter: axis.left($0.parameter), constant: axis.left($0.constant), positive: $0.positive.map(axis.left),
          negative: $0.negative.map(axis.left))
      })
  }
}
