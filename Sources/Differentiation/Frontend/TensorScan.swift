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
  return try scan(length: length, elements, carries, step)
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

private func scan(
  length: Int, _ elements: [Tensor], _ carries: [Tensor],
  _ step: ([Tensor], [Tensor]) throws -> (carries: [Tensor], results: [Tensor])
) rethrows -> (carries: [Tensor], results: [Tensor]) {
  // What the carries look like is known once a step has been recorded with them: they grow until they keep their shapes and plates.
  var initial = carries
  var recorded: (carries: [Tensor], results: [Tensor]) = ([], [])
  for _ in 0..<4 {
    let carryInputs = initial.map { Tensor(.input("carry", shape: $0.node.shape), plates: $0.plates) }
    let parts = elements.map { Tensor(.input("element", shape: Array($0.node.shape.dropFirst())), plates: $0.plates) }
    recorded = try step(carryInputs, parts)
    guard recorded.carries.count == initial.count else {
      let mistake = Tensor.mistake(
        "scan started with \(initial.count) carries, and a step returned \(recorded.carries.count)", shape: [], from: recorded.carries)
      return (initial.map { _ in mistake }, recorded.results.map { _ in mistake })
    }
    let targets = zip(initial, recorded.carries).map { start, next in
      (shape: Tensor.commonShape([start.shape, next.shape]), plates: PlateAxis.union([start.plates, next.plates]))
    }
    if let bad = targets.firstIndex(where: { $0.shape == nil }) {
      let mistake = Tensor.mistake(
        "scan: carry \(bad) starts with shape \(initial[bad].shapeDescription), and a step returned \(recorded.carries[bad].shapeDescription)",
        shape: initial[bad].shape, from: recorded.carries)
      return (initial.map { _ in mistake }, recorded.results.map { _ in mistake })
    }
    let grown = zip(initial, targets).map { Tensor($0.expanded(to: $1.shape!, plates: $1.plates), plates: $1.plates) }
    if zip(grown, initial).allSatisfy({ $0.node.shape == $1.node.shape && $0.plates == $1.plates }) {
      let next = zip(recorded.carries, targets).map { $0.expanded(to: $1.shape!, plates: $1.plates) }
      let done = Node.scan(
        length: length, isReversed: false, initial: initial.map(\.node), elements: elements.map(\.node),
        carryInputs: carryInputs.map(\.node), elementInputs: parts.map(\.node), nextCarries: next, results: recorded.results.map(\.node))
      return (
        zip(done.carries, initial).map { Tensor($0, plates: $1.plates) },
        zip(done.results, recorded.results).map { Tensor($0, plates: $1.plates) }
      )
    }
    initial = grown
  }
  let mistake = Tensor.mistake("scan: the carries do not settle on a shape", shape: [], from: recorded.carries)
  return (initial.map { _ in mistake }, recorded.results.map { _ in mistake })
}
