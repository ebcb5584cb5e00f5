import Differentiation
import Distributions
import Foundation
import Modeling
import Networks
import Testing

/// A stochastic volatility in short: latent states along a sequence, recorded once.
private struct Walk: Model {
  let y: Tensor
  func body(_ p: Program) throws -> (phi: Tensor, h: Tensor, last: Tensor) {
    let phi = p.sample("phi", Uniform(-1, 1))
    let (last, h) = p.each("t", over: y, from: 0) { h, y in
      let next = p.sample("h", Normal(phi * h, sd: 0.3))
      p.observe("y", Normal(0, sd: exp(next / 2)), y)
      return (next, next)
    }
    return (phi, h, last)
  }
}

/// The same with the steps written out.
private struct Unrolled: Model {
  let y: Tensor
  func body(_ p: Program) throws {
    let phi = p.sample("phi", Uniform(-1, 1))
    var h: Tensor = 0
    p.each("t", y.count) { t in
      h = p.sample("h", Normal(phi * h, sd: 0.3))
      p.observe("y", Normal(0, sd: exp(h / 2)), y[t])
    }
  }
}

/// A sequence for each element of a plate, with positive vectors as states.
private struct Panel: Model {
  let y: Tensor  // [units, T]
  func body(_ p: Program) throws -> Tensor {
    p.plate("units", y.shape[0]) { i in
      let series = y[i]
      let (last, _) = p.each("t", over: series, from: 1) { s, y in
        let next = p.sample("s", LogNormal(log(s), sd: Tensor([0.1, 0.2])))
        p.observe("y", Normal(next.sum(), sd: 0.5), y)
        return (next, next)
      }
      return last
    }
  }
}

private struct Inside: Model {
  let y: Tensor
  func body(_ p: Program) throws {
    p.each("t", over: y, from: 0) { c, y in
      _ = p.each("u", over: self.y, from: 0) { c, y in (c, y) }
      p.output("o", c)
      return (c + p.parameter("w", 1), y)
    }
  }
}

@Suite struct SequenceTests {
  private let y: Tensor = [0.3, -0.2, 0.9, 0.1]

  @Test func aSequenceEqualsItsStepsWrittenOut() throws {
    let probe = try DensityProbe(Walk(y: y))
    let unrolled = try DensityProbe(Unrolled(y: y))
    #expect(
      probe.compiled.coordinateNames == ["phi", "h[0]", "h[1]", "h[2]", "h[3]"].map { $0.replacingOccurrences(of: "h[", with: "t.h[") })
    let u = point(5)
    #expect(isClose(probe.value(u), unrolled.value(u)))
    #expect(zip(probe.both(u).gradient, unrolled.both(u).gradient).allSatisfy { isClose($0, $1, 1e-11) })
    let variables = try probe.variables(u)
    #expect(variables["t.h"] == Array(u[1...]))
    #expect(variables["last"] == [u[4]])
  }

  @Test func sequencesStandInPlates() throws {
    let y = [[2.0, 2.5, 1.5], [1, 1.2, 0.8]]
    let probe = try DensityProbe(Panel(y: Tensor(y)))
    #expect(probe.compiled.recorded.sites[0].outsideShape == [2, 3, 2])
    #expect(probe.compiled.coordinateNames[4] == "t.s[0,2,0]")
    let u = point(12).map { 0.3 * $0 }
    var expected = 0.0
    for i in 0..<2 {
      for t in 0..<3 {
        for k in 0..<2 {
          let before = t == 0 ? 0 : u[6 * i + 2 * (t - 1) + k]
          expected += normalLog(u[6 * i + 2 * t + k], before, [0.1, 0.2][k])
        }
        expected += normalLog(y[i][t], exp(u[6 * i + 2 * t]) + exp(u[6 * i + 2 * t + 1]), 0.5)
      }
    }
    #expect(isClose(probe.value(u), expected, 1e-11))
    #expect(probe.gradientError(u) < 1e-7)
    let states = try #require(try probe.variables(u)["t.s"])
    #expect(zip(states, u).allSatisfy { isClose($0, exp($1)) })
  }

  @Test func sequencesTakeValuesFromOutside() throws {
    let probe = try DensityProbe(condition(Walk(y: y), ["t.h": [0.1, 0.2, 0.3, 0.4]]))
    let whole = try DensityProbe(Walk(y: y))
    #expect(isClose(probe.value([0.7]), whole.value([0.7, 0.1, 0.2, 0.3, 0.4])))
  }

  @Test func whatHasNoPlaceInAStepIsReported() {
    #expect(
      problems(Inside(y: y)) == [
        "SequenceTests.swift:55: sequence \"u\" is opened inside the steps of \"t\"; write the inner one with scan(over:from:_:)",
        "SequenceTests.swift:56: site \"t.o\": an output inside the steps of \"t\" has no place; return it as a result of the step",
        "SequenceTests.swift:57: site \"t.w\": a parameter inside the steps of \"t\" would belong to each of them; make it before the sequence",
      ])
  }
}

