import Credence

/// A mixture of two normals with ordered means; which of them an observation came from is summed out.
struct TwoNormals: Model {
  let y: Tensor

  static let name = "low_dim_gauss_mix-low_dim_gauss_mix"
  static let summary = "mixture of two normals, labels summed out"

  func body(_ p: Program) throws -> (mu: Tensor, sigma: Tensor, theta: Tensor) {
    let mu = p.sample("mu", Normal(0, sd: 2).ordered(count: 2))
    let sigma = p.sample("sigma", HalfNormal(sd: 2).repeated(2))
    let theta = p.sample("theta", Beta(5, 5))
    p.plate("observations", y.count) { n in
      let densities = Normal(mu, sd: sigma).logDensity(of: y[n])
      p.factor("y", logAddExp(log(theta) + densities[0], log1p(-theta) + densities[1]))
    }
    return (mu, sigma, theta)
  }
}
