import Differentiation

// What families made of a normal variable and a positive one have in common.

/// log(Φ(−t)·exp(t²/2)) for t ≥ 0, without the difference of two large logarithms: above 20 by the asymptotic series (DLMF 7.12.1).
func logScaledNormalTail(_ t: Tensor) -> Tensor {
  let isFar = t .> 20
  let near = select(isFar, 1, t)
  let far = select(isFar, t, 20)
  let v = 1 / square(far)
  let series = v * (-1 + v * (3 + v * (-15 + v * (105 + v * (-945 + v * (10395 + v * -135135))))))
  return select(isFar, log1p(series) - log(far) - LogConstant.halfTwoPi, logNormalCDF(-near) + 0.5 * square(near))
}

/// log(eᵃ − eᵇ) for a > b; where rounding has made them equal, −∞ or nearly so, never NaN.
func logDifference(_ a: Tensor, _ b: Tensor) -> Tensor { a + log1mExp(minimum(b - a, -1e-300)) }

/// log F and log(1 − F) from formulas each of which is accurate up to ½: above it each is the complement of the other.
func complementary(_ logCDF: Tensor, _ logSurvival: Tensor) -> (below: Tensor, above: Tensor) {
  let isLower = logCDF .<= logSurvival
  let below = select(isLower, logCDF, log1mExp(select(isLower, -1, logSurvival)))
  return (below, select(isLower, log1mExp(select(isLower, logCDF, -1)), logSurvival))
}
