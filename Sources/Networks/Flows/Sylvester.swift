import Differentiation
import Modeling

/// Sylvester flow: M planar directions at once, orthogonal to each other.
///
/// y = x + Q R tanh(R̃ Qᵀ x + b) with Q [n, M] of orthonormal columns (the first M of a product of Householder reflections), R and R̃ upper
/// triangular [M, M]; log |det| = Σ log(1 + (1 − tanh²)ᵢ Rᵢᵢ R̃ᵢᵢ). Both diagonals are tanh of free numbers, so that the product is above −1 and
/// the map one to one. The inverse has no formula. Source: van den Berg, Hasenclever, Tomczak & Welling (2018), arXiv:1803.05649.
public struct Sylvester: Flow {
  private let dimension, columns: Int
  private let reflections, upper, innerUpper, diagonals, innerDiagonals, offset: Tensor

  /// The identity at first. Parameters are named `name.…`.
  /// - Parameter columns: M; at most n.
  public init(_ p: Recorder, _ name: String, dimension n: Int, columns: Int, seed: UInt64) {
    dimension = n
    let m = max(1, min(columns, n))
    self.columns = m
    let directions = StartingValues.normal([m, n], scale: 1, name: name, seed: seed)
    let inner = StartingValues.normal([m, m], scale: 0.1, name: name + ".inner", seed: seed)
    reflections = p.scope(name) { p.parameter("reflections", directions) }
    (upper, innerUpper) = p.scope(name) { (p.parameter("upper", Tensor.zeros([m, m])), p.parameter("inner_upper", inner)) }
    (diagonals, innerDiagonals, offset) = p.scope(name) {
      (
        p.parameter("diagonal", Tensor.zeros([m])), p.parameter("inner_diagonal", Tensor.full([m], 0.5)),
        p.parameter("offset", Tensor.zeros([m]))
      )
    }
  }

  /// The reflections applied to v, the last first; in the opposite order they undo it.
  private func rotated(_ v: Tensor, _ order: [Int]) -> Tensor {
    order.reduce(v) { x, k in
      let h = reflections[k]
      return x - (2 * dot(h, x) / square(h).sum()) * h
    }
  }

  private func triangle(_ free: Tensor, _ diagonal: Tensor) -> Tensor {
    let m = columns
    let above = Tensor((0..<(m * m)).map { $0 / m < $0 % m ? 1 : 0 }, shape: [m, m])
    return free * above + diagonalMatrix(diagonal)
  }

  public func forward(_ x: Tensor) -> (y: Tensor, logDeterminant: Tensor) {
    let (outer, inner) = (tanh(diagonals), tanh(innerDiagonals))
    let projected = rotated(x, Array(0..<columns))[0..<columns]
    let bend = tanh(matmul(triangle(innerUpper, inner), projected) + offset)
    let step = matmul(triangle(upper, outer), bend)
    let full = columns == dimension ? step : concatenate([step, .zeros([dimension - columns])])
    let y = x + rotated(full, (0..<columns).reversed())
    return (y, log1p((1 - square(bend)) * outer * inner).sum())
  }
}
