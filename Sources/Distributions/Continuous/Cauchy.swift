import Differentiation

/// The Cauchy distribution, p(x) = 1 / (πs(1 + ((x − m)/s)²)) on ℝ, location m (the median), scale s > 0. It has no mean.
///
/// The log density is −∞ where |x − m|/s exceeds about 1.3·10¹⁵⁴, since its square overflows.
public struct Cauchy: Distribution {
  public static let name = "Cauchy"
  let location: Tensor
  let scale: Tensor

  /// The median, and half the distance between the quartiles.
  public init(_ location: some TensorConvertible, scale: some TensorConvertible) {
    self.location = location.tensor.checked(.finite, "the location", of: Cauchy.name)
    self.scale = scale.tensor.checked(.positive, "scale", of: Cauchy.name)
  }

  public var batchShape: [Int] { Distributions.batchShape(of: location, scale) }
  public var support: Support { .real }

  public func logDensity(inside x: Tensor) -> Tensor { -logOnePlusSquare(standardized(x)) - (log(scale) + LogConstant.pi) }

  public func sample(using source: DrawSource) -> Tensor {
    location + scale * Cauchy.cotangent(source.draw(.uniform, shape: batchShape))
  }

  private func standardized(_ x: Tensor) -> Tensor { (x - location) * reciprocal(scale) }
  /// cot πp, for 0 < p < 1: the quantile of survival p.
  fileprivate static func cotangent(_ p: Tensor) -> Tensor { cos(Double.pi * p) / sin(Double.pi * p) }
}

extension Cauchy: DistributionWithEntropy {
  /// log(4πs).
  public var entropy: Tensor { (log(scale) + (2 * LogConstant.two + LogConstant.pi)).broadcast(to: batchShape) }
}

extension Cauchy: ReparameterizedDistribution, QuantileDistribution {
  public func logCDF(_ x: Tensor) -> Tensor { Cauchy.logTail(-standardized(x)) }
  public func logSurvival(_ x: Tensor) -> Tensor { Cauchy.logTail(standardized(x)) }
  /// The angle under which the interval is seen from one unit beside the median, over π.
  public func logMass(from a: Tensor, to b: Tensor) -> Tensor {
    log(atan2((b - a) * reciprocal(scale), 1 + standardized(a) * standardized(b)) / Double.pi)
  }
  public func quantile(logCDF: Tensor) -> Tensor { location - scale * Cauchy.cotangent(exp(logCDF)) }
  public func quantile(logSurvival: Tensor) -> Tensor { location + scale * Cauchy.cotangent(exp(logSurvival)) }

  /// log P(Z > z) = log(atan2(1, z)/π), by the other tail where the probability is above ½.
  static func logTail(_ z: Tensor) -> Tensor {
    let isLarge = z .< 0
    let small = atan2(1, abs(z)) / Double.pi
    return select(isLarge, log1p(-small), log(small))
  }
}

/// log(1 + z²); ∞ above |z| ≈ 1.3·10¹⁵⁴, where z² overflows.
func logOnePlusSquare(_ z: Tensor) -> Tensor { log1p(square(z)) }
