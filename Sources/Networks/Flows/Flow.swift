import Differentiation
import Modeling

/// A smooth bijection of ℝⁿ whose Jacobian determinant is cheap: the building block of a normalizing flow.
///
/// If x has density p, y = T(x) has density q(y) = p(x) / |det ∂T/∂x| (Rezende & Mohamed 2015, arXiv:1505.05770).
public protocol Flow: Sendable {
  /// x [n] ↦ (y [n], log |det ∂y/∂x| []).
  func forward(_ x: Tensor) -> (y: Tensor, logDeterminant: Tensor)
}

/// A flow whose inverse has a formula (or ends after n steps), so that the density of any given point is known.
public protocol InvertibleFlow: Flow {
  /// y [n] ↦ (x [n], log |det ∂x/∂y| []).
  func inverse(_ y: Tensor) -> (x: Tensor, logDeterminant: Tensor)
}

/// Flows one after the other, the first nearest to the noise.
public struct FlowChain: Flow {
  public let parts: [any Flow]

  public init(_ parts: [any Flow]) { self.parts = parts }

  public func forward(_ x: Tensor) -> (y: Tensor, logDeterminant: Tensor) {
    parts.reduce((x, Tensor(0))) { state, part in
      let next = part.forward(state.0)
      return (next.y, state.1 + next.logDeterminant)
    }
  }

  /// As ``InvertibleFlow/inverse(_:)``; nil where a part has none.
  public func inverse(_ y: Tensor) -> (x: Tensor, logDeterminant: Tensor)? {
    let known = parts.compactMap { $0 as? any InvertibleFlow }
    guard known.count == parts.count else { return nil }
    return known.reversed().reduce((y, Tensor(0))) { state, part in
      let next = part.inverse(state.0)
      return (next.x, state.1 + next.logDeterminant)
    }
  }
}

/// yᵢ = x_{n−1−i}: puts another coordinate first, between layers that treat coordinates in order.
public struct Reversal: InvertibleFlow {
  public init() {}

  public func forward(_ x: Tensor) -> (y: Tensor, logDeterminant: Tensor) { (reversed(x), 0) }
  public func inverse(_ y: Tensor) -> (x: Tensor, logDeterminant: Tensor) { (reversed(y), 0) }

  private func reversed(_ x: Tensor) -> Tensor {
    let n = x.shape.first ?? 0
    return n < 2 ? x : concatenate((0..<n).reversed().map { x[$0..<($0 + 1)] })
  }
}

/// yᵢ = mᵢ + e^{sᵢ} xᵢ with free m and s.
public struct Diagonal: InvertibleFlow {
  /// m [n].
  public let shift: Tensor
  /// s [n].
  public let logScale: Tensor

  public init(shift: Tensor, logScale: Tensor) {
    self.shift = shift
    self.logScale = logScale
  }

  /// Parameters `name.shift` and `name.log_scale`, at first zero: the identity.
  public init(_ p: Recorder, _ name: String, dimension: Int) {
    (shift, logScale) = p.scope(name) {
      (p.parameter("shift", Tensor.zeros([dimension])), p.parameter("log_scale", Tensor.zeros([dimension])))
    }
  }

  public func forward(_ x: Tensor) -> (y: Tensor, logDeterminant: Tensor) { (shift + exp(logScale) * x, logScale.sum()) }
  public func inverse(_ y: Tensor) -> (x: Tensor, logDeterminant: Tensor) { ((y - shift) * exp(-logScale), -logScale.sum()) }
}

/// y = m + L x with L lower triangular, its diagonal e^s.
public struct Triangular: InvertibleFlow {
  /// m [n].
  public let shift: Tensor
  /// s [n].
  public let logScale: Tensor
  /// [n, n]; what stands below the diagonal counts.
  public let factor: Tensor

  /// Parameters `name.shift`, `name.log_scale` and `name.factor`, at first zero: the identity.
  public init(_ p: Recorder, _ name: String, dimension n: Int) {
    (shift, logScale, factor) = p.scope(name) {
      (p.parameter("shift", Tensor.zeros([n])), p.parameter("log_scale", Tensor.zeros([n])), p.parameter("factor", Tensor.zeros([n, n])))
    }
  }

  private var lower: Tensor {
    let n = shift.count
    let below = Tensor((0..<(n * n)).map { $0 / max(n, 1) > $0 % max(n, 1) ? 1 : 0 }, shape: [n, n])
    return factor * below + diagonalMatrix(exp(logScale))
  }

  public func forward(_ x: Tensor) -> (y: Tensor, logDeterminant: Tensor) { (shift + matmul(lower, x), logScale.sum()) }
  public func inverse(_ y: Tensor) -> (x: Tensor, logDeterminant: Tensor) {
    (triangularSolve(lower, y - shift), -logScale.sum())
  }
}
