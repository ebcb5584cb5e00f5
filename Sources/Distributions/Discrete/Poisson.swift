import Differentiation

/// The Poisson distribution on 0, 1, 2 …: p(k) = λᵏ e^(−λ) / k!; by rate λ ≥ 0 or by log rate.
///
/// At λ = 0 all mass is on 0. By log rate l the density is k·l − eˡ − log k!, for every finite l.
public struct Poisson: Distribution {
  public static let name = "Poisson"
  private enum Parameter: Sendable {
    case rate(Tensor), logRate(Tensor)
  }
  private let parameter: Parameter

  /// The mean number of events.
  public init(rate: some TensorConvertible) {
    parameter = .rate(rate.tensor.checked(.nonnegative, "rate", of: Poisson.name))
  }

  /// The logarithm of the mean number of events.
  public init(logRate: some TensorConvertible) {
    parameter = .logRate(logRate.tensor.checked(.finite, "logRate", of: Poisson.name))
  }

  public var batchShape: [Int] {
    switch parameter {
    case .rate(let rate): rate.shape
    case .logRate(let l): l.shape
    }
  }
  public var support: Support { .integers(from: 0, through: nil) }

  public func logDensity(inside value: IntTensor) -> Tensor {
    let logRate: Tensor
    switch parameter {
    case .rate(let rate): logRate = log(rate)
    case .logRate(let l): logRate = l
    }
    return byMagnitude(value.tensor) { k in
      zeroSafeProduct(k, logRate) - rate - logGamma(k + 1)
    } saddlePoint: { k in
      -deviance(k, logRatio: logRate - log(k)) - logLargeFactorialRest(k)
    }
  }

  /// Not differentiable.
  public func sample(using source: DrawSource) -> IntTensor {
    IntTensor(drawn: source.draw(.poisson, shape: batchShape, parameters: [rate]))
  }

  /// The mean number of events.
  public var rate: Tensor {
    switch parameter {
    case .rate(let rate): rate
    case .logRate(let l): exp(l)
    }
  }
}

extension Poisson: DistributionWithMoments {
  public var mean: Tensor { rate }
  public var variance: Tensor { rate }
}
