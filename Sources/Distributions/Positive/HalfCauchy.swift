import Differentiation

/// The absolute value of a Cauchy variable with location 0: p(x) = 2 / (πs(1 + (x/s)²)) on x ≥ 0, scale s > 0, which is the median.
///
/// It has no mean. The density at 0 is 2/(πs).
public struct HalfCauchy: Distribution {
  public static let name = "HalfCauchy"
  let scale: Tensor

  public init(scale: some TensorConvertible) {
    self.scale = scale.tensor.checked(.positive, "scale", of: HalfCauchy.name)
  }

  public var batchShape: [Int] { scale.shape }
  public var support: Support { .nonnegative }

  public func logDensity(inside x: Tensor) -> Tensor {
    -logOnePlusSquare(x * reciprocal(scale)) - (log(scale) - LogConstant.twoOverPi)
  }

  /// s·cot(πu/2).
  public func sample(using source: DrawSource) -> Tensor { quantile(survival: source.draw(.uniform, shape: batchShape)) }

  private func quantile(survival q: Tensor) -> Tensor {
    let angle = (0.5 * Double.pi) * q
    return scale * cos(angle) / sin(angle)
  }
}

extension HalfCauchy: DistributionWithEntropy {
  /// log(2πs).
  public var entropy: Tensor { log(scale) + (LogConstant.two + LogConstant.pi) }
}

extension HalfCauchy: ReparameterizedDistribution, QuantileDistribution {
  /// log(2/π · atan(x/s)).
  public func logCDF(_ x: Tensor) -> Tensor { log(atan(x * reciprocal(scale))) + LogConstant.twoOverPi }
  public func logSurvival(_ x: Tensor) -> Tensor { Cauchy.logTail(x * reciprocal(scale)) + LogConstant.two }
  public func quantile(logCDF: Tensor) -> Tensor {
    let angle = (0.5 * Double.pi) * exp(logCDF)
    return scale * sin(angle) / cos(angle)
  }
  public func quantile(logSurvival: Tensor) -> Tensor { quantile(survival: exp(logSurvival)) }
}
