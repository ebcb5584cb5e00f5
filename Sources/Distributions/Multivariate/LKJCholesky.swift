import Differentiation

/// The LKJ distribution of correlation matrices R = L Lᵀ, p(R) ∝ det(R)^(η−1), as the distribution of the Cholesky factor L [n, n]:
/// p(L) ∝ Π_{k=2…n} Lₖₖ^(n−k+2η−2) with respect to the elements below the diagonal, concentration η > 0 (Lewandowski, Kurowicka & Joe 2009,
/// Journal of Multivariate Analysis 100:1989).
///
/// η = 1 is uniform over correlation matrices, η > 1 favours weak correlations, η < 1 strong ones. Each correlation is 2y − 1 with
/// y ~ Beta(η − 1 + n/2, η − 1 + n/2). `lkj_corr_cholesky(eta)` of Stan, `LKJCholesky(dim, concentration)` of NumPyro. With scales it is the
/// covariance of `MultivariateNormal(mean, sd: s, choleskyCorrelation: L)`; R itself is `matmul(L, L.transposed)`.
public struct LKJCholesky: Distribution {
  public static let name = "LKJCholesky"
  private let size: Int
  private let concentration: Tensor

  /// The number n of variables, at least 1, and the concentration η.
  public init(size: Int, concentration: some TensorConvertible) {
    let eta = concentration.tensor.checked(rank: 0, "concentration", of: LKJCholesky.name)
      .checked(.positive, "concentration", of: LKJCholesky.name)
    self.size = max(1, size)
    self.concentration =
      size >= 1 ? eta : .mistake("\(LKJCholesky.name): the size must be at least 1, but is \(size)", shape: [], from: [eta])
  }

  public var batchShape: [Int] { [] }
  public var eventShape: [Int] { [size, size] }
  public var support: Support { .choleskyCorrelation }

  public func logDensity(inside x: Tensor) -> Tensor {
    guard x.shape == eventShape else {
      return .mistake("LKJCholesky: the value must have shape \(eventShape), but has \(x.shapeDescription)", shape: [], from: [x])
    }
    return zeroSafeProduct(exponents, log(diagonal(x)[1..<size])).sum(axis: 0) - logNormalizer
  }

  /// By the vine of partial correlations: that of column j is 2y − 1 with y ~ Beta(bⱼ, bⱼ), all independent, drawn as its logit. Differentiable
  /// in the concentration, at a fixed level of each beta's distribution function; first derivatives only.
  public func sample(using source: DrawSource) -> Tensor {
    if size == 1 { return .ones([1, 1]) }
    let b = exponentsOfPartials[IntTensor((1..<size).flatMap { 0..<$0 })]
    let logits = source.draw(.logGamma, shape: b.shape, parameters: [b]) - source.draw(.logGamma, shape: b.shape, parameters: [b])
    return CholeskyCorrelationBijection().forward(0.5 * betaLogitDraw(b, b, logit: logits))
  }

  /// n − k + 2η − 2 for k = 2 … n.
  private var exponents: Tensor { Tensor((1..<size).map { Double(size - 1 - $0) }) + 2 * (concentration - 1) }

  /// bⱼ = η + (n − 1 − j)/2 for j = 1 … n − 1: a partial correlation of column j has density ∝ (1 − z²)^(bⱼ−1), (n − j) of them.
  private var exponentsOfPartials: Tensor { concentration + Tensor((1..<size).map { 0.5 * Double(size - 1 - $0) }) }

  /// n − j for j = 1 … n − 1.
  private var partialCounts: Tensor { Tensor((1..<size).map { Double(size - $0) }) }

  /// Σⱼ (n − j) log ∫(1 − z²)^(bⱼ−1) dz, where the integral is √π Γ(bⱼ)/Γ(bⱼ + ½).
  private var logNormalizer: Tensor {
    (partialCounts * (0.5 * LogConstant.pi - logGammaHalfStep(exponentsOfPartials))).sum(axis: 0)
  }
}

extension LKJCholesky: ReparameterizedDistribution, DistributionWithEntropy {
  /// The normalizer's logarithm less Σₖ (n − k + 2η − 2)·E log Lₖₖ, where log Lₖₖ = ½ Σ_{j<k} log(1 − zₖⱼ²) and
  /// E log(1 − z²) = 2(log 2 + ψ(b) − ψ(2b)).
  public var entropy: Tensor {
    let b = exponentsOfPartials
    let logDiagonal = (LogConstant.two + digamma(b) - digamma(2 * b)).cumulativeSum(axis: 0)
    return logNormalizer - (exponents * logDiagonal).sum(axis: 0)
  }
}
