import Differentiation
import Modeling

/// A masked autoregressive network: x [n] ↦ (shift [n], log scale [n]), element i of each a function of x₀ … x_{i−1} alone.
///
/// One hidden layer of tanh. Hidden unit h has degree 1 + h mod (n − 1); weights that would let an element see itself or a later one are
/// masked. At first both outputs are zero. Source: Germain, Gregor, Murray & Larochelle, MADE (2015), arXiv:1502.03509.
struct MaskedNetwork: Sendable {
  let dimension: Int
  private let hidden: Dense?
  private let weights: Tensor?
  private let bias: Tensor

  init(_ p: Recorder, _ name: String, dimension n: Int, hidden units: Int, seed: UInt64) {
    dimension = n
    if n > 1 {
      let free = Dense(p, name + ".hidden", inputs: n, outputs: units, seed: seed)
      let degrees = (0..<units).map { 1 + $0 % (n - 1) }
      let inputMask = Tensor((0..<n).flatMap { i in degrees.map { $0 >= i + 1 ? 1.0 : 0 } }, shape: [n, units])
      hidden = Dense(weights: free.weights * inputMask, bias: free.bias, activation: .tanh)
      let outputMask = Tensor(degrees.flatMap { degree in (0..<(2 * n)).map { $0 % n + 1 > degree ? 1.0 : 0 } }, shape: [units, 2 * n])
      weights = p.scope(name) { p.parameter("weights", Tensor.zeros([units, 2 * n])) } * outputMask
    } else {
      hidden = nil
      weights = nil
    }
    bias = p.scope(name) { p.parameter("bias", Tensor.zeros([2 * n])) }
  }

  func callAsFunction(_ x: Tensor) -> (shift: Tensor, logScale: Tensor) {
    var outputs = bias
    if let hidden, let weights { outputs = matmul(hidden(x), weights) + bias }
    return (outputs[0..<dimension], bounded(outputs[dimension..<(2 * dimension)]))
  }

  /// The v with v = step(shift(v), log scale(v)), element after element: after n rounds from zero the last element is exact.
  func solved(_ like: Tensor, _ step: (_ shift: Tensor, _ logScale: Tensor) -> Tensor) -> Tensor {
    var v = 0 * like
    for _ in 0..<dimension {
      let (shift, logScale) = self(v)
      v = step(shift, logScale)
    }
    return v
  }
}
