import Credence

/// A hidden Markov model of two states with normal emissions of variance 1, written with the state at each time.
///
/// The states are summed out along the sequence: the posterior of everything else is that of `hmm_example-hmm_example`, where the forward
/// recursion is written out. With the data that ship with it: means 3.0 and 8.8, and states that are certain at nearly all times.
struct HiddenStates: Model {
  let y: Tensor

  static let summary = "two-state hidden Markov model with the states as sites, which are summed out"

  func body(_ p: Program) throws -> (theta1: Tensor, theta2: Tensor, mu: Tensor) {
    let theta1 = p.sample("theta1", Flat(on: .simplex, shape: [2]))
    let theta2 = p.sample("theta2", Flat(on: .simplex, shape: [2]))
    let mu = p.sample("mu", Normal(Tensor([3, 10]), sd: 1).positiveOrdered())
    // Row j: from state j.
    let transitions = stack([theta1, theta2])
    let first = p.sample("first", Bernoulli(probability: 0.5))
    p.observe("y", Normal(mu[first], sd: 1), y[0])
    p.each("steps", over: y[1..<y.count], from: first) { state, y in
      let state = p.sample("state", Categorical(probabilities: transitions[state]))
      p.observe("y", Normal(mu[state], sd: 1), y)
      return state
    }
    return (theta1, theta2, mu)
  }
}
