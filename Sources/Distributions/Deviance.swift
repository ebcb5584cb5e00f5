import Differentiation

// Densities of large counts and shapes. In their direct formulas terms of size k·log k cancel: at k = 10⁶ they are 10⁷, and of the sum, about
// 8, nine digits are left. The saddle-point form (Loader 2000, "Fast and accurate computation of binomial probabilities") has no such terms:
// k·log λ − λ − log k! is −deviance(k, λ) − logFactorialRest(k). What remains is an error of √k·log k ulps near the mode.

/// k·log(k/λ) + λ − k ≥ 0 for k > 0, by d = log(λ/k); ∞ where d is ±∞.
func deviance(_ k: Tensor, logRatio d: Tensor) -> Tensor {
  // Above 709 the exponential is all there is, and soon ∞, from which nothing may be taken.
  k * (expm1(d) - minimum(d, 709))
}

/// The same where k may be 0, which gives λ.
func deviance(_ k: Tensor, rate: Tensor, _ logRatio: (_ positive: Tensor) -> Tensor) -> Tensor {
  let isZero = k .== 0
  let positive = select(isZero, 1, k)
  return select(isZero, rate, deviance(positive, logRatio: logRatio(positive)))
}

/// log Γ(a + 1) − a·log a + a for a ≥ 0: 0 at 0.
func logFactorialRest(_ a: Tensor) -> Tensor {
  let isLarge = a .> 20
  let small = select(isLarge, 1, a)
  let direct = logGamma(small + 1) - small * log(select(small .== 0, 1, small)) + small
  return select(isLarge, logLargeFactorialRest(select(isLarge, a, 20)), direct)
}

/// The same for a ≥ 19: ½ log 2πa + 1/(12a) − 1/(360a³) + … (DLMF 5.11.1).
func logLargeFactorialRest(_ a: Tensor) -> Tensor {
  let r = reciprocal(a)
  let v = square(r)
  let series = r * (1 / 12.0 + v * (-1 / 360.0 + v * (1 / 1260.0 + v * (-1 / 1680.0 + v * (1 / 1188.0)))))
  return 0.5 * log(a) + series + LogConstant.halfTwoPi
}

extension Tensor {
  /// Whether all elements are known while recording and at most 100: then the direct formulas keep their twelve digits, and cost less where
  /// the shape or the count is constant.
  var isKnownAndModerate: Bool { knownValues?.allSatisfy { $0 <= 100 } ?? false }
}

/// `direct` below 20 and `saddlePoint` above, each of an argument that stays on its side.
func byMagnitude(_ k: Tensor, direct: (Tensor) -> Tensor, saddlePoint: (Tensor) -> Tensor) -> Tensor {
  if k.isKnownAndModerate { return direct(k) }
  let isLarge = k .> 20
  return select(isLarge, saddlePoint(select(isLarge, k, 20)), direct(select(isLarge, 1, k)))
}
