/// A finished computation: primitives in topological order, equal ones stored once.
package struct Graph: Sendable {
  package struct Entry: Hashable, Sendable {
    package var operation: Operation
    package var inputs: [Int]
    package var shape: [Int]
    package var count: Int { shape.reduce(1, *) }
  }

  package private(set) var entries: [Entry] = []
  package private(set) var outputs: [Int] = []
  private var index: [Entry: Int] = [:]

  /// Collects what the outputs depend on; composite linear algebra is expanded and common subexpressions merge.
  package init(outputs nodes: [Node]) {
    var place: [Node: Int] = [:]
    func add(_ node: Node) -> Int {
      for each in Node.reachable(from: [node]) where place[each] == nil {
        if case .linearAlgebra(let operation) = each.operation, let expansion = operation.expanded(each.inputs) {
          place[each] = add(expansion)
        } else {
          place[each] = intern(Entry(operation: each.operation, inputs: each.inputs.map { place[$0]! }, shape: each.shape))
        }
      }
      return place[node]!
    }
    for each in Node.reachable(from: nodes) where place[each] == nil {
      if case .linearAlgebra(let operation) = each.operation, let expansion = operation.expanded(each.inputs) {
        place[each] = add(expansion)
      } else {
        place[each] = intern(Entry(operation: each.operation, inputs: each.inputs.map { place[$0]! }, shape: each.shape))
      }
    }
    outputs = nodes.map { place[$0]! }
  }

  private init() {}

  /// The place of an entry, new or already there.
  package mutating func intern(_ entry: Entry) -> Int {
    if let known = index[entry] { return known }
    entries.append(entry)
    index[entry] = entries.count - 1
    return entries.count - 1
  }

  /// A new graph in which every entry that the outputs need is rebuilt by `rule` from its inputs' new places; nil keeps the entry.
  package func rewritten(_ rule: (_ entry: Entry, _ place: Int, _ graph: inout Graph) -> Int?) -> Graph {
    var needed = [Bool](repeating: false, count: entries.count)
    for output in outputs { needed[output] = true }
    for place in entries.indices.reversed() where needed[place] {
      for input in entries[place].inputs { needed[input] = true }
    }
    var result = Graph()
    var moved = [Int](repeating: -1, count: entries.count)
    for place in entries.indices where needed[place] {
      var entry = entries[place]
      entry.inputs = entry.inputs.map { moved[$0] }
      moved[place] = rule(entry, place, &result) ?? result.intern(entry)
    }
    result.outputs = outputs.map { moved[$0] }
    return result
  }

  /// What two graphs of the same computation have in common: the same primitives of the same inputs, in the same order.
  package struct Identity: Hashable, Sendable {
    private let entries: [Entry]
    private let outputs: [Int]
    fileprivate init(_ graph: Graph) { (entries, outputs) = (graph.entries, graph.outputs) }
  }
  package var identity: Identity { Identity(self) }

  mutating func setOutputs(_ places: [Int]) { outputs = places }

  /// The graph without what no output needs.
  package var withoutDeadEntries: Graph { rewritten { _, _, _ in nil } }

  /// How many entries there are of each primitive, by its name.
  package var operationCounts: [String: Int] {
    entries.reduce(into: [:]) { $0[$1.operation.name, default: 0] += 1 }
  }

  /// One line an entry: `%3 = multiply %1 %2 [8]`.
  package var listing: String {
    entries.enumerated().map { place, entry in
      "%\(place) = \(entry.operation.name)" + entry.inputs.map { " %\($0)" }.joined() + " \(entry.shape)"
    }.joined(separator: "\n") + "\nreturn " + outputs.map { "%\($0)" }.joined(separator: " ")
  }
}

extension Operation {
  /// The primitive's name in listings and counts.
  package var name: String {
    switch self {
    case .input(let key): "input(\(key.name))"
    case .constant: "constant"
    case .fill(let bits): "fill(\(Double(bitPattern: bits)))"
    case .unary(let operation): "\(operation)"
    case .binary(let operation): "\(operation)"
    case .ternary(let operation): "\(operation)"
    case .broadcast: "broadcast"
    case .reduce(let reducer, let axes): "\(reducer)\(axes)"
    case .reshape: "reshape"
    case .transpose(let permutation): "transpose\(permutation)"
    case .slice(let starts): "slice\(starts)"
    case .pad(let starts): "pad\(starts)"
    case .concatenate(let axis): "concatenate[\(axis)]"
    case .gather(let axis): "gather[\(axis)]"
    case .scatterAdd(let axis): "scatterAdd[\(axis)]"
    case .contract(let spec): "contract(\(spec.a),\(spec.b)->\(spec.out))"
    case .cumulativeSum(let axis, let reversed): "cumulativeSum[\(axis)\(reversed ? ",reversed" : "")]"
    case .recurrence(let operation): operation.name
    case .linearAlgebra(let operation): "\(operation)"
    case .draw(let draw): "draw(\(draw.kind),site \(draw.site))"
    case .scan(let body): "scan(\(body.length))"
    case .custom(let reference): "custom(\(reference.node.name))"
    case .project(let index): "project[\(index)]"
    case .invalid: "invalid"
    }
  }
}

