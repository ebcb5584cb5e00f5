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
    (concentration - 1) * log(x) - rate * x + (concentration * log(rate) - logGamma(concentration))
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

extension Gamma: ReparameterizedDistribution, CumulativeDistribution {
  /// −∞ also where the probability is below the smallest double.
  public func logCDF(_ x: Tensor) -> Tensor { log(incompleteGammaP(concentration, rate * x)) }
  public func logSurvival(_ x: Tensor) -> Tensor { log(incompleteGammaQ(concentration, rate * x)) }
}
