import Differentiation

/// The uniform distribution, p(x) = 1/(b − a) on a ≤ x ≤ b. The bounds may depend on other variables; both belong to the support.
public struct Uniform: Distribution {
  public static let name = "Uniform"
  let lower: Tensor
  let upper: Tensor

  /// The bounds, the lower first.
  public init(_ lower: some TensorConvertible, _ upper: some TensorConvertible) {
    let (a, b) = (lower.tensor.checked(.finite, "the lower bound", of: Uniform.name), upper.tensor)
    self.lower = a
    self.upper = b.checked(.finite, "the upper bound", of: Uniform.name).checkedAbove(a, of: Uniform.name)
  }

  public var batchShape: [Int] { Distributions.batchShape(of: lower, upper) }
  public var support: Support { .interval(lower, upper) }

  public func logDensity(inside x: Tensor) -> Tensor { (-log(upper - lower)).spread(over: x) }

  public func logDensity(of x: Tensor) -> Tensor { restrictedAndNaN(logDensity(inside: x), to: x) }

  public func sample(using source: DrawSource) -> Tensor { lower + (upper - lower) * source.draw(.uniform, shape: batchShape) }
}

extension Uniform: DistributionWithMoments, DistributionWithEntropy {
  public var mean: Tensor { 0.5 * (lower + upper) }
  /// (b − a)²/12.
  public var variance: Tensor { square(upper - lower) / 12 }
  /// log(b − a).
  public var entropy: Tensor { log(upper - lower) }
}

extension Uniform: ReparameterizedDistribution, QuantileDistribution {
  public func logCDF(_ x: Tensor) -> Tensor { log((x - lower) / (upper - lower)) }
  public func logSurvival(_ x: Tensor) -> Tensor { log((upper - x) / (upper - lower)) }
  public func quantile(logCDF: Tensor) -> Tensor { lower + (upper - lower) * exp(logCDF) }
  public func quantile(logSurvival: Tensor) -> Tensor { upper - (upper - lower) * exp(logSurvival) }
}
