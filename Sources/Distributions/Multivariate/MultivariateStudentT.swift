import Differentiation

/// Student's t of vectors, p(x) = Γ((ν+n)/2) / (Γ(ν/2) (νπ)^(n/2) √det K) · (1 + rᵀ K⁻¹ r/ν)^(−(ν+n)/2) with r = x − m on ℝⁿ: degrees of freedom
/// ν > 0, location m, and the scale matrix K = L Lᵀ by its Cholesky factor L, lower triangular with a positive diagonal.
///
/// K is not the covariance, which is Kν/(ν − 2) for ν > 2. `multi_student_t_cholesky(nu, mu, L)` of Stan, `MultivariateStudentT(df, loc,
/// scale_tril)` of NumPyro, `MvStudentT(nu, mu, chol=…)` of PyMC. For K itself write `cholesky: cholesky(K)`. Only the lower triangle is read.
public struct MultivariateStudentT: Distribution {
  public static let name = "MultivariateStudentT"
  private let df: Tensor
  private let location: Tensor
  private let factor: Tensor

  /// Degrees of freedom, the location [n], or one number for all, and the Cholesky factor [n, n] of the scale matrix.
  public init(df: some TensorConvertible, _ location: some TensorConvertible, cholesky: some TensorConvertible) {
    let owner = MultivariateStudentT.name
    self.df = df.tensor.checked(rank: 0, "df", of: owner).checked(.positive, "df", of: owner)
    factor = cholesky.tensor.checkedSquare("cholesky", of: owner).checked(.finite, "cholesky", of: owner)
    self.location = location.tensor.checkedFitting(rows: factor.shape[0], "the location", of: owner)
  }

  private var size: Int { factor.shape[0] }

  public var batchShape: [Int] { [] }
  public var eventShape: [Int] { [size] }
  public var support: Support { .real }

  public func logDensity(inside x: Tensor) -> Tensor {
    guard x.shape == [size] else {
      return .mistake("MultivariateStudentT: the value must have shape [\(size)], but has \(x.shapeDescription)", shape: [], from: [x])
    }
    let z = triangularSolve(factor, x - location)
    let kernel = 0.5 * (df + Double(size)) * log1p(square(z).sum(axis: 0) / df)
    return logGammaRatio - Double(size) * LogConstant.halfTwoPi - kernel - log(diagonal(factor)).sum(axis: 0)
  }

  /// m + L z·√(ν/2 / g), z standard normal and g ~ Gamma(ν/2, 1): differentiable in ν through g; first derivatives only.
  public func sample(using source: DrawSource) -> Tensor {
    let z = matmul(lowerTriangle(factor), source.draw(.normal, shape: [size]))
    let logG = source.draw(.logGamma, shape: [], parameters: [0.5 * df])
    return location + z * exp(0.5 * (log(0.5 * df) - logG))
  }

  /// log Γ(h + n/2) − log Γ(h) − n/2·log h with h = ν/2, by unit steps, and half a one where n is odd, without the difference of two large
  /// logarithms.
  private var logGammaRatio: Tensor {
    let h = 0.5 * df
    let half = 0.5 * Double(size % 2)
    let steps = Tensor((0..<(size / 2)).map { Double($0) + half })
    let whole = log1p(steps / h).sum(axis: 0)
    return size % 2 == 0 ? whole : whole + (logGammaHalfStep(h) - 0.5 * log(h))
  }
}

extension MultivariateStudentT: ReparameterizedDistribution, DistributionWithMoments {
  /// The location for ν > 1, otherwise NaN.
  public var mean: Tensor { select(df .> 1, location, Double.nan).broadcast(to: [size]) }
  /// The diagonal of K times ν/(ν − 2) for ν > 2, ∞ for 1 < ν ≤ 2, otherwise NaN.
  public var variance: Tensor {
    let finite = df .> 2
    let known = square(lowerTriangle(factor)).sum(axis: 1) * df / select(finite, df - 2, 1)
    return select(finite, known, select(df .> 1, Double.infinity, Double.nan))
  }
}
