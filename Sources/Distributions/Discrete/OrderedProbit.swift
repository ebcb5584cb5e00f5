import Differentiation

/// Ordered classes 0 … K − 1 by a normal variable around a predictor η: P(k) = Φ(cₖ − η) − Φ(cₖ₋₁ − η) with c₋₁ = −∞, c_{K−1} = ∞ and K − 1
/// increasing cut points c.
///
/// `ordered_probit(eta, c)` of Stan, where classes count from 1, and `OrderedProbit` of PyMC with sigma 1. Cut points that are unknown have a
/// prior such as `Normal(0, sd: 5).ordered(count: K - 1)`. An inner class is a difference of two tails on the side that both cut points lie
/// on: in the tails it keeps its digits; where cut points are close together, the share of the tail between them bounds the error. NaN for an
/// inner class whose cut points, being computed, are out of order.
public struct OrderedProbit: Distribution {
  public static let name = "OrderedProbit"
  private let cutPoints: CutPoints

  /// η, of any shape, one for each value; and the cut points, a vector [K − 1].
  public init(_ predictor: some TensorConvertible, cutpoints: some TensorConvertible) {
    cutPoints = CutPoints(predictor.tensor, cutpoints.tensor, of: OrderedProbit.name)
  }

  public var batchShape: [Int] { cutPoints.predictor.shape }
  public var support: Support { .integers(from: 0, through: Tensor(Double(supportSize - 1))) }

  public func logDensity(inside value: IntTensor) -> Tensor {
    cutPoints.logProbability(of: value) {
      logNormalCDF($0)
    } above: {
      logNormalCDF(-$0)
    } between: { a, b, _ in
      Normal(0, sd: 1).logMass(from: a, to: b)
    }
  }

  public func logDensity(of value: IntTensor) -> Tensor { restrictedAndNaN(logDensity(inside: value), to: value) }

  /// By the place of η plus a normal draw among the cut points. Not differentiable.
  public func sample(using source: DrawSource) -> IntTensor { cutPoints.place(noise: source.draw(.normal, shape: batchShape)) }
}

extension OrderedProbit: EnumerableDistribution, ClassDistribution {
  public var supportSize: Int { cutPoints.classCount }
  public var logProbabilities: Tensor { cutPoints.logProbabilities { logDensity(inside: $0) } }
}

extension OrderedProbit: DistributionWithMoments, DistributionWithEntropy {
  /// Of the class number.
  public var mean: Tensor { classMean }
  public var variance: Tensor { classVariance }
  public var entropy: Tensor { classEntropy }
}
