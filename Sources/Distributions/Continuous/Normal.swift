import Differentiation

/// The normal distribution, p(x) = exp(−½((x − μ)/σ)²) / (σ√(2π)) on ℝ, with mean μ and standard deviation σ > 0.
public struct Normal: Distribution {
  public static let name = "Normal"
  let mu: Tensor
  let sd: Tensor

  /// Mean and standard deviation, in the units of x.
  public init(_ mu: some TensorConvertible, sd: some TensorConvertible) {
    self.mu = mu.tensor.checked(.finite, "the mean", of: Normal.name)
    self.sd = sd.tensor.checked(.positive, "sd", of: Normal.name)
  }

  public var batchShape: [Int] { Distributions.batchShape(of: mu, sd) }
  public var support: Support { .real }

  // The scale's terms have the scale's shape until they are added, so that one scale for a whole plate costs one reciprocal and one
  // logarithm.
  public func logDensity(inside x: Tensor) -> Tensor {
    -0.5 * square(standardized(x)) - (log(sd) + LogConstant.halfTwoPi)
  }

  public func sample(using source: DrawSource) -> Tensor { mu + sd * source.draw(.normal, shape: batchShape) }

  private func standardized(_ x: Tensor) -> Tensor { (x - mu) * reciprocal(sd) }
}

extension Normal: DistributionWithMoments, DistributionWithEntropy {
  public var mean: Tensor { mu.broadcast(to: batchShape) }
  public var variance: Tensor { square(sd).broadcast(to: batchShape) }
  /// log σ + ½ + ½ log 2π.
  public var entropy: Tensor { (log(sd) + (0.5 + LogConstant.halfTwoPi)).broadcast(to: batchShape) }
}

extension Normal: ReparameterizedDistribution, QuantileDistribution {
  public func logCDF(_ x: Tensor) -> Tensor { logNormalCDF(standardized(x)) }
  public func logSurvival(_ x: Tensor) -> Tensor { logNormalCDF(-standardized(x)) }
  public func quantile(logCDF: Tensor) -> Tensor { mu + sd * Normal.standardQuantile(logCDF) }
  public func quantile(logSurvival: Tensor) -> Tensor { mu - sd * Normal.standardQuantile(logSurvival) }

  /// The z with log Φ(z) = l: by the quantile function where e^l is a normal double, and below that by Newton's method on log Φ from
  /// −√(−2l − log(4π) − log(−l)), which is off by less than 0.01 there; three steps reach the last bits.
  private static func standardQuantile(_ l: Tensor) -> Tensor {
    if let known = l.knownValues, known.allSatisfy({ $0 > -700 }) { return normalQuantile(exp(l)) }
    let isFar = l .<= -700
    let central = normalQuantile(exp(select(isFar, -1, l)))
    let far = select(isFar, l, -800)
    var z = -sqrt(-2 * far - log(-12.566370614359172 * far))
    for _ in 0..<3 {
      let value = logNormalCDF(z)
      z = z - (value - far) * exp(value + 0.5 * square(z) + LogConstant.halfTwoPi)
    }
    return select(isFar, z, central)
  }
}
