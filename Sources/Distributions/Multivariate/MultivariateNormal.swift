import Differentiation

/// The normal distribution of vectors, p(x) = exp(−½ rᵀ K⁻¹ r) / √((2π)ⁿ det K) with r = x − μ on ℝⁿ; by covariance K, symmetric positive
/// definite, or by its Cholesky factor L, lower triangular with a positive diagonal, K = L Lᵀ.
///
/// Where K is not positive definite the log density is NaN. Only the lower triangles of K and L are read.
public struct MultivariateNormal: Distribution {
  public static let name = "MultivariateNormal"
  private enum Spread: Sendable {
    case covariance(Tensor), cholesky(Tensor)
  }
  let mu: Tensor
  private let spread: Spread

  /// The mean [n], or one number for all, and the covariance matrix [n, n].
  public init(_ mean: some TensorConvertible, covariance: some TensorConvertible) {
    let k = covariance.tensor.checkedSquare("covariance", of: MultivariateNormal.name)
      .checked(.finite, "covariance", of: MultivariateNormal.name)
    spread = .covariance(k)
    mu = MultivariateNormal.fitted(mean.tensor, k.shape[0])
  }

  /// The mean [n], or one number for all, and the Cholesky factor [n, n] of the covariance matrix.
  public init(_ mean: some TensorConvertible, cholesky: some TensorConvertible) {
    let l = cholesky.tensor.checkedSquare("cholesky", of: MultivariateNormal.name).checked(.finite, "cholesky", of: MultivariateNormal.name)
    spread = .cholesky(l)
    mu = MultivariateNormal.fitted(mean.tensor, l.shape[0])
  }

  /// The mean, the standard deviations [n], or one number for all, and the Cholesky factor [n, n] of the correlation matrix, such as a draw of
  /// ``LKJCholesky``: the covariance's factor is the rows of that factor times the standard deviations.
  public init(_ mean: some TensorConvertible, sd: some TensorConvertible, choleskyCorrelation: some TensorConvertible) {
    let l = choleskyCorrelation.tensor.checkedSquare("choleskyCorrelation", of: MultivariateNormal.name)
    let s = sd.tensor.checked(.positive, "sd", of: MultivariateNormal.name)
    if s.rank == 0 || s.shape == [l.shape[0]] {
      self.init(mean, cholesky: (s.rank == 0 ? s : s.expandingAxis(1)) * l)
    } else {
      let sentence = "\(MultivariateNormal.name): sd has shape \(s.shapeDescription), the matrix has \(l.shape[0]) rows"
      self.init(mean, cholesky: Tensor.mistake(sentence, shape: l.shape, from: [s, l]))
    }
  }

  private static func fitted(_ mean: Tensor, _ n: Int) -> Tensor {
    let mean = mean.checked(.finite, "the mean", of: name)
    if mean.rank == 0 || mean.shape == [n] { return mean }
    return .mistake("\(name): the mean has shape \(mean.shapeDescription), the matrix has \(n) rows", shape: [n], from: [mean])
  }

  private var size: Int {
    switch spread {
    case .covariance(let k): k.shape[0]
    case .cholesky(let l): l.shape[0]
    }
  }

  public var batchShape: [Int] { [] }
  public var eventShape: [Int] { [size] }
  public var support: Support { .real }

  public func logDensity(inside x: Tensor) -> Tensor {
    let constant = Double(size) * LogConstant.halfTwoPi
    guard x.shape == [size] else {
      return .mistake("MultivariateNormal: the value must have shape [\(size)], but has \(x.shapeDescription)", shape: [], from: [x])
    }
    let r = x - mu
    switch spread {
    case .covariance(let k): return -0.5 * (logDeterminant(k) + dot(r, solve(k, r))) - constant
    case .cholesky(let l):
      let z = triangularSolve(l, r)
      return -0.5 * square(z).sum(axis: 0) - log(diagonal(l)).sum(axis: 0) - constant
    }
  }

  /// μ + L z, z standard normal.
  public func sample(using source: DrawSource) -> Tensor {
    mu + matmul(lowerTriangle(factor), source.draw(.normal, shape: [size]))
  }

  /// L.
  var factor: Tensor {
    switch spread {
    case .covariance(let k): cholesky(k)
    case .cholesky(let l): l
    }
  }
}

extension MultivariateNormal: ReparameterizedDistribution, DistributionWithMoments, DistributionWithEntropy {
  public var mean: Tensor { mu.broadcast(to: [size]) }
  /// The diagonal of K.
  public var variance: Tensor {
    switch spread {
    case .covariance(let k): diagonal(k)
    case .cholesky(let l): square(lowerTriangle(l)).sum(axis: 1)
    }
  }
  /// n/2·(1 + log 2π) + ½ log det K.
  public var entropy: Tensor {
    let constant = Double(size) * (0.5 + LogConstant.halfTwoPi)
    switch spread {
    case .covariance(let k): return 0.5 * logDeterminant(k) + constant
    case .cholesky(let l): return log(diagonal(l)).sum(axis: 0) + constant
    }
  }
}
