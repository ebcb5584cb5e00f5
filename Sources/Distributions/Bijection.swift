import Differentiation

/// A smooth one-to-one map from all of ℝⁿ onto a support, with its inverse and its Jacobian.
///
/// Maps of numbers act elementwise on any shape. Maps of vectors and matrices act on a value without further visible axes; plates ride along.
public protocol Bijection: Sendable {
  /// The shape of the unconstrained point for a value of this shape.
  func unconstrainedShape(for shape: [Int]) -> [Int]
  /// The value x at the unconstrained point u.
  func forward(_ u: Tensor) -> Tensor
  /// The unconstrained point of a value inside the support; at its boundary ±∞ or NaN.
  func inverse(_ x: Tensor) -> Tensor
  /// log |det ∂x/∂u| at u and its x: of the shape of x for maps of numbers, of shape [] for others. Where x has more elements than u
  /// (simplex, Cholesky factors), the determinant is that of the free elements, which the map's comment names.
  func logDeterminant(_ u: Tensor, _ x: Tensor) -> Tensor
}

extension Bijection {
  public func unconstrainedShape(for shape: [Int]) -> [Int] { shape }
}

/// x = u, onto ℝ.
public struct IdentityBijection: Bijection {
  public init() {}
  public func forward(_ u: Tensor) -> Tensor { u }
  public func inverse(_ x: Tensor) -> Tensor { x }
  public func logDeterminant(_ u: Tensor, _ x: Tensor) -> Tensor { .zeros(u.shape) }
}

/// x = eᵘ, onto x > 0; log |dx/du| = u. Below u ≈ −745 x is 0, above 709.78 it is ∞.
public struct ExponentialBijection: Bijection {
  public init() {}
  public func forward(_ u: Tensor) -> Tensor { exp(u) }
  public func inverse(_ x: Tensor) -> Tensor { log(x) }
  public func logDeterminant(_ u: Tensor, _ x: Tensor) -> Tensor { u }
}

/// x = bound + eᵘ, onto x > bound; log |dx/du| = u. The bound may depend on other variables.
public struct LowerBijection: Bijection {
  let bound: Tensor
  public init(bound: some TensorConvertible) { self.bound = bound.tensor }
  public func forward(_ u: Tensor) -> Tensor { bound + exp(u) }
  public func inverse(_ x: Tensor) -> Tensor { log(x - bound) }
  public func logDeterminant(_ u: Tensor, _ x: Tensor) -> Tensor { u }
}

/// x = bound − eᵘ, onto x < bound; log |dx/du| = u.
public struct UpperBijection: Bijection {
  let bound: Tensor
  public init(bound: some TensorConvertible) { self.bound = bound.tensor }
  public func forward(_ u: Tensor) -> Tensor { bound - exp(u) }
  public func inverse(_ x: Tensor) -> Tensor { log(bound - x) }
  public func logDeterminant(_ u: Tensor, _ x: Tensor) -> Tensor { u }
}

/// x = a + (b − a)·logistic(u), onto a < x < b; log |dx/du| = log(b − a) + u − 2·softplus(u), finite for every u.
///
/// The bounds may depend on other variables. x reaches a bound, in floating point, where |u| is above about 37.
public struct IntervalBijection: Bijection {
  let lower: Tensor
  let upper: Tensor
  public init(lower: some TensorConvertible, upper: some TensorConvertible) {
    self.lower = lower.tensor
    self.upper = upper.tensor
  }
  public func forward(_ u: Tensor) -> Tensor { lower + (upper - lower) * logistic(u) }
  public func inverse(_ x: Tensor) -> Tensor { log(x - lower) - log(upper - x) }
  public func logDeterminant(_ u: Tensor, _ x: Tensor) -> Tensor { u - 2 * softplus(u) + log(upper - lower) }
}

/// A bijection applied to independent copies along leading axes.
public struct IndependentBijection: Bijection {
  let copies: [Int]
  let base: any Bijection
  public init(copies: [Int], base: any Bijection) {
    self.copies = copies
    self.base = base
  }

  public func unconstrainedShape(for shape: [Int]) -> [Int] {
    copies + base.unconstrainedShape(for: Array(shape.dropFirst(copies.count)))
  }
  public func forward(_ u: Tensor) -> Tensor { copy { $0.left(base.forward($0.entered(u))) } }
  public func inverse(_ x: Tensor) -> Tensor { copy { $0.left(base.inverse($0.entered(x))) } }
  /// Of the shape `copies`, followed by that of the base's.
  public func logDeterminant(_ u: Tensor, _ x: Tensor) -> Tensor {
    copy { $0.left(base.logDeterminant($0.entered(u), $0.entered(x))) }
  }
  private func copy(_ body: (CopyAxis) -> Tensor) -> Tensor { body(CopyAxis(copies)) }
}
