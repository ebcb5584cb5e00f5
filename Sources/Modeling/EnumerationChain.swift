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
    let varying = tables.filter { $0.plates.contains(chain.steps) }
    let fixed = tables.filter { !$0.plates.contains(chain.steps) }
    let advanced = Dictionary(uniqueKeysWithValues: states.map { ($0.before.axis, $0.after) })
    let summed = states.map(\.after).filter { !before.contains($0) }
    var step = factors
    step.repeats = length
    let scanned = try Node.scan(
      length: length, isReversed: true, initial: [end.expanded(to: [], plates: carried)],
      elements: varying.map { $0.withFirst(chain.steps).node }
    ) { carries, items in
      let message = Tensor(carries[0], plates: carried).relabelled(advanced)
      let here = zip(items, varying).map { item, table in Tensor(item, plates: table.plates.filter { $0 != chain.steps }) }
      let left = try step.eliminate(summed, from: [message] + here + fixed)
      let next = try step.joined(left)
      return ([next.expanded(to: [], plates: carried)], [])
    }
    factors = step
    factors.repeats = 1
    let first = Tensor(scanned.carries[0], plates: carried)
    return try factors.joined(factors.eliminate(before, from: [first] + states.map(\.start)))
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
