import Differentiation

/// A scalar distribution restricted to lower ≤ x ≤ upper and renormalized: p(x) / (F(upper) − F(lower)) there, −∞ elsewhere.
///
/// Either bound may be missing, and both may depend on other variables. The mass is taken as a difference in logarithms of whichever tail the
/// interval lies in (``CumulativeDistribution/logMass(from:to:)``), so it keeps its accuracy far out: `Truncated(Normal(0, sd: 1), lower: 30)`
/// is exact.
public struct Truncated<Base: CumulativeDistribution>: Distribution {
  public static var name: String { "Truncated \(Base.name)" }
  let base: Base
  let lower: Tensor?
  let upper: Tensor?

  public init(_ base: Base, lower: some TensorConvertible, upper: some TensorConvertible) {
    let (a, b) = (lower.tensor.checked(.number, "the lower bound", of: Self.name), upper.tensor)
    self.init(base, a, b.checked(.number, "the upper bound", of: Self.name).checkedAbove(a, of: Self.name))
  }

  public init(_ base: Base, lower: some TensorConvertible) {
    self.init(base, lower.tensor.checked(.number, "the lower bound", of: Self.name), nil)
  }

  public init(_ base: Base, upper: some TensorConvertible) {
    self.init(base, nil, upper.tensor.checked(.number, "the upper bound", of: Self.name))
  }

  /// A bound at or beyond the edge of the base's own support is dropped; the other edge becomes a bound.
  private init(_ base: Base, _ lower: Tensor?, _ upper: Tensor?) {
    let ends = base.support.ends
    self.base = base
    self.lower = Support.tighter(lower, ends.lower, isLower: true)
    self.upper = Support.tighter(upper, ends.upper, isLower: false)
  }

  public var batchShape: [Int] {
    let shapes = [base.batchShape, lower?.shape ?? [], upper?.shape ?? []]
    return Tensor.commonShape(shapes) ?? base.batchShape
  }

  public var support: Support {
    if lower == nil, upper == nil { return base.support }
    let ends = base.support.ends
    return .between(lower ?? ends.lower, upper ?? ends.upper)
  }

  public func logDensity(inside x: Tensor) -> Tensor { base.logDensity(inside: x) - logMass }

  /// log(F(upper) − F(lower)).
  private var logMass: Tensor {
    switch (lower, upper) {
    case (nil, nil): 0
    case (let a?, nil): base.logSurvival(a)
    case (nil, let b?): base.logCDF(b)
    case (let a?, let b?): base.logMass(from: a, to: b)
    }
  }

  /// By inversion of the distribution function, in logarithms; a mistake is recorded for a base whose distribution function has no inverse
  /// here.
  public func sample(using source: DrawSource) -> Tensor {
    guard let invertible = base as? any QuantileDistribution else {
      return .mistake("\(Self.name) has no draws, since the quantiles of \(Base.name) are not known", shape: shape)
    }
    let u = source.draw(.uniform, shape: batchShape)
    return draw(invertible, u)
  }

  private func draw(_ base: some QuantileDistribution, _ u: Tensor) -> Tensor {
    switch (lower, upper) {
    case (nil, nil): return base.quantile(u)
    case (let a?, nil): return maximum(a, base.quantile(logSurvival: base.logSurvival(a) + log(u)))
    case (nil, let b?): return minimum(b, base.quantile(logCDF: base.logCDF(b) + log(u)))
    case (let a?, let b?):
      // log of the point that lies u of the way from the smaller to the larger probability, in the tail that keeps it accurate.
      let (larger, smaller, isUpper) = base.tails(a, b)
      let level = larger + log(u + (1 - u) * exp(smaller - larger))
      let fromAbove = base.quantile(logSurvival: select(isUpper, level, -LogConstant.two))
      let fromBelow = base.quantile(logCDF: select(isUpper, -LogConstant.two, level))
      return minimum(b, maximum(a, select(isUpper, fromAbove, fromBelow)))
    }
  }
}

extension Truncated: CumulativeDistribution {
  public func logCDF(_ x: Tensor) -> Tensor { (lower.map { base.logMass(from: $0, to: x) } ?? base.logCDF(x)) - logMass }
  public func logSurvival(_ x: Tensor) -> Tensor { (upper.map { base.logMass(from: x, to: $0) } ?? base.logSurvival(x)) - logMass }
}

extension Truncated: ReparameterizedDistribution where Base: QuantileDistribution & ReparameterizedDistribution {}
