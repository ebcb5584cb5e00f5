import Credence

/// A model whose body branches on a drawn number: above the threshold the observations have heavy tails, below it they are normal. The
/// number is read out of the graph, so the body is re-executed for each point.
struct Branching: ModelWithExample {
  let y: Tensor
  let threshold: Double

  static let summary = "branches on a drawn value (re-execution)"
  static var example: Branching { Branching(y: [0.3, 1.9, 0.7, -0.2, 1.1, 5.2, 0.4, 0.8], threshold: 0.5) }

  func body(_ p: Program) throws -> (z: Tensor, mu: Tensor, sigma: Tensor) {
    let z = p.sample("z", Normal(0, sd: 1))
    let mu = p.sample("mu", Normal(0, sd: 5))
    let sigma = p.sample("sigma", HalfNormal(sd: 2))
    let hasHeavyTails = try z.item() > threshold
    p.plate("observations", y.count) { n in
      if hasHeavyTails {
        p.observe("y", StudentT(df: 3, mu, scale: sigma), y[n])
      } else {
        p.observe("y", Normal(mu, sd: sigma), y[n])
      }
    }
    return (z, mu, sigma)
  }
}
