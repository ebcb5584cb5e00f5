import Differentiation

/// The beta distribution, p(x) = x^(a−1) (1 − x)^(b−1) / B(a, b) on 0 < x < 1, a > 0, b > 0. −∞ at 0 and 1.
public struct Beta: Distribution {
  public static let name = "Beta"
  let a: Tensor
  let b: Tensor

  /// The exponents plus one: of x, and of 1 − x.
  public init(_ a: some TensorConvertible, _ b: some TensorConvertible) {
    self.a = a.tensor.checked(.positive, "a", of: Beta.name)
    self.b = b.tensor.checked(.positive, "b", of: Beta.name)
  }

  public var batchShape: [Int] { Distributions.batchShape(of: a, b) }
  public var support: Support { .unitInterval }

  public func logDensity(inside x: Tensor) -> Tensor {
    let (logX, logY) = (log(x), log1p(-x))
    let direct = (a - 1) * logX + (b - 1) * logY - logBeta(a, b)
    if a.isKnownAndModerate || b.isKnownAndModerate { return direct }
    // n + 1 times the binomial probability of a − 1 among n = a + b − 2 at x.
    let isLarge = (a .> 20) * (b .> 20)
    let (k, l) = (select(isLarge, a - 1, 20), select(isLarge, b - 1, 20))
    let n = k + l
    let distances = deviance(k, logRatio: logX + log(n / k)) + deviance(l, logRatio: logY + log(n / l))
    let normalizer = log1p(n) + (logLargeFactorialRest(n) - logLargeFactorialRest(k) - logLargeFactorialRest(l))
    return select(isLarge, normalizer - distances, direct)
  }

  /// g/(g + h) for two gamma draws, in logarithms. Its derivatives in both parameters are those at a fixed level of the distribution function,
  /// −(∂F/∂a)/p and −(∂F/∂b)/p (Figurnov, Mohamed & Mnih 2018, arXiv:1805.08498), taken at the logit, so that they hold near 0 and 1; first
  /// derivatives only.
  public func sample(using source: DrawSource) -> Tensor {
    let g = source.draw(.logGamma, shape: batchShape, parameters: [a])
    let h = source.draw(.logGamma, shape: batchShape, parameters: [b])
    return logistic(betaLogitDraw(a, b, logit: g - h))
  }
}

extension Beta: DistributionWithMoments, DistributionWithEntropy {
  public var mean: Tensor { a / (a + b) }
  /// ab / ((a + b)²(a + b + 1)).
  public var variance: Tensor { a * b / (square(a + b) * (a + b + 1)) }
  /// log B(a, b) − (a − 1)ψ(a) − (b − 1)ψ(b) + (a + b − 2)ψ(a + b).
  public var entropy: Tensor {
    logBeta(a, b) - (a - 1) * digamma(a) - (b - 1) * digamma(b) + (a + b - 2) * digamma(a + b)
  }
}

extension Beta: ReparameterizedDistribution, QuantileDistribution {
  public func logCDF(_ x: Tensor) -> Tensor { logIncompleteBeta(a, b, x) }
  public func logSurvival(_ x: Tensor) -> Tensor { logIncompleteBeta(b, a, 1 - x) }
  public func quantile(logCDF: Tensor) -> Tensor { betaQuantile(a, b, logCDF: logCDF) }
  public func quantile(logSurvival: Tensor) -> Tensor { 1 - betaQuantile(b, a, logCDF: logSurvival) }
}
