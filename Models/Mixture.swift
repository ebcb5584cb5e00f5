import Credence

/// A mixture of K normals with ordered means; which of them an observation came from is summed out.
struct Mixture: Model {
  let y: Tensor
  /// K.
  let components: Int

  enum CodingKeys: String, CodingKey {
    case y
    case components = "K"
  }

  static let summary = "mixture of normals with ordered means, labels summed out"

  func body(_ p: Program) throws -> (w: Tensor, mu: Tensor, sigma: Tensor) {
    let w = p.sample("w", Dirichlet(count: components, concentration: 2))
    let mu = p.sample("mu", Normal(0, sd: 10).ordered(count: components))
    let sigma = p.sample("sigma", HalfNormal(sd: 2).repeated(components))
    p.plate("observations", y.count) { n in
      p.factor("y", (log(w) + Normal(mu, sd: sigma).logDensity(of: y[n])).logSumExp(axis: 0))
    }
    return (w, mu, sigma)
  }
}
