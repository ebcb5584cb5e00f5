import Differentiation

extension CumulativeDistribution {
  /// A draw that was made without derivatives, with those that it has at a fixed level of the distribution function: dx/dθ = −(∂F/∂θ)/p(x),
  /// taken in the tail that x lies in (Figurnov, Mohamed & Mnih 2018, arXiv:1805.08498). First derivatives only.
  func followingParameters(_ draw: Tensor) -> Tensor {
    let x = stopGradient(draw)
    let (below, above) = (logCDF(x), logSurvival(x))
    // F below the middle and −(1 − F) above it, over the density: value 0, derivative (∂F/∂θ)/p.
    let level = select(below .< above, exp(below), -exp(above))
    return x - (level - stopGradient(level)) / stopGradient(exp(logDensity(inside: x)))
  }
}
