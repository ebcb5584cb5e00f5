import Differentiation

/// A probability distribution: a density with the set it lives on, and random draws from it.
///
/// **Shapes.** One value has shape `batchShape + eventShape`. Elements along batch axes are independent, and a log density has shape
/// `batchShape`; along event axes they depend on each other. Scalar distributions take parameters of any shapes that stretch to one another
/// and have that common shape as their batch: `Normal(Tensor([0, 1, 2]), sd: 1)` is three independent normals. Vector and matrix
/// distributions have no batch axes of their own. `d.repeated(4)` is four independent copies of any distribution. The axes of open plates
/// are never seen: what is written for one element holds in every plate.
///
/// **Densities** are with respect to Lebesgue measure, counting measure for whole numbers, and all constants are kept: they integrate to one
/// unless the type says that it is improper. Natural logarithms throughout.
///
/// **Mistakes.** A parameter that is known to be illegal (a negative scale) is recorded as a mistake, with a sentence that is reported when
/// the graph is used; nothing traps. A parameter that becomes illegal while a model runs gives a log density of NaN.
public protocol Distribution: Sendable {
  /// ``Tensor`` for continuous, ``IntTensor`` for discrete distributions.
  associatedtype Value: DistributionValue
  /// The type's name in sentences, such as `Normal`.
  static var name: String { get }
  var batchShape: [Int] { get }
  var eventShape: [Int] { get }
  /// The set of values with a positive density.
  var support: Support { get }
  /// The formula of the log density, for a value that is known to lie in the support: every value does that came out of the support's
  /// bijection. Elsewhere the result is unspecified. Shape: ``batchShape``.
  func logDensity(inside value: Value) -> Tensor
  /// The log density; −∞ outside the support, NaN where the value or a parameter is NaN. Shape: ``batchShape``.
  func logDensity(of value: Value) -> Tensor
  /// A draw. Draws inside open plates differ from element to element.
  func sample(using source: DrawSource) -> Value
}

/// What a distribution draws: real or whole numbers.
public protocol DistributionValue: TensorConvertible {
  /// The value that the tensor holds; whole numbers are taken as they stand.
  init(drawn tensor: Tensor)
}

extension Tensor: DistributionValue {
  public init(drawn tensor: Tensor) { self = tensor }
}

extension IntTensor: DistributionValue {
  public init(drawn tensor: Tensor) { self.init(tensor) }
}

extension Distribution {
  public var eventShape: [Int] { [] }

  public func logDensity(of value: Value) -> Tensor { restricted(logDensity(inside: value), to: value) }

  /// −∞ where the value lies outside the support; `density` elsewhere.
  func restricted(_ density: Tensor, to value: Value) -> Tensor {
    guard let outside = support.exclusion(of: value.tensor) else { return density }
    return select(outside, -Double.infinity, density)
  }

  /// The same, and NaN where the value is: for densities whose formula does not depend on the value.
  func restrictedAndNaN(_ density: Tensor, to value: Value) -> Tensor {
    let bounded = restricted(density, to: value)
    if let known = value.tensor.node.possibleValues, !known.contains(where: \.isNaN) { return bounded }
    return select(isNaN(value.tensor), Double.nan, bounded)
  }

  /// batchShape + eventShape.
  public var shape: [Int] { batchShape + eventShape }
}

// MARK: - Capabilities

/// A distribution whose draws are differentiable functions of its parameters and of noise that does not depend on them, so that gradients
/// of expectations may flow through a draw. Only these can be sites of a guide without another estimator being named.
public protocol ReparameterizedDistribution: Distribution where Value == Tensor {}

/// A distribution on 0, 1, …, `supportSize` − 1, so that sums over all of its values are finite.
public protocol EnumerableDistribution: Distribution where Value == IntTensor {
  var supportSize: Int { get }
}

/// A distribution whose mean and variance are known in closed form.
public protocol DistributionWithMoments: Distribution {
  /// E x, of shape `shape`; NaN or ±∞ where it does not exist.
  var mean: Tensor { get }
  /// Var x, of shape `shape`: for vectors the variance of each element. NaN or ∞ where it does not exist.
  var variance: Tensor { get }
}

/// A distribution whose entropy is known in closed form.
public protocol DistributionWithEntropy: Distribution {
  /// −E log p(x) in nats, of shape ``Distribution/batchShape``.
  var entropy: Tensor { get }
}

/// A scalar distribution with a known distribution function F(x) = P(X ≤ x), in logarithms, so that tails keep their accuracy.
public protocol CumulativeDistribution: Distribution where Value == Tensor {
  /// log F(x), for x in the closure of the support (±∞ only where it is unbounded).
  func logCDF(_ x: Tensor) -> Tensor
  /// log(1 − F(x)).
  func logSurvival(_ x: Tensor) -> Tensor
  /// log(F(b) − F(a)) for a ≤ b; −∞ where they are equal. Without a formula of its own a difference of two logarithms: the error of
  /// ``logCDF(_:)`` or ``logSurvival(_:)`` over the share of the tail that lies in the interval.
  func logMass(from a: Tensor, to b: Tensor) -> Tensor
}

extension CumulativeDistribution {
  public func logMass(from a: Tensor, to b: Tensor) -> Tensor {
    let (larger, smaller, _) = tails(a, b)
    return larger + log1mExp(smaller - larger)
  }

  /// The logarithms of the tails beyond the near and the far bound, and 1 where they are the upper ones: those in which both bounds are on the
  /// near side, so that no numbers close to 1 are subtracted. The choice is made among the arguments of the difference, so that the other one
  /// never divides by zero in a derivative.
  func tails(_ a: Tensor, _ b: Tensor) -> (larger: Tensor, smaller: Tensor, isUpper: Tensor) {
    let isUpper = logCDF(a) .> -LogConstant.two
    return (select(isUpper, logSurvival(a), logCDF(b)), select(isUpper, logSurvival(b), logCDF(a)), isUpper)
  }

  /// log F(x) at a number.
  public func logCDF(_ x: some Promotable) -> Tensor { logCDF(x.tensor) }
  /// log(1 − F(x)) at a number.
  public func logSurvival(_ x: some Promotable) -> Tensor { logSurvival(x.tensor) }

  /// F(x).
  public func cdf(_ x: some TensorConvertible) -> Tensor { exp(logCDF(x.tensor)) }
}

/// A scalar distribution whose distribution function can be inverted, differentiably in its parameters.
public protocol QuantileDistribution: CumulativeDistribution {
  /// The x with log F(x) equal to the argument, which is negative.
  func quantile(logCDF: Tensor) -> Tensor
  /// The x with log(1 − F(x)) equal to the argument, which is negative.
  func quantile(logSurvival: Tensor) -> Tensor
}

extension QuantileDistribution {
  /// The x with F(x) = p, 0 < p < 1.
  public func quantile(_ p: some TensorConvertible) -> Tensor { quantile(logCDF: log(p.tensor)) }
}
