/// A sequential loop over the first axis of `elements`, recorded once however long: at each step t = 0, 1, …, `step` takes the carries and
/// part t of each element and gives the next carries and the step's results.
///
/// Returns the last carries, and each result's values stacked along a new first axis. Carries keep their shapes from step to step (a
/// carry that starts as a scalar stretches to the shape it gets). All elements have equally long first axes.
public func scan(
  over elements: [Tensor], from carries: [Tensor],
  _ step: (_ carries: [Tensor], _ elements: [Tensor]) throws -> (carries: [Tensor], results: [Tensor])
) rethrows -> (carries: [Tensor], results: [Tensor]) {
  let lengths = Set(elements.map { $0.shape.first })
  guard lengths.count == 1, let known = lengths.first, let length = known else {
    let shapes = elements.map(\.shapeDescription).joined(separator: ", ")
    let mistake = Tensor.mistake("scan takes elements with equally long first axes, not shapes \(shapes)", shape: [], from: elements)
    return (carries.map { _ in mistake }, [mistake])
  }
  return try scanning(length: length, over: elements, from: carries) { carries, parts in
    let next = try step(carries, parts)
    return ScanStep(carries: next.carries, results: next.results)
  }
}

/// A sequential loop with one element and one carry.
public func scan(
  over elements: Tensor, from carry: Tensor, _ step: (_ carry: Tensor, _ element: Tensor) throws -> (carry: Tensor, result: Tensor)
) rethrows -> (carry: Tensor, results: Tensor) {
  let outcome = try scan(over: [elements], from: [carry]) { carries, parts in
    let next = try step(carries[0], parts[0])
    return ([next.carry], [next.result])
  }
  return (outcome.carries[0], outcome.results[0])
}

/// What one step of a loop gives.
package struct ScanStep {
  package var carries: [Tensor]
  package var results: [Tensor]
  /// Elements that came to light while the step was recorded: what is stacked along a first axis outside, and what stands for one part of
  /// it inside.
  package var additional: [(stacked: Node, item: Node)]
  package init(carries: [Tensor], results: [Tensor], additional: [(stacked: Node, item: Node)] = []) {
    self.carries = carries
    self.results = results
    self.additional = additional
  }
}

/// ``scan(over:from:_:)`` for a known length. `step` may be recorded several times, until the carries keep their shapes; the last recording
/// counts.
package func scanning(
  length: Int, over elements: [Tensor], from carries: [Tensor], _ step: ([Tensor], [Tensor]) throws -> ScanStep
) rethrows -> (carries: [Tensor], results: [Tensor]) {
  // What the carries look like is known once a step has been recorded with them: they grow until they keep their shapes and plates.
  var initial = carries
  func failed(_ sentence: String, _ step: ScanStep) -> (carries: [Tensor], results: [Tensor]) {
    let mistake = Tensor.mistake(sentence, shape: [], from: step.carries)
    return (initial.map { _ in mistake }, step.results.map { _ in mistake })
  }
  while true {
    let carryInputs = initial.map { Tensor(.input("carry", shape: $0.node.shape), plates: $0.plates) }
    let parts = elements.map { Tensor(.input("element", shape: Array($0.node.shape.dropFirst())), plates: $0.plates) }
    let recorded = try step(carryInputs, parts)
    guard recorded.carries.count == initial.count else {
      return failed("scan started with \(initial.count) carries, and a step returned \(recorded.carries.count)", recorded)
    }
    let targets = zip(initial, recorded.carries).map { start, next in
      (shape: Tensor.commonShape([start.shape, next.shape]), plates: PlateAxis.union([start.plates, next.plates]))
    }
    // A carry may stretch once, from the shape it starts with; one that grows at every step has no shape.
    if let bad = targets.firstIndex(where: { $0.shape == nil })
      ?? targets.indices.first(where: {
        targets[$0].shape!.count > max(initial[$0].rank, carries[$0].rank) && initial[$0].rank > carries[$0].rank
      })
    {
      return failed(
        "scan: carry \(bad) starts with shape \(initial[bad].shapeDescription), and a step returned \(recorded.carries[bad].shapeDescription)",
        recorded)
    }
    let grown = zip(initial, targets).map { Tensor($0.expanded(to: $1.shape!, plates: $1.plates), plates: $1.plates) }
    guard zip(grown, initial).allSatisfy({ $0.node.shape == $1.node.shape && $0.plates == $1.plates }) else {
      initial = grown
      continue
    }
    let next = zip(recorded.carries, targets).map { $0.expanded(to: $1.shape!, plates: $1.plates) }
    // A value that is two results is stored once.
    var unique: [Node] = []
    let places = recorded.results.map { result in
      unique.firstIndex(of: result.node)
        ?? {
          unique.append(result.node)
          return unique.count - 1
        }()
    }
    let done = Node.scan(
      length: length, isReversed: false, initial: initial.map(\.node), elements: elements.map(\.node) + recorded.additional.map(\.stacked),
      carryInputs: carryInputs.map(\.node), elementInputs: parts.map(\.node) + recorded.additional.map(\.item), nextCarries: next,
      results: unique)
    return (
      zip(done.carries, initial).map { Tensor($0, plates: $1.plates) },
      zip(places, recorded.results).map { Tensor(done.results[$0], plates: $1.plates) }
    )
  }
}
