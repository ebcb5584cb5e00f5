import Differentiation
import Kernels

/// Importance weights of a guided model, an element of a plate at a time: eight draws of the guide in a pass.
package final class ElementWeightReader<M: Model> {
  package let model: GuidedModel<M>
  /// The elements of the plate that all draws stand in; one where they share none.
  package let elements: Int
  package let lanes = 8
  private let executor: Executor
  private let seed: UInt64
  private let staging: UnsafeMutablePointer<Double>
  private let weights: UnsafeMutablePointer<Double>

  /// Of plates with a minibatch, the elements of the first step are looked at.
  package init(_ model: GuidedModel<M>, seed: UInt64) throws {
    self.model = model
    self.seed = seed
    elements = model.elementCount ?? 1
    executor = try Executor(model.makePlan([model.elementWeights, model.commonWeight], lanes: lanes))
    staging = .allocate(capacity: max(1, model.blocks.map(\.count).max() ?? 1))
    weights = .allocate(capacity: max(1, elements) * lanes)
    for (index, plate) in model.minibatches.enumerated() {
      var schedule = MinibatchSchedule(size: plate.size, present: plate.present, seed: seed, plate: UInt32(index))
      executor.setInput(model.blocks.count + index, Array(schedule.elements(step: 0)))
    }
  }

  deinit {
    staging.deallocate()
    weights.deallocate()
  }

  /// Draws anew; equal passes draw equal numbers.
  package func read(parameters: [Double], pass: Int) {
    model.set(parameters, in: executor, staging: staging)
    executor.random = RandomContext(seed: seed, purpose: GuidedObjective<M>.drawPurpose &+ 2, step: UInt64(pass))
    executor.run()
    executor.copyOutput(0, lanes: lanes, to: weights)
  }

  /// log p − log q of one element in one of the draws; the last pass's.
  package func logWeight(_ element: Int, lane: Int) -> Double { weights[element * lanes + lane] }

  /// What belongs to no element: the log density of parameters with a prior, say.
  package var rest: Double { executor.output(1)[0] }
}
