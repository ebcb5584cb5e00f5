import Differentiation

/// The density that is 1 everywhere on a support: the uniform distribution where the support is bounded, otherwise an improper prior.
///
/// `Flat()` is flat on ℝ, `Flat.positive` on x > 0, `Flat(on: .interval(0, 1 - alpha))` on an interval whose bound depends on another
/// variable, `Flat(on: .simplex, shape: [3])` on the vectors of three probabilities. The log density is 0 inside, −∞ outside, also on bounded
/// sets: it is not divided by their size, which would matter where a bound depends on other variables (then use ``Uniform``).
///
/// It has no draws: a model that draws from it records a mistake.
public struct Flat: Distribution {
  public static let name = "Flat"
  public let support: Support
  private let valueShape: [Int]

  /// On ℝ, numbers.
  public init() {
    support = .real
    valueShape = []
  }

  /// On a continuous support; `shape` is that of one value: [n] for vectors such as simplexes, [n, n] for Cholesky factors.
  public init(on support: Support, shape: [Int] = []) {
    self.support = support
    self.valueShape = shape
  }

  /// On x > 0.
  public static var positive: Flat { Flat(on: .positive) }

  public var batchShape: [Int] { Array(valueShape.dropLast(support.eventRank)) }
  public var eventShape: [Int] { Array(valueShape.suffix(support.eventRank)) }

  public func logDensity(inside value: Tensor) -> Tensor {
    if support.isDiscrete { return .mistake("Flat is for continuous variables, and the support is \(support)", shape: [], from: [value]) }
    guard value.rank >= support.eventRank else {
      return .mistake(
        "Flat on \(support) takes values of rank \(support.eventRank), not \(value.shapeDescription)", shape: [], from: [value])
    }
    return .zeros(Array(value.shape.dropLast(support.eventRank)))
  }

  public func sample(using source: DrawSource) -> Tensor {
    .mistake("Flat on \(support) has no draws: give the variable a proper distribution where draws from the prior are wanted", shape: shape)
  }
}
