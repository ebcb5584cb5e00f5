// %% Hidden states, summed out
// A machine runs smoothly or it rattles, and we only hear how loud it is, once a minute. When did it change? The state at each minute is a hidden whole number, and each depends on the one before: sixty
// minutes have 2⁶⁰ histories. *Elimination* sums over all of them in a time that grows with the number of minutes, not with the number of histories.
import Credence

let loudness: Tensor = [
  4.2, 2.9, 4.2, 7.1, 5.4, 7.3, 3.6, 2.4, 2.2, 3.8, 1.9, 2.3, 1.9, 3.0, 2.1, 5.6, 4.0, 3.1, 5.4, 2.1, 1.5, 3.3, 3.0, 6.3, 7.2, 6.3, 6.1,
  7.4, 5.8, 6.0, 7.8,
  6.7, 6.8, 8.3, 5.1, 3.6, 2.0, 4.6, 3.4, 3.8, 2.3, 3.2, 3.7, 4.7, 2.7, 4.8, 2.7, 3.4, 2.9, 3.9, 1.1, 4.2, 8.4, 5.8, 8.7, 5.8, 7.3, 5.2,
  6.1, 3.6,
]
show(Plot("What was heard", x: "minute", y: "loudness").points("loudness", x: (0..<60).map(Double.init), y: try loudness.values()))

// %% The model
// `p.each` is a loop over time with a state that goes on from step to step. The state is drawn like any other site; that it is discrete and therefore summed out is nothing that the model has to say.
struct Machine: Model {
  let loudness: Tensor

  func body(_ p: Program) throws -> (stay: Tensor, level: Tensor, states: Tensor) {
    // The probability to stay in each state, and how loud each is.
    let stay = p.sample("stay", Beta(9, 1).repeated(2))
    let level = p.sample("level", Normal(5, sd: 3).ordered(count: 2))
    let transitions = stack([stack([stay[0], 1 - stay[0]]), stack([1 - stay[1], stay[1]])])
    let first = p.sample("first", Bernoulli(probability: 0.5))
    p.observe("loudness", Normal(level[first], sd: 1.1), loudness[0])
    let rest = p.each("minutes", over: loudness[1..<loudness.count], from: first) { state, heard in
      let next = p.sample("state", Categorical(probabilities: transitions[state]))
      p.observe("loudness", Normal(level[next], sd: 1.1), heard)
      return (state: next, result: next.tensor)
    }
    return (stay, level, concatenate([first.tensor.reshaped(to: [1]), rest.results]))
  }
}

let posterior = try await fit(Machine(loudness: loudness), .nuts(draws: 500), seed: 1)
show(posterior, only: ["stay", "level"])

// %% The states come back
// For each draw of the other unknowns the states are drawn from their exact conditional distribution, so the mean of a state is the probability that the machine rattled in that minute.
show(
  Plot("Probability that the machine rattles", x: "minute", y: "probability")
    .line("P(rattles)", x: (0..<60).map(Double.init), y: try posterior.states.mean.values()))

// %% The same by hand
// What elimination does is the *forward recursion*: a vector of two log probabilities goes from minute to minute. Written out, with the same unknowns, it is another model with the same posterior.
struct ByHand: Model {
  let loudness: Tensor

  func body(_ p: Program) throws -> (stay: Tensor, level: Tensor) {
    let stay = p.sample("stay", Beta(9, 1).repeated(2))
    let level = p.sample("level", Normal(5, sd: 3).ordered(count: 2))
    let transitions = log(stack([stack([stay[0], 1 - stay[0]]), stack([1 - stay[1], stay[1]])]))
    let heard = Normal(level, sd: 1.1).logDensity(of: loudness.expandingAxis(1))
    let forward = scan(over: heard[1..<loudness.count], from: heard[0]) { state, heard in
      let next = (state.expandingAxis(1) + transitions).logSumExp(axis: 0) + heard
      return (carry: next, result: next.sum())
    }
    p.factor("loudness", forward.carry.logSumExp())
    return (stay, level)
  }
}

let byHand = try await fit(ByHand(loudness: loudness), .nuts(draws: 500), seed: 1)
var table = Table("way", "stay[0]", "stay[1]", "level[0]", "level[1]")
table.append("summed out by the machine", posterior.stay.mean[0], posterior.stay.mean[1], posterior.level.mean[0], posterior.level.mean[1])
table.append("forward recursion by hand", byHand.stay.mean[0], byHand.stay.mean[1], byHand.level.mean[0], byHand.level.mean[1])
show(table)
