import Differentiation
import Modeling

/// Inverse autoregressive flow: every element is scaled and shifted by functions of the earlier elements of the input.
///
/// yᵢ = e^{sᵢ(x_{<i})} xᵢ + mᵢ(x_{<i}), log |det| = Σ s. One pass draws; the inverse takes n passes.
/// Source: Kingma, Salimans, Jozefowicz, Chen, Sutskever & Welling (2016), arXiv:1606.04934.
public struct InverseAutoregressive: InvertibleFlow {
  private let network: MaskedNetwork

  /// The identity at first. Parameters are named `name.…`.
  public init(_ p: Recorder, _ name: String, dimension: Int, hidden: Int, seed: UInt64) {
    network = MaskedNetwork(p, name, dimension: dimension, hidden: hidden, seed: seed)
  }

  public func forward(_ x: Tensor) -> (y: Tensor, logDeterminant: Tensor) {
    let (shift, logScale) = network(x)
    return (exp(logScale) * x + shift, logScale.sum())
  }

  public func inverse(_ y: Tensor) -> (x: Tensor, logDeterminant: Tensor) {
    let x = network.solved(y) { (y - $0) * exp(-$1) }
    return (x, -network(x).logScale.sum())
  }
}
