import Differentiation

/// x₁ = u₁, xₖ = xₖ₋₁ + exp(uₖ), onto increasing vectors [n]; log |det ∂x/∂u| = u₂ + … + uₙ.
///
/// Where exp(uₖ) is below the spacing of doubles at xₖ₋₁ two elements come out equal.
public struct OrderedBijection: Bijection {
  public init() {}
  public func forward(_ u: Tensor) -> Tensor {
    let n = u.shape[0]
    return n < 2 ? u : concatenate([u[0..<1], exp(u[1..<n])]).cumulativeSum(axis: 0)
  }
  public func inverse(_ x: Tensor) -> Tensor {
    let n = x.shape[0]
    return n < 2 ? x : concatenate([x[0..<1], log(x[1..<n] - x[0..<(n - 1)])])
  }
  public func logDeterminant(_ u: Tensor, _ x: Tensor) -> Tensor { u[min(1, u.shape[0])..<u.shape[0]].sum() }
}

/// x₁ = exp(u₁), xₖ = xₖ₋₁ + exp(uₖ), onto increasing vectors [n] of positive numbers; log |det ∂x/∂u| = u₁ + … + uₙ.
public struct PositiveOrderedBijection: Bijection {
  public init() {}
  public func forward(_ u: Tensor) -> Tensor { exp(u).cumulativeSum(axis: 0) }
  public func inverse(_ x: Tensor) -> Tensor {
    let n = x.shape[0]
    return n < 2 ? log(x) : log(concatenate([x[0..<1], x[1..<n] - x[0..<(n - 1)]]))
  }
  public func logDeterminant(_ u: Tensor, _ x: Tensor) -> Tensor { u.sum() }
}
