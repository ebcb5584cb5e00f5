import Differentiation

/// The Laplace (double exponential) distribution, p(x) = exp(−|x − m|/s) / (2s) on ℝ, location m (mean and median), scale s > 0.
public struct Laplace: Distribution {
  public static let name = "Laplace"
  let location: Tensor
  let scale: Tensor

  /// The median, and the mean distance from it.
  public init(_ location: some TensorConvertible, scale: some TensorConvertible) {
    self.location = location.tensor.checked(.finite, "the location", of: Laplace.name)
    self.scale = scale.tensor.checked(.positive, "scale", of: Laplace.name)
  }

  public var batchShape: [Int] { Distributions.batchShape(of: location, scale) }
  public var support: Support { .real }

  public func logDensity(inside x: Tensor) -> Tensor { -abs(standardized(x)) - (log(scale) + LogConstant.two) }

  /// By inversion: m − s·sign(v)·log(1 − 2|v|), v uniform on (−½, ½).
  public func sample(using source: DrawSource) -> Tensor {
    let v = source.draw(.uniform, shape: batchShape) - 0.5
    return location - scale * sign(v) * log1p(-2 * abs(v))
  }

  private func standardized(_ x: Tensor) -> Tensor { (x - location) * reciprocal(scale) }
}

extension Laplace: DistributionWithMoments, DistributionWithEntropy {
  public var mean: Tensor { location.broadcast(to: batchShape) }
  /// 2s².
  public var variance: Tensor { (2 * square(scale)).broadcast(to: batchShape) }
  /// 1 + log 2s.
  public var entropy: Tensor { (log(scale) + (1 + LogConstant.two)).broadcast(to: batchShape) }
}

extension Laplace: ReparameterizedDistribution, QuantileDistribution {
  public func logCDF(_ x: Tensor) -> Tensor { Laplace.logTail(-standardized(x)) }
  public func logSurvival(_ x: Tensor) -> Tensor { Laplace.logTail(standardized(x)) }
  public func quantile(logCDF: Tensor) -> Tensor { location - scale * Laplace.upper(logCDF) }
  public func quantile(logSurvival: Tensor) -> Tensor { location + scale * Laplace.upper(logSurvival) }

  /// log P(Z > z): −z − log 2 for z ≥ 0, log(1 − e^z/2) below.
  private static func logTail(_ z: Tensor) -> Tensor {
    let far = -abs(z) - LogConstant.two
    return select(z .>= 0, far, log1mExp(far))
  }

  /// The z with log P(Z > z) = l.
  private static func upper(_ l: Tensor) -> Tensor {
    let isAbove = l .<= -LogConstant.two
    let other = log1mExp(select(isAbove, -LogConstant.two, l)) + LogConstant.two
    return select(isAbove, -l - LogConstant.two, other)
  }
}
