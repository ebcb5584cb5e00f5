import Differentiation
import Modeling

/// Masked autoregressive flow: every element is scaled and shifted by functions of the earlier elements of the output.
///
/// yᵢ = e^{sᵢ(y_{<i})} xᵢ + mᵢ(y_{<i}), log |det| = Σ s: conditionals q(yᵢ | y_{<i}) are Gaussian. Drawing takes n passes of the network, the
/// density of a given point one. Source: Papamakarios, Pavlakou & Murray (2017), arXiv:1705.07057.
public struct MaskedAutoregressive: InvertibleFlow {
  private let network: MaskedNetwork

  /// The identity at first. Parameters are named `name.…`.
  public init(_ p: Recorder, _ name: String, dimension: Int, hidden: Int, seed: UInt64) {
    network = MaskedNetwork(p, name, dimension: dimension, hidden: hidden, seed: seed)
  }

  public func forward(_ x: Tensor) -> (y: Tensor, logDeterminant: Tensor) {
    let y = network.solved(x) { exp($1) * x + $0 }
    return (y, network(y).logScale.sum())
  }

  public func inverse(_ y: Tensor) -> (x: Tensor, logDeterminant: Tensor) {
    let (shift, logScale) = network(y)
    return ((y - shift) * exp(-logScale), -logScale.sum())
  }
}
