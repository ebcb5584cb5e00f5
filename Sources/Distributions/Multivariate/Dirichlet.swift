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
    guard x.shape == eventShape else {
      return .mistake("Dirichlet: the value must have shape \(eventShape), but has \(x.shapeDescription)", shape: [], from: [alpha, x])
    }
    return zeroSafeProduct(alpha - 1, log(x)).sum(axis: 0) + (logGamma(alpha.sum(axis: 0)) - logGamma(alpha).sum(axis: 0))
  }

  /// Gamma draws over their sum, in logarithms.
  ///
  /// Derivatives: xⱼ is Beta(αⱼ, Σα − αⱼ) and independent of the proportions of the rest, whose law does not depend on αⱼ. So αⱼ moves xⱼ at its
  /// level of that distribution function and leaves the proportions: ∂xᵢ/∂αⱼ = xᵢ(δᵢⱼ − xⱼ)·∂logit xⱼ/∂αⱼ (Jankowiak & Obermeyer 2018,
  /// arXiv:1806.01851). Unbiased for every function of x, and the mean, given x, of the derivatives of the gamma draws, whose variance it
  /// therefore never exceeds. First derivatives only.
  public func sample(using source: DrawSource) -> Tensor {
    let logs = stopGradient(source.draw(.logGamma, shape: eventShape, parameters: [alpha]))
    if alpha.shape[0] == 1 { return logs.softmax(axis: 0) }
    let shifted = logs - logs.max(axis: 0)
    // Where 1 − xⱼ underflows so do all other elements, and any finite derivative of the logit will do.
    let logits = shifted - log(maximum(Dirichlet.sumOfOthers(exp(shifted)), Double.leastNormalMagnitude))
    let moved = betaLogitDraw(alpha, stopGradient(Dirichlet.sumOfOthers(alpha)), logit: logits)
    return (logs + (moved - stopGradient(moved))).softmax(axis: 0)
  }

  /// Σ_{i≠j} xᵢ for each j of positive numbers, without cancellation: in units of the largest, the sum of the smaller ones, and the number of
  /// largest ones less xⱼ.
  private static func sumOfOthers(_ x: Tensor) -> Tensor {
    let largest = x.max(axis: 0)
    let part = x / largest
    let isLargest = part .== 1
    return largest * ((part * (1 - isLargest)).sum(axis: 0) + (isLargest.sum(axis: 0) - part))
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
