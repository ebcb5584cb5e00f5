import Differentiation

/// The gamma distribution, p(x) = rᵃ x^(a−1) e^(−rx) / Γ(a) on x > 0, shape a > 0, rate r > 0 (the mean is a/r). −∞ at 0.
public struct Gamma: Distribution {
  public static let name = "Gamma"
  let concentration: Tensor
  let rate: Tensor

  public init(shape: some TensorConvertible, rate: some TensorConvertible) {
    self.concentration = shape.tensor.checked(.positive, "shape", of: Gamma.name)
    self.rate = rate.tensor.checked(.positive, "rate", of: Gamma.name)
  }

  public var batchShape: [Int] { Distributions.batchShape(of: concentration, rate) }
  public var support: Support { .positive }

  public func logDensity(inside x: Tensor) -> Tensor {
    let logX = log(x)
    return byMagnitude(concentration) { a in
      (a - 1) * logX - rate * x + (a * log(rate) - logGamma(a))
    } saddlePoint: { a in
      // r times the Poisson probability of a − 1 at rx, whose mode is the density's own.
      (log(rate) - logLargeFactorialRest(a - 1)) - deviance(a - 1, logRatio: logX + log(rate / (a - 1)))
    }
  }

  /// A Gamma(a, 1) draw over the rate; differentiable in both parameters, in the shape implicitly (Figurnov, Mohamed, Mnih 2018).
  public func sample(using source: DrawSource) -> Tensor {
    source.draw(.gamma, shape: batchShape, parameters: [concentration]) / rate
  }
}

extension Gamma: DistributionWithMoments, DistributionWithEntropy {
  public var mean: Tensor { concentration / rate }
  public var variance: Tensor { concentration / square(rate) }
  /// a − log r + log Γ(a) + (1 − a)ψ(a).
  public var entropy: Tensor {
    concentration - log(rate) + logGamma(concentration) + (1 - concentration) * digamma(concentration)
  }
}

extension Gamma: ReparameterizedDistribution, QuantileDistribution {
  public func logCDF(_ x: Tensor) -> Tensor { logIncompleteGammaP(concentration, rate * x) }
  public func logSurvival(_ x: Tensor) -> Tensor { logIncompleteGammaQ(concentration, rate * x) }
  public func quantile(logCDF: Tensor) -> Tensor { gammaQuantile(concentration, logP: logCDF) / rate }
  public func quantile(logSurvival: Tensor) -> Tensor { gammaQuantile(concentration, logQ: logSurvival) / rate }
}
