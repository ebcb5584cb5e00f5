// %% Can this be trusted? Calibration and criticism
// Two questions that are easily confused:
//
// 1. **Is the inference right?** Given the model, does the algorithm find the model's posterior? *Simulation-based calibration* answers it without any data of ours.
// 2. **Is the model right?** Could these data have come from it? *Posterior predictive checks* answer that, and only the data can.
//
// Both are a few lines with `predict` and `fit`.
import Credence

struct Counts: Model {
  let counts: Tensor

  func body(_ p: Program) throws -> (rate: Tensor, logRate: Tensor) {
    let rate = p.sample("rate", Gamma(shape: 4, rate: 2))
    p.plate("days", counts.count) { i in p.observe("count", Poisson(rate: rate), counts[i]) }
    return (rate, log(rate))
  }
}

// %% Simulation-based calibration
// Draw a rate from the prior, data from the model with that rate, and fit them. If the fit is right, the true rate is *just another draw of the posterior*: its rank among the posterior's draws is uniform
// (Talts and others 2018). Do it many times, and look at the histogram of ranks. `predict` gives the pairs: what the body computes and what it observes, draw by draw.
let simulations = 150
let days = 12
let pairs = try await predict(Counts(counts: Tensor.zeros([days])), draws: simulations, seed: 7)
let rates = try exp(pairs.logRate.draws).values()
let data = try pairs["count"]?.draws.values() ?? []

/// The rank of each true rate among 99 draws of its posterior.
func ranks(_ method: Method<Counts>) async throws -> [Double] {
  var ranks: [Double] = []
  for index in 0..<simulations {
    let counts = Tensor(Array(data[(index * days)..<((index + 1) * days)]))
    let posterior = try await fit(Counts(counts: counts), method, seed: UInt64(index))
    let draws = try posterior.rate.draws.values()
    // Draws of a chain depend on their neighbours: ninety-nine of them, spread out.
    let thinned = (0..<99).map { draws[$0 * draws.count / 99] }
    ranks.append(Double(thinned.count { $0 < rates[index] }))
  }
  return ranks
}

/// Twenty bins; Pearson's sum of squared deviations, which is about 19 ± 6 where the ranks are uniform.
func deviation(_ ranks: [Double]) -> Double {
  var counts = [Double](repeating: 0, count: 20)
  for rank in ranks { counts[min(Int(rank / 5), 19)] += 1 }
  let expected = Double(ranks.count) / 20
  return counts.reduce(0) { $0 + ($1 - expected) * ($1 - expected) / expected }
}

let sampler = try await ranks(.nuts(chains: 1, warmup: 300, draws: 396))
show(
  Plot("Ranks of the truth: NUTS", x: "rank among 99 draws", y: "density").histogram("", sampler, bins: 20).horizontal(
    "uniform", at: 1 / 99.0))
print("deviation of NUTS: \(deviation(sampler)), to be compared with 19 ± 6")

// %% A wrong inference, caught
// What would a defect look like? Suppose that someone halves the spread of the posterior by mistake. The ranks pile up at both ends: the truth lies outside of what was
// claimed far too often.
func tooNarrow() async throws -> [Double] {
  var ranks: [Double] = []
  for index in 0..<simulations {
    let counts = Tensor(Array(data[(index * days)..<((index + 1) * days)]))
    let posterior = try await fit(Counts(counts: counts), .laplace(draws: 99), seed: UInt64(index))
    let mean = try posterior.rate.mean.item()
    let draws = try posterior.rate.draws.values().map { mean + ($0 - mean) / 2 }
    ranks.append(Double(draws.count { $0 < rates[index] }))
  }
  return ranks
}
let wrong = try await tooNarrow()
show(
  Plot("Ranks of the truth: a posterior half as wide as it should be", x: "rank among 99 draws", y: "density").histogram(
    "", wrong, bins: 20
  ).horizontal("uniform", at: 1 / 99.0))
print("deviation: \(deviation(wrong))")

