// %% Writing your own
// Four things that a toolkit may lack, and how to write them: a distribution, a guide, a gradient estimator, and a piece of foreign code with its own derivative. Each is
// a few lines of ordinary Swift, and each is tested here against something that is known.
import Credence
import Foundation

// %% A distribution
// The Weibull distribution describes times until something breaks: `p(x) = (k/s) (x/s)^(k−1) exp(−(x/s)^k)`. A distribution says its shapes, its support, its log density, and how to draw. It is
// *reparameterized* where a draw is a differentiable function of the parameters and of noise; conforming to `ReparameterizedDistribution` says so, and gives it
// pathwise gradients in guides.
struct Weibull: ReparameterizedDistribution {
  static let name = "Weibull"
  let form: Tensor
  let scale: Tensor

  init(form: some TensorConvertible, scale: some TensorConvertible) {
    self.form = form.tensor
    self.scale = scale.tensor
  }

  var batchShape: [Int] { (form + scale).shape }
  var support: Support { .positive }

  func logDensity(inside x: Tensor) -> Tensor {
    let z = log(x) - log(scale)
    return log(form) - log(scale) + (form - 1) * z - exp(form * z)
  }

  /// By inversion: P(X > x) = exp(−(x/s)^k).
  func sample(using source: DrawSource) -> Tensor {
    let u = Uniform(Tensor.zeros(batchShape), 1).sample(using: source)
    return scale * exp(log(-log(u)) / form)
  }
}

// %%
// Does the density integrate to one, and do the draws follow it?
let grid = (1...400).map { Double($0) / 100 }
let density = try exp(Weibull(form: 1.7, scale: 1.2).logDensity(of: Tensor(grid))).values()
print("∫ p(x) dx ≈ \(density.reduce(0, +) * 0.01)")
let times = try Weibull(form: 1.7, scale: 1.2).draws(20_000, seed: 1).values()
show(
  Plot("Weibull(1.7, 1.2)", x: "time", y: "density")
    .histogram("draws", times)
    .line("density", x: grid, y: density))

// %%
// In a model it is a distribution like any other. Twelve bearings, and the hours (in thousands) until each failed:
struct Bearings: Model {
  let hours: Tensor

  func body(_ p: Program) throws -> (form: Tensor, scale: Tensor) {
    let form = p.sample("form", LogNormal(0, sd: 1))
    let scale = p.sample("scale", LogNormal(0, sd: 1))
    p.plate("bearings", hours.count) { i in p.observe("hours", Weibull(form: form, scale: scale), hours[i]) }
    return (form, scale)
  }
}

let bearings = Bearings(hours: [0.31, 1.22, 0.76, 1.65, 0.52, 2.11, 0.93, 1.41, 0.64, 1.08, 1.87, 0.45])
let chains = try await fit(bearings, seed: 1)
show(chains)

// %% A guide
// A guide is a closure that draws the same sites with distributions of your choice, and parameters that are to be learned. Here scale and form are log-normal, and the form depends on the
// scale through one more number, so that the guide can follow a correlation.
let correlated = Guide<Bearings> { q, _ in
  let scale = q.sample("scale", LogNormal(q.parameter("scale.location", 0.0), sd: exp(q.parameter("scale.width", -1.5))))
  let middle = q.parameter("form.location", 0.0) + q.parameter("form.slope", 0.0) * log(scale)
  q.sample("form", LogNormal(middle, sd: exp(q.parameter("form.width", -1.5))))
}
let guided = try await fit(bearings, .vi(guide: correlated), seed: 1)
show(guided)

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
