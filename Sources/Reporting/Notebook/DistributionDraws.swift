import Differentiation
import Distributions

extension Distribution {
  /// The values of `count` independent draws, of shape [count] + ``Distribution/shape``. Equal seeds give equal bits.
  ///
  /// ```swift
  /// let lifetimes = try Exponential(rate: 2).draws(1000, seed: 1).values()
  /// ```
  ///
  /// This is for scripts, which want numbers; models and guides have sites. Throws ``TensorError`` with the mistakes of the parameters, and where a parameter
  /// depends on a variable of a model that is being recorded.
  public func draws(_ count: Int, seed: UInt64) throws -> Value {
    let drawn = repeated(count).sample(using: DrawSource()).tensor
    let mistakes = Evaluation.mistakes(in: [drawn.node])
    guard mistakes.isEmpty else { throw TensorError(mistakes.joined(separator: "\n")) }
    let isOpen = Node.reachable(from: [drawn.node]).contains { if case .input = $0.operation { true } else { false } }
    guard drawn.plates.isEmpty, !isOpen else {
      throw TensorError("\(Self.name) has a parameter that depends on a variable, so no numbers can be drawn from it here; give it a site")
    }
    let executor = try Executor(Plan(outputs: [drawn.node], inputs: [], lanes: 1, lanedDraws: false))
    executor.random = RandomContext(seed: seed, purpose: 0x4444)
    executor.run()
    if let error = executor.firstError { throw error }
    return Value(drawn: Tensor(executor.output(0), shape: drawn.shape))
  }
}
