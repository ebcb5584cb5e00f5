/// A model as a picture: sites, outputs and data, plates, and which is made of which.
package struct ModelGraph: Sendable, Equatable {
  package struct Node: Sendable, Equatable {
    package enum Role: String, Sendable { case latent, observed, parameter, factor, output, data }
    package var name: String
    package var role: Role
    /// The distribution, or the shape of data; empty where there is nothing to say.
    package var law: String
    /// Names of plates, outermost first.
    package var plates: [String]
    package init(name: String, role: Role, law: String, plates: [String]) {
      self.name = name
      self.role = role
      self.law = law
      self.plates = plates
    }
  }
  /// From one node to one that is made of it, by their places.
  package struct Edge: Sendable, Hashable {
    package var from: Int
    package var to: Int
    package init(from: Int, to: Int) {
      self.from = from
      self.to = to
    }
  }

  package var model: String
  package var nodes: [Node]
  package var edges: [Edge]
  /// Plate name → size.
  package var sizes: [String: Int]
  /// What the picture does not show.
  package var notes: [String]

  package init(model: String, nodes: [Node], edges: [Edge], sizes: [String: Int], notes: [String] = []) {
    self.model = model
    self.nodes = nodes
    self.edges = edges
    self.sizes = sizes
    self.notes = notes
  }

  /// The label of a plate.
  func label(_ plate: String) -> String { sizes[plate].map { "\(plate): \($0)" } ?? plate }

  // MARK: - DOT

  /// The graph in the language of Graphviz: plates are clusters, observed sites are filled, data are boxes, outputs are dashed.
  package var dot: String {
    var lines = [
      "digraph \(Self.quoted(model)) {", "  rankdir=TB; compound=true; fontname=\"Helvetica\";",
      "  node [fontname=\"Helvetica\", shape=ellipse]; edge [arrowsize=0.7];",
    ]
    for note in notes { lines.append("  // " + note.replacing("\n", with: " ")) }
    var clusters = 0
    lines += cluster(of: PlateTree(nodes), indentation: "  ", &clusters)
    for edge in edges { lines.append("  n\(edge.from) -> n\(edge.to);") }
    return (lines + ["}"]).joined(separator: "\n") + "\n"
  }

  private func cluster(of tree: PlateTree, indentation: String, _ clusters: inout Int) -> [String] {
    var lines: [String] = []
    for index in tree.nodes {
      let node = nodes[index]
      let style =
        switch node.role {
        case .latent: ""
        case .observed: ", style=filled, fillcolor=\"#d4d8dd\""
        case .parameter: ", shape=box, style=rounded"
        case .factor: ", shape=box, style=filled, fillcolor=\"#333333\", fontcolor=white"
        case .output: ", style=dashed"
        case .data: ", shape=box, style=filled, fillcolor=\"#f2f3f5\""
        }
      lines.append("\(indentation)n\(index) [label=\(Self.quoted(node.name + (node.law.isEmpty ? "" : "\n" + node.law)))\(style)];")
    }
    for (name, child) in tree.children {
      lines.append("\(indentation)subgraph cluster_\(clusters) {")
      clusters += 1
      lines.append("\(indentation)  label=\(Self.quoted(label(name))); labeljust=r; labelloc=b; style=rounded;")
      lines += cluster(of: child, indentation: indentation + "  ", &clusters)
      lines.append("\(indentation)}")
    }
    return lines
  }

  private static func quoted(_ words: String) -> String {
    "\"" + words.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n") + "\""
  }
}

/// Nodes by the plates they stand in: plates within plates.
struct PlateTree {
  /// Nodes in no deeper plate.
  var nodes: [Int] = []
  /// In order of appearance.
  var children: [(name: String, tree: PlateTree)] = []

  init() {}

  init(_ all: [ModelGraph.Node]) {
    for (index, node) in all.enumerated() { insert(index, node.plates[...]) }
  }

  private mutating func insert(_ node: Int, _ path: ArraySlice<String>) {
    guard let first = path.first else {
      nodes.append(node)
      return
    }
    if let place = children.firstIndex(where: { $0.name == first }) {
      children[place].tree.insert(node, path.dropFirst())
    } else {
      var tree = PlateTree()
      tree.insert(node, path.dropFirst())
      children.append((first, tree))
    }
  }

  /// All nodes, those of inner plates too.
  var all: [Int] { nodes + children.flatMap(\.tree.all) }
  /// Plates within plates below this level.
  var depth: Int { children.map { $0.tree.depth + 1 }.max() ?? 0 }
}
