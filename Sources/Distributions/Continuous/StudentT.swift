import Differentiation

/// Student's t, p(x) = Γ((ν+1)/2) / (Γ(ν/2)·s·√(νπ)) · (1 + z²/ν)^(−(ν+1)/2) with z = (x − m)/s, on ℝ: degrees of freedom ν > 0,
/// location m, scale s > 0.
public struct StudentT: Distribution {
  public static let name = "StudentT"
  let df: Tensor
  let location: Tensor
  let scale: Tensor

  /// Degrees of freedom, the median, and the scale (not the standard deviation, which is scale·√(ν/(ν − 2)) for ν > 2).
  public init(df: some TensorConvertible, _ location: some TensorConvertible, scale: some TensorConvertible) {
    self.df = df.tensor.checked(.positive, "df", of: StudentT.name)
    self.location = location.tensor.checked(.finite, "the location", of: StudentT.name)
    self.scale = scale.tensor.checked(.positive, "scale", of: StudentT.name)
  }

  public var batchShape: [Int] { Distributions.batchShape(of: df, location, scale) }
  public var support: Support { .real }

  public func logDensity(inside x: Tensor) -> Tensor {
    let half = 0.5 * (df + 1)
    let normalizer = logGammaHalfStep(0.5 * df) - (0.5 * (log(df) + LogConstant.pi) + log(scale))
    return normalizer - half * log1p(square(standardized(x)) * reciprocal(df))
  }

  /// m + s·t with t = n·√(ν/2 / g), n normal and g ~ Gamma(ν/2, 1). The derivative of t in ν is that at a fixed level of its distribution
  /// function, −(∂F/∂ν)/f (Figurnov, Mohamed & Mnih 2018, arXiv:1805.08498); first derivatives only.
  public func sample(using source: DrawSource) -> Tensor {
    let n = source.draw(.normal, shape: batchShape)
    let logG = source.draw(.logGamma, shape: batchShape, parameters: [0.5 * df])
    return location + scale * studentTDraw(degreesOfFreedom: df, n * exp(0.5 * (log(0.5 * df) - logG)))
  }

  private func standardized(_ x: Tensor) -> Tensor { (x - location) * reciprocal(scale) }
}

extension StudentT: DistributionWithMoments {
  /// The location for ν > 1, otherwise NaN.
  public var mean: Tensor { select(df .> 1, location, Double.nan).broadcast(to: batchShape) }
  /// s²·ν/(ν − 2) for ν > 2, ∞ for 1 < ν ≤ 2, otherwise NaN.
  public var variance: Tensor {
    let finite = df .> 2
    let known = square(scale) * df / select(finite, df - 2, 1)
    return select(finite, known, select(df .> 1, Double.infinity, Double.nan)).broadcast(to: batchShape)
  }
}

extension StudentT: DistributionWithEntropy {
  /// (ν+1)/2·(ψ((ν+1)/2) − ψ(ν/2)) + ½ log ν + log B(ν/2, ½) + log s.
  public var entropy: Tensor {
    let half = 0.5 * (df + 1)
    let spread = half * (digamma(half) - digamma(0.5 * df))
    return (spread + 0.5 * (log(df) + LogConstant.pi) - logGammaHalfStep(0.5 * df) + log(scale)).broadcast(to: batchShape)
  }
}

extension StudentT: ReparameterizedDistribution, QuantileDistribution {
  public func logCDF(_ x: Tensor) -> Tensor { logTail(-standardized(x)) }
  public func logSurvival(_ x: Tensor) -> Tensor { logTail(standardized(x)) }
  public func quantile(logCDF: Tensor) -> Tensor { location - scale * upper(logCDF) }
  public func quantile(logSurvival: Tensor) -> Tensor { location + scale * upper(logSurvival) }

  /// The z with log P(T > z) = l. With p the smaller of the two tails, w = ν/(ν + z²) has I_w(ν/2, ½) = 2p, and 1 − w has
  /// I_{1−w}(½, ν/2) = 1 − 2p: the former for p < ¼, the latter nearer to the middle.
  private func upper(_ l: Tensor) -> Tensor {
    let isAbove = l .<= -LogConstant.two
    let logTwice = LogConstant.two + select(isAbove, l, log1mExp(select(isAbove, -LogConstant.two, l)))
    let isOuter = logTwice .< -LogConstant.two
    let w = betaQuantile(0.5 * df, 0.5, logCDF: select(isOuter, logTwice, -1))
    let v = betaQuantile(0.5, 0.5 * df, logCDF: log1mExp(minimum(select(isOuter, -0.5, logTwice), -1e-300)))
    let size = select(isOuter, sqrt(df * (1 - w) / w), sqrt(df * v / (1 - v)))
    return select(isAbove, size, -size)
  }

  /// log P(T > z).
  private func logTail(_ z: Tensor) -> Tensor {
    let (mass, logOutside) = StudentT.inside(df, z)
    return select(z .> 0, logOutside, log1p(mass)) - LogConstant.two
  }

  /// P(|T| ≤ |z|) and log P(|T| > |z|). With w = ν/(ν + z²): the latter is I_w(ν/2, ½) beyond |z| = √ν, the former I_{1−w}(½, ν/2) within, each
  /// the accurate one there.
  static func inside(_ df: Tensor, _ raw: Tensor) -> (mass: Tensor, logOutside: Tensor) {
    // At 0 the incomplete beta function's own derivative is infinite; a shift by nothing that counts keeps the product finite.
    let z = raw + 1e-140 * (abs(raw) .< 1e-140)
    let squared = square(z)
    let total = df + squared
    let isOuter = df .< squared
    let logOuter = logIncompleteBeta(0.5 * df, 0.5, select(isOuter, df / total, 0.5))
    let inner = incompleteBeta(0.5, 0.5 * df, select(isOuter, 0.5, squared / total))
    return (select(isOuter, -expm1(logOuter), inner), select(isOuter, logOuter, log1p(-inner)))
  }
}

/// log Γ(a + ½) − log Γ(a), without the cancellation of the difference for large a.
///
/// Above 20 by the series of the ratio's logarithm in 1/a (DLMF 5.11.13 with a = ½; Tricomi and Erdélyi 1951).
func logGammaHalfStep(_ a: Tensor) -> Tensor {
  if let a = a.knownNumber, a <= 20 { return logGamma(Tensor(a + 0.5)) - logGamma(Tensor(a)) }
  let isLarge = a .> 20
  let x = select(isLarge, a, 20)
  let r = reciprocal(x)
  let v = square(r)
  let series = r * (-1 / 8.0 + v * (1 / 192.0 + v * (-1 / 640.0 + v * (17 / 14336.0 + v * (-31 / 18432.0 + v * (691 / 180224.0))))))
  let direct = select(isLarge, 1, a)
  return select(isLarge, 0.5 * log(x) + series, logGamma(direct + 0.5) - logGamma(direct))
}
