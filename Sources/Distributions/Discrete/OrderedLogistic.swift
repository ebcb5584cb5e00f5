import Differentiation

/// Ordered classes 0 … K − 1 by a logistic variable around a predictor η: P(k) = σ(cₖ − η) − σ(cₖ₋₁ − η) with σ the logistic function,
/// c₋₁ = −∞, c_{K−1} = ∞ and K − 1 increasing cut points c; the proportional-odds model.
///
/// `ordered_logistic(eta, c)` of Stan, where classes count from 1; `OrderedLogistic(predictor, cutpoints)` of NumPyro and
/// `OrderedLogistic(eta, cutpoints)` of PyMC. Cut points that are unknown have a prior such as `Normal(0, sd: 5).ordered(count: K - 1)`.
/// Log probabilities keep their digits for every η: log P(k) is a sum of log σ, and for the inner classes of log(1 − e^(cₖ₋₁ − cₖ)).
/// NaN for an inner class whose cut points, being computed, are out of order.
public struct OrderedLogistic: Distribution {
  public static let name = "OrderedLogistic"
  private let cutPoints: CutPoints

  /// η, of any shape, one for each value; and the cut points, a vector [K − 1].
  public init(_ predictor: some TensorConvertible, cutpoints: some TensorConvertible) {
    cutPoints = CutPoints(predictor.tensor, cutpoints.tensor, of: OrderedLogistic.name)
  }

  public var batchShape: [Int] { cutPoints.predictor.shape }
  public var support: Support { .integers(from: 0, through: Tensor(Double(supportSize - 1))) }

  public func logDensity(inside value: IntTensor) -> Tensor {
    cutPoints.logProbability(of: value) {
      logLogistic($0)
    } above: {
      logLogistic(-$0)
    } between: { a, b, gap in
      log1mExp(gap) - softplus(a) - softplus(-b)
    }
  }

  public func logDensity(of value: IntTensor) -> Tensor { restrictedAndNaN(logDensity(inside: value), to: value) }

  /// By the place of η plus a logistic draw among the cut points. Not differentiable.
  public func sample(using source: DrawSource) -> IntTensor { cutPoints.place(noise: source.draw(.logistic, shape: batchShape)) }
}

extension OrderedLogistic: EnumerableDistribution, ClassDistribution {
  public var supportSize: Int { cutPoints.classCount }
  public var logProbabilities: Tensor { cutPoints.logProbabilities { logDensity(inside: $0) } }
}

extension OrderedLogistic: DistributionWithMoments, DistributionWithEntropy {
  /// Of the class number.
  public var mean: Tensor { classMean }
  public var variance: Tensor { classVariance }
  public var entropy: Tensor { classEntropy }
}
