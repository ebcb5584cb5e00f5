import Differentiation

/// The absolute value of a Student t variable with location 0: p(x) = 2Γ((ν+1)/2) / (Γ(ν/2)·s·√(νπ)) · (1 + (x/s)²/ν)^(−(ν+1)/2) on x ≥ 0, degrees
/// of freedom ν > 0, scale s > 0.
///
/// `student_t(nu, 0, sigma)` with a lower bound of 0 in Stan, up to the constant 2; `HalfStudentT(nu, sigma)` of PyMC.
public struct HalfStudentT: Distribution {
  public static let name = "HalfStudentT"
  let df: Tensor
  let scale: Tensor

  /// Degrees of freedom, and the scale of the variable before its sign is dropped.
  public init(df: some TensorConvertible, scale: some TensorConvertible) {
    self.df = df.tensor.checked(.positive, "df", of: HalfStudentT.name)
    self.scale = scale.tensor.checked(.positive, "scale", of: HalfStudentT.name)
  }

  public var batchShape: [Int] { Distributions.batchShape(of: df, scale) }
  public var support: Support { .nonnegative }

  public func logDensity(inside x: Tensor) -> Tensor { whole.logDensity(inside: x) + LogConstant.two }

  public func sample(using source: DrawSource) -> Tensor { abs(whole.sample(using: source)) }

  private var whole: StudentT { StudentT(df: df, 0, scale: scale) }
}

extension HalfStudentT: DistributionWithMoments, DistributionWithEntropy {
  /// 2s√ν·Γ((ν+1)/2) / (√π·Γ(ν/2)·(ν − 1)) for ν > 1, otherwise ∞.
  public var mean: Tensor {
    let exists = df .> 1
    let v = select(exists, df, 2)
    let ratio = exp(logGammaHalfStep(0.5 * v) + 0.5 * (log(v) - LogConstant.pi) + LogConstant.two)
    return select(exists, scale * ratio / (v - 1), Double.infinity).broadcast(to: batchShape)
  }
  /// s²ν/(ν − 2) less the mean squared for ν > 2, otherwise ∞.
  public var variance: Tensor {
    let exists = df .> 2
    let v = select(exists, df, 3)
    return select(exists, square(scale) * v / (v - 2) - square(mean), Double.infinity).broadcast(to: batchShape)
  }
  /// That of Student's t less log 2.
  public var entropy: Tensor { whole.entropy - LogConstant.two }
}

extension HalfStudentT: ReparameterizedDistribution, QuantileDistribution {
  public func logCDF(_ x: Tensor) -> Tensor { log(StudentT.inside(df, x / scale).mass) }
  public func logSurvival(_ x: Tensor) -> Tensor { StudentT.inside(df, x / scale).logOutside }
  /// Below the median by I_v(½, ν/2) with v = z²/(ν + z²), above it by the other tail.
  public func quantile(logCDF: Tensor) -> Tensor {
    let isBelow = logCDF .< -LogConstant.two
    let v = betaQuantile(0.5, 0.5 * df, logCDF: select(isBelow, logCDF, -1))
    let above = quantile(logSurvival: log1mExp(select(isBelow, -LogConstant.two, logCDF)))
    return select(isBelow, scale * sqrt(df * v / (1 - v)), above)
  }
  public func quantile(logSurvival: Tensor) -> Tensor { whole.quantile(logSurvival: logSurvival - LogConstant.two) }
}
