import Foundation
import Reporting
import Testing

@Suite struct ModelGraphTests {
  private let schools = ModelGraph(
    model: "eight \"schools\"",
    nodes: [
      .init(name: "mu", role: .latent, law: "Normal", plates: []), .init(name: "tau", role: .latent, law: "HalfCauchy", plates: []),
      .init(name: "theta", role: .latent, law: "Normal", plates: ["schools"]),
      .init(name: "y", role: .observed, law: "Normal", plates: ["schools"]),
      .init(name: "sigma", role: .data, law: "[8]", plates: ["schools"]), .init(name: "a<b", role: .output, law: "", plates: []),
    ], edges: [.init(from: 0, to: 2), .init(from: 1, to: 2), .init(from: 2, to: 3), .init(from: 4, to: 3), .init(from: 1, to: 5)],
    sizes: ["schools": 8],
    notes: ["A note."])

  @Test func dot() {
    let lines = schools.dot.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    #expect(lines.first == "digraph \"eight \\\"schools\\\"\" {" && lines.last == "}")
    #expect(lines.contains("label=\"schools: 8\"; labeljust=r; labelloc=b; style=rounded;"))
    #expect(lines.contains("n3 [label=\"y\\nNormal\", style=filled, fillcolor=\"#d4d8dd\"];"))
    #expect(lines.filter { $0.contains("->") } == ["n0 -> n2;", "n1 -> n2;", "n2 -> n3;", "n4 -> n3;", "n1 -> n5;"])
    #expect(schools.dot.filter { $0 == "{" }.count == schools.dot.filter { $0 == "}" }.count)
  }

  private struct Place {
    var x, y, width, height: Double
    init?(_ attributes: [String: String]) {
      guard let x = attributes["x"].flatMap(Double.init), let y = attributes["y"].flatMap(Double.init),
        let width = attributes["width"].flatMap(Double.init), let height = attributes["height"].flatMap(Double.init)
      else { return nil }
      (self.x, self.y, self.width, self.height) = (x, y, width, height)
    }
    func holds(_ other: Place) -> Bool {
      x <= other.x && y <= other.y && x + width >= other.x + other.width && y + height >= other.y + other.height
    }
    func touches(_ other: Place) -> Bool {
      x < other.x + other.width && other.x < x + width && y < other.y + other.height && other.y < y + height
    }
  }

  private func places(_ svg: String, _ kind: String) throws -> [Place] {
    try #require(MarkupReader.read(svg)).elements.filter { $0.attributes["class"]?.hasPrefix(kind) ?? false }.compactMap {
      Place($0.attributes)
    }
  }

  /// Plates hold their nodes and no others, and nothing lies on anything else.
  @Test func drawing() throws {
    let svg = schools.drawing.svg
    let nodes = try places(svg, "node")
    let plates = try places(svg, "plate")
    #expect(nodes.count == 6 && plates.count == 1)
    #expect(nodes.indices.map { plates[0].holds(nodes[$0]) } == [false, false, true, true, true, false])
    #expect(nodes.indices.map { plates[0].touches(nodes[$0]) } == [false, false, true, true, true, false])
    for (index, node) in nodes.enumerated() { #expect(!nodes.dropFirst(index + 1).contains { node.touches($0) }) }
    for edge in schools.edges { #expect(nodes[edge.from].y + nodes[edge.from].height < nodes[edge.to].y) }
    #expect(svg.contains("a&lt;b") && schools.drawing.description.hasSuffix("A note."))
    #expect(MarkupReader.read(schools.drawing.inline) != nil)
  }

  @Test func nestedPlatesAndManyNodes() throws {
    var graph = ModelGraph(model: "m", nodes: [], edges: [], sizes: [:])
    #expect(MarkupReader.read(graph.drawing.svg) != nil && graph.dot.hasSuffix("}\n"))
    let paths = [[], ["a"], ["a", "b"], ["c"], ["a", "b"], ["b"]]
    for k in 0..<60 { graph.nodes.append(.init(name: "site \(k)", role: .latent, law: "Normal", plates: paths[k % 6])) }
    for k in 1..<60 { graph.edges.append(.init(from: (k * 7 + 3) % k, to: k)) }
    // A site that goes on from itself.
    graph.edges.append(.init(from: 3, to: 3))
    let nodes = try places(graph.drawing.svg, "node")
    let plates = try places(graph.drawing.svg, "plate")
    #expect(nodes.count == 60 && plates.count == 4)
    for (index, node) in nodes.enumerated() { #expect(!nodes.dropFirst(index + 1).contains { node.touches($0) }) }
    for (index, plate) in plates.enumerated() {
      #expect(plates.dropFirst(index + 1).allSatisfy { !plate.touches($0) || plate.holds($0) || $0.holds(plate) })
      // Each node is in a plate or clear of it.
      #expect(nodes.allSatisfy { plate.holds($0) || !plate.touches($0) })
    }
    for k in 60..<500 { graph.nodes.append(.init(name: "site \(k)", role: .latent, law: "", plates: [])) }
    #expect(graph.drawing.description.contains("The first 200 of 500 nodes are shown"))
    #expect(graph.dot.contains("n499 ["))
  }
}
