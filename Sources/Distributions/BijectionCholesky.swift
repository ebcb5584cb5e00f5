import Differentiation

/// ℝ^(n(n+1)/2) → lower triangular matrices [n, n] with a positive diagonal: the rows in turn, each diagonal element the exponential of
/// its number. log |det| with respect to the elements on and below the diagonal: the sum of the numbers on the diagonal.
public struct CholeskyCovarianceBijection: Bijection {
  public init() {}

  public func unconstrainedShape(for shape: [Int]) -> [Int] { [shape[0] * (shape[0] + 1) / 2] }

  public func forward(_ u: Tensor) -> Tensor {
    let n = TriangleIndex.order(count: u.shape[0])
    let below = TriangleIndex.matrix(u, n) { i, j in j < i ? i * (i + 1) / 2 + j : nil }
    return below + diagonalMatrix(exp(u[diagonalPlaces(n)]))
  }

  public func inverse(_ x: Tensor) -> Tensor {
    let n = x.shape[0]
    let elements = x.flattened[IntTensor((0..<n).flatMap { i in (0...i).map { i * n + $0 } })]
    let onDiagonal = Tensor((0..<n).flatMap { i in (0...i).map { $0 == i ? 1.0 : 0.0 } })
    return select(onDiagonal, log(select(onDiagonal, elements, 1)), elements)
  }

  public func logDeterminant(_ u: Tensor, _ x: Tensor) -> Tensor { u[diagonalPlaces(TriangleIndex.order(count: u.shape[0]))].sum() }

  private func diagonalPlaces(_ n: Int) -> IntTensor { IntTensor((0..<n).map { $0 * ($0 + 3) / 2 }) }
}

/// ℝ^(n(n−1)/2) → lower triangular matrices [n, n] with a positive diagonal and rows of length 1: Cholesky factors of correlation matrices
/// (Lewandowski, Kurowicka, Joe 2009, with tanh as in Stan).
///
/// tanh(uᵢⱼ) are canonical partial correlations: Lᵢⱼ = tanh(uᵢⱼ)·Πₖ<ⱼ sech(uᵢₖ) below the diagonal, Lᵢᵢ = Πₖ<ᵢ sech(uᵢₖ). With respect to the
/// elements below the diagonal, log |det| = Σ_{j<i} (2·log sech(uᵢⱼ) + Σ_{k<j} log sech(uᵢₖ)); all in logarithms, so finite for every u.
public struct CholeskyCorrelationBijection: Bijection {
  public init() {}

  public func unconstrainedShape(for shape: [Int]) -> [Int] { [shape[0] * (shape[0] - 1) / 2] }

  public func forward(_ u: Tensor) -> Tensor {
    let z = matrix(u)
    return (tanh(z) + Tensor.identity(z.shape[0])) * exp(before(logSech(z)))
  }

  /// uᵢⱼ = asinh(Lᵢⱼ / √(Σ_{k>j} Lᵢₖ²)).
  public func inverse(_ x: Tensor) -> Tensor {
    let n = x.shape[0]
    if n < 2 { return .zeros([0]) }
    let squares = square(x)
    let fromHere = Tensor(squares.node.cumulativeSum(axis: 1, reversed: true), plates: x.plates)
    let after = concatenate([fromHere.slice(1..<n, axis: 1), Tensor.zeros([n, 1])], axis: 1)
    let places = IntTensor((1..<n).flatMap { i in (0..<i).map { i * n + $0 } })
    let ratio = x.flattened[places] / sqrt(after.flattened[places])
    let size = abs(ratio)
    return sign(ratio) * log1p(size + square(size) / (1 + sqrt(1 + square(size))))
  }

  public func logDeterminant(_ u: Tensor, _ x: Tensor) -> Tensor {
    let logs = logSech(matrix(u))
    let n = logs.shape[0]
    let below = Tensor((0..<(n * n)).map { $0 % n < $0 / n ? 1 : 0 }, shape: [n, n])
    return (below * (2 * logs + before(logs))).sum()
  }

  private func matrix(_ u: Tensor) -> Tensor {
    let n = TriangleIndex.order(count: u.shape[0]) + 1
    return TriangleIndex.matrix(u, n) { i, j in j < i ? i * (i - 1) / 2 + j : nil }
  }

  /// log(1/cosh z) = log 2 − z − softplus(−2z).
  private func logSech(_ z: Tensor) -> Tensor { 0.6931471805599453 - z - softplus(-2 * z) }

  /// Σ_{k<j} of the row's elements.
  private func before(_ x: Tensor) -> Tensor {
    let n = x.shape[0]
    return concatenate([Tensor.zeros([n, 1]), x.slice(0..<(n - 1), axis: 1)], axis: 1).cumulativeSum(axis: 1)
  }
}

private enum TriangleIndex {
  /// The n with n(n+1)/2 = count.
  static func order(count: Int) -> Int { Int((Double(8 * count + 1).squareRoot() - 1) / 2 + 0.5) }

  /// The matrix [n, n] whose element (i, j) is u at the given place, or 0.
  static func matrix(_ u: Tensor, _ n: Int, _ place: (Int, Int) -> Int?) -> Tensor {
    let last = u.shape[0]
    let places = (0..<(n * n)).map { place($0 / n, $0 % n) ?? last }
    return concatenate([u, .zeros([1])])[IntTensor(places, shape: [n, n])]
  }
}
