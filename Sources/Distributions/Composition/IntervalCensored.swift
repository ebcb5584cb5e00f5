import Differentiation

/// Data that are known up to an interval: the observed value is its lower end x, and the upper end is a parameter. p = F(upper) − F(x), the
/// density where both ends are equal, −∞ where the upper one is the lower.
///
/// Rounded data are `IntervalCensored(d, upper: y + 0.5)` observed as `y - 0.5`; a visit that found what the one before did not is an interval
/// between their times. An upper end of ∞, or at that of the support, makes the value right-censored, a lower end at that of the support
/// left-censored; where the support has no lower end use ``Censored`` with flags. `IntervalCensoredDistribution` of NumPyro has both ends in the
/// value.
///
/// The mass is taken as a difference in logarithms of whichever tail the interval lies in (``CumulativeDistribution/logMass(from:to:)``), so it
/// keeps its accuracy far out. Draws are those of the distribution itself, exact. For observed sites.
public struct IntervalCensored<Base: CumulativeDistribution>: Distribution {
  public static var name: String { "IntervalCensored \(Base.name)" }
  private let base: Base
  private let upper: Tensor

  /// The distribution, and the upper end of each interval.
  public init(_ base: Base, upper: some TensorConvertible) {
    self.base = base
    self.upper = upper.tensor.checked(.number, "the upper end", of: Self.name)
  }

  public var batchShape: [Int] { Tensor.commonShape([base.batchShape, upper.shape]) ?? base.batchShape }
  /// The base's, with its ends.
  public var support: Support { .between(base.support.ends.lower, base.support.ends.upper) }

  // Each formula has arguments inside of its own range where another one is chosen, so that no derivative is 0·∞.
  public func logDensity(inside x: Tensor) -> Tensor {
    let (low, high) = base.support.ends
    let (isExact, isBelow) = (x .== upper, base.support.isAtEnd(x, isLower: true))
    let isAbove = base.support.isAtEnd(upper, isLower: false) ?? (high == nil ? upper .== Double.infinity : nil)
    let top = isAbove.map { select($0, base.support.innerPoint, upper) } ?? upper
    let from = isBelow.map { select($0, 0.5 * ((low ?? 0) + top), x) } ?? x
    let beyond = high.map { 0.5 * (from + $0) } ?? from + 1
    let isOpen = isAbove.map { maximum($0, isExact) } ?? isExact
    let to = select(maximum(isOpen, from .>= upper), beyond, upper)
    var result = base.logMass(from: from, to: to)
    if let isBelow { result = select(isBelow, base.logCDF(top), result) }
    if let isAbove {
      let survival = base.logSurvival(from)
      result = select(isAbove, isBelow.map { select($0, 0, survival) } ?? survival, result)
    }
    return select(x .> upper, -Double.infinity, select(isExact, base.logDensity(inside: from), result))
  }

  /// A draw of the base. Not differentiable in the ends.
  public func sample(using source: DrawSource) -> Tensor { base.sample(stretchedTo: batchShape, using: source) }
}

extension IntervalCensored: MixedDistribution {}
