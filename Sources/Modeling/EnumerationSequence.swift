import Differentiation
import Distributions

extension Program {
  /// Sequential repetition with a state that is a whole number, such as that of a hidden Markov model:
  ///
  /// ```swift
  /// p.each("steps", over: y, from: first) { z, y in
  ///   let z = p.sample("z", Categorical(probabilities: transition[z]))
  ///   p.observe("y", Normal(mu[z], sd: 1), y)
  ///   return z
  /// }
  /// ```
  ///
  /// The states are summed out along the sequence, in a time that is linear in its length. Returns the last state.
  @_disfavoredOverload
  @discardableResult
  public func each(
    _ name: String, over elements: Tensor, from state: IntTensor, file: String = #fileID, line: Int = #line,
    _ body: (_ state: IntTensor, _ element: Tensor) throws -> IntTensor
  ) rethrows -> IntTensor {
    let outcome = try each(name, over: [elements], from: [state.tensor], file: file, line: line) { carries, parts in
      ([try body(IntTensor(drawn: carries[0]), parts[0]).tensor], [])
    }
    return outcome.carries.first.map { IntTensor(drawn: $0) } ?? state
  }

  /// Sequential repetition with a state that is a whole number, and a result of each step.
  @_disfavoredOverload
  @discardableResult
  public func each(
    _ name: String, over elements: Tensor, from state: IntTensor, file: String = #fileID, line: Int = #line,
    _ body: (_ state: IntTensor, _ element: Tensor) throws -> (state: IntTensor, result: Tensor)
  ) rethrows -> (state: IntTensor, results: Tensor) {
    let outcome = try each(name, over: [elements], from: [state.tensor], file: file, line: line) { carries, parts in
      let next = try body(IntTensor(drawn: carries[0]), parts[0])
      return ([next.state.tensor], [next.result])
    }
    return (outcome.carries.first.map { IntTensor(drawn: $0) } ?? state, outcome.results.first ?? .full([], .nan))
  }
}

/// A sequence in whose steps sites are summed out, while it is recorded.
///
/// Its steps become the axis of a plate, so that everything in them is computed for all steps at once; carries that depend on summed-out
/// sites become hidden axes over the values that they can have; all other carries are computed beforehand by a loop.
struct ChainRecorder {
  typealias Step = (_ carries: [Tensor], _ elements: [Tensor]) throws -> (carries: [Tensor], results: [Tensor])

  let program: Program
  let name: String
  let source: SourceLine
  let elements: [Tensor]
  let carries: [Tensor]
  let length: Int
  private var recording: Recording { program.recording }

  /// Which carries depend on sites that are summed out inside; nil where there is no such site. The step is recorded to see, and forgotten.
  func hiddenCarries(_ step: Step) rethrows -> [Bool]? {
    guard recording.mode == .density else { return nil }
    let mark = recording.mark()
    let first = recording.sites.count
    defer {
      recording.rewind(to: mark)
      program.loop = nil
    }
    program.loop = OpenLoop(name: name, length: length)
    let inputs = carries.map { Tensor(.input("carry", shape: $0.node.shape), plates: $0.plates) }
    let next = try step(inputs, elements.map { Tensor(.input("element", shape: Array($0.node.shape.dropFirst())), plates: $0.plates) })
    let hidden = Set(recording.sites.dropFirst(first).flatMap(\.hidden).map(\.axis))
    guard !hidden.isEmpty, next.carries.count == carries.count else { return nil }
    if length == 0 { recording.report(nil, source, "sequence \"\(name)\" has no steps to sum sites out of; leave it out") }
    var sources: Set<Node> = []
    var found = carries.map { _ in false }
    // A carry that is made from a hidden one is hidden, too.
    while true {
      let new = next.carries.indices.filter { index in
        !found[index]
          && (next.carries[index].plates.contains(where: hidden.contains)
            || Node.reachable(from: [next.carries[index].node]).contains(where: sources.contains))
      }
      if new.isEmpty { return found }
      for index in new {
        found[index] = true
        sources.insert(inputs[index].node)
      }
    }
  }

  /// Records the sequence with these carries hidden.
  func record(_ hidden: [Bool], _ step: Step) rethrows -> (carries: [Tensor], results: [Tensor]) {
    let mark = recording.mark()
    let axis = PlateAxis(id: recording.newAxis(), name: name, size: length, depth: program.open.count)
    var values = carries.indices.map { hidden[$0] ? known(carries[$0], "starts") ?? [0] : [] }
    // After as many rounds as there are steps no further value can be reached, even by a carry that counts.
    var round = 0
    while true {
      defer { round += 1 }
      recording.rewind(to: mark)
      let before = carries.indices.map { index in
        hidden[index] ? recording.hiddenAxis("\(name) before", values[index], home: program.axes + [axis]) : nil
      }
      let visible = try computedCarries(before, step)
      recording.rewind(to: mark)
      let plate = Plate(name: name, size: length, present: length, subset: nil)
      let index = PlateIndex(axis: axis, fullSize: length)
      program.open.append(Recorder.OpenPlate(index: index, plate: plate))
      program.steps = index
      let inputs = carries.indices.map { before[$0]?.tensor ?? visible.before[$0][index] }
      let first = recording.sites.count
      let outcome: (carries: [Tensor], results: [Tensor])
      do {
        defer {
          program.open.removeLast()
          program.steps = nil
        }
        outcome = try step(inputs, elements.map { $0[index] })
      }
      for place in recording.sites.indices.dropFirst(first) { stack(&recording.sites[place], index) }
      guard round < length, let wider = widened(values, outcome.carries, before) else {
        return finish(axis, before, outcome, visible.last, sites: recording.sites[first...].flatMap(\.hidden))
      }
      values = wider
    }
  }

