import Differentiation
import Distributions
import Foundation
import Modeling
import Testing

/// Rubin's schools: one plate.
private struct Schools: Model {
  var y: Tensor = [28, 8, -3, 7]
  var sigma: Tensor = [15, 10, 16, 11]
  func body(_ p: Program) throws -> (mu: Tensor, tau: Tensor, theta: Tensor) {
    let mu = p.sample("mu", Normal(0, sd: 5))
    let tau = p.sample("tau", HalfCauchy(scale: 5))
    let theta = p.plate("schools", y.count) { j in
      let theta = p.sample("theta", Normal(mu, sd: tau))
      p.observe("y", Normal(theta, sd: sigma[j]), y[j])
      return theta
    }
    return (mu, tau, theta)
  }
}

/// Rows and columns with effects each, and a matrix of data: nested plates, outer and inner values used together.
private struct Nested: Model {
  let y: Tensor  // [3, 2]
  func body(_ p: Program) throws -> (row: Tensor, cell: Tensor, column: Tensor) {
    let column = p.plate("columns", 2) { _ in p.sample("column", Normal(0, sd: 2)) }
    let (row, cell) = p.plate("rows", 3) { i in
      let row = p.sample("row", Normal(0, sd: 1))
      let cell = p.plate("columns", 2) { j in
        let cell = p.sample("cell", Normal(row + column[j], sd: 0.5))
        p.observe("y", Normal(cell, sd: 0.1), y[i][j])
        return cell
      }
      return (row, cell)
    }
    return (row, cell, column)
  }
}

/// A vector in each element of a plate: the flat vector has the plate leading, the graph has it trailing.
private struct Vectors: Model {
  let y: Tensor  // [3, 2]
  func body(_ p: Program) throws -> (beta: Tensor, total: Tensor) {
    let (beta, total) = p.plate("groups", 3) { g in
      let beta = p.sample("beta", Normal([1, 10], sd: [1, 2]))
      p.observe("y", Normal(beta, sd: 0.3), y[g])
      return (beta, beta.sum())
    }
    return (beta, total)
  }
}

/// Varying intercepts by an index: a gather of a plate's values inside another plate.
private struct Varying: Model {
  let county: IntTensor
  let x, y: Tensor
  func body(_ p: Program) throws -> (a: Tensor, b: Tensor) {
    let b = p.sample("b", Normal(0, sd: 1))
    let a = p.plate("counties", 3) { _ in p.sample("a", Normal(0, sd: 2)) }
    p.plate("homes", y.count) { i in
      p.observe("y", Normal(a[county[i]] + b * x[i], sd: 0.7), y[i])
    }
    return (a, b)
  }
}

/// The same with data as arrays of Swift's, and predictors as rows.
private struct VaryingArrays: Model {
  let county: [Int]
  let x: [[Double]]
  let y: [Double]
  let visits: [[Int]]
  func body(_ p: Program) throws -> (a: Tensor, b: Tensor) {
    let b = p.sample("b", Normal(0, sd: 1))
    let a = p.plate("counties", 3) { _ in p.sample("a", Normal(0, sd: 2)) }
    p.plate("homes", y.count) { i in
      p.observe("y", Normal(a[county[i]] + b * x[i][0], sd: 0.7), y[i])
      p.factor("visits", -0.1 * visits[i].tensor.sum())
    }
    return (a, b)
  }
}

/// What does not vary over a plate counts once for each element.
private struct Constant: Model {
  func body(_ p: Program) throws {
    let mu = p.sample("mu", Normal(0, sd: 1))
    p.plate("n", 5) { _ in
      p.factor("penalty", -square(mu))
      p.observe("y", Normal(mu, sd: 1), 2)
    }
  }
}

@Suite struct PlateTests {
  @Test func onePlateEqualsTheSumWrittenOut() throws {
    let probe = try DensityProbe(Schools())
    let u = point(6)
    let tau = exp(u[1])
    var expected = normalLog(u[0], 0, 5) + log(2 / (Double.pi * 5 * (1 + tau * tau / 25))) + u[1]
    for (j, (y, sigma)) in zip([28.0, 8, -3, 7], [15.0, 10, 16, 11]).enumerated() {
      expected += normalLog(u[2 + j], u[0], tau) + normalLog(y, u[2 + j], sigma)
    }
    #expect(isClose(probe.value(u), expected))
    #expect(probe.gradientError(u) < 1e-7)
    #expect(probe.compiled.coordinateNames == ["mu", "tau", "theta[0]", "theta[1]", "theta[2]", "theta[3]"])
    #expect(try probe.variables(u)["theta"] == Array(u[2...]))
  }

  @Test func keyPathsOfTheResultFindTheSites() throws {
    let recorded = try CompiledModel(Schools()).recorded
    #expect(recorded.variable(\.tau)?.name == "tau")
    #expect(recorded.variable(\.theta)?.shape == [4])
    #expect(recorded.variables.map(\.role) == [.latent, .latent, .latent])
  }

