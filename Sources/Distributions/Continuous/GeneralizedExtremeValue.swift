import Differentiation

/// The generalized extreme value distribution, F(x) = exp(−(1 + ξz)^(−1/ξ)) with z = (x − m)/s where 1 + ξz > 0: location m, scale s > 0, shape ξ of
/// any sign. ξ = 0 is ``Gumbel``, ξ > 0 has a heavy right tail and a lower end, ξ < 0 an upper end, at m − s/ξ.
///
/// `GeneralizedExtremeValue(loc, scale, concentration)` of TensorFlow Probability, `GenExtreme(mu, sigma, xi)` of pymc-extras; SciPy's c is −ξ.
/// The end depends on all parameters and on the sign of one, so that the support is said to be ℝ; beyond the end the log density is −∞. Smooth
/// in ξ through 0.
public struct GeneralizedExtremeValue: Distribution {
  public static let name = "GeneralizedExtremeValue"
  let location: Tensor
  let scale: Tensor
  let exponent: Tensor

  /// The location (the quantile of 1/e), the scale, and the shape ξ, the exponent of the right tail.
  public init(_ location: some TensorConvertible, scale: some TensorConvertible, shape: some TensorConvertible) {
    let owner = GeneralizedExtremeValue.name
    self.location = location.tensor.checked(.finite, "the location", of: owner)
    self.scale = scale.tensor.checked(.positive, "scale", of: owner)
    self.exponent = shape.tensor.checked(.finite, "shape", of: owner)
  }

  public var batchShape: [Int] { Distributions.batchShape(of: location, scale, exponent) }
  public var support: Support { .real }

  public func logDensity(inside x: Tensor) -> Tensor {
    let (t, isOutside) = level(x)
    return select(isOutside, -Double.infinity, -((1 + exponent) * t) - exp(-t) - log(scale))
  }

  public func sample(using source: DrawSource) -> Tensor { value(level: source.draw(.gumbel, shape: batchShape)) }

  /// t = log(1 + ξz)/ξ, which has the standard Gumbel distribution; 0 beyond the end.
  private func level(_ x: Tensor) -> (t: Tensor, isOutside: Tensor) {
    let z = (x - location) / scale
    let isOutside = exponent * z .<= -1
    return (quotient(select(isOutside, 0, z), near: logSeries) { log1p($0) }, isOutside)
  }

  private func value(level t: Tensor) -> Tensor { location + scale * quotient(t, near: expSeries) { expm1($0) } }

  /// f(ξx)/ξ, by the power series of f(y)/y where |ξx| < 1/100.
  private func quotient(_ x: Tensor, near series: [Double], _ f: (Tensor) -> Tensor) -> Tensor {
    let y = exponent * x
    let isNear = abs(y) .< 0.01
    let small = select(isNear, y, 0)
    let near = select(isNear, x, 0) * series.dropLast().reversed().reduce(Tensor(series.last!)) { $0 * small + $1 }
    return select(isNear, near, f(select(isNear, 1, y)) / select(isNear, 1, exponent))
  }

  /// Of log(1 + y)/y and of (eʸ − 1)/y.
  private var logSeries: [Double] { (1...9).map { ($0 % 2 == 0 ? -1 : 1) / Double($0) } }
  private var expSeries: [Double] { (1...9).map { 1 / (1...$0).reduce(1.0) { $0 * Double($1) } } }
}

extension GeneralizedExtremeValue: DistributionWithEntropy {
  /// log s + γ(1 + ξ) + 1.
  public var entropy: Tensor { (log(scale) + eulerGamma * (1 + exponent) + 1).broadcast(to: batchShape) }
}

extension GeneralizedExtremeValue: ReparameterizedDistribution, QuantileDistribution {
  public func logCDF(_ x: Tensor) -> Tensor {
    let (t, isOutside) = level(x)
    return select(isOutside, select(exponent .> 0, -Double.infinity, 0), -exp(-t))
  }
  public func logSurvival(_ x: Tensor) -> Tensor {
    let (t, isOutside) = level(x)
    return select(isOutside, select(exponent .> 0, 0, -Double.infinity), logOneMinusExpOfExp(-t))
  }
  public func quantile(logCDF: Tensor) -> Tensor { value(level: -log(-logCDF)) }
  public func quantile(logSurvival: Tensor) -> Tensor { value(level: -inverseLogOneMinusExpOfExp(logSurvival)) }
}
