import Differentiation
import Distributions
import Foundation
import Modeling
import Testing

/// Each element chooses one of its own values by its own index.
private struct OwnTable: Model {
  let index: IntTensor
  func body(_ p: Program) throws {
    p.plate("n", 3) { j in
      let w = p.sample("w", Normal(Tensor.zeros([2]), sd: 1))
      p.factor("chosen", 2 * w[index[j]])
    }
  }
}

/// Indices that are computed: where w is positive, table entry 1, else 0.
private struct ComputedIndex: Model {
  let table: Tensor  // [3, 2]
  func body(_ p: Program) throws -> Tensor {
    p.plate("n", 3) { j in
      let w = p.sample("w", Normal(0, sd: 1))
      return table[j][IntTensor(rounding: w .> 0)]
    }
  }
}

/// Derivatives, products and solves for each element of a plate.
private struct Elementwise: Model {
  func body(_ p: Program) throws -> (slope: Tensor, quadratic: Tensor, custom: Tensor) {
    let scale = p.sample("scale", Normal(0, sd: 1))
    let (slope, quadratic, custom) = p.plate("n", 2) { _ in
      let v = p.sample("v", Normal(Tensor.zeros([2]), sd: 1))
      let slope = gradient { x in (scale * square(x) * x).sum() }(v)
      let a = outer(v, v) + Tensor.identity(2)
      let quadratic = dot(v, solve(a, v)) + logDeterminant(a)
      let custom = Tensor.custom(Cubes(), [v, scale])[0]
      p.factor("f", quadratic + custom.sum())
      return (slope, quadratic, custom)
    }
    return (slope, quadratic, custom)
  }
}

/// (x, s) ↦ s x³, with its derivative.
private struct Cubes: CustomNode {
  var name: String { "cubes" }
  func outputShapes(_ shapes: [[Int]]) throws -> [[Int]] { [shapes[0]] }
  func evaluate(_ inputs: [[Double]]) throws -> [[Double]] { [inputs[0].map { inputs[1][0] * $0 * $0 * $0 }] }
  func vjp(inputs: [[Double]], outputs: [[Double]], cotangents: [[Double]]) throws -> [[Double]] {
    let (x, s, c) = (inputs[0], inputs[1][0], cotangents[0])
    return [zip(x, c).map { 3 * s * $0 * $0 * $1 }, [zip(x, c).reduce(0) { $0 + $1.0 * $1.0 * $1.0 * $1.1 }]]
  }
}

@Suite struct PlateTensorTests {
  @Test func anElementLooksIntoItsOwnPart() throws {
    let probe = try DensityProbe(OwnTable(index: IntTensor([1, 0, 1])))
    let u = point(6)
    let expected = u.reduce(0) { $0 + normalLog($1, 0, 1) } + 2 * (u[1] + u[2] + u[5])
    #expect(isClose(probe.value(u), expected))
    #expect(probe.gradientError(u) < 1e-7)
  }

  @Test func computedIndicesSelect() throws {
    let probe = try DensityProbe(ComputedIndex(table: Tensor([[1, 2], [3, 4], [5, 6]])))
    #expect(try probe.variables([0.5, -0.5, 2])["result"] == [2, 3, 6])
  }

  @Test func verbsAndLinearAlgebraActOnEachElement() throws {
    let probe = try DensityProbe(Elementwise())
    let u = point(5)
    let variables = try probe.variables(u)
    let slope = try #require(variables["slope"])
    #expect((0..<4).allSatisfy { isClose(slope[$0], 3 * u[0] * u[1 + $0] * u[1 + $0]) })
    let custom = try #require(variables["custom"])
    #expect((0..<4).allSatisfy { isClose(custom[$0], u[0] * pow(u[1 + $0], 3)) })
    for n in 0..<2 {
      // vᵀ(I + v vᵀ)⁻¹ v = r/(1 + r), log det = log(1 + r), r = vᵀv.
      let r = u[1 + 2 * n] * u[1 + 2 * n] + u[2 + 2 * n] * u[2 + 2 * n]
      #expect(isClose(variables["quadratic"]?[n] ?? .nan, r / (1 + r) + log(1 + r)))
    }
    #expect(probe.gradientError(u) < 1e-7)
  }
}
