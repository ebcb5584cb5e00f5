// %% A first posterior
// A coin was tossed ten times and showed heads seven times. What do we know about its bias now?
//
// Bayes' answer is a distribution: the *prior*, what we thought before, times the *likelihood* of what was seen. This notebook states both in a few
// lines of Swift, asks Credence for the posterior, and compares it with the exact one, which for a coin is known.
//
// A notebook is an ordinary Swift script. `credence notebook 01-FirstPosterior.swift` makes this page of it.
import Credence

// %% The model
// A model is a struct. Its stored properties are the **data**; its `body` states the **joint density** and returns what one wants to know.
//
// - `p.sample` is a quantity that we do not know, with its prior.
// - `p.observe` is one that was measured.
// - `p.plate` repeats for every element of the data: the body is written for one toss.
struct Coin: Model {
  let tosses: Tensor

  func body(_ p: Program) throws -> (bias: Tensor, odds: Tensor) {
    let bias = p.sample("bias", Beta(2, 2))
    p.plate("tosses", tosses.count) { i in
      p.observe("toss", Bernoulli(probability: bias), tosses[i])
    }
    return (bias, bias / (1 - bias))
  }
}

// %% The posterior
// `fit` runs the no-U-turn sampler, four chains of a thousand draws. The seed addresses every random number: run it again and every digit is the same.
let coin = Coin(tosses: [1, 1, 0, 1, 1, 0, 1, 1, 0, 1])
let posterior = try await fit(coin, .nuts(), seed: 1)
show(posterior)

// %%
// How to read the table:
//
// | column | meaning |
// |--------|---------|
// | `mean`, `sd` | of the posterior: what we believe, and how firmly |
// | `mcse` | how far the printed mean may be from the exact one, because draws are random |
// | `5 %`, `95 %` | between these lies the quantity with 90 % probability |
// | `ess` | so many independent draws would say as much |
// | `r_hat` | close to 1 where the chains agree with each other |
//
// The **verdict** sums up every check that Credence knows. `ok` means that the numbers may be used.
//
// What the body returned has a name in Swift, too, and is typed:
print("P(heads) =", try posterior.bias.mean.item(), "±", try posterior.bias.sd.item())
print("90 % of the posterior lies between", try posterior.bias.quantile(0.05).item(), "and", try posterior.bias.quantile(0.95).item())

// %% The exact answer
// With a Beta prior the posterior of a coin is a Beta again: two more for the prior, so Beta(9, 5). Distributions are values that can be asked for their density,
// so the comparison is a few lines.
let grid = (1..<100).map { Double($0) / 100 }
let exact = try exp(Beta(9, 5).logDensity(of: Tensor(grid))).values()
let prior = try exp(Beta(2, 2).logDensity(of: Tensor(grid))).values()

show(
  Plot("The bias of the coin", x: "probability of heads", y: "density")
    .histogram("draws", try posterior.bias.draws.values())
    .line("exact posterior", x: grid, y: exact)
    .line("prior", x: grid, y: prior))

// %%
// The exact mean is 9/14. The estimate should be within a few of its own standard errors:
let error = try posterior.bias.mean.item() - 9.0 / 14
print("estimate − exact = \(error), which is \(error / (try posterior.bias.mcse.item())) standard errors")

// %% What if
// A question about any function of the unknowns is a question about draws. How probable is it that the coin favours heads?
let draws = try posterior.bias.draws.values()
let share = Double(draws.count { $0 > 0.5 }) / Double(draws.count)
print("P(bias > 1/2) = \(share)")
