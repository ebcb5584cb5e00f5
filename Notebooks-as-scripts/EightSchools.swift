// %% Eight schools
// A first posterior: run it with
//   swift run -c release credence infer Notebooks-as-scripts/EightSchools.swift --data schools.json
// where schools.json holds {"y": [28, 8, -3, 7, -1, 1, 18, 12], "sigma": [15, 10, 16, 11, 9, 11, 10, 18]}.
import Credence

/// Rubin (1981): parallel coaching experiments in eight schools.
@main struct Schools: Model {
  let y, sigma: Tensor  // the data: decoded from JSON by these names

  func body(_ p: Program) throws -> (mu: Tensor, tau: Tensor, theta: Tensor) {
    let mu = p.sample("mu", Normal(0, sd: 5))
    let tau = p.sample("tau", HalfCauchy(scale: 5))
    let theta = p.plate("schools", y.count) { j in  // written for one school; recorded once
      let theta = mu + tau * p.sample("xi", Normal(0, sd: 1))
      p.observe("y", Normal(theta, sd: sigma[j]), y[j])
      return theta
    }
    return (mu, tau, theta)
  }
}
