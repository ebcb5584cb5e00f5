import Differentiation

/// A mixture p(x) = Σₖ wₖ pₖ(x) of K scalar distributions of one family, whose parameters have the components as their axis:
/// `MixtureSameFamily(logits: l, Normal(m, sd: s))` with l, m and s of shape [K].
///
/// Draws are differentiable in weights and parameters, implicitly: dx/dθ = −(∂F/∂θ)/p(x) with the mixture's distribution function F, taken in
/// the tail that x lies in (Figurnov, Mohamed & Mnih 2018). First derivatives only.
///
/// Values of any shape have a density each. Where the ends of the support differ from component to component, the mixture lies between the
/// least and the greatest, and each component counts on its own part.
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
  public var support: Support {
    guard endsDiffer else { return components.support }
    switch components.support {
    case .lower(let bound): return .lower(bound.min())
    case .upper(let bound): return .upper(bound.max())
    case .interval(let lower, let upper): return .interval(lower.min(), upper.max())
    case let shared: return shared
    }
  }

  public func logDensity(inside x: Tensor) -> Tensor {
    let x = x.expandingAxis(-1)
    return mixed(endsDiffer ? components.logDensity(of: x) : components.logDensity(inside: x))
  }

  /// A component, and a draw of it.
  public func sample(using source: DrawSource) -> Tensor {
    let choice = Categorical(logits: logWeights).sample(using: source)
    return followingParameters(components.sample(using: source)[choice])
  }

  /// Whether the support has ends of its own for each component.
  private var endsDiffer: Bool {
    switch components.support {
    case .lower(let bound), .upper(let bound): bound.rank > 0
    case .interval(let lower, let upper): lower.rank > 0 || upper.rank > 0
    default: false
    }
  }

  /// x for each component along a last axis, at the end of a component's support where it lies beyond.
  private func withinComponents(_ x: Tensor) -> Tensor {
    let x = x.expandingAxis(-1)
    guard endsDiffer else { return x }
    switch components.support {
    case .lower(let bound): return maximum(x, bound)
    case .upper(let bound): return minimum(x, bound)
    case .interval(let lower, let upper): return minimum(maximum(x, lower), upper)
    default: return x
    }
  }

  private func mixed(_ x: Tensor) -> Tensor { (logWeights + x).logSumExp(axis: -1) }
}

extension MixtureSameFamily: CumulativeDistribution, ReparameterizedDistribution {
  public func logCDF(_ x: Tensor) -> Tensor { mixed(components.logCDF(withinComponents(x))) }
  public func logSurvival(_ x: Tensor) -> Tensor { mixed(components.logSurvival(withinComponents(x))) }
}

extension MixtureSameFamily: DistributionWithMoments where Base: DistributionWithMoments {
  public var mean: Tensor { (exp(logWeights) * components.mean).sum() }
  public var variance: Tensor { (exp(logWeights) * (components.variance + square(components.mean))).sum() - square(mean) }
}
