import Differentiation

/// Independent copies of a distribution along new leading axes: `Normal(0, sd: 10).repeated(4)` is a vector of four.
///
/// Every copy has the same parameters, but for those that vary along the distribution's own batch axes, which follow the new ones.
public struct Repeated<Base: Distribution>: Distribution {
  public static var name: String { Base.name }
  let base: Base
  let copies: [Int]

  init(_ base: Base, _ copies: [Int]) {
    self.base = base
    self.copies = copies.map { max(0, $0) }
  }

  public var batchShape: [Int] { copies + base.batchShape }
  public var eventShape: [Int] { base.eventShape }
  public var support: Support { .independent(copies, base.support) }

  public func logDensity(inside value: Base.Value) -> Tensor {
    // Elements of scalar distributions align by stretching; for vectors the copies become a hidden axis.
    if base.eventShape.isEmpty { return base.logDensity(inside: value) }
    let axis = CopyAxis(copies)
    return axis.left(base.logDensity(inside: Base.Value(drawn: axis.entered(value.tensor))))
  }

  public func sample(using source: DrawSource) -> Base.Value {
    let axis = CopyAxis(copies)
    return Base.Value(drawn: axis.left(source.within(axis.plate) { base.sample(using: source).tensor }))
  }
}

extension Repeated: ReparameterizedDistribution where Base: ReparameterizedDistribution {}

extension Repeated: DistributionWithMoments where Base: DistributionWithMoments {
  public var mean: Tensor { base.mean.broadcast(to: shape) }
  public var variance: Tensor { base.variance.broadcast(to: shape) }
}

extension Repeated: DistributionWithEntropy where Base: DistributionWithEntropy {
  public var entropy: Tensor { base.entropy.broadcast(to: batchShape) }
}

extension Distribution {
  /// Independent copies along new leading axes: `.repeated(4)` is a vector of 4, `.repeated(3, 4)` a matrix of 3 rows.
  public func repeated(_ counts: Int...) -> Repeated<Self> { Repeated(self, counts) }

  /// Draws of a shape that the distribution's own stretches to by further leading axes, each element of them a draw of its own.
  func sample(stretchedTo batch: [Int], using source: DrawSource) -> Value {
    let copies = Array(batch.prefix(max(0, batch.count - batchShape.count)))
    return copies.isEmpty ? sample(using: source) : Repeated(self, copies).sample(using: source)
  }
}
