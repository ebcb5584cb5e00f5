import Differentiation

/// The triangular distribution, whose density rises linearly from a to 2/(b − a) at the mode c and falls linearly to b: a ≤ c ≤ b. The bounds may
/// depend on other variables. −∞ at a bound that is not the mode.
///
/// `Triangular(lower, upper, c)` of PyMC, `Triangular(low, high, peak)` of TensorFlow Probability. (`Triangular` is a flow here.)
public struct TriangularDistribution: Distribution {
  public static let name = "TriangularDistribution"
  let lower: Tensor
  let upper: Tensor
  let mode: Tensor

  /// The bounds, the lower first, and the mode, which may be one of them.
  public init(_ lower: some TensorConvertible, _ upper: some TensorConvertible, mode: some TensorConvertible) {
    let owner = TriangularDistribution.name
    let (a, b, c) = (lower.tensor, upper.tensor, mode.tensor)
    self.lower = a.checked(.finite, "the lower bound", of: owner)
    self.upper = b.checked(.finite, "the upper bound", of: owner).checkedAbove(a, of: owner)
    let middle = c.checked(.finite, "the mode", of: owner)
    if let a = a.knownNumber, let b = b.knownNumber, let c = middle.knownNumber, !(a <= c && c <= b) {
      self.mode = .mistake("\(owner): the mode must lie between the bounds \(a) and \(b), but is \(c)", shape: [], from: [middle])
    } else {
      self.mode = middle
    }
  }

  public var batchShape: [Int] { Distributions.batchShape(of: lower, upper, mode) }
  public var support: Support { .interval(lower, upper) }

  public func logDensity(inside x: Tensor) -> Tensor {
    let (distance, base, _) = side(x)
    let density = log(distance / base) - log(upper - lower) + LogConstant.two
    if lower.knownNumber != nil, upper.knownNumber != nil, mode.knownNumber != nil { return density }
    return select(maximum(mode .< lower, mode .> upper), Double.nan, density)
  }

  public func sample(using source: DrawSource) -> Tensor { quantile(logCDF: log(source.draw(.uniform, shape: batchShape))) }

  /// The distance from the bound on the value's side of the mode, that of the mode from there, and 1 on the left side; a mode that is a bound has
  /// one side only.
  private func side(_ x: Tensor) -> (distance: Tensor, base: Tensor, isLeft: Tensor) {
    let isLeft = maximum(x .< mode, mode .>= upper)
    return (select(isLeft, x - lower, upper - x), select(isLeft, mode - lower, upper - mode), isLeft)
  }
}

extension TriangularDistribution: DistributionWithMoments, DistributionWithEntropy {
  /// (a + b + c)/3.
  public var mean: Tensor { (lower + upper + mode) / 3 }
  /// ((b − a)² + (c − a)(c − b))/18.
  public var variance: Tensor { (square(upper - lower) + (mode - lower) * (mode - upper)) / 18 }
  /// ½ + log((b − a)/2).
  public var entropy: Tensor { (0.5 - LogConstant.two + log(upper - lower)).broadcast(to: batchShape) }
}

extension TriangularDistribution: ReparameterizedDistribution, QuantileDistribution {
  public func logCDF(_ x: Tensor) -> Tensor {
    let (outer, isLeft) = outerMass(x)
    return select(isLeft, outer, log1mExp(outer))
  }
  public func logSurvival(_ x: Tensor) -> Tensor {
    let (outer, isLeft) = outerMass(x)
    return select(isLeft, log1mExp(outer), outer)
  }
  public func quantile(logCDF: Tensor) -> Tensor { quantile(logCDF, log1mExp(logCDF)) }
  public func quantile(logSurvival: Tensor) -> Tensor { quantile(log1mExp(logSurvival), logSurvival) }

  /// The logarithm of the mass between a value and the bound on its side of the mode.
  private func outerMass(_ x: Tensor) -> (mass: Tensor, isLeft: Tensor) {
    let (distance, base, isLeft) = side(x)
    return (2 * log(distance) - log(base) - log(upper - lower), isLeft)
  }

  private func quantile(_ logCDF: Tensor, _ logSurvival: Tensor) -> Tensor {
    let isLeft = exp(logCDF) * (upper - lower) .< mode - lower
    let base = select(isLeft, mode - lower, upper - mode)
    let distance = sqrt(exp(select(isLeft, logCDF, logSurvival)) * (base * (upper - lower)))
    return select(isLeft, lower + distance, upper - distance)
  }
}
