import Differentiation
import Distributions
import Foundation
import Kernels
import Modeling

/// A function applied between the layers of a network.
public enum Activation: Sendable, Equatable {
  case identity, relu, softplus, tanh, logistic

  public func callAsFunction(_ x: Tensor) -> Tensor {
    switch self {
    case .identity: x
    case .relu: Differentiation.relu(x)
    case .softplus: Differentiation.softplus(x)
    case .tanh: Differentiation.tanh(x)
    case .logistic: Differentiation.logistic(x)
    }
  }
}

/// An affine layer: y = x W + b, then an activation. x [inputs] or [n, inputs] ↦ y [outputs] or [n, outputs].
public struct Dense: Sendable {
  /// W [inputs, outputs].
  public let weights: Tensor
  /// b [outputs].
  public let bias: Tensor
  public let activation: Activation

  public init(weights: Tensor, bias: Tensor, activation: Activation = .identity) {
    self.weights = weights
    self.bias = bias
    self.activation = activation
  }

  /// A layer whose weights and bias are parameters `name.weights` and `name.bias` of a model or a guide. Make it outside of plates.
  ///
  /// Weights start uniform in ±√(6/(inputs + outputs)) (Glorot & Bengio 2010), biases at 0. Equal seeds and names start equal.
  public init(_ p: Recorder, _ name: String, inputs: Int, outputs: Int, activation: Activation = .identity, seed: UInt64) {
    let layer = p.scope(name) {
      (
        p.parameter("weights", Dense.start(name, inputs, outputs, seed)),
        p.parameter("bias", Tensor.zeros([outputs]))
      )
    }
    self.init(weights: layer.0, bias: layer.1, activation: activation)
  }

  static let purpose: UInt32 = 0x4E57

  private static func start(_ name: String, _ inputs: Int, _ outputs: Int, _ seed: UInt64) -> Tensor {
    guard inputs > 0, outputs > 0 else { return Tensor([Double](), shape: [inputs, outputs]) }
    // FNV-1a of the name, so that layers of one seed differ.
    let site = name.utf8.reduce(2_166_136_261 as UInt32) { ($0 ^ UInt32($1)) &* 16_777_619 }
    var stream = RandomStream(at: RandomAddress(seed: seed, purpose: purpose, site: site))
    let bound = (6 / Double(inputs + outputs)).squareRoot()
    return Tensor((0..<(inputs * outputs)).map { _ in bound * (2 * stream.nextUniform() - 1) }, shape: [inputs, outputs])
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { activation(matmul(x, weights) + bias) }
}

/// Dense layers one after the other, with an activation after all but the last.
public struct Perceptron: Sendable {
  public let layers: [Dense]

  public init(layers: [Dense]) { self.layers = layers }

  /// Layers `name.0`, `name.1`, … between the given sizes: `[784, 400, 20]` makes two.
  public init(_ p: Recorder, _ name: String, sizes: [Int], activation: Activation = .softplus, seed: UInt64) {
    let count = max(0, sizes.count - 1)
    layers = (0..<count).map { index in
      Dense(
        p, "\(name).\(index)", inputs: sizes[index], outputs: sizes[index + 1],
        activation: index + 1 < count ? activation : .identity, seed: seed)
    }
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { layers.reduce(x) { $1($0) } }
}
