import Differentiation

/// A log density that may know its second derivatives.
package protocol CurvedLogDensity: LogDensity {
  /// Nil where second derivatives are not to be had as graphs: bodies that are re-executed, primitives without a second derivative.
  func makeCurvatureEvaluator() -> (any CurvatureEvaluator)?
}

/// Multiplies Hessians with vectors, eight points at once.
package protocol CurvatureEvaluator: AnyObject {
  /// positions and directions [dimension][8] ↦ products ∇² log p(u) v [dimension][8].
  func evaluate(positions: UnsafePointer<Double>, directions: UnsafePointer<Double>, products: UnsafeMutablePointer<Double>)
}

extension CompiledModel: CurvedLogDensity {
  package func makeCurvatureEvaluator() -> (any CurvatureEvaluator)? {
    isReexecuted || recorded.plates.contains { $0.subset != nil }
      ? nil : try? RecordedCurvature(recorded.logJoint, inputs: inputs, blocks: blocks)
  }
}

/// Replays the directional derivative of a gradient: forward over reverse.
private final class RecordedCurvature: CurvatureEvaluator {
  private let executor: Executor
  private let blocks: [FlatBlock]
  private let staging: UnsafeMutablePointer<Double>

  init(_ value: Node, inputs: [Node], blocks: [FlatBlock]) throws {
    let directions = inputs.map { Node.input("direction", shape: $0.shape) }
    let gradients = Derivatives.pullback(of: [value], cotangents: [.fill(1)], to: inputs).enumerated().map {
      $1 ?? .fill(0, shape: inputs[$0].shape)
    }
    let products = Derivatives.pushforward(of: gradients, along: zip(inputs, directions).map { ($0, $1) })
    let all = inputs + directions
    executor = try Executor(
      Plan(outputs: zip(products, inputs).map { $0 ?? .fill(0, shape: $1.shape) }, inputs: all, lanes: 8, laned: all.map { _ in true }))
    self.blocks = blocks
    staging = .allocate(capacity: 8 * max(1, blocks.map(\.count).max() ?? 1))
  }

  deinit { staging.deallocate() }

  func evaluate(positions: UnsafePointer<Double>, directions: UnsafePointer<Double>, products: UnsafeMutablePointer<Double>) {
    for (index, block) in blocks.enumerated() where block.count > 0 {
      for (place, source) in [(index, positions), (blocks.count + index, directions)] {
        let start = source + 8 * block.offset
        for k in 0..<block.count { (staging + 8 * (block.order?[k] ?? k)).update(from: start + 8 * k, count: 8) }
        executor.setInput(place, staging)
      }
    }
    executor.run()
    for (index, block) in blocks.enumerated() where block.count > 0 {
      executor.copyOutput(index, lanes: 8, to: staging)
      let target = products + 8 * block.offset
      for k in 0..<block.count { (target + 8 * k).update(from: staging + 8 * (block.order?[k] ?? k), count: 8) }
    }
  }
}
