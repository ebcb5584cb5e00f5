import Differentiation
import Modeling

/// A residual block: y = x + W₂ f(W₁ LayerNorm(x) + b₁) + b₂, of the shape of x, [n] or [m, n].
///
/// With the normalization inside, as in He, Zhang, Ren & Sun (2016), arXiv:1603.05027. The outer layer begins at zero, so that the block begins as the identity.
public struct ResidualBlock: Sendable {
  public let norm: LayerNorm
  public let inner: Dense
  public let outer: Dense

  public init(norm: LayerNorm, inner: Dense, outer: Dense) {
    self.norm = norm
    self.inner = inner
    self.outer = outer
  }

  /// Parameters `name.norm.…`, `name.inner.…` and `name.outer.…`.
  public init(_ p: Recorder, _ name: String, features: Int, hidden: Int, activation: Activation = .softplus, seed: UInt64) {
    norm = LayerNorm(p, name + ".norm", features: features)
    inner = Dense(p, name + ".inner", inputs: features, outputs: hidden, activation: activation, seed: seed)
    outer = p.scope(name + ".outer") {
      Dense(weights: p.parameter("weights", Tensor.zeros([hidden, features])), bias: p.parameter("bias", Tensor.zeros([features])))
    }
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { x + outer(inner(norm(x))) }
}
