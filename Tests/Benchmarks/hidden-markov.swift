import Credence

/// A hidden Markov chain of three states and 500 observations by the forward recursion, one step of a `scan` an observation: the sequential
/// loop whose value and gradient issue 3 bounds by 90 µs on one lane and 30 µs a lane on eight.
///
///     credence bench Tests/Benchmarks/hidden-markov.swift
@main
struct HiddenMarkovChain: ModelWithExample {
  let y: Tensor

  static let summary = "hidden Markov chain of three states by the forward recursion"

  /// Levels −3, 0 and 3 that change every 17 steps, with fractional parts of the golden ratio's multiples in place of noise.
  static var example: HiddenMarkovChain {
    let numbers = (0..<500).map { t -> Double in
      let level = Double(3 * (t / 17 % 3) - 3)
      let turn = Double(t) * 0.6180339887498949
      return level + 2 * (turn - turn.rounded(.down)) - 1
    }
    return HiddenMarkovChain(y: Tensor(numbers))
  }

  func body(_ p: Program) throws -> (mu: Tensor, transitions: Tensor) {
    let scores = p.sample("scores", Normal(0, sd: 1).repeated(3).repeated(3))
    let mu = p.sample("mu", Normal(0, sd: 5).ordered(count: 3))
    let transitions = scores - scores.logSumExp(axis: 1).expandingAxis(1)
    let emissions = Normal(mu, sd: 1).logDensity(of: y.expandingAxis(1))
    let forward = scan(over: emissions[1..<y.count], from: emissions[0]) { state, emission in
      let next = (state.expandingAxis(1) + transitions).logSumExp(axis: 0) + emission
      return (carry: next, result: next.sum())
    }
    p.factor("y", forward.carry.logSumExp())
    return (mu, transitions)
  }
}
