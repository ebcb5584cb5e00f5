import Differentiation
import Modeling

/// The affine coupling layer of Real NVP: one half of the coordinates is scaled and shifted by functions of the other half.
///
/// y_a = x_a, y_b = e^{s(x_a)} ∘ x_b + t(x_a), log |det| = Σ s(x_a); s = 3 tanh(·/3). The inverse costs as much as the map.
/// Source: Dinh, Sohl-Dickstein & Bengio (2017), arXiv:1605.08803.
public struct AffineCoupling: InvertibleFlow {
  private let half: CouplingHalf
  private let dimension: Int
  private let network: CouplingNetwork

  /// The identity at first. Parameters are named `name.…`.
  public init(_ p: Recorder, _ name: String, dimension: Int, changing half: CouplingHalf, hidden: Int, seed: UInt64) {
    self.half = half
    self.dimension = dimension
    network = CouplingNetwork(
      p, name, inputs: half.deciding(dimension).count, hidden: hidden, outputs: 2 * half.changed(dimension).count, seed: seed)
  }

  /// (s, t) from the deciding half, which is the same in x and y.
  private func scaleAndShift(_ v: Tensor) -> (Tensor, Tensor) {
    let count = half.changed(dimension).count
    let outputs = network(v.slice(half.deciding(dimension), axis: 0))
    return (bounded(outputs[0..<count]), outputs[count..<(2 * count)])
  }

  public func forward(_ x: Tensor) -> (y: Tensor, logDeterminant: Tensor) {
    let (s, t) = scaleAndShift(x)
    let changed = exp(s) * x.slice(half.changed(dimension), axis: 0) + t
    return (half.joined(changed, deciding: x, dimension), s.sum())
  }

  public func inverse(_ y: Tensor) -> (x: Tensor, logDeterminant: Tensor) {
    let (s, t) = scaleAndShift(y)
    let changed = exp(-s) * (y.slice(half.changed(dimension), axis: 0) - t)
    return (half.joined(changed, deciding: y, dimension), -s.sum())
  }
}
