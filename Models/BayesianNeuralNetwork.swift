import Credence

/// Regression by a small neural network whose weights have a distribution: one hidden layer of tanh units (Neal 1996).
///
/// The data have a gap, −0.3 < x < 0.4. What to see: `credence predict bayesian-neural-network --method vi --data grid.json` with new x gives
/// an epistemic sd of f that is several times larger in the gap and beyond the ends than where there are data, while the aleatoric sd is the
/// noise, everywhere the same. The posterior of the weights has symmetries (units may be exchanged, signs flipped), so chains disagree about
/// single weights and agree about f. ``LocalReparameterization`` is the same network with a guide whose weights are independent.
struct BayesianNeuralNetwork: Model {
  /// Inputs and responses.
  let x, y: Tensor

  static let summary = "regression by a neural network with uncertain weights; try predict with new data"
  static let hidden = 8

  func body(_ p: Program) throws -> Tensor {
    let first = p.sample("first", Normal(0, sd: 3).repeated(Self.hidden))
    let bias = p.sample("bias", Normal(0, sd: 2).repeated(Self.hidden))
    let second = p.sample("second", Normal(0, sd: 1).repeated(Self.hidden))
    let level = p.sample("level", Normal(0, sd: 1))
    let noise = p.sample("noise", HalfNormal(sd: 0.3))
    return p.plate("points", x.count) { i in
      let f = level + (second * tanh(first * x[i] + bias)).sum()
      p.observe("y", Normal(f, sd: noise), y[i])
      return f
    }
  }
}
