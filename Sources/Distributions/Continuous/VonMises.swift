import Differentiation

/// The von Mises distribution of angles, p(x) = e^{κ cos(x − μ)} / (2π I₀(κ)) on (−π, π]: direction μ (any number, taken modulo 2π),
/// concentration κ ≥ 0. Uniform for κ = 0, nearly normal with sd 1/√κ for large κ.
///
/// Draws are differentiable in μ and, implicitly, in κ (Figurnov, Mohamed & Mnih 2018). Pathwise gradients are those of functions of the
/// angle, which are equal at −π and π; a function that jumps there has a boundary term that they do not see.
public struct VonMises: Distribution {
  public static let name = "VonMises"
  let direction: Tensor
  let concentration: Tensor

  public init(_ direction: some TensorConvertible, concentration: some TensorConvertible) {
    self.direction = direction.tensor.checked(.finite, "the direction", of: VonMises.name)
    self.concentration = concentration.tensor.checked(.nonnegative, "concentration", of: VonMises.name)
  }

  public var batchShape: [Int] { Distributions.batchShape(of: direction, concentration) }
  public var support: Support { .interval(Tensor(-Double.pi), Tensor(Double.pi)) }

  public func logDensity(inside x: Tensor) -> Tensor {
    // κ(cos d − 1) without the cancellation for small angles.
    -2 * concentration * square(sin(0.5 * (x - direction))) - (LogConstant.two + LogConstant.pi) - logBesselI0Scaled(concentration)
  }

  /// By rejection (Best & Fisher 1979), turned by μ and brought back to (−π, π].
  public func sample(using source: DrawSource) -> Tensor {
    let angle = direction + source.draw(.vonMises, shape: batchShape, parameters: [concentration])
    return angle - (2 * Double.pi) * round(angle / (2 * Double.pi))
  }
}

extension VonMises: ReparameterizedDistribution {}

extension VonMises: DistributionWithEntropy {
  /// log(2π I₀(κ)) − κ I₁(κ)/I₀(κ).
  public var entropy: Tensor {
    (LogConstant.two + LogConstant.pi + logBesselI0Scaled(concentration) - concentration * besselRatioMinusOne(concentration))
      .broadcast(to: batchShape)
  }
}
