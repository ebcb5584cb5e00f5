import Differentiation

/// ℝ^(n−1) → vectors [n] with sum 0: x = V u, where the columns of V are an orthonormal basis of these vectors (Helmert's; the parameterization of
/// Stan). Distances and volumes are those of u: log |det| = 0, with respect to Lebesgue measure on the plane of sum 0, which has 1/√n of the
/// volume of the first n − 1 elements.
public struct SumToZeroBijection: Bijection {
  public init() {}
  public func unconstrainedShape(for shape: [Int]) -> [Int] { [max(0, shape[0] - 1)] }
  public func forward(_ u: Tensor) -> Tensor { Helmert.forward(u) }
  /// uᵢ = (Σ_{k ≤ i} xₖ − i·xᵢ₊₁) / √(i(i+1)).
  public func inverse(_ x: Tensor) -> Tensor { Helmert.inverse(x) }
  public func logDeterminant(_ u: Tensor, _ x: Tensor) -> Tensor { 0 }
}

/// Coordinates in an orthonormal basis of the vectors with sum 0.
enum Helmert {
  /// V u [n + 1] for u [n]: zₖ = Σ_{i ≥ k} wᵢ − (k − 1)·wₖ₋₁ with wᵢ = uᵢ / √(i(i+1)).
  static func forward(_ u: Tensor) -> Tensor {
    let n = u.shape[0]
    if n == 0 { return .zeros([1]) }
    let w = u * weights(n)
    let tails = Tensor(w.node.cumulativeSum(axis: 0, reversed: true), plates: w.plates)
    let zero = Tensor.zeros([1])
    return concatenate([tails, zero]) - concatenate([zero, Tensor((1...n).map(Double.init)) * w])
  }

  /// Vᵀ z [n] for z [n + 1].
  static func inverse(_ z: Tensor) -> Tensor {
    let n = z.shape[0] - 1
    if n < 1 { return .zeros([0]) }
    return (z[0..<n].cumulativeSum(axis: 0) - Tensor((1...n).map(Double.init)) * z[1..<(n + 1)]) * weights(n)
  }

  private static func weights(_ n: Int) -> Tensor { Tensor((1...n).map { 1 / Double($0 * ($0 + 1)).squareRoot() }) }
}