/// Says which entry of a graph is not legal, and why.
package enum GraphChecker {
  /// One sentence for every entry that breaks a rule; empty for a sound graph.
  package static func problems(in graph: Graph) -> [String] {
    graph.entries.enumerated().compactMap { place, entry in
      let shapes = entry.inputs.map { $0 < place ? graph.entries[$0].shape : nil }
      guard shapes.allSatisfy({ $0 != nil }) else { return "%\(place) (\(entry.operation.name)) reads an entry that stands after it." }
      return problem(entry, shapes.map { $0! }).map { "%\(place) (\(entry.operation.name)) \($0)." }
    }
  }

  private static func problem(_ entry: Graph.Entry, _ x: [[Int]]) -> String? {
    func expect(_ count: Int) -> String? { x.count == count ? nil : "takes \(count) inputs, has \(x.count)" }
    func same(_ shape: [Int]) -> String? { shape == entry.shape ? nil : "has shape \(entry.shape), its rule gives \(shape)" }
    switch entry.operation {
    case .input, .fill: return expect(0)
    case .constant(let array):
      return expect(0) ?? (array.values.count == entry.count ? nil : "holds \(array.values.count) values for shape \(entry.shape)")
    case .unary: return expect(1) ?? same(x[0])
    case .binary: return expect(2) ?? same(x[0]) ?? same(x[1])
    case .ternary: return expect(3) ?? same(x[0]) ?? same(x[1]) ?? same(x[2])
    case .broadcast(let axes):
      return expect(1)
        ?? (axes.count == x[0].count && axes == axes.sorted()
          && zip(axes, x[0]).allSatisfy { $0 < entry.shape.count && entry.shape[$0] == $1 }
          ? nil : "maps \(x[0]) by axes \(axes) to \(entry.shape)")
    case .reduce(_, let axes): return expect(1) ?? same(x[0].indices.filter { !axes.contains($0) }.map { x[0][$0] })
    case .reshape: return expect(1) ?? (x[0].reduce(1, *) == entry.count ? nil : "changes the number of elements of \(x[0])")
    case .transpose(let p):
      return expect(1) ?? (p.sorted() == Array(x[0].indices) ? same(p.map { x[0][$0] }) : "permutes \(x[0].count) axes by \(p)")
    case .slice(let starts):
      let fits = starts.count == x[0].count && zip(zip(starts, entry.shape), x[0]).allSatisfy { $0.0 >= 0 && $0.0 + $0.1 <= $1 }
      return expect(1) ?? (fits ? nil : "leaves the bounds of \(x[0])")
    case .pad(let starts):
      let fits = starts.count == x[0].count && zip(zip(starts, x[0]), entry.shape).allSatisfy { $0.0 >= 0 && $0.0 + $0.1 <= $1 }
      return expect(1) ?? (fits ? nil : "leaves the bounds of its shape")
    case .concatenate(let axis):
      var shape = x.first ?? []
      if shape.indices.contains(axis) { shape[axis] = x.reduce(0) { $0 + $1[axis] } }
      return same(shape)
    case .gather(let axis): return expect(2) ?? same(Array(x[0][..<axis]) + x[1] + Array(x[0][(axis + 1)...]))
    case .scatterAdd(let axis):
      let fits = entry.shape.indices.contains(axis) && Array(entry.shape[..<axis]) + x[1] + Array(entry.shape[(axis + 1)...]) == x[0]
      return expect(2) ?? (fits ? nil : "does not match updates \(x[0]) and indices \(x[1])")
    case .contract(let spec):
      var length: [Int: Int] = [:]
      for (label, n) in zip(spec.a + spec.b, x[0] + x[1]) { length[label] = n }
      return expect(2) ?? same(spec.out.map { length[$0] ?? -1 })
    case .cumulativeSum: return expect(1) ?? same(x[0])
    case .recurrence(let operation):
      if let problem = expect(3) { return problem }
      guard let shape = operation.shape(x) else { return "does not fit inputs of shapes \(x[0]), \(x[1]) and \(x[2])" }
      return same(shape)
    case .linearAlgebra, .draw, .scan, .custom, .project: return nil
    case .invalid(let sentence): return sentence
    }
  }
}
