import Differentiation

/// The Dirichlet distribution, p(x) = Γ(Σα)/ΠΓ(αₖ) · Π xₖ^(αₖ−1) on the simplex, concentrations α > 0, K ≥ 2 of them; with respect to
/// Lebesgue measure on the first K − 1 elements.
///
/// Where an xₖ is 0 its factor is 0^(αₖ−1): the log density is −∞ for αₖ > 1 and +∞ for αₖ < 1, and the element adds nothing for αₖ = 1.
public struct Dirichlet: Distribution {
  public static let name = "Dirichlet"
  let alpha: Tensor

  /// The concentrations, a vector [K].
  public init(_ concentration: some TensorConvertible) {
    alpha = concentration.tensor.checked(rank: 1, "the concentration", of: Dirichlet.name)
      .checked(.positive, "the concentration", of: Dirichlet.name)
  }

  /// Equal concentrations: `count` of them.
  public init(count: Int, concentration: some TensorConvertible) {
    let each = concentration.tensor.checked(rank: 0, "the concentration", of: Dirichlet.name)
    guard count >= 1 else {
      self.init(Tensor.mistake("Dirichlet: count must be at least 1, but is \(count)", shape: [1], from: [each]))
      return
    }
    self.init(each.broadcast(to: [count]))
  }

  public var batchShape: [Int] { [] }
  public var eventShape: [Int] { alpha.shape }
  public var support: Support { .simplex }

  public func logDensity(inside x: Tensor) -> Tensor {
    zeroSafeProduct(alpha - 1, log(x)).sum(axis: 0) + (logGamma(alpha.sum(axis: 0)) - logGamma(alpha).sum(axis: 0))
  }

  /// Gamma draws over their sum, in logarithms; differentiable in the concentrations.
  public func sample(using source: DrawSource) -> Tensor {
    source.draw(.logGamma, shape: eventShape, parameters: [alpha]).softmax(axis: 0)
  }
}

extension Dirichlet: ReparameterizedDistribution, DistributionWithMoments, DistributionWithEntropy {
  /// αₖ/Σα.
  public var mean: Tensor { alpha / alpha.sum(axis: 0) }
  /// m(1 − m)/(Σα + 1) with m the mean.
  public var variance: Tensor { mean * (1 - mean) / (alpha.sum(axis: 0) + 1) }
  /// log B(α) + (Σα − K)ψ(Σα) − Σ(αₖ − 1)ψ(αₖ).
  public var entropy: Tensor {
    let total = alpha.sum(axis: 0)
    let logB = logGamma(alpha).sum(axis: 0) - logGamma(total)
    return logB + (total - Double(alpha.shape[0])) * digamma(total) - ((alpha - 1) * digamma(alpha)).sum(axis: 0)
  }
}
