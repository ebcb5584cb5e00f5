import Differentiation

/// The uniform distribution on the vectors [n] of length 1: p(x) = Γ(n/2)/(2π^(n/2)) with respect to area. Directions, of two elements angles.
///
/// `unit_vector[n]` of Stan without a further statement; `SphericalUniform(n)` of TensorFlow Probability. Another density of x is this one and a
/// `factor`.
public struct SphericalUniform: Distribution {
  public static let name = "SphericalUniform"
  private let size: Int
  private let negativeLogArea: Tensor

  /// The number n of elements, at least 2.
  public init(size: Int) {
    self.size = max(2, size)
    let owner = SphericalUniform.name
    negativeLogArea =
      size >= 2 ? -UnitVectorMap.logArea(size) : .mistake("\(owner): the size must be at least 2, but is \(size)", shape: [])
  }

  public var batchShape: [Int] { [] }
  public var eventShape: [Int] { [size] }
  public var support: Support { .unitVector }

  public func logDensity(inside x: Tensor) -> Tensor {
    guard x.shape == [size] else {
      return .mistake("SphericalUniform: the value must have shape [\(size)], but has \(x.shapeDescription)", shape: [], from: [x])
    }
    return negativeLogArea.spread(over: x.sum(axis: 0))
  }

  public func logDensity(of x: Tensor) -> Tensor { select(isNaN(x.sum(axis: 0)), Double.nan, restricted(logDensity(inside: x), to: x)) }

  /// A vector of standard normal draws over its length.
  public func sample(using source: DrawSource) -> Tensor { UnitVectorMap().forward(source.draw(.normal, shape: [size])) }
}

extension SphericalUniform: ReparameterizedDistribution, DistributionWithMoments, DistributionWithEntropy {
  public var mean: Tensor { .zeros([size]) }
  /// 1/n.
  public var variance: Tensor { .full([size], 1 / Double(size)) }
  /// log of the sphere's area.
  public var entropy: Tensor { -negativeLogArea }
}
