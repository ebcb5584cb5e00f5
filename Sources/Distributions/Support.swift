import Differentiation

/// The set of values on which a distribution lives, and the name of the map that takes unconstrained vectors onto it.
public indirect enum Support: Sendable {
  /// ℝ, elementwise.
  case real
  /// x > 0.
  case positive
  /// x ≥ 0. Its bijection is that of ``positive``.
  case nonnegative
  /// 0 < x < 1.
  case unitInterval
  /// x ≥ bound, x ≤ bound, lower ≤ x ≤ upper; the bounds may depend on other variables and belong to the set.
  case lower(Tensor)
  case upper(Tensor)
  case interval(Tensor, Tensor)
  /// Vectors with x₁ < x₂ < … , and those with 0 < x₁ besides.
  case ordered
  case positiveOrdered
  /// Vectors of numbers ≥ 0 with sum 1.
  case simplex
  /// Vectors with sum 0.
  case sumToZero
  /// Vectors of length 1.
  case unitVector
  /// Lower triangular matrices with a positive diagonal: Cholesky factors of covariance matrices.
  case choleskyCovariance
  /// The same with rows of length 1: Cholesky factors of correlation matrices.
  case choleskyCorrelation
  /// Whole numbers from the first to the second, which belongs to the set; without an end where that is nil.
  case integers(from: Int, through: Tensor?)
  /// Vectors of whole numbers ≥ 0 with this sum.
  case counts(total: Tensor)
  /// Independent copies of another support along these leading axes.
  case independent([Int], Support)
}

extension Support {
  /// The bijection from an unconstrained space onto the support; nil for whole numbers, which have none.
  public var bijection: (any Bijection)? {
    switch self {
    case .real: IdentityBijection()
    case .positive, .nonnegative: ExponentialBijection()
    case .unitInterval: IntervalBijection(lower: 0, upper: 1)
    case .lower(let bound): LowerBijection(bound: bound)
    case .upper(let bound): UpperBijection(bound: bound)
    case .interval(let lower, let upper): IntervalBijection(lower: lower, upper: upper)
    case .ordered: OrderedBijection()
    case .positiveOrdered: PositiveOrderedBijection()
    case .simplex: SimplexBijection()
    case .sumToZero: SumToZeroBijection()
    case .unitVector: UnitVectorMap()
    case .choleskyCovariance: CholeskyCovarianceBijection()
    case .choleskyCorrelation: CholeskyCorrelationBijection()
    case .integers, .counts: nil
    case .independent(let shape, let base): base.bijection.map { IndependentBijection(copies: shape, base: $0) }
    }
  }

  /// How many trailing axes of a value belong to one element of the set: 0 for numbers, 1 for vectors, 2 for matrices.
  public var eventRank: Int {
    switch self {
    case .real, .positive, .nonnegative, .unitInterval, .lower, .upper, .interval, .integers: 0
    case .ordered, .positiveOrdered, .simplex, .sumToZero, .unitVector, .counts: 1
    case .choleskyCovariance, .choleskyCorrelation: 2
    case .independent(_, let base): base.eventRank
    }
  }

  public var isDiscrete: Bool {
    switch self {
    case .integers, .counts: true
    case .independent(_, let base): base.isDiscrete
    default: false
    }
  }

  /// 1 where `x` lies outside, 0 where it lies inside or is NaN, of the shape of a log density; nil where nothing is outside, which also is
  /// the answer for data that are known to be inside.
  package func exclusion(of x: Tensor) -> Tensor? {
    if let test = knownTest, let values = x.node.possibleValues, values.allSatisfy({ test($0) }) { return nil }
    switch self {
    case .real: return nil
    case .positive: return either(x .<= 0, x .== Double.infinity)
    case .nonnegative: return either(x .< 0, x .== Double.infinity)
    case .unitInterval: return either(x .<= 0, x .>= 1)
    case .lower(let bound): return either(x .< bound, x .== Double.infinity)
    case .upper(let bound): return either(x .> bound, x .== -Double.infinity)
    case .interval(let lower, let upper): return either(x .< lower, x .> upper)
    case .integers(let first, let last):
      let outside = either(x .< first, floor(x) .< x)
      return last.map { either(outside, x .> $0) } ?? either(outside, x .== Double.infinity)
    case .counts(let total): return either(any(either(x .< 0, floor(x) .< x)), 1 - (x.sum(axis: 0) .== total))
    case .ordered: return x.shape[0] < 2 ? nil : any(x[0..<(x.shape[0] - 1)] .>= x[1..<x.shape[0]])
    case .positiveOrdered:
      let below = concatenate([Tensor.zeros([1]), x[0..<(x.shape[0] - 1)]])
      return any(below .>= x)
    case .simplex: return either(any(x .< 0), abs(x.sum(axis: 0) - 1) .> Support.sumTolerance)
    case .sumToZero: return abs(x.sum(axis: 0)) .> Support.sumTolerance * (1 + abs(x).sum(axis: 0))
    case .unitVector: return abs(square(x).sum(axis: 0) - 1) .> Support.sumTolerance
    case .choleskyCovariance: return outsideTriangle(x)
    case .choleskyCorrelation:
      return either(outsideTriangle(x), any(abs(square(x).sum(axis: 1) - 1) .> Support.sumTolerance))
    case .independent(let shape, let base):
      if base.eventRank == 0 { return base.exclusion(of: x) }
      let copies = CopyAxis(shape)
      return base.exclusion(of: copies.entered(x)).map { copies.left($0) }
    }
  }

