import Differentiation

/// The Pareto distribution, p(x) = a mᵃ / x^(a+1) on x ≥ m, scale m > 0, shape a > 0. The log density at m is log(a/m).
///
/// `pareto(y_min, alpha)` of Stan, `Pareto(scale, alpha)` of NumPyro, `Pareto(alpha, m)` of PyMC. The scale may depend on other variables.
public struct Pareto: Distribution {
  public static let name = "Pareto"
  let scale: Tensor
  let exponent: Tensor

  /// The smallest value, and the exponent a of P(X > x) = (m/x)ᵃ.
  public init(scale: some TensorConvertible, shape: some TensorConvertible) {
    self.scale = scale.tensor.checked(.positive, "scale", of: Pareto.name)
    self.exponent = shape.tensor.checked(.positive, "shape", of: Pareto.name)
  }

  public var batchShape: [Int] { Distributions.batchShape(of: scale, exponent) }
  public var support: Support { .lower(scale) }

  public func logDensity(inside x: Tensor) -> Tensor { log(exponent) - log(x) - exponent * logRatio(x) }

  /// m·e^(E/a), E exponential.
  public func sample(using source: DrawSource) -> Tensor { scale * exp(source.draw(.exponential, shape: batchShape) / exponent) }

  /// log(x/m), from the difference, which is exact near m.
  private func logRatio(_ x: Tensor) -> Tensor { log1p((x - scale) / scale) }
}

extension Pareto: DistributionWithMoments, DistributionWithEntropy {
  /// am/(a − 1) for a > 1, otherwise ∞.
  public var mean: Tensor {
    let exists = exponent .> 1
    let a = select(exists, exponent, 2)
    return select(exists, a * scale / (a - 1), Double.infinity)
  }
  /// m²a/((a − 1)²(a − 2)) for a > 2, otherwise ∞.
  public var variance: Tensor {
    let exists = exponent .> 2
    let a = select(exists, exponent, 3)
    return select(exists, square(scale / (a - 1)) * a / (a - 2), Double.infinity)
  }
  /// log(m/a) + 1 + 1/a.
  public var entropy: Tensor { log(scale / exponent) + 1 + 1 / exponent }
}

extension Pareto: ReparameterizedDistribution, QuantileDistribution {
  public func logCDF(_ x: Tensor) -> Tensor { log1mExp(-exponent * logRatio(x)) }
  public func logSurvival(_ x: Tensor) -> Tensor { -exponent * logRatio(x) }
  public func quantile(logCDF: Tensor) -> Tensor { scale * exp(-log1mExp(logCDF) / exponent) }
  public func quantile(logSurvival: Tensor) -> Tensor { scale * exp(-logSurvival / exponent) }
}
