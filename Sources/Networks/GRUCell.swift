import Differentiation
import Modeling

/// A gated recurrent unit: one step of (x, h) ↦ h′.
///
/// z = σ(W_z x + U_z h + b_z), r = σ(W_r x + U_r h + b_r), c = tanh(W_c x + U_c (r ∘ h) + b_c), h′ = (1 − z) ∘ c + z ∘ h. x [inputs] or [m, inputs], h
/// [units] or [m, units]. Source: Cho et al. (2014), arXiv:1406.1078.
public struct GRUCell: Sendable {
  /// From (x, h) to the update gate z, the reset gate r and, from (x, r ∘ h), the candidate c.
  public let update, reset, candidate: Dense

  /// The units of the state.
  public var units: Int { candidate.bias.count }

  /// Layers from (x, h) side by side [inputs + units] to [units].
  public init(update: Dense, reset: Dense, candidate: Dense) {
    self.update = update
    self.reset = reset
    self.candidate = candidate
  }

  /// Parameters `name.update.…`, `name.reset.…` and `name.candidate.…`, each acting on x and h side by side.
  public init(_ p: Recorder, _ name: String, inputs: Int, units: Int, seed: UInt64) {
    func layer(_ part: String, _ activation: Activation) -> Dense {
      Dense(p, name + "." + part, inputs: inputs + units, outputs: units, activation: activation, seed: seed)
    }
    (update, reset, candidate) = (layer("update", .logistic), layer("reset", .logistic), layer("candidate", .tanh))
  }

  public func callAsFunction(_ x: Tensor, _ h: Tensor) -> Tensor {
    let axis = x.rank - 1
    let both = concatenate([x, h], axis: axis)
    let (z, r) = (update(both), reset(both))
    let c = candidate(concatenate([x, r * h], axis: axis))
    return (1 - z) * c + z * h
  }
}
