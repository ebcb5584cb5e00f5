// %% Writing your own
// Four things that a toolkit may lack, and how to write them: a distribution, a guide, a gradient estimator, and a piece of foreign code with its own derivative. Each is
// a few lines of ordinary Swift, and each is tested here against something that is known.
import Credence
import Foundation

// %% A distribution
// The Gompertz distribution describes times until something that ages fails: the risk begins at `r` and grows as `r exp(g x)`, so that `p(x) = r exp(g x − (r/g) (exp(g x) − 1))`. A distribution says its shapes, its support, its log density, and how to draw. It is
// *reparameterized* where a draw is a differentiable function of the parameters and of noise; conforming to `ReparameterizedDistribution` says so, and gives it
// pathwise gradients in guides.
struct Gompertz: ReparameterizedDistribution {
  static let name = "Gompertz"
  let risk: Tensor
  let growth: Tensor

  init(risk: some TensorConvertible, growth: some TensorConvertible) {
    self.risk = risk.tensor
    self.growth = growth.tensor
  }

  var batchShape: [Int] { (risk + growth).shape }
  var support: Support { .positive }

  func logDensity(inside x: Tensor) -> Tensor {
    log(risk) + growth * x - risk / growth * expm1(growth * x)
  }

  /// By inversion: P(X > x) = exp(−(r/g) (exp(g x) − 1)).
  func sample(using source: DrawSource) -> Tensor {
    let u = Uniform(Tensor.zeros(batchShape), 1).sample(using: source)
    return log1p(-growth / risk * log(u)) / growth
  }
}

// %%
// Does the density integrate to one, and do the draws follow it?
let grid = (1...400).map { Double($0) / 100 }
let density = try exp(Gompertz(risk: 0.4, growth: 1.2).logDensity(of: Tensor(grid))).values()
print("∫ p(x) dx ≈ \(density.reduce(0, +) * 0.01)")
let times = try Gompertz(risk: 0.4, growth: 1.2).draws(20_000, seed: 1).values()
show(
  Plot("Gompertz(0.4, 1.2)", x: "time", y: "density")
    .histogram("draws", times)
    .line("density", x: grid, y: density))

// %%
// In a model it is a distribution like any other. Twelve bearings, and the hours (in thousands) until each failed:
struct Bearings: Model {
  let hours: Tensor

  func body(_ p: Program) throws -> (risk: Tensor, growth: Tensor) {
    let risk = p.sample("risk", LogNormal(0, sd: 1))
    let growth = p.sample("growth", LogNormal(0, sd: 1))
    p.plate("bearings", hours.count) { i in p.observe("hours", Gompertz(risk: risk, growth: growth), hours[i]) }
    return (risk, growth)
  }
}

let bearings = Bearings(hours: [0.31, 1.22, 0.76, 1.65, 0.52, 2.11, 0.93, 1.41, 0.64, 1.08, 1.87, 0.45])
let chains = try await fit(bearings, seed: 1)
show(chains)

// %% A guide
// A guide is a closure that draws the same sites with distributions of your choice, and parameters that are to be learned. Here the growth has a gamma distribution, the risk a log-normal
// one whose location depends on the growth through one more number, so that the guide can follow a correlation.
let correlated = Guide<Bearings> { q, _ in
  let shape = q.parameter("growth.shape", 4.0, support: .positive)
  let growth = q.sample("growth", Gamma(shape: shape, rate: q.parameter("growth.rate", 4.0, support: .positive)))
  let middle = q.parameter("risk.location", 0.0) + q.parameter("risk.slope", 0.0) * growth
  q.sample("risk", LogNormal(middle, sd: q.parameter("risk.width", 0.4, support: .positive)))
}
let guided = try await fit(bearings, .vi(guide: correlated), seed: 1)
show(guided)

// %%
// The guide agrees with the chains to a tenth of a standard deviation, and yet its verdict is a caution: in its tails it is a little narrower than the posterior, as guides are that are
// judged by their own draws, and short chains that begin there have noticed.

