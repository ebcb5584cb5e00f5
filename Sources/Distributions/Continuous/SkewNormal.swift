import Differentiation

/// The skew normal distribution, p(x) = 2/ω·φ(z)Φ(αz) with z = (x − ξ)/ω on ℝ: location ξ, scale ω > 0, shape α of any sign; α = 0 is ``Normal``
/// (Azzalini 1985, Scandinavian Journal of Statistics 12:171).
///
/// `skew_normal(xi, omega, alpha)` of Stan, `SkewNormal(mu, sigma, alpha)` of PyMC. Its distribution function, which needs Owen's T, is not
/// provided.
public struct SkewNormal: Distribution {
  public static let name = "SkewNormal"
  let location: Tensor
  let scale: Tensor
  let slant: Tensor

  /// Location and scale (neither mean nor standard deviation unless α = 0), and the shape: above 0 the right tail is the longer one.
  public init(_ location: some TensorConvertible, scale: some TensorConvertible, shape: some TensorConvertible) {
    self.location = location.tensor.checked(.finite, "the location", of: SkewNormal.name)
    self.scale = scale.tensor.checked(.positive, "scale", of: SkewNormal.name)
    self.slant = shape.tensor.checked(.finite, "shape", of: SkewNormal.name)
  }

  public var batchShape: [Int] { Distributions.batchShape(of: location, scale, slant) }
  public var support: Support { .real }

  public func logDensity(inside x: Tensor) -> Tensor {
    let z = (x - location) / scale
    return logNormalCDF(slant * z) - 0.5 * square(z) - (log(scale) + (LogConstant.halfTwoPi - LogConstant.two))
  }

  /// ξ + ω(δ|n| + √(1 − δ²)·n′) with two normal draws and δ = α/√(1 + α²).
  public func sample(using source: DrawSource) -> Tensor {
    let length = sqrt(1 + square(slant))
    let folded = slant * abs(source.draw(.normal, shape: batchShape))
    return location + scale * ((folded + source.draw(.normal, shape: batchShape)) / length)
  }
}

extension SkewNormal: ReparameterizedDistribution, DistributionWithMoments {
  /// ξ + ωδ√(2/π).
  public var mean: Tensor { location + scale * shift }
  /// ω²(1 − 2δ²/π).
  public var variance: Tensor { (square(scale) * (1 - square(shift))).broadcast(to: batchShape) }

  private var shift: Tensor { 0.79788456080286535588 * slant / sqrt(1 + square(slant)) }
}