  /// How far the sum of a simplex, or a squared length, may lie from 1, and a sum that is 0 from there, relative to its terms.
  package static let sumTolerance = 1e-8

  /// For elementwise sets with known bounds: whether a number belongs.
  private var knownTest: ((Double) -> Bool)? {
    switch self {
    case .real: return { _ in true }
    case .positive: return { $0 > 0 && $0 < .infinity }
    case .nonnegative: return { $0 >= 0 && $0 < .infinity }
    case .unitInterval: return { $0 > 0 && $0 < 1 }
    case .lower(let bound): return bound.knownNumber.map { bound in { $0 >= bound && $0 < .infinity } }
    case .upper(let bound): return bound.knownNumber.map { bound in { $0 <= bound && $0 > -.infinity } }
    case .interval(let lower, let upper):
      guard let a = lower.knownNumber, let b = upper.knownNumber else { return nil }
      return { $0 >= a && $0 <= b }
    case .integers(let first, let last):
      let isWhole = { (x: Double) in x >= Double(first) && x < .infinity && x.rounded() == x }
      guard let last else { return isWhole }
      return last.knownNumber.map { last in { isWhole($0) && $0 <= last } }
    case .independent(_, let base): return base.eventRank == 0 ? base.knownTest : nil
    default: return nil
    }
  }

  /// What is wrong with a value known while recording, as the end of a sentence ("element 3 is -1.0, and the support is x > 0"); nil where
  /// nothing is, or nothing can be said.
  package func violation(by x: Tensor) -> String? {
    if case .counts(let total) = self { return countViolation(by: x, total) }
    guard let values = x.knownValues, let test = knownTest else { return nil }
    guard let place = values.firstIndex(where: { !test($0) && !$0.isNaN }) else { return nil }
    return (values.count == 1 ? "the value is \(values[place])" : "element \(place) is \(values[place])") + ", and the support is \(self)"
  }
}

extension Support {
  /// A count that is none, or the first of the vectors whose sum is not the known total.
  private func countViolation(by x: Tensor, _ total: Tensor) -> String? {
    if let sentence = Support.integers(from: 0, through: nil).violation(by: x) { return sentence }
    guard x.rank == 1, let values = x.knownValues, let wanted = total.knownNumber else { return nil }
    let columns = values.count / max(1, x.count)
    let sums = (0..<columns).map { column in stride(from: column, to: values.count, by: columns).reduce(0) { $0 + values[$1] } }
    guard let wrong = sums.first(where: { $0 != wanted && !$0.isNaN }) else { return nil }
    return "the sum is \(wrong), and the support is \(self)"
  }
}

/// 1 where one of two indicators is 1.
private func either(_ a: Tensor, _ b: Tensor) -> Tensor { maximum(a, b) }

/// 1 where any element of an indicator is 1, shape [].
private func any(_ indicator: Tensor) -> Tensor { indicator.count == 0 ? 0 : indicator.max() }

private func outsideTriangle(_ x: Tensor) -> Tensor {
  let n = x.shape[0]
  let above = Tensor((0..<(n * n)).map { $0 % n > $0 / n ? 1 : 0 }, shape: [n, n])
  return either(any(abs(x * above) .> 0), any(diagonal(x) .<= 0))
}

extension Support: CustomStringConvertible {
  public var description: String {
    func show(_ bound: Tensor) -> String {
      guard let value = bound.knownNumber else { return bound.knownValues == nil ? "a bound that depends on the model" : "\(bound)" }
      return value == value.rounded() && Swift.abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
    }
    switch self {
    case .real: return "ℝ"
    case .positive: return "x > 0"
    case .nonnegative: return "x ≥ 0"
    case .unitInterval: return "0 < x < 1"
    case .lower(let bound): return "x ≥ \(show(bound))"
    case .upper(let bound): return "x ≤ \(show(bound))"
    case .interval(let lower, let upper): return "\(show(lower)) ≤ x ≤ \(show(upper))"
    case .ordered: return "ordered vectors"
    case .positiveOrdered: return "positive ordered vectors"
    case .simplex: return "simplex"
    case .sumToZero: return "vectors with sum 0"
    case .unitVector: return "vectors of length 1"
    case .choleskyCovariance: return "Cholesky factors of covariance matrices"
    case .choleskyCorrelation: return "Cholesky factors of correlation matrices"
    case .integers(let first, let last): return last.map { "whole numbers from \(first) to \(show($0))" } ?? "whole numbers from \(first)"
    case .counts(let total): return "counts with sum \(show(total))"
    case .independent(_, let base): return base.description
    }
  }
}
