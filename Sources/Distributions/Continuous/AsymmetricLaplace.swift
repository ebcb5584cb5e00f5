import Differentiation

/// The asymmetric Laplace distribution, p(x) = e^(−κz)/(s(κ + 1/κ)) for z ≥ 0 and e^(z/κ)/(s(κ + 1/κ)) for z < 0, z = (x − m)/s on ℝ: location m
/// (the mode), scale s > 0, asymmetry κ > 0; κ = 1 is ``Laplace``.
///
/// P(X < m) = κ²/(1 + κ²), so that m is the quantile of level q for κ = √(q/(1 − q)), which quantile regression needs.
/// `AsymmetricLaplace(loc, scale, asymmetry)` of NumPyro, `AsymmetricLaplace(kappa, mu, b)` of PyMC with b = 1/s;
/// `skew_double_exponential(mu, sigma, tau)` of Stan is κ = √(τ/(1 − τ)), s = σ/(2√(τ(1 − τ))).
public struct AsymmetricLaplace: Distribution {
  public static let name = "AsymmetricLaplace"
  let location: Tensor
  let scale: Tensor
  let asymmetry: Tensor

  /// The mode, the scale, and the asymmetry κ: above 1 the left tail is the longer one.
  public init(_ location: some TensorConvertible, scale: some TensorConvertible, asymmetry: some TensorConvertible) {
    self.location = location.tensor.checked(.finite, "the location", of: AsymmetricLaplace.name)
    self.scale = scale.tensor.checked(.positive, "scale", of: AsymmetricLaplace.name)
    self.asymmetry = asymmetry.tensor.checked(.positive, "asymmetry", of: AsymmetricLaplace.name)
  }

  public var batchShape: [Int] { Distributions.batchShape(of: location, scale, asymmetry) }
  public var support: Support { .real }

  public func logDensity(inside x: Tensor) -> Tensor { -distance(x) - log(scale * (asymmetry + 1 / asymmetry)) }

  /// m + s(E/κ − κE′) with two exponential draws.
  public func sample(using source: DrawSource) -> Tensor {
    let right = source.draw(.exponential, shape: batchShape) / asymmetry
    return location + scale * (right - asymmetry * source.draw(.exponential, shape: batchShape))
  }

  /// κz, or −z/κ on the left of m.
  private func distance(_ x: Tensor) -> Tensor {
    let z = (x - location) / scale
    return select(z .>= 0, asymmetry * z, -z / asymmetry)
  }
}

extension AsymmetricLaplace: DistributionWithMoments, DistributionWithEntropy {
  /// m + s(1/κ − κ).
  public var mean: Tensor { location + scale * (1 / asymmetry - asymmetry) }
  /// s²(1/κ² + κ²).
  public var variance: Tensor { (square(scale) * (square(asymmetry) + 1 / square(asymmetry))).broadcast(to: batchShape) }
  /// 1 + log(s(κ + 1/κ)).
  public var entropy: Tensor { (1 + log(scale * (asymmetry + 1 / asymmetry))).broadcast(to: batchShape) }
}

extension AsymmetricLaplace: ReparameterizedDistribution, QuantileDistribution {
  public func logCDF(_ x: Tensor) -> Tensor {
    let far = -distance(x) + logLeft
    return select(x .< location, far, log1mExp(-distance(x) + logRight))
  }
  public func logSurvival(_ x: Tensor) -> Tensor {
    let far = -distance(x) + logRight
    return select(x .< location, log1mExp(-distance(x) + logLeft), far)
  }
  public func quantile(logCDF: Tensor) -> Tensor {
    quantile(isLeft: logCDF .< logLeft, logCDF, log1mExp(logCDF))
  }
  public func quantile(logSurvival: Tensor) -> Tensor {
    quantile(isLeft: logSurvival .> logRight, log1mExp(logSurvival), logSurvival)
  }

  private func quantile(isLeft: Tensor, _ logCDF: Tensor, _ logSurvival: Tensor) -> Tensor {
    location + scale * select(isLeft, asymmetry * (logCDF - logLeft), (logRight - logSurvival) / asymmetry)
  }

  /// log P(X < m) and log P(X > m).
  private var logLeft: Tensor { -log1p(1 / square(asymmetry)) }
  private var logRight: Tensor { -log1p(square(asymmetry)) }
}
