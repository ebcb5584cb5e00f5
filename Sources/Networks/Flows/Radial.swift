import Differentiation
import Modeling

/// Radial flow: space expands or contracts around a centre.
///
/// y = x + β (x − c)/(α + r), r = ‖x − c‖, α > 0, β = softplus(b) − α > −α. log |det| = (n − 1) log(1 + β/(α + r)) + log(1 + αβ/(α + r)²).
/// The inverse solves a quadratic for r. Source: Rezende & Mohamed (2015), arXiv:1505.05770, section 4.1 and appendix A.
public struct Radial: InvertibleFlow {
  private let centre, radius, strength: Tensor
  private let dimension: Int

  /// The identity at first. Parameters are named `name.…`.
  public init(_ p: Recorder, _ name: String, dimension: Int, seed: UInt64) {
    self.dimension = dimension
    let start = StartingValues.normal([dimension], scale: 1, name: name, seed: seed)
    (centre, radius, strength) = p.scope(name) {
      (p.parameter("centre", start), p.parameter("radius", Tensor(1)), p.parameter("strength", Tensor(1)))
    }
  }

  private var alphaBeta: (Tensor, Tensor) {
    let alpha = softplus(radius)
    return (alpha, softplus(strength) - alpha)
  }

  /// log |det ∂y/∂x| at distance r of x.
  private func logDeterminant(_ r: Tensor, _ alpha: Tensor, _ beta: Tensor) -> Tensor {
    let h = 1 / (alpha + r)
    return Double(dimension - 1) * log1p(beta * h) + log1p(alpha * beta * square(h))
  }

  public func forward(_ x: Tensor) -> (y: Tensor, logDeterminant: Tensor) {
    let (alpha, beta) = alphaBeta
    let away = x - centre
    let r = sqrt(square(away).sum())
    return (x + (beta / (alpha + r)) * away, logDeterminant(r, alpha, beta))
  }

  public func inverse(_ y: Tensor) -> (x: Tensor, logDeterminant: Tensor) {
    let (alpha, beta) = alphaBeta
    let away = y - centre
    let s = sqrt(square(away).sum())
    // r + β r/(α + r) = s.
    let half = 0.5 * (alpha + beta - s)
    let r = sqrt(square(half) + s * alpha) - half
    return (centre + away / (1 + beta / (alpha + r)), -logDeterminant(r, alpha, beta))
  }
}