/// A variational autoencoder in small: networks in the model and in the guide, local latent variables, minibatches.
private struct Autoencoder: Model {
  let images: Tensor  // [n, 6]
  func body(_ p: Program) throws {
    let decoder = Perceptron(p, "decoder", sizes: [2, 5, 6], seed: 1)
    p.plate("images", images.shape[0]) { i in
      let z = p.sample("z", Normal(Tensor.zeros([2]), sd: 1))
      p.observe("pixels", Bernoulli(logits: decoder(z)), images[i])
    }
  }
}

@Suite struct NetworkTests {
  @Test func aPerceptronIsItsFormula() throws {
    let layer = Dense(weights: [[1, 2], [3, 4]], bias: [0.5, -20], activation: .relu)
    #expect(try layer([1, 1]).values() == [4.5, 0])
    #expect(try Perceptron(layers: [layer, layer])([1, 1]).values() == [5, 0])
  }

  @Test func anAutoencoderHasABoundWithAGradient() throws {
    let images = Tensor((0..<48).map { ($0 * 7) % 5 < 2 ? 1.0 : 0.0 }, shape: [8, 6])
    let guided = try GuidedModel(
      Autoencoder(images: images),
      guide: { q, data in
        let encoder = Perceptron(q, "encoder", sizes: [6, 4, 4], seed: 2)
        q.plate("images", data.images.shape[0]) { i in
          let code = encoder(data.images[i])
          q.sample("z", Normal(code[0..<2], sd: exp(code[2..<4])), gradient: .pathwise)
        }
      }, minibatch: ["images": 4])
    #expect(guided.blocks.count == 8)
    #expect(guided.parameterCount == 6 * 4 + 4 + 4 * 4 + 4 + 2 * 5 + 5 + 5 * 6 + 6)
    let objective = try GuidedObjective(guided, seed: 1)
    var value = 0.0
    var gradient = guided.initial
    objective.evaluate(parameters: guided.initial, step: 0, value: &value, gradient: &gradient)
    #expect(value.isFinite)
    // All data were tested when they were recorded, so a step does not ask again whether its pictures are whole numbers.
    #expect(!Node.reachable(from: [guided.logJoint]).contains { $0.operation.name == "floor" })
    var worst = 0.0
    for k in stride(from: 0, to: guided.parameterCount, by: 7) {
      var ignored = gradient
      var (above, below) = (guided.initial, guided.initial)
      above[k] += 1e-5
      below[k] -= 1e-5
      var (high, low) = (0.0, 0.0)
      objective.evaluate(parameters: above, step: 0, value: &high, gradient: &ignored)
      objective.evaluate(parameters: below, step: 0, value: &low, gradient: &ignored)
      worst = max(worst, Swift.abs((high - low) / 2e-5 - gradient[k]) / (1 + Swift.abs(gradient[k])))
    }
    #expect(worst < 1e-7)
  }
}
