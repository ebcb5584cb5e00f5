import Differentiation
import Distributions

/// A sequence while one step of it is recorded for all.
final class OpenLoop {
  let name: String
  let length: Int
  /// Latent and given values of sites inside: all steps stacked, and what stands for the present step's.
  var additional: [(stacked: Node, item: Node)] = []

  init(name: String, length: Int) {
    self.name = name
    self.length = length
  }

  /// The present step's part of a tensor whose first axis is the sequence.
  func part(of all: Tensor) -> Tensor {
    let item = Node.input("given", shape: Array(all.node.shape.dropFirst()))
    additional.append((all.node, item))
    return Tensor(item, plates: all.plates)
  }
}

extension Program {
  /// Sequential repetition recorded once, however long: at step t the body gets the carries and part t of each element (along its first
  /// axis), and returns the next carries and results. Sites inside get the steps as their first axis.
  ///
  /// Returns the last carries, and the results stacked along a new first axis.
  @discardableResult
  public func each(
    _ name: String, over elements: [Tensor], from carries: [Tensor], file: String = #fileID, line: Int = #line,
    _ body: (_ carries: [Tensor], _ elements: [Tensor]) throws -> (carries: [Tensor], results: [Tensor])
  ) rethrows -> (carries: [Tensor], results: [Tensor]) {
    let source = SourceLine(file, line)
    guard loop == nil, let length = elements.first?.shape.first, elements.allSatisfy({ $0.shape.first == length }) else {
      recording.report(
        nil, source,
        loop.map { "sequence \"\(name)\" is opened inside the steps of \"\($0.name)\"; write the inner one with scan(over:from:_:)" }
          ?? "sequence \"\(name)\" takes elements with equally long first axes, not shapes \(elements.map(\.shapeDescription).joined(separator: ", "))"
      )
      return (carries, [])
    }
    scopes.append(name)
    defer {
      scopes.removeLast()
      loop = nil
    }
    let chain = ChainRecorder(
      program: self, name: name, source: source, elements: elements, carries: carries, length: length)
    if let hidden = try chain.hiddenCarries(body) { return try chain.record(hidden, body) }
    let mark = recording.mark()
    let before = recording.sites.count
    var own = 0
    let outcome = try scanning(length: length, over: elements, from: carries) { carries, parts in
      recording.rewind(to: mark)
      let open = OpenLoop(name: name, length: length)
      loop = open
      let step = try body(carries, parts)
      own = step.results.count
      return ScanStep(carries: step.carries, results: step.results + stepNodes(from: before), additional: open.additional)
    }
    loop = nil
    if outcome.results.count > own { stackSites(from: before, length: length, name: name, Array(outcome.results[own...])) }
    return (outcome.carries, Array(outcome.results.prefix(own)))
  }

  /// Sequential repetition with one element and one carry.
  @discardableResult
  public func each(
    _ name: String, over elements: Tensor, from carry: Tensor, file: String = #fileID, line: Int = #line,
    _ body: (_ carry: Tensor, _ element: Tensor) throws -> (carry: Tensor, result: Tensor)
  ) rethrows -> (carry: Tensor, results: Tensor) {
    let outcome = try each(name, over: [elements], from: [carry], file: file, line: line) { carries, parts in
      let next = try body(carries[0], parts[0])
      return ([next.carry], [next.result])
    }
    return (outcome.carries.first ?? carry, outcome.results.first ?? .full([], .nan))
  }

  /// What each site of a step has to bring out of the loop.
  private func stepNodes(from first: Int) -> [Tensor] {
    var nodes: [Tensor] = []
    for site in recording.sites[first...] {
      nodes += [site.value, site.logDensity.map { Tensor($0) } ?? 0, site.logJacobian.map { Tensor($0) } ?? 0]
      nodes += site.coordinates?.values?.all ?? []
      let predictive = site.predictive
      nodes += [predictive?.draw ?? 0, predictive?.moments?.mean ?? 0, predictive?.moments?.variance ?? 0]
      nodes += site.tables
      nodes += site.pointwise.map { [$0] } ?? []
    }
    return nodes
  }

  private func stackSites(from first: Int, length: Int, name: String, _ stacked: [Tensor]) {
    var rest = stacked[...]
    for index in recording.sites.indices.dropFirst(first) {
      let coordinates = recording.sites[index].coordinates?.values?.all.count ?? 0
      let tables = recording.sites[index].tables.count
      let parts = Array(rest.prefix(6 + coordinates + tables))
      rest = rest.dropFirst(6 + coordinates + tables)
      if recording.sites[index].pointwise != nil { recording.sites[index].pointwise = rest.popFirst() }
      recording.sites[index].tables = parts.suffix(tables).map { $0.sum(axis: 0) }
      recording.sites[index].shape = [length] + recording.sites[index].shape
      recording.sites[index].value = parts[0]
      recording.sites[index].sequence = name
      recording.sites[index].isElementwise = false
      if coordinates > 0 { recording.sites[index].coordinates?.values = .init(Array(parts[3..<(3 + coordinates)])) }
      if recording.sites[index].predictive != nil { recording.sites[index].predictive?.draw = parts[3 + coordinates] }
      if recording.sites[index].predictive?.moments != nil {
        recording.sites[index].predictive?.moments = .init(mean: parts[4 + coordinates], variance: parts[5 + coordinates])
      }
      if recording.sites[index].logDensity != nil { recording.sites[index].logDensity = parts[1].node.total }
      if recording.sites[index].logJacobian != nil { recording.sites[index].logJacobian = parts[2].node.total }
    }
  }
}
