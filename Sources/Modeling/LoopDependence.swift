import Differentiation

extension Node {
  /// Every node that the given ones are computed from, themselves included, where the outputs of a loop are told apart: an output is made of
  /// those inputs of the loop alone that its part of a step reaches, over any number of steps.
  ///
  /// ``reachable(from:)`` takes a loop as a whole, and every output of it for a function of every input.
  package static func dependencies(of roots: [Node]) -> Set<Node> {
    var seen = Set<Node>()
    var stack = roots
    while let node = stack.popLast() {
      guard seen.insert(node).inserted else { continue }
      if case .project(let index) = node.operation, case .scan(let body) = node.inputs[0].operation {
        stack += body.inputs(of: index).map { node.inputs[0].inputs[$0] }
      } else {
        stack += node.inputs
      }
    }
    return seen
  }
}

extension ScanBody {
  /// The places of the loop's inputs that an output is made of. An initial carry is among them where the carry is.
  fileprivate func inputs(of output: Int) -> [Int] {
    let k = carries.count
    var needed: Set<Int> = []
    var open: [Node] = []
    func need(_ carry: Int) { if needed.insert(carry).inserted { open.append(nextCarries[carry]) } }
    switch output {
    case ..<k: need(output)
    case ..<(k + results.count): open.append(results[output - k])
    default: need(output - k - results.count)
    }
    var reached = Set<Node>()
    while let root = open.popLast() {
      let nodes = Node.dependencies(of: [root])
      reached.formUnion(nodes)
      for (index, carry) in carries.enumerated() where nodes.contains(carry) { need(index) }
    }
    let others = (elements + captured).enumerated().filter { reached.contains($0.element) }.map { k + $0.offset }
    return needed.sorted() + others
  }
}
