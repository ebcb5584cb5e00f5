import Credence

/// A hidden Markov model of two states with normal emissions of variance 1; the states are summed out by the forward recursion.
struct HiddenMarkov: Model {
  let y: Tensor

  static let name = "hmm_example-hmm_example"
  static let summary = "two-state hidden Markov model by the forward recursion"

  func body(_ p: Program) throws -> (theta1: Tensor, theta2: Tensor, mu: Tensor) {
    let theta1 = p.sample("theta1", Flat(on: .simplex, shape: [2]))
    let theta2 = p.sample("theta2", Flat(on: .simplex, shape: [2]))
    let mu = p.sample("mu", Normal(Tensor([3, 10]), sd: 1).positiveOrdered())
    // Row j: from state j.
    let transitions = log(stack([theta1, theta2]))
    let emissions = Normal(mu, sd: 1).logDensity(of: y.expandingAxis(1))
    // Both states enter at the first time with factor 1.
    let forward = scan(over: emissions[1..<y.count], from: emissions[0]) { state, emission in
      let next = (state.expandingAxis(1) + transitions).logSumExp(axis: 0) + emission
      return (carry: next, result: next.sum())
    }
    p.factor("y", forward.carry.logSumExp())
    return (theta1, theta2, mu)
  }
}
