// %% Eight schools, and why funnels are hard
// Eight schools tried the same coaching programme, and each measured its effect with an error of its own (Rubin 1981). Should we believe each
// school's number, or their mean? A *hierarchical* model lets the data decide: the schools' true effects come from a common distribution, whose width
// is unknown.
//
// The model is small, and its posterior is a famous trap. This notebook walks into it on purpose.
import Credence

let y: Tensor = [28, 8, -3, 7, -1, 1, 18, 12]
let sigma: Tensor = [15, 10, 16, 11, 9, 11, 10, 18]

// %% As one thinks it
// The *centred* form says what it means: each school's effect `theta` is drawn around the common mean `mu`, with spread `tau`.
struct Centred: Model {
  let y, sigma: Tensor

  func body(_ p: Program) throws -> (mu: Tensor, tau: Tensor, theta: Tensor) {
    let mu = p.sample("mu", Normal(0, sd: 5))
    let tau = p.sample("tau", HalfCauchy(scale: 5))
    let theta = p.plate("schools", y.count) { j in
      let theta = p.sample("theta", Normal(mu, sd: tau))
      p.observe("y", Normal(theta, sd: sigma[j]), y[j])
      return theta
    }
    return (mu, tau, theta)
  }
}

// %%
// We ask the sampler to take the model as it is written:
let centred = try await fit(Centred(y: y, sigma: sigma), .nuts(targetAcceptance: 0.8, centering: .asWritten), seed: 1)
show(centred, only: ["mu", "tau"])

// %% What went wrong
// Where `tau` is small, all eight effects are pressed against `mu`: the posterior is a **funnel** whose neck is too narrow for the step size that suits
// its mouth. Trajectories that enter the neck diverge, and the draws stay away from small `tau`. The verdict says so. Here is the funnel, `log tau` against the
// effect of the first school:
func funnel(_ posterior: Posterior<(mu: Tensor, tau: Tensor, theta: Tensor)>) throws -> (x: [Double], y: [Double]) {
  let theta = try posterior.theta.draws.values()
  let first = stride(from: 0, to: theta.count, by: 8).map { theta[$0] }
  return (first, try log(posterior.tau.draws).values())
}

let stuck = try funnel(centred)
var plot = Plot("The funnel, centred", x: "effect of the first school", y: "log tau").points("draws", x: stuck.x, y: stuck.y)
plot.yRange = -4...4
show(plot)

// %% The cure
// Write each effect as `mu + tau * xi` with a standard normal `xi`: the *non-centred* form. The posterior is the same, but the unknowns that the sampler moves are
// independent of `tau` in the prior, and there is no neck.
struct NonCentred: Model {
  let y, sigma: Tensor

  func body(_ p: Program) throws -> (mu: Tensor, tau: Tensor, theta: Tensor) {
    let mu = p.sample("mu", Normal(0, sd: 5))
    let tau = p.sample("tau", HalfCauchy(scale: 5))
    let theta = p.plate("schools", y.count) { j in
      let theta = mu + tau * p.sample("xi", Normal(0, sd: 1))
      p.observe("y", Normal(theta, sd: sigma[j]), y[j])
      return theta
    }
    return (mu, tau, theta)
  }
}

let nonCentred = try await fit(NonCentred(y: y, sigma: sigma), .nuts(centering: .asWritten), seed: 1)
show(nonCentred, only: ["mu", "tau"])
let free = try funnel(nonCentred)
var second = Plot("The funnel, non-centred", x: "effect of the first school", y: "log tau").points("draws", x: free.x, y: free.y)
second.yRange = -4...4
show(second)

// %% The cure, by itself
// Nobody should have to rewrite a model for its sampler. By default Credence looks at every latent site whose location or scale depends on other
// sites, and moves it centred, non-centred or in between, element by element, as a short run before the chains shows to be best. The *centred* model,
// with default settings:
let automatic = try await fit(Centred(y: y, sigma: sigma), .nuts(), seed: 1)
show(automatic, only: ["mu", "tau"])

// %% The answer
// The effects are pulled towards each other: 28 points in the first school are mostly luck.
show(Plot.intervals("Effects of coaching: medians and 90 % intervals", automatic, ["mu", "theta"]))
