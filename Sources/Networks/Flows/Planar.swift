import Differentiation
import Foundation
import Modeling

/// Planar flow: space is stretched along one direction.
///
/// y = x + û tanh(wᵀx + b), log |det| = log(1 + (1 − tanh²) wᵀû), û = u + (softplus(wᵀu) − 1 − wᵀu) w/‖w‖² so that wᵀû > −1 and the map is one to
/// one. The inverse has no formula. Source: Rezende & Mohamed (2015), arXiv:1505.05770, section 4.1 and appendix A.
public struct Planar: Flow {
  private let direction, offset, displacement: Tensor

  /// The identity at first. Parameters are named `name.…`.
  public init(_ p: Recorder, _ name: String, dimension: Int, seed: UInt64) {
    let w = StartingValues.normal([dimension], scale: 1 / Double(max(dimension, 1)).squareRoot(), name: name, seed: seed)
    // û = 0 where softplus(wᵀu) = 1.
    let start = Foundation.log(Foundation.exp(1) - 1) * w / square(w).sum()
    (direction, offset, displacement) = p.scope(name) {
      (p.parameter("direction", w), p.parameter("offset", Tensor(0)), p.parameter("displacement", start))
    }
  }

  public func forward(_ x: Tensor) -> (y: Tensor, logDeterminant: Tensor) {
    let along = dot(direction, displacement)
    let allowed = softplus(along) - 1
    let moved = displacement + ((allowed - along) / square(direction).sum()) * direction
    let bend = tanh(dot(direction, x) + offset)
    return (x + moved * bend, log1p((1 - square(bend)) * allowed))
  }
}
