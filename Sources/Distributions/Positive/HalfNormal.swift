import Differentiation

/// The absolute value of a normal variable with mean 0: p(x) = √(2/π)/σ · exp(−½(x/σ)²) on x ≥ 0, scale σ > 0.
///
/// σ is the standard deviation of the normal, not that of x. The density at 0 is √(2/π)/σ.
public struct HalfNormal: Distribution {
  public static let name = "HalfNormal"
  let sd: Tensor

  /// The standard deviation of the normal before its sign is dropped.
  public init(sd: some TensorConvertible) {
    self.sd = sd.tensor.checked(.positive, "sd", of: HalfNormal.name)
  }

  public var batchShape: [Int] { sd.shape }
  public var support: Support { .nonnegative }

  public func logDensity(inside x: Tensor) -> Tensor {
    -0.5 * square(x * reciprocal(sd)) - (log(sd) - LogConstant.halfTwoOverPi)
  }

  public func sample(using source: DrawSource) -> Tensor { sd * abs(source.draw(.normal, shape: batchShape)) }
}

extension HalfNormal: DistributionWithMoments, DistributionWithEntropy {
  /// σ√(2/π).
  public var mean: Tensor { sd * 0.79788456080286535588 }
  /// σ²(1 − 2/π).
  public var variance: Tensor { square(sd) * 0.36338022763241865692 }
  /// log σ + ½ + ½ log(π/2).
  public var entropy: Tensor { log(sd) + (0.5 - LogConstant.halfTwoOverPi) }
}

extension HalfNormal: ReparameterizedDistribution, QuantileDistribution {
  /// log(1 − 2Φ(−x/σ)).
  public func logCDF(_ x: Tensor) -> Tensor { log(erf(x * reciprocal(sd) * 0.70710678118654752440)) }
  public func logSurvival(_ x: Tensor) -> Tensor { logNormalCDF(-x * reciprocal(sd)) + LogConstant.two }
  public func quantile(logCDF: Tensor) -> Tensor { quantile(logSurvival: log1mExp(logCDF)) }
  public func quantile(logSurvival: Tensor) -> Tensor { Normal(0, sd: sd).quantile(logSurvival: logSurvival - LogConstant.two) }
}
