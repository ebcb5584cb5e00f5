import Differentiation
import Distributions
import Foundation
import Inference
import Kernels
import Modeling
import Testing

/// Ishigami and Homma (1990): sin x₁ + a sin² x₂ + b x₃⁴ sin x₁ with inputs uniform in ±π.
private struct Ishigami: Model {
  let a, b: Double
  func body(_ p: Program) throws -> (y: Tensor, none: Tensor) {
    let x1 = p.sample("x1", Uniform(-Double.pi, Double.pi))
    let x2 = p.sample("x2", Uniform(-Double.pi, Double.pi))
    let x3 = p.sample("x3", Uniform(-Double.pi, Double.pi))
    return (sin(x1) + a * square(sin(x2)) + b * square(square(x3)) * sin(x1), 0 * x1 + 1)
  }
}

/// Sobol's g-function, Π (|4xᵢ − 2| + aᵢ)/(1 + aᵢ), inputs in one plate.
private struct GFunction: Model {
  let a: Tensor
  func body(_ p: Program) throws -> (y: Tensor, x: Tensor) {
    let x = p.plate("inputs", a.count) { _ in p.sample("x", Uniform(0, 1)) }
    return (exp(log((abs(4 * x - 2) + a) / (1 + a)).sum()), x)
  }
}

/// Two inputs that depend on each other and one that does not.
private struct Grouped: Model {
  func body(_ p: Program) throws -> (y: Tensor, theta: Tensor) {
    let mu = p.sample("mu", Normal(0, sd: 1))
    let theta = p.sample("theta", Normal(mu, sd: 1))
    let z = p.sample("z", Normal(0, sd: 2))
    return (theta + z, theta)
  }
}

/// A noisy sum of two latents, which come from draws.
private struct NoisySum: Model {
  let y: Tensor
  func body(_ p: Program) throws -> Tensor {
    let a = p.sample("a", Normal(0, sd: 10))
    let b = p.sample("b", Normal(0, sd: 10))
    p.observe("y", Normal(a + b, sd: 1), y)
    p.observe("t", StudentT(df: 10, a + b, scale: 1), y)
    return a + b
  }
}

/// Draws of two correlated standard normals, in one chain.
private func correlatedDraws(_ count: Int, _ rho: Double) -> DrawSet {
  var stream = RandomStream(at: RandomAddress(seed: 5, purpose: 77))
  let pairs = (0..<count).map { _ -> (Double, Double) in
    let x = stream.nextNormal()
    return (x, rho * x + (1 - rho * rho).squareRoot() * stream.nextNormal())
  }
  return DrawSet(
    chains: 1, drawsPerChain: count,
    variables: [
      VariableDraws(name: "a", kind: .latent, shape: [], values: [pairs.map(\.0)]),
      VariableDraws(name: "b", kind: .latent, shape: [], values: [pairs.map(\.1)]),
    ], sampleStats: [:])
}

/// Within four standard errors: one number in 16 000 fails by chance.
private func agrees(_ value: Tensor, _ error: Tensor, _ exact: Double, within bound: Double) throws -> Bool {
  let (v, e) = (try value.item(), try error.item())
  return abs(v - exact) <= 4 * e + 1e-12 && e < bound
}

@Suite struct PredictShareTests {
  @Test func ishigami() async throws {
    let prediction = try await predict(Ishigami(a: 7, b: 0.1), draws: 40_000, seed: 3)
    let y = prediction.y
    let (a, b) = (7.0, 0.1)
    let variance = 0.5 + a * a / 8 + b * pow(.pi, 4) / 5 + b * b * pow(.pi, 8) / 18
    #expect(try agrees(y.mean, y.mcse, a / 2, within: 0.02))
    // The standard error of a variance, √((μ₄ − V²)/n), with the fourth central moment by quadrature.
    let error = ((672.1423752244913 - variance * variance) / 40_000).squareRoot()
    #expect(try agrees(y.epistemic, y.epistemicError, variance, within: 1.05 * error))
    #expect(try y.epistemicError.item() > 0.95 * error)
    #expect(try y.aleatoric.item() == 0 && y.aleatoricError.item() == 0)
    let first = [0.5 * pow(1 + b * pow(.pi, 4) / 5, 2), a * a / 8, 0].map { $0 / variance }
    let interaction = 8 * b * b * pow(.pi, 8) / 225 / variance
    let total = [first[0] + interaction, first[1], interaction]
    // The numbers of the literature.
    #expect(zip(first, [0.3139, 0.4424, 0]).allSatisfy { abs($0 - $1) < 5e-5 })
    #expect(zip(total, [0.5576, 0.4424, 0.2437]).allSatisfy { abs($0 - $1) < 5e-5 })
    #expect(y.shares.map(\.input) == ["x1", "x2", "x3"])
    for (share, (s, t)) in zip(y.shares, zip(first, total)) {
      #expect(!share.isGivenData)
      #expect(try agrees(share.first, share.firstError, s, within: 0.015), "\(share.input): \(share.first) ± \(share.firstError), not \(s)")
      #expect(try agrees(#require(share.total), #require(share.totalError), t, within: 0.015), "\(share.input), total \(t)")
    }
    // What does not vary has no shares.
    #expect(try prediction.none.shares.allSatisfy { try $0.first.item().isNaN })
  }

