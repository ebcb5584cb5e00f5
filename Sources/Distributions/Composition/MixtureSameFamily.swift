import Differentiation

/// A mixture p(x) = Σₖ wₖ pₖ(x) of K scalar distributions of one family, whose parameters have the components as their axis:
/// `MixtureSameFamily(logits: l, Normal(m, sd: s))` with l, m and s of shape [K].
///
/// Draws are differentiable in weights and parameters, implicitly: dx/dθ = −(∂F/∂θ)/p(x) with the mixture's distribution function F, taken in
/// the tail that x lies in (Figurnov, Mohamed & Mnih 2018). First derivatives only. The support is that of a component; ends that differ
/// from component to component are not known to it.
public struct MixtureSameFamily<Base: CumulativeDistribution>: Distribution {
  public static var name: String { "MixtureSameFamily of \(Base.name)" }
  let logWeights: Tensor
  let components: Base

  /// Weights that sum to one, [K].
  public init(probabilities: some TensorConvertible, _ components: Base) {
    self.init(Categorical(probabilities: probabilities), components)
  }

  /// Log weights up to a common constant, [K].
  public init(logits: some TensorConvertible, _ components: Base) { self.init(Categorical(logits: logits), components) }

  private init(_ weights: Categorical, _ components: Base) {
    let own = weights.logProbabilities
    self.components = components
    if own.shape == components.shape {
      logWeights = own
    } else {
      logWeights = .mistake(
        "\(Self.name): weights of shape \(own.shape) are for components of the same shape, and these have shape \(components.shape)",
        shape: own.shape, from: [own])
    }
  }

  public var batchShape: [Int] { [] }
  public var support: Support { components.support }

  public func logDensity(inside x: Tensor) -> Tensor { mixed(components.logDensity(inside: repeated(x))) }

  /// A component, and a draw of it.
  public func sample(using source: DrawSource) -> Tensor {
    let choice = Categorical(logits: logWeights).sample(using: source)
    return followingParameters(components.sample(using: source)[choice])
  }

  private func repeated(_ x: Tensor) -> Tensor { x.broadcast(to: components.shape) }
  private func mixed(_ x: Tensor) -> Tensor { (logWeights + x).logSumExp(axis: 0) }
}

extension MixtureSameFamily: CumulativeDistribution, ReparameterizedDistribution {
  public func logCDF(_ x: Tensor) -> Tensor { mixed(components.logCDF(repeated(x))) }
  public func logSurvival(_ x: Tensor) -> Tensor { mixed(components.logSurvival(repeated(x))) }
}

extension MixtureSameFamily: DistributionWithMoments where Base: DistributionWithMoments {
  public var mean: Tensor { (exp(logWeights) * components.mean).sum() }
  public var variance: Tensor { (exp(logWeights) * (components.variance + square(components.mean))).sum() - square(mean) }
}
