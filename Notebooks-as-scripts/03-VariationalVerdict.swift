// %% Variational inference and its verdict
// Sampling is exact in the long run. *Variational inference* is a short cut: choose a family of distributions that are easy to draw from, the **guide**,
// and find its member closest to the posterior. It is fast, and it is silent about its own mistakes, unless somebody checks.
//
// Credence checks. This notebook fits a guide that cannot be right, looks at what the verdict says, and mends it in two steps.
import Credence

// %% A posterior with a ridge
// A line through points far from zero: if the slope is a bit larger, the intercept must be a lot smaller. Their posterior is a narrow ridge.
struct Line: Model {
  let x, y: Tensor

  func body(_ p: Program) throws -> (intercept: Tensor, slope: Tensor, sigma: Tensor) {
    let intercept = p.sample("intercept", Normal(0, sd: 10))
    let slope = p.sample("slope", Normal(0, sd: 10))
    let sigma = p.sample("sigma", HalfNormal(sd: 2))
    p.plate("points", x.count) { i in
      p.observe("y", Normal(intercept + slope * x[i], sd: sigma), y[i])
    }
    return (intercept, slope, sigma)
  }
}

let line = Line(
  x: [4.0, 4.4, 4.9, 5.1, 5.6, 6.0, 6.2, 6.9, 7.1, 7.5, 8.0, 8.3],
  y: [5.1, 5.3, 5.4, 6.1, 5.9, 6.4, 6.9, 6.7, 7.4, 7.2, 7.9, 7.8])

// %% The reference
// For a model this small the truth is cheap: long chains.
let reference = try await fit(line, .nuts(draws: 2000), seed: 1)
show(reference)

// %% A guide without correlations
// The *mean-field* guide is a product of independent normals. On a ridge it must choose: it finds the right place, and makes itself as narrow as the ridge
// is across.
let meanField = try await fit(line, .vi(guide: .meanField), seed: 1)
show(meanField)

// %%
// The standard deviations are far too small, and the verdict does not let that pass. How it knows:
//
// 1. **Importance weights.** Draws of the guide are weighted by posterior over guide. A heavy tail of the weights (Pareto k-hat above 0.7) says that the guide misses mass.
// 2. **Short chains.** From draws of the guide, chains that leave the posterior as it is take some steps. A mean or a standard deviation that *moves* was wrong.
// 3. **Other starts.** Several optimizations from other places must end in the same guide.

// %% A guide with correlations
// The *full-rank* guide is one normal distribution with all correlations. It costs more in many dimensions; here it costs nothing.
let fullRank = try await fit(line, .vi(guide: .fullRank), seed: 1)
show(fullRank)

// %%
// It lies along the ridge now, and still the verdict is not content, with reason: twelve points leave `sigma` uncertain, and a posterior whose width is itself uncertain has
// heavier tails than a normal distribution can have. The standard deviations are 15 to 20 per cent too small.

// %% A guide that bends
// A *normalizing flow* is a normal distribution sent through functions that are learned.
let flow = try await fit(line, .vi(guide: .flow(.affine())), seed: 1)
show(flow)

// %% Side by side
// Standard deviations as multiples of the reference:
var table = Table("guide", "intercept", "slope", "sigma", "verdict")
for (name, posterior) in [("mean-field", meanField), ("full-rank", fullRank), ("flow", flow)] {
  table.append(
    name, posterior.intercept.sd / reference.intercept.sd, posterior.slope.sd / reference.slope.sd,
    posterior.sigma.sd / reference.sigma.sd, posterior.verdict.verdict.rawValue)
}
show(table)

// %%
// The ridge itself, and two of the guides on it:
func cloud(_ posterior: Posterior<(intercept: Tensor, slope: Tensor, sigma: Tensor)>) throws -> (x: [Double], y: [Double]) {
  (Array(try posterior.intercept.draws.values().prefix(600)), Array(try posterior.slope.draws.values().prefix(600)))
}
let (chains, independent, ridge) = (try cloud(reference), try cloud(meanField), try cloud(flow))
show(
  Plot("Draws of three posteriors", x: "intercept", y: "slope")
    .points("NUTS", x: chains.x, y: chains.y)
    .points("mean-field", x: independent.x, y: independent.y)
    .points("flow", x: ridge.x, y: ridge.y))

// %% What to take home
// A fit that ends is not a fit that is right. Look at the verdict first, and take `caution` and `fail` at their word: use a richer guide (`.fullRank`,
// `.flow(.affine())`, `.mixture(components: 2)`), or the sampler.
