import Differentiation
import Modeling

/// Which half of the coordinates a coupling layer changes; the other half decides how.
public enum CouplingHalf: Sendable, Equatable {
  case first, second

  /// The coordinates that are changed, of n; in one dimension always the only one.
  func changed(_ n: Int) -> Range<Int> { self == .first ? 0..<((n + 1) / 2) : (n / 2)..<n }
  /// The coordinates that decide.
  func deciding(_ n: Int) -> Range<Int> { self == .first ? ((n + 1) / 2)..<n : 0..<(n / 2) }

  /// The vector with its changed part replaced.
  func joined(_ changed: Tensor, deciding x: Tensor, _ n: Int) -> Tensor {
    let rest = deciding(n)
    if rest.isEmpty { return changed }
    let kept = x.slice(rest, axis: 0)
    return self == .first ? concatenate([changed, kept]) : concatenate([kept, changed])
  }
}

/// The network of a coupling layer: x [inputs] ↦ [outputs], one hidden layer of tanh, at first zero everywhere.
struct CouplingNetwork: Sendable {
  private let hidden: Dense?
  private let weights: Tensor?
  private let bias: Tensor

  init(_ p: Recorder, _ name: String, inputs: Int, hidden units: Int, outputs: Int, seed: UInt64) {
    hidden = inputs > 0 ? Dense(p, name + ".hidden", inputs: inputs, outputs: units, activation: .tanh, seed: seed) : nil
    (weights, bias) = p.scope(name) {
      (inputs > 0 ? p.parameter("weights", Tensor.zeros([units, outputs])) : nil, p.parameter("bias", Tensor.zeros([outputs])))
    }
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    guard let hidden, let weights else { return bias }
    return matmul(hidden(x), weights) + bias
  }
}

/// A logarithm of a scale held within ±3: s ↦ 3 tanh(s/3), the identity near zero, so that no single step of an optimizer can overflow.
func bounded(_ s: Tensor) -> Tensor { 3 * tanh(s / 3) }
