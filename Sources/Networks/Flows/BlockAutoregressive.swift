import Differentiation
import Foundation
import Modeling

/// Block neural autoregressive flow: a network whose weights let output i rise with input i and depend in any way on earlier ones.
///
/// f(x) = W₂ tanh(W₁ x + b₁) + b₂ with n blocks of `width` hidden units; blocks below the diagonal are free, those on it positive (e^·), those
/// above zero, so that ∂fᵢ/∂xᵢ > 0. y = γ f(x) + (1 − γ) x with a gate γ in (0, 1) keeps the map onto ℝⁿ; log |det| = Σ log(γ ∂fᵢ/∂xᵢ + 1 − γ).
/// The inverse has no formula. Source: De Cao, Titov & Aziz (2019), arXiv:1904.04676.
public struct BlockAutoregressive: Flow {
  private let dimension, width: Int
  private let inner, outer, innerDiagonal, outerDiagonal, innerBias, outerBias, gate: Tensor

  /// A mild S-shaped map at first. Parameters are named `name.…`.
  /// - Parameter width: hidden units an element.
  public init(_ p: Recorder, _ name: String, dimension n: Int, width: Int = 8, seed: UInt64) {
    let units = max(1, width)
    dimension = n
    self.width = units
    let count = n * units
    let innerMask = Tensor((0..<(n * count)).map { $0 / count < $0 % count / units ? 1 : 0 }, shape: [n, count])
    let outerMask = Tensor((0..<(count * n)).map { $0 / n / units < $0 % n ? 1 : 0 }, shape: [count, n])
    let shares = Tensor.full([n, units], -Foundation.log(Double(units)))
    let first = StartingValues.normal([n, count], scale: 0.3, name: name, seed: seed)
    let biases = StartingValues.normal([count], scale: 1, name: name + ".bias", seed: seed)
    (inner, outer) = p.scope(name) {
      (p.parameter("inner", first) * innerMask, p.parameter("outer", Tensor.zeros([count, n])) * outerMask)
    }
    (innerDiagonal, outerDiagonal) = p.scope(name) {
      (exp(p.parameter("inner_diagonal", Tensor.zeros([n, units]))), exp(p.parameter("outer_diagonal", shares)))
    }
    (innerBias, outerBias, gate) = p.scope(name) {
      (p.parameter("inner_bias", biases), p.parameter("outer_bias", Tensor.zeros([n])), logistic(p.parameter("gate", Tensor(-2.0))))
    }
  }

  public func forward(_ x: Tensor) -> (y: Tensor, logDeterminant: Tensor) {
    let own = x.expandingAxis(1) * innerDiagonal
    let others = (matmul(x, inner) + innerBias).reshaped(to: [dimension, width])
    let hidden = tanh(own + others)
    let value = (hidden * outerDiagonal).sum(axis: 1) + matmul(hidden.reshaped(to: [dimension * width]), outer) + outerBias
    let slope = ((1 - square(hidden)) * innerDiagonal * outerDiagonal).sum(axis: 1)
    return (gate * value + (1 - gate) * x, log(gate * slope + (1 - gate)).sum())
  }
}
