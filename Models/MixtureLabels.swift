import Credence

/// A mixture of two normals with ordered means, written with the label of each observation.
///
/// The labels are summed out: the posterior of everything else is that of `low_dim_gauss_mix-low_dim_gauss_mix`, which has the sum written out.
/// With the data that ship with it: means −2.7 and 2.9, sds 1.0 and 1.0, and labels that are certain for nearly all observations.
struct MixtureLabels: Model {
  let y: Tensor

  static let summary = "mixture of two normals with the labels as sites, which are summed out"

  func body(_ p: Program) throws -> (mu: Tensor, sigma: Tensor, theta: Tensor, label: IntTensor) {
    let mu = p.sample("mu", Normal(0, sd: 2).ordered(count: 2))
    let sigma = p.sample("sigma", HalfNormal(sd: 2).repeated(2))
    let theta = p.sample("theta", Beta(5, 5))
    let label = p.plate("observations", y.count) { n in
      let label = p.sample("label", Bernoulli(probability: 1 - theta))
      p.observe("y", Normal(mu[label], sd: sigma[label]), y[n])
      return label
    }
    return (mu, sigma, theta, label)
  }
}