// %% A right inference of a wrong model
// Now real data: calls to a fire brigade on twelve days. The fit is fine, and says nothing about whether a Poisson distribution suits them.
let calls = Counts(counts: [0, 1, 9, 0, 2, 0, 11, 1, 0, 3, 8, 0])
let poisson = try await fit(calls, seed: 1)
show(poisson, only: ["rate"])

// %%
// A posterior predictive check does: draw new data from the posterior, and compare something about them that matters with the data. The standard deviation, say:
// for a Poisson distribution it is near the root of the mean.
func variance(_ values: ArraySlice<Double>) -> Double {
  let mean = values.reduce(0, +) / Double(values.count)
  return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
}
func check<Output>(_ title: String, _ prediction: Prediction<Output>) throws {
  let replicas = try prediction["count"]?.draws.values() ?? []
  let spread = stride(from: 0, to: replicas.count, by: days).map { variance(replicas[$0..<($0 + days)]).squareRoot() }
  let observed = variance(try calls.counts.values()[...]).squareRoot()
  var plot = Plot(title, x: "standard deviation of twelve days", y: "density").histogram("replicated", spread).vertical(
    "observed", at: observed)
  plot.xRange = 0...12
  show(plot)
  print("P(standard deviation at least as large as observed) = \(Double(spread.count { $0 >= observed }) / Double(spread.count))")
}
try check("Poisson: replicated data", try await predict(calls, from: poisson, replicates: 2, seed: 1))

// %% A better model
// Days differ. With a rate of its own for each day, drawn from a Gamma distribution, counts are negative binomial: one more number, the `dispersion`.
struct Dispersed: Model {
  let counts: Tensor

  func body(_ p: Program) throws -> (rate: Tensor, dispersion: Tensor) {
    let rate = p.sample("rate", Gamma(shape: 4, rate: 2))
    let dispersion = p.sample("dispersion", LogNormal(0, sd: 1))
    p.plate("days", counts.count) { i in
      p.observe("count", NegativeBinomial(mean: rate, dispersion: dispersion), counts[i])
    }
    return (rate, dispersion)
  }
}

let dispersed = Dispersed(counts: calls.counts)
let negativeBinomial = try await fit(dispersed, seed: 1)
show(negativeBinomial)
try check("Negative binomial: replicated data", try await predict(dispersed, from: negativeBinomial, replicates: 2, seed: 1))

// %% Which one predicts better?
// Leave one day out, fit the others, and score the day that was left out: `log p(y_i | y_{−i})`. With twelve days that is twelve short fits for each model.
func leaveOneOut<M: Model>(_ make: @Sendable (Tensor) -> M, _ score: @Sendable (Posterior<M.Output>, Double) throws -> Tensor) async throws
  -> [Double]
{
  let all = try calls.counts.values()
  var scores: [Double] = []
  for index in all.indices {
    var others = all
    others.remove(at: index)
    let posterior = try await fit(make(Tensor(others)), .nuts(chains: 2, warmup: 300, draws: 500), seed: UInt64(index))
    let densities = try score(posterior, all[index]).flattened
    scores.append(try densities.logSumExp().item() - log(Tensor(Double(densities.count))).item())
  }
  return scores
}
let first = try await leaveOneOut({ Counts(counts: $0) }) { posterior, count in
  Poisson(rate: posterior.rate.draws).logDensity(of: IntTensor(rounding: Tensor.full(posterior.rate.draws.shape, count)))
}
let other = try await leaveOneOut({ Dispersed(counts: $0) }) { posterior, count in
  NegativeBinomial(mean: posterior.rate.draws, dispersion: posterior.dispersion.draws).logDensity(
    of: IntTensor(rounding: Tensor.full(posterior.rate.draws.shape, count)))
}
let differences = zip(other, first).map { $0 - $1 }
let sum = differences.reduce(0, +)
var table = Table("model", "expected log predictive density")
table.append("Poisson", first.reduce(0, +))
table.append("negative binomial", other.reduce(0, +))
show(table)
print("difference \(sum) ± \((variance(differences[...]) * 12).squareRoot())")
