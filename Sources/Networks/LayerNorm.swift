import Differentiation
import Modeling

/// Layer normalization: y = g ∘ (x − mean)/√(variance + 10⁻⁵) + b over the last axis. x [n] or [m, n] ↦ the same shape.
///
/// Source: Ba, Kiros & Hinton (2016), arXiv:1607.06450.
public struct LayerNorm: Sendable {
  /// g [n].
  public let gain: Tensor
  /// b [n].
  public let bias: Tensor

  public init(gain: Tensor, bias: Tensor) {
    self.gain = gain
    self.bias = bias
  }

  /// Parameters `name.gain`, at first 1, and `name.bias`, at first 0.
  public init(_ p: Recorder, _ name: String, features: Int) {
    (gain, bias) = p.scope(name) { (p.parameter("gain", Tensor.ones([features])), p.parameter("bias", Tensor.zeros([features]))) }
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let last = x.rank - 1
    func kept(_ v: Tensor) -> Tensor { v.expandingAxis(last) }
    let centred = x - kept(x.mean(axis: -1))
    return gain * centred / sqrt(kept(square(centred).mean(axis: -1)) + 1e-5) + bias
  }
}
