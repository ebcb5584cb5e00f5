import Differentiation

/// A sequence along which summed-out sites are carried from step to step.
struct HiddenChain: Sendable {
  let name: String
  /// The steps, as the axis of a plate.
  let steps: PlateAxis
  /// The plates around the sequence, in order of their numbers.
  let outer: [PlateAxis]
  let states: [State]

  /// One carry: what it was before a step, what it is after it, and what it is at the end.
  struct State: Sendable {
    let before: HiddenAxis
    let after: PlateAxis
    let last: HiddenAxis
    /// 0 where the value before the first step is the one at its start, −∞ elsewhere; over the axis before and those that the start depends on.
    let start: Tensor
  }
}

/// The part of a chain that hangs together, each of its steps summed as far as that can be done by itself.
struct PendingChain {
  let chain: HiddenChain
  let states: [HiddenChain.State]
  /// Over values before and after a step, sites from outside, and plates; the steps among them.
  let tables: [Tensor]

  /// Hidden axes that it shares with the surrounding.
  var boundary: [PlateAxis] {
    let inner = Set(states.flatMap { [$0.before.axis, $0.after] })
    return (states.map(\.last.axis) + states.flatMap { $0.start.plates } + tables.flatMap(\.plates))
      .filter { $0.isHidden && !inner.contains($0) }
  }

  /// Sums over the whole chain from its end to its start, in a time that is linear in its length: at each step
  /// m(before) = log Σ exp(m(after) + tables(before, after)) over the values after it.
  ///
  /// - Parameter ends: tables over the values at the end, and any other axes.
  /// - Returns: a table over what the start depends on, and the other axes of the tables.
  func summed(_ ends: [Tensor], _ factors: inout FactorElimination) throws -> Tensor {
    let length = chain.steps.size
    let tables = merged()
    let before = states.map(\.before.axis)
    let inner = Set(before + states.map(\.after) + states.map(\.last.axis) + [chain.steps])
    let others = PlateAxis.union((tables + ends).map { $0.plates.filter { !inner.contains($0) } })
    let carried = PlateAxis.ordered(before + others)
    if (PlateAxis.tableSize(carried) ?? .max) > EnumerationLimit.table { throw FactorElimination.tooLarge(carried) }
    let renamed = Dictionary(uniqueKeysWithValues: states.map { ($0.last.axis, $0.before.axis) })
    let end = ends.isEmpty ? Tensor.zeros([]) : try factors.joined(ends).relabelled(renamed)
    factors.repeats = length
    let message =
      try recurrence(tables, end, others, &factors) ?? scanned(tables, end, carried, &factors)
    factors.repeats = 1
    factors.home = chain.outer
    defer { factors.home = nil }
    return try factors.joined(factors.eliminate(before, from: [message] + states.map(\.start)))
  }

  /// The message at the start, by a loop in which each step is an elimination.
  private func scanned(
    _ tables: [Tensor], _ end: Tensor, _ carried: [PlateAxis], _ factors: inout FactorElimination
  ) throws -> Tensor {
    let before = states.map(\.before.axis)
    let varying = tables.filter { $0.plates.contains(chain.steps) }.map {
      $0.withFirst(chain.steps)
    }
    let fixed = tables.filter { !$0.plates.contains(chain.steps) }
    let advanced = Dictionary(uniqueKeysWithValues: states.map { ($0.before.axis, $0.after) })
    let summed = states.map(\.after).filter { !before.contains($0) }
    var step = factors
    let scanned = try Node.scan(
      length: chain.steps.size, isReversed: true, initial: [end.expanded(to: [], plates: carried)],
      elements: varying.map(\.node)
    ) { carries, items in
      let message = Tensor(carries[0], plates: carried).relabelled(advanced)
      let here = zip(items, varying).map { Tensor($0, plates: $1.plates) }
      let left = try step.eliminate(summed, from: [message] + here + fixed)
      let next = try step.joined(left)
      return ([next.expanded(to: [], plates: carried)], [carries[0]])
    }
    // What was noted of the sums stands; their draws are made along the sequence, from its start.
    step.draws = factors.draws
    let messages = Tensor(scanned.results[0], plates: carried)
    step.draws.append { [chain = own] in
      try chain.drawPaths(summed, varying: varying, fixed: fixed, messages: messages, &$0)
    }
    factors = step
    return Tensor(scanned.carries[0], plates: carried)
  }

  /// The chain with the states of this part alone.
  private var own: HiddenChain {
    HiddenChain(name: chain.name, steps: chain.steps, outer: chain.outer, states: states)
  }

  /// The message at the start of a chain with one state by the recurrence that is made for it: what else the tables vary over is its batch. Nil
  /// for several states, whose tables are smaller than one over all of them, before and after a step, would be.
  private func recurrence(_ tables: [Tensor], _ end: Tensor, _ others: [PlateAxis], _ factors: inout FactorElimination) throws -> Tensor? {
    guard states.count == 1, states[0].after != states[0].before.axis else { return nil }
    let (before, after) = (states[0].before.axis, states[0].after)
    // Its derivative keeps the weights of all steps.
    guard let whole = PlateAxis.tableSize([chain.steps, before, after] + others), whole <= EnumerationLimit.table else { return nil }
    try factors.note(after, of: PlateAxis.ordered([before, after] + others))
    func laid(_ tables: [Tensor], _ order: [PlateAxis]) throws -> Node {
      if tables.isEmpty { return .fill(0, shape: order.map(\.size)) }
      let axes = PlateAxis.ordered(order)
      return try factors.joined(tables).expanded(to: [], plates: axes).transposed(order.map { axes.firstIndex(of: $0)! })
    }
    let isSingle = { (table: Tensor) in table.plates.contains(chain.steps) && !table.plates.contains(before) }
    let rest = tables.filter { !isSingle($0) }
    let varies = rest.contains { $0.plates.contains(chain.steps) }
    var pairs = try laid(rest, (varies ? [chain.steps] : []) + [after, before] + others)
    if !varies { pairs = pairs.reshaped(to: [1] + pairs.shape) }
    let singles = try laid(tables.filter(isSingle), [chain.steps, after] + others)
    let messages = Node.recurrence(.logSumExp, pairs, singles, try laid([end], [before] + others))
    let weights = Node.recurrence(.weights, pairs, singles, messages)
    factors.draws.append { [chain = own] draws in
      let axes = [after, before] + others
      let sorted = PlateAxis.ordered(axes)
      chain.drawPath(
        Tensor(
          weights.transposed([0] + sorted.map { 1 + axes.firstIndex(of: $0)! }), plates: sorted),
        &draws)
    }
    let carried = [before] + others
    let sorted = PlateAxis.ordered(carried)
    return Tensor(messages.step(0).transposed(sorted.map { carried.firstIndex(of: $0)! }), plates: sorted)
  }

  /// Tables over the same hidden axes added up outside of the loop, where that is done for all steps at once.
  private func merged() -> [Tensor] {
    var result: [Tensor] = []
    for table in tables {
      let hidden = table.plates.filter(\.isHidden)
      let varies = table.plates.contains(chain.steps)
      if let place = result.firstIndex(where: {
        $0.plates.filter(\.isHidden) == hidden && $0.plates.contains(chain.steps) == varies
      }) {
        result[place] = result[place] + table
      } else {
        result.append(table)
      }
    }
    return result
  }
}
