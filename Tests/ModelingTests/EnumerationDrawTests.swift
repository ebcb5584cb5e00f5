import Differentiation
import Distributions
import Foundation
import Modeling
import Testing

/// A chain in each element of a plate, and functions of its states.
private struct Visits: Model {
  let y: Tensor  // [rows, steps]
  func body(_ p: Program) throws -> (visits: Tensor, last: IntTensor, states: Tensor) {
    let rows = Tensor([[0.8, 0.2], [0.4, 0.6]])
    let shift = p.sample("shift", Normal(0, sd: 1))
    let (visits, last) = p.plate("rows", y.shape[0]) { i in
      let outcome = p.each("t", over: [y[i]], from: [Tensor(0), Tensor(0)]) { carries, parts in
        let z = p.sample("z", Categorical(probabilities: rows[IntTensor(rounding: carries[0])]))
        p.observe("y", Normal(shift * z, sd: 1), parts[0])
        return ([z.tensor, carries[1] + z.tensor], [z.tensor])
      }
      return (outcome.carries[1], IntTensor(rounding: outcome.carries[0]))
    }
    return (visits, last, visits * shift)
  }
}

@Suite struct EnumerationDrawTests {
  /// Draws of all variables at one point: by name [draw][element].
  private func draws<M: Model>(_ compiled: CompiledModel<M>, at u: [Double], count: Int) throws
    -> [String: [[Double]]]
  {
    let reader = try compiled.makeReader(lanes: 8)
    let positions = u.flatMap { [Double](repeating: $0, count: 8) }
    var values = [Double](repeating: 0, count: reader.count * 8)
    var found: [String: [[Double]]] = [:]
    for first in stride(from: 0, to: count, by: 8) {
      try reader.read(
        positions: positions, values: &values,
        random: RandomContext(seed: 11, firstChain: UInt32(first)))
      var offset = 0
      for variable in compiled.recorded.variables {
        let size = variable.shape.reduce(1, *)
        for lane in 0..<8 {
          found[variable.name, default: []].append(
            (0..<size).map { values[(offset + $0) * 8 + lane] })
        }
        offset += size
      }
    }
    return found
  }

  /// Pearson's statistic of counts, expected ones below 5 taken together, as a standard normal number (Wilson & Hilferty 1931).
  private func excess(_ counts: [[Double]: Int], _ joint: [[Double]: Double], _ total: Int)
    -> Double
  {
    var (statistic, cells, rest, restCount) = (0.0, 0, 0.0, 0)
    for (configuration, probability) in joint {
      let expected = probability * Double(total)
      let count = counts[configuration] ?? 0
      if expected < 5 {
        rest += expected
        restCount += count
      } else {
        statistic += (Double(count) - expected) * (Double(count) - expected) / expected
        cells += 1
      }
    }
    if rest >= 5 {
      statistic += (Double(restCount) - rest) * (Double(restCount) - rest) / rest
      cells += 1
    }
    let freedom = Double(max(1, cells - 1))
    let variance = 2 / (9 * freedom)
    return (cbrt(statistic / freedom) - (1 - variance)) / variance.squareRoot()
  }

  /// Above 5 once in a million graphs.
  @Test func drawsOfRandomGraphsHaveTheJointProbabilitiesOfAllConfigurations() throws {
    var seen = 0
    var sequences = 0
    for seed in 1001...1600 as ClosedRange<UInt64> where seen < 25 {
      let model = RandomGraph(seed: seed)
      let probe = try DensityProbe(model)
      guard probe.compiled.recorded.summation != nil,
        let count = BruteForce.configurations(probe.compiled), (4...96).contains(count)
      else {
        continue
      }
      seen += 1
      sequences +=
        probe.compiled.recorded.sites.contains { $0.isSummedOut && $0.sequence != nil } ? 1 : 0
      let u = point(4)
      let expected = try BruteForce(model, probe.compiled, at: u)
      let found = try draws(probe.compiled, at: u, count: 2000)
      let sites = probe.compiled.recorded.sites.filter(\.isSummedOut).map(\.name)
      let configurations = (0..<2000).map { draw in sites.flatMap { found[$0]![draw] } }
      #expect(configurations.allSatisfy { expected.joint[$0] != nil }, "seed \(seed)")
      let counts = Dictionary(configurations.map { ($0, 1) }, uniquingKeysWith: +)
      #expect(excess(counts, expected.joint, 2000) < 5, "seed \(seed)")
    }
    #expect(seen == 25 && sequences >= 8)
  }

  @Test func resultsThatDependOnSummedOutSitesAreThoseOfTheDraws() throws {
    let y = Tensor([[0.5, 1.2, -0.3, 0.8], [0, 0.1, 1.9, 1.1]])
    let compiled = try CompiledModel(Visits(y: y))
    let variables = compiled.recorded.variables.map(\.name)
    #expect(variables == ["shift", "t.z", "t.z.probability", "visits", "last", "states"])
    let found = try draws(compiled, at: [0.9], count: 800)
    for draw in 0..<800 {
      let z = found["t.z"]![draw]
      let sums = [z[..<4].reduce(0, +), z[4...].reduce(0, +)]
      #expect(found["visits"]![draw] == sums && found["last"]![draw] == [z[3], z[7]])
      #expect(found["states"]![draw] == sums.map { $0 * 0.9 })
    }
    // Frequencies are the probabilities, within 5 standard errors.
    for element in 0..<8 {
      let p = found["t.z.probability"]![0][2 * element + 1]
      let frequency = found["t.z"]!.reduce(0) { $0 + $1[element] } / 800
      #expect(abs(frequency - p) < 5 * (p * (1 - p) / 800).squareRoot())
    }
  }

  @Test func drawsDoNotDependOnTheLane() throws {
    let compiled = try CompiledModel(Visits(y: Tensor([[0.5, 1.2, -0.3, 0.8]])))
    let eight = try draws(compiled, at: [0.9], count: 8)
    let reader = try compiled.makeReader(lanes: 1)
    var values = [Double](repeating: 0, count: reader.count)
    for lane in 0..<8 {
      try reader.read(
        positions: [0.9], values: &values, random: RandomContext(seed: 11, firstChain: UInt32(lane))
      )
      #expect(values == compiled.recorded.variables.flatMap { eight[$0.name]![lane] })
    }
  }

  @Test func steadyVariablesAreThoseWithoutDraws() throws {
    let compiled = try CompiledModel(Visits(y: Tensor([[0.5, 1.2]])))
    #expect(compiled.recorded.steadyVariables.map(\.name) == ["shift", "t.z.probability"])
  }
}