// %% An estimator
// The gradient of an expectation `E f(x)` with `x ~ Bernoulli(σ(θ))`. The score-function estimator is `f(x) ∂log p(x)/∂θ`. As a *surrogate*: an expression whose derivative is the
// estimate. `stopGradient` holds a part fixed, and any baseline that does not depend on `x` may be subtracted from `f`. Averaged over many draws, with and without one:
let theta = Tensor(0.4)
let count = 50_000
let coins = try Bernoulli(logits: theta).draws(count, seed: 1)
let cost = square(coins.tensor - 0.45)

func estimates(baseline: Double) throws -> (mean: Double, sd: Double) {
  // For a single draw the derivative of log p by θ is x − σ(θ), so a column of draws gives a column of estimates.
  let scores = coins.tensor - logistic(theta)
  let estimate = (cost - baseline) * scores
  return (try estimate.mean().item(), try sqrt(estimate.variance(.sample)).item())
}
let surrogate = { (theta: Tensor) in
  (stopGradient(cost - 0.25) * Bernoulli(logits: theta.broadcast(to: [count])).logDensity(of: coins)).mean()
}
let p = try logistic(theta).item()
let exact = p * (1 - p) * (0.55 * 0.55 - 0.45 * 0.45)

var table = Table("estimator", "mean", "sd of one draw")
let (plain, better) = (try estimates(baseline: 0), try estimates(baseline: 0.25))
table.append("score function", plain.mean, plain.sd)
table.append("with baseline 0.25", better.mean, better.sd)
table.append("the surrogate's gradient", try gradient(of: surrogate)(theta).item())
table.append("exact", exact)
show(table)

// %% Foreign code with its own derivative
// A simulator, a solver, a table: any Swift code is a step of a graph as a `CustomNode`. It gives its value, and the product of its Jacobian with a vector from the left (`vjp`, for gradients), from
// the right (`jvp`), or both. This one finds the root `x` of Kepler's equation `x − e sin x = m` by Newton's method, and takes its derivative from the implicit function
// theorem: `dx/dm = 1/(1 − e cos x)` and `dx/de = sin x/(1 − e cos x)`. The steps of Newton's method are never differentiated.
struct Kepler: CustomNode {
  var name: String { "kepler" }

  func outputShapes(_ shapes: [[Int]]) throws -> [[Int]] { [shapes[0]] }

  func evaluate(_ inputs: [[Double]]) -> [[Double]] {
    let e = inputs[1][0]
    return [
      inputs[0].map { m in
        var x = m
        for _ in 0..<20 { x -= (x - e * Foundation.sin(x) - m) / (1 - e * Foundation.cos(x)) }
        return x
      }
    ]
  }

  func vjp(inputs: [[Double]], outputs: [[Double]], cotangents: [[Double]]) -> [[Double]] {
    let e = inputs[1][0]
    var (byM, byE) = ([Double](), 0.0)
    for (x, c) in zip(outputs[0], cotangents[0]) {
      let slope = c / (1 - e * Foundation.cos(x))
      byM.append(slope)
      byE += slope * Foundation.sin(x)
    }
    return [byM, [byE]]
  }
}

func anomaly(_ m: Tensor, _ e: Tensor) -> Tensor { Tensor.custom(Kepler(), [m, e])[0] }

// %%
// Its gradient against a difference quotient:
let days: Tensor = [0.2, 0.9, 1.7, 2.6, 3.5, 4.4, 5.3]
let total = { (e: Tensor) in anomaly(days, e).sum() }
let step = 1e-5
print("gradient   ", try gradient(of: total)(Tensor(0.3)).item())
print("difference ", (try total(Tensor(0.3 + step)).item() - total(Tensor(0.3 - step)).item()) / (2 * step))

// %%
// And in a model: the eccentricity of an orbit from seven noisy sightings, sampled with gradients that go through the solver.
struct Orbit: Model {
  let days, sightings: Tensor

  func body(_ p: Program) throws -> (eccentricity: Tensor, error: Tensor) {
    let eccentricity = p.sample("eccentricity", Beta(1, 1))
    let error = p.sample("error", HalfNormal(sd: 0.2))
    let angles = anomaly(days, eccentricity)
    p.observe("sightings", Normal(angles, sd: error), sightings)
    return (eccentricity, error)
  }
}

let orbit = try await fit(
  Orbit(days: days, sightings: [0.3, 1.2, 2.01, 2.73, 3.4, 4.14, 5.03]), .nuts(warmup: 500, draws: 500), seed: 1)
show(orbit)
