import Credence

/// The chain of `hidden-markov.swift` with its states as sites, which are summed out: the density, and so the posterior, is the same.
///
///     credence bench Tests/Benchmarks/hidden-markov-sites.swift
@main
struct HiddenMarkovSites: ModelWithExample {
  let y: Tensor

  static let summary = "hidden Markov chain of three states, which are summed out"

  /// Levels −3, 0 and 3 that change every 17 steps, with fractional parts of the golden ratio's multiples in place of noise.
  static var example: HiddenMarkovSites {
    let numbers = (0..<500).map { t -> Double in
      let level = Double(3 * (t / 17 % 3) - 3)
      let turn = Double(t) * 0.6180339887498949
      return level + 2 * (turn - turn.rounded(.down)) - 1
    }
    return HiddenMarkovSites(y: Tensor(numbers))
  }

  func body(_ p: Program) throws -> (mu: Tensor, transitions: Tensor) {
    let scores = p.sample("scores", Normal(0, sd: 1).repeated(3).repeated(3))
    let mu = p.sample("mu", Normal(0, sd: 5).ordered(count: 3))
    let first = p.sample("first", Categorical(logits: [0, 0, 0]))
    p.observe("start", Normal(mu[first], sd: 1), y[0])
    p.each("steps", over: y[1..<y.count], from: first) { before, y in
      let state = p.sample("state", Categorical(logits: scores[before]))
      p.observe("y", Normal(mu[state], sd: 1), y)
      return state
    }
    return (mu, scores - scores.logSumExp(axis: 1).expandingAxis(1))
  }
}
