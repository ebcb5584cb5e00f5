import Differentiation

/// The normal distribution of n numbers with standard deviation σ given that their sum is 0, a vector [n]:
/// p(x) = (2πσ²)^(−(n−1)/2) exp(−½|x|²/σ²) where Σx = 0, with respect to Lebesgue measure on that plane. Effects of the levels of a factor beside an
/// intercept, which they then leave to itself.
///
/// `ZeroSumNormal(sigma, shape=n)` of PyMC, `ZeroSumNormal(scale, event_shape=(n,))` of NumPyro; in Stan `sum_to_zero_vector[n] x` with
/// `x ~ normal(0, sigma)`, whose density has a factor 1/(σ√(2π)) more. An element has the variance σ²(1 − 1/n), two of them the covariance
/// −σ²/n.
public struct ZeroSumNormal: Distribution {
  public static let name = "ZeroSumNormal"
  private let size: Int
  private let sizeMistake: Tensor?
  let sd: Tensor

  /// The number n of elements, at least 1 (and then 0), and the standard deviation before the sum is taken off.
  public init(size: Int, sd: some TensorConvertible) {
    let owner = ZeroSumNormal.name
    let each = sd.tensor.checked(rank: 0, "sd", of: owner).checked(.positive, "sd", of: owner)
    self.size = max(1, size)
    sizeMistake = size >= 1 ? nil : .mistake("\(owner): the size must be at least 1, but is \(size)", shape: [], from: [each])
    self.sd = each
  }

  public var batchShape: [Int] { [] }
  public var eventShape: [Int] { [size] }
  public var support: Support { .sumToZero }

  public func logDensity(inside x: Tensor) -> Tensor {
    if let sizeMistake { return sizeMistake }
    guard x.shape == [size] else {
      return .mistake("ZeroSumNormal: the value must have shape [\(size)], but has \(x.shapeDescription)", shape: [], from: [x])
    }
    return -0.5 * square(x * reciprocal(sd)).sum(axis: 0) - Double(size - 1) * (log(sd) + LogConstant.halfTwoPi)
  }

  public func sample(using source: DrawSource) -> Tensor { sd * Helmert.forward(source.draw(.normal, shape: [size - 1])) }
}

extension ZeroSumNormal: ReparameterizedDistribution, DistributionWithMoments, DistributionWithEntropy {
  public var mean: Tensor { .zeros([size]) }
  /// σ²(1 − 1/n).
  public var variance: Tensor { (square(sd) * (1 - 1 / Double(size))).broadcast(to: [size]) }
  /// (n − 1)(log σ + ½ + ½ log 2π).
  public var entropy: Tensor { Double(size - 1) * (log(sd) + (0.5 + LogConstant.halfTwoPi)) }
}
