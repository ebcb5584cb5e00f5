import Differentiation
import Foundation
import Modeling
import Networks
import TestSupport
import Testing

@Suite("Layers")
struct LayerTests {
  /// The values of a layer at a point, at its starting parameters.
  private func value(_ x: [Double], shape: [Int], _ make: (Recorder) -> (Tensor) -> Tensor) throws -> [Double] {
    let recorder = ParameterRecorder()
    let place = Node.input("x", shape: shape)
    let output = make(recorder)(Tensor(place)).node
    let entries = recorder.entries
    let executor = try Executor(Plan(outputs: [output], inputs: entries.map(\.input) + [place]))
    for (index, entry) in entries.enumerated() { executor.setInput(index, entry.initial) }
    executor.setInput(entries.count, x)
    executor.run()
    return executor.output(0)
  }

  @Test("Layer normalization: mean zero, variance one, each row by itself")
  func layerNorm() throws {
    let y = try value([1, 2, 6, -3, 0, 3], shape: [2, 3]) { p in { LayerNorm(p, "norm", features: 3)($0) } }
    for row in [y[0..<3], y[3..<6]] {
      #expect(abs(row.reduce(0, +)) < 1e-12)
      #expect(abs(row.reduce(0) { $0 + $1 * $1 } / 3 - 1) < 1e-4)
    }
    let deviations = [-2.0, -1, 3]
    for (a, b) in zip(y[0..<3], deviations) { #expect(abs(a - b / (14.0 / 3 + 1e-5).squareRoot()) < 1e-12) }
  }

  @Test("A residual block begins as the identity")
  func residual() throws {
    let x = [0.3, -2, 5, 0.1]
    #expect(try value(x, shape: [4]) { p in { ResidualBlock(p, "block", features: 4, hidden: 6, seed: 1)($0) } } == x)
  }

  @Test("A gated recurrent unit does what its formula says")
  func gru() throws {
    func cell(_ update: Double, _ reset: Double, _ candidate: Double) -> GRUCell {
      func layer(_ x: Double, _ h: Double, _ b: Double, _ activation: Activation) -> Dense {
        Dense(weights: Tensor([[x], [h]]), bias: Tensor([b]), activation: activation)
      }
      return GRUCell(
        update: layer(update, 0.5, 0.1, .logistic), reset: layer(reset, -0.4, 0.2, .logistic), candidate: layer(candidate, 0.7, -0.3, .tanh)
      )
    }
    let (x, h) = (0.8, -0.6)
    let sigma = { (a: Double) in 1 / (1 + exp(-a)) }
    let z = sigma(0.9 * x + 0.5 * h + 0.1)
    let r = sigma(-1.1 * x - 0.4 * h + 0.2)
    let c = tanh(0.6 * x + 0.7 * r * h - 0.3)
    let found = try cell(0.9, -1.1, 0.6)(Tensor([x]), Tensor([h])).values()
    #expect(abs(found[0] - ((1 - z) * c + z * h)) < 1e-14)
    let rows = try cell(0.9, -1.1, 0.6)(Tensor([[x], [x]]), Tensor([[h], [h]])).values()
    #expect(rows == [found[0], found[0]])
  }
}
