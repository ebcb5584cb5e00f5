import Differentiation

/// A distribution that is another one by other parameters: density, support, draws, and whatever else the other one has, are those of ``base``.
///
/// A conforming type checks its own parameters under its own names and states its capabilities; nothing more is to be written.
public protocol AnotherParameterization: Distribution where Value == Base.Value {
  associatedtype Base: Distribution
  /// The same distribution by the parameters of its family.
  var base: Base { get }
}

extension AnotherParameterization {
  public var batchShape: [Int] { base.batchShape }
  public var eventShape: [Int] { base.eventShape }
  public var support: Support { base.support }
  public func logDensity(inside value: Base.Value) -> Tensor { base.logDensity(inside: value) }
  public func sample(using source: DrawSource) -> Base.Value { base.sample(using: source) }
}

extension AnotherParameterization where Base: DistributionWithMoments {
  public var mean: Tensor { base.mean }
  public var variance: Tensor { base.variance }
}

extension AnotherParameterization where Base: DistributionWithEntropy {
  public var entropy: Tensor { base.entropy }
}

extension AnotherParameterization where Base: QuantileDistribution {
  public func logCDF(_ x: Tensor) -> Tensor { base.logCDF(x) }
  public func logSurvival(_ x: Tensor) -> Tensor { base.logSurvival(x) }
  public func quantile(logCDF: Tensor) -> Tensor { base.quantile(logCDF: logCDF) }
  public func quantile(logSurvival: Tensor) -> Tensor { base.quantile(logSurvival: logSurvival) }
}
