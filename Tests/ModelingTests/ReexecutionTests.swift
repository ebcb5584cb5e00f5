import Differentiation
import Distributions
import Foundation
import Modeling
import Testing

/// A branch on a drawn value.
private struct Branch: Model {
  let y: Double
  func body(_ p: Program) throws -> (z: Tensor, w: Tensor) {
    let z = p.sample("z", Normal(0, sd: 1))
    let w = p.sample("w", Normal(0, sd: 1))
    if try z.item() > 0 {
      p.observe("y", Normal(z + w, sd: 0.5), y)
    } else {
      p.observe("y", Normal(-2 * z * w, sd: 0.25), y)
    }
    return (z, w)
  }
}

/// A loop whose length is read, and reads after reads.
private struct Geometric: Model {
  func body(_ p: Program) throws {
    let x = p.sample("x", Exponential(rate: 1))
    var left = try x.item()
    var k = 0
    while left > 0.5 && k < 10 {
      left = try (x - 0.5 * Double(k + 1)).item()
      k += 1
    }
    p.factor("steps", -0.1 * Double(k) * x)
  }
}

/// Swallows the signal: the flag sticks all the same.
private struct Swallowing: Model {
  func body(_ p: Program) throws -> Tensor {
    let z = p.sample("z", Normal(0, sd: 1))
    let sign: Double = ((try? z.item()) ?? 1) > 0 ? 1 : -1
    p.factor("sign", 3 * sign * z)
    return z
  }
}

/// Another latent site on one of the paths.
private struct Growing: Model {
  func body(_ p: Program) throws {
    let z = p.sample("z", Normal(0, sd: 1))
    if try z.item() > 0.5 { p.sample("extra", Normal(z, sd: 1)) }
  }
}

/// Reads only data and constants.
private struct Settled: Model {
  let y: Tensor
  func body(_ p: Program) throws {
    let n = try y.sum().item()
    let z = p.sample("z", Normal(n, sd: 1))
    p.observe("y", Normal(z, sd: 1), y)
  }
}

private struct InsidePlate: Model {
  func body(_ p: Program) throws {
    try p.plate("n", 3) { _ in
      let z = p.sample("z", Normal(0, sd: 1))
      if try z.item() > 0 { p.factor("f", z) }
    }
  }
}

@Suite struct ReexecutionTests {
  @Test func bothBranchesHaveTheirOwnDensity() throws {
    let probe = try DensityProbe(Branch(y: 1.5))
    #expect(probe.compiled.isReexecuted)
    for u in [[0.7, -0.4], [-0.7, -0.4], [0.2, 1], [-1.2, 0.3]] {
      let prior = normalLog(u[0], 0, 1) + normalLog(u[1], 0, 1)
      let expected = prior + (u[0] > 0 ? normalLog(1.5, u[0] + u[1], 0.5) : normalLog(1.5, -2 * u[0] * u[1], 0.25))
      #expect(isClose(probe.value(u), expected))
      #expect(probe.gradientError(u) < 1e-7)
      #expect(try probe.variables(u)["z"] == [u[0]])
    }
  }

  @Test func readsFollowReads() throws {
    let probe = try DensityProbe(Geometric())
    for u in [-2.0, -0.3, 0.1, 0.9, 1.3] {
      let x = exp(u)
      var left = x
      var k = 0
      while left > 0.5 && k < 10 {
        left = x - 0.5 * Double(k + 1)
        k += 1
      }
      #expect(isClose(probe.value([u]), -x + u - 0.1 * Double(k) * x))
    }
  }

  @Test func theFlagSticksThoughTheSignalIsSwallowed() throws {
    let probe = try DensityProbe(Swallowing())
    #expect(probe.compiled.isReexecuted)
    #expect(isClose(probe.value([0.4]), normalLog(0.4, 0, 1) + 1.2))
    #expect(isClose(probe.value([-0.4]), normalLog(-0.4, 0, 1) + 1.2))
  }

  @Test func lanesTakeTheirOwnPaths() throws {
    let compiled = try CompiledModel(Branch(y: 1.5))
    let probe = try DensityProbe(Branch(y: 1.5))
    let evaluator = try compiled.makeEvaluator(lanes: 2)
    var values = [0.0, 0]
    var gradients = [0.0, 0, 0, 0]
    evaluator.evaluate(positions: [0.7, -0.7, -0.4, -0.4], values: &values, gradients: &gradients)
    #expect(values == [probe.value([0.7, -0.4]), probe.value([-0.7, -0.4])])
    #expect([gradients[0], gradients[2]] == probe.both([0.7, -0.4]).gradient)
  }

  @Test func sitesMustBeTheSameOnEveryPath() {
    #expect(
      problems(Growing()) == [
        "ReexecutionTests.swift:\(Growing.line): site \"extra\": it is not sampled on every path of the body; every path must sample the same latent sites"
      ])
  }

  @Test func readingDataIsNoReading() throws {
    let probe = try DensityProbe(Settled(y: [1, 2]))
    #expect(!probe.compiled.isReexecuted)
    #expect(isClose(probe.value([2.5]), normalLog(2.5, 3, 1) + normalLog(1, 2.5, 1) + normalLog(2, 2.5, 1)))
  }

  @Test func aPlateHasNoSingleNumber() {
    #expect(
      throws: TensorError(
        "the tensor of shape [] in plate n (3) stands for every element of its plate at once, so no number can be read from it; read it outside the plate"
      )
    ) { try CompiledModel(InsidePlate()) }
  }
}

extension Growing {
  fileprivate static let line = 50
}
