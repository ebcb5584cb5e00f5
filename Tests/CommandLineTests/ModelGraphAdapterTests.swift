import CommandLine
import Credence
import Reporting
import Testing

/// A hierarchy with everything that a graph shows: data of all kinds, plates within plates, a discrete site that is summed out, an output.
private struct Hierarchy: ModelWithExample {
  let y: Tensor
  let sigma: Tensor
  let scale: Double
  let n: Int
  static let summary = "a hierarchy"
  static var example: Hierarchy { Hierarchy(y: [1, 2, 4], sigma: [1, 2, 3], scale: 2.5, n: 3) }

  func body(_ p: Program) throws -> (tau: Tensor, twice: Tensor) {
    let mu = p.sample("mu", Normal(0, sd: scale))
    let tau = p.sample("tau", HalfNormal(sd: 1))
    let z = p.sample("z", Bernoulli(probability: 0.5))
    p.plate("groups", n) { j in
      let theta = p.sample("theta", Normal(mu, sd: tau))
      p.observe("y", Normal(theta + z, sd: sigma[j]), y[j])
    }
    return (tau, 2 * tau)
  }
}

@Suite struct ModelGraphAdapterTests {
  @Test func everySiteHasItsParents() throws {
    let graph = try AnyRunnable(Hierarchy.self).graph(data: nil)
    #expect(graph.nodes.map(\.name) == ["mu", "tau", "z", "theta", "y", "twice", "sigma", "scale"])
    let edges = graph.edges.map { "\(graph.nodes[$0.from].name) → \(graph.nodes[$0.to].name)" }
    #expect(
      Set(edges) == ["mu → theta", "tau → theta", "theta → y", "z → y", "tau → twice", "sigma → y", "scale → mu"])
    #expect(edges.count == Set(edges).count)
    #expect(graph.nodes.map(\.plates) == [[], [], [], ["groups"], ["groups"], [], ["groups"], []])
    #expect(graph.sizes == ["groups": 3])
    // The size is no constant of any density; y is the observed site itself.
    #expect(graph.notes == ["Not traced to a site: n (sizes, or what enters after being transformed)."])
    #expect(graph.nodes[4].role == .observed && graph.nodes[6].role == .data && graph.nodes[5].role == .output)
  }
}
