import Differentiation

/// The isometric log-ratio map [n] → simplex [n + 1]: x = softmax(V u), where the columns of V are an orthonormal basis of the vectors with
/// sum 0 (Helmert's; Egozcue et al. 2003, Mathematical Geology 35:279; the parameterization of Stan since 2.37).
///
/// With z = V u and K = n + 1, log |det ∂(x₁ … xₙ)/∂u| = ½ log K + Σₖ log xₖ = ½ log K − K·logSumExp(z): the last element of x is not
/// free. Finite for every u, also where elements of x underflow to 0.
public struct SimplexBijection: Bijection {
  public init() {}

  public func unconstrainedShape(for shape: [Int]) -> [Int] { [max(0, shape[0] - 1)] }

  public func forward(_ u: Tensor) -> Tensor { Helmert.forward(u).softmax(axis: 0) }

  /// uᵢ = (Σ_{k ≤ i} log xₖ − i·log xᵢ₊₁) / √(i(i+1)).
  public func inverse(_ x: Tensor) -> Tensor { Helmert.inverse(log(x)) }

  public func logDeterminant(_ u: Tensor, _ x: Tensor) -> Tensor {
    let k = Double(u.shape[0] + 1)
    return 0.5 * log(Tensor(k)) - k * Helmert.forward(u).logSumExp(axis: 0)
  }
}
