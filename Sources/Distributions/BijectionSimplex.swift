import Differentiation

/// The isometric log-ratio map [n] → simplex [n + 1]: x = softmax(V u), where the columns of V are an orthonormal basis of the vectors with
/// sum 0 (Helmert's; Egozcue et al. 2003, Mathematical Geology 35:279; the parameterization of Stan since 2.37).
///
/// With z = V u and K = n + 1, log |det ∂(x₁ … xₙ)/∂u| = ½ log K + Σₖ log xₖ = ½ log K − K·logSumExp(z): the last element of x is not
/// free. Finite for every u, also where elements of x underflow to 0.
public struct SimplexBijection: Bijection {
  public init() {}

  public func unconstrainedShape(for shape: [Int]) -> [Int] { [max(0, shape[0] - 1)] }

  public func forward(_ u: Tensor) -> Tensor { sumToZero(u).softmax(axis: 0) }

  /// uᵢ = (Σ_{k ≤ i} log xₖ − i·log xᵢ₊₁) / √(i(i+1)).
  public func inverse(_ x: Tensor) -> Tensor {
    let n = x.shape[0] - 1
    if n < 1 { return .zeros([0]) }
    let logs = log(x)
    return (logs[0..<n].cumulativeSum(axis: 0) - Tensor((1...n).map(Double.init)) * logs[1..<(n + 1)]) * weights(n)
  }

  public func logDeterminant(_ u: Tensor, _ x: Tensor) -> Tensor {
    let k = Double(u.shape[0] + 1)
    return 0.5 * log(Tensor(k)) - k * sumToZero(u).logSumExp(axis: 0)
  }

  /// V u: zₖ = Σ_{i ≥ k} wᵢ − (k − 1)·wₖ₋₁ with wᵢ = uᵢ / √(i(i+1)).
  private func sumToZero(_ u: Tensor) -> Tensor {
    let n = u.shape[0]
    if n == 0 { return .zeros([1]) }
    let w = u * weights(n)
    let tails = Tensor(w.node.cumulativeSum(axis: 0, reversed: true), plates: w.plates)
    let zero = Tensor.zeros([1])
    return concatenate([tails, zero]) - concatenate([zero, Tensor((1...n).map(Double.init)) * w])
  }

  private func weights(_ n: Int) -> Tensor { Tensor((1...n).map { 1 / Double($0 * ($0 + 1)).squareRoot() }) }
}
