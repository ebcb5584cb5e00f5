// %% Discrete latents, three ways
// Forty measurements come from two groups, and nobody wrote down which is which. Each measurement has a hidden label, 0 or 1. Gradient methods cannot move
// a label by a small amount. What then?
//
// 1. **Summed out by hand**: the label never appears.
// 2. **Summed out by the machine**: write the label, and let Credence do the sum.
// 3. **Drawn by a guide**, with an estimator that gets a gradient through the draw.
//
// All three are here, on the same data, and their answers stand side by side at the end.
import Credence

let y: Tensor = [
  2.04, 1.07, -2.11, 1.92, 2.81, -1.02, 2.35, 1.48, -2.93, 0.97, 3.15, 1.86, -1.65, 2.22, -0.61, 1.79, 2.6, -3.12, 1.33, 2.47, 2.09, -2.48,
  1.71,
  0.72, 2.95, -1.33, 1.58, 2.14, -1.87, 3.4, 1.95, 1.2, -2.27, 2.68, 1.64, -0.95, 2.31, 1.02, -1.76, 2.52,
]

// %% By hand
// For each measurement the density is a sum over its two possible labels: `θ₁·N(y; μ₁, 1) + θ₀·N(y; μ₀, 1)`, in logarithms so that nothing underflows. Right, fast, and the reader
// has to know why it is there. `p.factor` adds any logarithm of a density.
struct ByHand: Model {
  let y: Tensor

  func body(_ p: Program) throws -> (mu: Tensor, share: Tensor) {
    let mu = p.sample("mu", Normal(0, sd: 3).ordered(count: 2))
    let share = p.sample("share", Beta(2, 2))
    p.plate("measurements", y.count) { i in
      let densities = Normal(mu, sd: 1).logDensity(of: y[i])
      p.factor("y", logAddExp(log1p(-share) + densities[0], log(share) + densities[1]))
    }
    return (mu, share)
  }
}

let byHand = try await fit(ByHand(y: y), seed: 1)
show(byHand)

// %% By the machine
// The same model as one would say it: draw a label, then draw the measurement from its group. A latent whole number with finitely many values is summed out of
// the density exactly, and what depends on it stands for all of its values at once. The labels come back as draws, each with its posterior probability.
struct ByMachine: Model {
  let y: Tensor

  func body(_ p: Program) throws -> (mu: Tensor, share: Tensor, label: IntTensor) {
    let mu = p.sample("mu", Normal(0, sd: 3).ordered(count: 2))
    let share = p.sample("share", Beta(2, 2))
    let label = p.plate("measurements", y.count) { i in
      let label = p.sample("label", Bernoulli(probability: share))
      p.observe("y", Normal(mu[label], sd: 1), y[i])
      return label
    }
    return (mu, share, label)
  }
}

let byMachine = try await fit(ByMachine(y: y), seed: 1)
show(byMachine, only: ["mu", "share"])

// %%
// Which measurements are in doubt? The probability of label 1, against the measurement:
show(
  Plot("Posterior probability of the second group", x: "measurement", y: "probability")
    .points("label 1", x: try y.values(), y: try byMachine.label.mean.values()))

// %% By a guide
// Where sums are too many, as in deep networks of binary units, labels are *drawn* by a guide and the gradient is estimated. Every site names its estimator; one that
// the distribution does not have does not compile. Here each label has log-odds of its own, and `.enumeration` sums over the one label that is drawn, which is exact.
// `.scoreFunction(baseline:)`, `.disarm`, `.rebar()` and the relaxed ones stand beside it.
struct Guided: ModelWithGuide {
  let y: Tensor

  func body(_ p: Program) throws -> (mu: Tensor, share: Tensor) {
    let mu = p.sample("mu", Normal(0, sd: 3).repeated(2))
    let share = p.sample("share", Beta(2, 2))
    p.plate("measurements", y.count) { i in
      let label = p.sample("label", Bernoulli(probability: share))
      p.observe("y", Normal(mu[label], sd: 1), y[i])
    }
    return (mu, share)
  }

  static let guide = Guide<Guided> { q, data in
    q.sample("mu", Normal(q.parameter("location", [-1, 1]), sd: exp(q.parameter("width", [-2, -2]))))
    let counts = q.parameter("counts", [10, 10], support: .positive)
    q.sample("share", Beta(counts[0], counts[1]))
    q.plate("measurements", data.y.count) { _ in
      q.sample("label", Bernoulli(logits: q.parameter("odds", 0.0)), gradient: .enumeration)
    }
  }
}

let guided = try await fit(Guided(y: y), .vi(), seed: 1)
show(guided, only: ["mu", "share"])

// %% Side by side
// The answers agree. The guide's labels are independent of everything else, which makes standard deviations too small where many labels are in doubt; here few are,
// and short chains on the posterior, with the labels summed out, find nothing to object to: the verdict is `ok`.
var table = Table("way", "mu[0]", "sd", "mu[1]", "sd", "share", "sd", "verdict")
for (name, mu, share, verdict) in [
  ("by hand", byHand.mu, byHand.share, byHand.verdict), ("by the machine", byMachine.mu, byMachine.share, byMachine.verdict),
  ("by a guide", guided.mu, guided.share, guided.verdict),
] {
  table.append(name, mu.mean[0], mu.sd[0], mu.mean[1], mu.sd[1], share.mean, share.sd, verdict.verdict.rawValue)
}
show(table)
