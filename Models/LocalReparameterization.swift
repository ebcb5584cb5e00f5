import Credence

/// The network of ``BayesianNeuralNetwork`` with independent normal weights, fitted by local reparameterization (Kingma, Salimans and Welling
/// 2015): a sum of independent normal weights times inputs is normal itself, so what is drawn is each unit's input at each point, and not the
/// weights: one number for many, drawn anew for every point. The gradient of the ELBO is the same, and much less noisy.
///
/// Means and standard deviations of the weights are parameters, their divergence from the prior is known in closed form and enters as a
/// factor, and the standard normal numbers of the points are latent with their prior as guide, so that their densities cancel.
///
/// What to see: `credence infer bayesian-neural-network-local --method vi` finds a noise of 0.10, as the data were made, keeps three of the eight
/// units and lets the others fall back to their prior. With new x from `grid.json`, `credence predict bayesian-neural-network-local --posterior
/// draws.json --data grid.json` gives a curve that is three times less certain in the gap (sd 0.20 at x = 0.05, 0.06 at ±0.7), yet, unlike the
/// posterior by NUTS, no less certain beyond the ends: independent weights cannot say that. The verdict judges
/// the points' numbers, not the weights, which are parameters here: it does not see this.
/// Weights that were drawn together with the points count as aleatoric there.
struct LocalReparameterization: Model, ModelWithGuide {
  /// Inputs and responses.
  let x, y: Tensor

  static let name = "bayesian-neural-network-local"
  static let summary = "the same network with independent normal weights, by local reparameterization; try --method vi"
  static let hidden = 8

  /// Independent normal weights: their guide, and its divergence from the prior Normal(0, scale).
  struct Weights {
    let mean, sd, divergence: Tensor
    init(_ p: Program, _ name: String, _ start: Tensor, prior scale: Double) {
      (mean, sd) = p.scope(name) {
        (p.parameter("mean", start), p.parameter("sd", 0.1 + Tensor.zeros(start.shape), support: .positive))
      }
      divergence = (log(scale / sd) + (square(sd) + square(mean)) / (2 * scale * scale) - 0.5).sum()
    }
  }

  func body(_ p: Program) throws -> Tensor {
    let places = Tensor((0..<Self.hidden).map { Double($0) })
    let first = Weights(p, "first", 2 + 0.25 * places, prior: 3)
    let bias = Weights(p, "bias", 3.5 - places, prior: 2)
    let second = Weights(p, "second", 0.5 * cos(2 * places), prior: 1)
    let level = Weights(p, "level", 0, prior: 1)
    let noise = p.parameter("noise", 0.2, support: .positive)
    p.factor("divergence", -(first.divergence + bias.divergence + second.divergence + level.divergence))
    return p.plate("points", x.count) { i in
      let units = p.sample("units", Normal(0, sd: 1).repeated(Self.hidden))
      let h = tanh(first.mean * x[i] + bias.mean + sqrt(square(first.sd * x[i]) + square(bias.sd)) * units)
      let sd = sqrt(square(level.sd) + square(second.sd * h).sum())
      let f = level.mean + (second.mean * h).sum() + sd * p.sample("response", Normal(0, sd: 1))
      p.observe("y", Normal(f, sd: noise), y[i])
      return f
    }
  }

  static let guide = Guide<LocalReparameterization> { q, data in
    q.plate("points", data.x.count) { i in
      q.sample("units", Normal(Tensor.zeros([hidden]), sd: 1))
      q.sample("response", Normal(0, sd: 1))
    }
  }
}
