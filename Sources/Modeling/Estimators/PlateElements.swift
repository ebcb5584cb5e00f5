import Differentiation

/// The outermost plate that all draws of a guide stand in: its elements are independent given the parameters, so that costs can be taken apart
/// into a number for each, and a bound of several draws, or an importance weight, belongs to an element and not to all of them.
struct PlateElements {
  private let draws: [(node: Node, axis: Int)]
  /// Elements present.
  let count: Int
  /// What a sum over the elements present has been multiplied by.
  let scale: Double

  /// Nil where the draws share no outermost plate.
  init?(_ drawn: [DrawnSite]) {
    guard let plate = drawn.first?.plates.first else { return nil }
    var draws: [(node: Node, axis: Int)] = []
    for site in drawn {
      guard site.plates.first == plate, let axis = site.outermost else { return nil }
      draws.append((site.node, axis))
    }
    self.draws = draws
    count = plate.present
    scale = plate.scale
  }

  /// A cost as a number for each element of the plate, [count], and what no draw reaches; nil where a term mixes elements.
  func apart(_ cost: Node) -> (elements: Node, rest: Node)? {
    let terms = CostTerms.split(cost, draws: draws.map(\.node))
    let reaches = draws.map { Reach(of: $0.node, elements: [$0.axis], in: terms) }
    var elements = Node.fill(0, shape: [count])
    var rest: [Node] = []
    for term in terms {
      let touching = reaches.filter { $0.reaches(term) }
      guard let first = touching.first else {
        rest.append(term)
        continue
      }
      let map = first.axes(of: term)!
      guard map[0] != nil, touching.allSatisfy({ $0.axes(of: term)! == map }) else { return nil }
      elements = elements + first.reduced(term, map)
    }
    return (elements, CostTerms.total(rest))
  }
}

extension Node {
  /// The same computation over other random numbers: the site of every draw raised by `offset`.
  static func redrawn(_ outputs: [Node], by offset: UInt32) -> [Node] {
    guard offset > 0 else { return outputs }
    var replaced: [Node: Node] = [:]
    for node in reachable(from: outputs) {
      let inputs = node.inputs.map { replaced[$0] ?? $0 }
      if case .draw(let draw) = node.operation {
        replaced[node] = .draw(draw.kind, site: draw.site + offset, shape: node.shape, parameters: inputs)
      } else if inputs != node.inputs {
        replaced[node] = Node(node.operation, inputs, shape: node.shape)
      }
    }
    return outputs.map { replaced[$0] ?? $0 }
  }

  /// One more than the largest site number among the draws that these depend on.
  static func drawSites(of outputs: [Node]) -> UInt32 {
    reachable(from: outputs).reduce(0) { largest, node in
      if case .draw(let draw) = node.operation { max(largest, draw.site + 1) } else { largest }
    }
  }
}
