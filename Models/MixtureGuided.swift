import Credence

/// A mixture of two normals whose labels are drawn by a guide, each with log-odds of its own, instead of being summed out.
///
/// By score functions as it stands, by relaxed labels with `--estimator label=gumbel-softmax:1-0.1-2000`, exactly with
/// `--estimator label=enumeration`. With the data that ship with it all three find means −2.7 and 2.9 and sds 1.0 and 1.0, and the verdict
/// `caution`: labels that are independent of everything else make the sds of the means and scales too small, as chains on the posterior with the
/// labels summed out show. A temperature held at 0.5 is `fail`: its labels are too uncertain by up to 0.28, and its bound is off by 88 nats.
struct MixtureGuided: ModelWithGuide {
  let y: Tensor

  static let summary = "mixture of two normals, labels drawn by a guide; try --method vi --estimator label=gumbel-softmax:0.5"

  func body(_ p: Program) throws -> (mu: Tensor, sigma: Tensor, theta: Tensor) {
    let mu = p.sample("mu", Normal(0, sd: 2).repeated(2))
    let sigma = p.sample("sigma", HalfNormal(sd: 2).repeated(2))
    // The share of the second component.
    let theta = p.sample("theta", Beta(5, 5))
    p.plate("observations", y.count) { n in
      let label = p.sample("label", Bernoulli(probability: theta))
      p.observe("y", Normal(mu[label], sd: sigma[label]), y[n])
    }
    return (mu, sigma, theta)
  }

  static let guide = Guide<MixtureGuided> { q, data in
    let (location, width) = (q.parameter("location", [-1, 1]), q.parameter("width", [-3, -3]))
    q.sample("mu", Normal(location, sd: exp(width)))
    let (middle, spread) = (q.parameter("middle", [0.0, 0]), q.parameter("spread", [-3, -3]))
    q.sample("sigma", LogNormal(middle, sd: exp(spread)))
    let counts = q.parameter("counts", [20, 20], support: .positive)
    q.sample("theta", Beta(counts[0], counts[1]))
    q.plate("observations", data.y.count) { _ in
      q.sample("label", Bernoulli(logits: q.parameter("odds", 0.0)), gradient: .scoreFunction(baseline: .leaveOneOut(draws: 2)))
    }
  }
}
