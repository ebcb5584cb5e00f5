import Differentiation
import Distributions

/// Draws of a model's variables from their priors: no data enter, and latent whole numbers are drawn like all others.
package final class PriorSimulation<M: Model> {
  package let recorded: RecordedModel<M.Output>
  private let executor: Executor
  private let seed: UInt64

  package static var drawPurpose: UInt32 { 0x5052 }

  /// Throws ``ModelError``; a body that reads numbers (`item()`) cannot be simulated as one graph.
  package init(_ model: M, seed: UInt64) throws {
    var options = Recording.Options()
    options.mode = .simulation
    guard case .finished(let recorded) = try Execution.run(model, options) else {
      throw ModelError([.init(site: nil, at: nil, "the body reads a number from a latent variable, so that its prior is no single graph")])
    }
    self.recorded = recorded
    self.seed = seed
    executor = try Executor(Plan(outputs: recorded.variables.map(\.value.node), inputs: []))
  }

  /// Draw number `draw`: the values of the variables, each row-major with plates leading. Equal seeds and numbers, equal bits.
  package func read(draw: Int) throws -> [[Double]] {
    executor.random = RandomContext(seed: seed, purpose: PriorSimulation.drawPurpose, step: UInt64(draw))
    executor.run()
    if let error = executor.firstError { throw error }
    return recorded.variables.indices.map { executor.output($0) }
  }
}
