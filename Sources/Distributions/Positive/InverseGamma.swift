import Differentiation

/// The distribution of 1/g for g gamma: p(x) = bᵃ x^(−a−1) e^(−b/x) / Γ(a) on x > 0, shape a > 0, scale b > 0. −∞ at 0.
public struct InverseGamma: Distribution {
  public static let name = "InverseGamma"
  let concentration: Tensor
  let scale: Tensor

  public init(shape: some TensorConvertible, scale: some TensorConvertible) {
    self.concentration = shape.tensor.checked(.positive, "shape", of: InverseGamma.name)
    self.scale = scale.tensor.checked(.positive, "scale", of: InverseGamma.name)
  }

  public var batchShape: [Int] { Distributions.batchShape(of: concentration, scale) }
  public var support: Support { .positive }

  public func logDensity(inside x: Tensor) -> Tensor {
    let logX = log(x)
    return byMagnitude(concentration) { a in
      -((a + 1) * logX) - scale / x + (a * log(scale) - logGamma(a))
    } saddlePoint: { a in
      // a(a + 1)/b times the Poisson probability of a + 1 at b/x, whose mode is the density's own.
      (log(a / scale) + log(a + 1) - logLargeFactorialRest(a + 1)) - deviance(a + 1, logRatio: log(scale / (a + 1)) - logX)
    }
  }

  /// b over a Gamma(a, 1) draw; differentiable in both parameters.
  public func sample(using source: DrawSource) -> Tensor {
    exp(log(scale) - source.draw(.logGamma, shape: batchShape, parameters: [concentration]))
  }
}

extension InverseGamma: DistributionWithMoments, DistributionWithEntropy {
  /// b/(a − 1) for a > 1, otherwise ∞.
  public var mean: Tensor {
    let exists = concentration .> 1
    return select(exists, scale / select(exists, concentration - 1, 1), Double.infinity)
  }
  /// b²/((a − 1)²(a − 2)) for a > 2, otherwise ∞.
  public var variance: Tensor {
    let exists = concentration .> 2
    let a = select(exists, concentration, 3)
    return select(exists, square(scale / (a - 1)) / (a - 2), Double.infinity)
  }
  /// a + log b + log Γ(a) − (1 + a)ψ(a).
  public var entropy: Tensor {
    concentration + log(scale) + logGamma(concentration) - (1 + concentration) * digamma(concentration)
  }
}

extension InverseGamma: ReparameterizedDistribution, QuantileDistribution {
  public func logCDF(_ x: Tensor) -> Tensor { logIncompleteGammaQ(concentration, scale / x) }
  public func logSurvival(_ x: Tensor) -> Tensor { logIncompleteGammaP(concentration, scale / x) }
  public func quantile(logCDF: Tensor) -> Tensor { scale / gammaQuantile(concentration, logQ: logCDF) }
  public func quantile(logSurvival: Tensor) -> Tensor { scale / gammaQuantile(concentration, logP: logSurvival) }
}
