import Foundation
import Inference
import Reporting
import Testing

/// Draws with every kind of number and shape.
private func example() -> (draws: DrawSet, groups: DrawGroups) {
  func values(_ chains: Int, _ count: Int, _ offset: Double) -> [[Double]] {
    (0..<chains).map { chain -> [Double] in
      (0..<count).map { k -> Double in pow(Double(-1.7), Double(k % 40 - 20)) * (Double(chain) + offset) / 3 }
    }
  }
  var set = DrawSet(
    chains: 2, drawsPerChain: 5,
    variables: [
      VariableDraws(
        name: "tau", kind: .latent, shape: [],
        values: [[0.1, -0.0, 0.3 * .leastNormalMagnitude, .leastNonzeroMagnitude, .greatestFiniteMagnitude], [1, 2, 3, 4, 5]]),
      VariableDraws(name: "group.theta", kind: .latent, shape: [3], values: values(2, 15, 0.3)),
      VariableDraws(name: "L", kind: .latent, shape: [2, 3], values: values(2, 30, 0.7)),
    ],
    sampleStats: [
      "lp": values(2, 5, 2), "tree_depth": [[1, 2, 3, 4, 5], [5, 4, 3, 2, 1]], "diverging": [[0, 0, 1, 0, 0], [0, 1, 0, 0, 0]],
    ])
  set.sampleStats["perf_counter"] = values(2, 5, 4)
  var groups = DrawGroups()
  groups.logLikelihood = [VariableDraws(name: "y", kind: .output, shape: [2], values: values(2, 10, 1.1))]
  groups.logPrior = [VariableDraws(name: "tau", kind: .output, shape: [], values: values(2, 5, 1.3))]
  groups.posteriorPredictive = [VariableDraws(name: "y", kind: .predictive, shape: [2], values: values(2, 10, 1.9))]
  groups.observedData = [.init(name: "y", shape: [2], values: [0.25, -3])]
  return (set, groups)
}

/// Equal to the last bit.
private func isEqual(_ a: [VariableDraws], _ b: [VariableDraws]) -> Bool {
  func bits(_ variable: VariableDraws) -> [[UInt64]] { variable.values.map { chain in chain.map(\.bitPattern) } }
  guard a.map(\.name) == b.map(\.name), a.map(\.shape) == b.map(\.shape) else { return false }
  return a.map(bits) == b.map(bits)
}

@Suite("Draws in the formats of others")
struct ExchangeTests {
  @Test("ArviZ's JSON keeps every group and every bit")
  func arviz() throws {
    let (draws, groups) = example()
    let root = try JSONReader.parse(DrawsJSON.encode(draws, groups))
    let back = try DrawsJSON.decode(root)
    let others = try DrawsJSON.groups(root, like: back)
    #expect(isEqual(back.variables, draws.variables))
    #expect(back.sampleStats == draws.sampleStats)
    #expect(isEqual(others.logLikelihood, groups.logLikelihood) && isEqual(others.logPrior, groups.logPrior))
    #expect(isEqual(others.posteriorPredictive, groups.posteriorPredictive))
    #expect(others.observedData == groups.observedData)
  }

  @Test("posteriordb's JSON keeps the draws: names from 1, the first index fastest")
  func posteriordb() throws {
    let (draws, _) = example()
    let bytes = PosteriordbJSON.encode(draws)
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(text.contains(#""L[1,1]":"#) && text.contains(#""L[2,3]":"#))
    let (first, second) = (try #require(text.range(of: "L[2,1]")), try #require(text.range(of: "L[1,2]")))
    #expect(first.lowerBound < second.lowerBound)
    let root = try JSONReader.parse(bytes)
    #expect(PosteriordbJSON.recognizes(root))
    let back = try PosteriordbJSON.decode(root)
    #expect(isEqual(back.variables, draws.variables))
    #expect(back.chains == 2 && back.drawsPerChain == 5)
  }

  @Test("What is no such list is refused in a sentence")
  func wrong() throws {
    func message(_ text: String) throws -> String {
      do {
        _ = try PosteriordbJSON.decode(JSONReader.parse(Data(text.utf8)))
        return ""
      } catch let error as DataError {
        return "\(error.keyPath): \(error.reason)"
      }
    }
    #expect(try message("[]") == ": expected a list of chains")
    #expect(try message(#"[{"a": [1, 2], "b": [1]}]"#) == "[0].b: expected 2 draws as in the first name, found 1")
    #expect(try message(#"[{"a[1]": [1, 2], "a[3]": [1, 2]}]"#) == "a: expected a column for each element of the shape [3], found 2")
    #expect(try message(#"[{"a": [1, 2]}, {"a": [1]}]"#) == "[1]: it has 1 draws where the first chain has 2")
    #expect(try message(#"[{"a": [1, 2]}, {"b": [1, 2]}]"#) == "[1]: its variables are not those of the first chain")
    #expect(try message(#"[{"a": 1}]"#) == "[0].a: expected a list of numbers")
  }

  @Test("The colon of a column is the point of a site's name, and points before whole numbers are indices")
  func columns() throws {
    let draws = try DrawsCSV.decode(Data("lp__,group:theta.1,group:theta.2,z:probability,a.b\n1,2,3,4,5\n".utf8))
    #expect(draws.variables.map(\.name) == ["group.theta", "z.probability", "a.b"])
    #expect(draws.variables.map(\.shape) == [[2], [], []])
    #expect(draws.variables.map(\.values) == [[[2, 3]], [[4]], [[5]]])
  }

  @Test("Names that would be read back as something else are refused")
  func names() {
    let set = DrawSet(
      chains: 1, drawsPerChain: 1,
      variables: ["a,b", "a:b", "lp__", "fine"].map { VariableDraws(name: $0, kind: .latent, shape: [], values: [[1]]) }, sampleStats: [:])
    #expect(
      DrawsCSV.unwritable(set, DrawGroups()) == [
        "\"a,b\" cannot be the name of a column in CSV.",
        "the colon in \"a:b\" stands for a point in CmdStan's columns: rename the variable.",
        "\"lp__\" ends like a statistic of the sampler in CmdStan's columns: rename the variable.",
      ])
  }
}