  @Test func arraysAreIndexedByAPlateAsTensorsAre() throws {
    let (x, y) = ([0.3, -1, 2, 0.5], [1.0, 2, 0, -1])
    let tensors = try DensityProbe(Varying(county: [2, 0, 0, 1], x: Tensor(x), y: Tensor(y)))
    let arrays = try DensityProbe(
      VaryingArrays(county: [2, 0, 0, 1], x: x.map { [$0, 7] }, y: y, visits: [[1, 2], [0, 1], [3, 0], [0, 0]]))
    let u = point(4)
    #expect(isClose(arrays.value(u), tensors.value(u) - 0.7))
    #expect(arrays.gradientError(u) < 1e-7)
  }

  @Test func nestedPlatesEqualTheSumWrittenOut() throws {
    let y = [[1.0, 2], [3, 4], [5, 6]]
    let probe = try DensityProbe(Nested(y: Tensor(y)))
    let u = point(2 + 3 + 6)
    let (column, row, cell) = (Array(u[0..<2]), Array(u[2..<5]), Array(u[5...]))
    var expected = column.reduce(0) { $0 + normalLog($1, 0, 2) } + row.reduce(0) { $0 + normalLog($1, 0, 1) }
    for i in 0..<3 {
      for j in 0..<2 {
        expected += normalLog(cell[2 * i + j], row[i] + column[j], 0.5) + normalLog(y[i][j], cell[2 * i + j], 0.1)
      }
    }
    #expect(isClose(probe.value(u), expected))
    #expect(probe.gradientError(u) < 1e-7)
    let site = try #require(probe.compiled.recorded.sites.first { $0.name == "cell" })
    #expect(site.plates.map(\.name) == ["rows", "columns"])
    #expect(site.outsideShape == [3, 2])
    #expect(try probe.variables(u)["cell"] == cell)
  }

  @Test func vectorsInAPlateStandRowMajorWithThePlateLeading() throws {
    let y = [[1.5, 9], [0.5, 11], [1, 10]]
    let probe = try DensityProbe(Vectors(y: Tensor(y)))
    let u = point(6)
    var expected = 0.0
    for g in 0..<3 {
      for k in 0..<2 {
        expected += normalLog(u[2 * g + k], [1, 10][k], [1, 2][k]) + normalLog(y[g][k], u[2 * g + k], 0.3)
      }
    }
    #expect(isClose(probe.value(u), expected))
    #expect(probe.gradientError(u) < 1e-7)
    let variables = try probe.variables(u)
    #expect(variables["beta"] == u)
    let total = try #require(variables["total"])
    #expect(zip(total, 0..<3).allSatisfy { isClose($0, u[2 * $1] + u[2 * $1 + 1]) })
    #expect(probe.compiled.coordinateNames[3] == "beta[1,1]")
  }

  @Test func everyLaneCountGivesTheSameBits() throws {
    let probe = try DensityProbe(Vectors(y: [[1.5, 9], [0.5, 11], [1, 10]]))
    for lanes in [2, 4, 8] {
      let evaluator = try probe.compiled.makeEvaluator(lanes: lanes)
      var positions = [Double](repeating: 0, count: 6 * lanes)
      for k in 0..<6 { for lane in 0..<lanes { positions[k * lanes + lane] = point(6)[k] + 0.1 * Double(lane) } }
      var values = [Double](repeating: 0, count: lanes)
      var gradients = positions
      evaluator.evaluate(positions: positions, values: &values, gradients: &gradients)
      for lane in 0..<lanes {
        let alone = probe.both(point(6).map { $0 + 0.1 * Double(lane) })
        #expect(values[lane].bitPattern == alone.value.bitPattern)
        #expect((0..<6).allSatisfy { gradients[$0 * lanes + lane].bitPattern == alone.gradient[$0].bitPattern })
      }
    }
  }

  @Test func gatherByAnIndexThatVariesOverThePlate() throws {
    let county = [0, 2, 2, 1, 0]
    let x = [0.1, -0.2, 0.3, 0.4, -0.5]
    let y = [1.0, 2, 3, 4, 5]
    let probe = try DensityProbe(Varying(county: IntTensor(county), x: Tensor(x), y: Tensor(y)))
    let u = point(4)
    var expected = normalLog(u[0], 0, 1) + u[1...].reduce(0) { $0 + normalLog($1, 0, 2) }
    for i in 0..<5 { expected += normalLog(y[i], u[1 + county[i]] + u[0] * x[i], 0.7) }
    #expect(isClose(probe.value(u), expected))
    #expect(probe.gradientError(u) < 1e-7)
  }

  @Test func termsThatDoNotVaryCountOnceForEachElement() throws {
    let probe = try DensityProbe(Constant())
    let expected = normalLog(0.3, 0, 1) + 5 * (normalLog(2, 0.3, 1) - 0.09)
    #expect(isClose(probe.value([0.3]), expected))
    #expect(probe.gradientError([0.3]) < 1e-7)
  }
}