  @Test func theGFunctionIsTakenApartByElement() async throws {
    let a = [0, 1, 4.5, 9, 99, 99]
    let y = try await predict(GFunction(a: Tensor(a)), draws: 20_000, seed: 8).y
    let own = a.map { 1 / (3 * (1 + $0) * (1 + $0)) }
    let product = own.reduce(1) { $0 * (1 + $1) }
    #expect(try agrees(y.epistemic, y.epistemicError, product - 1, within: 0.02))
    #expect(y.shares.map(\.input) == a.indices.map { "x[\($0)]" })
    for (share, v) in zip(y.shares, own) {
      #expect(try agrees(share.first, share.firstError, v / (product - 1), within: 0.03), "\(share.input)")
      let total = v * product / (1 + v) / (product - 1)
      #expect(try agrees(#require(share.total), #require(share.totalError), total, within: 0.03), "\(share.input)")
    }
  }

  @Test func inputsThatDependOnOneAnotherAreOneGroup() async throws {
    let y = try await predict(Grouped(), draws: 20_000, seed: 2).y
    #expect(y.shares.map(\.input) == ["mu + theta", "z"])
    for (share, exact) in zip(y.shares, [1.0 / 3, 2.0 / 3]) {
      #expect(try agrees(share.first, share.firstError, exact, within: 0.03))
      #expect(try agrees(#require(share.total), #require(share.totalError), exact, within: 0.03))
    }
  }

  @Test(arguments: [0, 0.6, -0.4]) func sharesOfDependentDraws(rho: Double) async throws {
    var configuration = PredictionConfiguration()
    configuration.hasIndependentDraws = true
    let prediction = try await predict(
      NoisySum(y: 0), .draws(correlatedDraws(8000, rho), independent: nil), configuration, threads: 1)
    let sum = 2 + 2 * rho
    for (name, noise) in [("result", 0.0), ("y", 1), ("t", 1.25)] {
      let variable = try #require(prediction[name])
      #expect(variable.shares.map(\.input) == ["a", "b"])
      for share in variable.shares {
        #expect(share.isGivenData)
        // E Var[a + b | b] / Var y: what is left of a when b is known. Copulas are exact for normal draws.
        let own = (1 - rho * rho) / (sum + noise)
        let (total, error) = (try #require(share.total), try #require(share.totalError))
        #expect(try agrees(total, error, own, within: 0.03), "\(name), \(share.input): total \(total) ± \(error), not \(own)")
        // Cov(a + b, a)²/Var y.
        let exact = (1 + rho) * (1 + rho) / (sum + noise)
        #expect(try agrees(share.first, share.firstError, exact, within: 0.04), "\(name), \(share.input): \(share.first), not \(exact)")
      }
      #expect(try agrees(variable.aleatoric, variable.aleatoricError, noise, within: 1e-9))
      #expect(try agrees(variable.epistemic, variable.epistemicError, sum, within: 0.1))
    }
  }

  /// Inputs said to be independent: the noise is known in closed form and counts in the variance only.
  @Test func noiseCountsInTheVariance() async throws {
    var configuration = PredictionConfiguration()
    configuration.hasIndependentDraws = true
    let inputs = ["a", "b"].map { IndependentInput(name: $0, parts: [($0, nil)]) }
    let prediction = try await predict(
      NoisySum(y: 0), .draws(correlatedDraws(20_000, 0), independent: inputs), configuration, threads: 2)
    for share in try #require(prediction["y"]).shares {
      #expect(try agrees(share.first, share.firstError, 1.0 / 3, within: 0.03))
      #expect(try agrees(#require(share.total), #require(share.totalError), 1.0 / 3, within: 0.03))
    }
  }
}
