import Differentiation

/// Data of a distribution of which some are known only to lie beyond a bound: the others add log p(x), a right-censored one log(1 − F(x)), a
/// left-censored one log F(x).
///
/// `Censored(d, lower: a, upper: b)` is for an instrument with limits of detection, either of which may be missing: what lies beyond a limit is
/// recorded as the limit, so that values at (or beyond) it are censored. Draws are clipped likewise. This is PyMC's `Censored(dist, lower,
/// upper)`.
///
/// `Censored(d, isRightCensored: c)` has a flag, 0 or 1, for each value, as survival data do: where it is 1 the event had not come by time x.
/// `RightCensoredDistribution(d, c)` and `LeftCensoredDistribution(d, c)` of NumPyro; survival packages whose flag says that the event was seen
/// have 1 − c. How long anybody would have been watched is not part of such data: draws are those of the distribution itself, uncensored.
///
/// Both tails are taken in logarithms, so that a bound may lie arbitrarily far out. The distribution is for observed sites; the density is with
/// respect to Lebesgue measure at uncensored values, and a probability at censored ones.
public struct Censored<Base: CumulativeDistribution>: Distribution {
  public static var name: String { "Censored \(Base.name)" }
  private enum Rule: Sendable {
    case limits(lower: Tensor?, upper: Tensor?)
    case flags(left: Tensor?, right: Tensor?)
  }
  private let base: Base
  private let rule: Rule

  /// Values below the lower limit are recorded as that limit, values above the upper one as that.
  public init(_ base: Base, lower: some TensorConvertible, upper: some TensorConvertible) {
    let a = Censored.limit(lower, "the lower limit")
    self.init(base, a, Censored.limit(upper, "the upper limit").checkedAbove(a, of: Self.name))
  }

  public init(_ base: Base, lower: some TensorConvertible) { self.init(base, Censored.limit(lower, "the lower limit"), nil) }

  public init(_ base: Base, upper: some TensorConvertible) { self.init(base, nil, Censored.limit(upper, "the upper limit")) }

  /// A flag for each value: 1 where the variable is at most x, 0 where it is x.
  public init(_ base: Base, isLeftCensored: some TensorConvertible) {
    self.base = base
    rule = .flags(left: Censored.flag(isLeftCensored, "isLeftCensored"), right: nil)
  }

  /// A flag for each value: 1 where the variable is at least x, 0 where it is x.
  public init(_ base: Base, isRightCensored: some TensorConvertible) {
    self.base = base
    rule = .flags(left: nil, right: Censored.flag(isRightCensored, "isRightCensored"))
  }

  /// Two flags for each value, of which at most one is 1.
  public init(_ base: Base, isLeftCensored: some TensorConvertible, isRightCensored: some TensorConvertible) {
    self.base = base
    rule = .flags(left: Censored.flag(isLeftCensored, "isLeftCensored"), right: Censored.flag(isRightCensored, "isRightCensored"))
  }

  /// A limit at or beyond the end of the base's own support censors nothing.
  private init(_ base: Base, _ lower: Tensor?, _ upper: Tensor?) {
    let ends = base.support.ends
    self.base = base
    rule = .limits(
      lower: Support.tighter(lower, ends.lower, isLower: true), upper: Support.tighter(upper, ends.upper, isLower: false))
  }

  private static func limit(_ x: some TensorConvertible, _ label: String) -> Tensor { x.tensor.checked(.number, label, of: Self.name) }
  private static func flag(_ x: some TensorConvertible, _ label: String) -> Tensor { x.tensor.checked(.indicator, label, of: Self.name) }

  public var batchShape: [Int] {
    let own: [Tensor?] =
      switch rule {
      case .limits(let a, let b): [a, b]
      case .flags(let left, let right): [left, right]
      }
    return Tensor.commonShape([base.batchShape] + own.compactMap { $0?.shape }) ?? base.batchShape
  }

  /// The base's support with its ends, or what lies between the limits.
  public var support: Support {
    let ends = base.support.ends
    if case .limits(let a, let b) = rule { return .between(a ?? ends.lower, b ?? ends.upper) }
    return .between(ends.lower, ends.upper)
  }

  public func logDensity(inside x: Tensor) -> Tensor {
    switch rule {
    case .limits(let a, let b):
      let (isLow, isHigh) = (a.map { x .<= $0 }, b.map { x .>= $0 })
      let seen = uncensored(x, isLow, isHigh)
      let above = choose(isHigh, b.map { base.logSurvival($0) }, seen)
      return choose(isLow, a.map { base.logCDF($0) }, above)
    case .flags(let left, let right):
      // At the ends of the support the tails are 1 and 0, and their formulas may have no derivative.
      let (atLower, atUpper) = (base.support.isAtEnd(x, isLower: true), base.support.isAtEnd(x, isLower: false))
      let y = inner(x, atLower, atUpper)
      func tail(_ inside: Tensor, _ lower: Double, _ upper: Double) -> Tensor {
        choose(atLower, Tensor(lower), choose(atUpper, Tensor(upper), inside))
      }
      let above = choose(right, right.map { _ in tail(base.logSurvival(y), 0, -.infinity) }, uncensored(x, left, right))
      return choose(left, left.map { _ in tail(base.logCDF(y), -.infinity, 0) }, above)
    }
  }

  /// A draw of the base, clipped to the limits. Not differentiable in them where it is not clipped.
  public func sample(using source: DrawSource) -> Tensor {
    let draw = base.sample(stretchedTo: batchShape, using: source)
    guard case .limits(let a, let b) = rule else { return draw }
    let raised = a.map { maximum($0, draw) } ?? draw
    return b.map { minimum($0, raised) } ?? raised
  }

  /// The density where a value is not censored; elsewhere anything finite.
  private func uncensored(_ x: Tensor, _ left: Tensor?, _ right: Tensor?) -> Tensor {
    base.logDensity(inside: base.support.ends.lower == nil && base.support.ends.upper == nil ? x : inner(x, left, right))
  }

  /// x, and a number inside of the support where one of the indicators is 1.
  private func inner(_ x: Tensor, _ first: Tensor?, _ second: Tensor?) -> Tensor {
    choose(first, base.support.innerPoint, choose(second, base.support.innerPoint, x))
  }

  private func choose(_ condition: Tensor?, _ a: Tensor?, _ b: Tensor) -> Tensor {
    guard let condition, let a else { return b }
    return select(condition, a, b)
  }
}

extension Censored: MixedDistribution {}
