import Differentiation

/// ℝⁿ → vectors [n] of length 1: x = u/|u|, as in Stan; undefined at u = 0.
///
/// Not one to one: the length of u says nothing about x. It is an auxiliary variable with the density that makes u standard normal where x is
/// uniform, so that what stands for log |det| is −½|u|² − n/2·log 2π + log A with the sphere's area A, and the density of u, of which that of x
/// (with respect to area) is the marginal one, integrates to one where that of x does. No n − 1 coordinates could be smooth on the whole sphere.
/// The inverse is the x itself, of length 1.
public struct UnitVectorMap: Bijection {
  public init() {}
  public func forward(_ u: Tensor) -> Tensor { u / sqrt(square(u).sum(axis: 0)) }
  public func inverse(_ x: Tensor) -> Tensor { x }
  public func logDeterminant(_ u: Tensor, _ x: Tensor) -> Tensor {
    let n = u.shape[0]
    return UnitVectorMap.logArea(n) - Double(n) * LogConstant.halfTwoPi - 0.5 * square(u).sum(axis: 0)
  }

  /// log of the area of the sphere in ℝⁿ, 2π^(n/2)/Γ(n/2).
  static func logArea(_ n: Int) -> Tensor { LogConstant.two + 0.5 * Double(n) * LogConstant.pi - logGamma(Tensor(0.5 * Double(n))) }
}