  /// The steps as the first axis of a site's value, as in every sequence.
  private func stack(_ site: inout Site, _ steps: PlateIndex) {
    guard let place = site.axes.firstIndex(of: steps.axis) else { return }
    site.axes.remove(at: place)
    site.plates.remove(at: place)
    site.shape = [length] + site.shape
    site.value = site.value.leaving(steps.axis)
    site.pointwise = site.pointwise?.leaving(steps.axis)
    if let values = site.coordinates?.values { site.coordinates?.values = .init(values.all.map { $0.leaving(steps.axis) }) }
    site.sequence = name
  }

  /// The values of the carries that do not depend on summed-out sites: before each step, and at the end.
  private func computedCarries(_ hidden: [HiddenAxis?], _ step: Step) rethrows -> (before: [Tensor], last: [Tensor]) {
    let visible = carries.indices.filter { hidden[$0] == nil }
    guard !visible.isEmpty else { return (carries, carries) }
    let present = hidden.map { $0.map { recording.hiddenAxis($0.axis.name, $0.values, home: program.axes) } }
    let own = Set(present.compactMap { $0?.axis })
    let mark = recording.mark()
    defer { program.loop = nil }
    let outcome = try scanning(length: length, over: elements, from: visible.map { carries[$0] }) { now, parts in
      recording.rewind(to: mark)
      let open = OpenLoop(name: name, length: length)
      program.loop = open
      var all = present.map { $0?.tensor ?? 0 }
      for (place, index) in visible.enumerated() { all[index] = now[place] }
      let next = try step(all, parts)
      let inside = own.union(recording.sites.flatMap(\.hidden).map(\.axis))
      let kept = visible.map { index -> Tensor in
        guard let stray = next.carries[index].plates.first(where: inside.contains) else { return next.carries[index] }
        return .mistake("carry \(index) of sequence \"\(name)\" depends on site \"\(stray.name)\"", shape: carries[index].shape)
      }
      return ScanStep(carries: kept, results: now, additional: open.additional)
    }
    var (before, last) = (carries, carries)
    for (place, index) in visible.enumerated() where place < outcome.results.count {
      before[index] = outcome.results[place]
      last[index] = outcome.carries[place]
    }
    return (before, last)
  }

  /// The values that a whole number can have; nil, and a report, where they are not known.
  private func known(_ carry: Tensor, _ verb: String) -> [Double]? {
    guard carry.node.isData, let all = try? Evaluation.values(of: [carry.node])[0] else {
      for sentence in Evaluation.mistakes(in: [carry.node]) { recording.report(nil, source, sentence) }
      recording.report(
        nil, source,
        "sequence \"\(name)\" \(verb) with a carry that depends both on summed-out sites and on variables that move continuously, so that its values cannot be listed; carry the site itself, or \(EnumerationLimit.advice)"
      )
      return nil
    }
    guard carry.rank == 0 else {
      recording.report(
        nil, source,
        "sequence \"\(name)\" \(verb) with a carry of shape \(carry.shapeDescription) that depends on summed-out sites; carry one whole number at a time"
      )
      return nil
    }
    return Set(all).sorted()
  }

  /// The values of the carries with those that a step adds to them; nil where it adds none.
  private func widened(_ values: [[Double]], _ next: [Tensor], _ before: [HiddenAxis?]) -> [[Double]]? {
    guard recording.problems.isEmpty, next.count == values.count else { return nil }
    var wider = values
    for index in values.indices where before[index] != nil {
      guard let reached = known(next[index], "goes on") else { return nil }
      wider[index] = Set(values[index]).union(reached).sorted()
      if wider[index].count > EnumerationLimit.states {
        recording.report(
          nil, source,
          "carry \(index) of sequence \"\(name)\" reaches more than \(EnumerationLimit.states) values; bound it, or \(EnumerationLimit.advice)"
        )
        return nil
      }
    }
    return wider == values ? nil : wider
  }

  /// Registers the chain.
  private func finish(
    _ axis: PlateAxis, _ before: [HiddenAxis?], _ outcome: (carries: [Tensor], results: [Tensor]), _ computed: [Tensor],
    sites: [HiddenAxis]
  ) -> (carries: [Tensor], results: [Tensor]) {
    let known = sites + before.compactMap { $0 }
    var last = computed
    var states: [HiddenChain.State] = []
    for (index, own) in before.enumerated() where outcome.carries.count == before.count {
      guard let own else { continue }
      let next = outcome.carries[index]
      let end = recording.hiddenAxis("\(name) last", own.values, home: program.axes)
      last[index] = end.tensor
      // What is carried is a site, or another carry, as it stands; or else a function of them, which gets values of its own.
      let same = known.first { candidate in
        next.node === candidate.node && candidate.values == own.values && candidate.axis != own.axis
          && !states.contains { $0.after == candidate.axis }
      }
      let after: PlateAxis
      if let same {
        after = same.axis
      } else {
        let fresh = recording.hiddenAxis("\(name) after", own.values, home: program.axes + [axis])
        recording.links.append(
          PlatedElimination.Term(table: select(fresh.tensor .== next, 0, -Double.infinity), plates: program.axes + [axis]))
        after = fresh.axis
      }
      states.append(
        HiddenChain.State(
          before: own, after: after, last: end, start: select(own.tensor .== carries[index], 0, -Double.infinity)))
    }
    recording.chains.append(
      HiddenChain(name: name, steps: axis, outer: program.axes.sorted { $0.id < $1.id }, states: states))
    let index = PlateIndex(axis: axis, fullSize: length)
    return (last, outcome.results.map { $0.closing(index) })
  }
}
